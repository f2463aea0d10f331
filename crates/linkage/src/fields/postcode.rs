//! Postcodes.

use super::{
    Customs, Key, Value,
    distance::within,
    text::{fold, hash, says_nothing},
    value::Parts,
};

pub(crate) const LEVELS: &[&str] = &["same", "one slip", "same area", "different"];

/// Reads a postcode: without its country (`D-10115`), spaces, and the last four digits of an American one.
pub(crate) fn read(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    if says_nothing(&folded) {
        return None;
    }
    let text = folded.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    // D-10115, A 1010, CH-8000, but not SW1A 1AA or K1A 0B1.
    let country = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(0);
    let behind = text[country..].trim_start_matches(['-', ' ', '.']);
    let text = if country > 0 && country <= 3 && text.as_bytes()[country] == b'-'
        || country > 0 && country <= 3 && behind.len() >= 4 && behind.bytes().all(|c| c.is_ascii_digit())
    {
        behind
    } else {
        text
    };
    // 12345-6789, 123456789
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let numeric = text.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'-' | b' ' | b'.'));
    let clean: String = match (numeric, digits.len()) {
        (true, 9) => digits[..5].to_owned(),
        _ => text.chars().filter(char::is_ascii_alphanumeric).take(12).collect(),
    };
    // 22222 is in Virginia; nobody lives at 00000, 99999, xxxx.
    let first = clean.chars().next()?;
    let typed = clean.chars().all(|c| c == first)
        && (matches!(first, '0' | '1' | '9') || first.is_ascii_alphabetic());
    if clean.len() < 3 || typed || matches!(clean.as_str(), "1234" | "12345" | "123456") {
        return None;
    }
    // A table calculator took the nought in front.
    let clean = if numeric && clean.len() + 1 == customs.postcode { format!("0{clean}") } else { clean };
    Some(Value { clean: clean.into(), parts: Parts::Text { plain: 0 } })
}

/// How much of a postcode names the area: of British ones what precedes the last three letters, of others the first half.
fn area(code: &[u8]) -> &[u8] {
    match code {
        [.., d, _, l] if d.is_ascii_digit() && l.is_ascii_alphabetic() && code[0].is_ascii_alphabetic() => {
            &code[..code.len() - 3]
        }
        _ => &code[..code.len().div_ceil(2).min(3)],
    }
}

/// Compares two postcodes; an index into [`LEVELS`].
pub(crate) fn compare(a: &Value, b: &Value) -> u8 {
    let (a, b) = (a.clean.as_bytes(), b.clean.as_bytes());
    if a == b {
        0
    } else if within(a, b, 1) {
        1
    } else if area(a) == area(b) {
        2
    } else {
        3
    }
}

/// The keys of a postcode, beside the whole.
pub(crate) fn keys(value: &Value, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Prefix, hash(&String::from_utf8_lossy(area(value.clean.as_bytes())), 0));
}
