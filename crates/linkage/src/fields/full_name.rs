//! Full names: which words are the forename, which the surname.

use super::{
    Customs, Key, Value,
    name::{
        self, PARTICLES, TITLES, Which, compare_forenames, compare_surnames, from_words, generation,
        is_suffix, nobody,
    },
    text::{ascii, fold, hash, words},
    value::Parts,
};

pub(crate) const LEVELS: &[&str] = &[
    "same",
    "same names in another order",
    "same surname, forename short, initial or shared",
    "both alike",
    "same surname, other forename",
    "same forename, other surname",
    "different",
];

/// A full name: its two halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) forename: Option<Value>,
    pub(crate) surname: Option<Value>,
    /// Of all words in the order of the alphabet.
    sorted: u64,
}

fn take_apart(raw: &str, two_surnames: bool) -> (Vec<String>, Vec<String>) {
    let text = ascii(raw);
    let mut pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
    if let (Some(before), Some(after)) = (pieces.next(), pieces.next()) {
        let mut given = words(&after.to_ascii_lowercase());
        let mut family = words(&before.to_ascii_lowercase());
        let rest = pieces.flat_map(|piece| words(&piece.to_ascii_lowercase()));
        let only_suffix = given.iter().all(|word| is_suffix(word) || TITLES.contains(&word.as_str()));
        if !only_suffix {
            // `Smith Jr, John` and `Smith, John, Jr`.
            given.extend(rest);
            while given.len() > 1 && given.last().is_some_and(|word| generation(word).is_some()) {
                family.extend(given.pop());
            }
            return (given, family);
        }
        family.extend(given.into_iter().filter(|word| is_suffix(word)));
        return by_order(&family.join(" "), family.clone(), two_surnames);
    }
    let lower = words(&text.to_ascii_lowercase());
    by_order(&text, lower, two_surnames)
}

fn by_order(text: &str, lower: Vec<String>, two_surnames: bool) -> (Vec<String>, Vec<String>) {
    // Hyphens hold a double name together, so words are parted by spaces here.
    let mut pieces: Vec<&str> =
        text.split(' ').filter(|piece| piece.bytes().any(|c| c.is_ascii_alphanumeric())).collect();
    let folded = |piece: &str| words(&piece.to_ascii_lowercase());
    let is_title = |piece: &str| folded(piece).iter().all(|word| TITLES.contains(&word.as_str()));
    while pieces.len() > 1 && is_title(pieces[0]) {
        pieces.remove(0);
    }
    let mut behind = Vec::new();
    while pieces.len() > 1 && folded(pieces[pieces.len() - 1]).iter().all(|word| is_suffix(word)) {
        behind.splice(0..0, pieces.pop().map(folded).unwrap_or_default());
    }
    if pieces.len() < 2 {
        return (Vec::new(), lower);
    }
    let capitals = |piece: &&str| {
        let letters = piece.bytes().filter(u8::is_ascii_alphabetic);
        letters.clone().count() > 1 && !piece.bytes().any(|c| c.is_ascii_lowercase())
    };
    let shouted = pieces.iter().filter(|piece| capitals(piece)).count();
    let spoken = pieces.iter().filter(|piece| piece.bytes().any(|c| c.is_ascii_lowercase())).count();
    let first = pieces.iter().position(|piece| !capitals(piece)).unwrap_or(0);
    let surname_first = shouted > 0
        && spoken > 0
        && capitals(&pieces[0])
        && pieces[first..].iter().all(|piece| !capitals(piece));
    let (given, family): (Vec<&str>, Vec<&str>) = if surname_first {
        (pieces[first..].to_vec(), pieces[..first].to_vec())
    } else {
        let mut from = pieces.len() - 1;
        // García López
        if two_surnames && from > 1 {
            from -= 1;
        }
        while from > 1
            && folded(pieces[from - 1])
                .iter()
                .all(|word| PARTICLES.contains(&word.as_str()) && word.len() > 1)
        {
            from -= 1;
        }
        (pieces[..from].to_vec(), pieces[from..].to_vec())
    };
    let given = given.into_iter().flat_map(folded).collect();
    let family = family.into_iter().flat_map(folded).chain(behind).collect();
    (given, family)
}

/// The forename and the surname of a full name, each as text to be read on; empty, if there is none.
///
/// A comma parts them the other way round (`Surname, Forename`); else words in capitals before others are the surname
/// (`DUPONT Marie`); else the last word is, with the particles before it (`Ludwig van Beethoven`).
pub fn split_full_name(raw: &str, customs: &Customs) -> (String, String) {
    let folded = fold(raw);
    if nobody(raw, &folded) {
        return (String::new(), String::new());
    }
    let (given, family) = take_apart(raw, customs.two_surnames);
    (given.join(" "), family.join(" "))
}

/// Reads a full name.
pub(crate) fn read(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    if nobody(raw, &folded) {
        return None;
    }
    let (given, family) = take_apart(raw, customs.two_surnames);
    let forename = from_words(Which::Forename, given);
    let surname = from_words(Which::Surname, family);
    let clean = match (&surname, &forename) {
        (Some(surname), Some(forename)) => format!("{}, {}", surname.clean, forename.clean),
        (Some(surname), None) => surname.clean.to_string(),
        // Somebody of whom only the forename is known is not somebody with that surname.
        (None, Some(forename)) => format!(", {}", forename.clean),
        (None, None) => return None,
    };
    let mut all: Vec<&str> = clean.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    all.sort_unstable();
    let sorted = hash(&all.join(" "), 0);
    Some(Value { clean: clean.into(), parts: Parts::Full(Box::new(Full { forename, surname, sorted })) })
}

/// Compares two full names; an index into [`LEVELS`].
pub(crate) fn compare(a: &Value, b: &Value, x: &Full, y: &Full) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    let pair = |a: &Option<Value>, b: &Option<Value>, surnames: bool| match (a, b) {
        (Some(a), Some(b)) => match (&a.parts, &b.parts) {
            (Parts::Name(x), Parts::Name(y)) if surnames => Some(compare_surnames(a, b, x, y)),
            (Parts::Name(x), Parts::Name(y)) => Some(compare_forenames(a, b, x, y)),
            _ => None,
        },
        _ => None,
    };
    let given = pair(&x.forename, &y.forename, false);
    let family = pair(&x.surname, &y.surname, true);
    match (family, given) {
        (Some(0), Some(0)) => 0,
        _ if x.sorted == y.sorted => 1,
        (Some(0), Some(1..=3) | None) => 2,
        (Some(0..=2), Some(0..=4)) | (Some(0..=3), Some(0)) => 3,
        (Some(0..=1), _) => 4,
        (_, Some(0 | 1)) => 5,
        _ => 6,
    }
}

/// The keys of a full name: those of its surname, the short forms of its forename with how the surname sounds, and all
/// words in the order of the alphabet.
pub(crate) fn keys(value: &Value, full: &Full, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, hash(&value.clean, 0));
    put(Key::Sorted, full.sorted);
    let mut sounds = Vec::new();
    if let Some(surname) = &full.surname
        && let Some(name) = surname.name()
    {
        name::keys(surname, name, false, &mut |key, hash| match key {
            Key::Phonetic => {
                sounds.push(hash);
                put(key, hash);
            }
            Key::Prefix | Key::Word => put(key, hash),
            _ => {}
        });
    }
    if let Some(forename) = &full.forename
        && let Some(name) = forename.name()
    {
        name::keys(forename, name, true, &mut |key, full| {
            if key == Key::Canonical {
                sounds.iter().for_each(|sound| put(Key::Canonical, full.rotate_left(17) ^ sound));
            }
        });
    }
}
