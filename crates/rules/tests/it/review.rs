//! What is noticed in conditions that are correct, and what follows from what.

use crowsnest_model::series::Granularity;
use crowsnest_rules::{Condition, Effect, Expression, Fact, Likely, Mentioned, Schema};
use serde_json::json;

fn schema() -> Schema {
    Schema::open()
        .with_metric("orders", "count(\"Order Completed\")", Granularity::Exact)
        .with_trait_values("tier", vec!["silver".into(), "gold".into()])
        .with_property_values("Order Completed", "status", vec!["paid".into(), "open".into()])
}

fn doubts(text: &str) -> Vec<String> {
    let (_, review) = Condition::review(text, &schema()).unwrap();
    review.doubts.iter().map(ToString::to_string).collect()
}

#[test]
fn parts_that_never_hold_are_noticed_where_they_stand() {
    for (text, expected) in [
        (
            "profile.vip && count(\"Order Completed\") < 0",
            "line 1, column 16: this never holds: a number of events is 0 or more",
        ),
        ("metric(\"orders\") < 0", "line 1, column 1: this never holds: a number of events is 0 or more"),
        ("month(now()) == 13", "line 1, column 1: this never holds: a month is from 1 to 12"),
        ("weekday(now()) in [0, 8]", "line 1, column 1: this never holds: a weekday is from 1 to 7"),
        ("household.size < 1", "line 1, column 1: this never holds: the size of a household is 1 or more"),
        ("0 <= count(\"A\")", "line 1, column 1: this always holds: a number of events is 0 or more"),
        (
            "profile.x > 5 &&\n  profile.x < 3",
            "line 2, column 3: this never holds together with what stands before it: x is more than 5",
        ),
        (
            "profile.a == \"a\" && profile.y && profile.a == \"b\"",
            "line 1, column 34: this never holds together with what stands before it: a is “a”",
        ),
        (
            "profile.a in [\"a\", \"b\"] && (profile.a == \"c\" || profile.a == \"d\")",
            "line 1, column 28: this never holds together with what stands before it: a is one of “a”, “b”",
        ),
        (
            "segment(\"x\") && !segment(\"x\")",
            "line 1, column 17: this never holds together with what stands before it: is in the segment x",
        ),
        (
            "never(\"A\") && count(\"A\") >= 1",
            "line 1, column 15: this never holds together with what stands before it: has no A",
        ),
        (
            "!has(profile.a) && profile.a == 1",
            "line 1, column 20: this never holds together with what stands before it: a is not known",
        ),
        (
            "profile.x > 5 && profile.x == \"a\"",
            "line 1, column 18: this never holds together with what stands before it: x is more than 5",
        ),
        (
            "profile.a != 1 || profile.a != 2",
            "line 1, column 19: this or what stands before it always holds: a is not 1",
        ),
        (
            "profile.tier == \"glod\"",
            "line 1, column 1: `tier` is never glod by its contract: it is one of silver, gold (did you mean `gold`?)",
        ),
        (
            "count(\"Order Completed\", where(event.properties.status in [\"paid\", \"sent\"])) > 1",
            "line 1, column 32: `status` is never sent by its contract: it is one of paid, open",
        ),
    ] {
        assert_eq!(doubts(text), [expected], "{text}");
    }
}

#[test]
fn what_may_be_meant_is_left_alone() {
    for text in [
        "profile.x > 5 && profile.x < 6",
        "profile.x >= 5 && profile.x <= 5",
        "profile.x > 5 && profile.y < 3",
        "profile.x == 1 && profile.x == 1.0",
        "profile.x != 1 && profile.x != 2",
        "profile.x == 1 || profile.x == 2",
        "profile.x > 5 || profile.x < 3",
        "size(profile.tags) >= 0",
        "month(profile.birthday) >= 1",
        "\"red\" in profile.colours && \"blue\" in profile.colours",
        "profile.d == \"2026-03-01T00:00:00Z\" && profile.d == timestamp(\"2026-03-01T00:00:00Z\")",
        "count(\"A\", within(\"1d\")) > 2 && count(\"A\", within(\"2d\")) < 2",
        "count(\"A\") >= 1 && never(\"A\", within(\"30d\"))",
        "last(\"A\") > ago(\"3d\") && last(\"A\") < ago(\"1d\")",
        "household.any(profile.x == 1) && household.any(profile.x == 2)",
        "profile.tier in [\"gold\", \"silver\"] && profile.tier != \"gold\"",
        "(profile.x == 1 && profile.y == 1) || (profile.x == 2 && profile.y == 1)",
        "true",
    ] {
        assert_eq!(doubts(text), [""; 0], "{text}");
    }
}

/// What is said to hold never together does not, whatever the person is like, and so on.
#[test]
fn nothing_is_claimed_that_a_person_refutes() {
    use crate::customer::Customer;
    let values = [json!(null), json!(1), json!(2), json!(2.5), json!(3), json!("a"), json!("b"), json!(true)];
    let people = values.map(|value| {
        let mut person = Customer::new("2026-03-01T09:30:00Z");
        person.traits.insert("x".into(), value);
        person
    });
    let mut parts = vec!["has(profile.x)".to_owned()];
    for value in ["1", "2", "2.5", "3", "\"a\"", "true"] {
        for sign in ["==", "!=", "<", "<=", ">", ">="] {
            parts.push(format!("profile.x {sign} {value}"));
        }
        parts.push(format!("profile.x in [{value}, 2]"));
    }
    parts.extend(parts.clone().into_iter().map(|part| format!("!({part})")));
    let schema = Schema::open();
    let mut claimed = 0;
    for one in &parts {
        let first = Condition::parse(one, &schema).unwrap();
        for other in &parts {
            let second = Condition::parse(other, &schema).unwrap();
            let holds = |condition: &Condition, person: &Customer| condition.evaluate(person).holds();
            let (both, review) = Condition::review(&format!("({one}) && ({other})"), &schema).unwrap();
            if !review.doubts.is_empty() {
                claimed += 1;
                assert!(!people.iter().any(|person| holds(&both, person)), "{one} and {other}");
            }
            if second.follows_from(&first) {
                claimed += 1;
                let refuted = people.iter().any(|person| holds(&first, person) && !holds(&second, person));
                assert!(!refuted, "{other} does not follow from {one}");
            }
        }
    }
    assert!(claimed > 2_000, "{claimed}");
}

#[test]
fn what_follows_from_what() {
    let condition = |text: &str| Condition::parse(text, &schema()).unwrap();
    for (given, then, expected) in [
        ("profile.x > 10", "profile.x > 5", true),
        ("profile.x > 5", "profile.x > 10", false),
        ("profile.x == 7 && profile.y", "profile.x >= 7", true),
        ("profile.x == 7", "profile.x >= 7 && profile.y", false),
        ("profile.x == 7", "profile.y || profile.x in [6, 7]", true),
        ("profile.x == 6 || profile.x == 7", "profile.x in [5, 6, 7]", true),
        ("count(\"A\") >= 3", "!never(\"A\")", true),
        ("count(\"A\", within(\"30d\")) >= 3", "count(\"A\") >= 3", false),
        ("profile.anything", "true", true),
    ] {
        assert_eq!(condition(then).follows_from(&condition(given)), expected, "{given} → {then}");
    }
}

#[test]
fn names_are_mentioned_with_their_places() {
    let text = "count(\"A\", where(event.properties.b == 1)) > 0 &&\n  profile.c && sequence(\"D\", event(\"E\"), within(\"2h\"))";
    let (_, review) = Condition::review(text, &Schema::open()).unwrap();
    let found: Vec<_> = review.mentions.into_iter().map(|it| (it.line, it.column, it.name)).collect();
    let event = |name: &str| Mentioned::Event(name.into());
    let property = |event: Option<&str>, name: &str| Mentioned::Property {
        event: event.map(Into::into),
        name: name.into(),
    };
    assert_eq!(
        found,
        [
            (1, 7, event("A")),
            (1, 35, property(Some("A"), "b")),
            (2, 3 + 8, Mentioned::Trait("c".into())),
            (2, 25, event("D")),
            (2, 36, event("E")),
        ]
    );
    let (_, review) =
        Expression::review("sum(\"A\", \"b.c\") + event.properties.d", &Schema::open()).unwrap();
    let names: Vec<_> = review.mentions.into_iter().map(|it| it.name).collect();
    assert_eq!(names, [event("A"), property(Some("A"), "b"), property(None, "d")]);
}

#[test]
fn what_a_change_does_to_a_condition() {
    use Likely::{Never, Perhaps, Surely};
    let stage = |value: &str| Fact::Trait("stage".into(), Some(json!(value)));
    let unknown = Fact::Trait("stage".into(), None);
    let inside = |is: bool| Fact::Program("p".into(), is);
    let vip = |is: bool| Fact::Segment("vip".into(), is);
    for (text, fact, begins, ends, excluded) in [
        ("profile.stage == \"a\"", stage("a"), Surely, Never, false),
        ("profile.stage == \"a\"", stage("b"), Never, Surely, true),
        ("profile.stage == \"a\"", unknown.clone(), Perhaps, Perhaps, false),
        ("!has(profile.stage)", stage("a"), Never, Surely, true),
        ("profile.stage == \"a\" && profile.x > 1", stage("a"), Perhaps, Never, false),
        ("profile.stage == \"a\" && profile.x > 1", stage("b"), Never, Surely, true),
        ("profile.stage == \"a\" || profile.x > 1", stage("b"), Never, Perhaps, false),
        ("profile.x > 1", stage("a"), Never, Never, false),
        ("!(profile.stage == \"a\" && profile.x > 1)", stage("a"), Never, Perhaps, false),
        ("!(profile.stage > 1 && profile.x > 1)", stage("a"), Perhaps, Perhaps, false),
        ("profile.stage == profile.x", stage("a"), Perhaps, Perhaps, false),
        ("!inProgram(\"p\")", inside(false), Surely, Never, false),
        ("!inProgram(\"p\")", inside(true), Never, Surely, true),
        ("segment(\"vip\") && count(\"A\") > 1", vip(false), Never, Surely, true),
        ("segment(\"vip\") && count(\"A\") > 1", vip(true), Perhaps, Never, false),
    ] {
        let effect = Condition::parse(text, &Schema::open()).unwrap().effect(&fact);
        assert_eq!(effect, Effect { begins, ends, excluded }, "{text} {fact:?}");
    }
}
