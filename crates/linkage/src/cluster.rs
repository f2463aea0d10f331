//! Which records are one person: clusters that hold together.
//!
//! Pairs that score high enough hang together in *components*. A component is not a person yet: one wrong pair would make two people one.
//! So within a component all pairs are scored, also those that were no candidates, and groups are merged step by step, best first, by
//! *average linkage*: what two groups say to each other is, field by field, the average over all pairs of their records that have the
//! field; the prior counts once. A record with little to say thus does not speak against a merge, and one accidental agreement does not
//! outvote many differences.
//!
//! The result is a function of the records of the component, the model and the decisions alone: records are ordered by what they say, and
//! ties are broken in this order. That is why records that arrive one by one give the same people as all at once.

use crate::comparison::MISSING;
use crate::decisions::Words;
use crate::score::{Edge, Scorer, Sums};
use crate::settings::Settings;
use crate::table::Node;
use std::collections::{BTreeSet, HashMap};

/// A merge that could have gone the other way.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubt {
    /// A node of one group.
    pub a: Node,
    /// The node of the other group that is most like it.
    pub b: Node,
    /// How the groups score together, after all that speaks against it.
    pub score: f32,
    /// Nodes of the one and of the other group.
    pub sizes: (u32, u32),
    /// Whether they were merged.
    pub merged: bool,
}

/// Finds components: nodes that hang together by edges. Only those of at least two nodes, each in order, by their first node.
pub fn components(nodes: usize, edges: &[Edge], decided: &Words) -> Vec<Vec<Node>> {
    let mut sets = Sets::new(nodes);
    for edge in edges {
        sets.join(edge.a, edge.b);
    }
    for (a, b, _) in decided.pairs().filter(|pair| pair.2) {
        sets.join(a, b);
    }
    let mut place = vec![u32::MAX; nodes];
    let mut found: Vec<Vec<Node>> = Vec::new();
    for node in 0..nodes as u32 {
        let root = sets.root(node);
        if sets.size[root as usize] > 1 {
            let at = &mut place[root as usize];
            if *at == u32::MAX {
                *at = found.len() as u32;
                found.push(Vec::new());
            }
            found[*at as usize].push(node);
        }
    }
    found
}

/// Disjoint sets.
pub struct Sets {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl Sets {
    /// Each by itself.
    pub fn new(count: usize) -> Self {
        Self { parent: (0..count as u32).collect(), size: vec![1; count] }
    }

    /// The one that stands for a set.
    pub fn root(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            let up = self.parent[self.parent[i as usize] as usize];
            self.parent[i as usize] = up;
            i = up;
        }
        i
    }

    /// Makes two sets one.
    pub fn join(&mut self, a: u32, b: u32) {
        let (mut a, mut b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        if self.size[a as usize] < self.size[b as usize] {
            std::mem::swap(&mut a, &mut b);
        }
        self.parent[b as usize] = a;
        self.size[a as usize] += self.size[b as usize];
    }
}

/// The people of one component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Split {
    /// Groups of nodes; those of one node are left out.
    pub groups: Vec<Vec<Node>>,
    /// What a human should look at.
    pub doubts: Vec<Doubt>,
    /// How many nodes were in components that had to be cut.
    pub cut: usize,
}

/// Splits a component into people. `edges` are all edges of the component. Nodes that say the same are taken in the order that they come in.
pub fn split(
    scorer: &Scorer<'_>,
    mut nodes: Vec<Node>,
    edges: &[Edge],
    decided: &Words,
    settings: &Settings,
) -> Split {
    let table = scorer.table;
    nodes.sort_by_key(|&n| (table.content(n), table.unique_source(n)));
    let mut split = Split::default();
    if nodes.len() <= settings.component_cap {
        agglomerate(scorer, &nodes, decided, settings, &mut split);
        return split;
    }
    // Too large to score all its pairs: without its weakest edges it falls apart.
    split.cut = nodes.len();
    let place: HashMap<Node, u32> = nodes.iter().enumerate().map(|(i, &n)| (n, i as u32)).collect();
    let mut scores: Vec<f32> = edges.iter().map(|e| e.score).collect();
    scores.sort_by(f32::total_cmp);
    // Half of the edges at a time; equal scores go together.
    let middle = scores.get(scores.len() / 2).copied().unwrap_or(f32::MAX);
    let strong: Vec<Edge> = edges.iter().filter(|e| e.score > middle).copied().collect();
    let mut sets = Sets::new(nodes.len());
    for edge in &strong {
        sets.join(place[&edge.a], place[&edge.b]);
    }
    for (a, b, _) in decided.pairs().filter(|pair| pair.2) {
        if let (Some(&a), Some(&b)) = (place.get(&a), place.get(&b)) {
            sets.join(a, b);
        }
    }
    let mut parts: std::collections::BTreeMap<u32, (Vec<Node>, Vec<Edge>)> =
        std::collections::BTreeMap::new();
    for (i, &node) in nodes.iter().enumerate() {
        parts.entry(sets.root(i as u32)).or_default().0.push(node);
    }
    for edge in strong {
        parts.entry(sets.root(place[&edge.a])).or_default().1.push(edge);
    }
    for (part, edges) in parts.into_values() {
        if part.len() < 2 {
            continue;
        }
        if edges.is_empty() {
            // Held together by decisions alone.
            split.groups.push(part);
            continue;
        }
        let finer = self::split(scorer, part, &edges, decided, settings);
        split.groups.extend(finer.groups);
        split.doubts.extend(finer.doubts);
    }
    split
}

/// How much likelier one of two must be that a record could belong to, in bits.
const CLEAR: f32 = 1.0;

/// Of one field of two groups: sums over pairs, for a person and for a household, and how many pairs have the field.
type Field = (f32, f32, f32);

/// What two groups say to each other.
#[derive(Clone, Copy, Default)]
struct Between {
    score: f32,
    /// Whether a field that is a person's own speaks clearly against it.
    contradicts: bool,
    forbidden: bool,
    must: bool,
}

impl Between {
    fn rate(&mut self, scorer: &Scorer<'_>, fields: &[Field]) {
        let mut sums = Sums::default();
        self.contradicts = false;
        for (i, &(person, household, pairs)) in fields.iter().enumerate() {
            if pairs > 0.0 {
                sums.person += person / pairs;
                sums.household += household / pairs;
                // Who moved has another address; nobody has another birthday.
                self.contradicts |= person / pairs < -2.0 && scorer.comparer.comparisons[i].is_personal();
            }
        }
        self.score = scorer.total(sums);
    }

    fn add(&mut self, other: Self) {
        self.forbidden |= other.forbidden;
        self.must |= other.must;
    }
}

/// Merges groups, best first.
fn agglomerate(scorer: &Scorer<'_>, nodes: &[Node], decided: &Words, settings: &Settings, split: &mut Split) {
    let n = nodes.len();
    let threshold = settings.match_threshold as f32;
    let band = settings.review_band as f32;
    let (mut outcomes, mut fields) = (scorer.outcomes(), vec![(0.0, 0.0); scorer.comparer.len()]);
    let at = |i: usize, j: usize| i.min(j) * n + i.max(j);
    let width = scorer.comparer.len();
    let mut between = vec![Between::default(); n * n];
    let mut sums: Vec<Field> = vec![(0.0, 0.0, 0.0); n * n * width];
    for i in 0..n {
        for j in i + 1..n {
            scorer.fields(nodes[i], nodes[j], &mut outcomes, &mut fields);
            let cell = &mut between[at(i, j)];
            let sums = &mut sums[at(i, j) * width..][..width];
            for ((sum, &(person, household)), outcome) in sums.iter_mut().zip(&fields).zip(&outcomes) {
                *sum = (person, household, f32::from(outcome.level != MISSING));
            }
            cell.rate(scorer, sums);
            let word = decided.last(nodes[i], nodes[j]);
            cell.must = word == Some(true);
            let source = scorer.table.unique_source(nodes[i]);
            cell.forbidden = !cell.must
                && (word == Some(false)
                    || source.is_some() && source == scorer.table.unique_source(nodes[j]));
        }
    }
    let pair_scores: Vec<f32> = between.iter().map(|b| b.score).collect();
    let mut groups: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    let mut alive: Vec<usize> = (0..n).collect();
    let mut refused: BTreeSet<usize> = BTreeSet::new();
    loop {
        let mut best: Option<(f32, usize, usize)> = None;
        for (x, &i) in alive.iter().enumerate() {
            for &j in &alive[x + 1..] {
                let cell = &between[at(i, j)];
                let score = if cell.must { f32::MAX } else { cell.score };
                if (cell.forbidden && !cell.must) || score < threshold || refused.contains(&at(i, j)) {
                    continue;
                }
                if best.is_none_or(|(most, ..)| score > most) {
                    best = Some((score, i, j));
                }
            }
        }
        let Some((mut score, i, j)) = best else { break };
        if !between[at(i, j)].must {
            let taken_away = rivals(&between, &alive, &at, i, j, threshold);
            score -= taken_away;
            // As likely the one as the other is not enough.
            let clear = if taken_away > 0.0 { threshold.max(CLEAR) } else { threshold };
            let merged =
                score >= if between[at(i, j)].contradicts { clear + scorer.scale.untaught } else { clear };
            if score < threshold + band || !merged {
                split.doubts.push(doubt(nodes, &groups, &pair_scores, &at, (i, j), score, merged));
            }
            if !merged {
                refused.insert(at(i, j));
                continue;
            }
        }
        // The group with the lower place takes in the other.
        let taken = std::mem::take(&mut groups[j]);
        groups[i].extend(taken);
        alive.retain(|&k| k != j);
        for &k in &alive {
            if k != i {
                let theirs = between[at(j, k)];
                for field in 0..width {
                    let (person, household, pairs) = sums[at(j, k) * width + field];
                    let sum = &mut sums[at(i, k) * width + field];
                    *sum = (sum.0 + person, sum.1 + household, sum.2 + pairs);
                }
                let cell = &mut between[at(i, k)];
                cell.add(theirs);
                cell.rate(scorer, &sums[at(i, k) * width..][..width]);
                refused.remove(&at(i, k));
            }
        }
    }
    for (x, &i) in alive.iter().enumerate() {
        for &j in &alive[x + 1..] {
            let cell = &between[at(i, j)];
            if !cell.forbidden && cell.score >= threshold - band && cell.score < threshold {
                split.doubts.push(doubt(nodes, &groups, &pair_scores, &at, (i, j), cell.score, false));
            }
        }
    }
    for i in alive {
        if groups[i].len() > 1 {
            split.groups.push(groups[i].iter().map(|&g| nodes[g]).collect());
        }
    }
}

/// What speaks against a merge because one of the two would as well go with a third, which cannot be both: a record without a forename
/// at an address with twins.
fn rivals(
    between: &[Between],
    alive: &[usize],
    at: &impl Fn(usize, usize) -> usize,
    i: usize,
    j: usize,
    threshold: f32,
) -> f32 {
    let mut odds = 0.0;
    for (one, other) in [(i, j), (j, i)] {
        for &k in alive {
            if k == i || k == j {
                continue;
            }
            let (with, against) = (&between[at(one, k)], &between[at(other, k)]);
            if with.score >= threshold
                && !with.forbidden
                && (against.forbidden || against.score < threshold && against.contradicts)
            {
                odds += (with.score - between[at(i, j)].score).min(0.0).exp2();
            }
        }
    }
    // Against the odds of this merge: what is left of its own share.
    if odds == 0.0 { 0.0 } else { (between[at(i, j)].score + odds.log2()).max(0.0) }
}

fn doubt(
    nodes: &[Node],
    groups: &[Vec<usize>],
    pair_scores: &[f32],
    at: &impl Fn(usize, usize) -> usize,
    (i, j): (usize, usize),
    score: f32,
    merged: bool,
) -> Doubt {
    let mut best = (groups[i][0], groups[j][0]);
    for &x in &groups[i] {
        for &y in &groups[j] {
            if pair_scores[at(x, y)] > pair_scores[at(best.0, best.1)] {
                best = (x, y);
            }
        }
    }
    Doubt {
        a: nodes[best.0],
        b: nodes[best.1],
        score,
        sizes: (groups[i].len() as u32, groups[j].len() as u32),
        merged,
    }
}
