//! What begins a program.

use super::{ClockTime, Schedule};
use crate::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What begins a program: one of an event, a change of a segment, a date, a schedule, a change of an item, that two people turn
/// out to be one or are told apart, or a request.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// The name of an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// With `event`: a condition on the event and the profile. With `catalogue`: on the item and the profile. With
    /// `identity`: on what it is about, and the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The name of a segment that the person enters or leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// With `segment`: which of the two. `enter` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<MembershipChange>,
    /// An expression over the person that gives a day, such as `profile.birthday`, or a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// With `date`: that day of each year.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
    /// With `date`: so long before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Duration>,
    /// With `date`: so long after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// With `date`: at this time of the day, in the person's own time zone. For a day `09:00` when not given; a moment has
    /// its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<ClockTime>,
    /// Days and a time at which everybody enters who is in the audience, each in their own time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The name of a catalogue of which an item changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
    /// With `catalogue`: who cares about an item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched: Option<Watched>,
    /// The person turns out to be one with somebody else, or is told apart from somebody with whom they were taken for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityEvent>,
    /// People enter by request alone: from the API, the command line, or the step `enter` of another program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub request: bool,
    /// How long after it there is any point in going on; then the run expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// How a membership of a segment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MembershipChange {
    /// The person comes to be in it.
    #[default]
    Enter,
    /// The person is in it no more.
    Leave,
}

/// What becomes known of who is who.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdentityEvent {
    /// Two people turned out to be one, by an event or by a decision. The one person enters.
    Merged,
    /// Two who were taken for one are told apart. Each of them enters.
    Split,
}

impl IdentityEvent {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Split => "split",
        }
    }
}

/// Who cares about an item: those of whom an event says so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// The name of the event.
    pub event: String,
    /// A condition on the event alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What gives the item's key: an expression over the event alone, such as `event.properties.car_id`.
    pub item: String,
    /// For how long they care.
    pub within: Duration,
}
