//! Whether a JSON text may be kept raw: what is kept unread today must be readable tomorrow.
//!
//! Properties and contexts are stored as the bytes that came. Skipping over them checks their grammar, but neither
//! their depth, nor the range of their numbers, nor half surrogate pairs; a document with one of these would be
//! stored and could then not be read. Most texts are cleared by counting; only a suspicious one is read in full.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// As deep as `serde_json` reads.
const DEPTH: usize = 128;

/// Checks that `text`, which is grammatical JSON, can be read in full.
pub(crate) fn check(text: &str) -> Result<(), serde_json::Error> {
    if suspicious(text.as_bytes()) { serde_json::from_str::<Readable>(text).map(|_| ()) } else { Ok(()) }
}

/// Whether the text could be too deep or have a number that is too large.
fn suspicious(bytes: &[u8]) -> bool {
    openers(bytes) >= DEPTH || has_large_exponent(bytes) || has_long_number(bytes)
}

/// How many objects and lists begin in the text, or seem to. Counted in bytes, which vector instructions do best.
fn openers(bytes: &[u8]) -> usize {
    let in_chunk = |chunk: &[u8]| chunk.iter().map(|b| u8::from(matches!(b, b'{' | b'['))).sum::<u8>();
    bytes.chunks(255).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

fn digit(byte: u8) -> bool {
    byte.wrapping_sub(b'0') < 10
}

/// Whether there is a number such as 1e999: an `e` after a digit, with an exponent of three digits or more.
fn has_large_exponent(bytes: &[u8]) -> bool {
    let looks = |a: u8, e: u8, first: u8, second: u8, third: u8| {
        digit(a)
            & ((e | 0x20) == b'e')
            & (digit(first) | (first == b'+') | (first == b'-'))
            & digit(second)
            & digit(third)
    };
    let length = bytes.len().saturating_sub(4);
    let from = |start: usize| bytes.get(start..start + length).unwrap_or_default().iter();
    // Without a branch, so that the compiler makes vector instructions of it; most texts have no such place at all.
    let somewhere = from(0)
        .zip(from(1))
        .zip(from(2))
        .zip(from(3))
        .zip(from(4))
        .fold(false, |found, ((((a, e), first), second), third)| {
            found | looks(*a, *e, *first, *second, *third)
        });
    somewhere
        && bytes.windows(5).enumerate().any(|(at, window)| match *window {
            [a, e, first, second, third] => looks(a, e, first, second, third) && is_in_a_number(bytes, at),
            _ => false,
        })
}

/// Whether the digit before an `e` at `at` belongs to a number, and not to an id such as `57e2918a`.
fn is_in_a_number(bytes: &[u8], at: usize) -> bool {
    let part = |byte: &u8| digit(*byte) || matches!(byte, b'.' | b'+' | b'-');
    let border = |byte: Option<&u8>| byte.is_none_or(|b| b":,[]}".contains(b) || b.is_ascii_whitespace());
    let before = bytes.get(..at).unwrap_or_default().iter().rev().find(|byte| !part(byte));
    let after = bytes.get(at + 2..).unwrap_or_default().iter().find(|byte| !part(byte));
    border(before) && border(after)
}

/// Whether there is a number of more than a hundred digits. One without exponent, or with one of two digits, needs more
/// than 200 to leave the range, so it covers one of the places that are looked at.
fn has_long_number(bytes: &[u8]) -> bool {
    const LONG: usize = 128;
    (0..bytes.len()).step_by(LONG).any(|place| {
        let (before, after) = bytes.split_at(place);
        let before = before.iter().rev().take(LONG).take_while(|b| digit(**b)).count();
        let after = after.iter().take(LONG).take_while(|b| digit(**b)).count();
        after > 0 && before + after >= LONG
    })
}

/// Anything that can be read; its value is of no interest.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Anything;
        impl<'de> Visitor<'de> for Anything {
            type Value = Readable;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any JSON")
            }
            fn visit_unit<E>(self) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_str<E>(self, _: &str) -> Result<Readable, E> {
                Ok(Readable)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Readable, A::Error> {
                while seq.next_element::<Readable>()?.is_some() {}
                Ok(Readable)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Readable, A::Error> {
                while map.next_key::<IgnoredAny>()?.is_some() {
                    map.next_value::<Readable>()?;
                }
                Ok(Readable)
            }
        }
        deserializer.deserialize_any(Anything)
    }
}

/// The text with every half of a surrogate pair (`\ud83d` alone: a browser cut an emoji in two) replaced by U+FFFD,
/// as browsers do when they show it. Such a text is grammatical, but no Rust string can hold what it says.
pub(crate) fn mend(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut rest = text;
    while let Some(found) = rest.find('\\') {
        let at = text.len() - rest.len() + found;
        let step = match surrogate(text, at) {
            None => 2,
            Some(0xD800..=0xDBFF)
                if surrogate(text, at + 6).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)) =>
            {
                12
            }
            Some(_) => {
                out.push_str(text.get(copied..at).unwrap_or_default());
                out.push_str("\\ufffd");
                copied = at + 6;
                6
            }
        };
        rest = text.get(at + step..).unwrap_or_default();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The surrogate that is written at `at` as `\ud83d`, if one is.
fn surrogate(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u32::from_str_radix(digits, 16).ok().filter(|unit| (0xD800..=0xDFFF).contains(unit))
}

/// The object `object` with the members of `more` that it does not have. `None` when one of the two is no object.
pub(crate) fn with_members<'a>(
    object: Option<&'a RawValue>,
    more: &[(Cow<'a, str>, &'a RawValue)],
) -> Option<Box<RawValue>> {
    let mut members = match object {
        Some(object) => members(object)?,
        None => Vec::new(),
    };
    let known: std::collections::HashSet<Cow<'a, str>> =
        members.iter().map(|(name, _)| name.clone()).collect();
    members.extend(more.iter().filter(|(name, _)| !known.contains(name)).cloned());
    let mut out = String::from("{");
    for (index, (name, value)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&serde_json::to_string(name).ok()?);
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
    RawValue::from_string(out).ok()
}

/// The members of a JSON object, unread.
pub(crate) fn members(object: &RawValue) -> Option<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);
    impl<'de> Deserialize<'de> for Members<'de> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Object;
            impl<'de> Visitor<'de> for Object {
                type Value = Members<'de>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                    let mut members = Vec::new();
                    while let Some(name) = map.next_key::<Key<'de>>()? {
                        members.push((name.0, map.next_value::<&'de RawValue>()?));
                    }
                    Ok(Members(members))
                }
            }
            deserializer.deserialize_map(Object)
        }
    }
    serde_json::from_str::<Members<'_>>(object.get()).ok().map(|members| members.0)
}

/// A name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Removes members that are null, at every depth: null is an absent value.
pub(crate) fn drop_nulls(object: &mut crowsnest_model::Object) {
    object.retain(|_, value| !value.is_null());
    for value in object.values_mut() {
        if let serde_json::Value::Object(inner) = value {
            drop_nulls(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_later_is_found_now() {
        let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        for (text, readable) in [
            (r#"{"a":[1,2,{"b":"1e9"}]}"#.to_owned(), true),
            (r#"{"id":"11e3456-77e-12e"}"#.to_owned(), true),
            ("1e999".to_owned(), false),
            ("-1E+999".to_owned(), false),
            (r#"{"a":"b", "n" : -12.5e0400 }"#.to_owned(), false),
            (format!("[{}e99]", "9".repeat(220)), false),
            (r#"{"id":"5e999"}"#.to_owned(), true),
            (r#"{"n":1e30,"id":"11e3999a"}"#.to_owned(), true),
            ("9".repeat(400), false),
            (deep(100), true),
            (deep(10_000), false),
        ] {
            assert_eq!(check(&text).is_ok(), readable, "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn half_surrogate_pairs_are_mended_and_whole_ones_kept() {
        for (text, mended) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\ude00 alone""#, r#""\ufffd alone""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\ud83d\ud83d\ude00é""#, r#""\ufffd\ud83d\ude00é""#),
        ] {
            assert_eq!(mend(text), mended);
        }
    }
}
