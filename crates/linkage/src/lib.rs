//! Which records are of one person, and which people are of one household.
//!
//! Record linkage after Fellegi and Sunter ("A Theory for Record Linkage", 1969): what two records have in common is evidence that they
//! are of one person, what they differ in is evidence against it, and how much each weighs is learned from the data themselves, without
//! any pair that somebody has looked at (by EM, as in Winkler 1988 and in fastLink, Enamorado et al. 2019). Agreement on a rare value
//! weighs more than on a frequent one. Between "one person" and "strangers" there is a third class, "one household": couples, twins, and
//! father and son share much and are not one person.
//!
//! The way through the crate, in order:
//!
//! 1. [`csv`] or [`table::TableBuilder`]: columns to dictionary-encoded records ([`table::Table`]); equal records become one node.
//! 2. [`candidates`]: which pairs are worth a comparison.
//! 3. [`comparison`]: how the two records of a pair compare, field by field.
//! 4. [`train`]: what each level of each field weighs ([`model::Model`]).
//! 5. [`score`]: pairs that are likely enough to matter.
//! 6. [`cluster`]: people; [`review`]: what a human should decide; [`household`]: households of people.
//! 7. [`live`] and [`household::live`]: records that come, change and go one by one, with the same answer.
//!
//! The crate knows no other room and does no IO but reading and writing CSV through `Read` and `Write`. It reads no clock.

mod arrange;
pub mod candidates;
pub mod cluster;
pub mod comparison;
pub mod csv;
pub mod decisions;
pub mod dictionary;
pub mod explain;
pub mod fields;
mod glance;
pub mod household;
pub mod intake;
pub mod layout;
pub mod linkage;
pub mod live;
pub mod model;
pub mod postings;
pub mod recipe;
pub mod review;
pub mod score;
pub mod settings;
pub mod sketch;
pub mod table;
mod threads;
pub mod train;
pub mod warnings;

pub use linkage::{Linkage, link};
pub use model::Model;
pub use settings::Settings;
pub use table::{Table, TableBuilder};
