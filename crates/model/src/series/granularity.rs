//! How finely the moments of a series are told apart.

use crate::{Duration, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stretch of time whose events are remembered as one: a second, minute, hour or day of UTC. A moment stands for
/// the beginning of its stretch, so that a window takes in whole ones: the one that it begins in is out, and the one that
/// it ends in, which may not be over yet, is in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum Granularity {
    /// A millisecond: as they are.
    #[default]
    #[serde(rename = "1ms")]
    Exact,
    /// A second.
    #[serde(rename = "1s")]
    Second,
    /// A minute.
    #[serde(rename = "1m")]
    Minute,
    /// An hour.
    #[serde(rename = "1h")]
    Hour,
    /// A day.
    #[serde(rename = "1d")]
    Day,
}

impl Granularity {
    /// All of them, the finest first. Each is a multiple of those before it.
    pub const ALL: [Self; 5] = [Self::Exact, Self::Second, Self::Minute, Self::Hour, Self::Day];

    /// How long it is.
    pub const fn span(self) -> Duration {
        match self {
            Self::Exact => Duration(1),
            Self::Second => Duration::seconds(1),
            Self::Minute => Duration::minutes(1),
            Self::Hour => Duration::hours(1),
            Self::Day => Duration::days(1),
        }
    }

    /// What a moment is remembered as: the beginning of its second, minute, hour or day.
    pub fn floor(self, at: Time) -> Time {
        let span = self.span().0;
        Time(at.0.div_euclid(span).saturating_mul(span))
    }

    /// Whether moments are kept as they are.
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}
