//! What users of the crate rely on.

mod bad;
mod decisions;
mod live;
mod people;
mod world;
