//! Conditions inside of definitions: what names they may use, and where in the file their mistakes are.

use crate::tree::{Node, Place};
use crowsnest_model::definition::{
    Catalogue, Contract, EventName, Feed, FieldContract, FieldMap, FieldType, SetValue, Source, Step,
    ValueType, Workspace,
};
use crowsnest_rules::{RuleError, Schema, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The channels on which people can agree to be contacted.
pub(crate) const CONSENT_CHANNELS: [&str; 4] = ["email", "letter", "phone", "sms"];

/// What a condition may use: about an event of this name and its person, or with `None` about a person alone.
///
/// Contracts and feeds say of what type traits and properties are. Others are allowed, since a contract does not forbid
/// them; topics, channels, programs, segments and metrics are only those that exist.
pub fn condition_schema(workspace: &Workspace, event: Option<&str>) -> Schema {
    let mut schema = Schema::open()
        .without_item()
        .with_other_traits()
        .with_other_properties()
        .with_topics(workspace.topics.keys().cloned())
        .with_channels(CONSENT_CHANNELS)
        .with_programs(workspace.programs.keys().cloned())
        .with_segments(workspace.segments.keys().cloned())
        .with_segments(
            workspace
                .segmentations
                .values()
                .flat_map(|set| &set.segments)
                .map(|segment| segment.name.clone()),
        );
    for metric in workspace.metrics.values() {
        schema = schema.with_metric(&metric.name, &metric.value, metric.granularity);
    }
    for contract in workspace.contracts.values() {
        for (name, field) in &contract.traits {
            schema = schema.with_profile_trait(name, declared(field.kind));
        }
        for (event, about) in &contract.events {
            for (name, field) in &about.properties {
                schema = schema.with_event_property(Some(event), name, declared(field.kind));
            }
        }
    }
    for feed in workspace.sources.values().flat_map(|source| source.feeds.values()) {
        for (name, field) in &feed.traits {
            schema = schema.with_profile_trait(name, read_as(field));
        }
        // Without `names`, any event may be meant.
        let events: Vec<Option<&str>> = match &feed.event {
            Some(EventName::Fixed(name)) => vec![Some(name)],
            Some(EventName::Field { names, .. }) if names.is_empty() => vec![None],
            Some(EventName::Field { names, .. }) => names.values().map(|name| Some(name.as_str())).collect(),
            None => Vec::new(),
        };
        for event in events {
            for (name, field) in &feed.properties {
                schema = schema.with_event_property(event, name, read_as(field));
            }
        }
    }
    for (name, values) in values_of_traits(workspace) {
        schema = schema.with_trait_values(name, values);
    }
    let events: BTreeSet<&String> =
        workspace.contracts.values().flat_map(|contract| contract.events.keys()).collect();
    for event in events {
        schema = with_values_of(event, schema, workspace);
    }
    match event {
        Some(name) => schema.for_event(name),
        None => schema.without_event(),
    }
}

/// What conditions may ask of an item, and of what types that is.
pub(crate) fn item_fields(catalogue: &Catalogue) -> impl Iterator<Item = (String, Type)> {
    let given = [("gone".to_owned(), Type::Bool), ("key".to_owned(), Type::Text)];
    catalogue.fields.iter().map(|(name, field)| (name.clone(), declared(field.kind))).chain(given)
}

/// Whether rows of a feed may be events of this name.
pub(crate) fn may_be(feed: &Feed, event: &str) -> bool {
    match &feed.event {
        Some(EventName::Fixed(name)) => name == event,
        // Without `names`, any event may be meant.
        Some(EventName::Field { names, .. }) => names.is_empty() || names.values().any(|name| name == event),
        None => false,
    }
}

/// The texts that traits can be by their contracts. Where anything else can set one to anything, nothing is said.
fn values_of_traits(workspace: &Workspace) -> BTreeMap<&str, Vec<String>> {
    let mut values = BTreeMap::new();
    let contracts = || workspace.contracts.values().map(|contract| &contract.traits);
    for name in contracts().flat_map(|traits| traits.keys()) {
        let Some(mut allowed) = values_of(contracts().filter_map(|traits| traits.get(name))) else {
            continue;
        };
        let by_feed = free_feeds(workspace, |contract| contract.traits.contains_key(name))
            .any(|feed| feed.traits.contains_key(name));
        let sets = workspace.programs.values().flat_map(|program| Step::all(&program.steps));
        let mut by_program = false;
        for step in sets {
            let Step::Set(traits) = step else { continue };
            match traits.get(name) {
                None => {}
                Some(SetValue::Value(Value::String(text))) => allowed.push(text.clone()),
                Some(_) => by_program = true,
            }
        }
        if !by_feed && !by_program {
            values.insert(name.as_str(), allowed);
        }
    }
    values
}

/// As [`values_of_traits`], for the properties of the events of this name.
fn with_values_of(event: &str, mut schema: Schema, workspace: &Workspace) -> Schema {
    let contracts = || {
        workspace
            .contracts
            .values()
            .filter_map(|contract| contract.events.get(event))
            .map(|it| &it.properties)
    };
    for name in contracts().flat_map(|properties| properties.keys()) {
        let by_feed = free_feeds(workspace, |contract| {
            contract.events.get(event).is_some_and(|about| about.properties.contains_key(name))
        })
        .any(|feed| may_be(feed, event) && feed.properties.contains_key(name));
        let values = values_of(contracts().filter_map(|properties| properties.get(name)));
        if let Some(values) = values.filter(|_| !by_feed) {
            schema = schema.with_property_values(event, name, values);
        }
    }
    schema
}

/// What all of these contracts together allow, if each names its values and all of them are texts.
fn values_of<'a>(fields: impl Iterator<Item = &'a FieldContract>) -> Option<Vec<String>> {
    let mut values = Vec::new();
    for field in fields {
        if field.one_of.is_empty() {
            return None;
        }
        for value in &field.one_of {
            values.push(value.as_str()?.to_owned());
        }
    }
    Some(values)
}

/// The feeds of sources without a contract, or with one that says nothing of it.
fn free_feeds(workspace: &Workspace, governs: impl Fn(&Contract) -> bool) -> impl Iterator<Item = &Feed> {
    let free = move |source: &&Source| {
        let contract = source.contract.as_ref().and_then(|name| workspace.contracts.get(name));
        !contract.is_some_and(&governs)
    };
    workspace.sources.values().filter(free).flat_map(|source| source.feeds.values())
}

fn declared(kind: ValueType) -> Type {
    match kind {
        ValueType::Text | ValueType::Email | ValueType::Phone => Type::Text,
        ValueType::Integer => Type::Int,
        ValueType::Number => Type::Double,
        ValueType::Boolean => Type::Bool,
        ValueType::Time => Type::Time,
        ValueType::List => Type::List,
        ValueType::Object => Type::Object,
        // A day can be compared as a text and as a moment.
        ValueType::Date => Type::Any,
    }
}

fn read_as(field: &FieldMap) -> Type {
    match field.kind {
        // What a code means can be of any type.
        _ if !field.values.is_empty() => Type::Any,
        FieldType::Text | FieldType::Phone | FieldType::Email => Type::Text,
        FieldType::Integer => Type::Int,
        FieldType::Number | FieldType::Money => Type::Double,
        FieldType::Boolean => Type::Bool,
        FieldType::Time => Type::Time,
        FieldType::Date | FieldType::Json => Type::Any,
    }
}

/// The place in the file of a mistake in a condition that stands in `node`.
///
/// The parser's span tells where the text stands as it was written; quotes, escapes, indentation and folded lines make
/// that longer than the text itself, so both are walked side by side up to the mistake.
pub(crate) fn place_in_file(node: &Node, section: &str, error: &RuleError) -> Place {
    let (Some(text), (start, length)) = (node.text(), node.place.bytes) else { return node.place };
    let Some(written) = section.get(start..start.saturating_add(length)) else { return node.place };
    let before: usize =
        text.split('\n').take(error.line.saturating_sub(1)).map(|line| line.chars().count() + 1).sum();
    let target = before + error.column.saturating_sub(1);
    let mut rest = written.chars().peekable();
    let mut place = node.place;
    let step = |place: &mut Place, c: char| {
        if c == '\n' {
            place.line += 1;
            place.column = 1;
        } else {
            place.column += 1;
        }
    };
    for (index, wanted) in text.chars().enumerate() {
        // A folded line's end is a space in the text.
        let same = |c: char| c == wanted || c.is_whitespace() && wanted.is_whitespace();
        while let Some(c) = rest.next_if(|&c| !same(c)) {
            step(&mut place, c);
        }
        if index == target {
            break;
        }
        match rest.next() {
            Some(c) => step(&mut place, c),
            None => return node.place,
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_condition_has_its_place_in_the_file() {
        for (yaml, line, column, expected) in [
            ("when: a ==\n", 1, 3, (1, 9)),
            ("when: \"a ==\"\n", 1, 3, (1, 10)),
            ("when: 'a == ''b'' c'\n", 1, 10, (1, 19)),
            ("when: \"a == \\\"b\\\" c\"\n", 1, 10, (1, 19)),
            ("when: >\n  a &&\n  b ==\n", 1, 8, (3, 5)),
            ("when: |\n    a &&\n    b ==\n", 2, 3, (3, 7)),
            ("when: a &&\n  b ==\n", 1, 8, (2, 5)),
            ("when: a\n", 1, 2, (1, 8)),
        ] {
            let root = Node::parse(yaml, 0).map_err(|error| error.message).unwrap();
            let error = RuleError { line, column, message: String::new(), hint: None };
            let place = place_in_file(root.get("when").unwrap(), yaml, &error);
            assert_eq!((place.line, place.column), expected, "{yaml:?}");
        }
    }
}
