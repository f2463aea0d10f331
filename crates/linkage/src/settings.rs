//! What a user may set. Everything has a default that works without being told.

use crate::fields::{FieldKind, Key};
use serde::{Deserialize, Serialize};

/// How records are to be linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What columns are about, where their names do not tell.
    pub columns: Vec<ColumnSetting>,
    /// The country whose customs hold (`DE`, `GB` …); without it, those of several countries are understood.
    pub country: Option<String>,
    /// What candidates are found by; without it, the built-in recipes.
    pub recipes: Option<Vec<RecipeSetting>>,
    /// The largest block whose records are all compared with each other; larger ones are refined.
    pub block_cap: usize,
    /// From this on, two groups of records are one person (log2 of the odds; 0 is as likely as not).
    pub match_threshold: f64,
    /// From this on, a pair is worth being looked at when clusters are made (log2 of the odds).
    pub edge_threshold: f64,
    /// Merges whose log2 odds are this near to the threshold are put before a human.
    pub review_band: f64,
    /// Components with more nodes than this are cut at a higher threshold first.
    pub component_cap: usize,
    /// Sources in which no person is twice.
    pub unique_sources: Vec<String>,
    /// So many people at one address need more than the address to be one household.
    pub household_cap: usize,
    /// From this on, two people are one household (log2 of the odds).
    pub household_threshold: f64,
    /// How many records the model is learned from, at most.
    pub training_records: usize,
    /// How many threads to use; 0 for as many as the machine has.
    pub threads: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            country: None,
            recipes: None,
            block_cap: 50,
            match_threshold: -1.0,
            edge_threshold: 0.0,
            review_band: 3.0,
            component_cap: 40,
            unique_sources: Vec::new(),
            household_cap: 8,
            household_threshold: 0.0,
            training_records: 40_000,
            threads: 0,
        }
    }
}

/// What one column is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSetting {
    /// The column's name, as in the file's first row.
    pub name: String,
    /// What it is about.
    pub role: Role,
}

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The record's own id, which comes back in the result.
    RecordId,
    /// Which source the record is from.
    Source,
    /// When the record was true last: by it the latest address is known.
    AsOf,
    /// Not used.
    Ignore,
    /// Compared, as this kind of field.
    #[serde(untagged)]
    Field(FieldKind),
}

/// One way of finding candidates: records that have all of its parts in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecipeSetting {
    /// What must be in common.
    pub parts: Vec<PartSetting>,
    /// The largest block of this recipe; without it, [`Settings::block_cap`].
    #[serde(default)]
    pub cap: Option<usize>,
}

/// A part of a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartSetting {
    /// The kind of field.
    pub field: FieldKind,
    /// What of it.
    pub key: Key,
}

impl Settings {
    /// Says what a column is about, whatever was said of it before.
    pub fn say(&mut self, column: &str, role: Role) {
        let name = column.trim();
        self.columns.retain(|known| !known.name.eq_ignore_ascii_case(name));
        self.columns.push(ColumnSetting { name: name.to_string(), role });
    }

    /// What was said of a column, by name in any case.
    pub fn role(&self, column: &str) -> Option<Role> {
        self.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column)).map(|c| c.role)
    }
}
