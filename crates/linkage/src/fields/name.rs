//! Forenames, surnames and full names.

use super::{
    Customs, Key, Value,
    distance::{hopeless, likeness, within},
    nicknames, phonetic,
    text::{ascii, fold, hash, joined, number, plain, says_nothing, words},
    value::Parts,
};

/// The most words of a name that are looked at.
const MOST: usize = 6;

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    words: Box<[Word]>,
    /// Of the text without spaces: Mc Donald is McDonald.
    joined: u64,
    /// Of the text without spaces and written-out umlauts.
    plain: u64,
    /// How the whole sounds, roughly.
    sound: u64,
    /// Of how it is spoken.
    spoken: u64,
    generation: Option<Generation>,
}

/// A full name: its two halves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) forename: Option<Value>,
    pub(crate) surname: Option<Value>,
    /// Of all words in the order of the alphabet.
    sorted: u64,
}

/// One word of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word {
    from: u16,
    until: u16,
    sound: u64,
    /// Groups of short forms; only forenames have them.
    groups: &'static [u16],
    /// Is it `von`, `de`, `van`?
    particle: bool,
}

/// What tells a son from his father of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    Senior,
    Junior,
    Third,
    Fourth,
}

/// Which of the two names of a person is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Forename,
    Surname,
}

pub(crate) const FORENAME: &[&str] = &[
    "same",
    "short form of the same name",
    "initial of the other",
    "one of several names shared",
    "one slip or sounds alike",
    "similar",
    "different",
];

pub(crate) const SURNAME: &[&str] =
    &["same", "part of a double name", "one slip or sounds alike", "similar", "different"];

pub(crate) const FULL: &[&str] = &[
    "same",
    "same names in another order",
    "same surname, forename short, initial or shared",
    "both alike",
    "same surname, other forename",
    "same forename, other surname",
    "different",
];

/// What stands before a name and is not part of it.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "mister", "dr", "drs", "prof", "professor", "sir", "dame", "rev", "reverend", "hon",
    "capt", "herr", "herrn", "frau", "hr", "fr", "fam", "familie", "dipl", "ing", "mag", "med", "phil", "habil", "univ", "doktor",
    "mme", "mlle", "monsieur", "madame", "mademoiselle", "sra", "srta", "don", "dona", "senor", "senora", "sig", "signor",
    "signora", "dott", "dottore", "dhr", "mevr", "mevrouw", "mw", "ir", "pan", "pani",
];

/// What stands behind a name and is not part of it.
const DEGREES: &[&str] =
    &["phd", "md", "mba", "esq", "msc", "bsc", "ma", "ba", "llm", "cpa", "dds", "rn", "obe", "mbe"];

/// Words that join names, or say that another follows.
const JOINTS: &[&str] = &["geb", "geborene", "geborener", "nee", "born", "verh", "verw", "und", "and"];

#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "von", "vom", "van", "v", "vd", "vdr", "de", "der", "den", "des", "del", "della", "delle", "dello", "dei", "degli", "di", "da", "do",
    "dos", "das", "du", "la", "le", "las", "los", "les", "lo", "zu", "zum", "zur", "ten", "ter", "te", "het", "op", "af",
    "av", "auf", "am", "an", "bin", "ibn", "ben", "al", "el", "y", "e", "d", "t", "st", "saint", "sankt",
];

/// Prefixes that belong to the word behind them: Mc Donald, O Brien, Mac Leod.
const PREFIXES: &[&str] = &["mc", "mac", "o"];

/// Reads a forename or a surname.
pub(crate) fn read(which: Which, raw: &str) -> Option<Value> {
    let folded = fold(raw);
    if nobody(raw, &folded) {
        return None;
    }
    from_words(which, words(&folded))
}

/// Whether the text begins with a forename that has short forms, as the usual ones have.
pub(crate) fn known_forename(raw: &str) -> bool {
    words(&fold(raw))
        .iter()
        .find(|word| !TITLES.contains(&word.as_str()))
        .is_some_and(|word| !nicknames::groups(word).is_empty())
}

/// Whether nobody is called that.
fn nobody(raw: &str, folded: &str) -> bool {
    // Two letters may be a name (Na, Ng, Ka), unless they are written as programs write what is missing.
    let short = folded.len() == 2 && folded.bytes().all(|c| c.is_ascii_alphabetic()) && folded != "xx";
    if short && raw.trim() != "NA" {
        return false;
    }
    says_nothing(folded) || !folded.bytes().any(|c| c.is_ascii_alphabetic())
}

fn from_words(which: Which, mut words: Vec<String>) -> Option<Value> {
    let generation = strip(&mut words);
    if which == Which::Surname {
        join_prefixes(&mut words);
    }
    words.truncate(MOST);
    let clean = words.join(" ");
    if clean.is_empty() {
        return None;
    }
    let mut parts = Vec::with_capacity(words.len());
    let mut from = 0;
    for (at, word) in words.iter().enumerate() {
        let until = from + word.len();
        let particle = which == Which::Surname
            && words.len() > 1
            && PARTICLES.contains(&word.as_str())
            // De and Le are particles before a name and names behind one.
            && (at + 1 < words.len() || at > 0 && matches!(word.as_str(), "de" | "von" | "van" | "der" | "v" | "d"));
        parts.push(Word {
            from: u16::try_from(from).unwrap_or(u16::MAX),
            until: u16::try_from(until).unwrap_or(u16::MAX),
            sound: phonetic::code(word),
            groups: if which == Which::Forename { nicknames::groups(word) } else { &[] },
            particle,
        });
        from = until + 1;
    }
    let whole: String = words.concat();
    let name = Name {
        words: parts.into(),
        joined: joined(&clean),
        plain: plain(&clean),
        sound: phonetic::code(&whole),
        spoken: hash(&phonetic::spoken(&whole), 0),
        generation,
    };
    Some(Value { clean: clean.into(), parts: Parts::Name(Box::new(name)) })
}

/// Takes off titles, degrees, joints and what tells generations apart, but never the last word: Herr and King are surnames.
fn strip(words: &mut Vec<String>) -> Option<Generation> {
    let mut generation = None;
    while words.len() > 1 && words.first().is_some_and(|word| TITLES.contains(&word.as_str())) {
        words.remove(0);
    }
    while words.len() > 1 {
        let Some(last) = words.last().map(String::as_str) else { break };
        match last {
            "jr" | "jnr" | "jun" | "junior" | "ii" | "2nd" => generation = Some(Generation::Junior),
            "sr" | "snr" | "sen" | "senior" => generation = Some(Generation::Senior),
            "iii" | "3rd" => generation = Some(Generation::Third),
            "iv" | "4th" => generation = Some(Generation::Fourth),
            degree if DEGREES.contains(&degree) && words.len() > 2 => {}
            title if TITLES.contains(&title) => {}
            _ => break,
        }
        words.pop();
    }
    if words.len() > 2 {
        let (first, last) = (words[0].clone(), words[words.len() - 1].clone());
        words.retain(|word| !JOINTS.contains(&word.as_str()) || *word == first || *word == last);
    }
    if words.len() > 1 && JOINTS.contains(&words[0].as_str()) {
        words.remove(0);
    }
    generation
}

fn join_prefixes(words: &mut Vec<String>) {
    let mut at = 0;
    while at + 1 < words.len() {
        if PREFIXES.contains(&words[at].as_str()) {
            let behind = words.remove(at + 1);
            words[at].push_str(&behind);
        }
        at += 1;
    }
}

/// A full name taken apart: what is forename, what surname, as text to be read on.
///
/// A comma parts them the other way round (`Surname, Forename`); else words in capitals among others are the surname
/// (`DUPONT Marie`); else the last word is, with the particles before it (`Ludwig van Beethoven`).
fn take_apart(raw: &str, two_surnames: bool) -> (Vec<String>, Vec<String>) {
    let text = ascii(raw);
    let mut pieces = text.split(',').map(str::trim).filter(|piece| !piece.is_empty());
    if let (Some(before), Some(after)) = (pieces.next(), pieces.next()) {
        let mut given = words(&after.to_ascii_lowercase());
        let mut family = words(&before.to_ascii_lowercase());
        let rest = pieces.flat_map(|piece| words(&piece.to_ascii_lowercase()));
        let only_suffix = given.iter().all(|word| suffix(word) || TITLES.contains(&word.as_str()));
        if !only_suffix {
            // `Smith Jr, John` and `Smith, John, Jr`.
            given.extend(rest);
            return (given, family);
        }
        family.extend(given.into_iter().filter(|word| suffix(word)));
        return by_order(&family.join(" "), family.clone(), two_surnames);
    }
    let lower = words(&text.to_ascii_lowercase());
    by_order(&text, lower, two_surnames)
}

fn suffix(word: &str) -> bool {
    DEGREES.contains(&word)
        || matches!(
            word,
            "jr" | "jnr"
                | "jun"
                | "junior"
                | "sr"
                | "snr"
                | "sen"
                | "senior"
                | "ii"
                | "iii"
                | "iv"
                | "2nd"
                | "3rd"
                | "4th"
        )
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
    while pieces.len() > 1 && folded(pieces[pieces.len() - 1]).iter().all(|word| suffix(word)) {
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

/// The forename and the surname of a full name, each as text to be read on; empty, if there is none. See the order in which
/// that is decided at [`take_apart`].
pub fn split_full_name(raw: &str, customs: &Customs) -> (String, String) {
    let folded = fold(raw);
    if nobody(raw, &folded) {
        return (String::new(), String::new());
    }
    let (given, family) = take_apart(raw, customs.two_surnames);
    (given.join(" "), family.join(" "))
}

/// Reads a full name.
pub(crate) fn read_full(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    if nobody(raw, &folded) {
        return None;
    }
    let (given, family) = take_apart(raw, customs.two_surnames);
    let forename = from_words(Which::Forename, given);
    let surname = from_words(Which::Surname, family);
    let clean = match (&surname, &forename) {
        (Some(surname), Some(forename)) => format!("{}, {}", surname.clean, forename.clean),
        (Some(only), None) | (None, Some(only)) => only.clean.to_string(),
        (None, None) => return None,
    };
    let mut all: Vec<&str> = clean.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    all.sort_unstable();
    let sorted = hash(&all.join(" "), 0);
    Some(Value { clean: clean.into(), parts: Parts::Full(Box::new(Full { forename, surname, sorted })) })
}

fn text<'a>(value: &'a Value, word: &Word) -> &'a [u8] {
    value.clean.as_bytes().get(usize::from(word.from)..usize::from(word.until)).unwrap_or_default()
}

/// Compares two forenames; an index into [`FORENAME`].
pub(crate) fn compare_forenames(a: &Value, b: &Value, x: &Name, y: &Name) -> u8 {
    if apart(x, y) {
        return 6;
    }
    if a.clean == b.clean || x.joined == y.joined {
        return 0;
    }
    let (Some(first), Some(other)) = (x.words.first(), y.words.first()) else { return 6 };
    if text(a, first) != text(b, other) && nicknames::share(first.groups, other.groups) {
        return 1;
    }
    if initials(a, b, x, y) || initials(b, a, y, x) {
        return 2;
    }
    if (x.words.len() > 1 || y.words.len() > 1)
        && any_pair(x, y, |p, q| {
            p.until - p.from > 1 && text(a, p) == text(b, q) || nicknames::share(p.groups, q.groups)
        })
    {
        return 3;
    }
    let mut level = slips(a.clean.as_bytes(), b.clean.as_bytes(), x.sound == y.sound);
    if x.plain == y.plain || x.spoken == y.spoken {
        level = 0;
    }
    if level > 0 && (x.words.len() > 1 || y.words.len() > 1) {
        level = level.min(slips(text(a, first), text(b, other), first.sound == other.sound));
    }
    4 + level
}

/// The name without the particles before it: van der Berg and van der Vaart have nothing else in common.
fn core<'a>(value: &'a Value, name: &Name) -> &'a [u8] {
    let from = name.words.iter().find(|word| !word.particle).map_or(0, |word| usize::from(word.from));
    value.clean.as_bytes().get(from..).unwrap_or_default()
}

/// Compares two surnames; an index into [`SURNAME`].
pub(crate) fn compare_surnames(a: &Value, b: &Value, x: &Name, y: &Name) -> u8 {
    if apart(x, y) {
        return 4;
    }
    if a.clean == b.clean || x.joined == y.joined {
        return 0;
    }
    let several = x.words.len() > 1 || y.words.len() > 1;
    if several && any_pair(x, y, |p, q| telling(p) && telling(q) && text(a, p) == text(b, q)) {
        return 1;
    }
    if x.plain == y.plain || x.spoken == y.spoken {
        return 2;
    }
    let level = slips(core(a, x), core(b, y), x.sound == y.sound);
    if level > 1
        && (several
            && any_pair(x, y, |p, q| {
                telling(p) && telling(q) && slips(text(a, p), text(b, q), p.sound == q.sound) == 0
            })
            || initials(a, b, x, y)
            || initials(b, a, y, x))
    {
        return 3;
    }
    2 + level
}

/// Compares two full names; an index into [`FULL`].
pub(crate) fn compare_full(a: &Value, b: &Value, x: &Full, y: &Full) -> u8 {
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

/// 0: one slip, or it sounds alike; 1: similar; 2: different.
fn slips(a: &[u8], b: &[u8], sounds_alike: bool) -> u8 {
    // In three letters one slip makes another name: Jan, Ian, Jon.
    let long = a.len().max(b.len()) > 3;
    if long && a.len().min(b.len()) > 2 && within(a, b, 1) {
        return 0;
    }
    let sounds_alike = sounds_alike && long;
    if hopeless(a, b, if sounds_alike { 0.7 } else { 0.85 }) {
        return 2;
    }
    match likeness(a, b) {
        likeness if likeness >= 0.92 || sounds_alike && likeness >= 0.7 => 0,
        likeness if likeness >= 0.85 => 1,
        _ => 2,
    }
}

/// Are they told apart by generation: junior and senior?
fn apart(x: &Name, y: &Name) -> bool {
    matches!((x.generation, y.generation), (Some(x), Some(y)) if x != y)
}

/// Whether all that the first says is initials of the second's words: J., or J. R., for John Robert.
fn initials(a: &Value, b: &Value, x: &Name, y: &Name) -> bool {
    x.words.iter().all(|word| word.until - word.from == 1)
        && x.words.iter().zip(&y.words).all(|(p, q)| text(a, p).first() == text(b, q).first())
}

fn telling(word: &Word) -> bool {
    !word.particle && word.until - word.from > 2
}

fn any_pair(x: &Name, y: &Name, is: impl Fn(&Word, &Word) -> bool) -> bool {
    x.words.iter().any(|p| y.words.iter().any(|q| is(p, q)))
}

/// The keys of a forename or surname.
pub(crate) fn keys(value: &Value, name: &Name, forename: bool, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, name.joined);
    put(Key::Plain, name.plain);
    let several = name.words.iter().filter(|word| !word.particle).count() > 1;
    if several {
        let mut sorted: Vec<&[u8]> =
            name.words.iter().filter(|word| !word.particle).map(|word| text(value, word)).collect();
        sorted.sort_unstable();
        put(Key::Sorted, hash(&String::from_utf8_lossy(&sorted.join(&b' ')), 0));
    }
    let mut given = Vec::new();
    for word in name.words.iter().filter(|word| !word.particle) {
        let letters = text(value, word);
        let spelt = String::from_utf8_lossy(letters);
        // Initials are in nobody's way, and find everybody.
        if letters.len() < 2 {
            continue;
        }
        if several {
            put(Key::Word, hash(&spelt, 0));
        }
        put(Key::Phonetic, number(word.sound));
        // Of forenames the letter that is left where there is an initial only.
        put(Key::Prefix, hash(&spelt[..spelt.len().min(if forename { 1 } else { 3 })], 0));
        if forename {
            given.extend(word.groups.iter().map(|group| hash(nicknames::full(*group), 0)));
            if word.groups.is_empty() {
                given.push(hash(&spelt, 0));
            }
        }
    }
    given.sort_unstable();
    given.dedup();
    given.into_iter().for_each(|full| put(Key::Canonical, full));
}

/// The keys of a full name: those of its surname, the short forms of its forename with how the surname sounds, and all
/// words in the order of the alphabet.
pub(crate) fn keys_full(value: &Value, full: &Full, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, hash(&value.clean, 0));
    put(Key::Sorted, full.sorted);
    let mut sounds = Vec::new();
    if let Some(surname) = &full.surname
        && let Some(name) = surname.name()
    {
        keys(surname, name, false, &mut |key, hash| match key {
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
        keys(forename, name, true, &mut |key, full| {
            if key == Key::Canonical {
                sounds.iter().for_each(|sound| put(Key::Canonical, full.rotate_left(17) ^ sound));
            }
        });
    }
}
