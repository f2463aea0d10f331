//! What happened in an order, and what went without an answer.

use crate::customer::Customer;
use crowsnest_model::series::Kept;
use crowsnest_rules::{Condition, Schema, Truth};
use serde_json::json;

use Truth::{False, True, Unknown};

fn visitor() -> Customer {
    Customer::new("2026-06-01T12:00:00Z")
        .did("2026-05-20T10:00:00Z", "Product Viewed", json!({"price": 900}))
        .did("2026-05-20T10:30:00Z", "Cart Updated", json!({}))
        .did("2026-05-20T11:30:00Z", "Order Completed", json!({}))
        .did("2026-06-01T11:15:00Z", "Cart Updated", json!({}))
}

fn check(customer: &Customer, cases: &[(&str, Truth)]) {
    for (text, expected) in cases {
        let condition =
            Condition::parse(text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(customer.remembering(&condition).ask(&condition), *expected, "{text}");
    }
}

#[test]
fn one_after_another() {
    check(
        &visitor(),
        &[
            ("sequence('Product Viewed', 'Cart Updated', within('30m'))", True),
            ("sequence('Product Viewed', 'Cart Updated', within('29m'))", False),
            ("sequence('Cart Updated', 'Product Viewed', within('30d'))", False),
            ("sequence('Product Viewed', 'Cart Updated', 'Order Completed', within('90m'))", True),
            ("sequence('Product Viewed', 'Cart Updated', 'Order Completed', within('89m'))", False),
            ("sequence('Product Viewed', 'Cart Updated', within('30m'), since('7d'))", False),
            ("sequence('Product Viewed', 'Cart Updated', within('30m'), since('13d'))", True),
            (
                "sequence('Product Viewed', 'Cart Updated', within('30m'), between('2026-05-20', '2026-05-21'))",
                True,
            ),
            (
                "sequence('Product Viewed', 'Cart Updated', within('30m'), between('2026-05-21', '2026-05-22'))",
                False,
            ),
            (
                "sequence(event('Product Viewed', where(event.properties.price > 1000)), 'Cart Updated', within('1h'))",
                False,
            ),
            ("sequence('Cart Updated', 'Cart Updated', within('30d'))", True),
            ("sequence('Order Completed', 'Order Completed', within('30d'))", False),
            ("sequence('Never Heard Of', 'Cart Updated', within('30d'))", False),
        ],
    );
    let condition = Condition::parse("sequence('A', 'B', within('1h'))", &Schema::open()).unwrap();
    assert_eq!(visitor().building().ask(&condition), Unknown);
    assert_eq!(
        condition.inputs().series.iter().map(|spec| spec.kept()).collect::<Vec<_>>(),
        [Kept::Ever, Kept::Ever]
    );
}

#[test]
fn without_an_answer() {
    check(
        &visitor(),
        &[
            ("unanswered('Cart Updated', 'Order Completed', within('45m'))", True),
            ("unanswered('Cart Updated', 'Order Completed', within('46m'))", False),
            ("unanswered('Cart Updated', 'Order Completed', within('45m'), since('1h'))", True),
            ("unanswered('Product Viewed', 'Cart Updated', within('45m'))", False),
            ("unanswered('Product Viewed', 'Cart Updated', within('29m'))", True),
            ("unanswered('Product Viewed', 'Cart Updated', within('29m'), since('1d'))", False),
            ("unanswered('Never Heard Of', 'Cart Updated', within('29m'))", False),
            ("unanswered('Cart Updated', 'Never Heard Of', within('29m'))", True),
        ],
    );
    // An answer in the same instant, as of systems that write whole seconds, is one.
    let same = visitor().did("2026-06-01T11:15:00Z", "Order Completed", json!({}));
    check(&same, &[("unanswered('Cart Updated', 'Order Completed', within('45m'))", False)]);
}
