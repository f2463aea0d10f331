//! Traits to a postal address.

use super::countries::{self, Order};
use crowsnest_model::{Profile, definition::AddressTraits};
use serde_json::Value;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// The most characters that one part of an address may have; more is none.
const LONGEST: usize = 120;

/// Countries whose postcodes have five digits, of which a number in data has lost the zeros in front.
const FIVE_DIGITS: [&str; 6] = ["DE", "ES", "FR", "IT", "MX", "US"];

/// A postal address in one spelling: one blank between words, none around them, no control characters. Capitals stay as they were
/// said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    /// To whom.
    pub name: String,
    /// The street and the number of the house.
    pub street: String,
    /// What comes beside the street; may be empty.
    pub street2: String,
    /// The postcode; empty where there are none.
    pub postal_code: String,
    /// The city.
    pub city: String,
    /// The state or province; may be empty.
    pub state: String,
    /// The country's code of two letters; one that is not known is as it was said, in capitals.
    pub country: String,
    /// Whether that is another country than the sender's.
    pub foreign: bool,
}

/// What is missing of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete(Vec<&'static str>);

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 4 {
            return f.write_str("no letter address is known");
        }
        write!(f, "no letter address is known: it lacks {}", self.0.join(" and "))
    }
}

impl PostalAddress {
    /// A person's address by these traits. Whoever has no country lives in `home`, the sender's.
    pub fn of(profile: &Profile, traits: &AddressTraits, home: &str) -> Result<Self, Incomplete> {
        let part = |name: &str| profile.value(name).map(plain).unwrap_or_default();
        let names: Vec<String> = traits.name.iter().map(|name| part(name)).collect();
        let mut name = names.iter().filter(|name| !name.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            name = part("name");
        }
        let country = match part(&traits.country) {
            country if country.is_empty() => countries::code(home),
            country => countries::code(&country),
        };
        let mut postal_code = part(&traits.postal_code).to_uppercase();
        if FIVE_DIGITS.contains(&country.as_str())
            && profile.value(&traits.postal_code).is_some_and(Value::is_number)
        {
            postal_code = format!("{postal_code:0>5}");
        }
        let mut state = part(&traits.state);
        if state.chars().count() <= 3 {
            state = state.to_uppercase();
        }
        let address = Self {
            name,
            street: part(&traits.street),
            street2: part(&traits.street2),
            postal_code,
            city: part(&traits.city),
            state,
            foreign: country != countries::code(home),
            country,
        };
        let missing: Vec<&str> = [
            ("a name", &address.name, true),
            ("a street", &address.street, true),
            ("a postcode", &address.postal_code, countries::needs_postcode(&address.country)),
            ("a city", &address.city, true),
        ]
        .into_iter()
        .filter(|(_, part, needed)| *needed && part.is_empty())
        .map(|(word, ..)| word)
        .collect();
        if missing.is_empty() { Ok(address) } else { Err(Incomplete(missing)) }
    }

    /// The lines on the envelope, in the order of the address's country; abroad, the country is the last one.
    pub fn lines(&self) -> Vec<String> {
        let Self { postal_code, city, state, .. } = self;
        let with_blank = |parts: &[&str]| {
            parts.iter().copied().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let mut lines = vec![self.name.clone(), self.street.clone(), self.street2.clone()];
        match countries::order(&self.country) {
            Order::PostcodeCity => lines.push(with_blank(&[postal_code, city])),
            Order::CityPostcode => lines.push(with_blank(&[city, postal_code])),
            Order::CityStatePostcode if state.is_empty() => lines.push(with_blank(&[city, postal_code])),
            Order::CityStatePostcode => {
                let comma = if self.country == "US" { "," } else { "" };
                lines.push(with_blank(&[&format!("{city}{comma}"), state, postal_code]));
            }
            Order::CityThenPostcode => lines.extend([city.clone(), postal_code.clone()]),
        }
        if self.foreign {
            lines.push(countries::name(&self.country));
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Name and address as one line in small letters, with the country's code: the contact point, the same however it is
    /// written.
    pub fn contact(&self) -> String {
        let lines = Self { foreign: false, ..self.clone() }.lines();
        format!("{}, {}", lines.join(", "), self.country).to_lowercase()
    }
}

/// A value as one line of plain text.
fn plain(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return String::new(),
    };
    let spaced: String = text.nfc().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let line = words.join(" ");
    let line = line.trim_end_matches([',', ';']);
    if line.chars().count() > LONGEST { String::new() } else { line.to_owned() }
}
