//! One new record against all that are known, with the answer that all records at once would give.
//!
//! The model is frozen. A new record is entered into the blocks, compared with those it shares one with, and only the component that it
//! touches is split into people anew ([`crate::cluster::split`]); so the people are at any time those that [`crate::linkage::link`]
//! finds with the same model, in whatever order the records came.

use crate::cluster::{self, Constraints};
use crate::comparison::Comparer;
use crate::explain::{Explanation, explain};
use crate::intake::{TextReader, texts};
use crate::layout::Intake;
use crate::linkage::{Decision, is_weak};
use crate::model::{Model, Rarities, Scale};
use crate::postings::{InMemory, Postings, enter, small_blocks};
use crate::recipe::Recipes;
use crate::score::{Edge, Scorer};
use crate::settings::Settings;
use crate::table::{Node, Record, Table, customs};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A person: the first of their records.
pub type Person = Record;

/// What a new record has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The new record.
    pub record: Record,
    /// The person whom it belongs to.
    pub person: Person,
    /// Other records that belong to another person than before: the record, the person before, the person now.
    pub moved: Vec<(Record, Person, Person)>,
    /// How many records were compared with it.
    pub compared: usize,
}

/// All records that are known, ready for the next one.
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
    constraints: Constraints,
    records: Vec<Vec<Record>>,
    groups: HashMap<Node, std::sync::Arc<[Node]>, foldhash::fast::FixedState>,
}

impl Live<InMemory> {
    /// Nobody is known yet.
    pub fn new(model: Model, settings: &Settings) -> Self {
        let table = Table::empty(model.layout.clone(), customs(settings), Vec::new(), Vec::new());
        Self::with(table, model, settings, InMemory::default())
    }

    /// All records of a table are known.
    pub fn of(table: Table, model: Model, settings: &Settings) -> Self {
        let mut live = Self::with(table, model, settings, InMemory::default());
        live.table.forget_rarity();
        live.model.rate(&mut live.table, &live.rarities);
        live.recipes.learn(&live.table.dictionaries, crate::threads::count(settings.threads));
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
            constraints: Constraints::default(),
            records: Vec::new(),
            groups: HashMap::default(),
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
        let seeds: BTreeSet<Node> = self.edges.keys().copied().collect();
        self.regroup(seeds);
    }

    fn scorer(&self) -> Scorer<'_> {
        Scorer { table: &self.table, comparer: &self.comparer, scale: &self.scale }
    }

    fn join(&mut self, a: Node, b: Node, score: f32) {
        self.edges.entry(a).or_default().push((b, score));
        self.edges.entry(b).or_default().push((a, score));
    }

    fn part(&mut self, a: Node, b: Node) {
        for (x, y) in [(a, b), (b, a)] {
            if let Some(list) = self.edges.get_mut(&x) {
                list.retain(|(other, _)| *other != y);
            }
        }
    }

    /// Takes in one record: `column` gives the raw text of a column of the intake (see [`crate::layout::Layout::add_file`]).
    pub fn insert<'r>(
        &mut self,
        intake: &Intake,
        record_id: &str,
        source: u16,
        column: impl Fn(usize) -> &'r str,
    ) -> Changes {
        let mut row = self.read(intake, column);
        self.model.rate(&mut self.table, &self.rarities);
        self.recipes.learn(&self.table.dictionaries, 1);
        let before = self.table.nodes();
        let record = self.table.records() as u32;
        self.table.ids.push(record_id);
        let node = self.table.add_row(&mut row, source);
        self.model.rate(&mut self.table, &self.rarities);
        let mut seeds = BTreeSet::from([node]);
        let mut changes = Changes { record, ..Changes::default() };
        if (node as usize) < before {
            self.records[node as usize].push(record);
            // What is said twice may be too little to be one person.
            if self.table.held(node) == 2 && self.is_weak(node) {
                seeds.extend(self.edges.get(&node).into_iter().flatten().map(|(other, _)| *other));
            }
        } else {
            self.records.push(vec![record]);
            changes.compared = self.enter(node, &mut seeds);
        }
        let old: BTreeMap<Record, Person> = self.people_of(&seeds);
        let touched = self.regroup(seeds);
        let now = self.people_of(&touched);
        changes.person = self.person(record);
        changes.moved = now
            .iter()
            .filter(|(r, _)| **r != record)
            .filter_map(|(&r, &person)| {
                let before = old.get(&r).copied().unwrap_or(person);
                (before != person).then_some((r, before, person))
            })
            .collect();
        changes
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

    /// Enters a new node into the blocks and finds its edges; `seeds` gets whose people may change.
    fn enter(&mut self, node: Node, seeds: &mut BTreeSet<Node>) -> usize {
        let table = &self.table;
        let mut entered = enter(&mut self.postings, &self.recipes, node, &|n| table.row(n));
        entered.near.sort_unstable();
        entered.near.dedup();
        let threshold = self.settings.edge_threshold as f32;
        let scorer = self.scorer();
        let edges: Vec<Edge> = entered
            .near
            .iter()
            .map(|&b| Edge { a: node, b, score: scorer.score(node, b) })
            .filter(|edge| edge.score >= threshold)
            .collect();
        for edge in edges {
            self.join(edge.a, edge.b, edge.score);
        }
        for members in entered.dissolved {
            self.recheck(&members, seeds);
        }
        entered.near.len()
    }

    /// A block was dissolved: edges between its nodes stay only if they share another.
    fn recheck(&mut self, members: &[Node], seeds: &mut BTreeSet<Node>) {
        let mut inside: Vec<(Node, Node)> = Vec::new();
        for &a in members {
            for &(b, _) in self.edges.get(&a).into_iter().flatten() {
                if a < b && members.contains(&b) {
                    inside.push((a, b));
                }
            }
        }
        let mut blocks: HashMap<Node, Vec<u64>> = HashMap::new();
        for (a, b) in inside {
            for node in [a, b] {
                blocks
                    .entry(node)
                    .or_insert_with(|| small_blocks(&self.postings, &self.recipes, self.table.row(node)));
            }
            if !blocks[&a].iter().any(|key| blocks[&b].binary_search(key).is_ok()) {
                self.part(a, b);
                seeds.extend([a, b]);
            }
        }
    }

    /// Whether a node's records are too many for what they say to be one person.
    fn is_weak(&self, node: Node) -> bool {
        is_weak(&self.scorer(), node, &self.settings)
    }

    /// Splits the components of some nodes into people anew; gives all nodes that were looked at.
    fn regroup(&mut self, mut seeds: BTreeSet<Node>) -> BTreeSet<Node> {
        let mut touched = BTreeSet::new();
        // People that are split anew may have had nodes that are now in a component of their own.
        let mates: Vec<Node> =
            seeds.iter().filter_map(|n| self.groups.get(n)).flat_map(|g| g.iter().copied()).collect();
        seeds.extend(mates);
        for seed in seeds {
            if touched.contains(&seed) {
                continue;
            }
            let component = self.component(seed);
            touched.extend(component.iter().copied());
            for node in &component {
                self.groups.remove(node);
            }
            if component.len() < 2 {
                continue;
            }
            let edges: Vec<Edge> = match component.len() > self.settings.component_cap {
                true => self.edges_of(&component),
                false => Vec::new(),
            };
            let split = cluster::split(&self.scorer(), component, &edges, &self.constraints, &self.settings);
            for group in split.groups {
                let group: std::sync::Arc<[Node]> = group.into();
                for &node in group.iter() {
                    self.groups.insert(node, group.clone());
                }
            }
        }
        touched
    }

    fn component(&self, seed: Node) -> Vec<Node> {
        let mut found = BTreeSet::from([seed]);
        let mut open = vec![seed];
        while let Some(node) = open.pop() {
            let weak = self.is_weak(node);
            let edges = self.edges.get(&node).into_iter().flatten().map(|(other, _)| *other);
            let by_edge = edges.filter(|&other| !weak && !self.is_weak(other));
            for other in by_edge.chain(self.constraints.must_of(node)) {
                if found.insert(other) {
                    open.push(other);
                }
            }
        }
        found.into_iter().collect()
    }

    fn edges_of(&self, component: &[Node]) -> Vec<Edge> {
        let mut edges = Vec::new();
        for &a in component {
            for &(b, score) in self.edges.get(&a).into_iter().flatten() {
                if a < b && component.binary_search(&b).is_ok() {
                    edges.push(Edge { a, b, score });
                }
            }
        }
        edges
    }

    fn people_of(&self, nodes: &BTreeSet<Node>) -> BTreeMap<Record, Person> {
        nodes
            .iter()
            .flat_map(|n| self.groups.get(n).map_or_else(|| vec![*n], |g| g.to_vec()))
            .flat_map(|n| self.records[n as usize].iter().map(|&r| (r, self.person(r))))
            .collect()
    }

    /// The person of a record.
    pub fn person(&self, record: Record) -> Person {
        let node = self.table.node_of(record);
        if self.table.held(node) > 1 && self.is_weak(node) {
            return record;
        }
        let first = |n: Node| self.records[n as usize].first().copied().unwrap_or(record);
        self.groups
            .get(&node)
            .map_or_else(|| first(node), |g| g.iter().map(|&n| first(n)).min().unwrap_or(record))
    }

    /// All records of the person of a record.
    pub fn records_of(&self, record: Record) -> Vec<Record> {
        let node = self.table.node_of(record);
        if self.table.held(node) > 1 && self.is_weak(node) {
            return vec![record];
        }
        let mut records: Vec<Record> = match self.groups.get(&node) {
            Some(group) => group.iter().flat_map(|&n| self.records[n as usize].iter().copied()).collect(),
            None => self.records[node as usize].clone(),
        };
        records.sort_unstable();
        records
    }

    /// Takes in what a human has decided of two records.
    pub fn decide(&mut self, decision: Decision) {
        let (a, b) = (self.table.node_of(decision.a), self.table.node_of(decision.b));
        if a == b {
            return;
        }
        match decision.same {
            true => self.constraints.must_link(a, b),
            false => self.constraints.cannot_link(a, b),
        }
        self.regroup(BTreeSet::from([a, b]));
    }

    /// Why two records score as they do.
    pub fn explain(&self, a: Record, b: Record) -> Explanation {
        explain(&self.scorer(), self.table.node_of(a), self.table.node_of(b))
    }
}
