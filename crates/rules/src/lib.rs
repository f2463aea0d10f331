//! The condition language: a strict subset of CEL with our own parser and a typed form that is made once.
//!
//! A text becomes a [`Condition`] (true, false or unknown) or an [`Expression`] (a value). Both are checked against a
//! [`Schema`], evaluated over a [`Subject`], and a condition says itself as a sentence. What is missing is *unknown*,
//! and unknown never counts as true. Evaluation does no IO, reads no clock and ends in time linear in the condition
//! and the data that it looks at. The reference for people is `docs/guide/conditions.md`.

mod amount;
mod calendar;
mod canonical;
mod change;
mod checks;
mod condition;
mod contradiction;
mod effect;
mod error;
mod evaluate;
mod functions;
mod inputs;
mod interest;
mod ir;
mod kinds;
mod lexer;
mod names;
mod number;
mod parser;
mod review;
mod schema;
mod sentence;
mod sequence;
mod sequence_syntax;
mod series_spec;
mod subject;
mod text;
mod value;
mod window;
mod window_syntax;
mod window_words;
mod words;

pub use amount::Amount;
pub use condition::{Clause, Condition, Expression};
pub use effect::{Effect, Fact, Likely};
pub use error::RuleError;
pub use inputs::Inputs;
pub use interest::Interest;
pub use kinds::Type;
pub use review::{Mention, Mentioned, Review};
pub use schema::Schema;
pub use series_spec::SeriesSpec;
pub use subject::{EventView, Remembered, Subject, Truth};
