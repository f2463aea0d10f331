//! Records as numbers: each value is an id in a dictionary, a record is a short row of ids, and records with the same values are one node.

mod revise;

use crate::dictionary::{Dictionary, RawTexts, mix};
use crate::fields::{Customs, FieldKind, Value};
use crate::intake;
use crate::layout::{Address, Intake, Layout};
use crate::model::Model;
use crate::settings::Settings;
use crate::threads;
use crate::warnings::Warning;
use hashbrown::HashTable;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

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

/// Takes in records, one by one, and makes a [`Table`] of them.
pub struct TableBuilder {
    layout: Layout,
    settings: Settings,
    raws: Vec<RawTexts>,
    /// Raw ids plus one, row by row with the slots that were known when the row came.
    rows: Vec<(usize, Vec<u32>)>,
    ids: Texts,
    sources: Vec<u16>,
    source_names: Vec<String>,
    customs: Customs,
    joined: String,
}

impl TableBuilder {
    /// An empty builder.
    pub fn new(settings: &Settings) -> Self {
        Self {
            layout: Layout::default(),
            settings: settings.clone(),
            raws: Vec::new(),
            rows: Vec::new(),
            ids: Texts::default(),
            sources: Vec::new(),
            source_names: Vec::new(),
            customs: customs(settings),
            joined: String::new(),
        }
    }

    /// An empty builder of a table that a model can score.
    pub fn for_model(model: &Model, settings: &Settings) -> Self {
        let mut builder = Self::new(settings);
        builder.layout = Layout { closed: true, ..model.layout.clone() };
        builder
    }

    /// Begins a file: finds out what its columns are about. `samples` are the first values of each column.
    pub fn begin(
        &mut self,
        headers: &[String],
        samples: &[Vec<String>],
        warnings: &mut Vec<Warning>,
    ) -> Intake {
        let intake = self.layout.add_file(headers, samples, &self.settings, warnings);
        self.raws.resize_with(self.layout.domains.len(), RawTexts::default);
        self.rows.push((self.layout.slots.len(), Vec::new()));
        intake
    }

    /// The number of a source.
    pub fn source(&mut self, name: &str) -> u16 {
        if let Some(found) = self.source_names.iter().position(|n| n == name) {
            return found as u16;
        }
        if self.source_names.len() >= usize::from(u16::MAX) {
            return u16::MAX;
        }
        self.source_names.push(name.to_string());
        (self.source_names.len() - 1) as u16
    }

    /// Takes in one record of the file that was begun last. `column` gives the raw text of a column.
    pub fn push<'r>(
        &mut self,
        intake: &Intake,
        record_id: &str,
        source: u16,
        column: impl Fn(usize) -> &'r str,
    ) {
        self.ids.push(record_id);
        self.sources.push(source);
        let Some((width, rows)) = self.rows.last_mut() else { return };
        let start = rows.len();
        rows.resize(start + *width, 0);
        let (layout, raws) = (&self.layout, &mut self.raws);
        intake::texts(intake, layout, &self.customs, &mut self.joined, column, |slot, raw| {
            if !raw.is_empty() {
                rows[start + slot] = raws[layout.slots[slot].domain].intern(raw) + 1;
            }
        });
    }

    /// How many records were taken in.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Reads the distinct values and makes equal records one node.
    pub fn finish(self) -> Table {
        let threads = threads::count(self.settings.threads);
        let customs = self.customs;
        let unique: Vec<bool> =
            self.source_names.iter().map(|name| self.settings.unique_sources.contains(name)).collect();
        let mut table = Table::empty(self.layout, customs, self.source_names, unique);
        let maps = take_in(&mut table, self.raws, threads);
        let slots = table.layout.slots.len();
        let mut row = vec![0; table.width];
        table.ids = self.ids;
        table.make_room(table.ids.len());
        let mut record = 0;
        for (width, rows) in self.rows {
            for raw in rows.chunks_exact(width.max(1)).take(if width == 0 { 0 } else { usize::MAX }) {
                row.fill(0);
                for slot in 0..width.min(slots) {
                    if raw[slot] > 0 {
                        row[slot] = maps[table.layout.slots[slot].domain][raw[slot] as usize - 1];
                    }
                }
                table.add_row(&mut row, self.sources[record]);
                record += 1;
            }
        }
        row.fill(0);
        while record < table.ids.len() {
            // A file without a single known column: its records are there, and match nobody.
            table.add_row(&mut row, self.sources[record]);
            record += 1;
        }
        table.arrange(threads);
        table.recount(threads);
        table
    }
}

/// How many texts are read at once.
const TEXTS: usize = 4_096;

/// Reads the texts of all domains into a table's dictionaries; the answer has, by domain, each text's value. Texts are read in pieces, on
/// all threads; values are then numbered domain by domain, in the order of their texts.
fn take_in(table: &mut Table, raws: Vec<RawTexts>, threads: usize) -> Vec<Vec<u32>> {
    let kinds: Vec<FieldKind> = table.layout.domains.iter().map(|d| d.kind).collect();
    let pieces: Vec<(usize, Range<usize>)> = raws
        .iter()
        .enumerate()
        .flat_map(|(domain, raws)| {
            let starts = (0..raws.len()).step_by(TEXTS);
            starts.map(move |start| (domain, start..(start + TEXTS).min(raws.len())))
        })
        .collect();
    let customs = &table.customs;
    let read = threads::pieces(pieces.len(), 1, threads, |range| {
        let (domain, texts) = pieces[range.start].clone();
        raws[domain].read(texts, kinds[domain], customs)
    });
    drop(raws);
    let mut values: Vec<Vec<Vec<Option<Value>>>> = kinds.iter().map(|_| Vec::new()).collect();
    for ((domain, _), read) in pieces.into_iter().zip(read) {
        values[domain].push(read);
    }
    let values: Vec<Mutex<_>> = values.into_iter().map(Mutex::new).collect();
    let taken = threads::pieces(values.len(), 1, threads, |range| {
        let domain = range.start;
        let values = values[domain].lock().map(|mut values| std::mem::take(&mut *values)).unwrap_or_default();
        let mut dictionary = Dictionary::default();
        let map = dictionary.take_in(kinds[domain], values.into_iter().flatten());
        (dictionary, map)
    });
    let (dictionaries, maps) = taken.into_iter().unzip();
    table.dictionaries = dictionaries;
    maps
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

    /// The dictionary of a slot.
    pub fn dictionary(&self, slot: usize) -> &Dictionary {
        &self.dictionaries[self.layout.slots[slot].domain]
    }

    /// Adds a row with its doors and gives its node. Records of the same content are the same node, but for sources without duplicates.
    pub fn add_row(&mut self, row: &mut [u32], source: u16) -> Node {
        let node = self.hold(row, source, false);
        self.node_of.push(node);
        node
    }

    /// The door of each address: street and number with the postcode, or with the city where there is no postcode.
    fn set_doors(&mut self, row: &mut [u32]) {
        for i in 0..self.addresses.len() {
            let Address { street, postcode, city, door } = self.addresses[i];
            row[door] = 0;
            if row[street] == 0 {
                continue;
            }
            let place = [postcode, city].into_iter().flatten().find(|&slot| row[slot] > 0);
            let place = place.map_or(1, |slot| self.dictionary(slot).hash(row[slot]));
            let hash = mix(self.dictionary(street).hash(row[street]), place);
            row[door] = self.doors.intern_hash(hash);
        }
    }

    /// Forgets how rare values are, so that another model can say it.
    pub fn forget_rarity(&mut self) {
        for dictionary in self.dictionaries.iter_mut().chain([&mut self.doors]) {
            dictionary.rarity.clear();
        }
    }

    /// Counts how many nodes hold each value.
    pub fn recount(&mut self, thread_count: usize) {
        let slots = self.layout.slots.len();
        let doors = self.dictionaries.len();
        let counts = threads::pieces(doors + 1, 1, thread_count, |range| {
            let domain = range.start;
            let own: Vec<usize> = match domain < doors {
                true => self.layout.slots_of(domain),
                false => (slots..self.width).collect(),
            };
            // The first is of what is missing.
            let mut counts = vec![0u32; self.dictionaries.get(domain).unwrap_or(&self.doors).len() + 1];
            for row in self.rows.chunks_exact(self.width.max(1)) {
                own.iter().for_each(|&slot| counts[row[slot] as usize] += 1);
            }
            counts.split_off(1)
        });
        for (dictionary, counts) in self.dictionaries.iter_mut().chain([&mut self.doors]).zip(counts) {
            dictionary.counts = counts;
        }
    }
}
