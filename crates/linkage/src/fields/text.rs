//! Any text as plain ASCII, so that what differs only in how it was typed or stored is the same.

use deunicode::deunicode_char;
use std::{collections::HashSet, sync::LazyLock};
use unicode_normalization::UnicodeNormalization;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Words to look one up in.
pub(crate) type Words = HashSet<&'static str, foldhash::fast::FixedState>;

/// How many characters of a value are looked at. Nothing that names a person is longer; what is, is junk, and must not
/// cost more than its share.
const LIMIT: usize = 512;

/// The text in ASCII with its case: mojibake mended, HTML entities read, umlauts written out (`ü` is `ue`, `ß` is `ss`),
/// other accents dropped, other scripts transliterated, control characters gone, runs of white space one space.
pub(crate) fn ascii(raw: &str) -> String {
    let raw = raw.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || invisible(c));
    let cut = match raw.len() > LIMIT {
        true => raw.char_indices().nth(LIMIT).map_or(raw, |(at, _)| &raw[..at]),
        false => raw,
    };
    let mut out = String::with_capacity(cut.len() + 4);
    if cut.is_ascii() {
        match cut.contains('&') {
            true => cut_into(&entities(cut), &mut out),
            // Most texts are what they should be.
            false if is_clean(cut) => out.push_str(cut),
            false => cut.chars().for_each(|c| put(c, &mut out)),
        }
    } else {
        cut_into(&entities(&mend(cut)), &mut out);
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out
}

/// Whether a text has nothing but what one sees, and single spaces.
fn is_clean(text: &str) -> bool {
    let mut before = 0;
    text.bytes().all(|byte| {
        let pair = (std::mem::replace(&mut before, byte), byte);
        (b' '..=b'~').contains(&byte) && pair != (b' ', b' ')
    })
}

/// As [`ascii`], in lower case.
pub(crate) fn fold(raw: &str) -> String {
    let mut text = ascii(raw);
    text.make_ascii_lowercase();
    text
}

/// Words of letters and digits of a folded text. Apostrophes join (`o'brien`), everything else parts.
pub(crate) fn words(folded: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word = String::new();
    for c in folded.chars() {
        match c {
            c if c.is_ascii_alphanumeric() => word.push(c),
            '\'' | '`' => {}
            _ if !word.is_empty() => all.push(std::mem::take(&mut word)),
            _ => {}
        }
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

/// A word with the digits that a scanner or a finger has put for letters read as these (`Lond0n`, `5mith`). Words that are
/// mostly digits stay.
pub(crate) fn unscanned(word: String) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || word.len() < 4 || digits * 3 > word.len() {
        return word;
    }
    let letter = |c| match c {
        '0' => 'o',
        '1' => 'l',
        '5' => 's',
        '8' => 'b',
        other => other,
    };
    word.chars().map(letter).collect()
}

/// Whether a folded text says that nothing is known, and no more: `n/a`, `unknown`, `-`, `xxx`, `keine Angabe`.
pub(crate) fn says_nothing(folded: &str) -> bool {
    let bare = folded.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let mut letters = bare.bytes().filter(u8::is_ascii_alphanumeric);
    let Some(first) = letters.next() else { return true };
    let count = bare.bytes().filter(u8::is_ascii_alphanumeric).count();
    if letters.all(|c| c == first)
        && (matches!(first, b'x' | b'0') || count > 2 && first.is_ascii_lowercase())
    {
        return true;
    }
    NOTHING.contains(bare)
}

/// Words that people and programs write where they know nothing. Folded; compared as a whole.
#[rustfmt::skip]
static NOTHING: LazyLock<Words> = LazyLock::new(|| Words::from_iter([
    "n/a", "n.a", "na", "null", "nil", "none", "undefined", "unknown", "unknow", "unk", "not known", "not available",
    "not applicable", "not provided", "not given", "not specified", "no data", "no name", "noname", "no answer",
    "missing", "empty", "blank", "anonymous", "anonym", "anon", "unspecified", "tbd", "tba", "tbc", "test", "test test",
    "tester", "dummy", "asdf", "asdfasdf", "asdfgh", "asdfghjkl", "qwerty", "qwertz", "azerty", "foo", "foobar", "lorem ipsum",
    "unbekannt", "keine angabe", "keine angaben", "keine", "k.a", "k. a", "ka", "o.a", "ohne angabe", "ohne", "leer",
    "nicht bekannt", "nicht angegeben", "nicht vorhanden", "entfaellt",
    "inconnu", "inconnue", "non renseigne", "non renseignee", "non communique", "aucun", "aucune", "neant", "nc", "nr", "s/o",
    "desconocido", "desconocida", "sin datos", "sin dato", "sin especificar", "no consta", "ninguno", "ninguna", "s/n", "s/d",
    "onbekend", "geen", "niet bekend", "nvt", "n.v.t",
    "sconosciuto", "sconosciuta", "non disponibile", "nessuno", "nessuna", "n.d", "nd",
    "brak", "nieznany", "nieznana", "okand", "ukendt", "ukjent",
]));

/// A hash of text that is the same on every machine and in every run. `seed` keeps apart what is hashed for different ends.
pub(crate) fn hash(text: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), seed)
}

/// A hash of a number, as [`hash`].
pub(crate) fn number(number: u64) -> u64 {
    xxh3_64_with_seed(&number.to_le_bytes(), 0)
}

/// The hash of a text without its spaces, with written-out umlauts dropped (`mueller` as `muller`) and `rn` as `m`: what
/// remains when each machine on the way has treated umlauts differently, and a scanner has read it.
pub(crate) fn plain(clean: &str) -> u64 {
    let mut out = String::with_capacity(clean.len());
    for c in clean.chars().filter(|c| c.is_ascii_alphanumeric()) {
        match c {
            'e' if out.ends_with(['a', 'o', 'u']) => {}
            'n' if out.ends_with('r') => {
                out.pop();
                out.push('m');
            }
            c => out.push(c),
        }
    }
    hash(&out, 0)
}

/// The hash of a text without its spaces.
pub(crate) fn joined(clean: &str) -> u64 {
    let out: String = clean.chars().filter(|c| *c != ' ').collect();
    hash(&out, 0)
}

fn cut_into(text: &str, out: &mut String) {
    // Composed first: `u` with a combining diaeresis is `ü`, and so `ue`.
    text.nfc().for_each(|c| put(c, out));
}

fn put(c: char, out: &mut String) {
    match c {
        c if c.is_whitespace() => {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
        c if c.is_control() || invisible(c) => {}
        c if c.is_ascii() => out.push(c),
        'ä' | 'æ' | 'ǽ' => out.push_str("ae"),
        'ö' | 'ø' | 'œ' | 'ő' => out.push_str("oe"),
        'ü' | 'ű' => out.push_str("ue"),
        'å' => out.push_str("aa"),
        'Ä' | 'Æ' => out.push_str("AE"),
        'Ö' | 'Ø' | 'Œ' | 'Ő' => out.push_str("OE"),
        'Ü' | 'Ű' => out.push_str("UE"),
        'Å' => out.push_str("AA"),
        'ß' => out.push_str("ss"),
        'ẞ' => out.push_str("SS"),
        '‘' | '’' | 'ʼ' | '´' | '′' | '‛' => out.push('\''),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => out.push('-'),
        '“' | '”' | '„' | '«' | '»' => out.push('"'),
        '№' => out.push_str("no."),
        'º' => out.push('o'),
        'ª' => out.push('a'),
        '＠' => out.push('@'),
        c if c.is_alphanumeric() => {
            let text = deunicode_char(c).unwrap_or_default();
            text.chars().filter(char::is_ascii_alphanumeric).for_each(|c| out.push(c));
        }
        '\u{300}'..='\u{36f}' => {}
        '．' => out.push('.'),
        '＋' => out.push('+'),
        '－' => out.push('-'),
        '／' => out.push('/'),
        '\u{fffd}' => {}
        _ => {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        }
    }
}

/// Characters that one does not see: zero-width spaces and joiners, direction marks, soft hyphens, byte order marks.
fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// UTF-8 that somebody has read as Windows-1252 (`MÃ¼ller`), read rightly, up to two times over.
fn mend(text: &str) -> String {
    let once = mend_once(text);
    match once.contains(['Ã', 'Â']) {
        true => mend_once(&once),
        false => once,
    }
}

fn mend_once(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match western(first) {
            Some(0xc3..=0xc5) | Some(0xc2) => 2,
            Some(0xe2) => 3,
            _ => 1,
        };
        let mut bytes = [0; 3];
        let mut taken = 0;
        let mut read = 0;
        for c in rest.chars().take(length) {
            match western(c) {
                Some(byte) => bytes[read] = byte,
                None => break,
            }
            read += 1;
            taken += c.len_utf8();
        }
        match std::str::from_utf8(&bytes[..length]) {
            Ok(mended) if length > 1 && read == length => {
                out.push_str(mended);
                rest = &rest[taken..];
            }
            _ => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// The byte that is this character in Windows-1252 (or, for control characters, in Latin-1), if it is not ASCII.
fn western(c: char) -> Option<u8> {
    /// 0x80 to 0x9f; the five bytes that mean nothing stand for themselves.
    const HIGH: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match c {
        '\u{80}'..='\u{ff}' => Some(c as u8),
        _ => HIGH.chars().position(|high| high == c).map(|at| 0x80 + at as u8),
    }
}

/// Reads the HTML entities that names and streets are found with.
fn entities(text: &str) -> String {
    const NAMED: &[(&str, char)] = &[
        ("amp", '&'),
        ("apos", '\''),
        ("rsquo", '\''),
        ("quot", '"'),
        ("nbsp", ' '),
        ("auml", 'ä'),
        ("ouml", 'ö'),
        ("uuml", 'ü'),
        ("szlig", 'ß'),
        ("eacute", 'é'),
        ("egrave", 'è'),
        ("agrave", 'à'),
        ("ccedil", 'ç'),
        ("ntilde", 'ñ'),
        ("aring", 'å'),
        ("oslash", 'ø'),
        ("aelig", 'æ'),
        ("Auml", 'Ä'),
        ("Ouml", 'Ö'),
        ("Uuml", 'Ü'),
        ("Eacute", 'É'),
    ];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let after = &rest[at + 1..];
        out.push_str(&rest[..at]);
        let end = after.bytes().take(8).position(|c| c == b';');
        let known = end.and_then(|end| {
            let name = &after[..end];
            let coded = name.strip_prefix('#').and_then(|code| match code.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => code.parse().ok(),
            });
            let named = || NAMED.iter().find(|(named, _)| *named == name).map(|(_, c)| *c);
            coded.and_then(char::from_u32).or_else(named)
        });
        match (known, end) {
            (Some(c), Some(end)) => {
                out.push(c);
                rest = &after[end + 1..];
            }
            _ => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
