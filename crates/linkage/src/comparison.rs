//! How two records compare, field by field: on which level, and how rare what they share is.
//!
//! What depends on each other is one comparison and not several that are added up: street, postcode and city are one *address*, and the
//! gender says nothing more where the forenames agree.

use crate::dictionary::Dictionary;
use crate::fields::{self, FieldKind};
use crate::layout::{Address, Layout};
use crate::table::{Node, Table};
use serde::{Deserialize, Serialize};

/// The level of a comparison for which one of the records has no value.
pub const MISSING: u8 = 15;

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Forenames; knows of names that are swapped.
    Forename,
    /// Gender, where the forenames do not say it already.
    Gender,
    /// Street, number, postcode and city together.
    Address,
    /// Values of one domain, each with each.
    Plain(FieldKind),
}

/// One comparison of a pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// How it is named to users.
    pub name: String,
    /// What it is about.
    pub subject: Subject,
    /// The domain that it compares; for an address, that of the street or the postcode.
    pub domain: usize,
    /// What its levels are called, from the same to different.
    pub levels: Vec<String>,
}

impl Comparison {
    /// Whether it is about what each person has for themselves and for life: forename, gender and birth date.
    pub fn is_personal(&self) -> bool {
        matches!(self.subject, Subject::Forename | Subject::Gender | Subject::Plain(FieldKind::BirthDate))
    }
}

/// How one comparison of a pair came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The level, or [`MISSING`].
    pub level: u8,
    /// How rare what is shared is, in bits; 0 where only the level counts.
    pub bits: f32,
}

impl Outcome {
    /// Nothing is known of one of the two.
    pub const MISSING: Self = Self { level: MISSING, bits: 0.0 };
}

/// The levels of an address.
const ADDRESS: [&str; 9] = [
    "same address",
    "same street and number, other place",
    "same street, number alike or missing",
    "slip in the street, or not known",
    "same street, other number",
    "same postcode, street not known",
    "same postcode, other street",
    "same city, other postcode",
    "different",
];

/// The level of one street and number in two places.
pub(crate) const OTHER_PLACE: u8 = 1;
/// Up to this level addresses may be one, with a slip.
pub(crate) const SLIP_IN_STREET: u8 = 3;
/// The level of two houses of one street.
pub(crate) const OTHER_NUMBER: u8 = 4;
/// The level of addresses with one postcode, where the street is not known.
pub(crate) const SAME_POSTCODE: u8 = 5;
/// The level of other streets in one postcode.
pub(crate) const OTHER_STREET: u8 = 6;
/// The level of addresses in one city.
pub(crate) const SAME_CITY: u8 = 7;

/// The level of surnames that differ by one slip.
const SLIP_IN_A_NAME: u8 = 2;

/// Compares pairs of a table.
pub struct Comparer {
    /// What is compared, in order.
    pub comparisons: Vec<Comparison>,
    pub(crate) slots: Vec<Vec<usize>>,
    pub(crate) surnames: Vec<usize>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) places: (Vec<usize>, Vec<usize>),
    pub(crate) forename: Option<usize>,
    surname: Option<usize>,
    email: Option<usize>,
    /// The comparisons in the order in which most pairs that are not one person are given up on soonest. Gender asks for the forename.
    pub order: Vec<usize>,
}

/// What is compared for a layout.
pub fn comparisons(layout: &Layout) -> Vec<Comparison> {
    let mut found = Vec::new();
    let names = |list: &[&str]| list.iter().map(|&l| l.to_string()).collect::<Vec<_>>();
    // Names first: most pairs that are not one person are given up on there, and their dictionaries are small.
    let order = |kind: FieldKind| match kind {
        FieldKind::Forename => 0,
        FieldKind::Surname => 1,
        FieldKind::BirthDate => 2,
        FieldKind::Identifier => 3,
        FieldKind::Email => 4,
        FieldKind::Phone => 5,
        FieldKind::Street => 6,
        FieldKind::Postcode => 7,
        FieldKind::City => 8,
        FieldKind::Gender => 9,
        _ => 10,
    };
    let mut domains: Vec<usize> = (0..layout.domains.len()).collect();
    domains.sort_by_key(|&d| order(layout.domains[d].kind));
    for domain in domains {
        let of = &layout.domains[domain];
        let (subject, name, levels) = match of.kind {
            FieldKind::Forename => {
                let mut levels = names(fields::levels(of.kind));
                if layout.domain_of(FieldKind::Surname).is_some() {
                    levels.insert(levels.len() - 1, "swapped with the surname".to_string());
                }
                (Subject::Forename, "forename".to_string(), levels)
            }
            FieldKind::Gender => (Subject::Gender, "gender".to_string(), names(fields::levels(of.kind))),
            FieldKind::Street | FieldKind::Postcode | FieldKind::City => {
                if found.iter().any(|c: &Comparison| c.subject == Subject::Address) {
                    continue;
                }
                (Subject::Address, "address".to_string(), names(&ADDRESS))
            }
            FieldKind::Unit => continue,
            kind => (Subject::Plain(kind), label(kind, &of.name), names(fields::levels(kind))),
        };
        found.push(Comparison { name, subject, domain, levels });
    }
    found
}

fn label(kind: FieldKind, columns: &str) -> String {
    match kind {
        FieldKind::Surname => "surname".to_string(),
        FieldKind::BirthDate => "birth date".to_string(),
        FieldKind::Email => "e-mail".to_string(),
        FieldKind::Phone => "phone".to_string(),
        _ => columns.to_string(),
    }
}

impl Comparer {
    /// For tables with this layout.
    pub fn new(layout: &Layout) -> Self {
        let comparisons = comparisons(layout);
        let at = |wanted: &dyn Fn(&Comparison) -> bool| comparisons.iter().position(wanted);
        let mut order: Vec<usize> = (0..comparisons.len()).collect();
        order.sort_by_key(|&i| match comparisons[i].subject {
            Subject::Forename => 0,
            Subject::Plain(FieldKind::Surname) => 1,
            Subject::Plain(FieldKind::BirthDate) => 2,
            Subject::Address => 3,
            Subject::Plain(_) => 4,
            Subject::Gender => 5,
        });
        Self {
            order,
            slots: comparisons.iter().map(|c| layout.slots_of(c.domain)).collect(),
            surnames: layout.slots_of_kind(FieldKind::Surname),
            addresses: layout.addresses(),
            places: (layout.slots_of_kind(FieldKind::Postcode), layout.slots_of_kind(FieldKind::City)),
            forename: at(&|c| c.subject == Subject::Forename),
            surname: at(&|c| c.subject == Subject::Plain(FieldKind::Surname)),
            email: at(&|c| c.subject == Subject::Plain(FieldKind::Email)),
            comparisons,
        }
    }

    /// How many comparisons there are.
    pub fn len(&self) -> usize {
        self.comparisons.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.comparisons.is_empty()
    }

    /// Compares two nodes. `out` has a place for each comparison.
    pub fn compare(&self, table: &Table, a: Node, b: Node, out: &mut [Outcome]) {
        let (a, b) = (table.row(a), table.row(b));
        for i in 0..self.comparisons.len() {
            out[i] = self.one(table, i, a, b, out);
        }
        self.settle(table, a, b, out);
    }

    /// The outcome of one comparison; earlier ones are in `out`.
    pub fn one(&self, table: &Table, i: usize, a: &[u32], b: &[u32], out: &[Outcome]) -> Outcome {
        self.one_by(table, i, a, b, out, Dictionary::compare)
    }

    /// The same, where a glance at the sketches has not told it.
    pub(crate) fn after_glance(
        &self,
        table: &Table,
        i: usize,
        a: &[u32],
        b: &[u32],
        out: &[Outcome],
    ) -> Outcome {
        match self.slots[i].len() {
            1 => self.one_by(table, i, a, b, out, Dictionary::look),
            // Of several values, it may have told some.
            _ => self.one(table, i, a, b, out),
        }
    }

    fn one_by(
        &self,
        table: &Table,
        i: usize,
        a: &[u32],
        b: &[u32],
        out: &[Outcome],
        level: impl Fn(&Dictionary, FieldKind, u32, u32) -> u8,
    ) -> Outcome {
        match self.comparisons[i].subject {
            Subject::Plain(kind) => plain(table, kind, &self.slots[i], a, b, level),
            Subject::Forename => self.forenames(table, i, a, b, level),
            Subject::Gender => match self.forename.map(|f| out[f].level) {
                Some(0 | 1) => Outcome::MISSING,
                _ => plain(table, FieldKind::Gender, &self.slots[i], a, b, level),
            },
            Subject::Address => self.address(table, a, b),
        }
    }

    /// Takes back what was said twice: swapped names by different surnames, and one name by two mailboxes that are called by it.
    pub fn settle(&self, table: &Table, a: &[u32], b: &[u32], out: &mut [Outcome]) {
        let (Some(f), Some(s)) = (self.forename, self.surname) else { return };
        let different = |i: usize| self.comparisons[i].levels.len() as u8 - 1;
        if out[f].level + 1 == different(f) {
            out[s] = Outcome::MISSING;
        }
        let Some(e) = self.email else { return };
        // Two people called Anna Weber will have annaweber@ at two providers.
        let alike = out[f].level < different(f) && out[s].level < different(s);
        if alike
            && out[e].level > 0
            && out[e].level < different(e)
            && [a, b].into_iter().any(|row| self.by_name(table, row))
        {
            out[e] = Outcome::MISSING;
        }
    }

    /// Whether [`Comparer::settle`] may take back what a comparison says against one person.
    pub fn may_be_taken_back(&self, i: usize, out: &[Outcome]) -> bool {
        let swapped = |f: usize| usize::from(out[f].level) + 2 == self.comparisons[f].levels.len();
        Some(i) == self.email || Some(i) == self.surname && self.forename.is_some_and(swapped)
    }

    /// Whether a record's mailbox is called by its name, with nothing more to it than a digit.
    fn by_name(&self, table: &Table, row: &[u32]) -> bool {
        let names = [self.forename, self.surname].into_iter().flatten().flat_map(|i| &self.slots[i]);
        let mut names = names.filter(|&&s| row[s] > 0).map(|&s| &*table.dictionary(s).value(row[s]).clean);
        let Some(e) = self.email else { return false };
        let mailboxes = self.slots[e].iter().filter(|&&s| row[s] > 0).map(|&s| {
            let clean = &*table.dictionary(s).value(row[s]).clean;
            clean.split('@').next().unwrap_or(clean)
        });
        names.any(|name| {
            let name = name.split(' ').next_back().unwrap_or(name);
            name.len() > 2
                && mailboxes
                    .clone()
                    .any(|m| m.contains(name) && m.bytes().filter(u8::is_ascii_digit).count() < 2)
        })
    }

    /// Whether the forename of each is the surname of the other; one of the two names may have a slip.
    fn crossed(&self, table: &Table, a: &[u32], b: &[u32], forename: usize, surname: usize) -> bool {
        if [a[forename], a[surname], b[forename], b[surname]].contains(&0) {
            return false;
        }
        let (given, family) = (table.dictionary(forename), table.dictionary(surname));
        let same = |x: &[u32], y: &[u32]| given.hash(x[forename]) == family.hash(y[surname]);
        let alike = |x: &[u32], y: &[u32]| {
            let level =
                fields::compare(FieldKind::Surname, given.value(x[forename]), family.value(y[surname]));
            level <= SLIP_IN_A_NAME
        };
        match (same(a, b), same(b, a)) {
            (true, true) => true,
            (true, false) => alike(b, a),
            (false, true) => alike(a, b),
            (false, false) => false,
        }
    }

    fn forenames(
        &self,
        table: &Table,
        i: usize,
        a: &[u32],
        b: &[u32],
        level: impl Fn(&Dictionary, FieldKind, u32, u32) -> u8,
    ) -> Outcome {
        let outcome = plain(table, FieldKind::Forename, &self.slots[i], a, b, level);
        let different = fields::levels(FieldKind::Forename).len() as u8 - 1;
        if outcome.level != different || self.surnames.is_empty() {
            return outcome;
        }
        let slot = self.slots[i][0];
        let surname = self.surnames[0];
        let (given, family) = (table.dictionary(slot), table.dictionary(surname));
        match self.crossed(table, a, b, slot, surname) {
            true => {
                let bits = |row: &[u32]| given.rarity(row[slot]) + family.rarity(row[surname]);
                Outcome { level: different, bits: bits(a).min(bits(b)) }
            }
            false => Outcome { level: different + 1, bits: 0.0 },
        }
    }

    fn address(&self, table: &Table, a: &[u32], b: &[u32]) -> Outcome {
        let mut best = Outcome::MISSING;
        for x in &self.addresses {
            for y in &self.addresses {
                better(&mut best, self.addresses_of(table, a, x, b, y));
            }
        }
        if self.addresses.is_empty() || best.level == MISSING {
            best = Outcome::MISSING;
            let (postcodes, cities) = &self.places;
            better(&mut best, self.place(table, a, b, postcodes.first(), cities.first(), None));
        }
        best
    }

    fn addresses_of(&self, table: &Table, a: &[u32], x: &Address, b: &[u32], y: &Address) -> Outcome {
        let (s, t) = (a[x.street], b[y.street]);
        if s == 0 || t == 0 {
            return Outcome::MISSING;
        }
        if a[x.door] == b[y.door] {
            return Outcome { level: 0, bits: table.doors.rarity(a[x.door]) };
        }
        let streets = table.dictionary(x.street);
        let level = match s == t {
            true => 0,
            false => streets.compare(FieldKind::Street, s, t),
        };
        let place = self.place(table, a, b, x.postcode.as_ref(), x.city.as_ref(), Some(y));
        let near = matches!(place.level, 5 | 7 | MISSING);
        let last = fields::levels(FieldKind::Street).len() as u8 - 1;
        match level {
            0 if near => Outcome { level: 0, bits: streets.rarity(s).min(streets.rarity(t)) },
            0 => Outcome { level: 1, bits: streets.rarity(s).min(streets.rarity(t)) },
            level if level == last || !near => match place.level {
                5 => Outcome { level: 6, bits: place.bits },
                MISSING => Outcome { level: 8, bits: 0.0 },
                _ => place,
            },
            // Levels of a street: number alike or missing, other number, slip.
            1 => Outcome { level: 2, bits: 0.0 },
            2 => Outcome { level: 4, bits: 0.0 },
            _ => Outcome { level: 3, bits: 0.0 },
        }
    }

    /// Postcode and city alone: level 5, 7, 8 or missing.
    fn place(
        &self,
        table: &Table,
        a: &[u32],
        b: &[u32],
        postcode: Option<&usize>,
        city: Option<&usize>,
        other: Option<&Address>,
    ) -> Outcome {
        let mut said = false;
        for (kind, slot, level) in [(FieldKind::Postcode, postcode, 5), (FieldKind::City, city, 7)] {
            let Some(&slot) = slot else { continue };
            let theirs = match (other, kind) {
                (Some(o), FieldKind::Postcode) => o.postcode.unwrap_or(slot),
                (Some(o), _) => o.city.unwrap_or(slot),
                (None, _) => slot,
            };
            let (p, q) = (a[slot], b[theirs]);
            if p == 0 || q == 0 {
                continue;
            }
            said = true;
            let dictionary = table.dictionary(slot);
            if p == q {
                return Outcome { level, bits: dictionary.rarity(p) };
            }
            // A slip in the postcode or in the city's name is still the city.
            if dictionary.compare(kind, p, q) == 1 {
                return Outcome { level: 7, bits: dictionary.rarity(p).min(dictionary.rarity(q)) };
            }
        }
        match said {
            true => Outcome { level: 8, bits: 0.0 },
            false => Outcome::MISSING,
        }
    }
}

fn better(best: &mut Outcome, new: Outcome) {
    if new.level < best.level || (new.level == best.level && new.bits > best.bits) {
        *best = new;
    }
}

/// The best of all pairs of values of a domain, by the level that two of them are on.
fn plain(
    table: &Table,
    kind: FieldKind,
    slots: &[usize],
    a: &[u32],
    b: &[u32],
    level: impl Fn(&Dictionary, FieldKind, u32, u32) -> u8,
) -> Outcome {
    let Some(&first) = slots.first() else { return Outcome::MISSING };
    let dictionary = table.dictionary(first);
    let mut best = Outcome::MISSING;
    if slots.len() == 1 && (a[first] == 0 || b[first] == 0) {
        return best;
    }
    for &s in slots {
        for &t in slots {
            let (x, y) = (a[s], b[t]);
            if x != 0 && x == y {
                better(&mut best, Outcome { level: 0, bits: dictionary.rarity(x) });
            }
        }
    }
    if best.level == 0 {
        return best;
    }
    for &s in slots {
        for &t in slots {
            let (x, y) = (a[s], b[t]);
            if x != 0 && y != 0 {
                let level = level(dictionary, kind, x, y);
                // Two spellings that mean the same are as rare as the more frequent of them.
                let bits = if level == 0 { dictionary.rarity(x).min(dictionary.rarity(y)) } else { 0.0 };
                better(&mut best, Outcome { level, bits });
            }
        }
    }
    best
}
