use super::{ClockTime, Day};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// People of the house who are asked to do things: how much they can do, and when they work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// What people call it.
    pub title: String,
    /// At most this many tasks are on its list of a day, with those that are left from the days before.
    pub capacity: u32,
    /// The days on which it works.
    #[serde(default = "working_days")]
    pub days: Vec<Day>,
    /// When its day begins. What comes up in the night comes onto the list then.
    #[serde(default = "nine")]
    pub from: ClockTime,
    /// When its day is over: what comes up later comes onto the list of the next day on which it works.
    #[serde(default = "five")]
    pub to: ClockTime,
    /// The time zone of its day: IANA, such as `America/Chicago`; the organisation's when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Words of its own for what came of a call in which somebody was reached, beside `reached`: such as `sold`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<String>,
}

/// The words that every team has for what came of a call.
pub const OUTCOMES: [&str; 4] = ["reached", "no-answer", "wrong-number", "do-not-call"];

fn working_days() -> Vec<Day> {
    vec![Day::Monday, Day::Tuesday, Day::Wednesday, Day::Thursday, Day::Friday]
}

fn nine() -> ClockTime {
    ClockTime::MORNING
}

fn five() -> ClockTime {
    ClockTime::EVENING
}
