//! Who somebody was then: what is one person's by now may have come from two.

use crate::{
    Live,
    inward::{Cause, identifier_of},
};
use crowsnest_identity::Normal;
use crowsnest_model::{Event, Identifier, ProfileId, Time};
use crowsnest_store::{IdentityChangeKind, LedgerEntry, LedgerKind, Read, RunRecord, StoreError};
use serde::Serialize;
use std::{cmp::Reverse, collections::BTreeSet};

/// Somebody turned out to be the person, or was told apart from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhoChanged {
    /// When that was found.
    pub time: Time,
    /// What was found: `merged` or `split`.
    pub what: IdentityChangeKind,
    /// The other one: absorbed, or somebody of their own again.
    pub other: ProfileId,
    /// It came after the moment up to which records are looked at. Until a merge they were two people; until a split they were taken
    /// for one, and what is told is each one's own by now.
    pub later: bool,
    /// Why, in words.
    pub reason: String,
}

/// What the ledger knows of a person.
pub(super) struct Who<'a> {
    live: &'a Live,
    person: ProfileId,
    /// Their ids: their own, and those that lead to them.
    ids: Vec<ProfileId>,
    ledger: Vec<LedgerEntry>,
}

impl<'a> Who<'a> {
    pub(super) fn of(read: &dyn Read, live: &'a Live, person: ProfileId) -> Result<Self, StoreError> {
        let mut ids = read.absorbed(person)?;
        ids.push(person);
        Ok(Self { live, person, ledger: read.ledger_of(&ids)?, ids })
    }

    /// Whose an event was when it came, if that was somebody else then.
    pub(super) fn sent(&self, event: &Event) -> Option<ProfileId> {
        // Of an event that made somebody, or one of two, the ledger says whose it is.
        let made = |entry: &&LedgerEntry| {
            entry.event == event.id
                && matches!(entry.kind, LedgerKind::Link | LedgerKind::Move | LedgerKind::Merge)
        };
        let holder = match self.ledger.iter().rev().find(made) {
            Some(entry) => entry.profile,
            None => self.named(event)?,
        };
        self.if_another(self.known_as(holder, event.received))
    }

    /// Whom something let in that is no event of theirs, if that was somebody else then.
    pub(super) fn let_in(&self, run: &RunRecord) -> Option<ProfileId> {
        let meant = self.ids.iter().find(|id| Cause::id_of(**id, &run.occasion) == run.event)?;
        self.if_another(self.known_as(*meant, run.started))
    }

    fn if_another(&self, id: ProfileId) -> Option<ProfileId> {
        (id != self.person).then_some(id)
    }

    /// Who went by the strongest of an event's identifiers when it came.
    fn named(&self, event: &Event) -> Option<ProfileId> {
        let mut named: Vec<Identifier> = event
            .identifiers
            .iter()
            .filter_map(|identifier| match self.live.normaliser().normalise(identifier) {
                Normal::Person(identifier) => Some(identifier),
                Normal::Household(_) | Normal::Nobody(_) => None,
            })
            .collect();
        let rules = &self.live.workspace().identity;
        named.sort_by_key(|identifier| Reverse(rules.rule(identifier.namespace.as_str()).priority));
        named.iter().find_map(|identifier| self.holder(identifier, event.received))
    }

    /// Whose an identifier became last until then.
    fn holder(&self, identifier: &Identifier, at: Time) -> Option<ProfileId> {
        let became = |entry: &&LedgerEntry| {
            matches!(entry.kind, LedgerKind::Link | LedgerKind::Move | LedgerKind::Shared)
                && identifier_of(entry).as_ref() == Some(identifier)
        };
        let last = self.ledger.iter().filter(became).rfind(|entry| entry.time <= at)?;
        Some(last.profile)
    }

    /// Who an id was by then: the survivor of the merges until then.
    fn known_as(&self, id: ProfileId, at: Time) -> ProfileId {
        let merges = self.ledger.iter().filter(|entry| entry.kind == LedgerKind::Merge && entry.time <= at);
        // In the order in which they came about.
        merges.fold(id, |id, merge| if merge.other == Some(id) { merge.profile } else { id })
    }

    /// What was found of who they are, the earliest first: all that came after a moment, and of what came before that by which these
    /// others became them.
    pub(super) fn changes(&self, at: Time, others: &BTreeSet<ProfileId>) -> Vec<WhoChanged> {
        let mut concerned = others.clone();
        let mut changes = Vec::new();
        for entry in &self.ledger {
            let (what, Some(other)) = (entry.kind, entry.other) else { continue };
            let what = match what {
                LedgerKind::Merge => IdentityChangeKind::Merged,
                LedgerKind::Split => IdentityChangeKind::Split,
                _ => continue,
            };
            let concerns = concerned.contains(&other);
            if concerns {
                concerned.insert(entry.profile);
            }
            let later = entry.time > at;
            if later || concerns || what == IdentityChangeKind::Split {
                let reason = entry.reason.clone();
                changes.push(WhoChanged { time: entry.time, what, other, later, reason });
            }
        }
        changes
    }
}
