//! What people do with conditions, file by file.

#![expect(clippy::unwrap_used, reason = "in a test a surprise should end it where it happens")]

mod agreement;
mod amounts;
mod arbitrary_text;
mod calendar;
mod changes;
mod customer;
mod errors;
mod evaluation;
mod explanations;
mod granularity;
mod households;
mod items;
mod oracle;
mod person;
mod reference;
mod review;
mod sentences;
mod sequences;
mod windows;
