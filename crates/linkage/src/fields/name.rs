//! Forenames, surnames and full names.

use super::{
    Key, Value,
    distance::{hopeless, likeness, within},
    nicknames, phonetic,
    text::{fold, hash, joined, number, plain, says_nothing, unscanned, words},
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

impl Name {
    /// Groups of short forms that its words are of.
    pub(crate) fn groups(&self) -> impl Iterator<Item = u16> {
        self.words.iter().flat_map(|word| word.groups.iter().copied())
    }

    /// Its words in a value's text, without what tells generations apart.
    pub(crate) fn written<'a>(&self, value: &'a Value) -> &'a [u8] {
        let until = self.words.last().map_or(0, |word| usize::from(word.until));
        value.clean.as_bytes().get(..until).unwrap_or_default()
    }

    /// How it is spoken, its plain text and how it sounds, each as a number.
    pub(crate) fn codes(&self) -> [u64; 3] {
        [self.spoken, self.plain, self.sound]
    }
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
pub(crate) enum Generation {
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

/// What stands before a name and is not part of it.
#[rustfmt::skip]
pub(crate) const TITLES: &[&str] = &[
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
pub(crate) const PARTICLES: &[&str] = &[
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
pub(crate) fn nobody(raw: &str, folded: &str) -> bool {
    // Two letters may be a name (Na, Ng, Ka), unless they are written as programs write what is missing.
    let short = folded.len() == 2 && folded.bytes().all(|c| c.is_ascii_alphabetic()) && folded != "xx";
    if short && raw.trim() != "NA" {
        return false;
    }
    says_nothing(folded) || !folded.bytes().any(|c| c.is_ascii_alphabetic())
}

pub(crate) fn from_words(which: Which, mut words: Vec<String>) -> Option<Value> {
    let generation = strip(&mut words);
    if which == Which::Surname {
        join_prefixes(&mut words);
    }
    words.truncate(MOST);
    let words: Vec<String> = words.into_iter().map(unscanned).collect();
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
    // Father and son are two values, though both are found where the name is.
    let clean = match generation {
        Some(Generation::Senior) => clean + " sr",
        Some(Generation::Junior) => clean + " jr",
        Some(Generation::Third) => clean + " iii",
        Some(Generation::Fourth) => clean + " iv",
        None => clean,
    };
    Some(Value { clean: clean.into(), parts: Parts::Name(Box::new(name)) })
}

/// The generation that a word behind a name says.
pub(crate) fn generation(word: &str) -> Option<Generation> {
    match word {
        "jr" | "jnr" | "jun" | "junior" | "ii" | "2nd" => Some(Generation::Junior),
        "sr" | "snr" | "sen" | "senior" => Some(Generation::Senior),
        "iii" | "3rd" => Some(Generation::Third),
        "iv" | "4th" => Some(Generation::Fourth),
        _ => None,
    }
}

/// Whether a word stands behind a name and is not part of it.
pub(crate) fn is_suffix(word: &str) -> bool {
    DEGREES.contains(&word) || generation(word).is_some()
}

/// Takes off titles, degrees, joints and what tells generations apart, but never the last word: Herr and King are surnames.
fn strip(words: &mut Vec<String>) -> Option<Generation> {
    let mut of = None;
    while words.len() > 1 && words.first().is_some_and(|word| TITLES.contains(&word.as_str())) {
        words.remove(0);
    }
    while words.len() > 1 {
        let Some(last) = words.last().map(String::as_str) else { break };
        match generation(last) {
            Some(found) => of = Some(found),
            None if DEGREES.contains(&last) && words.len() > 2 || TITLES.contains(&last) => {}
            None => break,
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
    of
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
    let mut level = slips(core(a, x), core(b, y), x.sound == y.sound);
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
    let until = name.words.last().map_or(0, |word| usize::from(word.until));
    value.clean.as_bytes().get(from..until).unwrap_or_default()
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
