//! The HTTP interface, asked as a client would, without a network between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod collecting;
mod described;
mod house;
mod login;
