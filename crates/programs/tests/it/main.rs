//! The decisions of programs and broadcasts, as pure functions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod dates;
mod policy;
mod policy_laws;
mod selection;
mod steps;
mod walk;
