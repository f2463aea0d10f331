//! Numbers of cards, accounts and the state's registers, and text of any other sort.

use super::{
    Value,
    distance::{likeness, within},
    text::{fold, plain, says_nothing, words},
    value::Parts,
};

pub(crate) const LEVELS: &[&str] = &["same", "one slip", "different"];
pub(crate) const OTHER: &[&str] = &["same", "similar", "different"];

/// Reads an identifier: letters and digits, without noughts in front, which table calculators take.
pub(crate) fn read(raw: &str) -> Option<Value> {
    let folded = fold(raw);
    if says_nothing(&folded) {
        return None;
    }
    let text = folded.strip_suffix(".0").unwrap_or(&folded);
    let clean: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let clean =
        if clean.bytes().all(|c| c.is_ascii_digit()) { clean.trim_start_matches('0') } else { &clean };
    let first = clean.chars().next()?;
    let counted = "1234567890".starts_with(clean) || "9876543210".starts_with(clean);
    if clean.chars().all(|c| c == first) && clean.len() > 2 || counted && clean.len() > 4 {
        return None;
    }
    Some(Value { clean: clean.into(), parts: Parts::Text { plain: 0 } })
}

/// Compares two identifiers; an index into [`LEVELS`]. Short numbers have neighbours that are somebody else's, so that a slip
/// counts from six letters on only.
pub(crate) fn compare(a: &Value, b: &Value) -> u8 {
    let (a, b) = (a.clean.as_bytes(), b.clean.as_bytes());
    if a == b {
        0
    } else if a.len().max(b.len()) >= 6 && within(a, b, 1) {
        1
    } else {
        2
    }
}

/// Reads any other text.
pub(crate) fn read_other(raw: &str) -> Option<Value> {
    let folded = fold(raw);
    if says_nothing(&folded) {
        return None;
    }
    let clean = words(&folded).join(" ");
    let plain = plain(&clean);
    (!clean.is_empty()).then(|| Value { clean: clean.into(), parts: Parts::Text { plain } })
}

/// Compares two texts; an index into [`OTHER`].
pub(crate) fn compare_other(a: &Value, b: &Value, plain: bool) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    let (a, b) = (a.clean.as_bytes(), b.clean.as_bytes());
    // Of long texts only the beginnings would be measured.
    if plain || a.len().min(b.len()) > 3 && (within(a, b, 1) || likeness(a, b) >= 0.9) { 1 } else { 2 }
}
