//! How a name sounds, roughly: names that are confused when they are heard or spelt have the same code.
//!
//! The classes are those of the Cologne phonetics (Hans Joachim Postel, *Die Kölner Phonetik*, IBM-Nachrichten 19, 1969):
//! vowels count at the beginning only, and letters that sound alike are one class. Three things differ, because a table of
//! customers holds names of many languages and every name needs one code whatever its language is: `m` and `n` stay apart;
//! silent letters at the beginning go (`Knight`, `Wright`); `th`, `ph`, `sch`, `sh`, `gh`, `sz`, `cz` and `tz` are read
//! as one sound wherever they stand.

/// The code of a word of ASCII letters in lower case; 0 if it has none. Letters are packed four bits each, so two codes
/// are compared at the price of two numbers. Only what fits, sixteen sounds, counts.
pub(crate) fn code(word: &str) -> u64 {
    let word = word.as_bytes();
    let word = match word {
        [b'k' | b'g' | b'p', b'n', ..] | [b'w', b'r', ..] | [b'p', b's', ..] => &word[1..],
        _ => word,
    };
    let mut code = 0;
    let mut last = 0;
    let mut at = 0;
    while at < word.len() {
        let rest = &word[at..];
        let (sounds, length) = sound(rest, at == 0);
        for sound in sounds.into_iter().filter(|sound| *sound != SILENT) {
            // A sound that follows on itself is one; a vowel between keeps two apart.
            if sound != last && (sound != VOWEL || code == 0) && code >> 60 == 0 {
                code = code << 4 | sound;
            }
            last = sound;
        }
        at += length;
    }
    code
}

/// The word as it is spoken, with its vowels: finer than [`code`], so that who has the same is as good as spelt the same.
/// Meier, Maier, Meyer and Mayr are one; Mohr is another.
pub(crate) fn spoken(word: &str) -> String {
    let word = word.as_bytes();
    let mut out = String::with_capacity(word.len());
    let mut at = 0;
    while at < word.len() {
        let rest = &word[at..];
        let (said, length) = match rest {
            [b't', b's', b'c', b'h', ..] => ('S', 4),
            [b's', b'c', b'h', ..] => ('S', 3),
            [b's', b'h', ..] => ('S', 2),
            [b'a', b'e', b'u', ..] => ('Y', 3),
            [b'e', b'u', ..] | [b'o', b'y' | b'i', ..] => ('Y', 2),
            [b'e' | b'a', b'i' | b'y', ..] => ('A', 2),
            [b'i', b'e', ..] => ('i', 2),
            [b'o', b'u', ..] => ('u', 2),
            // Brown is Braun.
            [b'o', b'w', b'n', ..] | [b'a', b'u', b'n', ..] => ('O', 2),
            [b'a', b'e', ..] => ('e', 2),
            [b'p', b'h', ..] => ('f', 2),
            [b't', b'h', ..] | [b'd', b't', ..] => ('t', 2),
            [b'c', b'k', ..] => ('k', 2),
            [b'c', b'h', ..] => ('C', 2),
            [b't', b'z', ..] => ('s', 2),
            [b'c', b'e' | b'i' | b'y', ..] | [b'z', ..] => ('s', 1),
            [b'c' | b'q', ..] => ('k', 1),
            [b'v' | b'w', ..] => ('f', 1),
            [b'y' | b'j', b'a' | b'e' | b'i' | b'o' | b'u', ..] if at == 0 => ('j', 1),
            [b'y' | b'j', ..] => ('i', 1),
            [other, ..] => (char::from(*other), 1),
            [] => break,
        };
        at += length;
        let before = out.chars().next_back();
        let vowel = before.is_some_and(|c| "aeiouAOY".contains(c));
        let next = word.get(at);
        let lengthens = said == 'h' && vowel && !next.is_some_and(|c| b"aeiouy".contains(c));
        // In Maier the e is no sound of its own.
        let swallowed = said == 'e' && matches!(before, Some('A' | 'Y')) && word[at..] == *b"r";
        if !lengthens && !swallowed && before != Some(said) {
            out.push(said);
        }
    }
    let hardened = match out.pop() {
        Some('d') => Some('t'),
        Some('b') => Some('p'),
        Some('g') => Some('k'),
        other => other,
    };
    out.extend(hardened);
    out
}

const SILENT: u64 = 0;
const P: u64 = 1;
const T: u64 = 2;
const F: u64 = 3;
const K: u64 = 4;
const L: u64 = 5;
const M: u64 = 6;
const R: u64 = 7;
const S: u64 = 8;
const N: u64 = 9;
/// `j`, and `y` before a vowel, at the beginning: Jannis and Yannis, but not Annis.
const J: u64 = 10;
const VOWEL: u64 = 11;

/// The one or two sounds that a word begins with, and how many letters they are written with.
fn sound(rest: &[u8], first: bool) -> ([u64; 2], usize) {
    let one = |sound| ([sound, SILENT], 1);
    let two = |sound| ([sound, SILENT], 2);
    let vowel = |at: usize| rest.get(at).is_some_and(|c| b"aeiouy".contains(c));
    match rest {
        [b's', b'c', b'h', ..] => ([S, SILENT], 3),
        [b't', b's', b'c', b'h', ..] => ([S, SILENT], 4),
        [b't', b'c', b'h', ..] => ([K, SILENT], 3),
        [b's', b'h' | b'z', ..] | [b'c', b'z', ..] | [b't', b'z' | b's', ..] | [b'd', b'z' | b's', ..] => {
            two(S)
        }
        [b'p', b'h', ..] => two(F),
        [b't' | b'd', b'h', ..] => two(T),
        [b'c', b'h' | b'k', ..] => two(K),
        // Hughes, Wright; but Ghali.
        [b'g', b'h', ..] => two(if first { K } else { SILENT }),
        [b'a' | b'e' | b'i' | b'o' | b'u', ..] => one(VOWEL),
        [b'y' | b'j', ..] if first && vowel(1) => one(J),
        [b'y' | b'j', ..] => one(VOWEL),
        [b'h', ..] => one(SILENT),
        [b'b' | b'p', ..] => one(P),
        [b'd' | b't', ..] => one(T),
        // Brown sounds as Braun.
        [b'w', b'n', ..] if !first => one(SILENT),
        [b'f' | b'v' | b'w', ..] => one(F),
        [b'c', b'e' | b'i' | b'y', ..] => one(S),
        [b'g' | b'k' | b'q' | b'c', ..] => one(K),
        [b'x', ..] if first => one(S),
        [b'x', ..] => ([K, S], 1),
        [b'l', ..] => one(L),
        [b'm', ..] => one(M),
        [b'n', ..] => one(N),
        [b'r', ..] => one(R),
        [b's' | b'z', ..] => one(S),
        _ => one(SILENT),
    }
}
