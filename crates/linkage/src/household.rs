//! Households: a second layer over people, which never merges them.
//!
//! A household is people who live together, or who share an account. They are looked for where they share an address, a number, a mailbox
//! or an account, or a surname in one place (`shared`). How likely two of them live together is learned from all such pairs (`odds`). The
//! pairs hang together in components, and within these, groups are merged best first by *average linkage*, so that a chain of neighbours
//! does not become one household, and each person is of exactly one: the one that fits best.

mod ages;
pub mod live;
mod odds;
mod shared;

use crate::cluster::Sets;
use crate::model::Model;
use crate::score::Scorer;
use crate::settings::Settings;
use crate::threads;
use crate::warnings::Warning;
use odds::{Odds, Onlooker, Pair};
use serde::{Deserialize, Serialize};
use shared::{Frequencies, People, Person};

/// A household has hardly ever more people than this; what hangs together beyond is cut where it is weakest.
const LARGEST: usize = 60;
/// No pair says more than this, in bits: two who share much do not pull in a third.
const LOUDEST: f32 = 4.0;

/// Two people and log2 of the odds that they live together.
type Edge = (Person, Person, f32);

/// What was learned of households, beside [`Model`]. Frozen, it finds those of people who come later as it found those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HomeModel {
    odds: Odds,
    frequencies: Frequencies,
}

/// The household of each record, from 0, in the order of their first records; what was learned, or given; and what is odd.
pub fn households(
    scorer: &Scorer<'_>,
    model: &Model,
    frozen: Option<HomeModel>,
    people: &[Person],
    count: usize,
    settings: &Settings,
) -> (Vec<u32>, HomeModel, Vec<Warning>) {
    let threads = threads::count(settings.threads);
    let mut warnings = Vec::new();
    let of = People::of(scorer.table, people, count);
    let sources = shared::sources(scorer.table);
    let (frozen, frequencies) = match frozen {
        Some(HomeModel { odds, frequencies }) => (Some(odds), frequencies),
        None => (None, Frequencies::count(scorer.table, &of, threads)),
    };
    let shared = shared::pairs(scorer.table, &of, &sources, &frequencies, settings, &mut warnings);
    let groups: Vec<&[shared::Shared]> = shared.chunk_by(|x, y| (x.a, x.b) == (y.a, y.b)).collect();
    let pairs: Vec<Pair> = threads::pieces(groups.len(), 4_096, threads, |range| {
        let onlooker = Onlooker::new(scorer);
        let pair = |group: &&[shared::Shared]| {
            let (a, b) = (group[0].a, group[0].b);
            let mut found = group.iter().map(|s| (s.source, s.bin)).collect();
            shared::telling(&mut found, &sources, || onlooker.addresses(of.said(a), of.said(b)));
            if found.is_empty() {
                return None;
            }
            let (traits, alike) = onlooker.compare(of.said(a), of.said(b));
            Some(Pair { a, b, traits, found, alike })
        };
        groups[range].iter().filter_map(pair).collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    let odds = frozen.unwrap_or_else(|| Odds::learn(model, &sources, &pairs, threads));
    let edges = threads::pieces(pairs.len(), 65_536, threads, |range| {
        pairs[range].iter().map(|p| (p.a, p.b, odds.score(p))).collect::<Vec<Edge>>()
    });
    let edges: Vec<Edge> = edges.into_iter().flatten().collect();
    drop(pairs);
    let mut homes = Sets::new(count);
    let onlooker = Onlooker::new(scorer);
    let score = |a: Person, b: Person| match edges.binary_search_by(|e| (e.0, e.1).cmp(&(a, b))) {
        Ok(at) => edges[at].2,
        // They share nothing: that says nothing, unless both are known to live elsewhere.
        Err(_) => odds.against(&onlooker.compare(of.said(a), of.said(b)).0),
    };
    let threshold = settings.household_threshold as f32;
    let all: Vec<Edge> = edges.iter().copied().filter(|e| e.2 > threshold).collect();
    split(all, threshold, count, &mut |people, threshold| {
        agglomerate(people, &score, threshold, &mut |a, b| homes.join(a, b));
    });
    (numbered(people, count, &mut homes), HomeModel { odds, frequencies }, warnings)
}

/// The threshold at which components that are too large at this one are cut; `None` if no pair says as much.
fn stricter(threshold: f32) -> Option<f32> {
    Some(threshold.max(0.0) + 1.0).filter(|&next| next <= LOUDEST)
}

/// Hands out the components of edges; what is too large is cut at a higher threshold.
fn split(edges: Vec<Edge>, threshold: f32, count: usize, each: &mut dyn FnMut(&[Person], f32)) {
    let mut sets = Sets::new(count);
    edges.iter().for_each(|e| sets.join(e.0, e.1));
    let mut members: Vec<(u32, Person)> =
        edges.iter().flat_map(|e| [e.0, e.1]).map(|person| (sets.root(person), person)).collect();
    members.sort_unstable();
    members.dedup();
    let mut large = std::collections::BTreeSet::new();
    for group in members.chunk_by(|x, y| x.0 == y.0) {
        if group.len() > LARGEST {
            large.insert(group[0].0);
            continue;
        }
        let people: Vec<Person> = group.iter().map(|(_, person)| *person).collect();
        each(&people, threshold);
    }
    if !large.is_empty()
        && let Some(threshold) = stricter(threshold)
    {
        let rest = edges.into_iter().filter(|e| e.2 > threshold && large.contains(&sets.root(e.0))).collect();
        split(rest, threshold, count, each);
    }
}

/// Merges groups of people, the likeliest first, as long as they are one household on average. `people` are in order.
fn agglomerate(
    people: &[Person],
    score: &dyn Fn(Person, Person) -> f32,
    threshold: f32,
    join: &mut dyn FnMut(Person, Person),
) {
    let n = people.len();
    if let [a, b] = people {
        return join(*a, *b);
    }
    let mut sums = vec![0.0f32; n * n];
    for i in 0..n {
        for j in i + 1..n {
            let score = score(people[i], people[j]);
            sums[i * n + j] = score;
            sums[j * n + i] = score;
        }
    }
    let mut sizes = vec![1.0f32; n];
    loop {
        let mut best: Option<(f32, usize, usize)> = None;
        for i in (0..n).filter(|&i| sizes[i] > 0.0) {
            for j in (i + 1..n).filter(|&j| sizes[j] > 0.0) {
                let mean = sums[i * n + j] / (sizes[i] * sizes[j]);
                if mean > threshold && best.is_none_or(|(most, ..)| mean > most) {
                    best = Some((mean, i, j));
                }
            }
        }
        let Some((_, i, j)) = best else { return };
        join(people[i], people[j]);
        sizes[i] += sizes[j];
        sizes[j] = 0.0;
        for k in 0..n {
            sums[i * n + k] += sums[j * n + k];
            sums[k * n + i] = sums[i * n + k];
        }
    }
}

/// Numbers in the order of the first records.
fn numbered(people: &[Person], count: usize, homes: &mut Sets) -> Vec<u32> {
    let mut numbers = vec![u32::MAX; count];
    let mut next = 0;
    people
        .iter()
        .map(|&person| {
            let number = &mut numbers[homes.root(person) as usize];
            if *number == u32::MAX {
                *number = next;
                next += 1;
            }
            *number
        })
        .collect()
}
