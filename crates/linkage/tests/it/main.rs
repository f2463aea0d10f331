//! Tests of record linkage through its public surface.

mod fields;
