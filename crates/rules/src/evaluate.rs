//! Evaluation of the typed form over a subject.

use crate::{
    ir::{Literal, Members, Node, Path, Root},
    number::Number,
    subject::{Subject, Truth},
    text::Text,
    value::{List, Val, all, some},
};
use serde_json::Value;

/// Whether a condition holds.
pub(crate) fn truth<'a>(node: &'a Node, subject: &'a dyn Subject) -> Truth {
    match node {
        Node::AllOf(nodes) => all(nodes.iter().map(|node| truth(node, subject))),
        Node::AnyOf(nodes) => some(nodes.iter().map(|node| truth(node, subject))),
        Node::Not(inner) => !truth(inner, subject),
        Node::Compare(comparison, sides) => {
            let [left, right] = sides.as_ref();
            value(left, subject).compares(*comparison, value(right, subject))
        }
        Node::In(sides) => {
            let [needle, whole] = sides.as_ref();
            value(needle, subject).is_in(value(whole, subject))
        }
        Node::TextTest(test, sides) => {
            let [whole, part] = sides.as_ref();
            match (value(whole, subject), value(part, subject)) {
                (Val::Text(whole), Val::Text(part)) => whole.passes(*test, part).into(),
                _ => Truth::Unknown,
            }
        }
        Node::Consent(asked) => subject.consent(&asked.channel, &asked.topic).into(),
        Node::Sequence(sequence) => sequence.truth(subject),
        Node::Unanswered(unanswered) => unanswered.truth(subject),
        Node::Household(members, question) => household(*members, question, subject),
        Node::Segment(name) => subject.in_segment(name).into(),
        Node::InProgram(name) => subject.in_program(name).into(),
        Node::Has(path) => (!matches!(look_up(path, subject), Val::Unknown)).into(),
        other => value(other, subject).truth(),
    }
}

/// Whether something holds of members of the household. Who has none is one by themselves.
fn household(members: Members, question: &Node, subject: &dyn Subject) -> Truth {
    let any = members == Members::Any;
    let settled: Truth = any.into();
    let mut answer = !settled;
    let asked = subject.each_member(&mut |member| {
        if answer != settled {
            match truth(question, member) {
                Truth::Unknown => answer = Truth::Unknown,
                found if found == settled => answer = settled,
                _ => {}
            }
        }
    });
    if asked { answer } else { truth(question, subject) }
}

/// The value of an expression.
pub(crate) fn value<'a>(node: &'a Node, subject: &'a dyn Subject) -> Val<'a> {
    match node {
        Node::Literal(written) => literal(written),
        Node::Path(path) => look_up(path, subject),
        Node::List(items) => Val::List(List::Written(items, subject)),
        Node::Cased(case, inner) => match value(inner, subject) {
            Val::Text(text) => Val::Text(text.cased(*case)),
            _ => Val::Unknown,
        },
        Node::Size(inner) => {
            let size = match value(inner, subject) {
                Val::Text(text) => text.length(),
                Val::List(list) => list.len(),
                Val::Object(fields) => fields.len(),
                _ => return Val::Unknown,
            };
            i64::try_from(size).map_or(Val::Unknown, |size| Val::Number(Number::Int(size)))
        }
        Node::Moment(inner) => value(inner, subject).as_moment(),
        Node::Negative(inner) => match value(inner, subject) {
            Val::Number(number) => number.negative().map_or(Val::Unknown, Val::Number),
            _ => Val::Unknown,
        },
        Node::Arithmetic(operation, sides) => {
            let [left, right] = sides.as_ref();
            match (value(left, subject), value(right, subject)) {
                (Val::Number(left), Val::Number(right)) => {
                    left.combined(*operation, right).map_or(Val::Unknown, Val::Number)
                }
                _ => Val::Unknown,
            }
        }
        Node::Choice(parts) => {
            let [condition, yes, no] = parts.as_ref();
            match truth(condition, subject) {
                Truth::True => value(yes, subject),
                Truth::False => value(no, subject),
                Truth::Unknown => Val::Unknown,
            }
        }
        Node::Window(window) => window.value(subject),
        Node::Now => Val::Time(subject.now()),
        Node::Ago(span) => Val::Time(subject.now().minus(*span)),
        Node::Metric(metric) => value(&metric.stands_for, subject),
        Node::Calendar(asked, inner) => asked.of(value(inner, subject), subject),
        Node::HouseholdSize => {
            let mut size = 0;
            if !subject.each_member(&mut |_| size += 1) {
                size = 1;
            }
            Val::Number(Number::Int(size))
        }
        Node::Has(_)
        | Node::Sequence(_)
        | Node::Unanswered(_)
        | Node::Household(..)
        | Node::Segment(_)
        | Node::InProgram(_)
        | Node::Consent(_)
        | Node::Not(_)
        | Node::AllOf(_)
        | Node::AnyOf(_)
        | Node::Compare(..)
        | Node::In(_)
        | Node::TextTest(..) => truth(node, subject).known().map_or(Val::Unknown, Val::Bool),
    }
}

/// A value that stands in the text.
pub(crate) fn literal(written: &Literal) -> Val<'_> {
    match written {
        Literal::Bool(value) => Val::Bool(*value),
        Literal::Int(number) => Val::Number(Number::Int(*number)),
        Literal::Double(number) => Val::Number(Number::Double(*number)),
        Literal::Text(text) => Val::Text(Text::new(text)),
        Literal::Time(time) => Val::Time(*time),
    }
}

/// What is found at a path.
pub(crate) fn look_up<'a>(path: &'a Path, subject: &'a dyn Subject) -> Val<'a> {
    let mut fields = path.fields.iter();
    let start: Option<&Value> = match &path.root {
        Root::Trait(name) => subject.profile_trait(name),
        event_root => {
            let Some(event) = subject.event() else { return Val::Unknown };
            match event_root {
                Root::EventName if event.name.is_empty() => return Val::Unknown,
                Root::EventName => return Val::Text(Text::new(event.name)),
                Root::EventType => return Val::Text(Text::new(event.kind)),
                Root::EventSource => return Val::Text(Text::new(event.source)),
                Root::EventTime => return Val::Time(event.time),
                Root::Item => event.properties.get("item"),
                Root::Before => event.properties.get("before"),
                _ => match fields.next() {
                    None => return Val::Object(event.properties),
                    Some(first) => event.properties.get(first.as_ref()),
                },
            }
        }
    };
    fields
        .try_fold(start, |here, field| here.map(|value| value.get(field.as_ref())))
        .flatten()
        .map_or(Val::Unknown, |found| Val::of_kind(found, path.kind))
}
