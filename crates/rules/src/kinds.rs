//! The types of values, and which of them can meet.

use std::fmt;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Not known before the data is there.
    Any,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// A text.
    Text,
    /// A moment; in data a text in RFC 3339, such as `2026-03-01T09:30:00Z`.
    Time,
    /// A list.
    List,
    /// An object: named fields.
    Object,
}

impl Type {
    /// Whether it is a number, or may be one.
    pub(crate) fn may_be_number(self) -> bool {
        matches!(self, Self::Any | Self::Int | Self::Double)
    }

    /// Whether a value of this type may turn out to be one of `other`.
    pub(crate) fn may_be(self, other: Self) -> bool {
        self == Self::Any || self == other
    }

    /// Whether values of both types can be equal.
    pub(crate) fn meets(self, other: Self) -> bool {
        self == other
            || self == Self::Any
            || other == Self::Any
            || (self.may_be_number() && other.may_be_number())
    }

    /// Whether such values have an order.
    pub(crate) fn has_order(self) -> bool {
        !matches!(self, Self::List | Self::Object)
    }

    /// The type of a value that is one or the other.
    pub(crate) fn joined(self, other: Self) -> Self {
        if self == other {
            self
        } else if self != Self::Any && other != Self::Any && self.meets(other) {
            Self::Double
        } else {
            Self::Any
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "a value",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Double => "a number",
            Self::Text => "a text",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Object => "an object",
        })
    }
}
