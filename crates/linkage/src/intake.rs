//! From a row's cells to the texts of its slots, with the customs that they are written by.

use crate::fields::{self, Customs, FieldKind, Value};
use crate::layout::{Intake, Layout, Take};
use std::collections::HashMap;

/// Around the customs in front of a text that is written by customs of its own.
const MARK: char = '\u{1f}';
/// The customs of a column in which the month comes before the day.
const MONTH_FIRST: &str = "#";

/// Calls `put` with the slot and text of each cell that is not empty.
pub fn texts<'r>(
    intake: &Intake,
    layout: &Layout,
    customs: &Customs,
    joined: &mut String,
    column: impl Fn(usize) -> &'r str,
    mut put: impl FnMut(usize, &str),
) {
    let country = intake.country.map_or("", &column).trim();
    let country = if country.len() <= 60 { country } else { "" };
    for &(slot, take) in &intake.slots {
        match take {
            Take::Column(i) => {
                let kind = layout.domains[layout.slots[slot].domain].kind;
                let by = match (kind, country) {
                    (FieldKind::BirthDate, "") if intake.month_first.contains(&i) => MONTH_FIRST,
                    (FieldKind::BirthDate | FieldKind::Phone, country) => country,
                    _ => "",
                };
                let text = column(i);
                if by.is_empty() || text.is_empty() {
                    put(slot, text);
                } else {
                    joined.clear();
                    joined.push(MARK);
                    joined.push_str(by);
                    joined.push(MARK);
                    joined.push_str(text);
                    put(slot, joined);
                }
            }
            Take::Street(i, None) => put(slot, column(i)),
            Take::Street(i, Some(number)) => {
                let (street, number) = (column(i), column(number));
                // The number alone says something, too, with the place.
                if !street.trim().is_empty() || !number.trim().is_empty() {
                    joined.clear();
                    joined.push_str(street);
                    joined.push(' ');
                    joined.push_str(number);
                    put(slot, joined);
                }
            }
            Take::Forename(i) => put(slot, &fields::split_full_name(column(i), customs).0),
            Take::Surname(i) => put(slot, &fields::split_full_name(column(i), customs).1),
        }
    }
}

/// When a row was true, in minutes since 1970: by the first of its columns that says it; 0 if none does.
pub fn as_of<'r>(intake: &Intake, customs: &Customs, column: impl Fn(usize) -> &'r str) -> u32 {
    let said = intake.as_of.iter().find_map(|&i| {
        fields::moment(column(i), || match intake.country.map_or("", &column).trim() {
            "" => intake.month_first.contains(&i) || customs.month_first,
            country => fields::is_month_first(country).unwrap_or(customs.month_first),
        })
    });
    said.unwrap_or(0)
}

/// Reads texts of slots.
pub struct TextReader<'c> {
    customs: &'c Customs,
    own: HashMap<String, Customs>,
}

impl<'c> TextReader<'c> {
    /// Where nothing else is said, texts are written by these customs.
    pub fn new(customs: &'c Customs) -> Self {
        Self { customs, own: HashMap::new() }
    }

    /// Reads a text as [`texts`] gave it.
    pub fn read(&mut self, kind: FieldKind, text: &str) -> Option<Value> {
        let marked = text.strip_prefix(MARK).and_then(|rest| rest.split_once(MARK));
        let Some((by, text)) = marked else { return fields::read(kind, text, self.customs) };
        if !self.own.contains_key(by) {
            let customs = match by {
                MONTH_FIRST => self.customs.clone().with_month_first(true),
                // A country that nobody knows says nothing.
                country => match fields::read(FieldKind::Country, country, self.customs) {
                    Some(code) if code.clean.len() == 2 => Customs::for_country(&code.clean),
                    _ => self.customs.clone(),
                },
            };
            self.own.insert(by.to_string(), customs);
        }
        fields::read(kind, text, &self.own[by])
    }
}
