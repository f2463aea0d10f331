//! `contract:`

use super::{Findings, Spot, value};
use crate::problem::{did_you_mean, listed, quoted};
use crowsnest_model::definition::{Contract, FieldContract, ValueType};
use serde_json::Value;
use std::collections::BTreeMap;

const CLASSES: [&str; 3] = ["personal", "sensitive", "internal"];

pub(super) fn check(contract: &Contract, spot: Spot<'_>, findings: &mut Findings) {
    fields(&contract.traits, spot.at("traits"), findings);
    for (name, event) in &contract.events {
        value::filled(name, spot.at("events").at(name), findings);
        fields(&event.properties, spot.at("events").at(name).at("properties"), findings);
    }
}

pub(super) fn fields(fields: &BTreeMap<String, FieldContract>, all: Spot<'_>, findings: &mut Findings) {
    for (name, field) in fields {
        let spot = all.at(name);
        let is_number = matches!(field.kind, ValueType::Integer | ValueType::Number);
        for (word, given) in [("minimum", field.minimum), ("maximum", field.maximum)] {
            if given.is_some() && !is_number {
                findings.misplaced(spot, word, format!("`{word}` is for `integer` and `number` only"));
            }
        }
        if let (Some(minimum), Some(maximum)) = (field.minimum, field.maximum)
            && minimum > maximum
        {
            findings.problem(
                spot.at("maximum"),
                format!("the maximum {maximum} is less than the minimum {minimum}"),
            );
        }
        for (index, one) in field.one_of.iter().enumerate() {
            if !fits(field.kind, one) {
                let message = format!("{one} is not of the type that the field has");
                findings.problem(spot.at("enum").item(index), message);
            }
        }
        if let Some(class) = &field.class
            && !CLASSES.contains(&class.as_str())
        {
            let message = format!("unknown word {}; expected one of {}", quoted(class), listed(CLASSES));
            findings.problem_hint(spot.at("class"), message, did_you_mean(class, CLASSES));
        }
    }
}

/// Whether a value can be of a type.
fn fits(kind: ValueType, value: &Value) -> bool {
    match kind {
        ValueType::Integer => value.is_i64() || value.is_u64(),
        ValueType::Number => value.is_number(),
        ValueType::Boolean => value.is_boolean(),
        ValueType::List => value.is_array(),
        ValueType::Object => value.is_object(),
        ValueType::Text | ValueType::Date | ValueType::Time | ValueType::Email | ValueType::Phone => {
            value.is_string()
        }
    }
}
