//! What a human should decide, most valuable first.
//!
//! A decision is worth most where the model knows least and where most hangs on it: two groups of five records each are 25 pairs that are
//! right or wrong together. So doubts are ordered by uncertainty times pairs.

use crate::cluster::Doubt;
use crate::table::{Node, Table};
use serde::Serialize;

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
    let id = |node: Node| table.ids.get(records[starts[node as usize] as usize] as usize).to_string();
    let mut by_value: Vec<(f32, &Doubt)> = doubts.iter().map(|d| (value(d), d)).collect();
    by_value.sort_by(|x, y| {
        let content = |d: &Doubt| (table.content(d.a), table.content(d.b));
        y.0.total_cmp(&x.0).then_with(|| content(x.1).cmp(&content(y.1)))
    });
    by_value
        .into_iter()
        .take(most)
        .map(|(value, doubt)| Question {
            a: id(doubt.a),
            b: id(doubt.b),
            probability: probability(doubt.score),
            pairs: pairs(doubt),
            merged: doubt.merged,
            value,
        })
        .collect()
}

fn probability(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp2())
}

fn pairs(doubt: &Doubt) -> u64 {
    u64::from(doubt.sizes.0) * u64::from(doubt.sizes.1)
}

fn value(doubt: &Doubt) -> f32 {
    let p = probability(doubt.score);
    4.0 * p * (1.0 - p) * pairs(doubt) as f32
}
