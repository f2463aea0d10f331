//! What comes in from outside, and what becomes of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
#![expect(clippy::result_large_err, reason = "rejections are what these tests look at")]

mod contracts;
mod feeds;
mod hostile;
mod items;
mod redriven;
mod wire;
mod world;
