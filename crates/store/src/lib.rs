//! The state of things: one trait, and its SQLite implementation. The only crate with SQL on state.
