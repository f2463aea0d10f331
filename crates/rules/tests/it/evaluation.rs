//! Conditions and expressions over data that is there, missing or of another type.

use crate::person::{Person, object};
use crowsnest_rules::{Condition, Expression, Schema, Truth, Type};
use serde_json::{Value, json};

fn check_with(schema: &Schema, person: &Person, cases: &[(&str, Truth)]) {
    for (text, expected) in cases {
        let condition = Condition::parse(text, schema).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.evaluate(person), *expected, "{text}");
        assert_eq!(condition.text(), *text);
    }
}

fn check(cases: &[(&str, Truth)]) {
    check_with(&Schema::open(), &Person::ann(), cases);
}

use Truth::{False, True, Unknown};

#[test]
fn comparisons() {
    check(&[
        ("profile.tier == \"gold\"", True),
        ("profile.tier == 'gold'", True),
        ("profile.tier != \"gold\"", False),
        ("profile.points > 100", True),
        ("profile.points >= 120 && profile.points <= 120", True),
        ("profile.points < 0x78", False),
        ("profile.points == 120.0", True),
        ("profile.balance < 50", True),
        ("profile.huge < 9223372036854775807.0", True),
        ("profile.beyond > profile.huge", True),
        ("profile.points > -1", True),
        ("-profile.points == -120", True),
        ("-9223372036854775808 < profile.points", True),
        ("--profile.points == 120", True),
        ("profile.city > \"New\"", True),
        ("profile.vip", True),
        ("profile.vip == true", True),
        ("profile.vip > false", True),
        ("profile[\"first name\"] == \"Ann\"", True),
        ("profile.address.city == \"Oslo\"", True),
        ("profile[\"address\"][\"zip\"] == \"0150\"", True),
        ("profile.tags == [\"boats\", \"sails\"]", True),
        ("profile.scores == [1.0, 2.5]", True),
        ("profile.tags == [\"boats\"]", False),
        ("profile.address == profile.address", True),
        ("profile.tier == \"gold\" // said by the shop\n && profile.vip", True),
    ]);
}

#[test]
fn events_and_consents() {
    check(&[
        ("event.name == \"Cart Updated\" && event.properties.value >= 50", True),
        ("event.type == \"track\"", True),
        ("event.source in [\"web-shop\", \"call-centre\"]", True),
        ("event.time == timestamp(\"2026-03-01T10:30:00+01:00\")", True),
        ("event.time < timestamp(\"2026-01-01T00:00:00Z\")", False),
        ("event.properties[\"coupon code\"] == \"X\"", True),
        ("\"value\" in event.properties", True),
        ("size(event.properties) == 4", True),
        ("consent(\"email\", \"offers\")", True),
        ("consent(\"sms\", \"offers\")", False),
        ("consent(\"email\", \"news\")", Unknown),
        ("!consent(\"email\", \"news\")", Unknown),
    ]);
    let nameless = Person { event_name: "", ..Person::ann() };
    check_with(
        &Schema::open(),
        &nameless,
        &[("event.name == \"\"", Unknown), ("has(event.name)", False), ("has(event.type)", True)],
    );
    let without = Person { event: None, ..Person::ann() };
    check_with(
        &Schema::open(),
        &without,
        &[
            ("event.type == \"track\"", Unknown),
            ("event.properties.value > 1", Unknown),
            ("has(event.time)", False),
            ("has(event.properties)", False),
        ],
    );
}

#[test]
fn missing_is_unknown_and_unknown_never_holds() {
    check(&[
        ("profile.nothing == 1", Unknown),
        ("profile.nothing != 1", Unknown),
        ("!(profile.nothing == 1)", Unknown),
        ("profile.dog == \"Rex\"", Unknown),
        ("profile.nothing.at.all", Unknown),
        ("profile.tier.field == 1", Unknown),
        ("profile.nothing == 1 && false", False),
        ("false && profile.nothing == 1", False),
        ("true && profile.nothing == 1", Unknown),
        ("profile.nothing == 1 || true", True),
        ("true || profile.nothing == 1", True),
        ("false || profile.nothing == 1", Unknown),
        ("profile.nothing in [1, 2]", Unknown),
        ("profile.nothing in []", Unknown),
        ("1 in [profile.nothing, 1]", True),
        ("1 in [profile.nothing, 2]", Unknown),
        ("1 in profile.mixed", True),
        ("2 in profile.mixed", Unknown),
        ("1 in profile.nothing", Unknown),
        ("size(profile.nothing) == 0", Unknown),
        ("profile.nothing.startsWith(\"a\")", Unknown),
        ("[profile.nothing] == [1]", Unknown),
        ("[profile.nothing, 2] == [1, 3]", False),
        ("has(profile.nothing)", False),
        ("has(profile.dog)", False),
        ("has(profile.tier)", True),
        ("!has(profile.nothing)", True),
        ("has(profile.nothing.deeper)", False),
        ("has(profile.address.city)", True),
        ("has(event.properties.cart_id)", True),
        ("profile.nothing ? true : true", Unknown),
        ("profile.vip ? true : profile.nothing", True),
    ]);
    assert!(!Unknown.holds() && !False.holds() && True.holds());
}

#[test]
fn values_of_two_types_are_neither_equal_nor_unequal() {
    check(&[
        ("profile.tier == profile.points", Unknown),
        ("profile.tier != profile.points", Unknown),
        ("profile.tier < profile.points", Unknown),
        ("profile.zip == 150", Unknown),
        ("profile.tier", Unknown),
        ("!profile.tier", Unknown),
        ("!!profile.tier", Unknown),
        ("!!profile.vip", True),
        ("profile.tier && true", Unknown),
        ("profile.points + profile.tier == 1", Unknown),
        ("profile.tags < profile.tags", Unknown),
        ("profile.points in [\"a\"] || profile.vip", True),
        ("profile.points in profile.tags", Unknown),
        ("profile.tags.contains(\"boats\")", Unknown),
        ("profile.city < event.time", Unknown),
        ("profile.renews <= event.time", True),
        ("timestamp(profile.renews) == event.time", True),
        ("timestamp(profile.tier) == event.time", Unknown),
        ("size(profile.points) == 1", Unknown),
    ]);
}

#[test]
fn texts_lists_and_sizes() {
    check(&[
        ("profile.city.startsWith(\"New\")", True),
        ("profile.city.endsWith(\"Haven\")", True),
        ("profile.city.contains(\"w H\")", True),
        ("profile.city.contains(\"x\")", False),
        ("profile.city.startsWith(\"New Haven and more\")", False),
        ("profile.empty.startsWith(\"\") && profile.empty.contains(\"\")", True),
        ("profile.city.lowerAscii() == \"new haven\"", True),
        ("profile.city.upperAscii().startsWith(\"NEW\")", True),
        ("profile.city.lowerAscii().endsWith(\"haven\")", True),
        ("profile.city.upperAscii().contains(\"W H\")", True),
        ("profile.city.upperAscii().lowerAscii() == \"new haven\"", True),
        ("profile.city.lowerAscii() > \"new\"", True),
        ("profile.word.upperAscii() == \"éA\"", True),
        ("size(profile.word) == 2", True),
        ("profile.tags.size() == 2", True),
        ("size(profile.address) == 2", True),
        ("size([1, 2, 3]) == 3", True),
        ("\"boats\" in profile.tags", True),
        ("\"cars\" in profile.tags", False),
        ("\"BOATS\".lowerAscii() in profile.tags", True),
        ("profile.tier in [\"gold\", \"silver\",]", True),
        ("!(profile.tier in [\"gold\"])", False),
        ("1 in []", False),
        ("2.5 in profile.scores && 1 in profile.scores", True),
        ("\"zip\" in profile.address", True),
        ("\"ZIP\".lowerAscii() in profile.address", True),
        ("\"street\" in profile.address", False),
    ]);
}

#[test]
fn arithmetic_and_choice() {
    check(&[
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 4 - 3 == 3", True),
        ("7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1", True),
        ("7.0 / 2 == 3.5", True),
        ("profile.points * 1.5 == 180", True),
        ("profile.balance + 1 > 50", True),
        ("profile.points / 0 == 1", Unknown),
        ("profile.balance / 0 == 1", Unknown),
        ("profile.points % 0 == 1", Unknown),
        ("profile.balance % 2 == 1", Unknown),
        ("profile.huge + 1 > 0", Unknown),
        ("-(-9223372036854775808) > 0", Unknown),
        ("(profile.vip ? 10 : 20) == 10", True),
        ("profile.points > 200 ? profile.vip : profile.tier == \"gold\"", True),
        ("false ? false : false ? false : true", True),
        ("true || false && false", True),
        ("!profile.vip || profile.vip", True),
        ("(1 < 2) == true", True),
        ("!!!profile.vip", False),
    ]);
}

#[test]
fn declared_times_are_read_from_texts() {
    let schema = Schema::open()
        .with_profile_trait("renews", Type::Time)
        .with_profile_trait("tier", Type::Time)
        .with_profile_trait("points", Type::Time);
    check_with(
        &schema,
        &Person::ann(),
        &[
            ("profile.renews == event.time", True),
            ("profile.renews >= timestamp(\"2026-03-02T00:00:00Z\")", False),
            ("timestamp(profile.renews) == event.time", True),
            ("profile.tier < event.time", Unknown),
            ("has(profile.tier)", False),
            ("profile.points < event.time", Unknown),
        ],
    );
}

#[test]
fn expressions_have_values() {
    let person = Person::ann();
    for (text, expected) in [
        ("event.properties.cart_id", Some(json!("c-1"))),
        ("event.properties.value", Some(json!(75))),
        ("event.properties.value * 2", Some(json!(150))),
        ("profile.balance", Some(json!(49.5))),
        ("event.time", Some(json!("2026-03-01T09:30:00Z"))),
        ("profile.city.lowerAscii()", Some(json!("new haven"))),
        ("event.properties.items", Some(json!([{"sku": "a"}]))),
        ("[event.name, profile.points]", Some(json!(["Cart Updated", 120]))),
        ("[event.name, profile.nothing]", None),
        ("profile.address", Some(json!({"city": "Oslo", "zip": "0150"}))),
        ("profile.points > 1", Some(json!(true))),
        ("has(profile.nothing) ? profile.nothing : \"none\"", Some(json!("none"))),
        ("profile.dog", None),
        ("event.properties.nothing", None),
        ("profile.nothing == 1", None),
    ] {
        let expression = Expression::parse(text, &Schema::open()).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(expression.value(&person), expected, "{text}");
        assert_eq!(expression.uses_event(), text.contains("event."), "{text}");
    }
}

#[test]
fn a_condition_knows_what_it_looks_at() {
    for (text, consent, event) in [
        ("profile.tier == \"gold\"", false, false),
        ("!(profile.a || size(profile.b) > 1 && consent(\"email\", \"offers\"))", true, false),
        ("1 in [2, event.properties.x]", false, true),
        ("has(event.name) ? consent(\"a\", \"b\") : true", true, true),
    ] {
        let condition = Condition::parse(text, &Schema::open()).unwrap();
        assert_eq!((condition.uses_consent(), condition.uses_event()), (consent, event), "{text}");
    }
}

#[test]
fn long_chains_are_evaluated() {
    let person = Person { traits: object(json!({"n": 1})), ..Person::ann() };
    let sum = vec!["profile.n"; 240].join(" + ");
    assert_eq!(
        Expression::parse(&sum, &Schema::open()).unwrap().value(&person),
        Some(Value::from(240)),
        "a chain is not nesting"
    );
    let or = vec!["profile.n == 2"; 120].join(" || ");
    check_with(&Schema::open(), &person, &[(&or, False)]);
}
