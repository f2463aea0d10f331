//! How much two ways of putting things into groups agree.
//!
//! A grouping is a slice with a label for each thing: two things of one label are in one group. Which label it is means nothing.

use foldhash::{HashMap, HashMapExt, HashSet};
use serde::Serialize;

/// Precision, recall and their harmonic mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quality {
    /// How much of what was found is true. 1 if nothing was found.
    pub precision: f64,
    /// How much of what is true was found. 1 if there was nothing to find.
    pub recall: f64,
    /// 2PR / (P + R).
    pub f1: f64,
}

impl Quality {
    /// From both.
    pub fn new(precision: f64, recall: f64) -> Self {
        let sum = precision + recall;
        Self { precision, recall, f1: if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 } }
    }
}

/// Pairs of things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Pairs {
    /// In one group in truth.
    pub of_truth: u64,
    /// In one group as found.
    pub found: u64,
    /// In one group both in truth and as found.
    pub right: u64,
}

impl Pairs {
    /// Counted, in a time that grows with the things and not with the pairs.
    pub fn of(truth: &[u32], found: &[u32]) -> Self {
        Self {
            of_truth: pairs_within(truth),
            found: pairs_within(found),
            right: pairs_of(cells(truth, found).values().copied()),
        }
    }

    /// Those that these have more than the others.
    #[must_use]
    pub fn without(self, others: Self) -> Self {
        Self {
            of_truth: self.of_truth - others.of_truth,
            found: self.found - others.found,
            right: self.right - others.right,
        }
    }

    /// Found but not true.
    pub fn false_links(self) -> u64 {
        self.found - self.right
    }

    /// True but not found.
    pub fn missed_links(self) -> u64 {
        self.of_truth - self.right
    }

    /// How well they were found.
    pub fn quality(self) -> Quality {
        let share = |of: u64| if of == 0 { 1.0 } else { self.right as f64 / of as f64 };
        Quality::new(share(self.found), share(self.of_truth))
    }
}

/// How many pairs there are within the groups.
pub fn pairs_within(labels: &[u32]) -> u64 {
    pairs_of(sizes(labels).values().copied())
}

/// B-cubed: the mean over all things of how much of a thing's group, as found, is of its true group, and the other way round.
pub fn b_cubed(truth: &[u32], found: &[u32]) -> Quality {
    if truth.is_empty() {
        return Quality::new(1.0, 1.0);
    }
    let (true_sizes, found_sizes) = (sizes(truth), sizes(found));
    let (mut precision, mut recall) = (0.0, 0.0);
    // Sorted, because the sum of floats depends on their order.
    let mut cells: Vec<((u32, u32), u64)> = cells(truth, found).into_iter().collect();
    cells.sort_unstable();
    for ((of_truth, as_found), both) in cells {
        let squared = (both * both) as f64;
        precision += squared / found_sizes[&as_found] as f64;
        recall += squared / true_sizes[&of_truth] as f64;
    }
    let things = truth.len() as f64;
    Quality::new(precision / things, recall / things)
}

/// How many true groups were found exactly, and how many of those that have several things.
pub fn exact(truth: &[u32], found: &[u32]) -> (u64, u64) {
    let (true_sizes, found_sizes) = (sizes(truth), sizes(found));
    let cells = cells(truth, found);
    let whole = cells.iter().filter(|((of_truth, as_found), both)| {
        true_sizes[of_truth] == **both && found_sizes[as_found] == **both
    });
    whole.fold((0, 0), |(all, several), (_, both)| (all + 1, several + u64::from(*both > 1)))
}

/// How many groups there are, and how many with several things.
pub fn groups(labels: &[u32]) -> (u64, u64) {
    let sizes = sizes(labels);
    (sizes.len() as u64, sizes.values().filter(|size| **size > 1).count() as u64)
}

/// For each person the household in which most of their records are (of two with as many, the one that was labelled first),
/// and the true one.
pub fn of_people(people: &[u32], households: &[u32], found: &[u32]) -> (Vec<u32>, Vec<u32>) {
    let mut best: HashMap<u32, (u64, u32)> = HashMap::new();
    for ((person, household), count) in cells(people, found) {
        let so_far = best.entry(person).or_insert((count, household));
        if count > so_far.0 || (count == so_far.0 && household < so_far.1) {
            *so_far = (count, household);
        }
    }
    let mut seen = HashSet::default();
    let first = people.iter().zip(households).filter(|(person, _)| seen.insert(**person));
    first.map(|(person, household)| (*household, best[person].1)).unzip()
}

fn pairs_of(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.map(|size| size * size.saturating_sub(1) / 2).sum()
}

fn sizes(labels: &[u32]) -> HashMap<u32, u64> {
    let mut sizes = HashMap::new();
    for label in labels {
        *sizes.entry(*label).or_default() += 1;
    }
    sizes
}

fn cells(one: &[u32], other: &[u32]) -> HashMap<(u32, u32), u64> {
    let mut cells = HashMap::new();
    for (one, other) in one.iter().zip(other) {
        *cells.entry((*one, *other)).or_default() += 1;
    }
    cells
}
