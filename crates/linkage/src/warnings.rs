//! What is odd about the data, said with the column's name.

use serde::Serialize;

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

/// What is odd about the values of a table.
pub fn of_table(table: &crate::table::Table) -> Vec<Warning> {
    let _ = table;
    Vec::new()
}
