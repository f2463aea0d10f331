//! The reference page says what the language does: its examples are read, and their sentences compared.

use crowsnest_model::series::Granularity;
use crowsnest_rules::{Condition, Schema, Type};

const PAGE: &str = include_str!("../../../../docs/guide/conditions.md");

/// What the page says is declared in its examples.
fn schema() -> Schema {
    Schema::open()
        .with_profile_trait("tags", Type::List)
        .with_profile_trait("renews", Type::Time)
        .with_profile_trait("address", Type::Object)
        .with_metric("orders_in_a_year", "count(\"Order Completed\", within(\"365d\"))", Granularity::Exact)
        .with_other_traits()
}

#[test]
fn every_example_says_its_sentence() {
    let mut examples = 0;
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("```cel\n") {
        let (text, after) = after.split_once("```\n").expect("a block has an end");
        let sentence = after.trim_start().lines().next().and_then(|line| line.strip_prefix("> "));
        let condition = Condition::parse(text, &schema()).unwrap_or_else(|error| panic!("{text}{error}"));
        assert_eq!(Some(condition.sentence().as_str()), sentence, "under\n{text}");
        examples += 1;
        rest = after;
    }
    assert!(examples >= 30, "only {examples} examples");
}

#[test]
fn every_refused_example_is_refused_in_these_words() {
    let mut examples = 0;
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("```cel-error\n") {
        let (text, after) = after.split_once("```\n").expect("a block has an end");
        let message = after.trim_start().lines().next().and_then(|line| line.strip_prefix("> "));
        let error = Condition::parse(text.trim_end(), &schema()).expect_err(text);
        assert_eq!(Some(error.to_string().as_str()), message, "under\n{text}");
        examples += 1;
        rest = after;
    }
    assert!(examples >= 4, "only {examples} refused examples");
}
