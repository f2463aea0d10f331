//! Who turned out to be one person, and who is told apart: what programs and systems outside hear of it.

use super::{Cause, Enrolment, Working};
use crate::{FlowError, OWN_SOURCE};
use crowsnest_model::{DecisionId, EventId, Object, ProfileId, definition::IdentityEvent, profile::Link};
use crowsnest_store::{Decision, IdentityChange, IdentityChangeKind};
use std::collections::BTreeSet;

/// What made two people one.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    Event(EventId),
    Decision(DecisionId),
    /// They are alike enough, which is kept like a decision.
    Likeness(DecisionId),
}

impl By {
    /// The id under which the ledger has it.
    pub(super) fn on_record(self) -> EventId {
        match self {
            Self::Event(event) => event,
            Self::Decision(decision) | Self::Likeness(decision) => event_of(decision),
        }
    }

    /// Why, as the ledger has it.
    pub(super) fn reason_on_record(self, reason: &str) -> String {
        match self {
            Self::Event(_) => reason.to_owned(),
            Self::Decision(decision) => format!("decided by {decision}: {reason}"),
            Self::Likeness(decision) => format!("{reason} ({decision})"),
        }
    }

    fn event(self) -> Option<EventId> {
        match self {
            Self::Event(event) => Some(event),
            Self::Decision(_) | Self::Likeness(_) => None,
        }
    }

    fn decision(self) -> Option<DecisionId> {
        match self {
            Self::Event(_) => None,
            Self::Decision(decision) | Self::Likeness(decision) => Some(decision),
        }
    }
}

/// The id under which the ledger has a decision.
pub(crate) fn event_of(decision: DecisionId) -> EventId {
    EventId::of(OWN_SOURCE, &decision.to_string())
}

/// Two people who have just become one.
#[derive(Debug, Clone)]
pub(super) struct Merge {
    pub(super) survivor: ProfileId,
    pub(super) absorbed: ProfileId,
    pub(super) by: By,
    /// One of the two was known by devices alone: a browser of which we learn whose it is.
    pub(super) anonymous: bool,
    /// Why, in words.
    pub(super) reason: String,
}

impl Merge {
    /// What makes it one of a kind: who was the survivor does not, since that may be the other one when they are told apart
    /// from a third.
    fn occasion(&self) -> String {
        let [low, high] = [self.survivor.min(self.absorbed), self.survivor.max(self.absorbed)];
        match self.by {
            By::Event(event) => format!("identity:merged:{low}:{high}:{event}"),
            By::Decision(decision) | By::Likeness(decision) => {
                format!("identity:merged:{low}:{high}:{decision}")
            }
        }
    }

    fn properties(&self) -> Object {
        let mut properties = Object::new();
        let mut say = |name: &str, value: serde_json::Value| properties.insert(name.into(), value);
        say("survivor", self.survivor.to_string().into());
        say("absorbed", self.absorbed.to_string().into());
        match self.by {
            By::Event(event) => {
                say("by", "event".into());
                say("event", event.to_string().into());
            }
            By::Decision(decision) | By::Likeness(decision) => {
                let is_likeness = matches!(self.by, By::Likeness(_));
                say("by", if is_likeness { "likeness" } else { "decision" }.into());
                say("decision", decision.to_string().into());
            }
        }
        say("anonymous", self.anonymous.into());
        say("reason", self.reason.as_str().into());
        properties
    }
}

/// What programs see of two people who are told apart.
fn split_properties(other: ProfileId, decision: &Decision) -> Object {
    Object::from_iter([
        ("other".to_owned(), other.to_string().into()),
        ("by".to_owned(), "decision".into()),
        ("decision".to_owned(), decision.id.to_string().into()),
        ("reason".to_owned(), decision.reason.as_str().into()),
    ])
}

/// What programs would see, for a trial.
pub(crate) fn supposed(identity: IdentityEvent, person: ProfileId) -> Object {
    let mut seen = Object::from_iter([("reason".to_owned(), "the trial".into())]);
    match identity {
        IdentityEvent::Merged => {
            seen.insert("survivor".to_owned(), person.to_string().into());
            seen.insert("by".to_owned(), "event".into());
            seen.insert("anonymous".to_owned(), false.into());
        }
        IdentityEvent::Split => {
            seen.insert("by".to_owned(), "decision".into());
        }
    }
    seen
}

impl Enrolment<'_, '_> {
    /// Two people turned out to be one: the programs begin that this begins.
    pub(super) fn merged(&mut self, person: ProfileId, merge: &Merge) -> Result<(), FlowError> {
        let what = format!("the merge with {}", merge.absorbed);
        self.identity_changed(person, IdentityEvent::Merged, merge.occasion(), what, merge.properties())
    }

    /// Two people are told apart: the programs begin that this begins for one of them.
    pub(crate) fn split(
        &mut self,
        person: ProfileId,
        other: ProfileId,
        decision: &Decision,
    ) -> Result<(), FlowError> {
        let occasion = format!("identity:split:{}", decision.id);
        let what = format!("being told apart from {other}");
        let properties = split_properties(other, decision);
        self.identity_changed(person, IdentityEvent::Split, occasion, what, properties)
    }

    fn identity_changed(
        &mut self,
        person: ProfileId,
        identity: IdentityEvent,
        occasion: String,
        what: String,
        properties: Object,
    ) -> Result<(), FlowError> {
        let (entrances, now) = (self.entrances(), self.now());
        let cause = Cause::ours(person, occasion, what, now, properties);
        for program in entrances.triggered_by_identity(identity) {
            self.enter_by_change(person, program, &cause)?;
        }
        Ok(())
    }
}

impl Working<'_> {
    /// Whether a person is known by devices alone, or by nothing.
    pub(super) fn is_anonymous(&self, person: ProfileId) -> bool {
        let mut links = self.people.get(&person).into_iter().flat_map(|loaded| loaded.profile.goes_by());
        links.all(|Link { namespace, .. }| self.live.normaliser().rule(namespace).device)
    }

    /// Keeps a merge for systems outside. One that comes about again is known to them.
    pub(super) fn tell_of_merge(&mut self, merge: &Merge) -> Result<(), FlowError> {
        if self.replay.is_some() {
            return Ok(());
        }
        self.unit.put_identity_change(&IdentityChange {
            cursor: 0,
            time: self.now,
            kind: IdentityChangeKind::Merged,
            survivor: merge.survivor,
            absorbed: merge.absorbed,
            event: merge.by.event(),
            decision: merge.by.decision(),
            anonymous: merge.anonymous,
            reason: merge.reason.clone(),
        })?;
        Ok(())
    }

    /// Keeps for systems outside what became of the ids that all led to `person`, before `people` were told apart. However
    /// the merges came about again: these changes lead from the ids as they were to the ids as they are.
    pub(crate) fn tell_of_split(
        &mut self,
        decision: &Decision,
        person: ProfileId,
        ids: &[ProfileId],
        people: &[ProfileId],
    ) -> Result<(), FlowError> {
        let all: BTreeSet<ProfileId> = ids.iter().chain(people).copied().collect();
        let tell = |work: &mut Self, kind, survivor, absorbed| {
            work.unit.put_identity_change(&IdentityChange {
                cursor: 0,
                time: work.now,
                kind,
                survivor,
                absorbed,
                event: None,
                decision: Some(decision.id),
                anonymous: false,
                reason: decision.reason.clone(),
            })
        };
        for id in all.iter().filter(|id| people.contains(id) && **id != person) {
            tell(self, IdentityChangeKind::Split, person, *id)?;
        }
        for id in all.iter().filter(|id| !people.contains(id)) {
            // It may have led to the person by way of somebody who is somebody else again.
            let survivor = self.unit.survivor(*id)?;
            if self.told_to_lead_to(*id)? != survivor {
                tell(self, IdentityChangeKind::Moved, survivor, *id)?;
            }
        }
        Ok(())
    }

    /// To whom an id leads for those who know the changes alone.
    fn told_to_lead_to(&self, id: ProfileId) -> Result<ProfileId, FlowError> {
        let mut seen = BTreeSet::new();
        let mut found = id;
        while let Some(change) = self.unit.identity_change_of(found)? {
            if change.kind == IdentityChangeKind::Split || !seen.insert(found) {
                break;
            }
            found = change.survivor;
        }
        Ok(found)
    }
}
