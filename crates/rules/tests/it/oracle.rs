//! On what both know, we agree with the `cel` crate: where it answers, the same answer; where it has an error, unknown.

use crate::person::{Person, object};
use cel::{Context, Env, ExecutionError, Value as CelValue, objects::Key};
use crowsnest_rules::{Condition, Schema, Subject, Truth};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};

const EVENT_TIME: &str = "2026-03-01T09:30:00Z";

fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(int) => CelValue::Int(int),
            None => CelValue::Float(number.as_f64().unwrap()),
        },
        Value::String(text) => CelValue::String(Arc::new(text.clone())),
        Value::Array(items) => CelValue::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(fields) => CelValue::Map(cel::objects::Map { map: Arc::new(to_cel_fields(fields)) }),
    }
}

fn to_cel_fields(fields: &Map<String, Value>) -> HashMap<Key, CelValue> {
    fields.iter().map(|(name, value)| (Key::String(Arc::new(name.clone())), to_cel(value))).collect()
}

fn map(fields: HashMap<Key, CelValue>) -> CelValue {
    CelValue::Map(cel::objects::Map { map: Arc::new(fields) })
}

/// What the other implementation says; its errors are our unknown.
fn cel_truth(text: &str, person: &Person) -> (Truth, String) {
    let mut env = Env::stdlib();
    cel::extensions::strings(&mut env).unwrap();
    let env = Arc::new(env);
    let program = env.compile(text).unwrap_or_else(|error| panic!("cel does not read {text}: {error}"));
    let mut context = Context::with_env(env.clone());
    context.add_variable_from_value("profile", map(to_cel_fields(&person.traits)));
    let event = person.event().unwrap();
    let moment = env.compile(&format!("timestamp(\"{EVENT_TIME}\")")).unwrap().execute(&context).unwrap();
    let key = |name: &str| Key::String(Arc::new(name.into()));
    let text_value = |text: &str| CelValue::String(Arc::new(text.into()));
    context.add_variable_from_value(
        "event",
        map(HashMap::from([
            (key("name"), text_value(event.name)),
            (key("type"), text_value(event.kind)),
            (key("source"), text_value(event.source)),
            (key("time"), moment),
            (key("properties"), map(to_cel_fields(event.properties))),
        ])),
    );
    let consents = person.consents.clone();
    context
        .add_function("consent", move |channel: Arc<String>, topic: Arc<String>| {
            consents
                .iter()
                .find(|(c, t, _)| *c == channel.as_str() && *t == topic.as_str())
                .map(|(_, _, yes)| *yes)
                .ok_or_else(|| ExecutionError::function_error("consent", "never said"))
        })
        .unwrap();
    match program.execute(&context) {
        Ok(CelValue::Bool(value)) => (value.into(), String::new()),
        Ok(other) => panic!("{text} is {other:?}"),
        Err(error) => (Truth::Unknown, error.to_string()),
    }
}

fn agree(text: &str, person: &Person) {
    let condition = Condition::parse(text, &Schema::open()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let ours = condition.evaluate(person);
    let (theirs, error) = cel_truth(text, person);
    assert_eq!(ours, theirs, "{text}\nover {person:?}\ncel says {error}");
    let again = Condition::parse(condition.text(), &Schema::open()).unwrap();
    assert_eq!(again.evaluate(person), ours);
    assert_eq!(again.sentence(), condition.sentence());
}

fn letters() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec!['a', 'b', 'A', 'Z', 'é', ' ', '"', '\'', '\\', '\n']),
        0..4,
    )
    .prop_map(|letters| letters.into_iter().collect())
}

fn written(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// Large numbers are far from every double that is generated: comparing the two kinds the `cel` crate rounds, while the
/// language (and our own test beside the code) wants it exact.
fn small() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3_i64..4, 1 => prop::sample::select(vec![i64::MAX, i64::MIN, i64::MAX / 2])]
}

fn half() -> impl Strategy<Value = f64> {
    (-6_i32..7).prop_map(|n| f64::from(n) / 2.0)
}

fn time() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        EVENT_TIME,
        "2026-03-01T10:30:00+01:00",
        "2025-12-31T23:59:59Z",
        "2026-03-01T09:30:00.001Z",
    ])
}

type Text = BoxedStrategy<String>;

fn name(names: &'static [&'static str]) -> Text {
    prop::sample::select(names.to_vec()).prop_map(Into::into).boxed()
}

fn binary(operators: &'static [&'static str], left: Text, right: Text) -> Text {
    (left, prop::sample::select(operators.to_vec()), right)
        .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"))
        .boxed()
}

fn int(depth: u32) -> Text {
    let leaf = prop_oneof![
        small().prop_map(|n| n.to_string()),
        name(&["profile.i", "profile[\"j\"]", "event.properties.i", "0x10"]),
    ]
    .boxed();
    if depth == 0 {
        return leaf;
    }
    let inner = int(depth - 1);
    prop_oneof![
        3 => leaf,
        2 => binary(&["+", "-", "*", "/", "%"], inner.clone(), inner.clone()).prop_map(|e| format!("({e})")),
        1 => inner.prop_map(|e| format!("-({e})")),
        1 => text(depth - 1).prop_map(|e| format!("size({e})")),
        1 => name(&["profile.texts.size()", "size(profile.ints)", "size(profile.o)"]),
    ]
    .boxed()
}

fn double(depth: u32) -> Text {
    let leaf = prop_oneof![half().prop_map(|n| format!("{n:?}")), name(&["profile.d", "event.properties.d"])]
        .boxed();
    if depth == 0 {
        return leaf;
    }
    let inner = double(depth - 1);
    prop_oneof![
        3 => leaf,
        // Division of a double by zero is unknown here and infinite there: the divisor is a number that is not zero.
        2 => binary(&["+", "-", "*"], inner.clone(), inner.clone()).prop_map(|e| format!("({e})")),
        1 => inner.prop_map(|e| format!("({e} / 2.5)")),
    ]
    .boxed()
}

fn text(depth: u32) -> Text {
    let leaf = prop_oneof![
        letters().prop_map(|text| written(&text)),
        name(&["profile.t", "profile.o.t", "event.properties.t", "event.name", "event.source", "event.type"]),
    ]
    .boxed();
    if depth == 0 {
        return leaf;
    }
    prop_oneof![
        3 => leaf,
        1 => (text(depth - 1), name(&["lowerAscii()", "upperAscii()"])).prop_map(|(e, method)| format!("({e}).{method}")),
        1 => (truth(depth - 1), text(depth - 1), text(depth - 1)).prop_map(|(c, yes, no)| format!("(({c}) ? {yes} : {no})")),
    ]
    .boxed()
}

fn moment() -> Text {
    prop_oneof![
        time().prop_map(|text| format!("timestamp(\"{text}\")")),
        name(&["event.time", "timestamp(profile.when)"]),
    ]
    .boxed()
}

fn truth(depth: u32) -> Text {
    const ALL: &[&str] = &["==", "!=", "<", "<=", ">", ">="];
    let leaf = name(&[
        "true",
        "false",
        "profile.b",
        "has(profile.t)",
        "has(profile.i)",
        "has(event.properties.t)",
        "consent(\"email\", \"offers\")",
        "consent(\"sms\", \"news\")",
    ]);
    if depth == 0 {
        return leaf;
    }
    let down = depth - 1;
    let inner = truth(down);
    let grouped = inner.clone().prop_map(|e| format!("({e})")).boxed();
    prop_oneof![
        1 => leaf,
        3 => binary(&["&&", "||"], inner.clone(), inner.clone()),
        2 => binary(&["&&", "||"], grouped.clone(), grouped.clone()),
        1 => grouped.clone().prop_map(|e| format!("!{e}")),
        1 => grouped.clone().prop_map(|e| format!("!!{e}")),
        2 => binary(ALL, int(down), int(down)),
        2 => binary(ALL, double(down), double(down)),
        2 => binary(ALL, int(down), double(down)),
        2 => binary(ALL, text(down), text(down)),
        1 => binary(ALL, moment(), moment()),
        1 => binary(ALL, grouped.clone(), grouped.clone()),
        2 => (text(down), name(&["startsWith", "endsWith", "contains"]), text(down))
            .prop_map(|(whole, test, part)| format!("({whole}).{test}({part})")),
        1 => (text(down), prop::collection::vec(letters().prop_map(|t| written(&t)), 0..3))
            .prop_map(|(needle, items)| format!("{needle} in [{}]", items.join(", "))),
        1 => (int(down), prop::collection::vec(small(), 0..3))
            .prop_map(|(needle, items)| format!("{needle} in {items:?}")),
        1 => binary(&["in"], text(down), name(&["profile.texts", "profile.o", "event.properties"])),
        1 => binary(&["in"], int(down), name(&["profile.ints"])),
        1 => name(&["profile.texts == profile.texts", "profile.ints == [1, 2]", "profile.ints != [1, 2.5]", "profile.o == profile.o"]),
        1 => (grouped.clone(), inner.clone(), inner).prop_map(|(c, yes, no)| format!("({c} ? {yes} : {no})")),
    ]
    .boxed()
}

fn everything() -> impl Strategy<Value = Person> {
    let profile = (letters(), small(), small(), half(), any::<bool>(), letters(), time());
    let lists = (prop::collection::vec(letters(), 0..3), prop::collection::vec(small(), 0..3));
    let event = (letters(), small(), half());
    let consents = (any::<bool>(), any::<bool>());
    (profile, lists, event, consents).prop_map(|((t, i, j, d, b, inner, when), (texts, ints), (et, ei, ed), (mail, sms))| Person {
        traits: object(json!({
            "t": t, "i": i, "j": j, "d": d, "b": b, "o": {"t": inner, "a": 1}, "when": when, "texts": texts, "ints": ints,
        })),
        event: Some(object(json!({"t": et, "i": ei, "d": ed}))),
        event_name: "aZ",
        consents: vec![("email", "offers", mail), ("sms", "news", sms)],
    })
}

/// The same with holes.
fn holes() -> impl Strategy<Value = Person> {
    (everything(), prop::collection::vec(prop::bool::weighted(0.6), 14)).prop_map(|(mut person, kept)| {
        let mut kept = kept.into_iter();
        person.traits.retain(|_, _| kept.next().unwrap_or(true));
        if let Some(properties) = &mut person.event {
            properties.retain(|_, _| kept.next().unwrap_or(true));
        }
        person.consents.retain(|_| kept.next().unwrap_or(true));
        person
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_every_value_there(text in truth(3), person in everything()) {
        agree(&text, &person);
    }

    #[test]
    fn with_values_missing(text in truth(3), person in holes()) {
        agree(&text, &person);
    }
}

#[test]
fn a_missing_key_is_an_error_there_and_unknown_here() {
    let person = Person { traits: Map::new(), ..Person::ann() };
    for text in [
        "profile.t == \"a\"",
        "profile.o.t == \"a\"",
        "!(profile.t == \"a\")",
        "profile.t == \"a\" && true",
        "profile.t == \"a\" || false",
        "\"a\" in profile.texts",
        "profile.t.startsWith(\"a\")",
        "size(profile.t) == 0",
        "event.properties.t == \"a\"",
        "consent(\"push\", \"offers\")",
    ] {
        let condition = Condition::parse(text, &Schema::open()).unwrap();
        assert_eq!(condition.evaluate(&person), Truth::Unknown, "{text}");
        assert_eq!(cel_truth(text, &person).0, Truth::Unknown, "{text}");
    }
    for (text, expected) in [
        ("profile.t == 1 && false", Truth::False),
        ("profile.t == 1 || true", Truth::True),
        ("has(profile.t)", Truth::False),
    ] {
        agree(text, &person);
        assert_eq!(cel_truth(text, &person).0, expected, "{text}");
    }
}
