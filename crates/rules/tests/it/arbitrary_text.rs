//! No text, however odd, does more than give an error.

use crate::person::Person;
use crowsnest_rules::{Condition, Expression, Schema, Type};
use proptest::prelude::*;

/// Texts made of the language's own pieces, which go deeper than random letters.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "profile",
        ".tier",
        ".tags",
        "[\"a b\"]",
        "event",
        ".name",
        ".properties",
        ".x",
        ".time",
        "consent(",
        "has(",
        "size(",
        "timestamp(",
        ".startsWith(",
        ".contains(",
        ".lowerAscii()",
        ".size()",
        "\"email\"",
        "\"offers\"",
        "'a'",
        "1",
        "0x1f",
        "2.5",
        "-",
        "!",
        "(",
        ")",
        "[",
        "]",
        ",",
        "==",
        "!=",
        "<",
        ">=",
        "&&",
        "||",
        " in ",
        "+",
        "/",
        "%",
        "?",
        ":",
        "true",
        "false",
        "null",
        " ",
        "\n",
        "//",
        "é",
        "\"",
        "\\",
        "9223372036854775808",
        "\"2026-03-01T00:00:00Z\"",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn read(text: &str) {
    let schema = Schema::open().with_profile_trait("tier", Type::Text).with_profile_trait("tags", Type::List);
    for schema in [Schema::open(), schema] {
        match Condition::parse(text, &schema) {
            Ok(condition) => {
                condition.evaluate(&Person::ann());
                assert!(!condition.sentence().is_empty());
                assert!(!condition.explain(&Person::ann()).is_empty());
            }
            Err(error) => {
                let line = text.split('\n').nth(error.line - 1).expect("the line is in the text");
                assert!(error.column <= line.chars().count() + 1, "{text:?}: {error}");
            }
        }
        if let Ok(expression) = Expression::parse(text, &schema) {
            expression.value(&Person::ann());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_letters(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn random_pieces(text in soup()) {
        read(&text);
    }
}
