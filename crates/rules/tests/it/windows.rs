//! Questions about what a person did in a stretch of time.

use crate::customer::{Customer, time};
use crowsnest_model::{Duration, series::Kept};
use crowsnest_rules::{Condition, Schema, Truth};
use serde_json::json;

use Truth::{False, True, Unknown};

fn check(customer: &Customer, cases: &[(&str, Truth)]) {
    for (text, expected) in cases {
        let condition =
            Condition::parse(text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(customer.remembering(&condition).ask(&condition), *expected, "{text}");
    }
}

/// Orders 100, 20 and 5 days ago, and views of two products.
fn shopper() -> Customer {
    Customer::new("2026-06-01T12:00:00Z")
        .did("2026-02-21T12:00:00Z", "Order Completed", json!({"revenue": 40, "currency": "EUR"}))
        .did("2026-05-12T12:00:00Z", "Order Completed", json!({"revenue": 100.5, "shipping": {"price": 5}}))
        .did("2026-05-27T12:00:00Z", "Order Completed", json!({"revenue": 60, "currency": "EUR"}))
        .did("2026-05-30T12:00:00Z", "Product Viewed", json!({"product_id": "a"}))
        .did("2026-05-31T12:00:00Z", "Product Viewed", json!({"product_id": "b"}))
        .did("2026-05-31T13:00:00Z", "Product Viewed", json!({"product_id": "a"}))
}

#[test]
fn windows_count_what_is_in_them() {
    check(
        &shopper(),
        &[
            ("count('Order Completed') == 3", True),
            ("count('Order Completed', within('30d')) == 2", True),
            ("count('Order Completed', between('110d', '10d')) == 2", True),
            ("count('Order Completed', within('30d'), where(event.properties.revenue >= 100)) == 1", True),
            ("count(event('Order Completed', where(event.properties.revenue >= 100))) == 1", True),
            ("sum('Order Completed', 'revenue') == 200.5", True),
            ("sum('Order Completed', event.properties.revenue, within('30d')) == 160.5", True),
            ("sum('Order Completed', 'shipping.price') == 5", True),
            ("avg('Order Completed', 'revenue', within('30d')) == 80.25", True),
            ("min('Order Completed', 'revenue') == 40 && max('Order Completed', 'revenue') == 100.5", True),
            ("distinct('Product Viewed', 'product_id', within('7d')) == 2", True),
            ("first('Order Completed') == timestamp('2026-02-21T12:00:00Z')", True),
            ("last('Order Completed') < ago('4d') && last('Order Completed') > ago('6d')", True),
            ("last('Order Completed', between('60d', '10d')) < ago('19d')", True),
            ("never('Order Completed', within('3d'))", True),
            ("never('Order Completed', within('30d'))", False),
            ("count('Order Completed', between('2026-02-01', '2026-05-12T12:00:00Z')) == 1", True),
            ("count('Order Completed', where(event.time >= timestamp('2026-05-12T12:00:00Z'))) == 2", True),
        ],
    );
}

#[test]
fn nothing_is_an_empty_series_and_building_is_unknown() {
    let nobody = Customer::new("2026-06-01T12:00:00Z");
    let empty = [
        ("count('A') == 0", True),
        ("never('A')", True),
        ("sum('A', 'x') == 0", True),
        ("distinct('A', 'x') == 0", True),
        ("avg('A', 'x') >= 0", Unknown),
        ("min('A', 'x') >= 0", Unknown),
        ("first('A') < now()", Unknown),
        ("last('A') < now()", Unknown),
    ];
    check(&nobody, &empty);
    for (text, _) in empty {
        let condition = Condition::parse(text, &Schema::open()).unwrap();
        assert_eq!(nobody.clone().building().ask(&condition), Unknown, "{text}");
    }
}

#[test]
fn several_currencies_do_not_add_up() {
    let customer =
        shopper().did("2026-05-28T12:00:00Z", "Order Completed", json!({"revenue": 1, "currency": "USD"}));
    check(
        &customer,
        &[
            ("sum('Order Completed', 'revenue') > 0", Unknown),
            ("max('Order Completed', 'revenue') > 0", Unknown),
            ("sum('Order Completed', 'revenue', within('4d 1h')) == 1", True),
            ("count('Order Completed') == 4", True),
        ],
    );
}

#[test]
fn near_questions_share_a_series() {
    let ids = |text: &str| {
        let condition = Condition::parse(text, &Schema::open()).unwrap();
        condition.inputs().series.iter().map(|spec| spec.id()).collect::<Vec<_>>()
    };
    for (one, other) in [
        ("count('A', within('30d')) > 1", "never('A', within('27d'))"),
        ("count('A', within('30d')) > 1", "count('A', within('365d')) > 1"),
        ("count('A', within('30d')) > 1", "count('A') > 1"),
        ("count('A', within('1h')) > 1", "count('A', within('7d')) > 1"),
        (
            "sequence('A', 'B', within('1h')) && never('B')",
            "count('B') > 1 && unanswered('B', 'A', within('1h'))",
        ),
        ("count('A', within('30d')) > 1", "last('A', between('32d', '1d')) < now()"),
        ("sum('A', 'x', within('30d')) > 1", "max('A', event.properties.x, within('30d')) > 1"),
        (
            "count('A', where(event.properties.x == 1 && event.properties.y == 'b')) > 1",
            "count('A', where( event.properties.y == \"b\"&&event.properties.x == 0x1 )) > 1",
        ),
    ] {
        assert_eq!(ids(one), ids(other), "{one} and {other}");
        assert_eq!(ids(&format!("{one} && {other}")), ids(one));
    }
    for (one, other) in [
        ("count('A') > 1", "count('B') > 1"),
        // The last hour stays exact, however much there is in a year.
        ("count('A', within('1h')) > 1", "count('A', within('30d')) > 1"),
        ("sum('A', 'x') > 1", "sum('A', 'y') > 1"),
        ("sum('A', 'x') > 1", "distinct('A', 'x') > 1"),
        (
            "count('A', where(event.properties.x == 1)) > 1",
            "count('A', where(event.properties.x == 1.5)) > 1",
        ),
        (
            "count('A', where(event.properties.x == 1)) > 1",
            "count('A', where(event.properties.x == '1')) > 1",
        ),
    ] {
        assert_ne!(ids(one), ids(other), "{one} and {other}");
    }
}

#[test]
fn a_series_id_never_changes() {
    let spec = |text: &str| Condition::parse(text, &Schema::open()).unwrap().inputs().series[0].clone();
    let orders =
        spec("sum('Order Completed', 'revenue', within('30d'), where(event.properties.revenue >= 50)) > 1");
    assert_eq!(
        orders.sentence(),
        "Order Completed where revenue is at least 50, its revenue, kept for 32 days"
    );
    assert_eq!((orders.event(), orders.kept()), ("Order Completed", Kept::For(Duration::days(32))));
    // Series are stored under these numbers: another one here loses what is remembered of everybody.
    assert_eq!(format!("{:016x}", orders.id().0), "7166d49d83e53511");
    assert_eq!(format!("{:016x}", spec("count('Order Completed') > 1").id().0), "45d8873f07abe55e");
    assert_eq!(spec("count('Order Completed') > 1").sentence(), "Order Completed, of all time");
    let longest = spec("count('A', within('10d')) > 1 || count('A') > 1 || count('A', within('300d')) > 1");
    assert_eq!(longest.kept(), Kept::For(Duration::days(370)));
    let exact = spec("count('A', within('2000d')) > 1");
    assert_eq!(exact.kept(), Kept::For(Duration::days(2000)));
}

#[test]
fn a_condition_says_what_it_looks_at() {
    let text =
        "profile.tier == 'gold' && count('A', within('1h')) > 1 && segment('vip') && inProgram('win-back')";
    let condition = Condition::parse(text, &Schema::open()).unwrap();
    let inputs = condition.inputs();
    assert_eq!(inputs.traits.iter().collect::<Vec<_>>(), ["tier"]);
    assert_eq!(inputs.segments.iter().collect::<Vec<_>>(), ["vip"]);
    assert_eq!(inputs.programs.iter().collect::<Vec<_>>(), ["win-back"]);
    assert_eq!(inputs.series.len(), 1);
    assert!(inputs.time && !inputs.event && !inputs.consent && !inputs.household);
    let other = Condition::parse("event.name == 'A' && consent('email', 'offers')", &Schema::open()).unwrap();
    assert!(other.inputs().event && other.inputs().consent && !other.inputs().time);
}

#[test]
fn a_condition_can_be_asked_about_another_moment() {
    let condition =
        Condition::parse("count('Order Completed', within('30d')) == 1", &Schema::open()).unwrap();
    let customer = shopper().remembering(&condition);
    assert_eq!(customer.ask(&condition), False);
    assert_eq!(condition.evaluate_at(&customer, time("2026-06-11T12:00:00Z")), True);
    assert_eq!(condition.evaluate_at(&customer, time("2026-06-11T11:59:59.999Z")), False);
}
