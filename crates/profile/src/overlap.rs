//! Who is known to which of several values, such as sources, in which combinations, and what that is worth.
//!
//! Everybody is put down once, under all of the values that are theirs. Everything else follows from how many there are of
//! each combination.

use crowsnest_model::{HouseholdId, ProfileId, household::Groups, money::Currency};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Sums have nine decimals, so that the order of adding does not matter.
const UNIT: f64 = 1e9;

/// What one person is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Worth {
    /// Nobody asked.
    NotAsked,
    /// So much, in whole units of the currency.
    Of(f64, Currency),
    /// It is not known.
    Unknown,
    /// It is in several currencies, which do not add up.
    Mixed,
}

/// So many people, and what they are worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Part {
    /// How many people.
    pub people: u64,
    /// In how many households they live; who is of none is one for themselves.
    pub households: u64,
    /// Their part of all people, from 0 to 1.
    pub share: f64,
    /// What they are worth, one for each currency; amounts of different currencies are never added. Empty when nobody asked.
    pub money: Vec<Total>,
    /// How many of the people have no part in `money`, since what they are worth is not known.
    pub not_known: u64,
    /// How many of them have none since it is in several currencies.
    pub mixed: u64,
}

/// An amount of money that many people make up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Total {
    /// The ISO 4217 code.
    pub currency: Currency,
    /// The sum, in whole units.
    pub total: f64,
    /// The sum for each of those whose worth is known, in whole units.
    pub mean: f64,
}

/// One value, and who is known to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Known {
    /// How many people are known to it and to no other.
    pub alone: u64,
    /// All who are known to it.
    #[serde(flatten)]
    pub all: Part,
}

/// The people who are known to exactly these values.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Combination {
    /// The places of the values, in order.
    pub values: Vec<usize>,
    /// The people.
    #[serde(flatten)]
    pub part: Part,
}

/// What follows from everybody who was put down.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// Everybody.
    pub all: Part,
    /// Each value, by its place.
    pub values: Vec<Known>,
    /// For each two values, how many people are known to both; of one value, all of its people.
    pub both: Vec<Vec<u64>>,
    /// The combinations that occur, the one with most people first. Of those known to nothing there is none here.
    pub combinations: Vec<Combination>,
    /// How many combinations there are besides.
    pub more: usize,
    /// Who is in one of those.
    pub rest: Part,
    /// Who is known to nothing.
    pub none: Part,
}

/// Everybody who was put down so far.
#[derive(Debug, Default)]
pub struct Overlaps {
    /// The places of values, in order, and the combination's place in `sums`.
    places: HashMap<Box<[usize]>, usize>,
    sums: Vec<Sum>,
    /// Who is of a household, and the place of their combination. Which household that is, is known at the end.
    sharing: Vec<(ProfileId, usize)>,
}

/// The people of one combination.
#[derive(Debug, Clone, Default)]
struct Sum {
    people: u64,
    /// Those of them who are of no household.
    alone: u64,
    not_known: u64,
    mixed: u64,
    known: u64,
    money: BTreeMap<Currency, i128>,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.people += other.people;
        self.alone += other.alone;
        self.not_known += other.not_known;
        self.mixed += other.mixed;
        self.known += other.known;
        for (currency, amount) in &other.money {
            let total = self.money.entry(*currency).or_default();
            *total = total.saturating_add(*amount);
        }
    }

    fn part(&self, households: u64, everybody: u64, usual: Option<Currency>) -> Part {
        let nothing = usual.filter(|_| self.known > 0 && self.money.is_empty());
        let total = |(currency, sum): (Currency, i128)| Total {
            currency,
            total: sum as f64 / UNIT,
            // Only those whose worth is known have added to it.
            mean: sum as f64 / UNIT / self.known.max(1) as f64,
        };
        Part {
            people: self.people,
            households: self.alone + households,
            share: if everybody == 0 { 0.0 } else { self.people as f64 / everybody as f64 },
            money: self
                .money
                .iter()
                .map(|(currency, sum)| (*currency, *sum))
                .chain(nothing.map(|usual| (usual, 0)))
                .map(total)
                .collect(),
            not_known: self.not_known,
            mixed: self.mixed,
        }
    }
}

impl Overlaps {
    /// Puts a person down under the values that are theirs, by their places, in order and each once. `shares` says that they
    /// are of a household.
    pub fn add(&mut self, person: ProfileId, values: &[usize], shares: bool, worth: Worth) {
        let place = match self.places.get(values) {
            Some(place) => *place,
            None => {
                self.places.insert(values.into(), self.sums.len());
                self.sums.push(Sum::default());
                self.sums.len() - 1
            }
        };
        let Some(sum) = self.sums.get_mut(place) else { return };
        sum.people += 1;
        match worth {
            Worth::NotAsked => {}
            Worth::Unknown => sum.not_known += 1,
            Worth::Mixed => sum.mixed += 1,
            Worth::Of(amount, currency) => {
                sum.known += 1;
                // The conversion saturates; a number that large has long lost its decimals.
                let amount = (amount * UNIT).round() as i128;
                // Nothing is nothing in any currency.
                if amount != 0 {
                    let total = sum.money.entry(currency).or_default();
                    *total = total.saturating_add(amount);
                }
            }
        }
        if shares {
            self.sharing.push((person, place));
        } else {
            sum.alone += 1;
        }
    }

    /// What follows. `values` is how many values there are, `groups` who is of a household with whom, `top` how many of the
    /// combinations are told one by one, and `usual` the currency of nothing at all.
    pub fn report(&self, values: usize, groups: &mut Groups, top: usize, usual: Option<Currency>) -> Overlap {
        let homes = self.homes(groups);
        let mut keys: Vec<&[usize]> = vec![&[]; self.sums.len()];
        for (key, place) in &self.places {
            if let Some(slot) = keys.get_mut(*place) {
                *slot = key;
            }
        }
        let everybody = self.sums.iter().map(|sum| sum.people).sum();
        // What a set of combinations is together: those whose place is wanted.
        let together = |wanted: &dyn Fn(usize) -> bool| {
            let mut sum = Sum::default();
            let of = self.sums.iter().enumerate().filter(|(place, _)| wanted(*place));
            of.for_each(|(_, more)| sum.add(more));
            let households = homes.values().filter(|places| places.iter().any(|place| wanted(*place)));
            sum.part(households.count() as u64, everybody, usual)
        };
        let has =
            |place: usize, value: usize| keys.get(place).is_some_and(|key| key.binary_search(&value).is_ok());
        let mut both = vec![vec![0; values]; values];
        let mut alone = vec![0; values];
        for (key, sum) in keys.iter().zip(&self.sums) {
            for one in *key {
                for other in *key {
                    if let Some(count) = both.get_mut(*one).and_then(|row| row.get_mut(*other)) {
                        *count += sum.people;
                    }
                }
            }
            if let [only] = key
                && let Some(count) = alone.get_mut(*only)
            {
                *count += sum.people;
            }
        }
        let known = |(value, alone): (usize, &u64)| Known {
            alone: *alone,
            all: together(&|place| has(place, value)),
        };
        let mut order: Vec<usize> = (0..keys.len()).filter(|place| !is_empty(&keys, *place)).collect();
        let people = |place: usize| self.sums.get(place).map_or(0, |sum| sum.people);
        order.sort_by(|a, b| people(*b).cmp(&people(*a)).then_with(|| keys.get(*a).cmp(&keys.get(*b))));
        let shown = order.get(..top).unwrap_or(&order);
        let hidden: BTreeSet<usize> = order.get(top..).unwrap_or_default().iter().copied().collect();
        let households = households_by_combination(&homes, self.sums.len());
        let combination = |place: &usize| {
            Some(Combination {
                values: keys.get(*place)?.to_vec(),
                part: self.sums.get(*place)?.part(households.get(*place).copied()?, everybody, usual),
            })
        };
        Overlap {
            all: together(&|_| true),
            values: alone.iter().enumerate().map(known).collect(),
            both,
            combinations: shown.iter().filter_map(combination).collect(),
            more: hidden.len(),
            rest: together(&|place| hidden.contains(&place)),
            none: together(&|place| is_empty(&keys, place)),
        }
    }

    /// The combinations that occur in each household of several people.
    fn homes(&self, groups: &mut Groups) -> HashMap<HouseholdId, Vec<usize>> {
        let mut homes: HashMap<HouseholdId, Vec<usize>> = HashMap::new();
        for (person, place) in &self.sharing {
            if let Some(home) = groups.of(*person) {
                let places = homes.entry(home).or_default();
                if !places.contains(place) {
                    places.push(*place);
                }
            }
        }
        homes
    }
}

fn is_empty(keys: &[&[usize]], place: usize) -> bool {
    keys.get(place).is_some_and(|key| key.is_empty())
}

fn households_by_combination(homes: &HashMap<HouseholdId, Vec<usize>>, combinations: usize) -> Vec<u64> {
    let mut counts = vec![0; combinations];
    for place in homes.values().flatten() {
        if let Some(count) = counts.get_mut(*place) {
            *count += 1;
        }
    }
    counts
}
