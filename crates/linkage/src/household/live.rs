//! Households of people who change, with the answer that all people at once would give.
//!
//! What was learned is frozen ([`HomeModel`]). When people change, they are taken out of what they share with others and entered anew;
//! only pairs of whom that says something new are scored, and only what hangs together with them is grouped anew. A thing that thousands
//! share costs no more than one that a few share: what it says depends on few of them.

mod blocks;
mod grouping;

use super::odds::{MOST, Onlooker};
use super::shared::{self, Said, Source, Thing};
use super::{HomeModel, LOUDEST};
use crate::live::{Live, Person};
use crate::postings::Postings;
use crate::score::Scorer;
use crate::settings::Settings;
use crate::table::{Node, Record};
use crate::threads;
use blocks::{Blocks, Key};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// A household: the first record of its people.
pub type Household = Record;

/// A person is of another household than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The person.
    pub person: Person,
    /// The household before; `None` if there was no such person.
    pub before: Option<Household>,
    /// The household now; `None` if there is no such person any more.
    pub now: Option<Household>,
}

/// What is known of a person.
struct Known {
    /// The first of their nodes.
    nodes: Vec<Node>,
    /// What they have that others may share, in order.
    keys: Vec<Key>,
    surnames: Vec<u32>,
    home: Option<Household>,
    /// How many times the component had to be cut until it was small enough.
    cuts: u8,
}

impl Known {
    /// Of what they said once nothing is left, so that it need not be told apart from what is true.
    fn said(&self) -> Said<'_> {
        Said { nodes: &self.nodes, as_of: &[] }
    }
}

/// With whom a person is likely to live together.
#[derive(Default)]
struct Near {
    people: BTreeMap<Person, f32>,
    compared: u64,
}

/// The households of all people of a [`Live`].
pub struct Homes {
    model: HomeModel,
    settings: Settings,
    sources: Vec<Source>,
    surnames: Vec<usize>,
    known: HashMap<Person, Known, foldhash::fast::FixedState>,
    blocks: Blocks,
    /// Pairs of people who are likelier than not to live together, by either.
    near: HashMap<Person, BTreeMap<Person, f32>, foldhash::fast::FixedState>,
    members: HashMap<Household, Vec<Person>, foldhash::fast::FixedState>,
    /// Records of which nothing is read: what somebody said once.
    past: HashSet<Record, foldhash::fast::FixedState>,
    compared: u64,
}

impl Homes {
    /// The households of all people who are known.
    pub fn of<P: Postings + Sync>(live: &Live<P>, model: HomeModel, settings: &Settings) -> Self {
        let mut homes = Self::new(live, model, settings);
        let all: Vec<Record> = (0..live.table.records() as u32).collect();
        homes.update(live, &all);
        homes
    }

    /// As [`Self::of`], of nobody yet: everybody is still to be taken in.
    pub fn new<P: Postings>(live: &Live<P>, model: HomeModel, settings: &Settings) -> Self {
        let layout = &live.table.layout;
        Self {
            model,
            settings: settings.clone(),
            sources: shared::sources(&live.table),
            surnames: layout.slots_of_kind(crate::fields::FieldKind::Surname),
            known: HashMap::default(),
            blocks: Blocks::new(settings.household_cap),
            near: HashMap::default(),
            members: HashMap::default(),
            past: HashSet::default(),
            compared: 0,
        }
    }

    /// What a record says is what somebody said once: it goes on being compared, and says nothing of where they live. To be
    /// called before the record is taken in.
    pub fn pass_over(&mut self, record: Record) {
        self.past.insert(record);
    }

    /// What two people share that households share, in words: `address`, `phone`, `surname and place`. Part of an address is not said where
    /// they share all of it.
    pub fn shared(&self, a: Person, b: Person) -> Vec<&str> {
        let (Some(a), Some(b)) = (self.known.get(&a), self.known.get(&b)) else { return Vec::new() };
        let both = a
            .keys
            .iter()
            .filter(|key| b.keys.iter().any(|other| (other.source, other.key) == (key.source, key.key)));
        let mut names: Vec<&str> = Vec::new();
        let mut things = Vec::new();
        for source in both.filter_map(|key| self.sources.get(usize::from(key.source))) {
            things.push(source.thing);
            if !names.contains(&source.name.as_str()) {
                names.push(&source.name);
            }
        }
        if things.contains(&Thing::Near) && things.contains(&Thing::Door) {
            let near = self.sources.iter().filter(|source| source.thing == Thing::Near);
            near.for_each(|source| names.retain(|name| *name != source.name));
        }
        names
    }

    /// The household of a person; `None` if there is no such person.
    pub fn home(&self, person: Person) -> Option<Household> {
        self.known.get(&person)?.home
    }

    /// The people of a household, in order; none, if there is no such household.
    pub fn members(&self, household: Household) -> &[Person] {
        self.members.get(&household).map_or(&[], Vec::as_slice)
    }

    /// How many pairs of people were compared so far to find out who shares something: what updates have cost.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// Takes in what has changed: all records of people that are others than before, as [`crate::live::Changes::touched`] names them.
    /// Several changes may be taken in at once, but none may be left out. The answer is who is of another household than before.
    pub fn update<P: Postings + Sync>(&mut self, live: &Live<P>, touched: &[Record]) -> Vec<Moved> {
        let now = touched.iter().filter(|&&r| live.is_known(r)).map(|&r| live.person(r));
        let before = touched.iter().copied().filter(|r| self.known.contains_key(r));
        let changed: BTreeSet<Person> = now.chain(before).collect();
        let (before, mut others) = self.enter_anew(live, &changed);
        others.retain(|person| self.known.contains_key(person));

        let others: Vec<Person> = others.into_iter().collect();
        let scorer = live.scorer();
        let threads = threads::count(self.settings.threads);
        let found = threads::pieces(others.len(), 256, threads, |range| {
            let onlooker = Onlooker::new(&scorer);
            others[range].iter().map(|&person| self.find_near(&onlooker, person)).collect::<Vec<_>>()
        });
        let found: Vec<Near> = found.into_iter().flatten().collect();
        self.compared += found.iter().map(|near| near.compared).sum::<u64>();
        let mut seeds: BTreeSet<Person> = others.iter().copied().collect();
        let gone: Vec<Person> = changed.into_iter().filter(|p| !self.known.contains_key(p)).collect();
        let nobody = gone.into_iter().map(|person| (person, Near::default()));
        for (person, near) in nobody.chain(others.into_iter().zip(found)) {
            self.connect(person, near.people, &mut seeds);
        }
        seeds.retain(|person| self.known.contains_key(person));
        self.regroup(&scorer, seeds, before)
    }

    /// Takes people out of what they share, and enters those who are left. The answer is the household of each before, and of whom it may
    /// say something new.
    fn enter_anew<P: Postings>(
        &mut self,
        live: &Live<P>,
        changed: &BTreeSet<Person>,
    ) -> (BTreeMap<Person, Option<Household>>, BTreeSet<Person>) {
        let mut before = BTreeMap::new();
        let mut watched = blocks::Watched::default();
        let mut entered = Vec::new();
        for &person in changed {
            let is_person = live.is_known(person) && live.person(person) == person;
            let new = is_person.then(|| self.read(live, person));
            let old = self.known.remove(&person);
            for known in old.iter().chain(&new) {
                self.blocks.watch(known, &mut watched);
            }
            before.insert(person, old.as_ref().and_then(|known| known.home));
            entered.push((person, old, new));
        }
        for (person, old, _) in &entered {
            if let Some(old) = old {
                self.blocks.leave(*person, old);
            }
        }
        let mut people = BTreeSet::new();
        for (person, _, new) in entered {
            if let Some(new) = new {
                self.known.insert(person, new);
                people.insert(person);
            }
        }
        for person in people.iter().copied() {
            self.blocks.enter(person, &self.known);
        }
        self.blocks.changed(&watched, &mut people);
        (before, people)
    }

    /// What a person has that others may share.
    fn read<P: Postings>(&self, live: &Live<P>, person: Person) -> Known {
        let mut nodes = Vec::new();
        for record in live.records_of(person).into_iter().filter(|record| !self.past.contains(record)) {
            if let Some(node) = live.table.known(record)
                && !nodes.contains(&node)
            {
                nodes.push(node);
            }
        }
        let (mut keys, mut values, mut things, mut named) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (source, number) in self.sources.iter().zip(0u8..) {
            if source.thing.is_name() {
                let frequencies = &self.model.frequencies;
                shared::keys_of_names(
                    &live.table,
                    &nodes,
                    &source.slots,
                    &source.places,
                    frequencies,
                    &mut named,
                );
                keys.extend(named.iter().map(|&(key, bin)| Key { source: number, key, chance: Some(bin) }));
            } else {
                shared::keys_of_things(&live.table, &nodes, source, &mut things);
                keys.extend(things.iter().map(|&key| Key { source: number, key, chance: None }));
            }
        }
        keys.sort_unstable();
        shared::values(&live.table, &nodes, &self.surnames, &mut values);
        nodes.truncate(MOST);
        Known { nodes, keys, surnames: values, home: None, cuts: 0 }
    }

    /// log2 of the odds that two people live together, and whether they share anything at all.
    fn score(&self, onlooker: &Onlooker<'_>, a: Person, b: Person) -> (f32, bool) {
        let (Some(a), Some(b)) = (self.known.get(&a.min(b)), self.known.get(&a.max(b))) else {
            return (-LOUDEST, false);
        };
        let mut found = self.blocks.shared(a, b);
        shared::telling(&mut found, &self.sources, || onlooker.addresses(a.said(), b.said()));
        let traits = onlooker.compare(a.said(), b.said()).0;
        match found.is_empty() {
            true => (self.model.odds.against(&traits), false),
            false => (self.model.odds.rate(&traits, &found), true),
        }
    }

    /// With whom a person is likelier than not to live together.
    fn find_near(&self, onlooker: &Onlooker<'_>, person: Person) -> Near {
        let Some(known) = self.known.get(&person) else { return Near::default() };
        let candidates = self.blocks.candidates(person, known);
        let compared = candidates.len() as u64;
        let scored = candidates.into_iter().map(|other| (other, self.score(onlooker, person, other)));
        let likely = scored.filter_map(|(other, (score, shared))| {
            (shared && score > self.settings.household_threshold as f32).then_some((other, score))
        });
        Near { people: likely.collect(), compared }
    }

    /// Notes with whom a person is likely to live together; `seeds` gets all with whom that is new, or over.
    fn connect(&mut self, person: Person, near: BTreeMap<Person, f32>, seeds: &mut BTreeSet<Person>) {
        let old = self.near.remove(&person).unwrap_or_default();
        for other in old.keys().filter(|other| !near.contains_key(other)) {
            if let Some(theirs) = self.near.get_mut(other) {
                theirs.remove(&person);
            }
        }
        for (&other, &score) in &near {
            self.near.entry(other).or_default().insert(person, score);
        }
        seeds.extend(old.into_keys().chain(near.keys().copied()));
        if !near.is_empty() {
            self.near.insert(person, near);
        }
    }
}
