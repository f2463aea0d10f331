//! What a column is about: by its name, and where the name says nothing, by a look at its values.

use super::{Customs, FieldKind, read, street, text::fold};

mod names;

use names::Verdict;

/// How many values are looked at.
const LOOK: usize = 500;

/// What a column is about. `sample` are some of its values; they decide where the name does not, and between a surname and a
/// full name where the column is called `name`.
///
/// `None`: it is not for matching people. That is what is known of amounts, timestamps and channels, of a row's own number
/// (`id`, `record_id`), and of labels that say already who is one (`cluster_id`).
pub fn detect(name: &str, sample: &[&str]) -> Option<FieldKind> {
    let values: Vec<&str> =
        sample.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).take(LOOK).collect();
    match names::verdict(&fold(&parted(name))) {
        Verdict::Kind(kind) => Some(kind),
        Verdict::Name if share(&values, |value| value.contains([' ', ','])) < 0.5 && !values.is_empty() => {
            Some(FieldKind::Surname)
        }
        Verdict::Name => Some(FieldKind::FullName),
        Verdict::Title => (share(&values, is_gender) > 0.6).then_some(FieldKind::Gender),
        Verdict::Nothing => None,
        Verdict::Unknown => by_values(&values),
    }
}

/// Whether a column numbers the rows of a file: its name says a number, and no value of the sample is missing or comes twice.
pub fn numbers_rows(name: &str, sample: &[&str]) -> bool {
    let mut values: Vec<&str> = sample.iter().map(|value| value.trim()).collect();
    values.sort_unstable();
    let twice = values.windows(2).any(|two| two[0] == two[1]);
    !values.is_empty() && !twice && !values[0].is_empty() && names::may_number_rows(&fold(&parted(name)))
}

/// Whether a column says when a record was true, by its name and values: a rank, the lower the surer. When a record was changed says more
/// than when it was made.
pub fn says_when(name: &str, sample: &[&str]) -> Option<usize> {
    let rank = names::says_when(&fold(&parted(name)))?;
    let values: Vec<&str> =
        sample.iter().map(|value| value.trim()).filter(|value| !value.is_empty()).take(LOOK).collect();
    (share(&values, |value| super::moment(value, || false).is_some()) > 0.5).then_some(rank)
}

/// `firstName`, `Street1` and `DOBYear` with spaces between their words.
fn parted(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let all: Vec<char> = name.chars().take(100).collect();
    for (at, c) in all.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|at| all[at]) {
            let next_is_small = all.get(at + 1).is_some_and(|next| next.is_lowercase());
            let humps = before.is_lowercase() && c.is_uppercase()
                || before.is_uppercase() && c.is_uppercase() && next_is_small
                || before.is_alphabetic() && c.is_numeric()
                || before.is_numeric() && c.is_alphabetic();
            if humps {
                out.push(' ');
            }
        }
        out.push(*c);
    }
    out
}

fn share(values: &[&str], is: impl Fn(&str) -> bool) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().filter(|value| is(value)).count() as f32 / values.len() as f32
}

fn is_gender(value: &str) -> bool {
    value.chars().all(|c| c.is_alphabetic() || c == '.')
        && read(FieldKind::Gender, value, &Customs::default()).is_some()
}

fn by_values(values: &[&str]) -> Option<FieldKind> {
    // Of fewer one cannot tell.
    if values.len() < 5 {
        return None;
    }
    let customs = Customs::default();
    let is = |kind, value: &str| read(kind, value, &customs).is_some();
    if share(values, |value| value.contains('@') && value.contains('.') && !value.contains(' ')) > 0.7 {
        return Some(FieldKind::Email);
    }
    if share(values, is_birth) > 0.8 {
        return Some(FieldKind::BirthDate);
    }
    if share(values, |value| dialled(value) && is(FieldKind::Phone, value)) > 0.7 {
        return Some(FieldKind::Phone);
    }
    if share(values, is_gender) > 0.9 {
        return Some(FieldKind::Gender);
    }
    if share(values, british_postcode) > 0.7 {
        return Some(FieldKind::Postcode);
    }
    if share(values, |value| street::is_address(&fold(value))) > 0.5 {
        return Some(FieldKind::Street);
    }
    let known = |value: &str| super::name::known_forename(value);
    let several = share(values, |value| value.contains(' ')) > 0.7;
    if share(values, known) > 0.5 {
        return Some(if several { FieldKind::FullName } else { FieldKind::Forename });
    }
    None
}

/// A day on which customers are born, written without a time.
fn is_birth(value: &str) -> bool {
    let parted = value.contains(['-', '.', '/']) && !value.contains(':');
    parted
        && read(FieldKind::BirthDate, value, &Customs::default())
            .is_some_and(|date| date.clean.len() == 10 && ("1920".."2010").contains(&&date.clean[..4]))
}

/// Written as a telephone number: a plus or nought in front, or signs between.
fn dialled(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    (7..=15).contains(&digits)
        && value.bytes().all(|c| c.is_ascii_digit() || b"+()-/. ".contains(&c))
        && (value.starts_with(['+', '0', '(']) || value.bytes().filter(|c| b"- /".contains(c)).count() == 2)
        && !(value.len() <= 10
            && read(FieldKind::BirthDate, value, &Customs::default())
                .is_some_and(|date| date.clean.len() == 10)
            && parted_as_date(value))
}

/// A year of four digits and two signs, as dates have.
fn parted_as_date(value: &str) -> bool {
    let mut groups = value.split(['-', '.', '/']);
    groups.clone().count() == 3 && groups.any(|group| group.len() == 4)
}

fn british_postcode(value: &str) -> bool {
    let code: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    matches!(code[..], [a, .., d, l, m] if (5..=7).contains(&code.len()) && a.is_ascii_alphabetic() && d.is_ascii_digit()
        && l.is_ascii_alphabetic() && m.is_ascii_alphabetic())
}
