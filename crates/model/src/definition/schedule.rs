//! Days and a time at which a program begins.

use super::{ClockTime, Day};
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use std::{borrow::Cow, fmt};

/// Days and a time at which a program begins, in each person's own time zone: every day, unless some are named.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// On these days of the week.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// On these days of each month. A month that has no such day is skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days_of_month: Vec<MonthDay>,
    /// At this time of the day; `09:00` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<ClockTime>,
}

/// A day of a month: a number from 1 to 31, or `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MonthDay {
    /// The day of this number.
    Number(u8),
    /// The last day, whichever number it has.
    Last,
}

impl MonthDay {
    const LAST: &'static str = "last";
    const EXPECTED: &'static str = "a number from 1 to 31, or `last`";

    /// The day of this number, if there is one in any month.
    pub fn numbered(number: i64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| (1..=31).contains(number)).map(Self::Number)
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Last => f.write_str(Self::LAST),
        }
    }
}

impl Serialize for MonthDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u8(*number),
            Self::Last => serializer.serialize_str(Self::LAST),
        }
    }
}

impl<'de> Deserialize<'de> for MonthDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = MonthDay;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(MonthDay::EXPECTED)
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<MonthDay, E> {
                MonthDay::numbered(number)
                    .ok_or_else(|| E::custom(format!("{number} is no day: expected {}", MonthDay::EXPECTED)))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<MonthDay, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
            fn visit_str<E: Error>(self, word: &str) -> Result<MonthDay, E> {
                match word {
                    MonthDay::LAST => Ok(MonthDay::Last),
                    other => Err(E::custom(format!(
                        "`{}` is no day of a month: expected {}",
                        other.chars().take(60).collect::<String>(),
                        MonthDay::EXPECTED
                    ))),
                }
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for MonthDay {
    fn schema_name() -> Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A day of a month: a number from 1 to 31, or `last`.",
            "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 31 },
                { "type": "string", "const": Self::LAST },
            ],
        })
    }
}
