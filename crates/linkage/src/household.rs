//! Households: a second layer over people, which never merges them.
//!
//! Two people are of one household when what they share is far more likely between relatives than between strangers: the model's third
//! class says how much (see [`crate::model`]). They are looked for where they share an address, a number, a mailbox or an account, or the
//! surname and the postcode.
//!
//! What an address says depends on the house: behind one door there is a family or a flat share, in a tower there are strangers. The data
//! say which, by the surnames. Among people who surely live together (they share an address *and* a number or mailbox), some part has one
//! surname, `s`. Among all who share an address that `k` people have, the part with one surname is some `t`; strangers hardly ever have
//! one surname, so about `t / s` of those pairs live together. The same holds for numbers, mailboxes and accounts.

use crate::cluster::Sets;
use crate::comparison::{MISSING, Outcome, Subject};
use crate::dictionary::mix;
use crate::fields::FieldKind;
use crate::score::Scorer;
use crate::settings::Settings;
use crate::table::{Node, Table};
use crate::threads;
use std::collections::BTreeSet;

/// A number for each record: people.
type Person = u32;

/// The nodes of each person, and of nodes that are no person of their own the first record's person.
struct People {
    starts: Vec<u32>,
    nodes: Vec<Node>,
}

impl People {
    fn of(table: &Table, people: &[Person], count: usize) -> Self {
        let mut pairs: Vec<(Person, Node)> = people
            .iter()
            .enumerate()
            .map(|(record, &person)| (person, table.node_of(record as u32)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0u32; count + 1];
        for (person, _) in &pairs {
            starts[*person as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        Self { starts, nodes: pairs.into_iter().map(|(_, node)| node).collect() }
    }

    fn nodes(&self, person: Person) -> &[Node] {
        &self.nodes[self.starts[person as usize] as usize..self.starts[person as usize + 1] as usize]
    }
}

/// What people may share, and what a household is looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    Door,
    Phone,
    Mailbox,
    Account,
    /// Surname and postcode.
    Name,
}

const KINDS: usize = 4;
/// How many people hold what is shared: 2, 3, 4, 5 to 6, 7 to 8, 9 to 16, more.
const SIZES: usize = 7;

fn size_bin(people: usize) -> u8 {
    match people {
        0..=2 => 0,
        3 => 1,
        4 => 2,
        5..=6 => 3,
        7..=8 => 4,
        9..=16 => 5,
        _ => 6,
    }
}

/// Two people who share something, and how many people share it.
type Pair = (Person, Person, Shared, u8);

/// The household of each record, from 0, in the order of their first records.
pub fn households(scorer: &Scorer<'_>, people: &[Person], count: usize, settings: &Settings) -> Vec<u32> {
    let of = People::of(scorer.table, people, count);
    let mut pairs = pairs(scorer.table, &of, count, settings);
    pairs.sort_unstable();
    pairs.dedup_by_key(|p| (p.0, p.1, p.2));
    let groups: Vec<&[Pair]> = pairs.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
    let threads = threads::count(settings.threads);
    let best: Vec<Best> = threads::pieces(groups.len(), 4_096, threads, |range| {
        let mut outcomes = scorer.outcomes();
        groups[range].iter().map(|g| Best::of(scorer, &of, g[0].0, g[0].1, &mut outcomes)).collect::<Vec<_>>()
    })
    .into_iter()
    .flatten()
    .collect();
    let odds = Odds::learn(&groups, &best);
    let threshold = settings.household_threshold as f32;
    let mut sets = Sets::new(count);
    for (group, best) in groups.iter().zip(&best) {
        if best.score(scorer).max(odds.score(group, best)) >= threshold {
            sets.join(group[0].0, group[0].1);
        }
    }
    let mut numbers = vec![u32::MAX; count];
    let mut next = 0;
    people
        .iter()
        .map(|&person| {
            let number = &mut numbers[sets.root(person) as usize];
            if *number == u32::MAX {
                *number = next;
                next += 1;
            }
            *number
        })
        .collect()
}

/// Pairs of people who share something that households share.
fn pairs(table: &Table, of: &People, count: usize, settings: &Settings) -> Vec<Pair> {
    let layout = &table.layout;
    let addresses = layout.addresses();
    let surnames = layout.slots_of_kind(FieldKind::Surname);
    let postcodes = layout.slots_of_kind(FieldKind::Postcode);
    let mut found = Vec::new();
    let mut shared: Vec<(u64, Person)> = Vec::new();
    let mut put = |shared: &mut Vec<(u64, Person)>, kind: Shared| {
        shared.sort_unstable();
        shared.dedup();
        for block in shared.chunk_by(|a, b| a.0 == b.0) {
            let bin = size_bin(block.len());
            if block.len() <= settings.household_cap {
                all_pairs(block, kind, bin, &mut found);
                continue;
            }
            // Many people: those with one surname.
            let mut named: Vec<(u64, Person)> = Vec::new();
            for &(key, person) in block {
                let names: BTreeSet<u32> = of
                    .nodes(person)
                    .iter()
                    .flat_map(|&node| surnames.iter().map(move |&s| table.row(node)[s]))
                    .filter(|&v| v > 0)
                    .collect();
                named.extend(names.iter().map(|&name| (mix(key, u64::from(name)), person)));
            }
            named.sort_unstable();
            for block in named.chunk_by(|a, b| a.0 == b.0) {
                if block.len() <= settings.household_cap * 4 {
                    all_pairs(block, kind, bin, &mut found);
                }
            }
        }
        shared.clear();
    };
    let each = |shared: &mut Vec<(u64, Person)>, keys: &dyn Fn(&[u32], &mut dyn FnMut(u64))| {
        for person in 0..count as u32 {
            for &node in of.nodes(person) {
                keys(table.row(node), &mut |key| shared.push((key, person)));
            }
        }
    };
    for domain in 0..layout.domains.len() {
        let kind = match layout.domains[domain].kind {
            FieldKind::Phone => Shared::Phone,
            FieldKind::Email => Shared::Mailbox,
            FieldKind::Identifier => Shared::Account,
            _ => continue,
        };
        let slots = layout.slots_of(domain);
        each(&mut shared, &|row, put| {
            slots.iter().filter(|&&s| row[s] > 0).for_each(|&s| put(u64::from(row[s])));
        });
        put(&mut shared, kind);
    }
    each(&mut shared, &|row, put| {
        addresses.iter().filter(|a| row[a.door] > 0).for_each(|a| put(u64::from(row[a.door])));
    });
    put(&mut shared, Shared::Door);
    each(&mut shared, &|row, put| {
        for &surname in surnames.iter().filter(|&&s| row[s] > 0) {
            for &postcode in postcodes.iter().filter(|&&s| row[s] > 0) {
                put(mix(u64::from(row[surname]), u64::from(row[postcode])));
            }
        }
    });
    put(&mut shared, Shared::Name);
    found
}

fn all_pairs(block: &[(u64, Person)], kind: Shared, bin: u8, found: &mut Vec<Pair>) {
    for (i, &(_, a)) in block.iter().enumerate() {
        for &(_, b) in &block[i + 1..] {
            if a != b {
                found.push((a.min(b), a.max(b), kind, bin));
            }
        }
    }
}

/// What is most alike of two people, field by field: people move, and have several numbers.
struct Best {
    /// What the surname says for one household against strangers.
    surname: f32,
    /// Whether the surnames are alike; nothing if one has none.
    one_name: Option<bool>,
    /// What all else says that is not a person's own.
    rest: f32,
}

impl Best {
    fn of(scorer: &Scorer<'_>, of: &People, a: Person, b: Person, outcomes: &mut [Outcome]) -> Self {
        const MOST: usize = 12;
        let comparisons = &scorer.comparer.comparisons;
        let mut best: [Option<(f32, u8)>; 32] = [None; 32];
        for &x in of.nodes(a).iter().take(MOST) {
            for &y in of.nodes(b).iter().take(MOST) {
                scorer.comparer.compare(scorer.table, x, y, outcomes);
                for (i, outcome) in outcomes.iter().enumerate().take(best.len()) {
                    if outcome.level != MISSING && !comparisons[i].is_personal() {
                        let weight = scorer.scale.weigh(i, *outcome).1;
                        if best[i].is_none_or(|(most, _)| weight > most) {
                            best[i] = Some((weight, outcome.level));
                        }
                    }
                }
            }
        }
        let mut found = Self { surname: 0.0, one_name: None, rest: 0.0 };
        for (comparison, best) in comparisons.iter().zip(best) {
            let Some((weight, level)) = best else { continue };
            if comparison.subject == Subject::Plain(FieldKind::Surname) {
                found.surname = weight;
                found.one_name = Some(usize::from(level) + 2 < comparison.levels.len());
            } else {
                found.rest += weight;
            }
        }
        found
    }

    /// By the model: log2 of the odds of one household against strangers.
    fn score(&self, scorer: &Scorer<'_>) -> f32 {
        scorer.scale.priors[1] + self.surname + self.rest
    }
}

/// How likely people live together who share something that so many share.
struct Odds {
    /// log2 of the odds if the surnames are alike, if they are not, and if one is not known; by what is shared and by how many.
    by: [[[f32; 3]; SIZES]; KINDS],
}

impl Odds {
    fn learn(groups: &[&[Pair]], best: &[Best]) -> Self {
        // Pairs with known surnames, and those of them with one surname.
        let mut all = [[(0.0f32, 0.0f32); SIZES]; KINDS];
        let (mut sure, mut sure_one) = (10.0f32, 6.0f32);
        for (group, best) in groups.iter().zip(best) {
            let Some(one) = best.one_name else { continue };
            let one = f32::from(u8::from(one));
            let kinds = group.iter().filter(|p| p.2 != Shared::Name);
            if kinds.clone().any(|p| p.2 == Shared::Door) && kinds.clone().count() > 1 {
                sure += 1.0;
                sure_one += one;
            }
            for &&(_, _, kind, bin) in &kinds.collect::<Vec<_>>() {
                let (pairs, ones) = &mut all[kind as usize][usize::from(bin)];
                *pairs += 1.0;
                *ones += one;
            }
        }
        let share = (sure_one / sure).clamp(0.2, 0.95);
        let mut by = [[[0.0; 3]; SIZES]; KINDS];
        for (by, all) in by.iter_mut().flatten().zip(all.iter().flatten()) {
            // As if 20 more had been seen, of whom few live together.
            let together = ((all.1 + 20.0 * 0.2 * share) / (all.0 + 20.0) / share).clamp(0.001, 0.98);
            // One in 200 strangers has a surname that looks alike.
            let odds = |h: f32, u: f32| (together * h / ((1.0 - together) * u)).log2();
            *by = [odds(share, 0.005), odds(1.0 - share, 0.995), odds(1.0, 1.0)];
        }
        Self { by }
    }

    /// log2 of the odds of one household, by the strongest that is shared.
    fn score(&self, group: &[Pair], best: &Best) -> f32 {
        let name = match best.one_name {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        };
        let strongest = group.iter().filter(|p| p.2 != Shared::Name);
        let mut scores: Vec<f32> = strongest.map(|p| self.by[p.2 as usize][usize::from(p.3)][name]).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        // Each further thing that is shared makes chance less likely.
        scores.first().map_or(f32::MIN, |first| first + 4.0 * (scores.len() as f32 - 1.0))
    }
}
