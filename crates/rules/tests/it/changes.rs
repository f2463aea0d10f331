//! When an answer changes through time alone.

use crate::customer::{Customer, time};
use crowsnest_rules::{Condition, Schema};
use serde_json::json;

#[test]
fn the_next_change_is_exact() {
    let customer = Customer::new("2026-06-01T12:00:00Z")
        .did("2026-05-20T08:00:00Z", "Order Completed", json!({"revenue": 10}))
        .did("2026-05-25T08:00:00.5Z", "Order Completed", json!({"revenue": 20}))
        .did("2026-06-01T12:00:07Z", "Order Completed", json!({"revenue": 30}))
        .with_trait("renews", json!("2026-07-01T00:00:00Z"))
        .with_trait("undeclared", json!("2026-07-02T02:00:00+02:00"));
    let schema = Schema::open().with_profile_trait("renews", crowsnest_rules::Type::Time).with_other_traits();
    for (text, expected) in [
        ("count('Order Completed', within('30d')) == 2", Some("2026-06-01T12:00:07Z")),
        ("count('Order Completed', within('30d')) >= 2", Some("2026-06-24T08:00:00.5Z")),
        ("never('Order Completed', between('60d', '30d'))", Some("2026-06-19T08:00:00Z")),
        ("last('Order Completed') < ago('90d')", Some("2026-08-30T12:00:07.001Z")),
        ("last('Order Completed') <= ago('90d')", Some("2026-08-30T12:00:07Z")),
        ("profile.renews < now()", Some("2026-07-01T00:00:00.001Z")),
        ("profile.undeclared <= now()", Some("2026-07-02T00:00:00Z")),
        ("profile.renews <= now()", Some("2026-07-01T00:00:00Z")),
        ("profile.renews < ago('1d')", Some("2026-07-02T00:00:00.001Z")),
        ("profile.renews > ago('1d') && profile.x == 1", Some("2026-07-02T00:00:00Z")),
        ("count('Order Completed') >= 1", None),
        ("never('Cart Updated')", None),
        ("profile.x == 1", None),
    ] {
        let condition = Condition::parse(text, &schema).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = condition.next_change(&customer.remembering(&condition));
        assert_eq!(found, expected.map(time), "{text}");
    }
}
