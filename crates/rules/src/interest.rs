//! Who watches which thing: read from events that say so, each alone.

use crate::{
    Condition, Expression, canonical,
    evaluate::{truth, value},
    ir::Node,
    sentence,
    series_spec::hash,
    subject::{EventAlone, EventView},
    words,
};
use crowsnest_model::{InterestId, item::LONGEST_KEY};
use serde_json::Value;
use std::fmt;

/// Which events say that somebody watches a thing, and which thing.
#[derive(Clone)]
pub struct Interest {
    id: InterestId,
    event: Box<str>,
    filter: Option<Node>,
    item: Node,
}

impl Interest {
    /// Events of this name of which `when` holds say it, of the thing whose key `item` gives. Both were read by
    /// [`Expression::of_recorded`] and [`Condition::of_recorded`].
    pub fn new(event: &str, item: &Expression, when: Option<&Condition>) -> Self {
        let filter = when.map(|when| when.root().clone());
        let written = serde_json::json!([
            "interest 1",
            event,
            filter.as_ref().map(canonical::text),
            canonical::text(item.root())
        ]);
        let id = InterestId(hash(written.to_string().as_bytes()));
        Self { id, event: event.into(), filter, item: item.root().clone() }
    }

    /// What it is known by: the first eight bytes, big-endian, of the SHA-256 of its canonical text, which says the event, the
    /// condition on it and what gives the key.
    pub fn id(&self) -> InterestId {
        self.id
    }

    /// The name of the events.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// The key of the thing that an event says is watched; `None` when it says nothing of the kind. A number is taken as it is
    /// written, and a text without spaces around it.
    pub fn key(&self, event: &EventView<'_>) -> Option<String> {
        let alone = EventAlone(*event);
        if event.name != self.event.as_ref()
            || self.filter.as_ref().is_some_and(|filter| !truth(filter, &alone).holds())
        {
            return None;
        }
        let key = match value(&self.item, &alone).to_json()? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!key.is_empty() && key.len() <= LONGEST_KEY).then_some(key)
    }

    /// It, in words: "Car Watched where kind is “alert”".
    pub fn sentence(&self) -> String {
        let mut out = words::printable_text(&self.event);
        if let Some(filter) = &self.filter {
            out.push_str(" where ");
            out.push_str(&sentence::recorded(filter));
        }
        out
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id.name(), self.sentence())
    }
}
