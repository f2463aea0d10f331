//! Who is probably the same? Record linkage for people whose identifiers do not settle it.

pub mod fields;
