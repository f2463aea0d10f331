//! One field of one row, before anybody knows what it means.

use serde_json::Value;
use std::borrow::Cow;

/// What a field of a row holds.
#[derive(Debug, Clone)]
pub(crate) enum Cell<'a> {
    /// Nothing.
    Absent,
    /// A text.
    Text(Cow<'a, str>),
    /// JSON; null is absent.
    Json(&'a Value),
}

impl Cell<'_> {
    /// The content as a text without spaces around it. Empty is absent; a list or an object is its JSON.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let text = match self {
            Self::Absent | Self::Json(Value::Null) => return None,
            Self::Text(text) => Cow::Borrowed(text.trim()),
            Self::Json(Value::String(text)) => Cow::Borrowed(text.trim()),
            Self::Json(value) => Cow::Owned(value.to_string()),
        };
        (!text.is_empty()).then_some(text)
    }

    /// Whether the content is a list or an object.
    pub fn is_structure(&self) -> bool {
        matches!(self, Self::Json(Value::Array(_) | Value::Object(_)))
    }
}
