//! Records as numbers: each value is an id in a dictionary, a record is a short row of ids, and records with the same values are one node.

mod builder;
mod revise;

pub use builder::{Batch, Cutter, TableBuilder, Taker};

use crate::dictionary::{Dictionary, mix};
use crate::fields::Customs;
use crate::layout::{Address, Layout};
use crate::settings::Settings;
use hashbrown::HashTable;
use std::collections::BTreeMap;

/// Many short texts in one string.
#[derive(Default)]
pub struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// The text at a place.
    pub fn get(&self, i: usize) -> &str {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.text[start..self.ends[i]]
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// The customs that the settings ask for.
pub fn customs(settings: &Settings) -> Customs {
    settings.country.as_deref().map_or_else(Customs::default, Customs::for_country)
}

/// A record's number: the order in which they came.
pub type Record = u32;
/// The number of a distinct row of values.
pub type Node = u32;

/// All records, dictionary-encoded.
pub struct Table {
    /// What the slots are.
    pub layout: Layout,
    /// The values of each domain.
    pub dictionaries: Vec<Dictionary>,
    /// Addresses as a whole: street and number and place.
    pub doors: Dictionary,
    /// How values are read.
    pub customs: Customs,
    /// Record ids as they came.
    pub ids: Texts,
    /// By record: when it was true, in minutes since 1970; 0 if it is not known, as of those beyond the end. Empty if no column says it.
    pub as_of: Vec<u32>,
    /// The names of sources.
    pub source_names: Vec<String>,
    unique: Vec<bool>,
    pub(crate) width: usize,
    addresses: Vec<Address>,
    pub(crate) rows: Vec<u32>,
    pub(crate) contents: Vec<u64>,
    pub(crate) held: Vec<u32>,
    pub(crate) node_sources: Vec<u16>,
    pub(crate) node_of: Vec<Node>,
    pub(crate) index: HashTable<u32>,
    /// Nodes were numbered anew; the index is made again when it is needed.
    pub(crate) index_is_old: bool,
    /// Nodes that nobody holds any more.
    free: Vec<Node>,
    /// By content: nodes of one record each, because something was decided of it (see [`Table::is_apart`]).
    apart: BTreeMap<u64, Vec<Node>>,
}

/// No source that matters: only sources without duplicates are told apart.
pub(crate) const ANY_SOURCE: u16 = u16::MAX;

impl Table {
    /// A table without records.
    pub fn empty(layout: Layout, customs: Customs, source_names: Vec<String>, unique: Vec<bool>) -> Self {
        Self {
            dictionaries: layout.domains.iter().map(|_| Dictionary::default()).collect(),
            doors: Dictionary::default(),
            customs,
            ids: Texts::default(),
            as_of: Vec::new(),
            source_names,
            unique,
            width: layout.width(),
            addresses: layout.addresses(),
            layout,
            rows: Vec::new(),
            contents: Vec::new(),
            held: Vec::new(),
            node_sources: Vec::new(),
            node_of: Vec::new(),
            index: HashTable::new(),
            index_is_old: false,
            free: Vec::new(),
            apart: BTreeMap::new(),
        }
    }

    /// The number of a source.
    pub fn source(&mut self, name: &str, settings: &Settings) -> u16 {
        if let Some(found) = self.source_names.iter().position(|n| n == name) {
            return found as u16;
        }
        if self.source_names.len() >= usize::from(ANY_SOURCE) {
            return ANY_SOURCE;
        }
        self.source_names.push(name.to_string());
        self.unique.push(settings.unique_sources.iter().any(|s| s == name));
        (self.source_names.len() - 1) as u16
    }

    /// How many records there are.
    pub fn records(&self) -> usize {
        self.node_of.len()
    }

    /// How many distinct nodes there are.
    pub fn nodes(&self) -> usize {
        self.held.len()
    }

    /// The ids of a node's values.
    pub fn row(&self, node: Node) -> &[u32] {
        let start = node as usize * self.width;
        &self.rows[start..start + self.width]
    }

    /// The node of a record.
    pub fn node_of(&self, record: Record) -> Node {
        self.node_of[record as usize]
    }

    /// How many records are this node.
    pub fn held(&self, node: Node) -> u32 {
        self.held[node as usize]
    }

    /// A hash of all that a node says; equal wherever and whenever the same is said.
    pub fn content(&self, node: Node) -> u64 {
        self.contents[node as usize]
    }

    /// The source without duplicates that a node is from, if it is from one.
    pub fn unique_source(&self, node: Node) -> Option<u16> {
        Some(self.node_sources[node as usize]).filter(|&s| s != ANY_SOURCE)
    }

    /// The records of each node: `(starts, records)`, node `n` has `records[starts[n]..starts[n + 1]]`.
    pub fn records_by_node(&self) -> (Vec<u32>, Vec<Record>) {
        let mut starts = vec![0u32; self.nodes() + 1];
        let known = || self.node_of.iter().enumerate().filter(|(_, node)| **node != revise::NOBODY);
        for (_, &node) in known() {
            starts[node as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        let mut records = vec![0; known().count()];
        for (record, &node) in known() {
            records[next[node as usize] as usize] = record as u32;
            next[node as usize] += 1;
        }
        (starts, records)
    }

    /// Where the parts of each address are in a row.
    pub(crate) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The dictionary of a slot.
    pub fn dictionary(&self, slot: usize) -> &Dictionary {
        &self.dictionaries[self.layout.slots[slot].domain]
    }

    /// Fills in the doors of a row.
    fn set_doors(&mut self, row: &mut [u32]) {
        for i in 0..self.addresses.len() {
            let address = self.addresses[i];
            let hash = self.door_hash(row, &address);
            row[address.door] = hash.map_or(0, |hash| self.doors.intern_hash(hash));
        }
    }

    /// The door of an address: street and number with the postcode, or with the city where there is no postcode.
    fn door_hash(&self, row: &[u32], address: &Address) -> Option<u64> {
        let &Address { street, postcode, city, .. } = address;
        if row[street] == 0 {
            return None;
        }
        let place = [postcode, city].into_iter().flatten().find(|&slot| row[slot] > 0);
        let place = place.map_or(1, |slot| self.dictionary(slot).hash(row[slot]));
        Some(mix(self.dictionary(street).hash(row[street]), place))
    }

    /// Forgets how rare values are, so that another model can say it.
    pub fn forget_rarity(&mut self) {
        for dictionary in self.dictionaries.iter_mut().chain([&mut self.doors]) {
            dictionary.rarity.clear();
        }
    }
}
