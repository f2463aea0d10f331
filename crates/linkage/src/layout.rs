//! What is compared with what: slots of a record, and domains, whose slots are compared across each other.

use crate::fields::{self, FieldKind};
use crate::settings::{Role, Settings};
use crate::warnings::Warning;
use serde::{Deserialize, Serialize};

/// Values that are compared with each other, whichever column they are from: `mobile` and `landline` are one domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// What the values are.
    pub kind: FieldKind,
    /// How it is named to users: the names of its columns.
    pub name: String,
}

/// One place in a record for one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The domain of its values.
    pub domain: usize,
    /// The how-manieth of its domain, from 0.
    pub ordinal: usize,
}

/// The slots and domains of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Domains, in the order in which they were met.
    pub domains: Vec<Domain>,
    /// Slots of a record. Doors, which are computed from the address, come after them in a row.
    pub slots: Vec<Slot>,
    /// Whether no more may be added: a model was learned for these.
    #[serde(skip)]
    pub closed: bool,
}

/// Where the parts of an address are in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Street, with the house number.
    pub street: usize,
    /// Postcode.
    pub postcode: Option<usize>,
    /// City.
    pub city: Option<usize>,
    /// The address as a whole.
    pub door: usize,
}

/// Where a slot's raw text comes from in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// A column as it is.
    Column(usize),
    /// The forename out of a full name.
    Forename(usize),
    /// The surname out of a full name.
    Surname(usize),
    /// A street, and the house number from a column of its own.
    Street(usize, Option<usize>),
}

/// How the columns of one file fill the slots.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    /// The slot and where its text comes from.
    pub slots: Vec<(usize, Take)>,
    /// The column of record ids.
    pub record_id: Option<usize>,
    /// The column that says the source.
    pub source: Option<usize>,
    /// The column that says the country, by whose customs dates and numbers are written.
    pub country: Option<usize>,
    /// Columns that say when a record was true, the surest first.
    pub as_of: Vec<usize>,
    /// Columns of dates in which the month comes before the day.
    pub month_first: Vec<usize>,
}

const RECORD_ID: [&str; 9] =
    ["record_id", "recordid", "rec_id", "id", "row_id", "rowid", "unique_id", "uuid", "record"];
const SOURCE: [&str; 5] = ["source", "source_name", "source_system", "quelle", "origin"];

impl Layout {
    /// The domain of a kind. Identifiers and others are a domain for each name of a column; other kinds have one domain.
    fn domain(&mut self, kind: FieldKind, column: &str) -> Option<usize> {
        let kind = if kind == FieldKind::MaidenName { FieldKind::Surname } else { kind };
        let own = matches!(kind, FieldKind::Identifier | FieldKind::Other);
        let found =
            self.domains.iter().position(|d| d.kind == kind && (!own || d.name.eq_ignore_ascii_case(column)));
        if let Some(found) = found {
            if !own && !self.closed && !self.domains[found].name.split(", ").any(|c| c == column) {
                let domain = &mut self.domains[found];
                domain.name = format!("{}, {column}", domain.name);
            }
            return Some(found);
        }
        if self.closed {
            return None;
        }
        self.domains.push(Domain { kind, name: column.to_string() });
        Some(self.domains.len() - 1)
    }

    /// The slot of a domain by its place; made if it is new.
    fn slot(&mut self, domain: usize, ordinal: usize) -> Option<usize> {
        let found = self.slots.iter().position(|s| s.domain == domain && s.ordinal == ordinal);
        if found.is_some() || self.closed {
            return found;
        }
        self.slots.push(Slot { domain, ordinal });
        Some(self.slots.len() - 1)
    }

    /// The domain of a kind, if the table has it.
    pub fn domain_of(&self, kind: FieldKind) -> Option<usize> {
        let kind = if kind == FieldKind::MaidenName { FieldKind::Surname } else { kind };
        self.domains.iter().position(|d| d.kind == kind)
    }

    /// The slots of a domain.
    pub fn slots_of(&self, domain: usize) -> Vec<usize> {
        (0..self.slots.len()).filter(|&s| self.slots[s].domain == domain).collect()
    }

    /// The slots of a kind; none if the table has no such kind.
    pub fn slots_of_kind(&self, kind: FieldKind) -> Vec<usize> {
        self.domain_of(kind).map(|d| self.slots_of(d)).unwrap_or_default()
    }

    /// The addresses that a record may have. Two streets may share one city.
    pub fn addresses(&self) -> Vec<Address> {
        let nth_or_first = |slots: &[usize], i: usize| slots.get(i).or_else(|| slots.first()).copied();
        let postcodes = self.slots_of_kind(FieldKind::Postcode);
        let cities = self.slots_of_kind(FieldKind::City);
        let streets = self.slots_of_kind(FieldKind::Street);
        streets
            .iter()
            .enumerate()
            .map(|(i, &street)| Address {
                street,
                postcode: nth_or_first(&postcodes, i),
                city: nth_or_first(&cities, i),
                door: self.slots.len() + i,
            })
            .collect()
    }

    /// How many numbers a row has: the slots, and a door for each address.
    pub fn width(&self) -> usize {
        self.slots.len() + self.slots_of_kind(FieldKind::Street).len()
    }

    /// Finds out what the columns of a file are about, and adds the slots that they need.
    ///
    /// `samples` are values of each column from the beginning of the file.
    pub fn add_file(
        &mut self,
        headers: &[String],
        samples: &[Vec<String>],
        settings: &Settings,
        warnings: &mut Vec<Warning>,
    ) -> Intake {
        let mut intake = Intake::default();
        let mut fields: Vec<(usize, FieldKind)> = Vec::new();
        for (i, header) in headers.iter().enumerate() {
            let sample: Vec<&str> =
                samples.get(i).map(|s| s.iter().map(String::as_str).collect()).unwrap_or_default();
            match settings.role(header) {
                Some(Role::RecordId) => intake.record_id = Some(i),
                Some(Role::Source) => intake.source = Some(i),
                Some(Role::AsOf) => intake.as_of.push(i),
                Some(Role::Ignore) => {}
                Some(Role::Field(kind)) => fields.push((i, kind)),
                None => {
                    if let Some(kind) = fields::detect(header, &sample) {
                        fields.push((i, kind));
                    }
                }
            }
        }
        let by_name = |names: &[&str], taken: &dyn Fn(usize) -> bool| {
            names.iter().find_map(|name| {
                (0..headers.len()).find(|&i| {
                    !taken(i)
                        && settings.role(&headers[i]).is_none()
                        && headers[i].trim().to_lowercase().replace([' ', '-'], "_") == *name
                })
            })
        };
        let taken = |i: usize| fields.iter().any(|(column, _)| *column == i);
        if intake.record_id.is_none() {
            // Under another name, what numbers the rows is known by its values.
            let numbers = |&i: &usize| {
                let sample = samples.get(i).map(Vec::as_slice).unwrap_or_default();
                let sample: Vec<&str> = sample.iter().map(String::as_str).collect();
                !taken(i)
                    && settings.role(&headers[i]).is_none()
                    && fields::numbers_rows(&headers[i], &sample)
            };
            intake.record_id = by_name(&RECORD_ID, &taken).or_else(|| (0..headers.len()).find(numbers));
        }
        if intake.source.is_none() {
            intake.source = by_name(&SOURCE, &taken);
        }
        if intake.as_of.is_empty() {
            let rank = |i: usize| {
                let sample: Vec<&str> = samples.get(i)?.iter().map(String::as_str).collect();
                let free = !taken(i) && settings.role(&headers[i]).is_none();
                fields::says_when(&headers[i], &sample).filter(|_| free)
            };
            let mut ranked: Vec<(usize, usize)> =
                (0..headers.len()).filter_map(|i| Some((rank(i)?, i))).collect();
            ranked.sort_unstable();
            intake.as_of = ranked.into_iter().map(|(_, i)| i).collect();
        }
        let has = |kind| fields.iter().any(|(_, k)| *k == kind);
        let split_names = !(has(FieldKind::Forename) && has(FieldKind::Surname));
        intake.country = fields.iter().find(|(_, k)| *k == FieldKind::Country).map(|(i, _)| *i);
        let houses: Vec<usize> =
            fields.iter().filter(|(_, k)| *k == FieldKind::HouseNumber).map(|(i, _)| *i).collect();
        let mut seen = std::collections::HashMap::<usize, usize>::new();
        let is_month_first = |i: usize| {
            let sample: Vec<&str> = samples.get(i).into_iter().flatten().map(String::as_str).collect();
            fields::month_first(&sample) == Some(true)
        };
        let mut unknown = Vec::new();
        let mut months: Vec<usize> = intake.as_of.iter().copied().filter(|&i| is_month_first(i)).collect();
        let mut put = |layout: &mut Self, kind, column: &str, take| {
            let slot = layout.domain(kind, column).and_then(|domain| {
                let ordinal = seen.entry(domain).or_default();
                *ordinal += 1;
                layout.slot(domain, *ordinal - 1)
            });
            match slot {
                Some(slot) => intake.slots.push((slot, take)),
                None => unknown.push(column.to_string()),
            }
        };
        for &(i, kind) in &fields {
            let name = headers[i].as_str();
            if kind == FieldKind::BirthDate && is_month_first(i) {
                months.push(i);
            }
            match kind {
                FieldKind::FullName if split_names => {
                    put(self, FieldKind::Forename, name, Take::Forename(i));
                    put(self, FieldKind::Surname, name, Take::Surname(i));
                }
                FieldKind::FullName => warnings
                    .push(Warning::new(name, "not used: forename and surname have columns of their own")),
                FieldKind::Street => {
                    let nth = fields.iter().filter(|(c, k)| *k == kind && *c < i).count();
                    put(self, kind, name, Take::Street(i, houses.get(nth).copied()));
                }
                FieldKind::HouseNumber | FieldKind::Region | FieldKind::Country => {}
                _ => put(self, kind, name, Take::Column(i)),
            }
        }
        intake.month_first = months;
        warnings
            .extend(unknown.into_iter().map(|c| Warning::new(c, "not used: the model knows no such column")));
        if intake.slots.is_empty() {
            warnings.push(Warning::new(
                headers.join(", "),
                "no column was recognised; say what the columns are about",
            ));
        }
        intake
    }
}
