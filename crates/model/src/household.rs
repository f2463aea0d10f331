//! Households: people who share an account, whichever of several accounts it is, or who were found to live together.

use crate::{HouseholdId, ProfileId};
use std::collections::HashMap;

/// Finds who belongs together: if one is of a household with a second, and the second of another with a third, all three
/// are one household.
#[derive(Debug, Default, Clone)]
pub struct Groups {
    /// For each household, the one that it was joined to; itself for the first of a group.
    joined: HashMap<HouseholdId, HouseholdId>,
    person: HashMap<ProfileId, HouseholdId>,
}

impl Groups {
    /// A person is of a household: that of an account, or the one in which they live.
    pub fn join(&mut self, person: ProfileId, household: HouseholdId) {
        let household = self.find(household);
        match self.person.get(&person).copied() {
            None => {
                self.person.insert(person, household);
            }
            Some(other) => {
                let other = self.find(other);
                // The smaller id stands for the group, so that any order of joining gives the same.
                let (first, second) = (household.min(other), household.max(other));
                self.joined.insert(second, first);
                self.joined.insert(first, first);
            }
        }
    }

    /// The household of a person who is of one.
    pub fn of(&mut self, person: ProfileId) -> Option<HouseholdId> {
        let household = self.person.get(&person).copied()?;
        Some(self.find(household))
    }

    /// How many people are of households.
    pub fn people(&self) -> u64 {
        self.person.len() as u64
    }

    /// How many households they are.
    pub fn groups(&self) -> u64 {
        self.joined.iter().filter(|(household, first)| household == first).count() as u64
    }

    fn find(&mut self, household: HouseholdId) -> HouseholdId {
        let mut first = *self.joined.entry(household).or_insert(household);
        while self.joined[&first] != first {
            first = self.joined[&first];
        }
        let mut at = household;
        while at != first {
            at = self.joined.insert(at, first).unwrap_or(first);
        }
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_who_share_any_account_are_one_household() {
        let mut groups = Groups::default();
        for (person, account) in [(1, 10), (2, 10), (2, 20), (3, 20), (4, 30)] {
            groups.join(ProfileId(person), HouseholdId(account));
        }
        assert_eq!(groups.of(ProfileId(1)), groups.of(ProfileId(3)));
        assert_ne!(groups.of(ProfileId(1)), groups.of(ProfileId(4)));
        assert_eq!((groups.people(), groups.groups()), (4, 2));
        assert_eq!(groups.of(ProfileId(9)), None);
    }
}
