//! What a value means, and how two values differ.
//!
//! [`detect`] says what a column is about. [`read`] cleans one value and takes it apart, once for each distinct text of a
//! column; [`compare`] says how alike two of them are, as one of a few named [`levels`], at the price of some dozens of
//! nanoseconds; [`keys`] gives what candidates may be found by. All are total: whatever stands in a cell, nothing panics, and
//! what means nothing is `None`.
//!
//! Order of the work in a file: `text` makes ASCII of everything, the file of each kind takes it apart and compares it,
//! `distance` and `phonetic` say how far two words are from each other.

mod customs;
mod date;
mod detect;
mod distance;
mod email;
mod full_name;
mod gender;
mod identifier;
mod moment;
mod name;
mod name_sketch;
mod nicknames;
mod phone;
mod phonetic;
mod place;
mod postcode;
mod street;
mod text;
mod value;

pub use customs::Customs;
pub use date::month_first;
pub use detect::{detect, numbers_rows, says_when};
pub use full_name::split_full_name;
pub use moment::moment;
pub use name_sketch::{differ as names_differ, may_be_same as names_may_be_same};
pub use value::Value;

use serde::{Deserialize, Serialize};
use value::Parts;

/// What a column is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// Given names.
    Forename,
    /// The family name.
    Surname,
    /// The family name before a marriage.
    MaidenName,
    /// Forename and surname in one.
    FullName,
    /// A date of birth, or its year.
    BirthDate,
    /// Male, female or other.
    Gender,
    /// An e-mail address.
    Email,
    /// A telephone number of any sort.
    Phone,
    /// A street, with or without the number of the house.
    Street,
    /// The number of a house.
    HouseNumber,
    /// A flat, suite or floor.
    Unit,
    /// A postcode.
    Postcode,
    /// A city, town or suburb.
    City,
    /// A state, county or province.
    Region,
    /// A country.
    Country,
    /// The number of a card, an account, a person by the state; a device.
    Identifier,
    /// Anything else that a user wants compared as text.
    Other,
}

impl FieldKind {
    /// All kinds.
    pub const ALL: [Self; 17] = [
        Self::Forename,
        Self::Surname,
        Self::MaidenName,
        Self::FullName,
        Self::BirthDate,
        Self::Gender,
        Self::Email,
        Self::Phone,
        Self::Street,
        Self::HouseNumber,
        Self::Unit,
        Self::Postcode,
        Self::City,
        Self::Region,
        Self::Country,
        Self::Identifier,
        Self::Other,
    ];

    /// The kind in the words of definitions and reports: `birth_date`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Forename => "forename",
            Self::Surname => "surname",
            Self::MaidenName => "maiden_name",
            Self::FullName => "full_name",
            Self::BirthDate => "birth_date",
            Self::Gender => "gender",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Street => "street",
            Self::HouseNumber => "house_number",
            Self::Unit => "unit",
            Self::Postcode => "postcode",
            Self::City => "city",
            Self::Region => "region",
            Self::Country => "country",
            Self::Identifier => "identifier",
            Self::Other => "other",
        }
    }
}

/// What candidates may be found by. A hash is of text alone, so that a forename that stands in the surname's column has the
/// same `Exact` hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The whole value, without spaces.
    Exact,
    /// The whole value without spaces and written-out umlauts.
    Plain,
    /// How a word of the name, or the whole text, sounds.
    Phonetic,
    /// How a word begins: of a surname three letters, of a forename one, of a postcode its area; the street without the number.
    Prefix,
    /// The full forename behind a short form, once for each that it may stand for; of a full name, that with how its surname
    /// sounds.
    Canonical,
    /// One word of several: of a double name, of the name of a street or city.
    Word,
    /// All words in the order of the alphabet, where there are several.
    Sorted,
    /// The year of birth.
    Year,
    /// Month and day of birth, the smaller first, so that changed over they are the same.
    MonthDay,
    /// The mailbox of an e-mail address without dots, if it tells something of a person.
    LocalPart,
    /// The last seven digits of a telephone number.
    Digits7,
    /// The street's name with the number of the house.
    Door,
}

/// Reads one value. `None` if nothing is in it, or what people and programs write where they know nothing.
pub fn read(kind: FieldKind, raw: &str, customs: &Customs) -> Option<Value> {
    // As pandas and R write what is missing; Nan is a forename.
    if matches!(
        raw.trim(),
        "" | "nan" | "NaN" | "NAN" | "<NA>" | "#N/A" | "#NULL!" | "#REF!" | "#VALUE!" | "\\N"
    ) {
        return None;
    }
    match kind {
        FieldKind::Forename => name::read(name::Which::Forename, raw),
        FieldKind::Surname | FieldKind::MaidenName => name::read(name::Which::Surname, raw),
        FieldKind::FullName => full_name::read(raw, customs),
        FieldKind::BirthDate => date::read(raw, customs),
        FieldKind::Gender => gender::read(raw, customs),
        FieldKind::Email => email::read(raw),
        FieldKind::Phone => phone::read(raw, customs),
        FieldKind::Street => street::read(raw),
        FieldKind::HouseNumber => street::read_number(raw),
        FieldKind::Unit => street::read_unit(raw),
        FieldKind::Postcode => postcode::read(raw, customs),
        FieldKind::City => place::read_city(raw),
        FieldKind::Region => place::read_region(raw),
        FieldKind::Country => place::read_country(raw),
        FieldKind::Identifier => identifier::read(raw),
        FieldKind::Other => identifier::read_other(raw),
    }
}

/// Whether the month comes before the day in dates of a country; `None` if no such country is known.
pub fn is_month_first(country: &str) -> Option<bool> {
    let code = place::read_country(country).filter(|country| country.clean.len() == 2)?;
    Some(Customs::for_country(&code.clean).month_first)
}

/// Whether a country is known, by its code of two letters or its name.
pub fn is_country(text: &str) -> bool {
    place::read_country(text).is_some_and(|country| country.clean.len() == 2)
}

/// The names of the levels of likeness, from the best, which is always the same value, to the last, which is always
/// a different one.
pub fn levels(kind: FieldKind) -> &'static [&'static str] {
    match kind {
        FieldKind::Forename => name::FORENAME,
        FieldKind::Surname | FieldKind::MaidenName => name::SURNAME,
        FieldKind::FullName => full_name::LEVELS,
        FieldKind::BirthDate => date::LEVELS,
        FieldKind::Email => email::LEVELS,
        FieldKind::Phone => phone::LEVELS,
        FieldKind::Street => street::LEVELS,
        FieldKind::HouseNumber => street::NUMBER,
        FieldKind::Unit => street::UNIT,
        FieldKind::Postcode => postcode::LEVELS,
        FieldKind::City => place::CITY,
        FieldKind::Identifier => identifier::LEVELS,
        FieldKind::Other => identifier::OTHER,
        FieldKind::Gender | FieldKind::Region | FieldKind::Country => &["same", "different"],
    }
}

/// How alike two values of one kind are: an index into [`levels`]. The same for both orders, and 0 for a value and itself.
/// Values that were read as different kinds are different.
pub fn compare(kind: FieldKind, a: &Value, b: &Value) -> u8 {
    match (&a.parts, &b.parts) {
        (Parts::Name(x), Parts::Name(y)) => match kind {
            FieldKind::Forename => name::compare_forenames(a, b, x, y),
            _ => name::compare_surnames(a, b, x, y),
        },
        (Parts::Full(x), Parts::Full(y)) => full_name::compare(a, b, x, y),
        (Parts::Date(x), Parts::Date(y)) => date::compare(x, y),
        (Parts::Email(x), Parts::Email(y)) => email::compare(a, b, x, y),
        (Parts::Phone(x), Parts::Phone(y)) => phone::compare(x, y),
        (Parts::Street(x), Parts::Street(y)) => match kind {
            FieldKind::HouseNumber => street::compare_numbers(a, b, x, y),
            _ => street::compare(a, b, x, y),
        },
        (Parts::Text { plain: x }, Parts::Text { plain: y }) => match kind {
            FieldKind::Postcode => postcode::compare(a, b),
            FieldKind::City => place::compare_cities(a, b, *x == *y),
            FieldKind::Unit => street::compare_units(a, b, *x == *y),
            FieldKind::Identifier => identifier::compare(a, b),
            FieldKind::Other => identifier::compare_other(a, b, *x == *y),
            _ => u8::from(a.clean != b.clean),
        },
        _ => u8::try_from(levels(kind).len()).map_or(u8::MAX, |count| count.saturating_sub(1)),
    }
}

/// A forename or a surname in 64 bits (see [`names_differ`]).
pub fn name_sketch(value: &Value) -> u64 {
    value.name().map_or(0, |name| name_sketch::sketch(value, name))
}

/// The year of a date; `None` if only its last two digits are known.
pub fn birth_year(value: &Value) -> Option<u16> {
    match value.parts {
        Parts::Date(date) => date.year(),
        _ => None,
    }
}

/// The name of a street, as a hash that knows no spaces and umlauts, and the number of the house; each if it is said.
pub fn house(value: &Value) -> (Option<u64>, Option<u32>) {
    match &value.parts {
        Parts::Street(street) => street::house(value, street),
        _ => (None, None),
    }
}

/// Whether two streets with numbers name a flat each, which are two.
pub fn are_other_flats(a: &Value, b: &Value) -> bool {
    match (&a.parts, &b.parts) {
        (Parts::Street(a), Parts::Street(b)) => street::are_other_flats(a, b),
        _ => false,
    }
}

/// A date in 64 bits (see [`dates_by_sketch`]).
pub fn date_sketch(value: &Value) -> u64 {
    match value.parts {
        Parts::Date(date) => date.packed(),
        _ => 0,
    }
}

/// How alike two dates are, by their sketches: an index into [`levels`].
pub fn dates_by_sketch(a: u64, b: u64) -> Option<u8> {
    let dates = a != 0 && b != 0;
    dates.then(|| date::compare(&date::Date::unpacked(a), &date::Date::unpacked(b)))
}

/// What candidates for a value may be found by. A key may come several times, with other hashes: a double name has the keys
/// of both its parts. The hashes are the same in every run and on every machine.
pub fn keys(kind: FieldKind, value: &Value, put: &mut dyn FnMut(Key, u64)) {
    match &value.parts {
        Parts::Name(name) => name::keys(value, name, kind == FieldKind::Forename, put),
        Parts::Full(full) => full_name::keys(value, full, put),
        Parts::Date(date) => date::keys(date, put),
        Parts::Email(email) => email::keys(value, email, put),
        Parts::Phone(phone) => phone::keys(phone, put),
        Parts::Street(street) => street::keys(value, street, put),
        Parts::Text { plain } => {
            put(Key::Exact, text::joined(&value.clean));
            match kind {
                FieldKind::Postcode => postcode::keys(value, put),
                FieldKind::City | FieldKind::Other => {
                    put(Key::Plain, *plain);
                    place::keys(value, put);
                }
                _ => {}
            }
        }
    }
}
