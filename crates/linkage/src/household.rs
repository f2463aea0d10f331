//! Households: a second layer over people, which never merges them.

use crate::settings::Settings;
use crate::table::Table;

/// The household of each record.
pub fn households(_table: &Table, people: &[u32], _count: usize, _settings: &Settings) -> Vec<u32> {
    people.to_vec()
}
