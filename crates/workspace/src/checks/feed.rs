//! The files of a source.

use super::{Findings, Scene, Spot, catalogue, value};
use crate::{
    Kind,
    condition::CONSENT_CHANNELS,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::{
    consent::EVERY_TOPIC,
    contact,
    definition::{
        ConsentMap, EventName, Feed, FeedbackMap, FieldMap, FieldType, Format, IdenticalRows, Source,
        Violation,
    },
    delivery::Feedback,
    money::Currency,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(
    feed: &Feed,
    source: &Source,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    format(feed, spot, findings);
    rows(feed, spot, findings);
    let columns = Columns(feed.columns.as_deref());
    if let Some(time) = &feed.time {
        let spot = spot.at("time");
        columns.must_have(&time.field, spot.at("field"), findings);
        if let Some(format) = &time.format
            && !matches!(format.as_str(), "unix" | "unix-ms")
        {
            findings.value(spot.at("format"), value::date_format(format));
        }
        if let Some(zone) = &time.time_zone {
            findings.value(spot.at("time_zone"), value::time_zone(zone));
        }
    }
    maps(&feed.fields, spot.at("fields"), columns, findings);
    if let Some(name) = &feed.catalogue {
        return catalogue::feed(feed, name, spot, columns, scene, findings);
    }
    catalogue::not_of_one(feed, spot, findings);
    if let Some(map) = &feed.feedback {
        return feedback(map, feed, spot, columns, findings);
    }
    if feed.identifiers.is_empty() {
        findings.problem(
            spot.at("identifiers"),
            "a row without an identifier is nobody's: expected at least one",
        );
    }
    for (word, fields) in
        [("identifiers", &feed.identifiers), ("traits", &feed.traits), ("properties", &feed.properties)]
    {
        maps(fields, spot.at(word), columns, findings);
    }
    for (index, consent) in feed.consents.iter().enumerate() {
        self::consent(consent, spot.at("consents").item(index), columns, scene, findings);
    }
    event(feed, source, spot, columns, scene, findings);
}

/// A feed whose rows say what came back on messages.
fn feedback(map: &FeedbackMap, feed: &Feed, spot: Spot<'_>, columns: Columns<'_>, findings: &mut Findings) {
    for (word, given) in [
        ("identifiers", !feed.identifiers.is_empty()),
        ("traits", !feed.traits.is_empty()),
        ("consents", !feed.consents.is_empty()),
        ("event", feed.event.is_some()),
        ("properties", !feed.properties.is_empty()),
    ] {
        if given {
            let message = format!(
                "`{word}` is about events, and the rows of this feed say what came back on messages (`feedback`)"
            );
            findings.misplaced(spot, word, message);
        }
    }
    let spot = spot.at("feedback");
    columns.must_have(&map.delivery, spot.at("delivery"), findings);
    if let Some(said) = &map.said {
        columns.must_have(said, spot.at("said"), findings);
    }
    let what = spot.at("what");
    columns.must_have(&map.what.field, what.at("field"), findings);
    let mut seen: BTreeMap<String, Feedback> = BTreeMap::new();
    for (word, meaning) in map.what.meanings() {
        if word.is_empty() {
            findings.problem(what, "a word that says what came back is not empty");
        } else if seen.insert(word.to_lowercase(), meaning).is_some() {
            findings.problem(what, format!("{} is listed twice", quoted(word)));
        }
    }
    if seen.is_empty() {
        let message = "which words say what came back: expected `bounced_for_good`, `bounced_for_now`, `complained` or \
                       `replied`, each with its words";
        findings.problem(what, message);
    }
}

/// The file itself.
fn format(feed: &Feed, spot: Spot<'_>, findings: &mut Findings) {
    match (&feed.record, feed.format) {
        (None, Format::Xml) => {
            let message = "`record` is missing: XML needs the path of the element that is one record, such as /orders/order";
            findings.problem(spot, message);
        }
        (Some(_), Format::Csv | Format::Jsonl) => {
            findings.misplaced(spot, "record", "`record` is for `format: xml` only");
        }
        (Some(path), Format::Xml) => {
            let steps = path.strip_prefix('/').unwrap_or_default();
            if steps.split('/').any(|step| step.trim().is_empty() || step.contains('@')) {
                let message =
                    format!("{} is not the path of an element: expected such as /orders/order", quoted(path));
                findings.problem(spot.at("record"), message);
            }
        }
        (None, Format::Csv | Format::Jsonl) => {}
    }
    for (word, given) in [("delimiter", feed.delimiter.is_some()), ("columns", feed.columns.is_some())] {
        if given && feed.format != Format::Csv {
            findings.misplaced(spot, word, format!("`{word}` is for `format: csv` only"));
        }
    }
    if let Some(delimiter) = feed.delimiter
        && (!delimiter.is_ascii() || matches!(delimiter, '"' | '\n' | '\r' | '\0'))
    {
        let message =
            "a delimiter is one ASCII character other than a quote or a line end, such as `;` or \"\\t\"";
        findings.problem(spot.at("delimiter"), message);
    }
    if let Some(columns) = &feed.columns {
        let mut seen = BTreeSet::new();
        if columns.is_empty() {
            findings.problem(spot.at("columns"), "expected the names of the columns, found none");
        }
        for (index, column) in columns.iter().enumerate() {
            let spot = spot.at("columns").item(index);
            value::filled(column, spot, findings);
            if !seen.insert(column) {
                findings.problem(spot, format!("the column {} is given twice", quoted(column)));
            }
        }
    }
    if let Some(label) = &feed.encoding
        && encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).is_none()
    {
        let message =
            format!("{} is not a character encoding: expected such as utf-8 or windows-1252", quoted(label));
        findings.problem(spot.at("encoding"), message);
    }
    if let Some(files) = &feed.files {
        if files.contains(['/', '\\']) || files.trim().is_empty() {
            let message =
                format!("{} is not a pattern of file names: expected such as orders-*.csv", quoted(files));
            findings.problem(spot.at("files"), message);
        } else if let Err(error) = globset::Glob::new(files) {
            let message = format!("{} is not a pattern of file names: {}", quoted(files), error.kind());
            findings.problem(spot.at("files"), message);
        }
    }
}

/// What makes two rows one.
fn rows(feed: &Feed, spot: Spot<'_>, findings: &mut Findings) {
    if feed.identical_rows != IdenticalRows::Same && !feed.row_id.is_empty() {
        let message = "`identical_rows` is for rows without an id, and there is a `row_id`";
        findings.misplaced(spot, "identical_rows", message);
    }
    for (index, field) in feed.row_id.iter().enumerate() {
        let spot = spot.at("row_id").item(index);
        Columns(feed.columns.as_deref()).must_have(field, spot, findings);
    }
}

/// The columns that a file has, if the feed says so.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a>(Option<&'a [String]>);

impl Columns<'_> {
    pub(super) fn must_have(self, field: &str, spot: Spot<'_>, findings: &mut Findings) {
        value::filled(field, spot, findings);
        let Some(columns) = self.0 else { return };
        let known = || columns.iter().map(String::as_str);
        if !known().any(|column| column == field) {
            let message = format!("there is no column {}; the feed has {}", quoted(field), listed(known()));
            findings.problem_hint(spot, message, did_you_mean(field, known()));
        }
    }
}

fn maps(fields: &BTreeMap<String, FieldMap>, all: Spot<'_>, columns: Columns<'_>, findings: &mut Findings) {
    for (name, field) in fields {
        let spot = all.at(name);
        if name.trim().is_empty() {
            findings.misplaced(all, name, "expected a name, found an empty text");
        }
        columns.must_have(&field.field, spot.at("field"), findings);
        let is = |kinds: &[FieldType]| kinds.contains(&field.kind);
        for (word, given, fits, types) in [
            ("format", field.format.is_some(), is(&[FieldType::Date, FieldType::Time]), "`date` and `time`"),
            ("time_zone", field.time_zone.is_some(), is(&[FieldType::Time]), "`time`"),
            ("currency", field.currency.is_some(), is(&[FieldType::Money]), "`money`"),
            (
                "decimal_comma",
                field.decimal_comma,
                is(&[FieldType::Money, FieldType::Number]),
                "`money` and `number`",
            ),
            ("country", field.country.is_some(), is(&[FieldType::Phone]), "`phone`"),
        ] {
            if given && !fits {
                findings.misplaced(spot, word, format!("`{word}` is for fields of the type {types} only"));
            }
        }
        if let Some(format) = &field.format
            && !(field.kind == FieldType::Time && matches!(format.as_str(), "unix" | "unix-ms"))
        {
            findings.value(spot.at("format"), value::date_format(format));
        }
        if let Some(zone) = &field.time_zone {
            findings.value(spot.at("time_zone"), value::time_zone(zone));
        }
        if let Some(currency) = &field.currency {
            findings.value(spot.at("currency"), Currency::parse(currency));
        }
        if let Some(country) = &field.country {
            findings.value(spot.at("country"), contact::country(country));
        }
    }
}

fn consent(
    consent: &ConsentMap,
    spot: Spot<'_>,
    columns: Columns<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    if !CONSENT_CHANNELS.contains(&consent.channel.as_str()) {
        let message =
            format!("there is no channel {}; known: {}", quoted(&consent.channel), listed(CONSENT_CHANNELS));
        let hint = did_you_mean(&consent.channel, CONSENT_CHANNELS);
        findings.problem_hint(spot.at("channel"), message, hint);
    }
    if consent.topic != EVERY_TOPIC {
        scene.must_exist(Kind::Topic, &consent.topic, spot.at("topic"), findings);
    }
    match (&consent.field, consent.status) {
        (None, None) => {
            findings.problem(spot, "one of `field` and `status` is missing: what did they agree to?");
        }
        (Some(_), Some(_)) => {
            findings.misplaced(
                spot,
                "status",
                "one of `field` and `status`: every row says it, or a field does",
            );
        }
        (Some(field), None) => columns.must_have(field, spot.at("field"), findings),
        (None, Some(_)) => {
            for (word, values) in [("granted", &consent.granted), ("withdrawn", &consent.withdrawn)] {
                if !values.is_empty() {
                    findings.misplaced(
                        spot,
                        word,
                        format!("`{word}` says what a `field` means, and there is none"),
                    );
                }
            }
        }
    }
    for (index, both) in consent.withdrawn.iter().enumerate() {
        if consent.granted.contains(both) {
            let message = format!("{} cannot mean both yes and no", quoted(both));
            findings.problem(spot.at("withdrawn").item(index), message);
        }
    }
    if let Some(contact) = &consent.contact {
        columns.must_have(contact, spot.at("contact"), findings);
    }
}

fn event(
    feed: &Feed,
    source: &Source,
    spot: Spot<'_>,
    columns: Columns<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let names: Vec<(&str, Spot<'_>)> = match &feed.event {
        None => {
            if !feed.properties.is_empty() {
                let message = "`properties` say what happened, and there is no `event`";
                findings.misplaced(spot, "properties", message);
            }
            return;
        }
        Some(EventName::Fixed(name)) => vec![(name, spot.at("event"))],
        Some(EventName::Field { field, names }) => {
            columns.must_have(field, spot.at("event").at("field"), findings);
            let all = spot.at("event").at("names");
            names.iter().map(|(value, name)| (name.as_str(), all.at(value))).collect()
        }
    };
    let contract = source.contract.as_ref().and_then(|name| scene.workspace.contracts.get(name));
    for (name, spot) in names {
        value::filled(name, spot, findings);
        if let Some(contract) = contract
            && contract.unknown_events == Violation::Quarantine
            && !contract.events.contains_key(name)
        {
            let known = || contract.events.keys().map(String::as_str);
            let message = format!(
                "the contract {} does not know the event {}, so every row would go to the quarantine",
                quoted(&contract.name),
                quoted(name)
            );
            findings.problem_hint(spot, message, did_you_mean(name, known()));
        }
    }
}
