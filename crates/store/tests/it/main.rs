//! The store: one conformance suite for every implementation, and what is particular to each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[macro_use]
mod conformance;
mod golden;
mod plans;
mod sqlite;
mod words;

fn sqlite_store() -> words::Sqlite {
    words::Sqlite::new()
}

conformance_suite!(sqlite_store);
