//! Households: people who share an account, whichever of several accounts it is.

use crate::{HouseholdId, ProfileId};
use std::collections::HashMap;

/// Finds who belongs together when people share accounts: if one shares an account with a second, and the second
/// another with a third, all three are one household.
#[derive(Debug, Default, Clone)]
pub struct Groups {
    /// For each account, the account that it was joined to; itself for the first of a group.
    joined: HashMap<HouseholdId, HouseholdId>,
    person: HashMap<ProfileId, HouseholdId>,
}

impl Groups {
    /// A person is of an account.
    pub fn join(&mut self, person: ProfileId, account: HouseholdId) {
        let account = self.find(account);
        match self.person.get(&person).copied() {
            None => {
                self.person.insert(person, account);
            }
            Some(other) => {
                let other = self.find(other);
                // The smaller id stands for the group, so that any order of joining gives the same.
                let (first, second) = (account.min(other), account.max(other));
                self.joined.insert(second, first);
                self.joined.insert(first, first);
            }
        }
    }

    /// The household of a person who shares an account.
    pub fn of(&mut self, person: ProfileId) -> Option<HouseholdId> {
        let account = self.person.get(&person).copied()?;
        Some(self.find(account))
    }

    /// How many people share accounts.
    pub fn people(&self) -> u64 {
        self.person.len() as u64
    }

    /// How many households they are.
    pub fn groups(&self) -> u64 {
        self.joined.iter().filter(|(account, first)| account == first).count() as u64
    }

    fn find(&mut self, account: HouseholdId) -> HouseholdId {
        let mut first = *self.joined.entry(account).or_insert(account);
        while self.joined[&first] != first {
            first = self.joined[&first];
        }
        let mut at = account;
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
