//! One new record against all that are known.
