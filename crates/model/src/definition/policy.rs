use crate::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// `policy: contact`: how much is too much, over all programs, broadcasts and channels. Service messages are exempt from
/// all of it: they are never stopped or delayed by it, and do not count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactPolicy {
    /// Its name.
    #[serde(rename = "policy")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How many messages are allowed in a stretch of time. All of them hold at once; where there is none, there is no
    /// limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<Cap>,
    /// When nothing is sent, in the recipient's own time zone. What is due then waits until it is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet_hours: Vec<QuietHours>,
    /// Programs and broadcasts of which one person gets only one within some time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apart: Vec<Apart>,
    /// Programs and broadcasts, the most important first: of what is due for one person or household at the same moment,
    /// it is sent first, and so has the room that a cap leaves. What is not named comes after what is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<String>,
    /// At most one running offer for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_offer_at_a_time: Option<OneOffer>,
}

/// How many messages are allowed in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// At most this many; `0` allows none at all.
    pub max: u32,
    /// In any stretch of this length, not only from one midnight to the next.
    pub per: Duration,
    /// Whose messages are counted together.
    #[serde(default)]
    pub of: CountedOver,
    /// Only messages on this channel; on all channels together when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only messages about this topic; about all topics together when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// What becomes of a message for which there is no room.
    #[serde(default)]
    pub when_capped: WhenCapped,
}

/// Whose messages are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountedOver {
    /// Each person's by themselves.
    #[default]
    Person,
    /// Those of all people who share an account.
    Household,
}

/// What becomes of a message for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenCapped {
    /// It is left out.
    #[default]
    Suppress,
    /// It waits until there is room, as long as its time to live lasts.
    Postpone,
}

/// A time of the day in which nothing is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// When it begins: `21:00`.
    pub from: ClockTime,
    /// When it is over: `08:00`, on the next day if that is not later than `from`; `24:00` is the end of the day.
    pub to: ClockTime,
    /// The channels; all when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The days on which it begins; every day when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
}

/// Programs and broadcasts of which one person gets only one within some time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Apart {
    /// The programs and broadcasts, two or more.
    pub programs: Vec<String>,
    /// How far apart they are at least.
    pub within: Duration,
    /// What becomes of a message that is too close.
    #[serde(default)]
    pub when_capped: WhenCapped,
}

/// At most one running offer for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneOffer {
    /// The topics whose messages are offers.
    pub topics: Vec<String>,
    /// How long an offer runs after its last message. Further messages of the same program or broadcast belong to it.
    pub within: Duration,
    /// What becomes of another offer in the meantime.
    #[serde(default)]
    pub when_capped: WhenCapped,
}

/// A time of the day, by the minute: `08:00`, `21:30`, or `24:00` for its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct ClockTime(u16);

/// A text that is not a time of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a time of the day: expected hours and minutes from 00:00 to 24:00 in quotes, such as \"21:00\""
)]
pub struct ClockTimeError(String);

impl ClockTime {
    /// When a day begins.
    pub const MIDNIGHT: Self = Self(0);
    /// Nine in the morning: when something is done of which only the day is said.
    pub const MORNING: Self = Self(540);
    /// Five in the afternoon: when a working day is over of which nothing is said.
    pub const EVENING: Self = Self(1_020);

    /// The minutes since midnight, from 0 to 1440.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// This time on a day, as a clock on the wall shows it; `24:00` is when the next day begins. `None` after the last day
    /// of all.
    pub fn on(self, day: jiff::civil::Date) -> Option<jiff::civil::DateTime> {
        let (day, minutes) = if self.0 == 1_440 { (day.tomorrow().ok()?, 0) } else { (day, self.0) };
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        Some(day.at(hour, minute, 0, 0))
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for ClockTime {
    type Err = ClockTimeError;
    fn from_str(text: &str) -> Result<Self, ClockTimeError> {
        let number = |part: &str, digits: std::ops::RangeInclusive<usize>| -> Option<u16> {
            let fits = digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| fits)
        };
        let minutes = text.trim().split_once(':').and_then(|(hours, minutes)| {
            let (hours, minutes) = (number(hours, 1..=2)?, number(minutes, 2..=2)?);
            (minutes < 60 && hours * 60 + minutes <= 1_440).then_some(hours * 60 + minutes)
        });
        minutes.map(Self).ok_or_else(|| ClockTimeError(text.chars().take(60).collect()))
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::written::read(deserializer, "a time of day such as 08:30")
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// The first day of the working week.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The first day of the weekend.
    Saturday,
    /// The second.
    Sunday,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        })
    }
}

impl From<jiff::civil::Weekday> for Day {
    fn from(day: jiff::civil::Weekday) -> Self {
        use jiff::civil::Weekday;
        match day {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_day_are_read_and_written() {
        for (text, minutes, written) in [
            ("00:00", 0, "00:00"),
            ("8:05", 485, "08:05"),
            ("21:30", 1_290, "21:30"),
            ("24:00", 1_440, "24:00"),
        ] {
            let time: ClockTime = text.parse().unwrap();
            assert_eq!((time.minutes(), time.to_string().as_str()), (minutes, written));
        }
        for bad in ["", "8", "8:5", "24:01", "12:60", "-1:00", "+8:00", "123:00", "99999999:00", "noon"] {
            assert!(bad.parse::<ClockTime>().is_err(), "{bad}");
        }
    }
}
