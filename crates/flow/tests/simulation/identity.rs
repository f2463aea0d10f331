//! Who is who: what names a person, and who is known not to be one with whom.

use crate::{
    people::{Human, People},
    told::Told,
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// What names a person: its kind and its value.
pub type Name = (&'static str, String);

/// The names of two people of whom it was decided that they are not one.
pub type Sides = [BTreeSet<Name>; 2];

/// The kinds of names, the ones that are believed first before the others. Devices are nobody's evidence.
const BELIEVED: [&str; 3] = ["user_id", "email", DEVICE];
const DEVICE: &str = "anonymous_id";

/// Who an event says somebody is.
#[derive(Debug, Default)]
pub struct Meant {
    /// All who are one, the one who stays first.
    pub people: Vec<usize>,
    /// Names that nobody had.
    pub new: Vec<Name>,
    /// Devices that go along with whoever used them last.
    pub moved: Vec<Name>,
}

impl Human {
    /// The names that say who somebody is.
    fn evidence(&self) -> BTreeSet<Name> {
        self.names.keys().filter(|(kind, _)| *kind != DEVICE).cloned().collect()
    }

    /// Whether they were taken for one with somebody and are not any more.
    pub fn was_told_apart(&self) -> bool {
        !self.sides.is_empty()
    }

    /// The address that they were last seen with.
    pub fn address(&self) -> Option<String> {
        let mails = self.names.iter().filter(|((kind, _), _)| *kind == "email");
        // Of several the first in the alphabet.
        mails
            .min_by_key(|((_, value), seen)| (Reverse(**seen), value.as_str()))
            .map(|((_, value), _)| value.clone())
    }

    /// Both of them, should it turn out that they were two after all.
    pub fn note_merge(&mut self, other: &Self) {
        self.merges.push([self.evidence(), other.evidence()]);
        self.merges.extend(other.merges.iter().cloned());
        self.sides.extend(&other.sides);
        for (name, seen) in &other.names {
            self.see(name, *seen);
        }
    }

    fn see(&mut self, name: &Name, time: i64) {
        let seen = self.names.entry(name.clone()).or_insert(time);
        *seen = time.max(*seen);
    }
}

/// The decisions in which a name takes part, each with its side.
fn sides_of(decisions: &[Sides], name: &Name) -> BTreeSet<(usize, usize)> {
    let sides = decisions.iter().enumerate();
    sides
        .flat_map(|(decision, sides)| {
            (0..2).filter(|side| sides[*side].contains(name)).map(move |side| (decision, side))
        })
        .collect()
}

impl People {
    /// All that an event names is of one person, as long as nobody decided otherwise. Then the stronger name is believed.
    pub fn meant(&self, event: &Told) -> Meant {
        let mut names = event.identifiers.clone();
        names.sort_by_key(|(kind, value)| (BELIEVED.iter().position(|other| other == kind), value.clone()));
        names.dedup();
        let mut meant = Meant::default();
        let mut sides = BTreeSet::new();
        for name in names {
            let holder = self.holder(&name);
            let human = holder.and_then(|place| self.all[place].as_ref());
            let mut theirs = sides_of(&self.decisions, &name);
            theirs.extend(human.iter().flat_map(|human| &human.sides));
            if theirs.iter().any(|(decision, side)| sides.contains(&(*decision, 1 - side))) {
                let unused =
                    human.and_then(|human| human.names.get(&name)).is_some_and(|seen| *seen <= event.time);
                if name.0 == DEVICE && unused {
                    meant.moved.push(name);
                }
                continue;
            }
            sides.extend(theirs);
            match holder {
                Some(place) => meant.people.push(place),
                None => meant.new.push(name),
            }
        }
        meant.people.sort_by_key(|place| {
            (Reverse(self.all[*place].as_ref().map_or(0, |human| human.events.len())), *place)
        });
        meant.people.dedup();
        meant
    }

    /// Whose event it is. Of several who are one, the one with the most events stays.
    pub fn whose(&mut self, event: &Told, meant: Meant, now: i64) -> usize {
        let person = meant.people.first().copied().unwrap_or_else(|| {
            self.all.push(Some(Human::made(now)));
            self.all.len() - 1
        });
        for other in meant.people.into_iter().skip(1) {
            if let Some(other) = self.all[other].take()
                && let Some(human) = self.all[person].as_mut()
            {
                human.absorb(other, now, &self.told);
            }
            self.holders.values_mut().filter(|holder| **holder == other).for_each(|holder| *holder = person);
        }
        for name in &meant.moved {
            if let Some(before) = self.holder(name).and_then(|place| self.all[place].as_mut()) {
                before.names.remove(name);
            }
        }
        for name in meant.new.into_iter().chain(meant.moved) {
            let sides = sides_of(&self.decisions, &name);
            self.all[person].iter_mut().for_each(|human| human.sides.extend(&sides));
            self.holders.insert(name, person);
        }
        let named = event.identifiers.iter().filter(|name| self.holders.get(*name) == Some(&person));
        for name in named {
            self.all[person].iter_mut().for_each(|human| human.see(name, event.time));
        }
        person
    }

    /// Everybody, as they would be had these two never been taken for one. `None` when one of them is nobody.
    pub fn told_apart(&self, sides: &Sides) -> Option<Self> {
        let mut decisions = self.decisions.clone();
        decisions.push(sides.clone());
        let decision = self.decisions.len();
        let mut people = Self::default();
        people.decisions = decisions;
        people.happened.clone_from(&self.happened);
        self.happened.iter().for_each(|happened| people.again(happened));
        let both = (0..2)
            .all(|side| people.all.iter().flatten().any(|human| human.sides.contains(&(decision, side))));
        both.then_some(people)
    }

    /// Those who turned out to be one, and of whom nobody said otherwise yet, each by one of their names. Those of
    /// whom one was never more than a device cannot be told apart, and are there with `devices` only.
    pub fn merged(&self, devices: bool) -> BTreeMap<Name, &Human> {
        let humans = self.all.iter().flatten().filter(|human| !human.was_told_apart());
        let known = |sides: &Sides| devices || sides.iter().all(|side| !side.is_empty());
        let humans = humans.filter(|human| human.merges.iter().any(known));
        humans.filter_map(|human| Some((human.names.keys().next()?.clone(), human))).collect()
    }
}
