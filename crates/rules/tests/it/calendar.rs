//! Days and hours in the person's own time zone.

use crate::customer::{Customer, time};
use crowsnest_model::{Duration, Time};
use crowsnest_rules::{Condition, Expression, Schema, Truth, Type};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> Schema {
    Schema::open().with_profile_trait("renews", Type::Time).with_other_traits()
}

/// In New York it is still the 28th of February.
fn ann() -> Customer {
    let mut ann = Customer::new("2026-03-01T04:30:00Z")
        .with_trait("birthday", json!("1996-02-29"))
        .with_trait("renews", json!("2024-03-01T12:00:00Z"));
    ann.zone = TimeZone::get("America/New_York").unwrap();
    ann
}

#[test]
fn the_calendar_is_the_persons() {
    for (text, expected) in [
        ("year(now())", json!(2026)),
        ("month(now())", json!(2)),
        ("day(now())", json!(28)),
        ("weekday(now())", json!(6)),
        ("hour(now())", json!(23)),
        ("date(now())", json!("2026-02-28")),
        ("date(ago('365d'))", json!("2025-02-28")),
        ("date(profile.birthday)", json!("1996-02-29")),
        ("month(profile.birthday)", json!(2)),
        ("hour(profile.birthday)", Value::Null),
        ("years(profile.birthday)", json!(30)),
        ("days(profile.renews)", json!(729)),
        ("years(profile.renews)", json!(1)),
        ("years(profile.nothing)", Value::Null),
        ("anniversary(profile.birthday)", json!(true)),
        ("anniversary(profile.renews)", json!(false)),
        ("date(now()) > profile.birthday", json!(true)),
        ("date(now()).startsWith('2026-02')", json!(true)),
    ] {
        let expression = Expression::parse(text, &schema()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(expression.value(&ann()).unwrap_or(Value::Null), expected, "{text}");
    }
}

#[test]
fn the_calendar_changes_at_the_persons_midnight() {
    for (text, expected) in [
        ("anniversary(profile.birthday)", "2026-03-01T05:00:00Z"),
        ("years(profile.birthday) >= 31", "2027-02-28T05:00:00Z"),
        ("anniversary(profile.renews)", "2026-03-01T05:00:00Z"),
        ("hour(now()) == 9", "2026-03-01T14:00:00Z"),
        ("hour(now()) == 9 && weekday(now()) == 1", "2026-03-02T14:00:00Z"),
        // The clock is set forward on 8 March.
        ("date(now()) == '2026-03-09'", "2026-03-09T04:00:00Z"),
        ("month(now()) == 4", "2026-04-01T04:00:00Z"),
        ("year(now()) == 2027", "2027-01-01T05:00:00Z"),
        ("days(profile.renews) >= 731", "2026-03-02T05:00:00Z"),
        ("anniversary(profile.birthday) && hour(now()) < 20 || year(now()) == 2028", "2027-02-28T05:00:00Z"),
    ] {
        let condition = Condition::parse(text, &schema()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = condition.next_change(&ann()).map(|at| at.to_string());
        assert_eq!(found.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn far_changes_are_asked_again_earlier() {
    let condition = Condition::parse("days(profile.renews) >= 2000", &schema()).unwrap();
    let early = condition.next_change(&ann()).unwrap();
    assert!(early > time("2026-09-01T00:00:00Z") && early < time("2029-08-21T00:00:00Z"), "{early}");
    assert_eq!(condition.evaluate_at(&ann(), early), Truth::False);
}

const ZONES: [&str; 7] = [
    "UTC",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "Pacific/Apia",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_before_the_next_change(
        // Whole years, with a clock that is set in some of them at midnight.
        now in time("1995-01-01T00:00:00Z").0..time("2027-01-01T00:00:00Z").0,
        zone in prop::sample::select(ZONES.to_vec()),
        hour in 1..24,
        weekday in 1..8,
        days in 0..40_i64,
    ) {
        let now = Time(now);
        let mut customer = ann();
        customer.now = now;
        customer.zone = TimeZone::get(zone).unwrap();
        let then = now.minus(Duration::days(days));
        customer = customer.with_trait("renews", json!(then.to_string()));
        for text in [
            format!("hour(now()) == {hour}"),
            format!("hour(now()) < {hour} && weekday(now()) == {weekday}"),
            format!("weekday(ago('{}h')) == {weekday}", days + 1),
            format!("days(profile.renews) >= {}", days + 2),
            format!("day(now()) == {hour}"),
            "anniversary(profile.renews)".to_owned(),
            "date(now()) == date(profile.renews)".to_owned(),
            "month(now()) == month(profile.renews)".to_owned(),
            "years(ago('366d')) >= 1".to_owned(),
        ] {
            let condition = Condition::parse(&text, &schema()).unwrap();
            let answer = condition.evaluate(&customer);
            let next = condition.next_change(&customer).unwrap_or(now);
            let end = next.0.min(now.plus(Duration::days(9)).0);
            for step in (now.0..end).step_by(10 * 60_000).chain([next.0 - 1]).filter(|step| *step >= now.0) {
                prop_assert_eq!(condition.evaluate_at(&customer, Time(step)), answer, "{} in {} at {}", text, zone, Time(step));
            }
            // Farther away it may be an early moment: one or two are tried for each day.
            if next != now && next < now.plus(Duration::days(60)) {
                prop_assert_ne!(condition.evaluate_at(&customer, next), answer, "{} in {} at {}", text, zone, next);
            }
        }
    }
}
