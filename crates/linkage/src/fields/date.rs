//! Dates of birth.

use super::{
    Customs, Key, Value,
    text::{fold, number},
    value::Parts,
};

pub(crate) const LEVELS: &[&str] = &[
    "same",
    "day and month changed over",
    "one digit slipped or two changed over",
    "two of day, month and year the same",
    "same year",
    "different",
];

/// A date as it was written. It need not be one of the calendar: what was mistyped must be near to what was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    year: u16,
    /// 0 if only the year is known.
    month: u8,
    /// 0 if it is not known.
    day: u8,
    /// Is the century certain? Of `84` it is the last; of `15` it may be either, and this one is put.
    century: bool,
}

/// Dates that systems and people write where they know none: ends and beginnings of calendars, and of what they can store.
#[rustfmt::skip]
const PLACEHOLDERS: &[(u16, u8, u8)] = &[
    (1000, 1, 1), (1111, 11, 11), (1582, 10, 15), (1700, 1, 1), (1753, 1, 1), (1800, 1, 1), (1899, 12, 30), (1899, 12, 31),
    (1900, 1, 1), (1900, 0, 0), (1901, 1, 1), (1910, 1, 1), (1911, 11, 11), (1969, 12, 31), (1970, 1, 1), (2000, 0, 0), (2099, 12, 31),
    (2100, 1, 1), (2222, 2, 2), (2222, 12, 22), (2999, 12, 31),
];

/// Years of which a written year may be a slip.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=2999;

/// Years in two digits up to this may be of this century or the last; those above are of the last.
const PIVOT: u32 = 20;
/// Records were noted since 1970.
const PIVOT_OF_RECORDS: u32 = 69;

/// How to read what can be read in two ways.
#[derive(Clone, Copy)]
struct Custom {
    month_first: bool,
    /// Years in two digits above this are of the last century.
    pivot: u32,
}

/// Reads a date of birth: `1984-03-12`, `12.03.1984`, `12/3/84`, `19840312`, `12 Mar 1984`, `1984`, with or without a time
/// behind. Which of day and month comes first is what the customs say, unless only one can be the month.
pub(crate) fn read(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    let date = parse(&folded, Custom { month_first: customs.month_first, pivot: PIVOT })?;
    let known = (date.year, date.month, date.day);
    if PLACEHOLDERS.contains(&known) {
        return None;
    }
    let year = match date.century {
        true => format!("{:04}", date.year),
        false => format!("{:02}", date.year % 100),
    };
    let clean = match (date.month, date.day) {
        (0, _) => year,
        (month, 0) => format!("{year}-{month:02}"),
        (month, day) => format!("{year}-{month:02}-{day:02}"),
    };
    Some(Value { clean: clean.into(), parts: Parts::Date(date) })
}

/// The year, month and day on which a record was noted, of a folded text; 0 for a month or day that is not known.
pub(crate) fn day(folded: &str, month_first: bool) -> Option<(u16, u8, u8)> {
    let date = parse(folded, Custom { month_first, pivot: PIVOT_OF_RECORDS })?;
    Some((date.year, date.month, date.day))
}

/// Whether a column of dates writes the month before the day: `None` if none of these values tells.
pub fn month_first(sample: &[&str]) -> Option<bool> {
    let (mut day, mut month) = (0, 0);
    for raw in sample {
        let folded = fold(raw);
        if let [a, b, c] = tokens(date_part(&folded))[..]
            && let (Token::Number(a, 1..=2), Token::Number(b, 1..=2), Token::Number(..)) = (a, b, c)
        {
            day += usize::from(a > 12 && a <= 31 && (1..=12).contains(&b));
            month += usize::from(b > 12 && b <= 31 && (1..=12).contains(&a));
        }
    }
    (day != month).then_some(month > day)
}

/// A number with its count of digits, or a month's name.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Number(u32, u8),
    Month(u8),
    Word,
}

/// What stands before the time of day.
fn date_part(folded: &str) -> &str {
    let text = folded.trim();
    let until = text.find(':').map_or(text.len(), |colon| {
        // `1984-03-12t00:00`, `12.03.1984 00:00`: back to where the hour begins.
        text[..colon].rfind(|c: char| !c.is_ascii_digit()).unwrap_or(colon)
    });
    &text[..until]
}

fn tokens(text: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is = |c: char| match first {
            f if f.is_ascii_digit() => c.is_ascii_digit(),
            f if f.is_ascii_alphabetic() => c.is_ascii_alphabetic(),
            _ => false,
        };
        let length = rest.find(|c: char| !is(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(length);
        match word.as_bytes().first() {
            Some(b'0'..=b'9') => {
                let digits = u8::try_from(word.len()).unwrap_or(u8::MAX);
                all.push(word.parse().map_or(Token::Word, |number| Token::Number(number, digits)));
            }
            Some(_) => match month(word) {
                Some(month) => all.push(Token::Month(month)),
                None if matches!(
                    word,
                    "st" | "nd" | "rd" | "th" | "of" | "de" | "den" | "t" | "er" | "del"
                ) => {}
                None if WEEKDAYS.iter().any(|day| word.starts_with(day)) => {}
                None => all.push(Token::Word),
            },
            // No word begins here: what parts them.
            None => {
                rest = &rest[first.len_utf8()..];
                continue;
            }
        }
        rest = behind;
        if all.len() > 8 {
            break;
        }
    }
    all
}

const WEEKDAYS: &[&str] =
    &["mon", "tue", "wed", "thu", "fri", "sat", "sun", "die", "mit", "don", "sam", "son"];

/// The month of this name, in English, German, French, Dutch, Spanish, Italian: what begins it settles it.
fn month(word: &str) -> Option<u8> {
    #[rustfmt::skip]
    const NAMES: &[(&str, u8)] = &[
        ("jan", 1), ("jaen", 1), ("ene", 1), ("gen", 1), ("feb", 2), ("fev", 2), ("mar", 3), ("mae", 3), ("mrz", 3), ("maa", 3), ("mrt", 3),
        ("apr", 4), ("avr", 4), ("abr", 4), ("may", 5), ("mai", 5), ("mei", 5), ("mag", 5), ("jun", 6), ("juin", 6), ("giu", 6),
        ("jul", 7), ("juil", 7), ("lug", 7), ("aug", 8), ("aou", 8), ("ago", 8), ("sep", 9), ("set", 9), ("oct", 10), ("okt", 10), ("ott", 10),
        ("out", 10), ("nov", 11), ("dec", 12), ("dez", 12), ("dic", 12), ("des", 12),
    ];
    NAMES.iter().find(|(name, _)| word.starts_with(name)).map(|(_, month)| *month)
}

fn parse(folded: &str, custom: Custom) -> Option<Date> {
    use Token::{Month, Number};
    let all = tokens(date_part(folded));
    match all[..] {
        [Number(number, digits)] => run(number, digits, custom),
        [Number(a, x), Number(b, y), Number(c, z), ..] if z <= 4 && y <= 2 => {
            parts((a, x), (b, y), (c, z), custom)
        }
        // 03/1984, 1984-03
        [Number(month @ 1..=12, 1..=2), Number(y, 4)] | [Number(y, 4), Number(month @ 1..=12, 1..=2)] => {
            full(y, month, 0)
        }
        [Number(day, 1..=2), Month(month), Number(y, digits), ..]
        | [Month(month), Number(day, 1..=2), Number(y, digits), ..] => {
            year(y, digits, custom.pivot).and_then(|(y, century)| date(y, u32::from(month), day, century))
        }
        [Number(y, 4), Month(month), Number(day, 1..=2), ..] => full(y, month.into(), day),
        [Month(month), Number(y, 4)] | [Number(y, 4), Month(month)] => full(y, month.into(), 0),
        _ => None,
    }
}

/// Digits without anything between.
fn run(number: u32, digits: u8, custom: Custom) -> Option<Date> {
    let real = |(y, m, d): (u32, u32, u32)| {
        (1880..=2099).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d)
    };
    let back = |number: u32, base: u32| {
        let (a, b, c) = (number / base / 100, number / base % 100, number % base);
        if custom.month_first { (c, a, b) } else { (c, b, a) }
    };
    let (y, m, d) = match digits {
        4 => return full(number, 0, 0),
        8 => {
            let iso = (number / 10_000, number / 100 % 100, number % 100);
            let other = back(number, 10_000);
            let changed = (other.0, other.2, other.1);
            if real(iso) {
                iso
            } else if real(other) {
                other
            } else if real(changed) {
                changed
            } else {
                iso
            }
        }
        // A table calculator took the nought in front.
        7 => back(number, 10_000),
        6 => {
            let iso = (number / 10_000, number / 100 % 100, number % 100);
            let other = back(number, 100);
            let short = |(y, m, d)| if y > custom.pivot { (1900 + y, m, d) } else { (2000 + y, m, d) };
            let pick = if real(short(other)) { short(other) } else { short(iso) };
            return real(pick).then(|| date(pick.0, pick.1, pick.2, pick.0 < 2000)).flatten();
        }
        // Days since the turn of the year 1900, as table calculators count; people of this century and the last.
        5 if (3_653..=47_500).contains(&number) => return Some(serial(number)),
        _ => return None,
    };
    full(y, m, d)
}

/// The date that is so many days after 30 December 1899.
fn serial(days: u32) -> Date {
    // Howard Hinnant, "chrono-compatible low-level date algorithms": days since 1 March of the year 0.
    let days = days + 693_899;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = year + era * 400 + u32::from(month <= 2);
    Date {
        year: u16::try_from(year).unwrap_or(0),
        month: u8::try_from(month).unwrap_or(0),
        day: u8::try_from(day).unwrap_or(0),
        century: true,
    }
}

/// Three numbers with something between.
fn parts(a: (u32, u8), b: (u32, u8), c: (u32, u8), custom: Custom) -> Option<Date> {
    // A year in front: four digits, or a number that is no day.
    if a.1 == 4 || a.1 == 2 && a.0 > 31 && c.1 <= 2 {
        let (y, century) = year(a.0, a.1, custom.pivot)?;
        // 1984-31-12 has day and month changed over for certain.
        return if (13..=31).contains(&b.0) && (1..=12).contains(&c.0) {
            date(y, c.0, b.0, century)
        } else {
            date(y, b.0, c.0, century)
        };
    }
    let (y, century) = year(c.0, c.1, custom.pivot)?;
    let (day, month) = match (a.0, b.0) {
        (first, second) if first > 12 && second <= 12 => (first, second),
        (first, second) if second > 12 && first <= 12 => (second, first),
        (first, second) if custom.month_first => (second, first),
        (first, second) => (first, second),
    };
    date(y, month, day, century)
}

fn year(number: u32, digits: u8, pivot: u32) -> Option<(u32, bool)> {
    match digits {
        4 => Some((number, true)),
        1 | 2 if number > pivot => Some((1900 + number, true)),
        1 | 2 => Some((2000 + number, false)),
        _ => None,
    }
}

fn full(year: u32, month: u32, day: u32) -> Option<Date> {
    date(year, month, day, true)
}

fn date(year: u32, month: u32, day: u32, century: bool) -> Option<Date> {
    // Beyond are placeholders too: 0001-01-01, 9999-12-31.
    if !YEARS.contains(&year) || month > 99 || day > 99 {
        return None;
    }
    Some(Date {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: if month == 0 { 0 } else { u8::try_from(day).ok()? },
        century,
    })
}

/// Compares two dates; an index into [`LEVELS`].
pub(crate) fn compare(a: &Date, b: &Date) -> u8 {
    let years = a.year == b.year || !(a.century && b.century) && a.year % 100 == b.year % 100;
    if years && a.month == b.month && a.day == b.day {
        return 0;
    }
    if a.day == 0 || b.day == 0 {
        return if years { 4 } else { 5 };
    }
    if years && a.month == b.day && a.day == b.month {
        return 1;
    }
    let (x, y) = (digits(a), digits(b));
    let mut other = (0..8).filter(|at| x[*at] != y[*at]);
    let differ = (other.next(), other.next(), other.next());
    match differ {
        (Some(_), None, None) => return 2,
        // Two neighbours, as they stand in 19840312.
        (Some(p), Some(q), None) if q == p + 1 && x[p] == y[q] && x[q] == y[p] => {
            return 2;
        }
        _ => {}
    }
    match (years, a.month == b.month, a.day == b.day) {
        (true, true, _) | (true, _, true) | (_, true, true) => 3,
        (true, ..) => 4,
        _ => 5,
    }
}

impl Date {
    /// The year, if its century is certain.
    pub(crate) fn year(self) -> Option<u16> {
        self.century.then_some(self.year)
    }

    /// The whole date as a number, which is not 0.
    pub(crate) fn packed(self) -> u64 {
        let fields =
            [u64::from(self.year), u64::from(self.month), u64::from(self.day), u64::from(self.century)];
        fields.into_iter().fold(1, |packed, field| packed << 12 | field)
    }

    /// The date of a number.
    pub(crate) fn unpacked(packed: u64) -> Self {
        let field = |at: u32| packed >> (12 * at) & 0xfff;
        Self { year: field(3) as u16, month: field(2) as u8, day: field(1) as u8, century: field(0) == 1 }
    }
}

fn digits(date: &Date) -> [u8; 8] {
    let year = date.year;
    let of_year = |by: u16| u8::try_from(year / by % 10).unwrap_or(0);
    [
        of_year(1000),
        of_year(100),
        of_year(10),
        of_year(1),
        date.month / 10,
        date.month % 10,
        date.day / 10,
        date.day % 10,
    ]
}

/// The keys of a date of birth. A year's key knows no century, as some years are written without.
pub(crate) fn keys(date: &Date, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Year, number(u64::from(date.year % 100)));
    if date.day != 0 {
        let (low, high) = (date.month.min(date.day), date.month.max(date.day));
        put(Key::MonthDay, number(u64::from(low) * 100 + u64::from(high)));
        let all = u64::from(date.year % 100) * 10_000 + u64::from(date.month) * 100 + u64::from(date.day);
        put(Key::Exact, number(all));
    }
}
