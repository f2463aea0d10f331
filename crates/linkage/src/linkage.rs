//! All steps in order: from a table to people and households.

use crate::candidates::Blocks;
use crate::cluster::{self, Doubt};
use crate::comparison::Comparer;
use crate::decisions::{self, Words};
use crate::household::{self, HomeModel};
use crate::model::{Model, Rarities, Scale};
use crate::recipe::Recipes;
use crate::score::{Edge, Scorer};
use crate::settings::Settings;
use crate::table::{Node, Record, Table};
use crate::threads;
use crate::train::{self, Labelled};
use crate::warnings::{self, Warning};
use serde::Serialize;

/// What a human has decided of two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// One record.
    pub a: Record,
    /// The other.
    pub b: Record,
    /// Whether they are one person.
    pub same: bool,
}

/// How much there was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Records.
    pub records: usize,
    /// Distinct records.
    pub nodes: usize,
    /// Blocks of candidates.
    pub blocks: usize,
    /// Pairs that were compared.
    pub compared: u64,
    /// Pairs that are likely enough to matter.
    pub edges: usize,
    /// People.
    pub people: usize,
    /// Households.
    pub households: usize,
}

/// Who is who.
pub struct Linkage {
    /// What was learned, or what was given.
    pub model: Model,
    /// What was learned of households.
    pub homes: HomeModel,
    /// The person of each record, from 0, in the order of their first records.
    pub people: Vec<u32>,
    /// The household of each record, from 0, in the order of their first records.
    pub households: Vec<u32>,
    /// Merges that could have gone the other way.
    pub doubts: Vec<Doubt>,
    /// What is odd about the data.
    pub warnings: Vec<Warning>,
    /// How much there was.
    pub counts: Counts,
}

/// Steps, as they begin: for those who want to show progress or to measure.
pub trait Watch {
    /// A step begins.
    fn step(&mut self, name: &'static str);
}

impl Watch for () {
    fn step(&mut self, _: &'static str) {}
}

/// Links the records of a table. With a model, it is used as it is; without one, it is learned.
///
/// Decisions leave a mark on the table: records that are told apart although they say the same are nodes of their own from now on.
pub fn link(
    table: &mut Table,
    settings: &Settings,
    model: Option<Model>,
    decisions: &[Decision],
    watch: &mut dyn Watch,
) -> Linkage {
    let threads = threads::count(settings.threads);
    let mut warnings = warnings::of_table(table);
    let words = decisions::words(decisions);
    let labelled = labelled(table, decisions);
    for record in words.all() {
        if decisions::is_told_from_twin(table, &words, record) {
            table.set_apart(record);
        }
    }

    watch.step("candidates");
    // A model for other columns cannot score this table: its weights would be taken for those of other fields.
    let fits = |m: &Model| m.layout.domains == table.layout.domains && m.layout.slots == table.layout.slots;
    if model.as_ref().is_some_and(|m| !fits(m)) {
        warnings.push(Warning::new("model", "it is for other columns; another one was learned"));
    }
    let model = model.filter(fits);
    let frozen = model.is_some();
    let model = model.unwrap_or_else(|| Model::of_counts(table));
    table.forget_rarity();
    model.rate(table, &Rarities::new(&model));
    let comparer = Comparer::new(&table.layout);
    let mut recipes = Recipes::new(&table.layout, &comparer.comparisons, settings);
    recipes.learn(&table.dictionaries, threads);
    let blocks = Blocks::find(table, &recipes, threads, &mut warnings);
    drop(recipes);

    watch.step("training");
    let model = match frozen {
        true => model,
        false => train::train(table, &blocks, &comparer, model, &labelled, settings),
    };

    watch.step("scoring");
    let scale = Scale::new(&model);
    let scorer = Scorer { table, comparer: &comparer, scale: &scale };
    let (mut edges, compared) = scorer.edges(&blocks, settings.edge_threshold as f32, threads);
    let block_count = blocks.len();
    drop(blocks);
    // What was decided of a record that says too little is not said of all others who say no more.
    let vague: Vec<Record> = words
        .all()
        .into_iter()
        .filter(|&record| table.known(record).is_some_and(|node| is_weak(&scorer, node, settings)))
        .collect();
    vague.into_iter().for_each(|record| table.set_apart(record));
    let scorer = Scorer { table, comparer: &comparer, scale: &scale };
    let mut weak: Vec<bool> = (0..table.nodes() as u32).map(|n| is_weak(&scorer, n, settings)).collect();
    edges.retain(|e| !weak[e.a as usize] && !weak[e.b as usize]);
    if table.has_apart() {
        weak.iter_mut().zip(0..).for_each(|(weak, node)| *weak &= !table.is_apart(node));
    }
    let decided = words.moved(|record| table.known(record));

    watch.step("clusters");
    let (people, doubts, cut) = people(&scorer, &edges, &weak, &decided, settings, threads);
    if cut > 0 {
        let message = format!(
            "{cut} records hung together in groups too large to be people; they were cut where they are weakest"
        );
        warnings.push(Warning::new("clusters", message));
    }
    let people_count = people.iter().max().map_or(0, |&p| p as usize + 1);

    watch.step("households");
    let (households, homes, odd) =
        household::households(&scorer, &model, None, &people, people_count, settings);
    warnings.extend(odd);
    let counts = Counts {
        records: table.records(),
        nodes: table.nodes(),
        blocks: block_count,
        compared,
        edges: edges.len(),
        people: people_count,
        households: households.iter().max().map_or(0, |&h| h as usize + 1),
    };
    Linkage { model, homes, people, households, doubts, warnings, counts }
}

/// Whether records that say just this, word for word, are too many or say too little to be one person: "Maria" and nothing else.
pub fn is_weak(scorer: &Scorer<'_>, node: Node, settings: &Settings) -> bool {
    scorer.table.said(node) > 1 && is_vague(scorer, node, settings)
}

/// Whether two records that say just this would not be taken for one person.
pub fn is_vague(scorer: &Scorer<'_>, node: Node, settings: &Settings) -> bool {
    scorer.score(node, node) < settings.match_threshold as f32
}

/// Decisions that something can be learned from: nothing, where the two say the same.
fn labelled(table: &Table, decisions: &[Decision]) -> Vec<Labelled> {
    let pairs = decisions.iter().filter_map(|d| Some((table.known(d.a)?, table.known(d.b)?, d.same)));
    let telling = pairs.filter(|&(a, b, _)| !table.are_twins(a, b));
    telling.map(|(a, b, same)| Labelled { a, b, same }).collect()
}

/// The person of each record.
fn people(
    scorer: &Scorer<'_>,
    edges: &[Edge],
    weak: &[bool],
    decided: &Words,
    settings: &Settings,
    threads: usize,
) -> (Vec<u32>, Vec<Doubt>, usize) {
    let table = scorer.table;
    let mut components = cluster::components(table.nodes(), edges, decided);
    if table.has_apart() {
        // Nodes that say the same, by their first records.
        let (starts, records) = table.records_by_node();
        let first = |node: Node| records.get(starts[node as usize] as usize).copied();
        components.iter_mut().for_each(|nodes| nodes.sort_by_key(|&node| first(node)));
    }
    let large = components.iter().any(|c| c.len() > settings.component_cap);
    let by_node = |node: Node| {
        let from = edges.partition_point(|e| e.a < node);
        edges[from..].iter().take_while(move |e| e.a == node).copied()
    };
    let splits = threads::pieces(components.len(), 1_024, threads, |range| {
        range
            .map(|i| {
                let nodes = components[i].clone();
                let own: Vec<Edge> = match large && nodes.len() > settings.component_cap {
                    true => nodes.iter().flat_map(|&n| by_node(n)).collect(),
                    false => Vec::new(),
                };
                cluster::split(scorer, nodes, &own, decided, settings)
            })
            .collect::<Vec<_>>()
    });
    let mut group = vec![u32::MAX; table.nodes()];
    let (mut doubts, mut cut, mut groups) = (Vec::new(), 0, 0);
    for split in splits.into_iter().flatten() {
        for nodes in split.groups {
            for node in nodes {
                group[node as usize] = groups;
            }
            groups += 1;
        }
        doubts.extend(split.doubts);
        cut += split.cut;
    }
    // Numbers in the order of the first records.
    let mut numbers = vec![u32::MAX; groups as usize];
    let mut of_node = vec![u32::MAX; table.nodes()];
    let mut next = 0;
    let people = (0..table.records() as u32)
        .map(|record| {
            let node = table.node_of(record) as usize;
            let place = match group[node] {
                u32::MAX => &mut of_node[node],
                group => &mut numbers[group as usize],
            };
            // Each record of a weak node is a person of its own.
            if *place == u32::MAX || weak[node] {
                *place = next;
                next += 1;
            }
            *place
        })
        .collect();
    (people, doubts, cut)
}
