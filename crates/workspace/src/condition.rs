//! Conditions inside of definitions: what names they may use, and where in the file their mistakes are.

use crate::tree::{Node, Place};
use crowsnest_model::definition::{Catalogue, EventName, FieldMap, FieldType, ValueType, Workspace};
use crowsnest_rules::{RuleError, Schema, Type};

/// The channels on which people can agree to be contacted.
pub(crate) const CONSENT_CHANNELS: [&str; 3] = ["email", "phone", "sms"];

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
        schema = schema.with_metric(&metric.name, &metric.value);
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
