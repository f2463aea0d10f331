//! What comes in from outside, and what becomes of it.

mod contracts;
mod feeds;
mod hostile;
mod redriven;
mod wire;
mod world;
