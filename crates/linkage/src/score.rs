//! The score of a pair: log2 of the odds that its two records are of one person.
//!
//! score = prior + Σ what each field says for one person − log2(1 + odds of one household). The last term is what the third class takes
//! away: nothing where the two cannot be relatives, much where all that they share is what relatives share.

use crate::candidates::Blocks;
use crate::comparison::{Comparer, Outcome};
use crate::glance::{Front, Glances, Most};
use crate::model::{Scale, log2_1p_exp2};
use crate::table::{Node, Table};
use crate::threads;

/// A pair that is likely enough to matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The node with the lower number.
    pub a: Node,
    /// The other.
    pub b: Node,
    /// log2 of the odds that they are one person.
    pub score: f32,
}

/// Scores pairs of a table.
pub struct Scorer<'t> {
    /// The table.
    pub table: &'t Table,
    /// How pairs compare.
    pub comparer: &'t Comparer,
    /// What that weighs.
    pub scale: &'t Scale,
}

/// What all fields of a pair say together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// For one person, without the prior.
    pub person: f32,
    /// For one household, without the prior.
    pub household: f32,
}

impl Scorer<'_> {
    /// Puts together what the fields say.
    pub fn total(&self, sums: Sums) -> f32 {
        let [person, household] = self.scale.priors;
        // In the order of an explanation's lines, so that they add up to the last bit.
        sums.person + person - log2_1p_exp2(household + sums.household)
    }

    /// What the fields of a pair say, one by one, into `fields`; and together.
    pub fn fields(&self, a: Node, b: Node, outcomes: &mut [Outcome], fields: &mut [(f32, f32)]) -> Sums {
        self.comparer.compare(self.table, a, b, outcomes);
        let mut sums = Sums::default();
        for (i, outcome) in outcomes.iter().enumerate() {
            fields[i] = self.scale.weigh(i, *outcome);
            sums.person += fields[i].0;
            sums.household += fields[i].1;
        }
        sums
    }

    /// The sums of a pair.
    pub fn sums(&self, a: Node, b: Node, outcomes: &mut [Outcome]) -> Sums {
        self.comparer.compare(self.table, a, b, outcomes);
        self.weigh(outcomes)
    }

    /// What outcomes say together.
    pub fn weigh(&self, outcomes: &[Outcome]) -> Sums {
        let mut sums = Sums::default();
        for (i, outcome) in outcomes.iter().enumerate() {
            let (person, household) = self.scale.weigh(i, *outcome);
            sums.person += person;
            sums.household += household;
        }
        sums
    }

    /// The score of a pair.
    pub fn score(&self, a: Node, b: Node) -> f32 {
        let mut outcomes = self.outcomes();
        self.total(self.sums(a, b, &mut outcomes))
    }

    /// The score of a pair, if it is at least `threshold`.
    ///
    /// Most pairs are not, and need not be compared to the end: what each field can say at most is replaced by what it does say, field by
    /// field, until the sum can no longer reach the threshold.
    fn score_from(
        &self,
        a: Node,
        b: Node,
        most: &[Most],
        mut sum: f32,
        threshold: f32,
        outcomes: &mut [Outcome],
    ) -> Option<f32> {
        let (x, y) = (self.table.row(a), self.table.row(b));
        outcomes.fill(Outcome::MISSING);
        let mut done = 0u64;
        for &i in self.comparer.order.iter().filter(|&&i| most.get(i).is_some_and(|most| !most.known)) {
            outcomes[i] = self.comparer.after_glance(self.table, i, x, y, outcomes);
            done |= 1 << i;
            let (says, _) = self.scale.weigh(i, outcomes[i]);
            let says = if self.comparer.may_be_taken_back(i, outcomes) { says.max(0.0) } else { says };
            sum += says - most[i].person;
            if sum < threshold {
                return None;
            }
        }
        for i in 0..outcomes.len() {
            if i >= most.len() || done >> i & 1 == 0 {
                outcomes[i] = self.comparer.one(self.table, i, x, y, outcomes);
            }
        }
        self.comparer.settle(self.table, x, y, outcomes);
        let score = self.total(self.weigh(outcomes));
        (score >= threshold).then_some(score)
    }

    /// Room for the outcomes of a pair.
    pub fn outcomes(&self) -> Vec<Outcome> {
        vec![Outcome { level: 0, bits: 0.0 }; self.comparer.len()]
    }

    /// All candidates whose score is at least `threshold`, and how many were compared. In order of nodes.
    pub fn edges(&self, blocks: &Blocks, threshold: f32, thread_count: usize) -> (Vec<Edge>, u64) {
        let glances = Glances::of(self.table, self.comparer, self.scale, thread_count);
        // A little more, for sums of rounded numbers.
        let begun = self.scale.priors[0] + 0.01;
        let found = threads::pieces(self.table.nodes(), 8_192, thread_count, |range| {
            let mut most = [Most::NOTHING; 32];
            let most = &mut most[..self.comparer.len().min(32)];
            let (mut near, mut front, mut outcomes) = (Vec::new(), Front::default(), self.outcomes());
            let (mut edges, mut compared) = (Vec::new(), 0u64);
            for a in range {
                let a = a as u32;
                blocks.neighbours(a, true, &mut near);
                compared += near.len() as u64;
                if near.is_empty() {
                    continue;
                }
                glances.fetch(&near);
                glances.bring(a, &mut front);
                for &b in &near {
                    let sum = glances.most(&front, b, most, begun, threshold);
                    let score =
                        sum.and_then(|sum| self.score_from(a, b, most, sum, threshold, &mut outcomes));
                    edges.extend(score.map(|score| Edge { a, b, score }));
                }
            }
            (edges, compared)
        });
        let compared = found.iter().map(|(_, compared)| compared).sum();
        (found.into_iter().flat_map(|(edges, _)| edges).collect(), compared)
    }
}
