//! `catalogue:`, and the feeds whose rows are its items.

use super::{Findings, Scene, Spot, contract, feed::Columns, value};
use crate::{
    Kind,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::{
    definition::{Catalogue, Feed, FieldMap, FieldType, IdenticalRows, ValueType},
    item::GIVEN,
};

pub(super) fn check(catalogue: &Catalogue, spot: Spot<'_>, findings: &mut Findings) {
    let all = spot.at("fields");
    if catalogue.fields.is_empty() {
        findings.problem(all, "nothing is known of an item: expected at least one field");
    }
    for name in catalogue.fields.keys() {
        value::filled(name, all.at(name), findings);
        if GIVEN.contains(&name.as_str()) {
            let message = format!("every item has {} of itself: give the field another name", quoted(name));
            findings.misplaced(all, name, message);
        }
    }
    contract::fields(&catalogue.fields, all, findings);
}

/// What belongs to feeds of catalogues stands in no other.
pub(super) fn not_of_one(feed: &Feed, spot: Spot<'_>, findings: &mut Findings) {
    for (word, given) in
        [("item", feed.item.is_some()), ("fields", !feed.fields.is_empty()), ("complete", feed.complete)]
    {
        if given {
            findings.misplaced(spot, word, format!("`{word}` belongs to a feed of a `catalogue`"));
        }
    }
}

/// A feed whose rows are items.
pub(super) fn feed(
    feed: &Feed,
    name: &str,
    spot: Spot<'_>,
    columns: Columns<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    for (word, given) in [
        ("identifiers", !feed.identifiers.is_empty()),
        ("traits", !feed.traits.is_empty()),
        ("consents", !feed.consents.is_empty()),
        ("event", feed.event.is_some()),
        ("properties", !feed.properties.is_empty()),
        ("feedback", feed.feedback.is_some()),
        ("row_id", !feed.row_id.is_empty()),
        ("identical_rows", feed.identical_rows != IdenticalRows::Same),
    ] {
        if given {
            let message =
                format!("`{word}` is about events, and the rows of this feed are items of a catalogue");
            findings.misplaced(spot, word, message);
        }
    }
    match &feed.item {
        Some(field) => columns.must_have(field, spot.at("item"), findings),
        None => findings.problem(spot, "`item` is missing: which field is the key of an item?"),
    }
    if !scene.must_exist(Kind::Catalogue, name, spot.at("catalogue"), findings) {
        return;
    }
    let Some(catalogue) = scene.workspace.catalogues.get(name) else { return };
    let all = spot.at("fields");
    let known = || catalogue.fields.keys().map(String::as_str);
    for (field, map) in &feed.fields {
        match catalogue.fields.get(field) {
            None => {
                let message = format!(
                    "the catalogue {} has no field {}; it has {}",
                    quoted(name),
                    quoted(field),
                    listed(known())
                );
                let hint = did_you_mean(field, known());
                findings.problem_at(spot.document.path, all.key(field), message, hint);
            }
            Some(declared) if !fits(map, declared.kind) => {
                let message = format!(
                    "{} is not of the type that it has in the catalogue {}",
                    quoted(field),
                    quoted(name)
                );
                findings.problem(all.at(field), message);
            }
            Some(_) => {}
        }
    }
    for (field, declared) in &catalogue.fields {
        if declared.required && !feed.fields.contains_key(field) {
            let message = format!(
                "the catalogue {} requires {}, so every row would go to the quarantine: say which field it is",
                quoted(name),
                quoted(field)
            );
            findings.problem(all, message);
        }
    }
    if feed.complete {
        only_list(feed, name, spot, scene, findings);
    }
}

/// Two feeds that each list all items would take away each other's.
fn only_list(feed: &Feed, name: &str, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let lists = scene
        .workspace
        .sources
        .values()
        .flat_map(|source| source.feeds.iter().map(move |(feed, about)| (source, feed, about)))
        .filter(|(_, _, about)| about.complete && about.catalogue.as_deref() == Some(name));
    let mut others = lists.filter(|(_, _, about)| !std::ptr::eq(*about, feed));
    if let Some((source, other, _)) = others.next() {
        let message = format!(
            "the feed {} of the source {} lists all items of {} too: what one does not have would be gone with it",
            quoted(other),
            quoted(&source.name),
            quoted(name)
        );
        findings.problem(spot.at("complete"), message);
    }
}

/// Whether what a field is read as can be of the type that the catalogue declares.
fn fits(map: &FieldMap, declared: ValueType) -> bool {
    // What a code means, and what JSON in a cell says, is known only with the row.
    if !map.values.is_empty() {
        return true;
    }
    match map.kind {
        FieldType::Json => true,
        FieldType::Text => declared == ValueType::Text,
        FieldType::Integer => matches!(declared, ValueType::Integer | ValueType::Number),
        FieldType::Number | FieldType::Money => declared == ValueType::Number,
        FieldType::Boolean => declared == ValueType::Boolean,
        FieldType::Date => matches!(declared, ValueType::Date | ValueType::Text),
        FieldType::Time => matches!(declared, ValueType::Time | ValueType::Text),
        FieldType::Phone => matches!(declared, ValueType::Phone | ValueType::Text),
        FieldType::Email => matches!(declared, ValueType::Email | ValueType::Text),
    }
}
