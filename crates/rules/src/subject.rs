//! What a condition is asked of, and what it answers.

use crate::SeriesSpec;
use crowsnest_model::{Event, Series, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};
use std::fmt;

/// One person, and the event at hand if there is one.
pub trait Subject {
    /// The value of a trait; `None` when it is not known.
    fn profile_trait(&self, name: &str) -> Option<&Value>;

    /// The event at hand.
    fn event(&self) -> Option<EventView<'_>>;

    /// Whether the person may be contacted about a topic on a channel; `None` when they never said.
    fn consent(&self, channel: &str, topic: &str) -> Option<bool>;

    /// This moment.
    fn now(&self) -> Time;

    /// The time zone in which the person's days begin.
    fn zone(&self) -> TimeZone;

    /// What is remembered of their events.
    fn series(&self, asked: &SeriesSpec) -> Remembered<'_>;

    /// Whether they are in a segment; `None` while that is not known, as for one that is being built.
    fn in_segment(&self, name: &str) -> Option<bool>;

    /// Whether they are on their way through a program.
    fn in_program(&self, name: &str) -> Option<bool>;

    /// Asks `question` of each member of the household, this person among them. False when there is no household; then
    /// nobody is asked.
    fn each_member(&self, question: &mut dyn FnMut(&dyn Subject)) -> bool;
}

/// What is remembered of a kind of events.
#[derive(Debug, Clone, Copy)]
pub enum Remembered<'a> {
    /// Nothing can be said yet: the events that were recorded earlier are still being read.
    Building,
    /// There were none.
    Nothing,
    /// These.
    Known(&'a Series),
}

/// What a condition sees of an event.
#[derive(Debug, Clone, Copy)]
pub struct EventView<'a> {
    /// Its name; empty for an event that has none, and then `event.name` is missing.
    pub name: &'a str,
    /// What it says: `track`, `identify`, `page` and so on.
    pub kind: &'a str,
    /// What it says of itself.
    pub properties: &'a Map<String, Value>,
    /// The source that sent it.
    pub source: &'a str,
    /// When it happened.
    pub time: Time,
}

impl<'a> EventView<'a> {
    /// What a condition sees of a recorded event. `properties` are those of the event.
    pub fn of(event: &'a Event, properties: &'a Map<String, Value>) -> Self {
        Self {
            name: event.name.as_deref().unwrap_or_default(),
            kind: event.kind.as_str(),
            properties,
            source: &event.source,
            time: event.time,
        }
    }
}

/// The same person at another moment.
pub(crate) struct At<'a> {
    pub(crate) subject: &'a dyn Subject,
    pub(crate) at: Time,
}

impl Subject for At<'_> {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.subject.profile_trait(name)
    }

    fn event(&self) -> Option<EventView<'_>> {
        self.subject.event()
    }

    fn consent(&self, channel: &str, topic: &str) -> Option<bool> {
        self.subject.consent(channel, topic)
    }

    fn now(&self) -> Time {
        self.at
    }

    fn zone(&self) -> TimeZone {
        self.subject.zone()
    }

    fn series(&self, asked: &SeriesSpec) -> Remembered<'_> {
        self.subject.series(asked)
    }

    fn in_segment(&self, name: &str) -> Option<bool> {
        self.subject.in_segment(name)
    }

    fn in_program(&self, name: &str) -> Option<bool> {
        self.subject.in_program(name)
    }

    fn each_member(&self, question: &mut dyn FnMut(&dyn Subject)) -> bool {
        self.subject.each_member(&mut |member| question(&At { subject: member, at: self.at }))
    }
}

/// An event and nobody: what a condition on recorded events may look at.
pub(crate) struct EventAlone<'a>(pub(crate) EventView<'a>);

impl Subject for EventAlone<'_> {
    fn profile_trait(&self, _: &str) -> Option<&Value> {
        None
    }

    fn event(&self) -> Option<EventView<'_>> {
        Some(self.0)
    }

    fn consent(&self, _: &str, _: &str) -> Option<bool> {
        None
    }

    fn now(&self) -> Time {
        self.0.time
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn series(&self, _: &SeriesSpec) -> Remembered<'_> {
        Remembered::Building
    }

    fn in_segment(&self, _: &str) -> Option<bool> {
        None
    }

    fn in_program(&self, _: &str) -> Option<bool> {
        None
    }

    fn each_member(&self, _: &mut dyn FnMut(&dyn Subject)) -> bool {
        false
    }
}

/// The answer of a condition, in Kleene's logic of three values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Something it asks about is missing or of another kind. Never taken for true.
    Unknown,
}

impl Truth {
    /// Whether it holds: unknown does not.
    pub fn holds(self) -> bool {
        self == Self::True
    }

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Unknown => "unknown",
        }
    }

    /// True or false when known.
    pub(crate) fn known(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Unknown => None,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Unknown, Self::from)
    }
}

impl std::ops::Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
