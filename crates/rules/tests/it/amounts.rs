//! What somebody is worth: a number and its currency, or why there is none.

use crate::customer::Customer;
use crowsnest_model::money::Currency;
use crowsnest_rules::{Amount, Condition, Expression, Schema};
use serde_json::json;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn amount(customer: &Customer, text: &str) -> Amount {
    let expression = Expression::parse(text, &Schema::open()).unwrap_or_else(|e| panic!("{text}: {e}"));
    // Of what the expression asks about, everything is remembered.
    let asking = Condition::parse(&format!("({text}) == 0.0"), &Schema::open()).unwrap();
    expression.amount(&customer.remembering(&asking), currency("USD"))
}

fn bought() -> Customer {
    Customer::new("2026-06-01T12:00:00Z")
        .did("2026-02-01T12:00:00Z", "Order", json!({ "revenue": 40, "currency": "EUR" }))
        .did("2026-05-20T12:00:00Z", "Order", json!({ "revenue": 2.5, "currency": "usd" }))
        .did("2026-05-20T12:00:00Z", "Trade-in", json!({ "value": 10 }))
        .with_trait("worth", json!(7.5))
}

#[test]
fn a_number_is_of_the_currency_that_its_events_name() {
    let customer = bought();
    let is = |text: &str, expected| assert_eq!(amount(&customer, text), expected, "{text}");
    let (usd, eur) = (currency("USD"), currency("EUR"));
    is("sum('Order', 'revenue', within('30d'))", Amount::Of(2.5, usd));
    is("sum('Order', 'revenue', between('200d', '30d'))", Amount::Of(40.0, eur));
    is("avg('Order', 'revenue', between('200d', '30d')) * 2.0", Amount::Of(80.0, eur));
    // Where no currency is named it is the usual one.
    is("sum('Trade-in', 'value')", Amount::Of(10.0, usd));
    is("sum('Order', 'revenue', within('30d')) - sum('Trade-in', 'value')", Amount::Of(-7.5, usd));
    is("profile.worth", Amount::Of(7.5, usd));
    is("sum('Nothing', 'revenue')", Amount::Of(0.0, usd));
    is("true ? sum('Order', 'revenue', within('30d')) : sum('Order', 'revenue')", Amount::Of(2.5, usd));
}

#[test]
fn what_does_not_add_up_or_is_not_known_is_no_amount() {
    let customer = bought();
    let is = |text: &str, expected| assert_eq!(amount(&customer, text), expected, "{text}");
    is("sum('Order', 'revenue')", Amount::Mixed);
    let two = "sum('Order', 'revenue', between('200d', '30d')) + sum('Trade-in', 'value')";
    is(two, Amount::Mixed);
    is("profile.nothing", Amount::Unknown);
    is("max('Nothing', 'revenue')", Amount::Unknown);
    let building = bought().building();
    assert_eq!(amount(&building, "sum('Order', 'revenue')"), Amount::Unknown);
}

#[test]
fn a_count_is_no_money() {
    for (text, expected) in [
        ("sum('Order', 'revenue')", true),
        ("profile.worth", true),
        ("count('Order')", false),
        ("last('Order')", false),
        ("household.size", false),
        ("'gold'", false),
    ] {
        let Ok(expression) = Expression::parse(text, &Schema::open()) else { panic!("{text}") };
        assert_eq!(expression.may_be_money(), expected, "{text}");
    }
}
