//! Telephone numbers: which country, and which number there.

use super::{
    Customs, Key, Value,
    distance::{digits, within},
    text::{self, fold},
    value::Parts,
};

pub(crate) const LEVELS: &[&str] = &["same", "last seven digits the same, or one slip", "different"];

/// A number taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Phone {
    /// The country's calling code; 0 if it is not known.
    calling: u16,
    /// The number within the country, without the trunk prefix.
    national: u64,
}

/// The shortest number that is one person's: shorter ones are emergency calls, extensions and what is left of something.
const SHORTEST: usize = 6;
/// The longest, by E.164.
const LONGEST: usize = 15;

/// Reads a telephone number: `+49 (0)171 2345678`, `0049171…`, `0171/2345678`, `(555) 123-4567 x12`.
pub(crate) fn read(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    let number = without_extension(&folded);
    let number = first_of_several(number);
    // A table calculator made a number of it: 491712345678.0; of 4.9E+11 nothing is left.
    let number = number.strip_suffix(".0").unwrap_or(number);
    if number.contains('e') && number.contains("e+") {
        return None;
    }
    let international = number.trim_start_matches(['(', ' ', '\'', '"', ':']).starts_with('+');
    let trunk = number.contains('(') && number.contains("(0)");
    let only_digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let digits = if trunk { only_digits(&number.replace("(0)", "")) } else { only_digits(number) };
    let (calling, national) = take_apart(&digits, international, trunk, customs);
    // Italy's numbers keep their nought.
    let own = if calling == 39 { national } else { national.trim_start_matches('0') };
    if own.len() < SHORTEST || own.len() > LONGEST || made_up(own) || made_up(&digits) {
        return None;
    }
    let phone = Phone { calling, national: own.parse().ok()? };
    let clean = match calling {
        0 => phone.national.to_string(),
        calling => format!("+{calling}{own}"),
    };
    Some(Value { clean: clean.into(), parts: Parts::Phone(phone) })
}

fn without_extension(number: &str) -> &str {
    const MARKS: &[&str] = &["ext", "x", "#", "durchwahl", "dw", "poste", "toestel", "nst", "app", "int."];
    if number.bytes().all(|byte| !byte.is_ascii_alphabetic() && byte != b'#') {
        return number;
    }
    let cut = MARKS
        .iter()
        .filter_map(|mark| number.find(mark))
        .filter(|at| number[..*at].bytes().filter(u8::is_ascii_digit).count() >= SHORTEST);
    cut.min().map_or(number, |at| &number[..at])
}

fn first_of_several(number: &str) -> &str {
    if number.bytes().all(|byte| !byte.is_ascii_alphabetic() && !b";,|/".contains(&byte)) {
        return number;
    }
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    for mark in [";", ",", " or ", " oder ", " ou ", "|", " / ", "/"] {
        if let Some((first, second)) = number.split_once(mark)
            && digits(first) >= 8
            && digits(second) >= SHORTEST
        {
            return first;
        }
    }
    number
}

/// The calling code, if it is there or the customs say it, and what follows.
fn take_apart<'a>(digits: &'a str, plus: bool, trunk: bool, customs: &Customs) -> (u16, &'a str) {
    let after = if plus {
        Some(digits.trim_start_matches('0'))
    } else if let Some(after) = digits.strip_prefix("00") {
        Some(after)
    } else if customs.dialling == 1 {
        digits.strip_prefix("011")
    } else {
        None
    };
    if let Some(after) = after {
        let (calling, national) = calling_code(after);
        if national.len() >= SHORTEST {
            return (calling, national);
        }
    }
    // A calling code without the plus: only where the number is too long to be without, or has its trunk prefix behind.
    if !digits.starts_with('0') {
        let (calling, national) = calling_code(digits);
        let own = calling == customs.dialling && digits.len() >= 11;
        let american =
            customs.dialling == 0 && calling == 1 && digits.len() == 11 && national.as_bytes()[0] >= b'2';
        let long = customs.dialling == 0 && digits.len() >= 12 && calling != 7;
        if national.len() >= SHORTEST && (own || american || long || trunk) {
            return (calling, national);
        }
    }
    (customs.dialling, digits)
}

/// Parts a calling code from what follows: the codes are so made that none begins another (ITU-T E.164).
fn calling_code(digits: &str) -> (u16, &str) {
    let length = match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    };
    match digits.split_at_checked(length) {
        Some((code, rest)) => (code.parse().unwrap_or(0), rest),
        None => (0, digits),
    }
}

/// Whether the digits are what people type to have typed something: 0000000, 1234567890, 01234567.
fn made_up(digits: &str) -> bool {
    let tail = &digits.as_bytes()[digits.len().saturating_sub(7)..];
    let steps =
        |step: u8| digits.as_bytes().windows(2).all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0');
    tail.windows(2).all(|pair| pair[0] == pair[1])
        || steps(1)
        || steps(9)
        || digits == "123123123"
        || digits == "121212121"
}

/// Compares two numbers; an index into [`LEVELS`].
pub(crate) fn compare(x: &Phone, y: &Phone) -> u8 {
    let countries = x.calling == y.calling || x.calling == 0 || y.calling == 0;
    if x.national == y.national && countries {
        return 0;
    }
    if x.national % 10_000_000 == y.national % 10_000_000 && x.national.min(y.national) > 1_000_000 {
        return 1;
    }
    let ((a, long), (b, other)) = (digits(x.national), digits(y.national));
    if countries && within(&a[..long], &b[..other], 1) { 1 } else { 2 }
}

/// The keys of a number.
pub(crate) fn keys(phone: &Phone, put: &mut dyn FnMut(Key, u64)) {
    put(Key::Exact, text::number(phone.national));
    if phone.national > 1_000_000 {
        put(Key::Digits7, text::number(phone.national % 10_000_000));
    }
}
