use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `contract: retail`: what a source's events must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Its name.
    #[serde(rename = "contract")]
    pub name: String,
    /// What happens with a track event that `events` does not list.
    #[serde(default = "accept")]
    pub unknown_events: Violation,
    /// The track events, by name.
    #[serde(default)]
    pub events: BTreeMap<String, EventContract>,
    /// The traits, by name.
    #[serde(default)]
    pub traits: BTreeMap<String, FieldContract>,
}

fn accept() -> Violation {
    Violation::Accept
}

/// What an event must look like.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventContract {
    /// What it means, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its properties, by name.
    #[serde(default)]
    pub properties: BTreeMap<String, FieldContract>,
}

/// What a property or trait must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldContract {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: ValueType,
    /// It must be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// A number must not be smaller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// A number must not be larger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// It must be one of these.
    #[serde(default, rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Value>,
    /// How private it is: `personal`, `sensitive` or `internal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// What it means, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// A text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day: `2026-03-01`.
    Date,
    /// A moment in RFC 3339.
    Time,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A list.
    List,
    /// An object.
    Object,
}

/// What happens with what breaks a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Violation {
    /// It is taken in.
    Accept,
    /// It waits in the quarantine, with its reason.
    Quarantine,
}
