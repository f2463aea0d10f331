use super::FieldContract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `catalogue: cars`: things that people care about, such as cars, with what is true of each just now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Its name.
    #[serde(rename = "catalogue")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is known of an item, by name. An item has no others.
    pub fields: BTreeMap<String, FieldContract>,
}
