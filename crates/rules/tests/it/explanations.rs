//! Why a condition holds for a customer, or does not.

use crate::{customer::Customer, person::Person};
use crowsnest_model::series::Granularity;
use crowsnest_rules::{Condition, Schema, Truth};
use serde_json::json;

#[test]
fn each_clause_says_what_it_asks_and_what_is_known() {
    let text = "profile.tier == \"silver\" && consent(\"email\", \"offers\") && (profile.nothing > 1 || event.properties.value >= 50) \
                && !consent(\"sms\", \"news\") && true && size(profile.tags) + size(profile.tags) > 1";
    let clauses = Condition::parse(text, &Schema::open()).unwrap().explain(&Person::ann());
    let found: Vec<_> = clauses.iter().map(|c| (c.sentence.as_str(), c.truth, c.value.as_str())).collect();
    assert_eq!(
        found,
        [
            ("tier is “silver”", Truth::False, "tier is “gold”"),
            ("may be mailed about offers by email", Truth::True, "said yes to offers by email"),
            (
                "nothing is more than 1 or the event’s value is at least 50",
                Truth::True,
                "nothing is not known; the event’s value is 75"
            ),
            ("may not be texted about news by sms", Truth::Unknown, "said neither yes nor no to news by sms"),
            ("always", Truth::True, ""),
            (
                "the size of tags plus the size of tags is more than 1",
                Truth::True,
                "tags is “boats”, “sails”"
            ),
        ]
    );
}

#[test]
fn the_reasons_are_all_parts_or_those_that_do_not_hold() {
    let reasons = |text: &str| Condition::parse(text, &Schema::open()).unwrap().reasons(&Person::ann());
    assert_eq!(
        reasons("profile.tier == \"gold\" && (profile.nothing > 1 || event.properties.value >= 50) && true"),
        "tier is “gold” (tier is “gold”); nothing is more than 1 or the event’s value is at least 50 \
         (nothing is not known; the event’s value is 75); always"
    );
    assert_eq!(
        reasons(
            "profile.tier == \"silver\" && consent(\"email\", \"offers\") && !consent(\"sms\", \"news\")"
        ),
        "not: tier is “silver” (tier is “gold”); not: may not be texted about news by sms \
         (said neither yes nor no to news by sms)"
    );
}

#[test]
fn one_clause_is_explained_too() {
    let condition = Condition::parse("profile.vip", &Schema::open()).unwrap();
    let clauses = condition.explain(&Person::ann());
    assert_eq!(clauses.len(), 1);
    assert_eq!(clauses[0].value, "vip is true");
}

#[test]
fn what_a_customer_did_is_told() {
    let schema = Schema::open().with_metric(
        "orders_in_a_year",
        "count('Order Completed', within('365d'))",
        Granularity::Exact,
    );
    let mut customer = Customer::new("2026-06-01T12:00:00Z")
        .did("2026-05-12T12:00:00Z", "Order Completed", json!({"revenue": 260}))
        .did("2026-05-20T12:00:00Z", "Order Completed", json!({"revenue": 60}))
        .did("2026-05-20T13:00:00Z", "Invoice Paid", json!({"sum": 60, "currency": "EUR"}))
        .did("2026-05-20T13:00:00Z", "Invoice Paid", json!({"sum": 60, "currency": "USD"}))
        .with_trait("birthday", json!("1990-05-17"));
    customer.segments.insert("vip".into());
    customer.household = vec![Customer::new("2026-06-01T12:00:00Z")];
    for (text, expected) in [
        ("last('Order Completed') < ago('90d')", "last Order Completed 12 days ago"),
        (
            "count('Order Completed', within('30d')) >= 3 || sum('Order Completed', 'revenue', within('30d')) > 500",
            "2 Order Completed in the last 30 days; the sum of revenue of Order Completed in the last 30 days is 320",
        ),
        ("never('Order Completed', within('5d'))", "no Order Completed in the last 5 days"),
        ("first('Cart Updated') < now()", "no Cart Updated"),
        ("avg('Order Completed', 'weight') > 1", "no Order Completed with a number"),
        ("sum('Invoice Paid', 'sum') > 1", "the sum of sum of Invoice Paid is in several currencies"),
        (
            "metric('orders_in_a_year') > 5",
            "the metric orders in a year is 2; 2 Order Completed in the last 365 days",
        ),
        (
            "segment('vip') && true ? segment('lapsed') : false",
            "is in the segment vip; is not in the segment lapsed",
        ),
        ("inProgram('win-back')", "is not in the program win-back"),
        ("years(profile.birthday) >= 18", "the years since birthday is 36; birthday is “1990-05-17”"),
        ("household.any(has(profile.birthday))", "(birthday is known) holds for 1 of 2 in the household"),
        (
            "unanswered('Order Completed', 'Cart Updated', within('1d'))",
            "last Order Completed 12 days ago; no Cart Updated",
        ),
    ] {
        let condition = Condition::parse(text, &schema).unwrap_or_else(|error| panic!("{text}: {error}"));
        let clauses = condition.explain(&customer.remembering(&condition));
        assert_eq!(
            clauses.iter().map(|clause| clause.value.as_str()).collect::<Vec<_>>(),
            [expected],
            "{text}"
        );
    }
}

#[test]
fn what_is_still_being_counted_is_said() {
    let customer = Customer::new("2026-06-01T12:00:00Z").building();
    for (text, expected) in [
        ("count('A', within('30d')) >= 3", "the number of A in the last 30 days is still being counted"),
        ("never('A')", "the number of A is still being counted"),
        ("last('A') < ago('1d')", "last A is still being counted"),
        ("segment('vip')", "whether they are in the segment vip is not known yet"),
    ] {
        let condition = Condition::parse(text, &Schema::open()).unwrap();
        let clauses = condition.explain(&customer);
        assert_eq!((clauses[0].value.as_str(), clauses[0].truth), (expected, Truth::Unknown), "{text}");
    }
}
