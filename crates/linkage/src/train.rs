//! Learning the weights without any pair that somebody has looked at.
//!
//! How often strangers agree is seen in random pairs, nearly all of which are strangers. How often records of one person agree, and how
//! often people of one household do, is found by EM (Dempster, Laird and Rubin 1977; Winkler 1988) over the patterns of levels among
//! candidates. Candidates are not a fair sample: they were found because they share something. So what a block shares is left out of
//! sight where the block is used (a surname says nothing among records that were found by their surnames), each way of finding
//! candidates has its own shares of the three classes, and the weights are learned from all of them together.

use crate::candidates::Blocks;
use crate::comparison::{Comparer, Comparison, MISSING, Outcome, Subject};
use crate::dictionary::mix;
use crate::fields::FieldKind;
use crate::model::{Model, Scale, chance};
use crate::score::{Scorer, Sums};
use crate::settings::Settings;
use crate::table::{Node, Table};
use crate::threads;
use std::collections::HashMap;

/// A pair of which a human said what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// One node.
    pub a: Node,
    /// The other.
    pub b: Node,
    /// Whether they are one person.
    pub same: bool,
}

/// The three classes: person, household, stranger.
type Three = [f64; 3];

/// How many random pairs are looked at.
const RANDOM_PAIRS: usize = 200_000;
/// How often EM goes round, at most.
const ROUNDS: usize = 60;
/// For each pair of records of one person there are at least so many of two people of one household, unless the data show next to none.
const RELATIVES: f64 = 0.5;
/// For each pair of relatives that shows there are at most so many that do not.
const HIDDEN: f64 = 10.0;
/// How many pairs a decision of a human counts as.
const LABEL_WEIGHT: f64 = 3.0;

/// Learns a model of a table. Its values must have been rated (see [`Model::rate`]).
pub fn train(
    table: &Table,
    blocks: &Blocks,
    comparer: &Comparer,
    mut model: Model,
    labelled: &[Labelled],
    settings: &Settings,
) -> Model {
    let threads = threads::count(settings.threads);
    let guesses: Vec<Guess> = model.weights.iter().map(|w| Guess::of(&w.comparison)).collect();
    let random = random_levels(table, comparer, threads);
    for (i, weights) in model.weights.iter_mut().enumerate() {
        let same = same_by_chance(table, &weights.comparison);
        weights.stranger = guesses[i].strangers(&random[i], same);
        weights.person.clone_from(&guesses[i].person);
        weights.household.clone_from(&guesses[i].household);
    }
    let sample = sample(table, settings.training_records);
    let (patterns, seen) = patterns(table, blocks, comparer, &sample, labelled, threads);
    maximise(&mut model, &guesses, &patterns);
    calibrate(&mut model, table, comparer, &seen, sample.len(), threads);
    model
}

/// How often records of one person differ at least: no data are so clean that a difference would be a proof. EM would otherwise confirm
/// itself where it has taken all that differ for two people.
fn least_different(kind: FieldKind) -> f64 {
    match kind {
        FieldKind::Forename | FieldKind::BirthDate | FieldKind::Gender => 0.002,
        FieldKind::Surname | FieldKind::Identifier => 0.01,
        FieldKind::Street | FieldKind::Email | FieldKind::Phone => 0.05,
        _ => 0.02,
    }
}

/// And at most: nearly everybody bears one forename for life. EM would otherwise take a few hundred records with many twins for people of
/// two names each.
fn most_different(kind: FieldKind) -> f64 {
    if kind == FieldKind::Forename { 0.08 } else { 1.0 }
}

/// How often people of one household are on each level at most, in what is a person's own. EM would otherwise take records of one person
/// in which much has changed for a second person, who lives there under the same name or number.
fn relatives_at_most(kind: FieldKind, levels: usize) -> Vec<f64> {
    let (same, alike) = match kind {
        FieldKind::Forename => (0.04, 0.02),
        FieldKind::BirthDate => (0.06, 0.06),
        FieldKind::Identifier => (0.4, 0.05),
        _ => (1.0, 1.0),
    };
    (0..levels)
        .map(|level| match level {
            0 => same,
            level if level + 1 == levels => 1.0,
            _ => alike,
        })
        .collect()
}

/// What is believed of a comparison before any data are seen, and how firmly.
struct Guess {
    person: Vec<f64>,
    household: Vec<f64>,
    chance: f64,
    /// How often records of one person differ, at least and at most.
    different: (f64, f64),
    /// How often people of one household are on each level, at most.
    relatives: Vec<f64>,
    /// The subject has no values that could be frequent or rare.
    rated: bool,
}

impl Guess {
    fn of(comparison: &Comparison) -> Self {
        let kind = match comparison.subject {
            Subject::Forename => FieldKind::Forename,
            Subject::Gender => FieldKind::Gender,
            Subject::Address => FieldKind::Street,
            Subject::Plain(kind) => kind,
        };
        // The same, different: between records of one person, and between people of one household.
        let (person, household) = match kind {
            FieldKind::Forename => ((0.80, 0.04), (0.02, 0.94)),
            FieldKind::Surname => ((0.85, 0.04), (0.75, 0.20)),
            FieldKind::BirthDate => ((0.88, 0.03), (0.01, 0.96)),
            FieldKind::Gender => ((0.95, 0.05), (0.35, 0.65)),
            FieldKind::Street => ((0.60, 0.15), (0.85, 0.05)),
            FieldKind::Email => ((0.60, 0.30), (0.10, 0.88)),
            FieldKind::Phone => ((0.65, 0.28), (0.35, 0.62)),
            FieldKind::Identifier => ((0.85, 0.10), (0.08, 0.90)),
            _ => ((0.70, 0.20), (0.30, 0.60)),
        };
        let levels = comparison.levels.len();
        Self {
            person: spread(person, levels),
            household: spread(household, levels),
            chance: chance(kind),
            different: (least_different(kind), most_different(kind)),
            relatives: relatives_at_most(kind, levels),
            rated: comparison.subject != Subject::Gender,
        }
    }

    /// How often strangers are on each level: what random pairs show, and what frequencies say of the same value.
    fn strangers(&self, seen: &[f64], same: f64) -> Vec<f64> {
        let total: f64 = seen.iter().sum();
        let last = seen.len() - 1;
        let mut shares: Vec<f64> = seen.iter().map(|n| (n + 0.3) / (total + 1.0)).collect();
        if self.rated {
            shares[0] = same.max(self.chance);
        }
        // Never seen at random is not never: it is as rare as what could not be seen.
        for share in shares.iter_mut().take(last) {
            *share = share.max(1e-7);
        }
        if total < 100.0 {
            for share in shares.iter_mut().take(last).skip(1) {
                *share = share.min(0.02);
            }
        }
        let others: f64 = shares[..last].iter().sum();
        shares[last] = (1.0 - others).max(0.01);
        shares
    }
}

/// Shares of levels: the first and the last as given, what is left falls off in between.
fn spread((same, different): (f64, f64), levels: usize) -> Vec<f64> {
    let between = levels.saturating_sub(2);
    let rest = 1.0 - same - different;
    let whole: f64 = (1..=between).map(|i| 1.0 / i as f64).sum();
    let mut shares = vec![same];
    shares.extend((1..=between).map(|i| rest / i as f64 / whole));
    shares.push(if between == 0 { 1.0 - same } else { different });
    shares.truncate(levels.max(1));
    shares
}

/// How likely two nodes hold the same value by chance.
fn same_by_chance(table: &Table, comparison: &Comparison) -> f64 {
    let dictionary = match comparison.subject {
        Subject::Address => &table.doors,
        _ => &table.dictionaries[comparison.domain],
    };
    let total: f64 = dictionary.counts.iter().map(|&c| f64::from(c)).sum();
    let squares: f64 = dictionary.counts.iter().map(|&c| f64::from(c) * (f64::from(c) - 1.0)).sum();
    if total < 2.0 { 0.0 } else { squares / (total * (total - 1.0)) }
}

/// A number that looks random and is the same in every run.
fn scatter(i: u64) -> u64 {
    mix(mix(i, 0x5bd1_e995), 0x1b87_3593)
}

/// How often random pairs are on each level.
fn random_levels(table: &Table, comparer: &Comparer, threads: usize) -> Vec<Vec<f64>> {
    let nodes = table.nodes() as u64;
    let empty: Vec<Vec<f64>> = comparer.comparisons.iter().map(|c| vec![0.0; c.levels.len()]).collect();
    if nodes < 2 {
        return empty;
    }
    let pairs = (RANDOM_PAIRS as u64).min(nodes * (nodes - 1) / 2 * 2) as usize;
    let counted = threads::pieces(pairs, 10_000, threads, |range| {
        let mut counts = empty.clone();
        let mut outcomes = vec![Outcome { level: 0, bits: 0.0 }; comparer.len()];
        for i in range {
            let a = scatter(i as u64 * 2) % nodes;
            let b = (a + 1 + scatter(i as u64 * 2 + 1) % (nodes - 1)) % nodes;
            comparer.compare(table, a as u32, b as u32, &mut outcomes);
            for (counts, outcome) in counts.iter_mut().zip(&outcomes) {
                if outcome.level != MISSING {
                    counts[usize::from(outcome.level)] += 1.0;
                }
            }
        }
        counts
    });
    let mut sum = empty;
    for counts in counted {
        for (sum, counts) in sum.iter_mut().flatten().zip(counts.iter().flatten()) {
            *sum += counts;
        }
    }
    sum
}

/// Nodes to learn from, picked by what they say and not by where they stand.
fn sample(table: &Table, most: usize) -> Vec<Node> {
    let nodes = table.nodes();
    let share = (most as f64 / nodes.max(1) as f64).min(1.0);
    let limit = (share * u64::MAX as f64) as u64;
    (0..nodes as u32).filter(|&n| nodes <= most || scatter(table.content(n)) <= limit).collect()
}

/// Patterns of levels and how often they come, by what was left out of sight.
#[derive(Default)]
struct Patterns {
    /// For each mask.
    groups: Vec<Vec<Pattern>>,
    /// Pairs that a human has decided.
    labelled: Vec<(Pattern, bool)>,
}

/// How the candidates of the sample compare, one after the other.
type Seen = Vec<Vec<Outcome>>;

struct Pattern {
    levels: Vec<u8>,
    count: f64,
}

fn pack(outcomes: &[Outcome], mask: u32) -> u64 {
    outcomes.iter().enumerate().take(16).fold(0, |packed, (i, outcome)| {
        let level = if mask >> i & 1 == 1 { MISSING } else { outcome.level };
        packed | u64::from(level) << (4 * i)
    })
}

fn unpack(packed: u64, comparisons: usize, count: f64) -> Pattern {
    Pattern { levels: (0..comparisons).map(|i| (packed >> (4 * i) & 15) as u8).collect(), count }
}

fn patterns(
    table: &Table,
    blocks: &Blocks,
    comparer: &Comparer,
    sample: &[Node],
    labelled: &[Labelled],
    threads: usize,
) -> (Patterns, Seen) {
    let counted = threads::pieces(sample.len(), 512, threads, |range| {
        let mut counts: HashMap<(u32, u64), f64, foldhash::fast::FixedState> = HashMap::default();
        let mut outcomes = vec![Outcome { level: 0, bits: 0.0 }; comparer.len()];
        let mut seen: Vec<(Node, u32)> = Vec::new();
        let mut all = Vec::new();
        for &a in &sample[range] {
            seen.clear();
            for block in blocks.of(a) {
                let mask = blocks.mask(block);
                seen.extend(blocks.members(block).iter().filter(|&&b| b != a).map(|&b| (b, mask)));
            }
            seen.sort_unstable();
            seen.dedup();
            for same in seen.chunk_by(|x, y| x.0 == y.0) {
                comparer.compare(table, a, same[0].0, &mut outcomes);
                all.extend_from_slice(&outcomes);
                for &(_, mask) in same {
                    *counts.entry((mask, pack(&outcomes, mask))).or_default() += 1.0;
                }
            }
        }
        (counts, all)
    });
    let (counted, seen): (Vec<_>, Seen) = counted.into_iter().unzip();
    let mut all: std::collections::BTreeMap<(u32, u64), f64> = std::collections::BTreeMap::new();
    for counts in counted {
        for (key, count) in counts {
            *all.entry(key).or_default() += count;
        }
    }
    let mut patterns = Patterns::default();
    let mut last = None;
    for ((mask, packed), count) in all {
        if last != Some(mask) {
            patterns.groups.push(Vec::new());
            last = Some(mask);
        }
        if let Some(group) = patterns.groups.last_mut() {
            group.push(unpack(packed, comparer.len(), count));
        }
    }
    let mut outcomes = vec![Outcome { level: 0, bits: 0.0 }; comparer.len()];
    for label in labelled {
        comparer.compare(table, label.a, label.b, &mut outcomes);
        let pattern = unpack(pack(&outcomes, 0), comparer.len(), LABEL_WEIGHT);
        patterns.labelled.push((pattern, label.same));
    }
    (patterns, seen)
}

/// EM: who is what under the weights, and the weights under who is what, until they agree.
fn maximise(model: &mut Model, guesses: &[Guess], patterns: &Patterns) {
    const FIRM: Three = [40.0, 150.0, 0.0];
    let mut shares: Vec<Three> = vec![[0.4, 0.3, 0.3]; patterns.groups.len()];
    for _ in 0..ROUNDS {
        let logs: Vec<[Vec<f64>; 3]> = model
            .weights
            .iter()
            .map(|w| [&w.person, &w.household, &w.stranger].map(|p| p.iter().map(|p| p.ln()).collect()))
            .collect();
        let mut counts: Vec<[Vec<f64>; 2]> = guesses
            .iter()
            .map(|g| {
                [(&g.person, FIRM[0]), (&g.household, FIRM[1])]
                    .map(|(p, firm)| p.iter().map(|p| p * firm).collect())
            })
            .collect();
        let mut add = |levels: &[u8], class: [f64; 2]| {
            for (counts, &level) in counts.iter_mut().zip(levels) {
                if level != MISSING {
                    counts[0][usize::from(level)] += class[0];
                    counts[1][usize::from(level)] += class[1];
                }
            }
        };
        for (group, shares) in patterns.groups.iter().zip(&mut shares) {
            let mut sums: Three = [1.0, 1.0, 1.0];
            for pattern in group {
                let posterior = posterior(&logs, shares, &pattern.levels);
                let [p, h, s] = posterior.map(|share| share * pattern.count);
                sums[0] += p;
                sums[1] += h;
                sums[2] += s;
                add(&pattern.levels, [p, h]);
            }
            let total: f64 = sums.iter().sum();
            *shares = sums.map(|s| s / total);
        }
        for (pattern, same) in &patterns.labelled {
            let among = if *same { [1.0, 0.0, 0.0] } else { [0.0, 0.5, 0.5] };
            let [p, h, _] = posterior(&logs, &among, &pattern.levels);
            add(&pattern.levels, [p * pattern.count, h * pattern.count]);
        }
        let mut moved: f64 = 0.0;
        for ((weights, guess), [mut person, mut household]) in
            model.weights.iter_mut().zip(guesses).zip(counts)
        {
            let total: f64 = person.iter().sum();
            if let Some(different) = person.last_mut() {
                *different = different.clamp(total * guess.different.0, total * guess.different.1);
            }
            let total: f64 = household.iter().sum();
            let mut over = 0.0;
            for ((count, most), stranger) in household.iter_mut().zip(&guess.relatives).zip(&weights.stranger)
            {
                // What strangers have in common by chance, relatives may have too.
                let most = total * most.max(stranger * 2.0);
                over += (*count - most).max(0.0);
                *count = count.min(most);
            }
            if let Some(different) = household.last_mut() {
                *different += over;
            }
            for (old, new) in [(&mut weights.person, person), (&mut weights.household, household)] {
                let total: f64 = new.iter().sum();
                for (old, new) in old.iter_mut().zip(new) {
                    let new = (new / total).max(1e-6);
                    moved = moved.max((new - *old).abs());
                    *old = new;
                }
            }
        }
        if moved < 1e-4 {
            break;
        }
    }
}

fn posterior(logs: &[[Vec<f64>; 3]], shares: &Three, levels: &[u8]) -> Three {
    let mut sums = shares.map(|s| s.max(1e-12).ln());
    for (logs, &level) in logs.iter().zip(levels) {
        if level != MISSING {
            for class in 0..3 {
                sums[class] += logs[class][usize::from(level)];
            }
        }
    }
    let most = sums.iter().copied().fold(f64::MIN, f64::max);
    let odds = sums.map(|s| (s - most).exp());
    let total: f64 = odds.iter().sum();
    odds.map(|o| o / total)
}

/// How likely two nodes are of one person, and of one household, before anything is compared: as many as there turn out to be.
fn calibrate(
    model: &mut Model,
    table: &Table,
    comparer: &Comparer,
    seen: &Seen,
    sample: usize,
    threads: usize,
) {
    let scale = Scale::new(model);
    let scorer = Scorer { table, comparer, scale: &scale };
    let sums: Vec<(f64, f64)> = threads::pieces(seen.len(), 1, threads, |range| {
        let outcomes = seen[range].iter().flat_map(|outcomes| outcomes.chunks_exact(comparer.len().max(1)));
        let sums = outcomes.map(|outcomes| {
            let Sums { person, household } = scorer.weigh(outcomes);
            (f64::from(person).exp2(), f64::from(household).exp2())
        });
        sums.collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    let others = (table.nodes().max(2) - 1) as f64;
    let pairs = sample.max(1) as f64 * others;
    // A few pairs that were never seen keep small tables from having no prior at all.
    let (mut person, mut household) = (1.0 / others.max(10.0), 0.5 / others.max(10.0));
    let (guess_person, guess_household) = (person, household);
    let firm = (5.0 * others.max(10.0)).min(pairs.max(1.0));
    for _ in 0..30 {
        let (mut p_sum, mut h_sum) = (0.0, 0.0);
        for (p, h) in &sums {
            let (p, h) = (p * person, h * household);
            let total = 1.0 + p + h;
            p_sum += p / total;
            h_sum += h / total;
        }
        person = (p_sum + guess_person * firm) / (pairs + firm);
        household = (h_sum + guess_household * firm) / (pairs + firm);
    }
    // Relatives who share little were no candidates and are not counted, nor are those whose address is not known.
    let addresses: f64 = table.doors.counts.iter().map(|&c| f64::from(c)).sum();
    let known = (addresses / table.nodes().max(1) as f64).min(1.0);
    let most = household / person * HIDDEN / (known * known).max(1e-6);
    household = household.max(person * RELATIVES.min(most));
    model.prior_person = person.log2();
    model.prior_household = household.log2();
}
