//! What a value means and how two values differ (a simple stand-in).

use serde::{Deserialize, Serialize};
use std::hash::{BuildHasher, Hasher};

/// What a column is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum FieldKind {
    Forename,
    Surname,
    MaidenName,
    FullName,
    BirthDate,
    Gender,
    Email,
    Phone,
    Street,
    HouseNumber,
    Unit,
    Postcode,
    City,
    Region,
    Country,
    Identifier,
    Other,
}
use FieldKind as K;

/// A country's customs.
#[derive(Clone, Debug, Default)]
pub struct Customs {}
impl Customs {
    /// The customs of one country.
    pub fn for_country(_: &str) -> Self {
        Self {}
    }
}

/// One value, cleaned.
#[derive(Clone, Debug)]
pub struct Value {
    /// Canonical text.
    pub clean: Box<str>,
}

/// Reads a value.
pub fn read(kind: FieldKind, raw: &str, _: &Customs) -> Option<Value> {
    let clean: String = raw.trim().to_lowercase();
    let clean = if kind == K::Phone { clean.chars().filter(char::is_ascii_digit).collect() } else { clean };
    if clean.is_empty() || clean == "n/a" || clean == "unknown" {
        return None;
    }
    Some(Value { clean: clean.into() })
}

/// A full name taken apart.
pub fn split_full_name(raw: &str, _: &Customs) -> (String, String) {
    match raw.trim().rsplit_once(' ') {
        Some((a, b)) => (a.into(), b.into()),
        None => (String::new(), raw.trim().into()),
    }
}

/// The levels of a kind.
pub fn levels(kind: FieldKind) -> &'static [&'static str] {
    match kind {
        K::Gender => &["same", "different"],
        _ => &["same", "one slip", "similar", "different"],
    }
}

/// Which level two values are at.
pub fn compare(kind: FieldKind, a: &Value, b: &Value) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    if kind == K::Gender {
        return 1;
    }
    if strsim::osa_distance(&a.clean, &b.clean) <= 1 {
        return 1;
    }
    if strsim::jaro_winkler(&a.clean, &b.clean) > 0.9 { 2 } else { 3 }
}

/// What a key is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Key {
    Exact,
    Phonetic,
    Prefix,
    Canonical,
    Year,
    MonthDay,
    LocalPart,
    Digits7,
    Sorted,
}

fn hash(text: &str) -> u64 {
    let mut h = foldhash::quality::FixedState::with_seed(7).build_hasher();
    h.write(text.as_bytes());
    h.finish()
}

/// What candidates may be found by.
pub fn keys(kind: FieldKind, v: &Value, put: &mut dyn FnMut(Key, u64)) {
    let c = &*v.clean;
    put(Key::Exact, hash(c));
    match kind {
        K::Forename | K::Surname | K::MaidenName => {
            put(Key::Phonetic, hash(&c.replace(['a', 'e', 'i', 'o', 'u', 'h', 'y'], "")));
            put(Key::Canonical, hash(c));
            put(Key::Prefix, hash(&c.chars().take(1).collect::<String>()));
        }
        K::BirthDate => {
            put(Key::Year, hash(c.get(..4).unwrap_or(c)));
            put(Key::MonthDay, hash(c.get(4..).unwrap_or(c)));
        }
        K::Email => put(Key::LocalPart, hash(c.split('@').next().unwrap_or(c))),
        K::Phone => put(Key::Digits7, hash(&c[c.len().saturating_sub(7)..])),
        K::Street => put(Key::Prefix, hash(c.trim_end_matches(|x: char| !x.is_alphabetic()))),
        K::Postcode => put(Key::Prefix, hash(&c.chars().take(3).collect::<String>())),
        _ => {}
    }
}

/// What a column is about, by its name.
pub fn detect(name: &str, _: &[&str]) -> Option<FieldKind> {
    Some(match name.to_lowercase().as_str() {
        "first_name" | "forename" | "given_name" => K::Forename,
        "last_name" | "surname" => K::Surname,
        "maiden_name" => K::MaidenName,
        "name" | "full_name" => K::FullName,
        "dob" | "date_of_birth" | "birth_date" => K::BirthDate,
        "gender" => K::Gender,
        "email" => K::Email,
        "phone" | "mobile" | "landline" => K::Phone,
        "street" => K::Street,
        "house_number" => K::HouseNumber,
        "postcode" | "zip" => K::Postcode,
        "city" => K::City,
        "loyalty_card" | "account_no" | "card" => K::Identifier,
        _ => return None,
    })
}
