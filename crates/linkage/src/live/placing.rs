//! Records come into nodes, blocks and pairs, and leave them.

use super::{Live, Seeds, share};
use crate::decisions;
use crate::linkage::is_vague;
use crate::postings::{Postings, enter, leave, small_blocks};
use crate::score::{Edge, Scorer};
use crate::table::{ANY_SOURCE, Node, Record};
use std::collections::HashMap;

impl<P: Postings> Live<P> {
    /// A record that is not known says this from now on. The answer is how many nodes it was compared with.
    pub(super) fn place(
        &mut self,
        record: Record,
        row: &mut [u32],
        source: u16,
        apart: bool,
        seeds: &mut Seeds,
    ) -> usize {
        seeds.records.insert(record);
        let node = self.table.put(record, row, source, apart);
        // Its doors may be new.
        self.model.rate(&mut self.table, &self.rarities);
        if self.records.len() <= node as usize {
            self.records.resize_with(node as usize + 1, Vec::new);
        }
        let records = &mut self.records[node as usize];
        let is_new = records.is_empty();
        records.insert(records.partition_point(|&r| r < record), record);
        let compared = if is_new { self.enter(node, seeds) } else { 0 };
        let weak = self.is_weak(node);
        if weak && self.table.said(node) == 2 {
            // What is said twice is too little to be one person.
            self.reconsider(self.table.twins(node), seeds);
        } else if is_new || !weak {
            seeds.nodes.insert(node);
        }
        self.constrain(record, true, seeds);
        compared
    }

    /// A record is not known any more.
    pub(super) fn lift(&mut self, record: Record, seeds: &mut Seeds) {
        let Some(node) = self.table.known(record) else { return };
        self.constrain(record, false, seeds);
        let weak = self.is_weak(node);
        let twins = match weak && self.table.said(node) == 2 {
            true => self.table.twins(node),
            false => Vec::new(),
        };
        let records = &mut self.records[node as usize];
        records.retain(|&r| r != record);
        if records.is_empty() {
            seeds.nodes.extend(self.near(node));
            leave(&mut self.postings, &self.recipes, node, self.table.row(node));
            for (other, _) in self.edges.remove(&node).unwrap_or_default() {
                self.drop_edge(other, node);
            }
            if let Some(group) = self.groups.remove(&node) {
                seeds.nodes.extend(group.iter());
            }
        } else if !weak {
            seeds.nodes.insert(node);
        }
        self.table.lift(record);
        // What was too little when it was said twice is said once.
        self.reconsider(twins, seeds);
    }

    /// Nodes have become weak, or are not weak any more.
    fn reconsider(&self, nodes: Vec<Node>, seeds: &mut Seeds) {
        for node in nodes {
            seeds.nodes.extend(self.near(node));
            seeds.nodes.insert(node);
        }
    }

    /// Gives a record, and those of whom something was decided together with it, a node of its own where it needs one, and else not.
    pub(super) fn set_apart_or_not(&mut self, record: Record, seeds: &mut Seeds) {
        let others: Vec<Record> = self.words.of(record).map(|(other, _)| other).collect();
        for record in others.into_iter().chain([record]) {
            let Some(node) = self.table.known(record) else { continue };
            let apart = self.needs_own_node(record);
            if apart != self.table.is_apart(node) {
                let mut row = self.table.row(node).to_vec();
                self.lift(record, seeds);
                self.place(record, &mut row, ANY_SOURCE, apart, seeds);
            }
        }
    }

    /// Whether what was decided of a record must not hold for all that say the same: it was told from one of them, or it says too little.
    pub(super) fn needs_own_node(&self, record: Record) -> bool {
        let Some(node) = self.table.known(record) else { return false };
        let mut decided = self.words.of(record).filter(|(other, _)| self.table.known(*other).is_some());
        self.table.unique_source(node).is_none()
            && decided.next().is_some()
            && (is_vague(&self.scorer(), node, &self.settings)
                || decisions::is_told_from_twin(&self.table, &self.words, record))
    }

    /// Lets what was decided of a record count for its node, or count no more.
    pub(super) fn constrain(&mut self, record: Record, counts: bool, seeds: &mut Seeds) {
        let Some(node) = self.table.known(record) else { return };
        for (other, _) in self.words.of(record) {
            let Some(their) = self.table.known(other) else { continue };
            for (at, same) in self.words.on(record, other) {
                match counts {
                    true => self.decided.put(at, node, their, same),
                    false => self.decided.take(at, node, their),
                }
            }
            seeds.nodes.extend([node, their]);
        }
    }

    /// Enters a new node into the blocks and finds its edges; `seeds` gets whose people may change.
    fn enter(&mut self, node: Node, seeds: &mut Seeds) -> usize {
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
    fn recheck(&mut self, members: &[Node], seeds: &mut Seeds) {
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
            if !share(&blocks[&a], &blocks[&b]) {
                self.drop_edge(a, b);
                self.drop_edge(b, a);
                seeds.nodes.extend([a, b].into_iter().filter(|&node| !self.is_weak(node)));
            }
        }
    }

    pub(crate) fn scorer(&self) -> Scorer<'_> {
        Scorer { table: &self.table, comparer: &self.comparer, scale: &self.scale }
    }

    pub(super) fn join(&mut self, a: Node, b: Node, score: f32) {
        self.edges.entry(a).or_default().push((b, score));
        self.edges.entry(b).or_default().push((a, score));
    }

    fn drop_edge(&mut self, of: Node, to: Node) {
        if let Some(list) = self.edges.get_mut(&of) {
            list.retain(|(other, _)| *other != to);
            if list.is_empty() {
                self.edges.remove(&of);
            }
        }
    }
}
