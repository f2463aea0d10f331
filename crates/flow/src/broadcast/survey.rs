//! Looking at people one page after the other, in the order of their ids, and deciding who gets a broadcast.
//!
//! A household is decided at the first of its members who can and may be written to, with all the others at hand: so what
//! is decided needs no second look, and nothing has to be known of people who come later. Of two households with one
//! contact point it goes to the one that is decided first. Whoever was looked at is settled, whatever changes after that.

use super::{audience::Tally, decided::Decided};
use crate::{
    FlowError, Live, outward,
    people::{Agreed, Lookout},
};
use crowsnest_model::{HouseholdId, Profile, ProfileId, Time, definition::OnePer};
use crowsnest_programs::{Candidate, Choice, Derived, LiveBroadcast, choose};
use crowsnest_store::{Read, StoreError};
use std::sync::Arc;

/// Why somebody is left out of whom nothing can be read.
const UNREADABLE: &str = "what is known of them cannot be read: the log names them";

/// Somebody who is looked at; nothing beside the id where what is known of them cannot be read.
pub(super) type Found = (ProfileId, Option<Profile>);

/// What can be read of somebody. Whoever cannot be read must not stand in the way of everybody else; a store that fails
/// stops them all.
pub(super) fn readable<T>(
    id: ProfileId,
    read: Result<Option<T>, StoreError>,
) -> Result<Option<T>, StoreError> {
    match read {
        Err(StoreError::Document { what, fault }) => {
            tracing::error!(profile = %id, what, fault, "somebody cannot be read, and gets no broadcast");
            Ok(None)
        }
        read => read,
    }
}

/// What was decided about somebody of the audience.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) profile: ProfileId,
    pub(super) household: Option<HouseholdId>,
    /// Where it goes, or would have gone.
    pub(super) contact: Option<String>,
    /// Whether it goes to them.
    pub(super) queued: bool,
    /// Why they and not another of the household, or why not.
    pub(super) reason: Option<String>,
}

/// From where people are looked at.
pub(super) struct Survey<'s> {
    read: &'s dyn Read,
    live: &'s Live,
    broadcast: &'s LiveBroadcast,
    /// Whoever has a greater id is not looked at.
    until: ProfileId,
    now: Time,
    derived: Arc<Derived>,
    agreed: Agreed,
}

/// How somebody stands to a broadcast.
enum Standing {
    Outside(String),
    Unreachable { contact: Option<String>, reason: String },
    Candidate(Candidate),
}

/// How somebody stands to the others of their household.
enum Household {
    /// Another member has it, from before this one came into the household.
    Has(ProfileId),
    /// Those who are decided with them, they themselves among them.
    Members(Vec<Candidate>),
}

impl<'s> Survey<'s> {
    /// What is `derived` must be taken before the moment of `read`: what is believed must be there.
    pub(super) fn new(
        read: &'s dyn Read,
        live: &'s Live,
        broadcast: &'s LiveBroadcast,
        derived: Arc<Derived>,
        until: ProfileId,
        now: Time,
    ) -> Self {
        Self { read, live, broadcast, until, now, derived, agreed: Agreed::default() }
    }

    /// The next people after `after`, at most so many; and whether they are the last.
    pub(super) fn people(
        &self,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<(Vec<Found>, bool), FlowError> {
        let found = self.read.each_after(after, limit)?;
        let all = found.len();
        let known = found.into_iter().filter(|(id, _)| *id <= self.until);
        let people: Vec<Found> = known
            .map(|(id, profile)| Ok((id, readable(id, profile.map(Some))?)))
            .collect::<Result<_, StoreError>>()?;
        let last = all < limit || people.len() < all;
        Ok((people, last))
    }

    /// Decides about a page of people.
    pub(super) fn decide(
        &self,
        people: &[Found],
        decided: &mut Decided<'_>,
        tally: &mut Tally,
    ) -> Result<Vec<Decision>, FlowError> {
        // What was remembered of consents is of people who are not looked at again.
        self.agreed.forget(None);
        let mut page = Page { survey: self, decided, tally, decisions: Vec::new() };
        people.iter().try_for_each(|found| page.look_at(found))?;
        Ok(page.decisions)
    }

    fn standing(&self, profile: &Profile) -> Result<Standing, FlowError> {
        let (broadcast, send) = (self.broadcast, &self.broadcast.definition.send);
        let lookout = Lookout {
            read: self.read,
            live: self.live,
            derived: &self.derived,
            now: self.now,
            agreed: &self.agreed,
            loaded: None,
        };
        if let Err(reason) = lookout.ask(profile, None, |person| broadcast.in_audience(person)) {
            return Ok(Standing::Outside(format!("not in the audience: {reason}")));
        }
        let contact = match self.live.contact(profile, &send.channel) {
            Ok(contact) => contact,
            Err(reason) => return Ok(Standing::Unreachable { contact: None, reason }),
        };
        match outward::may_contact(self.read, self.live, profile.id, &send.channel, &contact, &send.topic)? {
            Ok(()) => Ok(Standing::Candidate(
                lookout.ask(profile, None, |person| broadcast.candidate(person, contact)),
            )),
            Err(reason) => Ok(Standing::Unreachable { contact: Some(contact), reason }),
        }
    }
}

/// A page of people as far as it is decided.
struct Page<'p, 's, 'd> {
    survey: &'p Survey<'s>,
    decided: &'p mut Decided<'d>,
    tally: &'p mut Tally,
    decisions: Vec<Decision>,
}

impl Page<'_, '_, '_> {
    fn look_at(&mut self, (id, profile): &Found) -> Result<(), FlowError> {
        // Whoever is settled was counted where they were decided: so each decision is counted once, whoever turns out to be
        // one meanwhile.
        if self.decided.is_settled(*id) {
            return Ok(());
        }
        self.tally.audience.people += 1;
        let Some(profile) = profile else {
            self.tally.left_out(UNREADABLE);
            return Ok(());
        };
        let candidate = match self.survey.standing(profile)? {
            Standing::Outside(reason) => {
                self.tally.left_out(&reason);
                return Ok(());
            }
            Standing::Unreachable { contact, reason } => {
                self.tally.audience.in_audience += 1;
                self.leave_out(profile.id, profile.household(), contact, &reason, None);
                return Ok(());
            }
            Standing::Candidate(candidate) => candidate,
        };
        match self.household(candidate)? {
            (candidate, Household::Has(other)) => {
                self.count_candidates(1);
                self.another_member(candidate, other);
            }
            (candidate, Household::Members(mut members)) => {
                members.push(candidate);
                self.count_candidates(members.len());
                self.tally.audience.people += members.len() as u64 - 1;
                if let Some(choice) = choose(self.survey.broadcast, members) {
                    self.settle(profile.id, choice)?;
                }
            }
        }
        Ok(())
    }

    fn count_candidates(&mut self, more: usize) {
        self.tally.audience.in_audience += more as u64;
        self.tally.audience.reachable += more as u64;
    }

    /// The others of a candidate's household who are decided with them: those who have still to be looked at.
    fn household(&self, candidate: Candidate) -> Result<(Candidate, Household), FlowError> {
        let survey = self.survey;
        let mut members = Vec::new();
        if survey.broadcast.definition.one_per == OnePer::Person {
            return Ok((candidate, Household::Members(members)));
        }
        // However many they are, they are one household.
        let everybody = survey.read.sharing(candidate.profile, u32::MAX as usize)?.unwrap_or_default();
        for member in everybody.into_iter().filter(|member| *member != candidate.profile) {
            match self.decided.of(member)? {
                Some(true) => return Ok((candidate, Household::Has(member))),
                Some(false) => continue,
                None if member < candidate.profile || member > survey.until => continue,
                None => {}
            }
            let Some(profile) = readable(member, survey.read.profile(member))? else { continue };
            if let Standing::Candidate(other) = survey.standing(&profile)? {
                members.push(other);
            }
        }
        Ok((candidate, Household::Members(members)))
    }

    /// Writes down what was decided at `first` about them and those of their household.
    fn settle(&mut self, first: ProfileId, choice: Choice) -> Result<(), FlowError> {
        let Choice { chosen, why, others } = choice;
        let members = others.iter().map(|other| other.profile).chain([chosen.profile]);
        members.filter(|member| *member != first).for_each(|member| self.decided.settle(member));
        let person = chosen.profile;
        match self.decided.goes_to(&chosen.contact)? {
            Some(other) => {
                let reason = "another person with the same address gets it";
                self.leave_out(person, chosen.household, Some(chosen.contact), reason, Some(other));
            }
            None => {
                self.decided.send_to(&chosen.contact, person);
                self.tally.audience.recipients += 1;
                if let Some(why) = &why {
                    self.tally.chosen(person, why, others.iter().map(|other| other.profile));
                }
                let survey = self.survey;
                let definition = &survey.broadcast.definition;
                let capped = outward::capped(survey.read, survey.live, definition, person, survey.now)?;
                if let Some(reason) = capped {
                    self.tally.capped(&reason);
                }
                self.decisions.push(Decision {
                    profile: person,
                    household: chosen.household,
                    contact: Some(chosen.contact),
                    queued: true,
                    reason: why,
                });
            }
        }
        // After it, so that whoever looks for what went to a contact point finds that first.
        for other in others {
            self.another_member(other, person);
        }
        Ok(())
    }

    fn another_member(&mut self, candidate: Candidate, gets_it: ProfileId) {
        let reason = "another member of the household gets it";
        self.leave_out(
            candidate.profile,
            candidate.household,
            Some(candidate.contact),
            reason,
            Some(gets_it),
        );
    }

    fn leave_out(
        &mut self,
        profile: ProfileId,
        household: Option<HouseholdId>,
        contact: Option<String>,
        reason: &str,
        instead: Option<ProfileId>,
    ) {
        self.tally.left_out(reason);
        let instead = instead.map(|other| format!(" ({other})")).unwrap_or_default();
        let reason = Some(format!("{reason}{instead}"));
        self.decisions.push(Decision { profile, household, contact, queued: false, reason });
    }
}
