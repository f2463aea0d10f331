//! Pairs of people who share something that households share.

use crate::comparison::{Comparison, Subject};
use crate::dictionary::mix;
use crate::fields::{self, FieldKind};
use crate::settings::Settings;
use crate::table::{Node, Record, Table};
use crate::threads;
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
        let mut records_of = vec![0u32; count + 1];
        people.iter().for_each(|&person| records_of[person as usize + 1] += 1);
        for i in 0..count {
            records_of[i + 1] += records_of[i];
        }
        let mut next = records_of.clone();
        let mut records = vec![0; people.len()];
        for (&person, record) in people.iter().zip(0..) {
            let place = &mut next[person as usize];
            records[*place as usize] = record;
            *place += 1;
        }
        let known = |record: Record| table.as_of.get(record as usize).copied().unwrap_or(0);
        let dated = !table.as_of.is_empty();
        let mut all = Self { starts: vec![0], nodes: Vec::with_capacity(people.len()), as_of: Vec::new() };
        for of in records_of.windows(2) {
            let begun = all.nodes.len();
            for &record in &records[of[0] as usize..of[1] as usize] {
                let node = table.node_of(record);
                let at = all.nodes[begun..].iter().rposition(|&one| one == node);
                match at {
                    Some(at) if dated => {
                        let latest = &mut all.as_of[begun + at];
                        *latest = known(record).max(*latest);
                    }
                    Some(_) => {}
                    None => {
                        all.nodes.push(node);
                        if dated {
                            all.as_of.push(known(record));
                        }
                    }
                }
            }
            all.starts.push(all.nodes.len() as u32);
        }
        all
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
    pub(super) fn count(table: &Table, of: &People, threads: usize) -> Self {
        let held = |kind: FieldKind| {
            let slots = &table.layout.slots_of_kind(kind)[..];
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
        let (names, mut places) = threads::both(
            threads,
            || held(FieldKind::Surname),
            || PLACES.into_iter().flat_map(held).collect::<Vec<_>>(),
        );
        places.sort_unstable();
        Self { people: of.count() as u64, names, places }
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
    /// Most of an address: with a slip in the rest, it is the same.
    Near,
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
            // How much of the address is the same says a lot.
            Thing::Near => false,
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
    // The last, so that those before have the numbers that they had in models of before.
    if let Some(address) = layout.addresses().first() {
        let slots = layout.addresses().iter().map(|a| a.street).collect();
        if address.postcode.or(address.city).is_some() {
            let name = "part of the address".to_string();
            found.push(Source { thing: Thing::Near, slots, places: Vec::new(), name });
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

/// Leaves out what the addresses of two people contradict, and a part of one that they share whole; of both by source and bin, in order.
pub(super) fn telling(found: &mut Vec<(u8, u8)>, sources: &[Source], addresses: impl FnOnce() -> Addresses) {
    let thing = |source: u8| sources.get(usize::from(source)).map(|source| source.thing);
    let (mut share_door, mut to_ask) = (false, false);
    for thing in found.iter().filter_map(|&(source, _)| thing(source)) {
        share_door |= thing == Thing::Door;
        to_ask |= thing == Thing::Near || thing.is_name();
    }
    if share_door {
        return found.retain(|&(source, _)| thing(source) != Some(Thing::Near));
    }
    if !to_ask {
        return;
    }
    let addresses = addresses();
    found.retain(|&(source, _)| match thing(source) {
        Some(Thing::Near) => addresses == Addresses::Near,
        Some(thing) if thing.is_name() => addresses != Addresses::Neighbours,
        _ => true,
    });
}

/// What the addresses of two people say who do not share one to the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    /// They name one home, but for a slip or a gap.
    Near,
    /// They name two houses of one street, or two flats of one house. One name is no sign of one home there.
    Neighbours,
    /// They say nothing of the kind.
    Apart,
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
    let by_source = threads::pieces(sources.len(), 1, threads::count(settings.threads), |range| {
        // From the last on, which takes longest.
        let number = sources.len() - 1 - range.start;
        let source = &sources[number];
        let (mut found, warning) = match source.thing.is_name() {
            true => (names_in_places(table, of, source, number as u8, frequencies, settings), None),
            false => things(table, of, source, number as u8, settings),
        };
        found.sort_unstable();
        found.dedup_by_key(|p| (p.a, p.b));
        (found, warning)
    });
    let mut found = Vec::with_capacity(by_source.iter().map(|(found, _)| found.len()).sum());
    for (of_source, warning) in by_source.into_iter().rev() {
        found.extend(of_source);
        warnings.extend(warning);
    }
    // Each source is in order already, of which this sort makes use.
    found.sort();
    found
}

/// People who share a thing that is no name.
fn things(
    table: &Table,
    of: &People,
    source: &Source,
    number: u8,
    settings: &Settings,
) -> (Vec<Shared>, Option<Warning>) {
    let surnames = table.layout.slots_of_kind(FieldKind::Surname);
    let (mut keys, mut names, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let mut holders: Vec<Holder> = Vec::with_capacity(of.count());
    for person in 0..of.count() as u32 {
        keys_of_things(table, of.nodes(person), source, &mut keys);
        holders.extend(keys.iter().map(|&key| (key, person)));
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
            of.values(table, person, &surnames, &mut names);
            named.extend(names.iter().map(|&name| (u64::from(name), person)));
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
    // That many share a part of their addresses is to be expected.
    if largest <= MANY || source.thing == Thing::Near {
        return (found, None);
    }
    let mut message =
        format!("up to {largest} people share one; only those of one surname there may be a household");
    if left > 0 {
        message +=
            &format!(", and {left} of them were not even compared, because too many have that surname");
    }
    (found, Some(Warning::new(&source.name, message)))
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
) -> Vec<Shared> {
    let mut holders: Vec<(Holder, u8)> = Vec::new();
    let (mut keys, mut found) = (Vec::new(), Vec::new());
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
            all_pairs(&block, number, same[0].1, &mut found);
        }
    }
    found
}

/// Keys of the things that some nodes hold, in order: of all but names.
pub(super) fn keys_of_things(table: &Table, nodes: &[Node], source: &Source, out: &mut Vec<u64>) {
    out.clear();
    // Most people say the same over and over, and little else.
    let mut put = |key: u64| {
        if !out.contains(&key) {
            out.push(key);
        }
    };
    for &node in nodes {
        let row = table.row(node);
        match source.thing {
            Thing::Near => keys_of_addresses(table, row, &mut put),
            _ => {
                source.slots.iter().filter(|&&slot| row[slot] > 0).for_each(|&slot| put(u64::from(row[slot])))
            }
        }
    }
    out.sort_unstable();
}

/// Keys of two parts of each address: with a slip, or a gap, in the others these are the same. A number in a city is left out, which many
/// have who have nothing else in common.
fn keys_of_addresses(table: &Table, row: &[u32], put: &mut impl FnMut(u64)) {
    for address in table.addresses().iter().filter(|address| row[address.street] > 0) {
        let (street, number) = fields::house(table.dictionary(address.street).value(row[address.street]));
        let place = |slot: Option<usize>| {
            slot.filter(|&slot| row[slot] > 0).map(|slot| table.dictionary(slot).hash(row[slot]))
        };
        let (number, postcode, city) = (number.map(u64::from), place(address.postcode), place(address.city));
        let parts = [(street, number), (street, postcode), (street, city), (number, postcode)];
        for ((one, other), way) in parts.into_iter().zip(1u64..) {
            if let (Some(one), Some(other)) = (one, other) {
                put(mix(mix(way, one), other));
            }
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
