//! What was decided already while people are looked at one page after the other: nobody is decided twice, and no contact
//! point gets it twice.

use crate::FlowError;
use crowsnest_model::ProfileId;
use crowsnest_store::Read;
use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasher,
};

/// What was decided already: a launch finds in the store what the commits before this page have decided, and a preview
/// keeps all of it here, a few bytes for each recipient.
pub(super) struct Decided<'r> {
    launch: Option<(&'r dyn Read, &'r str)>,
    /// Members of households that were decided at another member. Each is looked at once after that, and forgotten.
    people: HashSet<ProfileId, foldhash::fast::RandomState>,
    /// For whom it goes where: a hash of the contact point, since a preview has all of them here.
    contacts: HashMap<u64, ProfileId, foldhash::fast::RandomState>,
    hasher: foldhash::quality::RandomState,
}

impl<'r> Decided<'r> {
    /// Nothing yet.
    pub(super) fn preview() -> Self {
        Self::new(None)
    }

    /// What the launch of a broadcast has decided about people from `first` to `last`, and whatever it decides about others.
    pub(super) fn launch(
        read: &'r dyn Read,
        broadcast: &'r str,
        first: ProfileId,
        last: ProfileId,
    ) -> Result<Self, FlowError> {
        let mut decided = Self::again(read, broadcast);
        decided.people.extend(read.launched(broadcast, first, last)?.into_iter().map(|(person, _)| person));
        Ok(decided)
    }

    /// What the launch of a broadcast has decided about others than those who are looked at once more.
    pub(super) fn again(read: &'r dyn Read, broadcast: &'r str) -> Self {
        Self::new(Some((read, broadcast)))
    }

    fn new(launch: Option<(&'r dyn Read, &'r str)>) -> Self {
        Self { launch, people: HashSet::default(), contacts: HashMap::default(), hasher: Default::default() }
    }

    /// Whether somebody of this page was decided with their household. Asked once of each.
    pub(super) fn is_settled(&mut self, person: ProfileId) -> bool {
        self.people.remove(&person)
    }

    /// What commits before this page have decided of a member of somebody's household: whether it goes to them. There is
    /// none where nobody moves while people are looked at, since then the whole household was decided together.
    pub(super) fn of(&self, member: ProfileId) -> Result<Option<bool>, FlowError> {
        let Some((read, broadcast)) = self.launch else { return Ok(None) };
        let known = read.launched(broadcast, member, member)?;
        Ok(known.first().map(|(_, queued)| *queued))
    }

    /// Somebody who has still to be looked at was decided.
    pub(super) fn settle(&mut self, member: ProfileId) {
        self.people.insert(member);
    }

    /// For whom it goes to a contact point already.
    pub(super) fn goes_to(&self, contact: &str) -> Result<Option<ProfileId>, FlowError> {
        if let Some(person) = self.contacts.get(&self.hasher.hash_one(contact)) {
            return Ok(Some(*person));
        }
        match self.launch {
            Some((read, broadcast)) => Ok(read.launched_to(broadcast, contact)?),
            None => Ok(None),
        }
    }

    /// It goes to a contact point from now on.
    pub(super) fn send_to(&mut self, contact: &str, person: ProfileId) {
        self.contacts.insert(self.hasher.hash_one(contact), person);
    }
}
