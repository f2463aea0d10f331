//! Streets and the numbers of houses.

use super::{
    Key, Value,
    distance::{digits, hopeless, likeness, within},
    phonetic,
    text::{self, fold, hash, joined, plain, says_nothing, unscanned},
    value::Parts,
};

mod words;

pub(crate) const LEVELS: &[&str] = &[
    "same street and number",
    "same street, number alike or missing",
    "same street, other number",
    "slip in the street or not known, same number",
    "different",
];
pub(crate) const NUMBER: &[&str] = &["same", "alike", "different"];
pub(crate) const UNIT: &[&str] = &["same", "one slip", "different"];

/// The most words of an address that are looked at.
const MOST: usize = 24;

/// An address taken apart. The clean text begins with the name of the street.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Street {
    /// Where the name without its sort (street, road, rue) begins and ends in the clean text.
    from: u16,
    until: u16,
    /// That name, without spaces.
    base: u64,
    /// That name, without spaces and written-out umlauts.
    plain: u64,
    /// Street, road, square; 0 if it is not said.
    sort: u64,
    number: Option<Number>,
    /// Flat or suite; 0 if there is none.
    unit: u64,
}

/// The number of a house: `12`, `12a`, `12-14`, `12/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    first: u32,
    /// The letter behind it; 0 if there is none.
    letter: u8,
    /// The last of several houses.
    last: Option<u32>,
    /// What stands behind a stroke: the door in Austria, the house in Australia.
    behind: Option<u32>,
}

/// How two numbers are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Same,
    Alike,
    /// One of them, or both, is not known.
    Missing,
    Other,
}

/// Reads the street, and the number of the house if it is there, before or behind.
pub(crate) fn read(raw: &str) -> Option<Value> {
    let lines = raw.trim().replace(['\n', '\r', '\t', '|'], ", ");
    let folded = fold(&lines);
    if says_nothing(&folded) {
        return None;
    }
    let text = words::spelt_out(&folded);
    if let Some(number) = words::post_box(&text) {
        let number = Number { first: number, letter: 0, last: None, behind: None };
        return Some(value(&["po".to_owned(), "box".to_owned()], Some(number), ""));
    }
    let mut unit = String::new();
    let pieces: Vec<Vec<String>> = text
        .split([',', ';'])
        .filter(|piece| !words::care_of(piece))
        .map(|piece| take_unit(words::tokens(piece, MOST), &mut unit))
        .filter(|tokens| !tokens.is_empty())
        .take(8)
        .collect();
    let is_number =
        |at: usize| pieces.get(at).is_some_and(|tokens| tokens.len() == 1 && number(&tokens[0]).is_some());
    let worth = |at: usize| {
        let tokens = &pieces[at];
        // `Contrada Nuova, 8, 28802 Verbania`: the postcode is no number of a house.
        let number = tokens.iter().any(|token| number(token).is_some()) || is_number(at + 1);
        let named = tokens.iter().any(|token| number_free(token));
        u8::from(named) * (1 + 2 * u8::from(words::names_street(tokens)) + u8::from(number))
    };
    let Some(best) = (0..pieces.len()).rev().max_by_key(|at| worth(*at)) else {
        return (!unit.is_empty()).then(|| value(&[], None, &unit));
    };
    let (mut name, mut house) = take_number(&pieces[best]);
    // `Via Roma, 12` and `12, rue de la Paix`: the number stands apart.
    if house.is_none() {
        let beside = [best.checked_add(1), best.checked_sub(1)].into_iter().flatten();
        house = beside
            .filter_map(|at| pieces.get(at))
            .filter(|tokens| tokens.len() <= 2)
            .find_map(|tokens| take_number(tokens).1);
    }
    name =
        name.into_iter().map(|word| if words::is_ordinal(&word) { word } else { unscanned(word) }).collect();
    words::canonical(&mut name);
    if name.is_empty() && house.is_none() {
        return None;
    }
    Some(value(&name, house, &unit))
}

/// Whether a folded text is an address for certain: a sort of street and a number.
pub(crate) fn is_address(folded: &str) -> bool {
    let tokens = words::tokens(folded, MOST);
    words::names_street(&tokens) && tokens.iter().any(|token| number(token).is_some())
}

/// Reads the number of a house that has a column of its own.
pub(crate) fn read_number(raw: &str) -> Option<Value> {
    let folded = fold(raw);
    let folded = folded.strip_suffix(".0").unwrap_or(&folded);
    if says_nothing(folded) {
        return None;
    }
    let (mut name, house) = take_number(&words::tokens(folded, MOST));
    name.retain(|word| !words::says_number(word));
    match house {
        Some(_) => Some(value(&[], house, &name.join(" "))),
        None if name.is_empty() => None,
        None => Some(value(&name, None, "")),
    }
}

/// Reads a flat or suite that has a column of its own: without the word that says so.
pub(crate) fn read_unit(raw: &str) -> Option<Value> {
    let folded = fold(raw);
    let folded = folded.strip_suffix(".0").unwrap_or(&folded);
    if says_nothing(folded) {
        return None;
    }
    let mut tokens = words::tokens(folded, MOST);
    if tokens.len() > 1 {
        let kept: Vec<String> = tokens.iter().filter(|token| !words::is_unit(token)).cloned().collect();
        tokens = if kept.is_empty() { tokens } else { kept };
    }
    let clean = tokens.join(" ");
    let clean = clean.trim_start_matches('0');
    (!clean.is_empty()).then(|| Value { clean: clean.into(), parts: Parts::Text { plain: plain(clean) } })
}

fn value(name: &[String], number: Option<Number>, unit: &str) -> Value {
    let mut clean = name.join(" ");
    let sorts = words::sort_of(name);
    let length = |words: &[String]| words.iter().map(|word| word.len() + 1).sum::<usize>();
    let from = length(&name[..sorts.0]).min(clean.len());
    let until = length(&name[..sorts.1]).saturating_sub(1).clamp(from, clean.len());
    let base = clean[from..until].to_owned();
    let sort = match (sorts.0 > 0, sorts.1 < name.len()) {
        (true, _) => hash(&name[0], 0),
        (_, true) => hash(&name[sorts.1], 0),
        _ => 0,
    };
    if let Some(number) = number {
        let letter = (number.letter != 0).then_some(char::from(number.letter));
        clean.push(' ');
        clean.push_str(&number.first.to_string());
        clean.extend(letter);
        if let Some(last) = number.last {
            clean.push_str(&format!("-{last}"));
        }
        if let Some(behind) = number.behind {
            clean.push_str(&format!("/{behind}"));
        }
    }
    if !unit.is_empty() {
        clean.push_str(" # ");
        clean.push_str(unit);
    }
    let street = Street {
        from: u16::try_from(from).unwrap_or(u16::MAX),
        until: u16::try_from(until).unwrap_or(u16::MAX),
        base: joined(&base),
        plain: plain(&base),
        sort,
        number,
        unit: if unit.is_empty() { 0 } else { hash(unit, 0) },
    };
    Value { clean: clean.trim_start().into(), parts: Parts::Street(Box::new(street)) }
}

/// Whether a word is a name rather than a number.
fn number_free(token: &str) -> bool {
    number(token).is_none() && token.len() > 1
}

/// Takes out what names a flat, a suite, a floor: `apt 5`, `flat 2b`, `3. og`, `# 4`.
fn take_unit(tokens: Vec<String>, unit: &mut String) -> Vec<String> {
    let mut left: Vec<String> = Vec::with_capacity(tokens.len());
    let mut add = |word: &str| {
        if !unit.is_empty() {
            unit.push(' ');
        }
        unit.push_str(word);
    };
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if words::is_floor(&token) {
            // The number stands before: third floor, 3. Stock. But the only number of `Hauptstr. 3 Stock 2` is the house's.
            let numbers =
                left.iter().filter(|word| number(word).is_some() || words::is_ordinal(word)).count();
            let before = left.last().is_some_and(|word| number(word).is_some() || words::is_ordinal(word));
            let behind = tokens.peek().is_some_and(|word| number(word).is_some());
            if before
                && !behind
                && (numbers > 1 || left.len() == 1 || left.last().is_some_and(|word| words::is_ordinal(word)))
            {
                add(&left.pop().unwrap_or_default());
                add("floor");
                continue;
            }
        }
        let named =
            tokens.peek().is_some_and(|word| word.len() <= 4 && (number(word).is_some() || word.len() <= 2));
        if words::is_unit(&token) && named {
            // `Unit 3/45 Smith Street`: the house stands behind the stroke.
            let next = tokens.next().unwrap_or_default();
            let (door, house) = next.split_once('/').unwrap_or((&next, ""));
            add(door);
            if !house.is_empty() {
                left.push(house.to_owned());
            }
        } else if token != "#" {
            left.push(token);
        }
    }
    left
}

/// The number of the house, and the words that are left: in front if the first word is one, else the last one.
fn take_number(tokens: &[String]) -> (Vec<String>, Option<Number>) {
    let named = tokens.iter().filter(|token| number_free(token)).count();
    let first = tokens.first().and_then(|token| number(token));
    let letter = |token: &String| {
        matches!(token.as_bytes(), [b'a'..=b'h' | b'x'..=b'z']) || matches!(token.as_str(), "bis" | "ter")
    };
    if let Some(mut found) = first {
        let mut rest = &tokens[1..];
        if let Some((next, behind)) = rest.split_first()
            && letter(next)
            && found.letter == 0
            && (named == 0 || behind.len() > 1)
        {
            found.letter = next.as_bytes()[0];
            rest = behind;
        }
        return (rest.to_vec(), Some(found));
    }
    let Some(at) = tokens.iter().rposition(|token| number(token).is_some()) else {
        return (tokens.to_vec(), None);
    };
    let mut found = number(&tokens[at]);
    // `Rose House 45 London Road`: the house has a name before its number.
    if !words::names_street(&tokens[..at]) && words::names_street(&tokens[at + 1..]) {
        return (tokens[at + 1..].to_vec(), number(&tokens[at]));
    }
    let mut name = tokens[..at].to_vec();
    let mut behind = &tokens[at + 1..];
    if let (Some((next, rest)), Some(found)) = (behind.split_first(), found.as_mut())
        && letter(next)
        && found.letter == 0
    {
        found.letter = next.as_bytes()[0];
        behind = rest;
    }
    while name.len() > 1 && name.last().is_some_and(|word| words::says_number(word)) {
        name.pop();
    }
    // `Straße des 17. Juni` has no number: that is part of the name.
    if words::names_street(&name) && matches!(behind, [month] if words::is_month(month)) {
        return (tokens.to_vec(), None);
    }
    name.extend(behind.iter().filter(|token| words::names_street(std::slice::from_ref(token))).cloned());
    (name, found)
}

/// The number that a word is, if it is the number of a house: digits, a letter or two, a second number.
fn number(token: &str) -> Option<Number> {
    if !token.starts_with(|c: char| c.is_ascii_digit()) || words::is_ordinal(token) {
        return None;
    }
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (first, rest) = token.split_at(digits(token));
    if first.len() > 6 {
        return None;
    }
    let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (letter, rest) = rest.split_at(letters);
    if letter.len() > 3 {
        return None;
    }
    let second = rest.get(1..).and_then(|text| text.get(..digits(text))).and_then(|text| text.parse().ok());
    let stroke = rest.starts_with('/');
    let first = first.parse().ok()?;
    Some(Number {
        first,
        letter: letter.bytes().next().unwrap_or(0),
        last: second.filter(|last| !stroke && *last > first),
        behind: second.filter(|_| stroke),
    })
}

fn numbers(x: Option<Number>, y: Option<Number>) -> Numbers {
    let (Some(x), Some(y)) = (x, y) else { return Numbers::Missing };
    if x == y {
        return Numbers::Same;
    }
    let reach = |number: Number| (number.first, number.last.unwrap_or(number.first));
    let ((a, b), (c, d)) = (reach(x), reach(y));
    let strokes = |x: Number, y: Number| x.behind == Some(y.first);
    if a <= d && c <= b || strokes(x, y) || strokes(y, x) {
        return Numbers::Alike;
    }
    // 12 and 21, 123 and 128, 12 and 120; but 34 and 36 are neighbours.
    let ((p, long), (q, other)) = (digits(a.into()), digits(c.into()));
    let (p, q) = (&p[..long], &q[..other]);
    let slip = a.min(c) >= 10
        && within(p, q, 1)
        && (a.min(c) >= 100 || p.len() != q.len() || p.iter().zip(q).all(|(digit, other)| digit != other));
    if slip { Numbers::Alike } else { Numbers::Other }
}

/// Compares two addresses; an index into [`LEVELS`].
pub(crate) fn compare(a: &Value, b: &Value, x: &Street, y: &Street) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    let houses = numbers(x.number, y.number);
    let (p, q) = (base(a, x), base(b, y));
    match (p.is_empty(), q.is_empty()) {
        (false, false) => {}
        (true, true) => return if houses == Numbers::Same && x.sort == y.sort { 0 } else { 4 },
        // Of one, only the number is known.
        _ => return if houses == Numbers::Same { 3 } else { 4 },
    }
    let sorts = x.sort == y.sort || x.sort == 0 || y.sort == 0;
    if x.base == y.base && sorts {
        let other_door = are_other_flats(x, y);
        return match houses {
            Numbers::Same => u8::from(other_door),
            Numbers::Missing if x.number.is_none() && y.number.is_none() => u8::from(other_door),
            Numbers::Alike | Numbers::Missing => 1,
            Numbers::Other => 2,
        };
    }
    if !matches!(houses, Numbers::Same | Numbers::Missing) {
        return 4;
    }
    let (short, long) = if p.len() < q.len() { (p, q) } else { (q, p) };
    let slip = x.base == y.base
        || x.plain == y.plain
        || p.len().min(q.len()) > 3 && within(p, q, if p.len().min(q.len()) > 8 { 2 } else { 1 })
        || !hopeless(p, q, 0.92) && likeness(p, q) >= 0.92
        || part(short, long);
    if slip { 3 } else { 4 }
}

/// Whether the longer is the shorter with words before or behind: the name of a house, or the city.
fn part(short: &[u8], long: &[u8]) -> bool {
    short.len() > 4
        && (long.strip_prefix(short).is_some_and(|rest| rest.first() == Some(&b' '))
            || long.strip_suffix(short).is_some_and(|rest| rest.last() == Some(&b' ')))
}

/// Compares two numbers of houses; an index into [`NUMBER`].
pub(crate) fn compare_numbers(a: &Value, b: &Value, x: &Street, y: &Street) -> u8 {
    match numbers(x.number, y.number) {
        _ if a.clean == b.clean => 0,
        Numbers::Same | Numbers::Alike => 1,
        Numbers::Missing | Numbers::Other => 2,
    }
}

/// Compares two flats; an index into [`UNIT`].
pub(crate) fn compare_units(a: &Value, b: &Value, plain: bool) -> u8 {
    let (p, q) = (a.clean.as_bytes(), b.clean.as_bytes());
    if p == q {
        0
    } else if p.len().min(q.len()) > 3 && (plain || within(p, q, 1) || likeness(p, q) >= 0.92) {
        1
    } else {
        2
    }
}

fn base<'a>(value: &'a Value, street: &Street) -> &'a [u8] {
    value.clean.as_bytes().get(usize::from(street.from)..usize::from(street.until)).unwrap_or_default()
}

/// The name of the street and the number of the house, as far as they are said.
pub(crate) fn house(value: &Value, street: &Street) -> (Option<u64>, Option<u32>) {
    let name = (!base(value, street).is_empty()).then_some(street.plain);
    (name, street.number.map(|number| number.first))
}

/// Whether each names a flat, and they are two.
pub(crate) fn are_other_flats(x: &Street, y: &Street) -> bool {
    x.unit != y.unit && x.unit != 0 && y.unit != 0
}

/// The keys of an address.
pub(crate) fn keys(value: &Value, street: &Street, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, hash(&value.clean, 0));
    let name = String::from_utf8_lossy(base(value, street));
    if name.is_empty() {
        return;
    }
    put(Key::Prefix, street.base);
    put(Key::Plain, street.plain);
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).collect();
    put(Key::Phonetic, text::number(phonetic::code(&letters)));
    if let Some(number) = street.number {
        put(Key::Door, street.plain.rotate_left(17) ^ u64::from(number.first));
    }
    if name.contains(' ') {
        name.split(' ').filter(|word| word.len() > 3).for_each(|word| put(Key::Word, hash(word, 0)));
    }
}
