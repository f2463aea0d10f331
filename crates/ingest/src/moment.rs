//! Moments and days as foreign systems write them.

use crowsnest_model::Time;
use jiff::{Timestamp, civil, fmt::strtime, tz::TimeZone};

/// How a moment is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MomentFormat {
    /// RFC 3339 or ISO 8601; the zone may be missing.
    Iso,
    /// Seconds since 1970.
    Unix,
    /// Milliseconds since 1970.
    UnixMillis,
    /// In strftime's letters.
    Letters(String),
}

impl MomentFormat {
    /// Reads a mapping's `format`.
    pub fn new(format: Option<&str>) -> Result<Self, String> {
        Ok(match format {
            None => Self::Iso,
            Some("unix") => Self::Unix,
            Some("unix-ms") => Self::UnixMillis,
            Some(letters) => {
                check_letters(letters)?;
                Self::Letters(letters.to_owned())
            }
        })
    }

    /// What a cell should have looked like.
    pub fn in_words(&self) -> String {
        match self {
            Self::Iso => "RFC 3339, such as 2026-03-01T09:30:00Z".into(),
            Self::Unix => "seconds since 1970, such as 1772357400".into(),
            Self::UnixMillis => "milliseconds since 1970, such as 1772357400000".into(),
            Self::Letters(letters) => format!("`{letters}`{}", example(letters)),
        }
    }

    /// The moment that `text` names. One without a zone is taken as of `zone`; a moment that the clocks of that zone
    /// skipped is as much later, of one that they showed twice it is the first.
    pub fn read(&self, text: &str, zone: &TimeZone) -> Option<Time> {
        let timestamp = match self {
            Self::Iso => return iso(text, zone),
            Self::Unix => {
                let (seconds, millis) = match text.split_once('.') {
                    Some((seconds, fraction)) => {
                        let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
                        let all_digits = fraction.bytes().all(|b| b.is_ascii_digit());
                        (seconds, if all_digits { digits.parse::<i64>().ok()? } else { return None })
                    }
                    None => (text, 0),
                };
                let sign = if seconds.starts_with('-') { -1 } else { 1 };
                let millis = seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(sign * millis)?;
                Timestamp::from_millisecond(millis).ok()?
            }
            Self::UnixMillis => Timestamp::from_millisecond(text.parse().ok()?).ok()?,
            Self::Letters(letters) => {
                let parsed = strtime::parse(letters, text).ok()?;
                match parsed.to_timestamp() {
                    Ok(timestamp) => timestamp,
                    Err(_) => in_zone(parsed.to_datetime().ok()?, zone)?,
                }
            }
        };
        within_range(Time::from_timestamp(timestamp))
    }
}

/// The moment of an ISO 8601 text; one without a zone is taken as of `zone`.
pub(crate) fn iso(text: &str, zone: &TimeZone) -> Option<Time> {
    let text = text.trim();
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => in_zone(text.parse::<civil::DateTime>().ok()?, zone)?,
    };
    within_range(Time::from_timestamp(timestamp))
}

fn in_zone(local: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

fn within_range(time: Time) -> Option<Time> {
    Time::RANGE.contains(&time).then_some(time)
}

/// The day that `text` names, as `2026-03-01`.
pub(crate) fn day(text: &str, letters: Option<&str>) -> Option<String> {
    let day = match letters {
        Some(letters) => strtime::parse(letters, text).ok()?.to_date().ok()?,
        None => text.parse::<civil::Date>().ok()?,
    };
    (day.year() >= 1).then(|| day.to_string())
}

/// What a cell with a day should have looked like.
pub(crate) fn day_in_words(letters: Option<&str>) -> String {
    match letters {
        Some(letters) => format!("`{letters}`{}", example(letters)),
        None => "a day such as 2026-03-01".into(),
    }
}

/// Checks that strftime knows the letters.
pub(crate) fn check_letters(letters: &str) -> Result<(), String> {
    strtime::format(letters, &sample()).map(|_| ()).map_err(|error| {
        format!(
            "`{letters}` is not a way to write a date: {error}; expected strftime's letters, such as %m/%d/%Y"
        )
    })
}

fn example(letters: &str) -> String {
    strtime::format(letters, &sample()).map_or_else(|_| String::new(), |text| format!(", such as {text}"))
}

fn sample() -> jiff::Zoned {
    civil::date(2026, 3, 1).at(9, 30, 0, 0).to_zoned(TimeZone::UTC).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chicago() -> TimeZone {
        TimeZone::get("America/Chicago").unwrap()
    }

    #[test]
    fn sdk_timestamps_are_read() {
        for (text, expected) in [
            ("2026-03-01T09:30:00.123Z", Some("2026-03-01T09:30:00.123Z")),
            ("2026-03-01T09:30:00.123456+00:00", Some("2026-03-01T09:30:00.123Z")),
            ("2026-03-01T09:30:00", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01 09:30:00", Some("2026-03-01T09:30:00Z")),
            ("2026-03-01T09:30:00+0100", Some("2026-03-01T08:30:00Z")),
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("yesterday", None),
            ("2026-02-30T00:00:00Z", None),
            ("1772357400", None),
            ("", None),
        ] {
            assert_eq!(iso(text, &TimeZone::UTC).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn moments_are_read_in_their_zone() {
        for (format, text, expected) in [
            (Some("%m/%d/%Y %H:%M"), "07/04/2026 09:30", Some("2026-07-04T14:30:00Z")),
            (Some("%m/%d/%Y"), "07/04/2026", Some("2026-07-04T05:00:00Z")),
            (Some("%Y%m%d"), "19970101", Some("1997-01-01T06:00:00Z")),
            (Some("%Y-%m-%d %H:%M %z"), "2026-07-04 09:30 +0200", Some("2026-07-04T07:30:00Z")),
            // The clocks go from 2 to 3 on 8 March and from 2 back to 1 on 1 November.
            (None, "2026-03-08T02:30:00", Some("2026-03-08T08:30:00Z")),
            (None, "2026-11-01T01:30:00", Some("2026-11-01T06:30:00Z")),
            (Some("unix"), "1772357400", Some("2026-03-01T09:30:00Z")),
            (Some("unix"), "1772357400.25", Some("2026-03-01T09:30:00.25Z")),
            (Some("unix-ms"), "1772357400001", Some("2026-03-01T09:30:00.001Z")),
            (Some("unix"), "99999999999999999999", None),
            (Some("unix"), "1.x", None),
            (Some("%m/%d/%Y"), "13/01/2026", None),
            (Some("%m/%d/%Y"), "02/30/2026", None),
            (Some("%m/%d/%Y"), "02/03/2026 tail", None),
        ] {
            let format = MomentFormat::new(format).unwrap();
            let read = format.read(text, &chicago()).map(|t| t.to_string());
            assert_eq!(read.as_deref(), expected, "{text} as {format:?}");
        }
        assert!(MomentFormat::new(Some("%E!")).is_err());
    }

    #[test]
    fn days_are_read() {
        for (letters, text, expected) in [
            (None, "2026-03-01", Some("2026-03-01")),
            (Some("%d.%m.%Y"), "01.03.2026", Some("2026-03-01")),
            (Some("%d.%m.%Y"), "31.02.2026", None),
            (None, "01/03/2026", None),
        ] {
            assert_eq!(day(text, letters).as_deref(), expected, "{text}");
        }
    }
}
