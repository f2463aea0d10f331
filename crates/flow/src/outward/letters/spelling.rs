//! A postal address in the one spelling by which it is known: the contact point of letters.
//!
//! What is printed stays as the customer wrote it. What is compared is spelt as people are compared: `77 Pine Road` and
//! `77 Pine Rd`, `Illinois` and `IL` are one, and so is a line that somebody types to suppress it.

use crowsnest_channels::letter::PostalAddress;
use crowsnest_linkage::fields::{Customs, FieldKind, read};

/// The contact point of an address.
pub(crate) fn contact_of(address: &PostalAddress) -> String {
    let customs = Customs::for_country(&address.country);
    let spelt = |kind: FieldKind, text: &str| {
        let read = read(kind, text, &customs).map(|value| value.clean.into_string());
        read.filter(|clean| !clean.is_empty()).unwrap_or_else(|| text.to_lowercase())
    };
    let mut city = spelt(FieldKind::City, &address.city);
    if address.postal_code.is_empty() {
        // Nothing else tells Dublin 4 from Dublin 6.
        let district =
            address.city.split_whitespace().filter(|word| word.contains(|c: char| c.is_ascii_digit()));
        for word in district {
            city = format!("{city} {}", word.to_lowercase());
        }
    }
    let street = street(&format!("{}, {}", address.street, address.street2), &spelt);
    let spelt = PostalAddress {
        name: address.name.clone(),
        street,
        street2: String::new(),
        postal_code: spelt(FieldKind::Postcode, &address.postal_code),
        city,
        state: spelt(FieldKind::Region, &address.state),
        country: address.country.clone(),
        foreign: false,
    };
    spelt.one_line()
}

/// The contact point that a line means which somebody has typed: name and address, parted by commas as on the envelope.
/// Whoever is in no country lives in `home`. Nothing when it is no name with street and city.
pub(crate) fn letter_contact(line: &str, home: &str) -> Option<String> {
    let customs = Customs::for_country(home);
    let is_state = |text: &str| {
        let short = |value: crowsnest_linkage::fields::Value| (2..=3).contains(&value.clean.len());
        read(FieldKind::Region, text, &customs).is_some_and(short)
    };
    PostalAddress::of_line(line, home, is_state).map(|address| contact_of(&address))
}

/// Streets and houses by their names, then the numbers that stand alone, then flats: in whatever order they were written.
fn street(text: &str, spelt: &dyn Fn(FieldKind, &str) -> String) -> String {
    let (mut names, mut flats) = (Vec::new(), Vec::new());
    let mut numbers = String::new();
    for piece in text.split([',', ';']).map(str::trim).filter(|piece| !piece.is_empty()) {
        // What stands behind such a sign was spelt before, or needs no more than this.
        let (piece, said) = piece.split_once("# ").unwrap_or((piece, ""));
        let said = said.to_lowercase();
        let clean = spelt(FieldKind::Street, piece);
        let (name, flat) = match clean.strip_prefix("# ") {
            Some(flat) => ("", flat),
            None => clean.split_once(" # ").unwrap_or((clean.as_str(), "")),
        };
        let flat = [flat, said.trim()].join(" ").trim().to_owned();
        if name.starts_with(|c: char| c.is_ascii_digit()) && !name.contains(' ') {
            numbers.push(' ');
            numbers.push_str(name);
        } else if !name.is_empty() {
            names.push(name.to_owned());
        }
        if !flat.is_empty() {
            flats.push(flat);
        }
    }
    // `12, rue de la Paix` has its number before, `Via Roma, 12` behind.
    let mut spelt = format!("{}{numbers}", names.join(", ")).trim().to_owned();
    if !flats.is_empty() {
        spelt = format!("{spelt} # {}", flats.join(" ")).trim().to_owned();
    }
    spelt
}
