//! Moments and spans. A moment is a count of milliseconds; nothing here reads a clock.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 where people and programs read it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(pub i64);

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a moment: expected RFC 3339 with a zone, such as 2026-03-01T09:30:00Z")]
pub struct TimeError(String);

impl Time {
    /// The earliest and the latest moment that can be written: the years 1 and 9999.
    pub const RANGE: std::ops::RangeInclusive<Time> = Time(-62_135_596_800_000)..=Time(253_402_207_200_000);

    /// The same moment as jiff's timestamp, to the millisecond.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }

    /// As jiff's timestamp; moments outside [`Time::RANGE`] are moved to its nearest end.
    pub fn timestamp(self) -> Timestamp {
        let clamped = self.clamp(*Self::RANGE.start(), *Self::RANGE.end());
        Timestamp::from_millisecond(clamped.0).unwrap_or_default()
    }

    /// This moment and a span later.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This moment less a span.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The last moment that this may stand for. Many systems write times to the second or the minute: what they call
    /// 10:31 may have happened until 10:31:59.999.
    #[must_use]
    pub fn end_of_precision(self) -> Self {
        let span = match self.0 {
            time if time % 60_000 == 0 => 59_999,
            time if time % 1_000 == 0 => 999,
            _ => 0,
        };
        self.plus(Duration(span))
    }

    /// The span from `earlier` to this moment; negative when `earlier` is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.timestamp(), f)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Time {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        text.trim()
            .parse::<Timestamp>()
            .map(Self::from_timestamp)
            .map_err(|_| TimeError(text.chars().take(60).collect()))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            crate::written::read(deserializer, "a moment such as 2026-03-01T12:00:00Z")
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

/// A span in milliseconds, written like `45m`, `6h`, `3d`, `2w` or `1h 30m`. A day is 24 hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, JsonSchema)]
#[schemars(with = "String")]
pub struct Duration(pub i64);

/// A text that is not a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a duration: expected a number with a unit (ms, s, m, h, d, w), such as 45m, 6h or 1h 30m"
)]
pub struct DurationError(String);

impl Duration {
    const UNITS: [(&'static str, i64); 5] =
        [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

    /// A span of whole seconds.
    pub const fn seconds(count: i64) -> Self {
        Self(count * 1_000)
    }

    /// A span of whole minutes.
    pub const fn minutes(count: i64) -> Self {
        Self(count * 60_000)
    }

    /// A span of whole hours.
    pub const fn hours(count: i64) -> Self {
        Self(count * 3_600_000)
    }

    /// A span of days of 24 hours.
    pub const fn days(count: i64) -> Self {
        Self(count * 86_400_000)
    }

    /// As the standard library's duration; a negative span is zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.max(0) as u64)
    }

    /// As jiff's duration.
    pub fn signed(self) -> SignedDuration {
        SignedDuration::from_millis(self.0)
    }

    /// In words for people, in at most two units: `3 days`, `1 hour 30 minutes`.
    pub fn in_words(self) -> String {
        const WORDS: [(&str, i64); 4] =
            [("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000)];
        let mut rest = self.0.abs();
        let mut parts = Vec::new();
        for (word, size) in WORDS {
            let count = rest / size;
            if count > 0 && parts.len() < 2 {
                parts.push(format!("{count} {word}{}", if count == 1 { "" } else { "s" }));
                rest %= size;
            }
        }
        if parts.is_empty() { format!("{} ms", self.0.abs()) } else { parts.join(" ") }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.abs();
        let mut first = true;
        for (unit, size) in Self::UNITS {
            let count = rest / size;
            if count > 0 {
                write!(f, "{}{count}{unit}", if first { "" } else { " " })?;
                first = false;
                rest %= size;
            }
        }
        if rest > 0 || first {
            write!(f, "{}{rest}ms", if first { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Duration {
    type Err = DurationError;
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let error = || DurationError(text.chars().take(60).collect());
        let mut rest = text.trim();
        let mut total: i64 = 0;
        if rest.is_empty() {
            return Err(error());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
            let count: i64 = rest[..digits].parse().map_err(|_| error())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = &rest[..letters];
            let size = if unit == "ms" {
                1
            } else {
                Self::UNITS.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size).ok_or_else(error)?
            };
            total = count.checked_mul(size).and_then(|span| total.checked_add(span)).ok_or_else(error)?;
            rest = rest[letters..].trim_start();
        }
        Ok(Self(total))
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            crate::written::read(deserializer, "a duration such as 45m, 6h or 1h 30m")
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (text, span) in
            [("45m", Duration::minutes(45)), ("1h 30m", Duration::minutes(90)), ("3d", Duration::days(3))]
        {
            assert_eq!(text.parse::<Duration>(), Ok(span));
            assert_eq!(span.to_string(), text);
        }
        for bad in ["", "45", "m", "45 minutes", "-3d", "99999999999999999999d", "99999999999999w"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
        assert_eq!(Duration::minutes(90).in_words(), "1 hour 30 minutes");
    }

    #[test]
    fn a_coarse_moment_lasts_until_its_end() {
        for (coarse, end) in [
            ("2026-03-01T10:31:00Z", "2026-03-01T10:31:59.999Z"),
            ("2026-03-01T10:31:07Z", "2026-03-01T10:31:07.999Z"),
            ("2026-03-01T10:31:07.5Z", "2026-03-01T10:31:07.5Z"),
        ] {
            assert_eq!(coarse.parse::<Time>().unwrap().end_of_precision(), end.parse().unwrap());
        }
    }

    #[test]
    fn moments_are_rfc_3339() {
        let time: Time = "2026-03-01T09:30:00+01:00".parse().unwrap();
        assert_eq!(time.to_string(), "2026-03-01T08:30:00Z");
        assert!("yesterday".parse::<Time>().is_err());
    }
}
