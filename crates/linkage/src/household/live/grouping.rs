//! What hangs together is grouped into households anew.

use super::{BTreeMap, BTreeSet, Homes, Household, Moved, Onlooker, Person, Scorer};
use crate::cluster::Sets;
use crate::household::{LARGEST, agglomerate, stricter};

impl Homes {
    /// Groups the components of some people anew. `moved` has the households before of those who have changed.
    pub(super) fn regroup(
        &mut self,
        scorer: &Scorer<'_>,
        seeds: BTreeSet<Person>,
        mut before: BTreeMap<Person, Option<Household>>,
    ) -> Vec<Moved> {
        let onlooker = Onlooker::new(scorer);
        let mut threshold = self.settings.household_threshold as f32;
        let (mut open, mut cuts) = (seeds, 0);
        let mut homes: BTreeMap<Person, Household> = BTreeMap::new();
        while !open.is_empty() {
            let (mut done, mut large) = (BTreeSet::new(), BTreeSet::new());
            for &seed in &open {
                if done.contains(&seed) {
                    continue;
                }
                match self.component(seed, threshold) {
                    Some(people) => {
                        self.group(&onlooker, &people, threshold, cuts, &mut homes);
                        done.extend(people);
                    }
                    None => self.cut(seed, threshold, cuts, &mut large),
                }
            }
            cuts += 1;
            match stricter(threshold) {
                Some(next) => threshold = next,
                // Nothing holds them together any more.
                None => {
                    homes.extend(large.iter().map(|&person| (person, person)));
                    large.clear();
                }
            }
            open = large;
        }
        for person in homes.keys() {
            before.entry(*person).or_insert_with(|| self.known.get(person).and_then(|known| known.home));
        }
        self.settle(&homes, before)
    }

    /// All who hang together with a person, in order; `None` if they are too many.
    fn component(&self, seed: Person, threshold: f32) -> Option<Vec<Person>> {
        let mut found = BTreeSet::from([seed]);
        let mut open = vec![seed];
        while let Some(person) = open.pop() {
            for (&other, _) in self.near.get(&person).into_iter().flatten().filter(|n| *n.1 > threshold) {
                if found.insert(other) {
                    if found.len() > LARGEST {
                        return None;
                    }
                    open.push(other);
                }
            }
        }
        Some(found.into_iter().collect())
    }

    /// A component is too large. It has to be cut for all who were in a small one until now; for those for whom it was cut before, only
    /// what is near to a change is looked at.
    fn cut(&mut self, seed: Person, threshold: f32, cuts: u8, large: &mut BTreeSet<Person>) {
        let mut open = vec![seed];
        large.insert(seed);
        while let Some(person) = open.pop() {
            if let Some(known) = self.known.get_mut(&person) {
                known.cuts = known.cuts.max(cuts + 1);
            }
            for (&other, _) in self.near.get(&person).into_iter().flatten().filter(|n| *n.1 > threshold) {
                if self.known.get(&other).is_some_and(|known| known.cuts <= cuts) && large.insert(other) {
                    open.push(other);
                }
            }
        }
    }

    fn group(
        &mut self,
        onlooker: &Onlooker<'_>,
        people: &[Person],
        threshold: f32,
        cuts: u8,
        homes: &mut BTreeMap<Person, Household>,
    ) {
        let mut sets = Sets::new(people.len());
        let place = |person: Person| people.binary_search(&person).unwrap_or_default() as u32;
        if people.len() > 1 {
            let score = |a, b| self.score(onlooker, a, b).0;
            agglomerate(people, &score, threshold, &mut |a, b| sets.join(place(a), place(b)));
        }
        // People are in order: the first of a set stands for it.
        let mut first: BTreeMap<u32, Person> = BTreeMap::new();
        for &person in people {
            let home = *first.entry(sets.root(place(person))).or_insert(person);
            homes.insert(person, home);
            if let Some(known) = self.known.get_mut(&person) {
                known.cuts = cuts;
            }
        }
    }

    /// Notes who lives where now.
    fn settle(
        &mut self,
        homes: &BTreeMap<Person, Household>,
        before: BTreeMap<Person, Option<Household>>,
    ) -> Vec<Moved> {
        let mut moved = Vec::new();
        for (person, before) in before {
            let now = homes.get(&person).copied();
            if let Some(known) = self.known.get_mut(&person) {
                known.home = now;
            }
            if before == now {
                continue;
            }
            moved.push(Moved { person, before, now });
            if let Some(household) = before
                && let Some(members) = self.members.get_mut(&household)
            {
                members.retain(|member| *member != person);
                if members.is_empty() {
                    self.members.remove(&household);
                }
            }
            if let Some(household) = now {
                let members = self.members.entry(household).or_default();
                if let Err(at) = members.binary_search(&person) {
                    members.insert(at, person);
                }
            }
        }
        moved
    }
}
