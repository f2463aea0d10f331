//! Single values: names, time zones, spans, date formats.

use crate::{
    checks::{Findings, Spot},
    problem::quoted,
};
use crowsnest_model::Duration;
use jiff::{
    Timestamp,
    fmt::strtime::{self, BrokenDownTime},
    tz::TimeZone,
};

/// Checks a name that stands in addresses, files and tables.
pub(crate) fn name(name: &str) -> Result<(), String> {
    const LONGEST: usize = 100;
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if begins && fits && name.len() <= LONGEST {
        Ok(())
    } else {
        Err(format!(
            "{} is not a name: expected at most {LONGEST} letters a-z, digits, `-`, `_` or `.`, the first a letter or digit",
            quoted(name)
        ))
    }
}

/// Checks an IANA time zone.
pub(crate) fn time_zone(name: &str) -> Result<(), String> {
    TimeZone::get(name).map(drop).map_err(|_| {
        format!("{} is not a time zone: expected an IANA name, such as America/Chicago", quoted(name))
    })
}

/// Checks that a span is longer than nothing.
pub(crate) fn positive(span: Duration, spot: Spot<'_>, findings: &mut Findings) {
    if span.0 <= 0 {
        findings.problem(spot, format!("`{span}` is too short: expected more than nothing, such as 15m"));
    }
}

/// Checks that a text says something.
pub(crate) fn filled(text: &str, spot: Spot<'_>, findings: &mut Findings) {
    if text.trim().is_empty() {
        findings.problem(spot, "expected text, found an empty one");
    }
}

/// Checks the name of an environment variable. It is not said again: it may be the secret itself.
pub(crate) fn variable(name: &str, example: &str, spot: Spot<'_>, findings: &mut Findings) {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        findings.problem(spot, format!("expected the name of an environment variable, such as {example}"));
    }
}

/// Checks strftime's letters: they must exist and say which day it is.
pub(crate) fn date_format(format: &str) -> Result<(), String> {
    let example = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let written = strtime::format(format, &example)
        .map_err(|error| format!("{} is not a date format: {error}", quoted(format)))?;
    let says_day = BrokenDownTime::parse(format, &written)
        .is_ok_and(|read| read.to_date().is_ok() || read.to_timestamp().is_ok());
    if says_day {
        Ok(())
    } else {
        Err(format!(
            "{} does not say year, month and day: expected strftime's letters, such as %m/%d/%Y %H:%M",
            quoted(format)
        ))
    }
}
