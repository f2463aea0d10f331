//! Tests of record linkage through its public surface.

mod bad;
mod decisions;
mod edges;
mod fields;
mod homes;
mod households;
mod live;
mod people;
mod threads;
mod world;
