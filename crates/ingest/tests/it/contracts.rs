//! Events that keep, or break, the contract of their source.

use crate::world::item;
use serde_json::json;

#[test]
fn breaches_name_event_field_expectation_and_what_came() {
    let order =
        |properties| json!({"type":"track","event":"Order Completed","userId":"u","properties":properties});
    let person = |traits| json!({"type":"identify","userId":"u","traits":traits});
    for (given, expected) in [
        (order(json!({"order_id":"o","revenue":5,"items":[],"extra":1,"tier":null})), None),
        (
            json!({"type":"track","event":"Order Complete","userId":"u"}),
            Some("knows no event `Order Complete`; did you mean `Order Completed`?"),
        ),
        (
            order(json!({"orderId":"o"})),
            Some(
                "property `order_id` of `Order Completed`: expected a text, but it is missing; there is `orderId`",
            ),
        ),
        (
            order(json!({"order_id":7})),
            Some("`order_id` of `Order Completed`: expected a text, but the number 7 came"),
        ),
        (
            order(json!({"order_id":"o","revenue":"5"})),
            Some("`revenue` of `Order Completed`: expected a number, but the text `5` came"),
        ),
        (order(json!({"order_id":"o","revenue":-1})), Some("expected at least 0, but the number -1 came")),
        (order(json!({"order_id":"o","revenue":1e9})), Some("expected at most 1000000")),
        (
            order(json!({"order_id":"o","tier":"Gold"})),
            Some("expected one of `gold`, `silver`, but the text `Gold` came; did you mean `gold`?"),
        ),
        (order(json!({"order_id":"o","card":"4111"})), Some("but a text of 4 characters came")),
        (order(json!({"order_id":"o","items":{}})), Some("expected a list, but an object came")),
        (json!({"type":"track","event":"Cart Updated","userId":"u","properties":{"any":1}}), None),
        (person(json!({"email":"a@b.co","age":30.0,"since":"2020-01-31"})), None),
        (person(json!({"email":"a@b.co","since":"--02-29"})), None),
        (
            person(json!({"email":"a@b.co","since":"--02-30"})),
            Some(
                "expected a day such as 2026-03-01, or --03-01 without its year, but the text `--02-30` came",
            ),
        ),
        (
            person(json!({"email":"nobody"})),
            Some("expected an e-mail address, but a text of 6 characters came"),
        ),
        (
            person(json!({"age":30})),
            Some("trait `email` of the person: expected an e-mail address, but it is missing"),
        ),
        (
            person(json!({"email":"a@b.co","age":30.5})),
            Some("trait `age` of the person: expected a whole number"),
        ),
        (person(json!({"email":"a@b.co","since":"31/01/2020"})), Some("expected a day such as")),
        (json!({"type":"page","userId":"u"}), None),
    ] {
        match (item("strict", &given), expected) {
            (Ok(_), None) => {}
            (Err(rejected), Some(words)) => {
                assert_eq!(rejected.code, "contract");
                assert!(rejected.reason.contains(words), "{}", rejected.reason);
            }
            (result, _) => panic!("{given}: {result:?}"),
        }
    }
}
