//! What follows from people living together: their home, its history, and whom that is news to.

use super::{Occurrence, Working};
use crate::{
    FlowError,
    matching::{Living, Together},
};
use crowsnest_model::{HouseholdId, ProfileId};
use crowsnest_profile::Touch;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

impl Working<'_> {
    /// Writes who lives with whom. What stands already changes nothing.
    pub(crate) fn settle_homes(&mut self, together: &Together) -> Result<(), FlowError> {
        let mut alone = together.alone.clone();
        let mut households: Vec<Vec<Living>> = Vec::new();
        for found in &together.households {
            // Whoever was absorbed since is compared anew under whoever absorbed them.
            let mut members = Vec::with_capacity(found.len());
            for living in found {
                if self.is_there(living.person)? {
                    members.push(living.clone());
                }
            }
            match members.len() {
                0 => {}
                1 => alone.extend(members.iter().map(|living| living.person)),
                _ => households.push(members),
            }
        }
        let ids = self.ids_of(&households, &alone)?;
        let mut moves = Vec::new();
        for (members, id) in households.iter().zip(ids) {
            for living in members {
                moves.push((living.person, Some((id, living.reason.as_str()))));
            }
        }
        moves.extend(alone.into_iter().map(|person| (person, None)));
        let mut changed = Vec::new();
        for (person, to) in moves {
            let had = self.unit.home_of(person)?;
            if had == to.map(|(id, _)| id) {
                continue;
            }
            if let Some((id, _)) = to {
                self.neighbours.extend(self.unit.living_in(id)?);
            }
            self.had_neighbours(person)?;
            changed.push((person, to));
        }
        for (person, to) in changed {
            if !self.is_there(person)? {
                continue;
            }
            let ended = if to.is_some() { "lives with others now" } else { together.why_alone };
            self.unit.end_stay(person, self.now, ended)?;
            if let Some((id, reason)) = to {
                self.unit.begin_stay(id, person, self.now, reason)?;
            }
            self.load(person)?;
            if let Some(loaded) = self.people.get_mut(&person) {
                loaded.profile.home = to.map(|(id, _)| id);
                loaded.changed = true;
            }
            self.neighbours.insert(person);
        }
        Ok(())
    }

    /// The id of each household: that which most of its members had, of equals the oldest; else a new one. No two have one.
    fn ids_of(
        &mut self,
        households: &[Vec<Living>],
        alone: &[ProfileId],
    ) -> Result<Vec<HouseholdId>, FlowError> {
        let everybody = households.iter().flatten().map(|living| living.person).chain(alone.iter().copied());
        let everybody: BTreeSet<ProfileId> = everybody.collect();
        let mut claims = Vec::new();
        for (place, members) in households.iter().enumerate() {
            let mut had: BTreeMap<HouseholdId, usize> = BTreeMap::new();
            for living in members {
                if let Some(home) = self.unit.home_of(living.person)? {
                    *had.entry(home).or_default() += 1;
                }
            }
            claims.extend(had.into_iter().map(|(id, members)| (Reverse(members), id, place)));
        }
        claims.sort_unstable();
        let mut ids: Vec<Option<HouseholdId>> = vec![None; households.len()];
        let mut taken = BTreeSet::new();
        for (_, id, place) in claims {
            // Somebody who is not looked at now may go on living there: they keep it.
            let kept = self.unit.living_in(id)?.iter().any(|member| !everybody.contains(member));
            if ids[place].is_none() && !kept && taken.insert(id) {
                ids[place] = Some(id);
            }
        }
        Ok(ids.into_iter().map(|id| id.unwrap_or_else(|| HouseholdId(self.ids.next(self.now)))).collect())
    }

    /// With whom a person lived is news to those, once this is committed.
    pub(super) fn had_neighbours(&mut self, person: ProfileId) -> Result<(), FlowError> {
        if let Some(home) = self.unit.home_of(person)? {
            self.neighbours.extend(self.unit.living_in(home)?);
        }
        Ok(())
    }

    /// Whoever lives with others than before is asked about what depends on that.
    pub(super) fn reconsider_neighbours(&mut self) -> Result<(), FlowError> {
        let people = std::mem::take(&mut self.neighbours);
        if !self.asks_about_households() {
            return Ok(());
        }
        let touch = Touch { household: true, ..Touch::default() };
        let cause = Occurrence { at: self.now, event: None, announced: true };
        for person in people {
            if self.is_there(person)? {
                self.load(person)?;
                self.reconsider(person, &touch, cause)?;
            }
        }
        Ok(())
    }
}
