//! Conditions about the members of a household.

use crate::customer::{Customer, time};
use crowsnest_rules::{Condition, Schema, Truth};
use serde_json::json;

use Truth::{False, True, Unknown};

fn family() -> Customer {
    let member = |tier| Customer::new("2026-06-01T12:00:00Z").with_trait("tier", json!(tier));
    let mut ann = member("gold");
    let mut bob = member("silver").did("2026-05-20T12:00:00Z", "Order Completed", json!({}));
    bob.segments.insert("vip".into());
    ann.household = vec![bob, Customer::new("2026-06-01T12:00:00Z")];
    ann
}

#[test]
fn members_are_asked() {
    for (text, family_says, alone_says) in [
        ("household.size == 3", True, False),
        ("household.size == 1", False, True),
        ("household.any(profile.tier == 'silver')", True, False),
        ("household.any(profile.tier == 'bronze')", Unknown, False),
        ("household.all(profile.tier == 'gold')", False, True),
        ("household.all(has(profile.tier))", False, True),
        ("household.any(segment('vip')) && !segment('vip')", True, False),
        ("household.any(count('Order Completed', within('30d')) >= 1)", True, False),
        ("!household.any(count('Order Completed', within('7d')) >= 1)", True, True),
    ] {
        let condition =
            Condition::parse(text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(condition.inputs().household, "{text}");
        assert_eq!(family().remembering(&condition).ask(&condition), family_says, "{text}");
        let alone = Customer { household: vec![], ..family() };
        assert_eq!(alone.remembering(&condition).ask(&condition), alone_says, "{text} of one alone");
    }
}

#[test]
fn what_members_did_goes_out_of_the_window() {
    let text = "household.any(count('Order Completed', within('30d')) >= 1)";
    let condition = Condition::parse(text, &Schema::open()).unwrap();
    assert_eq!(condition.next_change(&family().remembering(&condition)), Some(time("2026-06-19T12:00:00Z")));
}
