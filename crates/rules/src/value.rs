//! Values while a condition is evaluated: borrowed from the condition or the subject, never copied.

use crate::{
    evaluate::value,
    ir::{Comparison, Node},
    kinds::Type,
    number::Number,
    subject::{Subject, Truth},
    text::Text,
};
use crowsnest_model::Time;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// A value, or that there is none.
#[derive(Clone, Copy)]
pub(crate) enum Val<'a> {
    Unknown,
    Bool(bool),
    Number(Number),
    Text(Text<'a>),
    Time(Time),
    List(List<'a>),
    Object(&'a Map<String, Value>),
}

/// A list from the data, or one that stands in the condition and whose items are evaluated when they are looked at.
#[derive(Clone, Copy)]
pub(crate) enum List<'a> {
    Data(&'a [Value]),
    Written(&'a [Node], &'a dyn Subject),
}

impl<'a> List<'a> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Data(items) => items.len(),
            Self::Written(items, _) => items.len(),
        }
    }

    pub(crate) fn items(self) -> impl Iterator<Item = Val<'a>> {
        let (data, written) = match self {
            Self::Data(items) => (items, None),
            Self::Written(items, subject) => (&[] as &[Value], Some((items, subject))),
        };
        data.iter().map(Val::of).chain(
            written
                .into_iter()
                .flat_map(|(items, subject)| items.iter().map(move |item| value(item, subject))),
        )
    }
}

impl<'a> Val<'a> {
    /// A value from the data. A null is a value that is absent.
    pub(crate) fn of(json: &'a Value) -> Self {
        match json {
            Value::Null => Self::Unknown,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(int), _) => Self::Number(Number::Int(int)),
                (None, Some(double)) => Self::Number(Number::Double(double)),
                (None, None) => Self::Unknown,
            },
            Value::String(text) => Self::Text(Text::new(text)),
            Value::Array(items) => Self::List(List::Data(items)),
            Value::Object(fields) => Self::Object(fields),
        }
    }

    /// A value from the data, of which it is declared what it is.
    pub(crate) fn of_kind(json: &'a Value, kind: Type) -> Self {
        let found = Self::of(json);
        if kind == Type::Time { found.as_moment() } else { found }
    }

    /// A moment, or a text that says one.
    pub(crate) fn as_moment(self) -> Self {
        match self {
            Self::Time(_) => self,
            Self::Text(text) => text.seen().parse().map_or(Self::Unknown, Self::Time),
            _ => Self::Unknown,
        }
    }

    pub(crate) fn truth(self) -> Truth {
        match self {
            Self::Bool(value) => value.into(),
            _ => Truth::Unknown,
        }
    }

    /// The same value as JSON; `None` when it, or anything in it, is unknown.
    pub(crate) fn to_json(self) -> Option<Value> {
        Some(match self {
            Self::Unknown => return None,
            Self::Bool(value) => value.into(),
            Self::Number(Number::Int(number)) => number.into(),
            Self::Number(Number::Double(number)) => number.into(),
            Self::Text(text) => text.seen().into(),
            Self::Time(time) => time.to_string().into(),
            Self::List(List::Data(items)) => items.into(),
            Self::List(list) => list.items().map(Self::to_json).collect::<Option<Vec<_>>>()?.into(),
            Self::Object(fields) => fields.clone().into(),
        })
    }

    /// How two values of one kind are ordered; `None` for values that have no order or are of two kinds.
    fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Some(left.order(right)),
            (Self::Text(left), Self::Text(right)) => Some(left.order(right)),
            (Self::Time(left), Self::Time(right)) => Some(left.cmp(&right)),
            (Self::Bool(left), Self::Bool(right)) => Some(left.cmp(&right)),
            _ => None,
        }
    }

    /// Whether they are the same; unknown for values of two kinds.
    pub(crate) fn equals(self, other: Self) -> Truth {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => left.equals(right).into(),
            (Self::List(left), Self::List(right)) => {
                if left.len() != right.len() {
                    return Truth::False;
                }
                all(left.items().zip(right.items()).map(|(left, right)| left.equals(right)))
            }
            (Self::Object(left), Self::Object(right)) => {
                if left.len() != right.len() || left.keys().any(|name| !right.contains_key(name)) {
                    return Truth::False;
                }
                all(left.iter().map(|(name, left)| {
                    right.get(name).map_or(Truth::False, |right| Val::of(left).equals(Val::of(right)))
                }))
            }
            _ => self.order(other).map(|order| order == Ordering::Equal).into(),
        }
    }

    pub(crate) fn compares(self, comparison: Comparison, other: Self) -> Truth {
        let ordered = |fits: fn(Ordering) -> bool| self.order(other).map(fits).into();
        match comparison {
            Comparison::Equal => self.equals(other),
            Comparison::NotEqual => !self.equals(other),
            Comparison::Less => ordered(Ordering::is_lt),
            Comparison::AtMost => ordered(Ordering::is_le),
            Comparison::More => ordered(Ordering::is_gt),
            Comparison::AtLeast => ordered(Ordering::is_ge),
        }
    }

    /// Whether this is one of a list's items, or the name of one of an object's fields.
    pub(crate) fn is_in(self, whole: Self) -> Truth {
        match (self, whole) {
            (Self::Unknown, _) => Truth::Unknown,
            (needle, Self::List(list)) => some(list.items().map(|item| needle.equals(item))),
            (Self::Text(name), Self::Object(fields)) => fields.contains_key(name.seen().as_ref()).into(),
            _ => Truth::Unknown,
        }
    }
}

/// Kleene's "and": false as soon as one is, true when all are.
pub(crate) fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut result = Truth::True;
    for truth in truths {
        match truth {
            Truth::False => return Truth::False,
            Truth::Unknown => result = Truth::Unknown,
            Truth::True => {}
        }
    }
    result
}

/// Kleene's "or": true as soon as one is, false when none can be.
pub(crate) fn some(truths: impl Iterator<Item = Truth>) -> Truth {
    !all(truths.map(|truth| !truth))
}
