//! What a human should decide.
