//! People as conditions see them, with the store at hand for what is not in their profile.

use crate::{Live, inward::Loaded};
use crowsnest_model::{Profile, ProfileId, Time, consent};
use crowsnest_programs::{Derived, Person, Scene};
use crowsnest_rules::{EventView, Subject};
use crowsnest_store::Read;
use std::collections::{BTreeSet, HashMap};

/// From where people are looked at: a moment of the store, the definitions in force, and the batch at hand.
#[derive(Clone, Copy)]
pub(crate) struct Lookout<'a> {
    pub(crate) read: &'a dyn Read,
    pub(crate) live: &'a Live,
    pub(crate) derived: &'a Derived,
    pub(crate) now: Time,
    /// People who are loaded, and perhaps changed.
    pub(crate) loaded: Option<&'a HashMap<ProfileId, Loaded, foldhash::fast::RandomState>>,
}

impl Lookout<'_> {
    /// Asks something of a person.
    pub(crate) fn ask<T>(
        &self,
        profile: &Profile,
        event: Option<EventView<'_>>,
        question: impl FnOnce(&Person<'_>) -> T,
    ) -> T {
        let scene = Scene { now: self.now, zone: self.live.zone(), derived: self.derived };
        let consents = |channel: &str, topic: &str| consent_of(self.read, profile, channel, topic);
        let members = |question: &mut dyn FnMut(&dyn Subject)| self.each_member(profile, &scene, question);
        question(&Person { profile, event, consents: &consents, members: &members, scene: &scene })
    }

    /// Everybody who shares an account with a person, the person among them.
    pub(crate) fn household(&self, profile: &Profile) -> BTreeSet<ProfileId> {
        let mut members = BTreeSet::new();
        for account in &profile.accounts {
            let id = crowsnest_model::HouseholdId::of(account.namespace.as_str(), &account.value);
            members.extend(self.read.household(id).unwrap_or_default());
        }
        if !profile.accounts.is_empty() {
            members.insert(profile.id);
        }
        members
    }

    fn each_member(
        &self,
        profile: &Profile,
        scene: &Scene<'_>,
        question: &mut dyn FnMut(&dyn Subject),
    ) -> bool {
        let members = self.household(profile);
        for id in &members {
            let stored;
            let member = if *id == profile.id {
                profile
            } else if let Some(loaded) = self.loaded.and_then(|loaded| loaded.get(id)) {
                &loaded.profile
            } else {
                match self.read.profile(*id) {
                    Ok(Some(found)) => {
                        stored = found;
                        &stored
                    }
                    _ => continue,
                }
            };
            let consents = |channel: &str, topic: &str| consent_of(self.read, member, channel, topic);
            // A member is asked about themselves, not about the household again.
            let alone = |_: &mut dyn FnMut(&dyn Subject)| false;
            question(&Person { profile: member, event: None, consents: &consents, members: &alone, scene });
        }
        !members.is_empty()
    }
}

/// What a person agreed to, for conditions that want to know.
fn consent_of(read: &dyn Read, profile: &Profile, channel: &str, topic: &str) -> Option<bool> {
    let contact = profile.contact(channel)?;
    let consents = read.consents(channel, &contact).ok()?;
    consent::in_force(&consents, topic).map(|found| found.status == consent::ConsentStatus::Granted)
}
