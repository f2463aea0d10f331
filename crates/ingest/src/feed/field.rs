//! From a cell to a value of the declared type, or the reason why not.

use super::cell::Cell;
use crate::{
    fault::Fault,
    moment::{self, MomentFormat},
    nearest::{did_you_mean, listed, shown},
    source::{self, Locale, SourceError},
};
use crowsnest_model::{
    contact,
    definition::{FieldMap, FieldType},
    money::{Currency, Money},
};
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;

/// How one field is read, with everything resolved.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its place among the plan's slots.
    pub slot: usize,
    kind: Kind,
    values: BTreeMap<String, Value>,
    required: bool,
}

#[derive(Debug)]
enum Kind {
    Text,
    Integer,
    Number { decimal_comma: bool },
    Boolean,
    Date { letters: Option<String> },
    Moment { format: MomentFormat, zone: TimeZone },
    Money { currency: Currency, decimal_comma: bool },
    Phone { country: Option<phonenumber::country::Id> },
    Email,
    Json,
}

impl Field {
    /// Compiles the mapping `map`, which stands at `place` in the source's definition.
    pub fn new(place: &str, map: &FieldMap, slot: usize, locale: &Locale) -> Result<Self, SourceError> {
        let at = |name: &str| format!("{place}.{name}");
        let kind = match map.kind {
            FieldType::Text => Kind::Text,
            FieldType::Integer => Kind::Integer,
            FieldType::Number => Kind::Number { decimal_comma: map.decimal_comma },
            FieldType::Boolean => Kind::Boolean,
            FieldType::Date => {
                if let Some(letters) = &map.format {
                    moment::check_letters(letters)
                        .map_err(|reason| SourceError::field(at("format"), reason))?;
                }
                Kind::Date { letters: map.format.clone() }
            }
            FieldType::Time => Kind::Moment {
                format: MomentFormat::new(map.format.as_deref())
                    .map_err(|reason| SourceError::field(at("format"), reason))?,
                zone: zone_of(&at("time_zone"), map.time_zone.as_deref(), locale)?,
            },
            FieldType::Money => Kind::Money {
                currency: match (&map.currency, locale.currency) {
                    (Some(code), _) => source::currency(&at("currency"), code)?,
                    (None, Some(currency)) => currency,
                    (None, None) => {
                        return Err(SourceError::field(
                            at("currency"),
                            "neither the field nor the workspace says which currency it is",
                        ));
                    }
                },
                decimal_comma: map.decimal_comma,
            },
            FieldType::Phone => Kind::Phone {
                country: match &map.country {
                    Some(code) => Some(source::country(&at("country"), code)?),
                    None => locale.country,
                },
            },
            FieldType::Email => Kind::Email,
            FieldType::Json => Kind::Json,
        };
        Ok(Self { slot, kind, values: map.values.clone(), required: map.required })
    }

    /// The currency of a field that is money.
    pub fn currency(&self) -> Option<Currency> {
        match self.kind {
            Kind::Money { currency, .. } => Some(currency),
            _ => None,
        }
    }

    /// Reads a cell of the field that is called `name` in the file. An empty cell is absent.
    pub fn read(&self, name: &str, cell: &Cell<'_>) -> Result<Option<Value>, Fault> {
        let wrong = |code: &'static str, what: String| Fault::new(code, format!("`{name}`: {what}"));
        let Some(text) = cell.text() else {
            if self.required {
                return Err(wrong("required", "is empty, but every row must have it".into()));
            }
            return Ok(None);
        };
        if !self.values.is_empty() {
            let known = || self.values.keys().map(String::as_str);
            return match self.values.get(text.as_ref()) {
                Some(value) => Ok((!value.is_null()).then(|| value.clone())),
                None => Err(wrong(
                    "code",
                    format!(
                        "`{}` is not among the codes {}{}",
                        shown(&text),
                        listed(known()),
                        did_you_mean(&text, known())
                    ),
                )),
            };
        }
        if cell.is_structure() && !matches!(self.kind, Kind::Json) {
            return Err(wrong("structure", "a list or object stands where one value was expected".into()));
        }
        if let (Kind::Json, Cell::Json(value)) = (&self.kind, cell)
            && !value.is_string()
        {
            return Ok(Some((*value).clone()));
        }
        self.convert(&text)
            .map(Some)
            .map_err(|fault| Fault { reason: format!("`{name}`: {}", fault.reason), ..fault })
    }

    fn convert(&self, text: &str) -> Result<Value, Fault> {
        let not = |code, what: &str| Fault::new(code, format!("`{}` is not {what}", shown(text)));
        Ok(match &self.kind {
            Kind::Text => text.into(),
            Kind::Integer => integer(text).ok_or_else(|| not("number", "a whole number, such as 12"))?,
            Kind::Number { decimal_comma } => number(text, *decimal_comma).ok_or_else(|| {
                not(
                    "number",
                    if *decimal_comma { "a number, such as 1.250,5" } else { "a number, such as 1,250.5" },
                )
            })?,
            Kind::Boolean => boolean(text)
                .ok_or_else(|| not("boolean", "yes or no: expected true, yes, y, 1, false, no, n or 0"))?
                .into(),
            Kind::Date { letters } => moment::day(text, letters.as_deref())
                .ok_or_else(|| {
                    let expected = moment::day_in_words(letters.as_deref());
                    not("date", &format!("a date: expected {expected}"))
                })?
                .into(),
            Kind::Moment { format, zone } => format
                .read(text, zone)
                .ok_or_else(|| not("date", &format!("a moment: expected {}", format.in_words())))?
                .to_string()
                .into(),
            Kind::Money { currency, decimal_comma } => {
                let money = Money::parse(text, *currency, *decimal_comma).map_err(|_| {
                    let example = if *decimal_comma { "1.250,00" } else { "1,250.00" };
                    not("money", &format!("an amount of money: expected digits such as {example}"))
                })?;
                if money.mills % 1_000 == 0 { (money.mills / 1_000).into() } else { money.units().into() }
            }
            Kind::Phone { country } => contact::phone(text, *country)
                .map_err(|error| Fault::new("phone", format!("`{}` {error}", shown(text))))?
                .into(),
            Kind::Email => contact::email(text)
                .map_err(|error| Fault::new("email", format!("`{}` {error}", shown(text))))?
                .into(),
            Kind::Json => serde_json::from_str(&crate::json::mend(text))
                .map_err(|error| Fault::new("json", format!("`{}` is not JSON: {error}", shown(text))))?,
        })
    }
}

/// The zone that a field says, else the workspace's.
pub(super) fn zone_of(place: &str, name: Option<&str>, locale: &Locale) -> Result<TimeZone, SourceError> {
    match (name, &locale.zone) {
        (Some(name), _) => source::zone(place, name),
        (None, Some(zone)) => Ok(zone.clone()),
        (None, None) => Err(SourceError::field(
            place,
            "neither the field nor the workspace says in which time zone it is written",
        )),
    }
}

/// What `true`, `yes`, `y`, `1`, `false`, `no`, `n`, `0` mean, in either case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "yes", "y", "1"]) {
        Some(true)
    } else if is(["false", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// A whole number; `12.0`, as some programs write it, is one.
fn integer(text: &str) -> Option<Value> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    plain_number(whole, ',')?.parse::<i64>().ok().map(Value::from)
}

fn number(text: &str, decimal_comma: bool) -> Option<Value> {
    let (point, group) = if decimal_comma { (',', '.') } else { ('.', ',') };
    let (whole, fraction) = match text.split_once(point) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let (whole, exponent) = match (whole.find(['e', 'E']), fraction) {
        (Some(at), None) => whole.split_at(at),
        _ => (whole, ""),
    };
    let mut plain = plain_number(whole, group)?;
    match fraction {
        None => {
            if exponent.is_empty()
                && let Ok(integer) = plain.parse::<i64>()
            {
                return Some(integer.into());
            }
        }
        Some(fraction) => {
            if !fraction.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            plain.push('.');
            plain.push_str(fraction);
        }
    }
    plain.push_str(exponent);
    let number: f64 = plain.parse().ok()?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// Digits with an optional sign, with the separators between groups of three taken out.
fn plain_number(text: &str, group: char) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut groups = digits.split(group);
    let first = groups.next()?;
    let mut grouped = false;
    for group in groups {
        grouped = true;
        if group.len() != 3 {
            return None;
        }
    }
    let fits = !first.is_empty() && (!grouped || first.len() <= 3);
    let all_digits = digits.chars().all(|c| c.is_ascii_digit() || c == group);
    (fits && all_digits).then(|| text.chars().filter(|c| *c != group && *c != '+').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(map: &FieldMap, text: &str) -> Result<String, String> {
        let locale = Locale {
            country: Some(contact::country("US").unwrap()),
            zone: Some(TimeZone::get("America/Chicago").unwrap()),
            currency: Some(Currency::parse("USD").unwrap()),
        };
        let field = Field::new("f", map, 0, &locale).unwrap();
        field
            .read("f", &Cell::Text(text.into()))
            .map(|value| value.map_or_else(|| "-".into(), |value| value.to_string()))
            .map_err(|fault| fault.code.into_owned())
    }

    #[test]
    fn cells_are_read_by_type() {
        use FieldType::*;
        let ok = |text: &str| Ok(text.to_owned());
        let err = |code: &str| Err(code.to_owned());
        for (kind, comma, text, expected) in [
            (Text, false, "  Ann  ", ok("\"Ann\"")),
            (Text, false, "   ", ok("-")),
            (Integer, false, "1,250", ok("1250")),
            (Integer, false, "-7", ok("-7")),
            (Integer, false, "12.0", ok("12")),
            (Integer, false, "12.5", err("number")),
            (Integer, false, "99999999999999999999", err("number")),
            (Number, false, "1,250.5", ok("1250.5")),
            (Number, true, "1.250,5", ok("1250.5")),
            (Number, false, "3", ok("3")),
            (Number, false, "1e3", ok("1000.0")),
            (Number, false, "-0.5", ok("-0.5")),
            (Number, false, "1,25", err("number")),
            (Number, false, "inf", err("number")),
            (Number, false, "NaN", err("number")),
            (Number, false, "1e999", err("number")),
            (Number, false, "1.-5", err("number")),
            (Number, false, "0x10", err("number")),
            (Boolean, false, "YES", ok("true")),
            (Boolean, false, "n", ok("false")),
            (Boolean, false, "maybe", err("boolean")),
            (Date, false, "2026-03-01", ok("\"2026-03-01\"")),
            (Date, false, "2026-02-30", err("date")),
            (Time, false, "2026-07-04T09:30:00", ok("\"2026-07-04T14:30:00Z\"")),
            (Time, false, "noon", err("date")),
            (Money, false, "$1,250.00", ok("1250")),
            (Money, true, "1.250,75", ok("1250.75")),
            (Money, false, "free", err("money")),
            (Phone, false, "(312) 555-0142", ok("\"+13125550142\"")),
            (Phone, false, "call me", err("phone")),
            (Email, false, " Ann@Example.COM", ok("\"ann@example.com\"")),
            (Email, false, "ann", err("email")),
            (Json, false, "[1, 2]", ok("[1,2]")),
            (Json, false, "[1,", err("json")),
        ] {
            let map = FieldMap { kind, decimal_comma: comma, ..FieldMap::default() };
            assert_eq!(read(&map, text), expected, "{kind:?} {text}");
        }
    }

    #[test]
    fn codes_are_translated_and_required_cells_asked_for() {
        let values = [("M".to_owned(), Value::from("male")), ("F".to_owned(), Value::from("female"))];
        let codes = FieldMap { values: values.into(), ..FieldMap::default() };
        assert_eq!(read(&codes, "M").as_deref(), Ok("\"male\""));
        assert_eq!(read(&codes, "X"), Err("code".into()));
        assert_eq!(read(&codes, "").as_deref(), Ok("-"));
        let required = FieldMap { required: true, ..FieldMap::default() };
        assert_eq!(read(&required, " "), Err("required".into()));
    }
}
