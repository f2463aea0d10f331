//! Contracts: whether an event is what its source promised, and if not, why, in words.

use crate::{
    fault::Fault,
    nearest::{did_you_mean, listed, nearest, shown},
};
use crowsnest_model::{
    Event, EventKind, Object, Time, contact,
    definition::{Catalogue, Contract, EventContract, FieldContract, ValueType, Violation},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Checks one event against the contract of its source. Only events that the contract says something about are read.
pub(crate) fn check(
    contract: &Contract,
    event: &Event,
    country: Option<phonenumber::country::Id>,
) -> Result<(), Fault> {
    if let (EventKind::Track, Some(name)) = (event.kind, event.name.as_deref()) {
        match contract.events.get(name) {
            Some(expected) if expected.properties.is_empty() => {}
            Some(expected) => check_properties(name, expected, &event.properties_object(), country)?,
            None if contract.unknown_events == Violation::Quarantine => {
                let known = || contract.events.keys().map(String::as_str);
                return Err(Fault::new(
                    "contract",
                    format!(
                        "the contract `{}` knows no event `{}`{}; it knows {}",
                        contract.name,
                        shown(name),
                        did_you_mean(name, known()),
                        listed(known()),
                    ),
                ));
            }
            None => {}
        }
    }
    if !contract.traits.is_empty() {
        // Only somebody who says who a person is can owe a trait; others may mention some in passing.
        let owed = event.kind == EventKind::Identify;
        check_fields("trait", "the person", &contract.traits, &event.traits, owed, country)?;
    }
    Ok(())
}

/// Checks what is said of an item against its catalogue, which knows no fields but its own.
pub(crate) fn check_item(
    catalogue: &Catalogue,
    fields: &Object,
    country: Option<phonenumber::country::Id>,
) -> Result<(), Fault> {
    let known = || catalogue.fields.keys().map(String::as_str);
    if let Some(other) = fields.keys().find(|name| !catalogue.fields.contains_key(*name)) {
        return Err(Fault::new(
            "contract",
            format!(
                "the catalogue `{}` knows no field `{}`{}; it knows {}",
                catalogue.name,
                shown(other),
                did_you_mean(other, known()),
                listed(known()),
            ),
        ));
    }
    let of = format!("an item of `{}`", catalogue.name);
    check_fields("field", &of, &catalogue.fields, fields, true, country)
}

fn check_properties(
    name: &str,
    expected: &EventContract,
    properties: &Object,
    country: Option<phonenumber::country::Id>,
) -> Result<(), Fault> {
    check_fields("property", &format!("`{name}`"), &expected.properties, properties, true, country)
}

fn check_fields(
    what: &str,
    of: &str,
    fields: &BTreeMap<String, FieldContract>,
    values: &Object,
    owed: bool,
    country: Option<phonenumber::country::Id>,
) -> Result<(), Fault> {
    for (name, field) in fields {
        let broken = match values.get(name).filter(|value| !value.is_null()) {
            Some(value) => breach(field, value, country),
            None if field.required && owed => {
                let undeclared = values.keys().map(String::as_str).filter(|key| !fields.contains_key(*key));
                let near = nearest(name, undeclared)
                    .map_or_else(String::new, |near| format!("; there is `{}`, is that it?", shown(near)));
                Some(format!("expected {}, but it is missing{near}", kind_in_words(field.kind)))
            }
            None => None,
        };
        if let Some(broken) = broken {
            return Err(Fault::new("contract", format!("{what} `{name}` of {of}: {broken}")));
        }
    }
    Ok(())
}

/// How a value breaks its contract, if it does.
fn breach(field: &FieldContract, value: &Value, country: Option<phonenumber::country::Id>) -> Option<String> {
    let came = || {
        // What is private stays out of the words, which travel further than the bytes that are kept.
        let private = matches!(field.class.as_deref(), Some("personal" | "sensitive"))
            || matches!(field.kind, ValueType::Email | ValueType::Phone);
        value_in_words(value, private)
    };
    if !is_of(field.kind, value, country) {
        return Some(format!("expected {}, but {} came", kind_in_words(field.kind), came()));
    }
    if let Some(number) = value.as_f64() {
        if let Some(minimum) = field.minimum.filter(|minimum| number < *minimum) {
            return Some(format!("expected at least {minimum}, but {} came", came()));
        }
        if let Some(maximum) = field.maximum.filter(|maximum| number > *maximum) {
            return Some(format!("expected at most {maximum}, but {} came", came()));
        }
    }
    if !field.one_of.is_empty() && !field.one_of.iter().any(|allowed| same(allowed, value)) {
        let allowed: Vec<String> = field.one_of.iter().map(plain).collect();
        let near = value.as_str().map_or_else(String::new, |text| {
            did_you_mean(text, field.one_of.iter().filter_map(Value::as_str))
        });
        return Some(format!(
            "expected one of {}, but {} came{near}",
            listed(allowed.iter().map(String::as_str)),
            came()
        ));
    }
    None
}

fn is_of(kind: ValueType, value: &Value, country: Option<phonenumber::country::Id>) -> bool {
    let text = value.as_str();
    match kind {
        ValueType::Text => value.is_string(),
        ValueType::Integer => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        ValueType::Number => value.is_number(),
        ValueType::Boolean => value.is_boolean(),
        ValueType::Date => text.is_some_and(is_day),
        ValueType::Time => text.is_some_and(|t| t.parse::<Time>().is_ok()),
        ValueType::Email => text.is_some_and(|t| contact::email(t).is_ok()),
        ValueType::Phone => text.is_some_and(|t| contact::phone(t, country).is_ok()),
        ValueType::List => value.is_array(),
        ValueType::Object => value.is_object(),
    }
}

/// A day of the calendar, or one without its year, as of a birthday: `--02-29`.
fn is_day(text: &str) -> bool {
    let day = |text: &str| text.len() == 10 && crate::moment::day(text, None).is_some();
    day(text) || text.strip_prefix("--").is_some_and(|rest| day(&format!("2000-{rest}")))
}

/// Equal, where 1 and 1.0 are one number.
fn same(allowed: &Value, value: &Value) -> bool {
    allowed == value
        || matches!((allowed.as_f64(), value.as_f64()), (Some(a), Some(b)) if a.total_cmp(&b).is_eq())
}

fn kind_in_words(kind: ValueType) -> &'static str {
    match kind {
        ValueType::Text => "a text",
        ValueType::Integer => "a whole number",
        ValueType::Number => "a number",
        ValueType::Boolean => "true or false",
        ValueType::Date => "a day such as 2026-03-01, or --03-01 without its year",
        ValueType::Time => "a moment such as 2026-03-01T09:30:00Z",
        ValueType::Email => "an e-mail address",
        ValueType::Phone => "a telephone number",
        ValueType::List => "a list",
        ValueType::Object => "an object",
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn value_in_words(value: &Value, private: bool) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(yes) => yes.to_string(),
        Value::Number(_) if private => "a number".into(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if private => format!("a text of {} characters", text.chars().count()),
        Value::String(text) => format!("the text `{}`", shown(text)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".into(),
    }
}
