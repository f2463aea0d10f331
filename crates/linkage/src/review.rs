//! What a human should decide, most valuable first.
//!
//! A decision is worth most where the model knows least and where most hangs on it: two groups of five records each are 25 pairs that are
//! right or wrong together. So doubts are ordered by uncertainty times pairs.

use crate::cluster::Doubt;
use crate::table::{Node, Record, Table};
use serde::Serialize;
use std::collections::BTreeMap;

/// A doubt, by the numbers of two records that stand for their groups: are they one person?
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OpenQuestion {
    /// The one with the lower number.
    pub a: Record,
    /// The other.
    pub b: Record,
    /// log2 of the odds that it is so, as far as the model knows.
    pub score: f32,
    /// How many pairs of distinct records the answer decides.
    pub pairs: u64,
    /// Whether they are taken for one person until somebody answers.
    pub merged: bool,
    /// What the answer is worth: pairs, weighted by how uncertain they are.
    pub value: f32,
}

impl OpenQuestion {
    /// How likely it is that they are one person.
    pub fn probability(&self) -> f32 {
        1.0 / (1.0 + (-self.score).exp2())
    }
}

/// What doubts ask. `first` gives the record that stands for a node. Of several doubts about one pair, the last is how it ended.
pub fn open_questions(doubts: &[Doubt], first: impl Fn(Node) -> Record) -> Vec<OpenQuestion> {
    let mut by_pair = BTreeMap::new();
    for doubt in doubts {
        let (a, b) = (first(doubt.a), first(doubt.b));
        let pairs = u64::from(doubt.sizes.0) * u64::from(doubt.sizes.1);
        let (a, b) = (a.min(b), a.max(b));
        let mut open = OpenQuestion { a, b, score: doubt.score, pairs, merged: doubt.merged, value: 0.0 };
        let p = open.probability();
        open.value = 4.0 * p * (1.0 - p) * pairs as f32;
        by_pair.insert((a, b), open);
    }
    by_pair.into_values().collect()
}

/// A question to a human: are these two records one person?
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// The id of one record.
    pub a: String,
    /// The id of the other.
    pub b: String,
    /// How likely it is, as far as the model knows.
    pub probability: f32,
    /// How many pairs of records the answer decides.
    pub pairs: u64,
    /// Whether they are taken for one person until somebody answers.
    pub merged: bool,
    /// What the answer is worth: pairs, weighted by how uncertain they are.
    pub value: f32,
}

/// The questions that doubts ask, the most valuable first; of equals, by what the records say.
pub fn questions(table: &Table, doubts: &[Doubt], most: usize) -> Vec<Question> {
    let (starts, records) = table.records_by_node();
    let mut open = open_questions(doubts, |node| records[starts[node as usize] as usize]);
    open.sort_by(|x, y| {
        let content = |q: &OpenQuestion| [q.a, q.b].map(|r| table.content(table.node_of(r)));
        y.value.total_cmp(&x.value).then_with(|| content(x).cmp(&content(y)))
    });
    let id = |record: Record| table.ids.get(record as usize).to_string();
    let asked = open.into_iter().take(most).map(|q| Question {
        a: id(q.a),
        b: id(q.b),
        probability: q.probability(),
        pairs: q.pairs,
        merged: q.merged,
        value: q.value,
    });
    asked.collect()
}
