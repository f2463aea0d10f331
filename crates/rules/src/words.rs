//! Names and values as people read them.

use crate::{
    number::Number,
    value::{List, Val},
};
use crowsnest_model::{Duration, Time, series::Granularity};
use std::borrow::Cow;

/// How much of a customer's value is shown in an explanation, in characters.
const SHOWN: usize = 80;

/// A name in words: `first_name` and `firstName` are "first name", `lifetimeValueUSD` is "lifetime value USD".
pub(crate) fn name(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = None;
    for (place, &letter) in letters.iter().enumerate() {
        let after = letters.get(place + 1).copied();
        let begins =
            letter.is_uppercase() && before.is_some_and(|c: char| c.is_lowercase() || c.is_numeric());
        if begins {
            out.push(' ');
        }
        match letter {
            '_' | '-' => out.push(' '),
            _ if begins && !after.is_some_and(char::is_uppercase) => out.extend(letter.to_lowercase()),
            _ => out.push(printable(letter)),
        }
        before = Some(letter);
    }
    out.trim().to_owned()
}

/// A text between quotes, on one line and without signs that would disturb what stands around it.
pub(crate) fn text(text: &str) -> String {
    format!("“{}”", printable_text(text))
}

/// The same without quotes, as names of events and segments are written.
pub(crate) fn printable_text(text: &str) -> String {
    text.chars().map(printable).collect()
}

/// The name of a property of a property: "shipping price".
pub(crate) fn path(names: &[Box<str>]) -> String {
    names.iter().map(|part| name(part)).collect::<Vec<_>>().join(" ")
}

/// A span, exactly: "30 days", or "1d 2h 3m" when two units would not do.
pub(crate) fn span(span: Duration) -> String {
    const UNITS: [i64; 4] = [86_400_000, 3_600_000, 60_000, 1_000];
    let mut rest = span.0;
    let mut units = 0;
    for unit in UNITS {
        units += usize::from(rest >= unit);
        rest %= unit;
    }
    match (units, rest) {
        (1 | 2, 0) | (0, _) => span.in_words(),
        _ => span.to_string(),
    }
}

/// What can be shown on one line: no line ends, terminal controls or changes of direction.
fn printable(c: char) -> char {
    match c {
        '\n' | '\r' | '\t' => ' ',
        '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// A number with as many digits as it needs, and a power of ten when that would be a line of zeros.
pub(crate) fn number(number: Number) -> String {
    match number {
        Number::Int(number) => number.to_string(),
        Number::Double(0.0) => "0".into(),
        Number::Double(number) if (1e-6..1e15).contains(&number.abs()) => number.to_string(),
        Number::Double(number) => format!("{number:e}"),
    }
}

/// A moment: "1 March 2026, 09:30 UTC".
pub(crate) fn time(time: Time) -> String {
    let moment = time.timestamp().to_zoned(jiff::tz::TimeZone::UTC);
    let seconds = if time.0 % 60_000 == 0 { "" } else { ":%S" };
    moment.strftime(&format!("%-d %B %Y, %H:%M{seconds} UTC")).to_string()
}

/// Items with commas between them.
pub(crate) fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    if items.len() == 0 {
        return "an empty list".into();
    }
    items.collect::<Vec<_>>().join(", ")
}

/// A customer's value, shortened when it is long; `None` when it is not known.
pub(crate) fn value(found: Val<'_>) -> Option<String> {
    Some(match found {
        Val::Unknown => return None,
        Val::Bool(truth) => truth.to_string(),
        Val::Number(found) => number(found),
        Val::Text(found) => text(&shortened(&found.seen())),
        Val::Time(found) => time(found),
        Val::List(List::Data(items)) => {
            let all = list(items.iter().map(|item| value(Val::of(item)).unwrap_or_else(|| "nothing".into())));
            shortened(&all).into_owned()
        }
        other => {
            let json = other.to_json()?.to_string();
            shortened(&json).chars().map(printable).collect()
        }
    })
}

fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

/// How finely moments are told apart, where that is not exactly: "by the day".
pub(crate) fn granularity(granularity: Granularity) -> Option<&'static str> {
    match granularity {
        Granularity::Exact => None,
        Granularity::Second => Some("by the second"),
        Granularity::Minute => Some("by the minute"),
        Granularity::Hour => Some("by the hour"),
        Granularity::Day => Some("by the day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        for (written, expected) in [
            ("tier", "tier"),
            ("first_name", "first name"),
            ("firstName", "first name"),
            ("cart-id", "cart id"),
            ("lifetimeValueUSD", "lifetime value USD"),
            ("LTV", "LTV"),
            ("_private_", "private"),
            ("address2Line", "address2 line"),
            ("a\nb\u{1b}c", "a b\u{fffd}c"),
        ] {
            assert_eq!(name(written), expected);
        }
    }

    #[test]
    fn values_are_short_and_printable() {
        assert_eq!(text("go\u{1b}[31mld\n\u{202e}x"), "“go\u{fffd}[31mld \u{fffd}x”");
        assert_eq!(number(Number::Double(1e300)), "1e300");
        assert_eq!(number(Number::Double(50.0)), "50");
        assert_eq!(time(Time(1_772_357_400_000)), "1 March 2026, 09:30 UTC");
        assert_eq!(time(Time(1_772_357_401_000)), "1 March 2026, 09:30:01 UTC");
        let long = serde_json::json!("é".repeat(100));
        assert_eq!(value(Val::of(&long)).unwrap(), format!("“{}…”", "é".repeat(80)));
        assert_eq!(value(Val::of(&serde_json::json!(["a", 1, null]))).as_deref(), Some("“a”, 1, nothing"));
        assert_eq!(value(Val::of(&serde_json::json!({"a": 1}))).as_deref(), Some("{\"a\":1}"));
        assert_eq!(value(Val::of(&serde_json::Value::Null)), None);
    }
}
