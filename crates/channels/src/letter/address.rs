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

    /// The address that a line means: name, street, city and what else stands on the envelope, parted by commas. `is_state`
    /// knows states by their names and abbreviations. `None` when these are no name, street and city.
    pub fn of_line(line: &str, home: &str, is_state: impl Fn(&str) -> bool) -> Option<Self> {
        let line: String = line.nfc().map(|c| if matches!(c, '\n' | '\r') { ',' } else { c }).collect();
        let one_blank = |piece: &str| piece.split_whitespace().collect::<Vec<_>>().join(" ");
        let pieces: Vec<String> = line.split(',').map(one_blank).filter(|piece| !piece.is_empty()).collect();
        let mut pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let home = countries::code(home);
        let country = match pieces.last() {
            Some(last) if countries::is_known(last) && pieces.len() > 3 => countries::code(pieces.pop()?),
            _ => home.clone(),
        };
        let (name, mut pieces) = pieces.split_first().map(|(name, rest)| (*name, rest.to_vec()))?;
        let (mut city, mut state, mut postal_code) = (String::new(), String::new(), String::new());
        let order = countries::order(&country);
        let numeric = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
        let words: Vec<&str> = pieces.pop()?.split(' ').collect();
        let mut left: Vec<&str>;
        if order == Order::PostcodeCity {
            let digits = words.iter().take_while(|word| numeric(word)).count();
            postal_code = words[..digits].join(" ");
            left = words[digits..].to_vec();
        } else {
            let digits = words.iter().rev().take_while(|word| numeric(word)).count();
            left = words.clone();
            // `Dublin 4` has no postcode.
            if digits > 1 || countries::needs_postcode(&country) {
                left = words[..words.len() - digits].to_vec();
                postal_code = words[words.len() - digits..].join(" ");
            }
        }
        let before = |pieces: &mut Vec<&str>| -> Option<String> {
            let is_city = pieces.len() > 1 && !pieces.last().is_some_and(numeric);
            is_city.then(|| pieces.pop().map(str::to_owned)).flatten()
        };
        if left.is_empty() {
            left = pieces.pop()?.split(' ').collect();
        }
        if order == Order::CityStatePostcode {
            // The city before `Illinois 60614`, or the state at the end of `Sydney NSW 2000`.
            let whole = left.join(" ");
            if is_state(&whole)
                && let Some(found) = before(&mut pieces)
            {
                (city, state) = (found, whole);
            } else if let Some(at) = (1..left.len()).find(|at| is_state(&left[*at..].join(" "))) {
                (city, state) = (left[..at].join(" "), left[at..].join(" "));
            }
        }
        if city.is_empty() {
            city = left.join(" ");
        }
        if pieces.is_empty() || name.is_empty() || city.is_empty() {
            return None;
        }
        let foreign = country != home;
        let (name, street) = (name.to_owned(), pieces.join(", "));
        Some(Self { name, street, street2: String::new(), postal_code, city, state, country, foreign })
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

    /// Name and address as one line in small letters, with the country's code.
    pub fn one_line(&self) -> String {
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
