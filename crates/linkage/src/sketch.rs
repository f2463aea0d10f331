//! A few bits of each value that tell, without looking at it, that another one is nothing like it.
//!
//! Most pairs that are compared are not alike, and to find that out by the values themselves costs several visits to far memory. Of what
//! is long, a sketch has a bit for each pair of letters that stand side by side. A slip changes two or three of them; values whose
//! sketches differ in more than some slips could explain are different. Of a name it has the letters and how it sounds, and a date fits
//! into it as a whole. It is part of what a comparison is, and so the same in batch and live.

use crate::dictionary::mix;
use crate::fields::{self, FieldKind, Value};

/// The sketch of a value.
pub fn sketch(kind: FieldKind, value: &Value) -> u64 {
    let bytes = value.clean.as_bytes();
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
        FieldKind::Forename | FieldKind::Surname | FieldKind::MaidenName => fields::name_sketch(value),
        FieldKind::BirthDate => fields::date_sketch(value),
        _ => 0,
    }
}

/// Whether values of a kind have sketches that tell something.
pub fn is_sketched(kind: FieldKind) -> bool {
    use FieldKind::{BirthDate, Email, Forename, Identifier, MaidenName, Phone, Postcode, Street, Surname};
    matches!(
        kind,
        BirthDate | Email | Forename | Identifier | MaidenName | Phone | Postcode | Street | Surname
    )
}

/// The level of two values of a kind, where their sketches tell it: nearly always, that they are different.
pub fn level(kind: FieldKind, a: u64, b: u64) -> Option<u8> {
    let most = match kind {
        FieldKind::Email => 12,
        FieldKind::Phone => 9,
        FieldKind::Identifier => 8,
        // Without letters it is the number of a house, of which the street is not known.
        FieldKind::Street if a == 0 || b == 0 => return None,
        FieldKind::Street => 14,
        FieldKind::Postcode => 2,
        FieldKind::BirthDate => return fields::dates_by_sketch(a, b),
        FieldKind::Forename | FieldKind::Surname | FieldKind::MaidenName => {
            return fields::names_differ(a, b).then(|| different(kind));
        }
        _ => return None,
    };
    ((a ^ b).count_ones() > most).then(|| different(kind))
}

/// The level of what is different.
pub fn different(kind: FieldKind) -> u8 {
    fields::levels(kind).len() as u8 - 1
}

fn pairs<'b>(bytes: impl Iterator<Item = &'b u8>) -> u64 {
    let mut last = 0u8;
    bytes.fold(0, |bits, &byte| {
        let pair = mix(u64::from(last), u64::from(byte));
        last = byte;
        bits | 1 << (pair & 63)
    })
}
