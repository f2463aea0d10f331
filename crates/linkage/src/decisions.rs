//! What humans have decided of pairs, word by word. The last word on a pair counts; a word that is taken back leaves those before it.

use crate::linkage::Decision;
use crate::table::{Record, Table};
use std::collections::BTreeMap;

/// Words on pairs: of records, as they were said, or of the nodes that these records are.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Each pair in both orders; its words by when they were said.
    said: BTreeMap<(u32, u32), BTreeMap<u64, bool>>,
    next: u64,
}

impl Words {
    /// The next word: the two are one person, or they are not. Said twice, it counts once.
    pub fn say(&mut self, a: u32, b: u32, same: bool) {
        self.unsay(a, b, same);
        self.next += 1;
        self.put(self.next, a, b, same);
    }

    /// A word does not count any more.
    pub fn unsay(&mut self, a: u32, b: u32, same: bool) {
        let said: Vec<u64> = self.on(a, b).filter(|word| word.1 == same).map(|word| word.0).collect();
        for at in said {
            self.take(at, a, b);
        }
    }

    /// Puts a word in its place among all words. Nothing can be said of one alone.
    pub fn put(&mut self, at: u64, a: u32, b: u32, same: bool) {
        if a != b {
            for pair in [(a, b), (b, a)] {
                self.said.entry(pair).or_default().insert(at, same);
            }
        }
    }

    /// Takes a word out of its place.
    pub fn take(&mut self, at: u64, a: u32, b: u32) {
        for pair in [(a, b), (b, a)] {
            if let Some(words) = self.said.get_mut(&pair) {
                words.remove(&at);
                if words.is_empty() {
                    self.said.remove(&pair);
                }
            }
        }
    }

    /// All words on a pair: when, and what.
    pub fn on(&self, a: u32, b: u32) -> impl Iterator<Item = (u64, bool)> {
        self.said.get(&(a, b)).into_iter().flatten().map(|(&at, &same)| (at, same))
    }

    /// The word on a pair that counts.
    pub fn last(&self, a: u32, b: u32) -> Option<bool> {
        if self.said.is_empty() { None } else { self.said.get(&(a, b)).and_then(last) }
    }

    /// With whom something was said of one, and what counts.
    pub fn of(&self, a: u32) -> impl Iterator<Item = (u32, bool)> {
        let range = self.said.range((a, 0)..=(a, u32::MAX));
        range.filter_map(|(pair, words)| last(words).map(|same| (pair.1, same)))
    }

    /// All of whom something was said, in order.
    pub fn all(&self) -> Vec<u32> {
        let mut all: Vec<u32> = self.said.keys().map(|pair| pair.0).collect();
        all.dedup();
        all
    }

    /// All pairs that something was said of, once each, and what counts.
    pub fn pairs(&self) -> impl Iterator<Item = (u32, u32, bool)> {
        let once = self.said.iter().filter(|(pair, _)| pair.0 < pair.1);
        once.filter_map(|(pair, words)| last(words).map(|same| (pair.0, pair.1, same)))
    }

    /// The same words on others: on the nodes that records are.
    pub fn moved(&self, to: impl Fn(u32) -> Option<u32>) -> Self {
        let mut moved = Self { next: self.next, ..Self::default() };
        for (&(a, b), words) in self.said.iter().filter(|(pair, _)| pair.0 < pair.1) {
            if let (Some(a), Some(b)) = (to(a), to(b)) {
                words.iter().for_each(|(&at, &same)| moved.put(at, a, b, same));
            }
        }
        moved
    }
}

fn last(words: &BTreeMap<u64, bool>) -> Option<bool> {
    words.last_key_value().map(|(_, &same)| same)
}

/// The words of decisions, in their order.
pub fn words(decisions: &[Decision]) -> Words {
    let mut words = Words::default();
    decisions.iter().for_each(|decision| words.say(decision.a, decision.b, decision.same));
    words
}

/// Whether it was decided that a record is another person than one which says the same: then they cannot be one node.
pub fn is_told_from_twin(table: &Table, words: &Words, record: Record) -> bool {
    let Some(node) = table.known(record) else { return false };
    let mut others = words.of(record).filter(|(_, same)| !same).filter_map(|(other, _)| table.known(other));
    others.any(|other| table.are_twins(node, other))
}
