//! Households: a second layer over people, which never merges them.
//!
//! Two people are of one household when what they share is far more likely between relatives than between strangers: the model's third
//! class says how much (see [`crate::model`]). They are looked for where they share an address, a landline, a mailbox or an account. At
//! an address with many people the address alone is not enough, because what is frequent weighs little; the surname, or a number that is
//! shared as well, then decides.

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

/// The household of each record, from 0, in the order of their first records.
pub fn households(scorer: &Scorer<'_>, people: &[Person], count: usize, settings: &Settings) -> Vec<u32> {
    let of = People::of(scorer.table, people, count);
    let mut pairs = pairs(scorer.table, &of, count, settings);
    pairs.sort_unstable();
    pairs.dedup();
    let threshold = settings.household_threshold as f32;
    let joined = threads::pieces(pairs.len(), 4_096, threads::count(settings.threads), |range| {
        let mut scratch = Scratch::new(scorer);
        pairs[range].iter().map(|&(a, b)| score(scorer, &of, a, b, &mut scratch) >= threshold).collect::<Vec<_>>()
    });
    let mut sets = Sets::new(count);
    for (&(a, b), joined) in pairs.iter().zip(joined.into_iter().flatten()) {
        if joined {
            sets.join(a, b);
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
fn pairs(table: &Table, of: &People, count: usize, settings: &Settings) -> Vec<(Person, Person)> {
    let layout = &table.layout;
    let surnames = layout.slots_of_kind(FieldKind::Surname);
    let addresses = layout.addresses();
    let mut shared: Vec<(u64, Person)> = Vec::new();
    let mut found = Vec::new();
    let domains: Vec<usize> = (0..layout.domains.len())
        .filter(|&d| {
            matches!(layout.domains[d].kind, FieldKind::Phone | FieldKind::Email | FieldKind::Identifier)
        })
        .collect();
    for domain in domains.iter().map(|&d| Some(d)).chain([None]) {
        shared.clear();
        let slots = domain.map(|d| layout.slots_of(d)).unwrap_or_default();
        for person in 0..count as u32 {
            for &node in of.nodes(person) {
                let row = table.row(node);
                match domain {
                    Some(_) => {
                        shared.extend(slots.iter().map(|&s| row[s]).filter(|&v| v > 0).map(|v| (u64::from(v), person)));
                    }
                    None => {
                        for address in &addresses {
                            if row[address.street] > 0 {
                                // The place is left to the comparison: one of the two may lack it.
                                shared.push((u64::from(row[address.street]), person));
                                shared.push((u64::from(row[address.door]) | 1 << 40, person));
                            }
                        }
                    }
                }
            }
        }
        shared.sort_unstable();
        shared.dedup();
        for block in shared.chunk_by(|a, b| a.0 == b.0) {
            if block.len() <= settings.household_cap {
                all_pairs(block, &mut found);
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
                    all_pairs(block, &mut found);
                }
            }
        }
    }
    found
}

fn all_pairs(block: &[(u64, Person)], found: &mut Vec<(Person, Person)>) {
    for (i, &(_, a)) in block.iter().enumerate() {
        found.extend(block[i + 1..].iter().map(|&(_, b)| (a.min(b), a.max(b))).filter(|(a, b)| a != b));
    }
}

struct Scratch {
    outcomes: Vec<Outcome>,
    best: Vec<Option<f32>>,
}

impl Scratch {
    fn new(scorer: &Scorer<'_>) -> Self {
        Self { outcomes: scorer.outcomes(), best: vec![None; scorer.comparer.len()] }
    }
}

/// log2 of the odds that two people are of one household and not strangers: what is most alike of each field counts, for people move and
/// have several numbers.
fn score(scorer: &Scorer<'_>, of: &People, a: Person, b: Person, scratch: &mut Scratch) -> f32 {
    const MOST: usize = 12;
    scratch.best.fill(None);
    for &x in of.nodes(a).iter().take(MOST) {
        for &y in of.nodes(b).iter().take(MOST) {
            scorer.comparer.compare(scorer.table, x, y, &mut scratch.outcomes);
            for (i, outcome) in scratch.outcomes.iter().enumerate() {
                let personal = match scorer.comparer.comparisons[i].subject {
                    Subject::Forename | Subject::Gender | Subject::Plain(FieldKind::BirthDate) => true,
                    Subject::Plain(_) | Subject::Address => false,
                };
                if outcome.level != MISSING && !personal {
                    let weight = scorer.scale.weigh(i, *outcome).1;
                    scratch.best[i] = Some(scratch.best[i].map_or(weight, |b| b.max(weight)));
                }
            }
        }
    }
    scorer.scale.priors[1] + scratch.best.iter().flatten().sum::<f32>()
}
