//! How long a text message is: in which alphabet it is sent, and in how many segments. Each segment is paid for.

use serde::Serialize;

/// The characters of GSM 03.38 that take one place each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Those that take two, since an escape goes before each.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The places of a message of one segment, and of each segment of a longer one, which has a header.
const GSM: (usize, usize) = (160, 153);
const UCS2: (usize, usize) = (70, 67);

/// So many of the characters are named that force the larger alphabet.
const NAMED: usize = 5;

/// The alphabet of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// GSM 03.38: seven bits a place.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Sixteen bits a place: for a message with a single character that GSM 03.38 does not have.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

impl Encoding {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

/// How long a text is as a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segments {
    /// In which alphabet.
    pub encoding: Encoding,
    /// In how many segments.
    pub count: usize,
    /// How many places it takes, without what is left empty at the end of segments.
    pub units: usize,
    /// The first characters that force UCS-2, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forced_by: Vec<char>,
}

impl Segments {
    /// Of a text. One without a character is one segment.
    pub fn of(text: &str) -> Self {
        let mut forced_by = Vec::new();
        for c in text.chars().filter(|c| places(*c).is_none()) {
            if forced_by.len() < NAMED && !forced_by.contains(&c) {
                forced_by.push(c);
            }
        }
        let encoding = if forced_by.is_empty() { Encoding::Gsm7 } else { Encoding::Ucs2 };
        let width = |c: char| match encoding {
            Encoding::Gsm7 => places(c).unwrap_or(1),
            Encoding::Ucs2 => c.len_utf16(),
        };
        let (alone, each) = if encoding == Encoding::Gsm7 { GSM } else { UCS2 };
        let units: usize = text.chars().map(width).sum();
        let mut count = 1;
        if units > alone {
            // What takes two places is not cut in two.
            let mut filled = 0;
            for c in text.chars() {
                if filled + width(c) > each {
                    count += 1;
                    filled = 0;
                }
                filled += width(c);
            }
        }
        Self { encoding, count, units, forced_by }
    }

    /// In words: `2 segments of UCS-2, because of “’”`.
    pub fn in_words(&self) -> String {
        let segments = if self.count == 1 { "segment" } else { "segments" };
        let named: Vec<String> = self.forced_by.iter().map(|c| format!("`{}`", c.escape_debug())).collect();
        let because =
            if named.is_empty() { String::new() } else { format!(", because of {}", named.join(" ")) };
        format!("{} {segments} of {}{because}", self.count, self.encoding.as_str())
    }
}

/// The places that a character takes in GSM 03.38, if that has it.
fn places(c: char) -> Option<usize> {
    match c {
        _ if BASIC.contains(c) => Some(1),
        _ if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_as_gateways_count_them() {
        for (text, encoding, units, count) in [
            (String::new(), "GSM-7", 0, 1),
            ("a".repeat(160), "GSM-7", 160, 1),
            ("a".repeat(161), "GSM-7", 161, 2),
            ("a".repeat(306), "GSM-7", 306, 2),
            ("a".repeat(307), "GSM-7", 307, 3),
            ("€".repeat(80), "GSM-7", 160, 1),
            ("€".repeat(81), "GSM-7", 162, 2),
            // 153 is odd: the escape that would be last in a segment goes to the next with its character.
            ("€".repeat(152), "GSM-7", 304, 2),
            ("€".repeat(153), "GSM-7", 306, 3),
            (format!("{}€{}", "a".repeat(152), "a".repeat(152)), "GSM-7", 306, 3),
            ("ü".repeat(160), "GSM-7", 160, 1),
            ("ç".repeat(70), "UCS-2", 70, 1),
            ("ç".repeat(71), "UCS-2", 71, 2),
            ("ç".repeat(134), "UCS-2", 134, 2),
            ("ç".repeat(135), "UCS-2", 135, 3),
            ("🚗".repeat(35), "UCS-2", 70, 1),
            ("🚗".repeat(36), "UCS-2", 72, 2),
            // 67 is odd, too.
            ("🚗".repeat(66), "UCS-2", 132, 2),
            ("🚗".repeat(67), "UCS-2", 134, 3),
        ] {
            let found = Segments::of(&text);
            assert_eq!(
                (found.encoding.as_str(), found.units, found.count),
                (encoding, units, count),
                "{text}"
            );
        }
        assert_eq!(BASIC.chars().count(), 127, "128 with the escape");
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn what_makes_a_message_dear_is_named() {
        let found = Segments::of("We’re open – “today”, we’re");
        assert_eq!(found.forced_by, ['’', '–', '“', '”']);
        assert_eq!(found.in_words(), "1 segment of UCS-2, because of `’` `–` `“` `”`");
        assert_eq!(Segments::of(&"a".repeat(200)).in_words(), "2 segments of GSM-7");
        assert_eq!(Segments::of("абвгдежз").forced_by.len(), NAMED);
    }
}
