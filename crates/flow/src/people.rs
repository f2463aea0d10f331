//! People as conditions see them, with the store at hand for what is not in their profile.

use crate::{Live, inward::Loaded, outward::what_was_agreed};
use crowsnest_model::{Consent, Profile, ProfileId, Time, consent, delivery::LETTER};
use crowsnest_programs::{Derived, Person, Scene};
use crowsnest_rules::{EventView, Subject};
use crowsnest_store::Read;
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

/// What people of a batch agreed to, as far as conditions wanted to know: many of them want to know the same.
#[derive(Debug, Default)]
pub(crate) struct Agreed(RefCell<HashMap<ProfileId, Vec<OnChannel>, foldhash::fast::RandomState>>);

/// A channel, and what the contact point on it agreed to; `None` when there is no contact point.
type OnChannel = (String, Option<Vec<Consent>>);

impl Agreed {
    /// Something changed about a person, or, with `None`, about a contact point that may be anybody's.
    pub(crate) fn forget(&self, person: Option<ProfileId>) {
        match person {
            Some(person) => drop(self.0.borrow_mut().remove(&person)),
            None => self.0.borrow_mut().clear(),
        }
    }
}

/// From where people are looked at: a moment of the store, the definitions in force, and the batch at hand.
#[derive(Clone, Copy)]
pub(crate) struct Lookout<'a> {
    pub(crate) read: &'a dyn Read,
    pub(crate) live: &'a Live,
    pub(crate) derived: &'a Derived,
    pub(crate) now: Time,
    /// What was looked up of consents before.
    pub(crate) agreed: &'a Agreed,
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
        let consents = |channel: &str, topic: &str| self.consent(profile, channel, topic);
        let members = |question: &mut dyn FnMut(&dyn Subject)| self.each_member(profile, &scene, question);
        question(&Person { profile, event, consents: &consents, members: &members, scene: &scene })
    }

    /// Everybody who is of a household with a person, the person among them.
    pub(crate) fn household(&self, profile: &Profile) -> BTreeSet<ProfileId> {
        let mut members = BTreeSet::new();
        for id in profile.households() {
            members.extend(self.read.household(id).unwrap_or_default());
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
            let consents = |channel: &str, topic: &str| self.consent(member, channel, topic);
            // A member is asked about themselves, not about the household again.
            let alone = |_: &mut dyn FnMut(&dyn Subject)| false;
            question(&Person { profile: member, event: None, consents: &consents, members: &alone, scene });
        }
        !members.is_empty()
    }

    /// What a person agreed to.
    fn consent(&self, profile: &Profile, channel: &str, topic: &str) -> Option<bool> {
        let mut agreed = self.agreed.0.borrow_mut();
        let channels = agreed.entry(profile.id).or_default();
        let place = match channels.iter().position(|(known, _)| known == channel) {
            Some(place) => place,
            None => {
                // What is agreed about letters is agreed wherever somebody lives.
                let contact = profile.contact(channel).or_else(|| (channel == LETTER).then(String::new));
                let consents = match contact {
                    // What cannot be read is not known, and not remembered.
                    Some(contact) => Some(what_was_agreed(self.read, profile.id, channel, &contact).ok()?),
                    None => None,
                };
                channels.push((channel.to_owned(), consents));
                channels.len() - 1
            }
        };
        let (_, consents) = channels.get(place)?;
        match consent::in_force(consents.as_deref()?, topic) {
            Some(found) => Some(found.status == consent::ConsentStatus::Granted),
            None => self.live.is_silence_consent(channel).then_some(true),
        }
    }
}
