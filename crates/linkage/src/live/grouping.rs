//! What hangs together is split into people anew, and what that changes is noted.

use super::{Changes, Live, Person, Seeds};
use crate::cluster;
use crate::linkage::is_weak;
use crate::postings::Postings;
use crate::review::open_questions;
use crate::score::Edge;
use crate::table::{Node, Record};
use std::collections::BTreeSet;
use std::sync::Arc;

impl<P: Postings> Live<P> {
    /// Whether a node's records are too many for what they say to be one person.
    pub(super) fn is_weak(&self, node: Node) -> bool {
        is_weak(&self.scorer(), node, &self.settings)
    }

    /// Whether each record of a node is a person of its own.
    pub(super) fn is_of_many(&self, node: Node) -> bool {
        self.is_weak(node) && !self.table.is_apart(node)
    }

    /// The nodes that a node has edges to, without those that are weak.
    pub(super) fn near(&self, node: Node) -> impl Iterator<Item = Node> {
        let edges = self.edges.get(&node).into_iter().flatten().map(|(other, _)| *other);
        edges.filter(|&other| !self.is_weak(other))
    }

    /// Splits the components of some nodes into people anew.
    pub(super) fn regroup(&mut self, seeds: Seeds) -> Changes {
        let Seeds { nodes: mut seeds, records: own } = seeds;
        // People that are split anew may have had nodes that are now in a component of their own.
        let mates: Vec<Node> =
            seeds.iter().filter_map(|n| self.groups.get(n)).flat_map(|g| g.iter().copied()).collect();
        seeds.extend(mates);
        seeds.retain(|&node| self.records.get(node as usize).is_some_and(|records| !records.is_empty()));
        let (mut touched, mut doubts) = (BTreeSet::new(), Vec::new());
        for seed in seeds {
            if touched.contains(&seed) {
                continue;
            }
            let mut component = self.component(seed);
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
            component.sort_by_key(|&node| self.first(node));
            let split = cluster::split(&self.scorer(), component, &edges, &self.decided, &self.settings);
            for group in split.groups {
                let group: Arc<[Node]> = group.into();
                for &node in group.iter() {
                    self.groups.insert(node, group.clone());
                }
            }
            doubts.extend(split.doubts);
        }
        let doubts = open_questions(&doubts, |node| self.first(node).unwrap_or_default());
        let records = touched.iter().flat_map(|&node| self.records[node as usize].iter().copied());
        let touched: BTreeSet<Record> = records.chain(own).collect();
        let mut changes = Changes { moved: self.renumber(&touched), doubts, ..Changes::default() };
        for &record in &touched {
            let asked = self.open.range((record, 0)..=(record, Record::MAX)).map(|(&pair, _)| pair);
            let settled: Vec<_> = asked.filter(|pair| touched.contains(&pair.1)).collect();
            settled.iter().for_each(|pair| {
                self.open.remove(pair);
            });
        }
        self.open.extend(changes.doubts.iter().map(|open| ((open.a, open.b), *open)));
        changes.touched = touched.into_iter().collect();
        changes
    }

    /// Notes the person of each of these records; the answer is who is another's than before.
    fn renumber(&mut self, touched: &BTreeSet<Record>) -> Vec<(Record, Person, Person)> {
        let mut moved = Vec::new();
        for &record in touched {
            let now = self.find_person(record);
            if let Some(place) = self.people.get_mut(record as usize) {
                let before = std::mem::replace(place, now);
                if before != now {
                    moved.push((record, before, now));
                }
            }
        }
        moved
    }

    fn find_person(&self, record: Record) -> Person {
        let Some(node) = self.table.known(record) else { return record };
        if self.is_of_many(node) {
            return record;
        }
        let first = match self.groups.get(&node) {
            Some(group) => group.iter().filter_map(|&n| self.first(n)).min(),
            None => self.first(node),
        };
        first.unwrap_or(record)
    }

    /// The first record of a node.
    fn first(&self, node: Node) -> Option<Record> {
        self.records[node as usize].first().copied()
    }

    /// All nodes that hang together with a node, in order.
    fn component(&self, seed: Node) -> Vec<Node> {
        let mut found = BTreeSet::from([seed]);
        let mut open = vec![seed];
        while let Some(node) = open.pop() {
            let weak = self.is_weak(node);
            let by_edge = self.near(node).filter(|_| !weak);
            let by_word = self.decided.of(node).filter(|(_, same)| *same).map(|(other, _)| other);
            for other in by_edge.chain(by_word) {
                if found.insert(other) {
                    open.push(other);
                }
            }
        }
        found.into_iter().collect()
    }

    /// All edges within a component, without those of nodes that are weak: a decision may have brought such a one in.
    fn edges_of(&self, component: &[Node]) -> Vec<Edge> {
        let strong: Vec<bool> = component.iter().map(|&node| !self.is_weak(node)).collect();
        let is_strong = |node: Node| component.binary_search(&node).is_ok_and(|place| strong[place]);
        let mut edges = Vec::new();
        for (&a, _) in component.iter().zip(&strong).filter(|(_, strong)| **strong) {
            for &(b, score) in self.edges.get(&a).into_iter().flatten() {
                if a < b && is_strong(b) {
                    edges.push(Edge { a, b, score });
                }
            }
        }
        edges
    }
}
