//! The condition language: parse, type, evaluate, say as a sentence.
