//! Pairs of people who share something that households share.

use crate::comparison::{Comparison, Subject};
use crate::dictionary::mix;
use crate::fields::FieldKind;
use crate::settings::Settings;
use crate::table::{Node, Record, Table};
use crate::warnings::Warning;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A number for each person, from 0.
pub(super) type Person = u32;

/// What is said of a person: their nodes in the order of their first records.
#[derive(Clone, Copy, Default)]
pub(super) struct Said<'p> {
    pub(super) nodes: &'p [Node],
    /// By node: when it was true at last, 0 if that is not known. Empty where no column says it.
    pub(super) as_of: &'p [u32],
}

/// What is said of each person.
pub(super) struct People {
    starts: Vec<u32>,
    nodes: Vec<Node>,
    as_of: Vec<u32>,
}

impl People {
    pub(super) fn of(table: &Table, people: &[Person], count: usize) -> Self {
        let mut pairs: Vec<(Person, Node, Record)> =
            people.iter().zip(0..).map(|(&person, record)| (person, table.node_of(record), record)).collect();
        pairs.sort_unstable();
        let known = |record: Record| table.as_of.get(record as usize).copied().unwrap_or(0);
        let mut latest: Vec<u32> = Vec::new();
        if !table.as_of.is_empty() {
            latest.resize(people.len(), 0);
            for same in pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
                latest[same[0].2 as usize] =
                    same.iter().map(|&(.., record)| known(record)).max().unwrap_or(0);
            }
        }
        pairs.dedup_by_key(|&mut (person, node, _)| (person, node));
        pairs.sort_unstable_by_key(|&(person, _, record)| (person, record));
        if !latest.is_empty() {
            latest = pairs.iter().map(|&(.., record)| latest[record as usize]).collect();
        }
        let mut starts = vec![0u32; count + 1];
        for (person, ..) in &pairs {
            starts[*person as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        Self { starts, nodes: pairs.into_iter().map(|(_, node, _)| node).collect(), as_of: latest }
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn range(&self, person: Person) -> Range<usize> {
        self.starts[person as usize] as usize..self.starts[person as usize + 1] as usize
    }

    pub(super) fn nodes(&self, person: Person) -> &[Node] {
        &self.nodes[self.range(person)]
    }

    pub(super) fn said(&self, person: Person) -> Said<'_> {
        let as_of = self.as_of.get(self.range(person)).unwrap_or_default();
        Said { nodes: self.nodes(person), as_of }
    }

    /// The distinct values of a person in some slots.
    fn values(&self, table: &Table, person: Person, slots: &[usize], out: &mut Vec<u32>) {
        values(table, self.nodes(person), slots, out);
    }
}

/// The distinct values of some nodes in some slots, in order.
pub(super) fn values(table: &Table, nodes: &[Node], slots: &[usize], out: &mut Vec<u32>) {
    out.clear();
    for &node in nodes {
        let row = table.row(node);
        for &slot in slots {
            // Most people say the same over and over, and little else.
            if row[slot] > 0 && !out.contains(&row[slot]) {
                out.push(row[slot]);
            }
        }
    }
    out.sort_unstable();
}

/// How many people have a surname, and how many are of a place: what chance brings together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Frequencies {
    people: u64,
    /// By the hash of the name, in order; those that only one has are left out.
    names: Vec<(u64, u32)>,
    places: Vec<(u64, u32)>,
}

impl Frequencies {
    /// Of the people of a table.
    pub(super) fn count(table: &Table, of: &People) -> Self {
        let held = |slots: &[usize]| {
            let most = slots.first().map_or(0, |&slot| table.dictionary(slot).len());
            let (mut counts, mut values) = (vec![0u32; most + 1], Vec::new());
            for person in 0..of.count() as u32 {
                of.values(table, person, slots, &mut values);
                values.iter().for_each(|&value| counts[value as usize] += 1);
            }
            let hash = |value: u32| slots.first().map_or(0, |&slot| table.dictionary(slot).hash(value));
            let several = counts.into_iter().zip(0..).filter(|&(count, value)| count > 1 && value > 0);
            let mut hashed: Vec<(u64, u32)> = several.map(|(count, value)| (hash(value), count)).collect();
            hashed.sort_unstable();
            hashed
        };
        let mut places: Vec<(u64, u32)> =
            PLACES.into_iter().flat_map(|kind| held(&table.layout.slots_of_kind(kind))).collect();
        places.sort_unstable();
        Self {
            people: of.count() as u64,
            names: held(&table.layout.slots_of_kind(FieldKind::Surname)),
            places,
        }
    }

    /// How common it is that others of a surname are of a place, by the values' hashes.
    pub(super) fn bin(&self, name: u64, place: u64) -> u8 {
        let others = |counts: &[(u64, u32)], hash: u64| {
            let found = counts.binary_search_by_key(&hash, |&(hash, _)| hash);
            found.map_or(0.0, |at| f64::from(counts[at].1 - 1))
        };
        chance_bin(others(&self.names, name) * others(&self.places, place) / self.people.max(1) as f64)
    }
}

/// What people may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// An address.
    Door,
    /// A number, a mailbox, a card or an account: values of a domain.
    Domain(usize),
    /// A surname in a place, which is a postcode or a city.
    Name(FieldKind),
}

impl Thing {
    pub(super) fn is_name(self) -> bool {
        matches!(self, Self::Name(_))
    }
}

/// What pairs of people were found by.
pub(super) struct Source {
    pub(super) thing: Thing,
    /// The slots that hold it; of a name those of the surname.
    pub(super) slots: Vec<usize>,
    /// Of a name those of the place.
    pub(super) places: Vec<usize>,
    /// How people are told of it.
    pub(super) name: String,
}

impl Source {
    /// Whether a comparison says only what the source has said already.
    pub(super) fn covers(&self, comparison: &Comparison) -> bool {
        match self.thing {
            Thing::Door => comparison.subject == Subject::Address,
            Thing::Domain(domain) => {
                matches!(comparison.subject, Subject::Plain(_)) && comparison.domain == domain
            }
            Thing::Name(_) => comparison.subject == Subject::Plain(FieldKind::Surname),
        }
    }
}

/// All that people of this table may share.
pub(super) fn sources(table: &Table) -> Vec<Source> {
    let layout = &table.layout;
    let mut found = Vec::new();
    let doors: Vec<usize> = layout.addresses().iter().map(|a| a.door).collect();
    if !doors.is_empty() {
        found.push(Source {
            thing: Thing::Door,
            slots: doors,
            places: Vec::new(),
            name: "address".to_string(),
        });
    }
    for (domain, of) in layout.domains.iter().enumerate() {
        if matches!(of.kind, FieldKind::Phone | FieldKind::Email | FieldKind::Identifier) {
            let slots = layout.slots_of(domain);
            found.push(Source {
                thing: Thing::Domain(domain),
                slots,
                places: Vec::new(),
                name: of.name.clone(),
            });
        }
    }
    let slots = layout.slots_of_kind(FieldKind::Surname);
    // By both, because one slip in the postcode is another postcode and another address.
    for kind in PLACES {
        let places = layout.slots_of_kind(kind);
        if !slots.is_empty() && !places.is_empty() {
            let name = "surname and place".to_string();
            found.push(Source { thing: Thing::Name(kind), slots: slots.clone(), places, name });
        }
    }
    found
}

/// What says roughly where somebody lives.
const PLACES: [FieldKind; 2] = [FieldKind::Postcode, FieldKind::City];

/// How many kinds of a shared thing are told apart, by how many hold it.
pub(super) const BINS: usize = 8;

/// By how many people hold it.
pub(super) fn size_bin(people: usize) -> u8 {
    match people {
        0..=2 => 0,
        3 => 1,
        4 => 2,
        5..=6 => 3,
        7..=8 => 4,
        9..=16 => 5,
        17..=32 => 6,
        _ => 7,
    }
}

/// By how many others of a surname chance would bring to a place.
fn chance_bin(expected: f64) -> u8 {
    const LIMITS: [f64; BINS - 1] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
    LIMITS.iter().filter(|&&limit| expected > limit).count() as u8
}

/// Two people, the lower number first, who share something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shared {
    pub(super) a: Person,
    pub(super) b: Person,
    /// The number of the source.
    pub(super) source: u8,
    /// How common the thing is.
    pub(super) bin: u8,
}

/// Who shares a thing: its key, then the person.
type Holder = (u64, Person);

/// Pairs of people who share something, each source once with the rarest thing; in order.
pub(super) fn pairs(
    table: &Table,
    of: &People,
    sources: &[Source],
    frequencies: &Frequencies,
    settings: &Settings,
    warnings: &mut Vec<Warning>,
) -> Vec<Shared> {
    let surnames = table.layout.slots_of_kind(FieldKind::Surname);
    let mut found = Vec::new();
    let (mut values, mut others) = (Vec::new(), Vec::new());
    for (number, source) in sources.iter().enumerate() {
        let number = number as u8;
        let mut holders: Vec<Holder> = Vec::new();
        if source.thing.is_name() {
            names_in_places(table, of, source, number, frequencies, settings, &mut found);
            continue;
        }
        for person in 0..of.count() as u32 {
            of.values(table, person, &source.slots, &mut values);
            holders.extend(values.iter().map(|&value| (u64::from(value), person)));
        }
        holders.sort_unstable();
        let (mut largest, mut left) = (0, 0);
        for block in holders.chunk_by(|a, b| a.0 == b.0) {
            let bin = size_bin(block.len());
            if block.len() <= settings.household_cap {
                all_pairs(block, number, bin, &mut found);
                continue;
            }
            // Many people: those with one surname.
            let mut named: Vec<Holder> = Vec::new();
            for &(_, person) in block {
                of.values(table, person, &surnames, &mut others);
                named.extend(others.iter().map(|&name| (u64::from(name), person)));
            }
            named.sort_unstable();
            for block in named.chunk_by(|a, b| a.0 == b.0) {
                match block.len() <= settings.household_cap * 4 {
                    true => all_pairs(block, number, bin, &mut found),
                    false => left += block.len(),
                }
            }
            largest = largest.max(block.len());
        }
        if largest > MANY {
            let mut message = format!(
                "up to {largest} people share one; only those of one surname there may be a household"
            );
            if left > 0 {
                message += &format!(
                    ", and {left} of them were not even compared, because too many have that surname"
                );
            }
            warnings.push(Warning::new(&source.name, message));
        }
    }
    found.sort_unstable();
    found.dedup_by_key(|p| (p.a, p.b, p.source));
    found
}

/// From so many people on, a thing that they share is worth a warning.
const MANY: usize = 200;

/// People of one surname in one place.
fn names_in_places(
    table: &Table,
    of: &People,
    source: &Source,
    number: u8,
    frequencies: &Frequencies,
    settings: &Settings,
    found: &mut Vec<Shared>,
) {
    let mut holders: Vec<(Holder, u8)> = Vec::new();
    let mut keys = Vec::new();
    for person in 0..of.count() as u32 {
        keys_of_names(table, of.nodes(person), &source.slots, &source.places, frequencies, &mut keys);
        holders.extend(keys.iter().map(|&(key, bin)| ((key, person), bin)));
    }
    holders.sort_unstable();
    let mut block = Vec::new();
    for same in holders.chunk_by(|a, b| a.0.0 == b.0.0) {
        if (2..=settings.household_cap * 4).contains(&same.len()) {
            block.clear();
            block.extend(same.iter().map(|(holder, _)| *holder));
            all_pairs(&block, number, same[0].1, found);
        }
    }
}

/// Keys of each surname in each place that some nodes say, and how common that is.
pub(super) fn keys_of_names(
    table: &Table,
    nodes: &[Node],
    names: &[usize],
    places: &[usize],
    frequencies: &Frequencies,
    out: &mut Vec<(u64, u8)>,
) {
    let (mut surnames, mut towns) = (Vec::new(), Vec::new());
    values(table, nodes, names, &mut surnames);
    values(table, nodes, places, &mut towns);
    out.clear();
    for &name in &surnames {
        for &place in &towns {
            let hashes = (table.dictionary(names[0]).hash(name), table.dictionary(places[0]).hash(place));
            out.push((mix(u64::from(name), u64::from(place)), frequencies.bin(hashes.0, hashes.1)));
        }
    }
}

fn all_pairs(block: &[Holder], source: u8, bin: u8, found: &mut Vec<Shared>) {
    for (i, &(_, a)) in block.iter().enumerate() {
        for &(_, b) in &block[i + 1..] {
            if a != b {
                found.push(Shared { a: a.min(b), b: a.max(b), source, bin });
            }
        }
    }
}
