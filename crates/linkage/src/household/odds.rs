//! How likely two people live together, learned from the data.
//!
//! A pair of people comes with what it was found by (an address that three people have, a mailbox that two have …) and with how all else
//! compares that is not a person's own, over all of their records: somebody who was noted five times has five chances to show it. Pairs
//! that were found alike are a mixture of people who live together and of people who do not: neighbours, heirs of a telephone number,
//! namesakes in one town. How large the part of each is, is found by EM, for each thing and each number of its holders of its own. So a
//! house of one family and a tower are told apart by the data, and not by a rule.
//!
//! What keeps the two parts from changing places is the surname. How often strangers have one name is seen in random pairs. How often
//! people who live together have one is seen in those who share two things at once, such as an address and a number.

use super::LOUDEST;
use super::ages::{self, Life, Lives};
use super::shared::{Addresses, BINS, Person, Said, Source, Thing};
use crate::comparison::{Comparison, MISSING, OTHER_NUMBER, OTHER_PLACE, SLIP_IN_STREET, Subject};
use crate::fields::{self, FieldKind};
use crate::model::Model;
use crate::score::Scorer;
use crate::table::Node;
use crate::threads;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;

/// More records of a person than this say nothing new.
pub(super) const MOST: usize = 12;
/// The most traits that are looked at.
const TRAITS: usize = 18;
/// The most levels of a trait.
const LEVELS: usize = 16;

/// The trait of the ages of two people with one surname; that of two with two comes next.
const AGES: usize = TRAITS - 3;

/// How two people compare, trait by trait: the best level over all of their records. First the comparisons of records, then their ages,
/// by whether they have one surname, and their homes.
pub(super) type Traits = [u8; TRAITS];

/// What the homes of two people who share an address look like.
const HOMES: [&str; 4] =
    ["several shared", "one for both", "one of them elsewhere, too", "both elsewhere, too"];

/// Where two people who share an address were at last, if not at one, where records say when they were true. One record may be an old
/// address that somebody wrote down late; two of each are not.
const SINCE: [&str; 3] =
    ["one has moved since", "at two addresses", "at two addresses, as several records say"];

/// The first of these levels, of whom one may have come along. Before it come the levels of homes where nothing is known of when, and those of who was at one address.
const MOVED: usize = HOMES.len() * 2;

/// A pair of people with all that they share.
pub(super) struct Pair {
    pub(super) a: Person,
    pub(super) b: Person,
    pub(super) traits: Traits,
    /// What they were found by: source and bin.
    pub(super) found: Vec<(u8, u8)>,
    /// They may well be one person after all: nothing is learned from them.
    pub(super) alike: bool,
}

/// Compares people, by their nodes in the order of their first records.
pub(super) struct Onlooker<'s> {
    scorer: &'s Scorer<'s>,
    doors: Vec<usize>,
    address: Option<usize>,
    lives: Lives,
}

impl<'s> Onlooker<'s> {
    pub(super) fn new(scorer: &'s Scorer<'s>) -> Self {
        let doors = scorer.table.layout.addresses().iter().map(|a| a.door).collect();
        let of_address = |c: &Comparison| c.subject == Subject::Address;
        let address = scorer.comparer.comparisons.iter().position(of_address);
        Self { scorer, doors, address, lives: Lives::of(scorer.table) }
    }

    /// What two people have in common, and whether they may be one.
    pub(super) fn compare(&self, a: Said<'_>, b: Said<'_>) -> (Traits, bool) {
        let (said, [a, b]) = ([a, b], [a.nodes, b.nodes]);
        let comparisons = &self.scorer.comparer.comparisons;
        let table = self.scorer.table;
        let mut traits = [MISSING; TRAITS];
        for (i, (best, comparison)) in traits.iter_mut().zip(comparisons).take(AGES).enumerate() {
            if comparison.subject == Subject::Gender {
                continue;
            }
            for &x in a.iter().take(MOST) {
                for &y in b.iter().take(MOST) {
                    // Once the same, it does not get better.
                    if *best > 0 {
                        let outcome = self.scorer.comparer.one(table, i, table.row(x), table.row(y), &[]);
                        *best = (*best).min(outcome.level);
                    }
                }
            }
        }
        let mut alike = false;
        let mut names = None;
        for (best, comparison) in traits.iter_mut().zip(comparisons).take(AGES) {
            let different = comparison.levels.len() as u8 - 1;
            match comparison.subject {
                Subject::Forename => alike |= *best + 1 < different,
                Subject::Plain(FieldKind::BirthDate) if *best == different => alike = false,
                // One name or not: the levels between are for slips.
                Subject::Plain(FieldKind::Surname) if *best != MISSING => {
                    *best = u8::from(*best + 2 > different);
                    names = Some(usize::from(*best));
                }
                _ => {}
            }
            if comparison.is_personal() {
                *best = MISSING;
            }
        }
        let lives = [a, b].map(|nodes| self.life(nodes));
        if let (Some(names), Some(level)) = (names, ages::level(lives[0], lives[1])) {
            traits[AGES + names] = level;
        }
        traits[TRAITS - 1] = self.homes(said);
        (traits, alike)
    }

    fn life(&self, nodes: &[Node]) -> Life {
        self.lives.life(self.scorer.table, &nodes[..nodes.len().min(MOST)])
    }

    /// What the homes of two people look like who share an address, and where they were at last.
    fn homes(&self, [a, b]: [Said<'_>; 2]) -> u8 {
        let doors = |said: Said<'_>| {
            let mut doors: Vec<u32> = said
                .nodes
                .iter()
                .take(MOST)
                .flat_map(|&node| self.doors.iter().map(move |&door| self.scorer.table.row(node)[door]))
                .filter(|&door| door > 0)
                .collect();
            doors.sort_unstable();
            doors.dedup();
            doors
        };
        let (of_a, of_b) = (doors(a), doors(b));
        let shared = match of_a.iter().filter(|&door| of_b.contains(door)).count() {
            0 => return MISSING,
            1 => 1 + usize::from(of_a.len() > 1) + usize::from(of_b.len() > 1),
            _ => 0,
        };
        let level = match self.since(a, b) {
            None => shared,
            Some(None) => HOMES.len() + shared,
            Some(Some(since)) => MOVED + since,
        };
        level as u8
    }

    /// Where two people were at last, as a place of [`SINCE`]: `Some(None)` at one address, `None` if it is not known of both.
    fn since(&self, a: Said<'_>, b: Said<'_>) -> Option<Option<usize>> {
        let dated = |said: Said<'_>| -> Vec<(u32, Node)> {
            let dated = said.as_of.iter().copied().zip(said.nodes.iter().copied()).take(MOST);
            dated.filter(|&(as_of, node)| as_of > 0 && self.has_door(node)).collect()
        };
        let (mut later, mut earlier) = (dated(a), dated(b));
        let (mut last, mut first) = (*later.iter().max()?, *earlier.iter().max()?);
        if last.0 < first.0 {
            (later, earlier, last, first) = (earlier, later, first, last);
        }
        if self.is_one_place(last.1, first.1) {
            return Some(None);
        }
        // Whoever was heard of later left where the other was at that time, who may have come along since.
        let at = |said: &[(u32, Node)], place: Node| -> Vec<(u32, Node)> {
            said.iter().copied().filter(|&(_, node)| self.is_one_place(node, place)).collect()
        };
        let (stays, there) = (at(&later, last.1), at(&earlier, first.1));
        let arrived = stays.iter().all(|&(as_of, _)| as_of >= first.0);
        let left = !at(&later, first.1).is_empty();
        let often = |said: &[(u32, Node)]| {
            said.iter().map(|&(_, node)| u64::from(self.scorer.table.held(node))).sum::<u64>() > 1
        };
        Some(Some(match (left && arrived, often(&stays) && often(&there)) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => 2,
        }))
    }

    fn has_door(&self, node: Node) -> bool {
        self.doors.iter().any(|&door| self.scorer.table.row(node)[door] > 0)
    }

    /// What the addresses of two people say who do not share one to the letter.
    pub(super) fn addresses(&self, a: Said<'_>, b: Said<'_>) -> Addresses {
        let Some(address) = self.address else { return Addresses::Apart };
        let table = self.scorer.table;
        let mut near = false;
        for &x in a.nodes.iter().take(MOST).filter(|&&x| self.has_door(x)) {
            for &y in b.nodes.iter().take(MOST).filter(|&&y| self.has_door(y)) {
                let (x, y) = (table.row(x), table.row(y));
                match self.scorer.comparer.one(table, address, x, y, &[]).level {
                    OTHER_NUMBER => return Addresses::Neighbours,
                    OTHER_PLACE => {}
                    level if level <= SLIP_IN_STREET && self.is_other_flat(x, y) => {
                        return Addresses::Neighbours;
                    }
                    level => near |= level <= SLIP_IN_STREET,
                }
            }
        }
        if near { Addresses::Near } else { Addresses::Apart }
    }

    /// Whether two rows name a flat each, which are two.
    fn is_other_flat(&self, x: &[u32], y: &[u32]) -> bool {
        let table = self.scorer.table;
        table.addresses().iter().any(|address| {
            let street = table.dictionary(address.street);
            let (s, t) = (x[address.street], y[address.street]);
            s > 0 && t > 0 && fields::are_other_flats(street.value(s), street.value(t))
        })
    }

    /// Whether two nodes name one home, be it with a slip.
    fn is_one_place(&self, a: Node, b: Node) -> bool {
        let Some(address) = self.address else { return false };
        let table = self.scorer.table;
        self.scorer.comparer.one(table, address, table.row(a), table.row(b), &[]).level <= SLIP_IN_STREET
    }
}

/// Shares of the levels of each trait.
type Shares = [[f64; LEVELS]; TRAITS];

/// What is believed beforehand, as so many pairs.
const FIRM: f64 = 50.0;
/// Never seen is not never.
const LEAST: f64 = 1e-6;
const ROUNDS: usize = 50;

/// What pairs that were found by one source say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Weighed {
    /// How large the part of those is who live together, by how common the thing is.
    together: [f64; BINS],
    /// What each level says for one household, in bits: log2 of its share there over that among strangers.
    weights: Shares,
    /// Traits that the source has said already.
    hidden: [bool; TRAITS],
}

/// The same while it is learned.
#[derive(Clone)]
struct Learned {
    household: Shares,
    stranger: Shares,
    weighed: Weighed,
}

/// How likely people live together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Odds {
    by_source: Vec<Weighed>,
    /// What levels say by the kernel's model alone, before any pairs of people were seen.
    beforehand: Shares,
}

/// What is believed of things beforehand, by how many hold them; and of names, by how many others chance would bring there.
const SHARED: [f64; BINS] = [0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02];
const NAMED: [f64; BINS] = [0.6, 0.5, 0.4, 0.2, 0.1, 0.05, 0.02, 0.01];
/// What is believed of the address of two people of one place, for those who live together and for those who do not; whether the street is
/// known says nothing.
const IN_PLACE: [[f64; 9]; 2] = [
    [0.80, 0.01, 0.03, 0.03, 0.03, 0.10, 0.10, 0.01, 0.01],
    [0.01, 0.01, 0.01, 0.01, 0.05, 0.10, 0.90, 0.01, 0.01],
];
/// The same of two people of one city.
const IN_CITY: [[f64; 9]; 2] = [
    [0.70, 0.06, 0.04, 0.06, 0.03, 0.02, 0.03, 0.05, 0.01],
    [0.01, 0.01, 0.01, 0.01, 0.02, 0.04, 0.20, 0.69, 0.01],
];
/// The same of two people whose addresses are one, but for a slip.
const NEAR: [[f64; 9]; 2] = [
    [0.35, 0.01, 0.30, 0.30, 0.01, 0.01, 0.01, 0.01, 0.01],
    [0.15, 0.01, 0.60, 0.20, 0.01, 0.01, 0.01, 0.01, 0.01],
];
/// What is believed of homes: of people who live together, and of those who do not.
const HOMES_GUESS: [[f64; HOMES.len()]; 2] = [[0.15, 0.50, 0.25, 0.10], [0.02, 0.48, 0.35, 0.15]];
/// The same of those who were at two addresses at last.
const SINCE_GUESS: [[f64; SINCE.len()]; 2] = [[0.100, 0.040, 0.005], [0.25, 0.30, 0.20]];

impl Odds {
    pub(super) fn learn(model: &Model, sources: &[Source], pairs: &[Pair], threads: usize) -> Self {
        let comparisons: Vec<&Comparison> = model.weights.iter().map(|w| &w.comparison).collect();
        let surname = comparisons.iter().position(|c| c.subject == Subject::Plain(FieldKind::Surname));
        let (household, stranger) = guesses(model, surname, one_name(sources, pairs, surname));
        let hidden: Vec<[bool; TRAITS]> = sources
            .iter()
            .map(|source| {
                std::array::from_fn(|i| match comparisons.get(i) {
                    Some(comparison) => source.covers(comparison),
                    None => false,
                })
            })
            .collect();
        let address = comparisons.iter().position(|c| c.subject == Subject::Address);
        let by_source = threads::pieces(sources.len(), 1, threads, |range| {
            let number = range.start;
            let (source, hidden) = (&sources[number], &hidden[number]);
            let patterns = patterns(pairs, number as u8, hidden);
            let guess = if source.thing.is_name() { NAMED } else { SHARED };
            let mut start = Learned::new(guess, household, stranger, *hidden);
            let guess_address = match source.thing {
                // They were found in one place; what is left is whether they are behind one door there.
                Thing::Name(FieldKind::City) => Some(IN_CITY),
                Thing::Name(_) => Some(IN_PLACE),
                Thing::Near => Some(NEAR),
                _ => None,
            };
            if let (Some(guess), Some(address)) = (guess_address, address) {
                for (shares, guess) in [&mut start.household, &mut start.stranger].into_iter().zip(guess) {
                    shares[address][..guess.len()].copy_from_slice(&guess);
                }
            }
            maximise(start, &guess, &patterns, surname).weighed
        });
        let beforehand = Learned::new(SHARED, household, stranger, [false; TRAITS]).weighed.weights;
        Self { by_source, beforehand }
    }

    /// log2 of the odds that two people who share something live together: the mean over all that they were found by, and no more
    /// than [`LOUDEST`].
    pub(super) fn score(&self, pair: &Pair) -> f32 {
        self.rate(&pair.traits, &pair.found)
    }

    /// The same of what two people have in common, by the sources and bins that they were found by.
    pub(super) fn rate(&self, traits: &Traits, found: &[(u8, u8)]) -> f32 {
        let scores = found.iter().filter_map(|&(source, bin)| {
            let weighed = self.by_source.get(usize::from(source))?;
            Some(weighed.odds(traits, usize::from(bin)))
        });
        let score = (scores.sum::<f64>() / found.len().max(1) as f64) as f32;
        score.clamp(-LOUDEST, LOUDEST)
    }

    /// What speaks against two people who share nothing: that they live at different addresses, under other numbers.
    pub(super) fn against(&self, traits: &Traits) -> f32 {
        // Their ages say nothing: whole families are of all ages.
        let weights = traits.iter().take(AGES).enumerate().filter(|(_, level)| **level != MISSING);
        weights.map(|(i, &level)| self.beforehand[i][usize::from(level)].min(0.0)).sum::<f64>() as f32
    }
}

impl Weighed {
    fn odds(&self, traits: &Traits, bin: usize) -> f64 {
        let together = self.together[bin];
        let known = traits.iter().enumerate().filter(|(i, level)| **level != MISSING && !self.hidden[*i]);
        let odds = (together / (1.0 - together)).log2()
            + known.map(|(i, &level)| self.weights[i][usize::from(level)]).sum::<f64>();
        let last = traits[TRAITS - 1];
        if last == MISSING || usize::from(last) <= MOVED {
            return odds;
        }
        // However much they have in common, it does not drown that they were at two addresses.
        let since = self.weights[TRAITS - 1][usize::from(last)].min(0.0);
        (odds - since).min(f64::from(LOUDEST)) + since
    }
}

impl Learned {
    fn new(together: [f64; BINS], household: Shares, stranger: Shares, hidden: [bool; TRAITS]) -> Self {
        let weighed = Weighed { together, weights: [[0.0; LEVELS]; TRAITS], hidden };
        let mut new = Self { household, stranger, weighed };
        new.weigh();
        new
    }

    fn weigh(&mut self) {
        for (weights, (household, stranger)) in
            self.weighed.weights.iter_mut().zip(self.household.iter().zip(&self.stranger))
        {
            *weights = std::array::from_fn(|level| (household[level] / stranger[level]).log2());
        }
    }
}

fn mask(traits: &Traits, hidden: &[bool; TRAITS]) -> Traits {
    std::array::from_fn(|i| if hidden[i] { MISSING } else { traits[i] })
}

/// The levels of a trait that exclude each other.
fn distributions(of: usize) -> Vec<Range<usize>> {
    match of {
        of if (AGES..AGES + 2).contains(&of) => ages::KNOWN.to_vec(),
        // Whether it is known where they were at last says nothing.
        of if of == TRAITS - 1 => vec![0..HOMES.len(), HOMES.len()..MOVED + SINCE.len()],
        _ => std::iter::once(0..LEVELS).collect(),
    }
}

/// How often people who surely live together have one surname.
fn one_name(sources: &[Source], pairs: &[Pair], surname: Option<usize>) -> f64 {
    let Some(surname) = surname else { return 0.7 };
    let (mut all, mut one) = (10.0, 7.0);
    let sure = |pair: &&Pair| {
        let things = pair.found.iter().filter(|(source, bin)| {
            !sources[usize::from(*source)].thing.is_name() && usize::from(*bin) < BINS / 2
        });
        !pair.alike && pair.traits[surname] != MISSING && things.count() > 1
    };
    for pair in pairs.iter().filter(sure) {
        all += 1.0;
        one += f64::from(u8::from(pair.traits[surname] == 0));
    }
    (one / all).clamp(0.3, 0.95)
}

/// What is believed of the traits beforehand, by the kernel's model of records.
fn guesses(model: &Model, surname: Option<usize>, one_name: f64) -> (Shares, Shares) {
    let mut shares = [[[LEAST; LEVELS]; TRAITS]; 2];
    for (i, weights) in model.weights.iter().enumerate().take(AGES) {
        let levels = weights.household.len().min(LEVELS);
        if Some(i) == surname {
            let by_chance: f64 = weights.stranger.iter().rev().skip(2).sum();
            let by_chance = by_chance.clamp(1e-4, 0.2);
            for (shares, one) in shares.iter_mut().zip([one_name, by_chance]) {
                shares[i][..2].copy_from_slice(&[one, 1.0 - one]);
            }
            continue;
        }
        for (shares, from) in shares.iter_mut().zip([&weights.household, &weights.stranger]) {
            for (share, &guess) in shares[i].iter_mut().zip(&from[..levels]) {
                *share = guess.max(LEAST);
            }
        }
    }
    let [household, stranger] = &mut shares;
    for names in 0..2 {
        for (shares, guess) in [(&mut *household, ages::guess(names)), (&mut *stranger, ages::guess(2))] {
            shares[AGES + names][..guess.len()].copy_from_slice(&guess);
        }
    }
    for (shares, (homes, since)) in shares.iter_mut().zip(HOMES_GUESS.into_iter().zip(SINCE_GUESS)) {
        let together = 1.0 - since.iter().sum::<f64>();
        let (alone, dated) = shares[TRAITS - 1].split_at_mut(HOMES.len());
        alone.copy_from_slice(&homes);
        let dated = dated.iter_mut().zip(homes.iter().map(|home| home * together).chain(since));
        dated.for_each(|(share, guess)| *share = guess);
    }
    let [household, stranger] = shares;
    (household, stranger)
}

/// Patterns of traits and how often they come, of all pairs that a source has found.
fn patterns(pairs: &[Pair], number: u8, hidden: &[bool; TRAITS]) -> BTreeMap<(u8, Traits), f64> {
    let mut patterns = BTreeMap::new();
    for pair in pairs.iter().filter(|pair| !pair.alike) {
        for &(_, bin) in pair.found.iter().filter(|(source, _)| *source == number) {
            *patterns.entry((bin, mask(&pair.traits, hidden))).or_default() += 1.0;
        }
    }
    patterns
}

/// EM: who lives together under the shares, and the shares under who lives together, until they agree. The surname is the anchor and stays.
fn maximise(
    mut learned: Learned,
    guess: &[f64; BINS],
    patterns: &BTreeMap<(u8, Traits), f64>,
    surname: Option<usize>,
) -> Learned {
    let start = learned.clone();
    for _ in 0..ROUNDS {
        learned.weigh();
        let mut parts = guess.map(|share| [share * 10.0, 10.0]);
        let mut counts = [start.household, start.stranger].map(|shares| shares.map(|s| s.map(|p| p * FIRM)));
        for ((bin, traits), count) in patterns {
            let together = 1.0 / (1.0 + (-learned.weighed.odds(traits, usize::from(*bin))).exp2());
            let both = [together * count, (1.0 - together) * count];
            parts[usize::from(*bin)][0] += both[0];
            parts[usize::from(*bin)][1] += count;
            for (i, &level) in traits.iter().enumerate().filter(|(_, level)| **level != MISSING) {
                for (counts, part) in counts.iter_mut().zip(both) {
                    counts[i][usize::from(level)] += part;
                }
            }
        }
        learned.weighed.together = parts.map(|[part, all]| (part / all).clamp(0.0005, 0.995));
        for (i, (household, stranger)) in
            learned.household.iter_mut().zip(learned.stranger.iter_mut()).enumerate()
        {
            if Some(i) == surname {
                continue;
            }
            for (shares, counts) in [household, stranger].into_iter().zip(&counts) {
                for levels in distributions(i) {
                    let total: f64 = counts[i][levels.clone()].iter().sum();
                    for (share, count) in shares[levels.clone()].iter_mut().zip(&counts[i][levels]) {
                        *share = (count / total).max(LEAST);
                    }
                }
            }
        }
    }
    learned.weigh();
    learned
}
