//! A few bits of each value that tell, without looking at it, that another one is nothing like it.
//!
//! Most pairs that are compared are not alike, and to find that out by the values themselves costs several visits to far memory. A sketch
//! has a bit for each pair of letters that stand side by side. A slip changes two or three of them; values whose sketches differ in more
//! than some slips could explain are different. It is part of what a comparison is, and so the same in batch and live.

use crate::dictionary::mix;
use crate::fields::FieldKind;

/// The sketch of a value's clean text.
pub fn sketch(kind: FieldKind, clean: &str) -> u64 {
    let bytes = clean.as_bytes();
    match kind {
        // Of an address, the mailbox: the domain may be another.
        FieldKind::Email => pairs(
            bytes.split(|&b| b == b'@').next().unwrap_or(bytes).iter().filter(|b| b.is_ascii_alphanumeric()),
        ),
        FieldKind::Phone => pairs(bytes[bytes.len().saturating_sub(7)..].iter()),
        FieldKind::Identifier => pairs(bytes.iter()),
        FieldKind::Street => pairs(bytes.iter().filter(|b| b.is_ascii_alphabetic())),
        // Too short for pairs: which letters and digits there are.
        FieldKind::Postcode => bytes.iter().fold(0, |bits, &byte| bits | 1 << (byte & 63)),
        _ => 0,
    }
}

/// Whether two values of a kind are surely different, by their sketches.
pub fn differ(kind: FieldKind, a: u64, b: u64) -> bool {
    let most = match kind {
        FieldKind::Email => 12,
        FieldKind::Phone => 9,
        FieldKind::Identifier => 8,
        FieldKind::Street => 14,
        FieldKind::Postcode => 2,
        _ => return false,
    };
    (a ^ b).count_ones() > most
}

fn pairs<'b>(bytes: impl Iterator<Item = &'b u8>) -> u64 {
    let mut last = 0u8;
    bytes.fold(0, |bits, &byte| {
        let pair = mix(u64::from(last), u64::from(byte));
        last = byte;
        bits | 1 << (pair & 63)
    })
}
