//! What is odd about the data, said with the column's name.

use crate::fields::{self, FieldKind};
use crate::settings::{ColumnSetting, Role, Settings};
use crate::table::Table;
use serde::Serialize;
use std::collections::HashSet;

/// Something that a user should know about their data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The column or the key that it is about.
    pub column: String,
    /// What is odd and what was done about it.
    pub message: String,
}

impl Warning {
    /// A warning about a column.
    pub fn new(column: impl Into<String>, message: impl Into<String>) -> Self {
        Self { column: column.into(), message: message.into() }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.column, self.message)
    }
}

/// What names in settings nothing has, and records that go by one name.
pub fn of_names(settings: &Settings, headers: &[String], table: &Table) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for column in &settings.columns {
        if !headers.iter().any(|header| header.eq_ignore_ascii_case(column.name.trim())) {
            let message = format!(
                "no file has such a column, so what is said of it does nothing; they have {}",
                listed(headers)
            );
            warnings.push(Warning::new(&column.name, message));
        }
    }
    let says_when = |column: &&ColumnSetting| {
        column.role == Role::AsOf
            && headers.iter().any(|header| header.eq_ignore_ascii_case(column.name.trim()))
    };
    if let Some(column) = settings.columns.iter().find(says_when).filter(|_| table.as_of.is_empty()) {
        let message = "no moment could be read in it, so the latest address of nobody is known; expected such as 2021-03-09, 09.03.2021 or 1615298820";
        warnings.push(Warning::new(&column.name, message));
    }
    for source in &settings.unique_sources {
        if !table.source_names.contains(source) {
            let message = format!(
                "no record is of this source, in which nobody is twice; they are of {}",
                listed(&table.source_names)
            );
            warnings.push(Warning::new(source, message));
        }
    }
    if let Some(country) = settings.country.as_deref().filter(|country| !fields::is_country(country)) {
        let message = "no country of this name or code is known, so that those of several are understood; expected such as DE or Germany";
        warnings.push(Warning::new(country, message));
    }
    let mut seen: HashSet<&str, foldhash::fast::FixedState> =
        HashSet::with_capacity_and_hasher(table.records(), Default::default());
    let twice: Vec<&str> =
        (0..table.records()).map(|record| table.ids.get(record)).filter(|id| !seen.insert(*id)).collect();
    if let Some(first) = twice.first() {
        let message = format!(
            "{} records have the id of another one (the first: {first}), so that who is who cannot be told by it; make ids unique over all files",
            twice.len()
        );
        warnings.push(Warning::new("record_id", message));
    }
    warnings
}

/// Some names, with commas between.
fn listed(names: &[String]) -> String {
    const MOST: usize = 30;
    let more = if names.len() > MOST { ", …" } else { "" };
    format!("{}{more}", names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", "))
}

/// What is odd about the values of a table, column by column.
pub fn of_table(table: &Table) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let nodes = table.nodes();
    if nodes < 20 {
        return warnings;
    }
    for (domain, dictionary) in table.dictionaries.iter().enumerate() {
        let of = &table.layout.domains[domain];
        let mut warn = |message: String| warnings.push(Warning::new(&of.name, message));
        let held: u64 = dictionary.counts.iter().map(|&c| u64::from(c)).sum();
        let Some((most, &count)) =
            dictionary.counts.iter().enumerate().max_by_key(|(i, c)| (**c, usize::MAX - i))
        else {
            warn("empty, or nothing in it could be read; it says nothing".to_string());
            continue;
        };
        let share = f64::from(count) / held as f64;
        if dictionary.len() == 1 && held > 1 {
            warn("one value everywhere; it says nothing".to_string());
        } else if share > usual_share(of.kind) && count >= 20 {
            let value = place_of(&dictionary.value(most as u32 + 1).clean);
            warn(format!(
                "one value ({value}) is in {:.1} % of the records; as it is so frequent, sharing it says little",
                share * 100.0
            ));
        } else if held < nodes as u64 / 100 {
            warn(format!("only {:.2} % of the records have a value", held as f64 * 100.0 / nodes as f64));
        }
    }
    warnings
}

/// How large a part of the records may have one value before it looks like a default.
fn usual_share(kind: FieldKind) -> f64 {
    match kind {
        FieldKind::Forename | FieldKind::Surname => 0.1,
        FieldKind::BirthDate | FieldKind::Email | FieldKind::Phone | FieldKind::Identifier => 0.005,
        FieldKind::Street => 0.02,
        FieldKind::Postcode => 0.2,
        _ => 0.95,
    }
}

/// A value without what would tell of a person: its first letters and how long it is.
fn place_of(text: &str) -> String {
    let begins: String = text.chars().take(4).collect();
    format!("{begins}…, {} characters", text.chars().count())
}
