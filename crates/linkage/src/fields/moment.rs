//! When a record was true: moments as systems write them.

use super::{date, text::fold};

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// Of days later than this nothing is known yet: `9999-12-31` means that it never ends.
const LAST_YEAR: u16 = 2100;

/// Reads a moment as minutes since the beginning of 1970: `2021-03-09T14:07:00Z`, `09.03.2021 14:07`, `3/9/21`, `1615298820`. `None` if it
/// is none, or what programs write where they know none. `month_first` is asked where day and month could change places.
///
/// Without a zone, moments are taken for those of one: who lives where is not a matter of hours.
pub fn moment(raw: &str, month_first: impl FnOnce() -> bool) -> Option<u32> {
    let raw = raw.trim();
    if !(4..=64).contains(&raw.len()) {
        return None;
    }
    let minutes = match counted(raw) {
        Some(minutes) => minutes,
        None => {
            let (days, behind) = match iso(raw) {
                Some(day) => (days(day)?, raw.get(10..)?.to_ascii_lowercase()),
                None => {
                    let folded = fold(raw);
                    (days(date::day(&folded, month_first())?)?, folded)
                }
            };
            days * DAY + time_of_day(&behind)
        }
    };
    u32::try_from(minutes).ok().filter(|&minutes| i64::from(minutes) >= 2 * DAY)
}

/// Seconds since 1970, or thousandths or millionths of them; or days since the turn of the year 1900, as table calculators count.
fn counted(raw: &str) -> Option<i64> {
    let (whole, part) = raw.split_once('.').unwrap_or((raw, ""));
    if [whole, part].iter().any(|digits| digits.bytes().any(|c| !c.is_ascii_digit())) {
        return None;
    }
    let count: i64 = whole.parse().ok()?;
    match whole.len() {
        5 => Some((count - 25_569) * DAY),
        10 => Some(count / 60),
        13 => Some(count / 60_000),
        16 => Some(count / 60_000_000),
        _ => None,
    }
}

/// `2021-03-09` in front, which needs no folding and no asking.
fn iso(raw: &str) -> Option<(u16, u8, u8)> {
    let bytes = raw.as_bytes();
    let is = bytes.len() >= 10
        && bytes[..10].iter().enumerate().all(|(at, c)| match at {
            4 | 7 => *c == b'-',
            _ => c.is_ascii_digit(),
        })
        && !bytes.get(10).is_some_and(u8::is_ascii_digit);
    let day = is.then(|| (raw[..4].parse().ok(), raw[5..7].parse().ok(), raw[8..10].parse().ok()))?;
    Some((day.0?, day.1?, day.2?))
}

/// Days since 1 January 1970, of a day that is one of the calendar and neither before that nor beyond what can be.
fn days((year, month, day): (u16, u8, u8)) -> Option<i64> {
    if !(1970..LAST_YEAR).contains(&year) || month > 12 || day > 31 {
        return None;
    }
    // Where only the year or the month is known, its beginning. The rest after Howard Hinnant, "chrono-compatible low-level date
    // algorithms".
    let (month, day) = (i64::from(month.max(1)), i64::from(day.max(1)));
    let year = i64::from(year) - i64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719_468)
}

/// Minutes since midnight, by a zone if one is said; none are known where no time is.
fn time_of_day(text: &str) -> i64 {
    let Some(colon) = text.find(':') else { return 0 };
    let (before, behind) = (&text[..colon], &text[colon + 1..]);
    let hour = before.len() - before.bytes().rev().take(2).take_while(u8::is_ascii_digit).count();
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<i64>().ok());
    let (Some(hour), Some(minute)) = (number(before.get(hour..)), number(behind.get(..2))) else { return 0 };
    let hour = match (hour, behind.contains("pm"), behind.contains("am")) {
        (1..=11, true, _) => hour + 12,
        (12, _, true) => 0,
        _ => hour,
    };
    hour.min(24) * 60 + minute.min(59) - zone(behind)
}

/// How far ahead of Greenwich a zone is, in minutes: `+02:00`, `-0500`, `+02`.
fn zone(behind: &str) -> i64 {
    let Some(sign) = behind.rfind(['+', '-']) else { return 0 };
    let digits: Vec<i64> =
        behind[sign + 1..].bytes().filter(u8::is_ascii_digit).map(|digit| i64::from(digit - b'0')).collect();
    let minutes = match digits[..] {
        [h, i] => (h * 10 + i) * 60,
        [h, i, m, n] => (h * 10 + i) * 60 + m * 10 + n,
        _ => 0,
    };
    if behind[sign..].starts_with('-') { -minutes } else { minutes }
}
