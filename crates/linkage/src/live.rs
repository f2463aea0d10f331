//! One record at a time against all that are known, with the answer that all records at once would give.
//!
//! The model is frozen. A record that comes is entered into the blocks, compared with those it shares one with, and only the component
//! that it touches is split into people anew ([`crate::cluster::split`]). A record that goes is taken out of its blocks, and what it held
//! together is split anew; one that says something else goes and comes. So the people, and what could go either way, are at any time those
//! that [`crate::linkage::link`] finds of the same records with the same model and the decisions that count, in whatever order all of it
//! came. One exception: a block that has once grown too large stays dissolved, although records have left it since.

mod grouping;
mod placing;

use crate::comparison::Comparer;
use crate::decisions::{self, Words};
use crate::explain::{Explanation, explain};
use crate::intake::{TextReader, texts};
use crate::layout::Intake;
use crate::linkage::Decision;
use crate::model::{Model, Rarities, Scale};
use crate::postings::{InMemory, Postings, enter, small_blocks};
use crate::recipe::Recipes;
use crate::review::OpenQuestion;
use crate::score::Scorer;
use crate::settings::Settings;
use crate::table::{Node, Record, Table, customs};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// A person: the first of their records.
pub type Person = Record;

/// What a change of one record, or of what was decided, has changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The record; of a decision, its first.
    pub record: Record,
    /// The person whom it belongs to now; itself, if it is not known any more.
    pub person: Person,
    /// Records that belong to another person than before: the record, the person before, the person now. None that was not known before,
    /// and none that is not known any more.
    pub moved: Vec<(Record, Person, Person)>,
    /// How many records were compared with it.
    pub compared: usize,
    /// All records of people that were looked at anew, in order; the record itself is always among them. What was asked of any two of
    /// these is not asked any more, but for [`Self::doubts`].
    pub touched: Vec<Record>,
    /// What could go either way among those.
    pub doubts: Vec<OpenQuestion>,
}

/// All records that are known, ready for the next change.
pub struct Live<P = InMemory> {
    /// The records.
    pub table: Table,
    settings: Settings,
    comparer: Comparer,
    scale: Scale,
    model: Model,
    rarities: Rarities,
    recipes: Recipes,
    postings: P,
    edges: HashMap<Node, Vec<(Node, f32)>, foldhash::fast::FixedState>,
    /// What was decided of records.
    words: Words,
    /// The same of the nodes that these records are.
    decided: Words,
    /// The records of each node, in order.
    records: Vec<Vec<Record>>,
    /// People of several nodes.
    groups: HashMap<Node, Arc<[Node]>, foldhash::fast::FixedState>,
    /// The person of each record.
    people: Vec<Person>,
    open: BTreeMap<(Record, Record), OpenQuestion>,
}

/// Whose people may be others than before.
#[derive(Default)]
struct Seeds {
    nodes: BTreeSet<Node>,
    /// Records that have come, gone, or changed their node.
    records: BTreeSet<Record>,
}

impl Live<InMemory> {
    /// Nobody is known yet.
    pub fn new(model: Model, settings: &Settings) -> Self {
        let table = Table::empty(model.layout.clone(), customs(settings), Vec::new(), Vec::new());
        Self::with(table, model, settings, InMemory::default())
    }

    /// All records of a table are known, and what was decided of them.
    pub fn of(table: Table, model: Model, settings: &Settings, decisions: &[Decision]) -> Self {
        let mut live = Self::with(table, model, settings, InMemory::default());
        live.table.forget_rarity();
        live.model.rate(&mut live.table, &live.rarities);
        live.recipes.learn(&live.table.dictionaries, crate::threads::count(settings.threads));
        live.words = decisions::words(decisions);
        for record in live.words.all() {
            if live.needs_own_node(record) {
                live.table.set_apart(record);
            }
        }
        live.table.make_ready();
        live.fill();
        live
    }
}

impl<P: Postings> Live<P> {
    fn with(table: Table, model: Model, settings: &Settings, postings: P) -> Self {
        let comparer = Comparer::new(&table.layout);
        let recipes = Recipes::new(&table.layout, &comparer.comparisons, settings);
        Self {
            rarities: Rarities::new(&model),
            scale: Scale::new(&model),
            comparer,
            recipes,
            table,
            settings: settings.clone(),
            model,
            postings,
            edges: HashMap::default(),
            words: Words::default(),
            decided: Words::default(),
            records: Vec::new(),
            groups: HashMap::default(),
            people: Vec::new(),
            open: BTreeMap::new(),
        }
    }

    /// Enters all nodes of the table, and finds people as [`crate::linkage::link`] does.
    fn fill(&mut self) {
        let threads = crate::threads::count(self.settings.threads);
        let (starts, records) = self.table.records_by_node();
        self.records =
            starts.windows(2).map(|range| records[range[0] as usize..range[1] as usize].to_vec()).collect();
        let table = &self.table;
        for node in 0..table.nodes() as u32 {
            enter(&mut self.postings, &self.recipes, node, &|n| table.row(n));
        }
        let blocks = crate::candidates::Blocks::find(table, &self.recipes, threads, &mut Vec::new());
        let scorer = Scorer { table, comparer: &self.comparer, scale: &self.scale };
        let (edges, _) = scorer.edges(&blocks, self.settings.edge_threshold as f32, threads);
        drop(blocks);
        for edge in edges {
            self.join(edge.a, edge.b, edge.score);
        }
        self.decided = self.words.moved(|record| self.table.known(record));
        self.people = (0..self.table.records() as u32).collect();
        let nodes = (0..self.table.nodes() as u32).collect();
        self.regroup(Seeds { nodes, ..Seeds::default() });
    }

    /// Takes in one record: `column` gives the raw text of a column of the intake (see [`crate::layout::Layout::add_file`]).
    pub fn insert<'r>(
        &mut self,
        intake: &Intake,
        record_id: &str,
        source: u16,
        column: impl Fn(usize) -> &'r str,
    ) -> Changes {
        let record = self.table.add_nobody(record_id);
        self.people.push(record);
        self.replace(record, intake, source, column)
    }

    /// A record says this now. All is as if it had said so from the first; it keeps its number. A record that was removed is known again.
    ///
    /// A number that was never given to a record is left alone.
    pub fn replace<'r>(
        &mut self,
        record: Record,
        intake: &Intake,
        source: u16,
        column: impl Fn(usize) -> &'r str,
    ) -> Changes {
        if record as usize >= self.people.len() {
            return Changes { record, person: record, ..Changes::default() };
        }
        let mut row = self.read(intake, column);
        self.model.rate(&mut self.table, &self.rarities);
        self.recipes.learn(&self.table.dictionaries, 1);
        if self.table.says(record, &mut row, source) {
            return Changes {
                record,
                person: self.person(record),
                touched: vec![record],
                ..Changes::default()
            };
        }
        let (was_known, mut seeds) = (self.is_known(record), Seeds::default());
        self.lift(record, &mut seeds);
        let compared = self.place(record, &mut row, source, false, &mut seeds);
        self.set_apart_or_not(record, &mut seeds);
        let mut changes = self.regroup(seeds);
        if !was_known {
            changes.moved.retain(|moved| moved.0 != record);
        }
        Changes { record, person: self.person(record), compared, ..changes }
    }

    /// A record is not known any more: it is of no person and compared with nobody. Its number is not given to another.
    pub fn remove(&mut self, record: Record) -> Changes {
        let mut seeds = Seeds::default();
        seeds.records.insert(record);
        self.lift(record, &mut seeds);
        self.set_apart_or_not(record, &mut seeds);
        let mut changes = self.regroup(seeds);
        changes.moved.retain(|moved| moved.0 != record);
        Changes { record, person: record, ..changes }
    }

    /// Takes in what a human has decided of two records. Of several decisions on the same two, the last counts.
    pub fn decide(&mut self, decision: Decision) -> Changes {
        self.reword(decision, Words::say)
    }

    /// A decision does not count any more; one on the same two before it counts again.
    pub fn undecide(&mut self, decision: Decision) -> Changes {
        self.reword(decision, Words::unsay)
    }

    fn reword(&mut self, decision: Decision, how: impl Fn(&mut Words, u32, u32, bool)) -> Changes {
        let mut seeds = Seeds::default();
        let Decision { a, b, same } = decision;
        seeds.records.insert(a);
        self.constrain(a, false, &mut seeds);
        how(&mut self.words, a, b, same);
        self.constrain(a, true, &mut seeds);
        self.set_apart_or_not(a, &mut seeds);
        self.set_apart_or_not(b, &mut seeds);
        let changes = self.regroup(seeds);
        Changes { record: a, person: self.person(a), ..changes }
    }

    fn read<'r>(&mut self, intake: &Intake, column: impl Fn(usize) -> &'r str) -> Vec<u32> {
        let mut row = vec![0; self.table.layout.width()];
        let Table { layout, dictionaries, customs, .. } = &mut self.table;
        let mut reader = TextReader::new(customs);
        texts(intake, layout, customs, &mut String::new(), column, |slot, text| {
            let domain = layout.slots[slot].domain;
            if let Some(value) = reader.read(layout.domains[domain].kind, text) {
                row[slot] = dictionaries[domain].intern(layout.domains[domain].kind, value);
            }
        });
        row
    }

    /// Whether a record is known: it was inserted, and not removed since.
    pub fn is_known(&self, record: Record) -> bool {
        self.table.known(record).is_some()
    }

    /// The person of a record; itself, if it is not known.
    pub fn person(&self, record: Record) -> Person {
        self.people.get(record as usize).copied().unwrap_or(record)
    }

    /// All records of the person of a record, in order; none, if it is not known.
    pub fn records_of(&self, record: Record) -> Vec<Record> {
        let Some(node) = self.table.known(record) else { return Vec::new() };
        if self.is_of_many(node) {
            return vec![record];
        }
        let mut records: Vec<Record> = match self.groups.get(&node) {
            Some(group) => group.iter().flat_map(|&n| self.records[n as usize].iter().copied()).collect(),
            None => self.records[node as usize].clone(),
        };
        records.sort_unstable();
        records
    }

    /// All that could go either way, by the numbers of records.
    pub fn open_questions(&self) -> impl Iterator<Item = &OpenQuestion> {
        self.open.values()
    }

    /// How two records score: log2 of the odds that they are one person; −∞ if one of them is not known.
    pub fn score(&self, a: Record, b: Record) -> f32 {
        match (self.table.known(a), self.table.known(b)) {
            (Some(a), Some(b)) => self.scorer().score(a, b),
            _ => f32::NEG_INFINITY,
        }
    }

    /// Whether two records share a block, so that they are compared at all. Those that share none may still be of one person, through
    /// others.
    pub fn same_block(&self, a: Record, b: Record) -> bool {
        let (Some(a), Some(b)) = (self.table.known(a), self.table.known(b)) else { return false };
        let blocks = |node| small_blocks(&self.postings, &self.recipes, self.table.row(node));
        a == b || share(&blocks(a), &blocks(b))
    }

    /// Why two records score as they do. It has no lines if one of them is not known.
    pub fn explain(&self, a: Record, b: Record) -> Explanation {
        match (self.table.known(a), self.table.known(b)) {
            (Some(a), Some(b)) => explain(&self.scorer(), a, b),
            _ => Explanation { lines: Vec::new(), score: 0.0, probability: 0.0 },
        }
    }
}

/// Whether two lists, both in order, have a key in common.
fn share(a: &[u64], b: &[u64]) -> bool {
    a.iter().any(|key| b.binary_search(key).is_ok())
}
