//! Made-up customers with dirty records, and how well and how fast they are matched.
//!
//! - [`lists`], [`places`] — names, streets and towns
//! - [`society`], [`contacts`] — people, who lives with whom, what they share, and what became of them ([`person`])
//! - [`habits`], [`clerk`], [`slips`], [`stamps`], [`record`] — what a source writes down about a person and when, and what goes wrong
//! - [`level`], [`traps`] — how dirty, and why a record is hard
//! - [`generate`] — the files
//! - [`counts`], [`answers`], [`score`] — how well somebody found out who is who

pub mod answers;
pub mod clerk;
pub mod contacts;
pub mod counts;
pub mod dice;
pub mod generate;
pub mod habits;
pub mod level;
pub mod lists;
pub mod person;
pub mod places;
pub mod record;
pub mod score;
pub mod slips;
pub mod society;
pub mod stamps;
pub mod traps;
