//! Two people who were taken for one are told apart again.
//!
//! What keeps them apart is a decision about identifiers; what each of them is then follows from the events, which are taken
//! in once more ([`crate::inward`]'s replay). So nothing has to be un-done, and a preview is the same thing without the
//! commit.

use crate::{
    Engine, FlowError,
    inward::{Enrolment, Recorded, Working, event_of, identifier_of},
};
use crowsnest_identity::Normal;
use crowsnest_model::{
    DecisionId, Identifier, ProfileId, Time,
    profile::{Apart, Link},
};
use crowsnest_store::{DecidedBy, Decision, LedgerEntry, LedgerKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How somebody is to be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// Whoever was merged into them under this id goes their own way again.
    Merged(ProfileId),
    /// Whoever goes by these identifiers is somebody else.
    Identifiers(Vec<Identifier>),
}

/// What telling two people apart comes to.
#[derive(Debug, Clone, Serialize)]
pub struct Split {
    /// The person who was taken for one.
    pub profile: ProfileId,
    /// The decision that keeps them apart from now on; `None` in a preview, which writes nothing.
    pub decision: Option<DecisionId>,
    /// The identifiers of the one side and of the other.
    pub sides: [Vec<Identifier>; 2],
    /// Who they are.
    pub people: Vec<SplitPerson>,
}

/// One of those who were taken for one.
#[derive(Debug, Clone, Serialize)]
pub struct SplitPerson {
    /// Their id; the one that they had before, where there was one. In a preview it may be another than in the end.
    pub profile: ProfileId,
    /// On which side of the decision they are; `None` when neither names them.
    pub side: Option<u8>,
    /// How many events are theirs.
    pub events: u64,
    /// By what they are known.
    pub identifiers: Vec<Identifier>,
    /// What is known of them.
    pub traits: BTreeMap<String, Value>,
    /// The segments that they are in, and since when.
    pub segments: BTreeMap<String, Time>,
    /// The programs that they are in, by name, with the moment that let them in.
    pub programs: BTreeMap<String, Time>,
}

impl Engine {
    /// Tells somebody apart who was taken for one person, or shows what that would come to. Everything that is derived
    /// from events becomes what it would have been, had they never been taken for one; what was sent stays on record with
    /// whoever has its contact point. Later events do not make them one again. Old ids lead to whoever has them now.
    pub async fn split(
        &self,
        profile: ProfileId,
        by: SplitBy,
        reason: String,
        preview: bool,
    ) -> Result<Split, FlowError> {
        self.task(move |desk| {
            let mut shown = None;
            let done = desk.commit(|work| {
                let split = work.split(profile, &by, &reason)?;
                if preview {
                    shown = Some(Split { decision: None, ..split });
                    // What was tried is rolled back.
                    return Err(FlowError::Refused("only a preview".into()));
                }
                Ok(split)
            });
            shown.map_or(done, Ok)
        })
        .await
    }
}

impl Working<'_> {
    fn split(&mut self, profile: ProfileId, by: &SplitBy, reason: &str) -> Result<Split, FlowError> {
        let person = self.unit.survivor(profile)?;
        let Some(known) = self.unit.profile(person)? else {
            return Err(FlowError::NotFound { kind: "person", name: profile.to_string(), hint: None });
        };
        if !self.incomplete().is_empty() || self.derived.pending {
            return Err(FlowError::Refused(
                "metrics are being built just now, or segments, and what they would have been cannot be said yet; try again when \
                 `crowsnest metric list` and `crowsnest segment list` show none that is building"
                    .into(),
            ));
        }
        self.load(person)?;
        self.catch_up(person)?;
        let recorded = self.on_record(person)?;
        let ids = recorded.ids.clone();
        let sides = match by {
            SplitBy::Merged(other) => self.sides_of_merge(&recorded, *other)?,
            SplitBy::Identifiers(named) => self.sides_by_name(person, &known.identifiers, named)?,
        };
        let ids_then = match by {
            SplitBy::Merged(other) => [merge_of(&recorded.ledger, *other).map(|(_, to)| to), Some(*other)],
            SplitBy::Identifiers(_) => [None, None],
        };
        let mut decision = Decision {
            id: DecisionId(self.ids.next(self.now)),
            time: self.now,
            same: false,
            by: DecidedBy::People,
            people: [person, person],
            reason: reason.to_owned(),
            sides,
            withdrawn: None,
        };
        // What was decided to the contrary counts no more.
        for earlier in self.unit.decisions_of(&recorded.ids)? {
            let within = |side: usize, of: usize| {
                earlier.sides[side].iter().any(|identifier| decision.sides[of].contains(identifier))
                    || earlier.sides[side].is_empty() && ids_then[of] == Some(earlier.people[side])
            };
            let between = within(0, 0) && within(1, 1) || within(0, 1) && within(1, 0);
            if earlier.same && earlier.withdrawn.is_none() && between {
                self.unit.withdraw_decision(earlier.id, self.now)?;
            }
        }
        Arc::make_mut(&mut self.kept_apart).add(decision.id, &decision.sides);
        let people = self.replay(recorded)?;
        for (side, id) in (0..).zip(ids_then) {
            // Whoever is known by nothing but what they share is known by their id. By devices alone nobody is.
            let bare = decision.sides[usize::from(side)].is_empty();
            if let Some(loaded) = id.filter(|_| bare).and_then(|id| self.people.get_mut(&id))
                && !loaded.profile.shared.is_empty()
            {
                loaded.profile.apart.push(Apart { decision: decision.id, side });
                loaded.changed = true;
            }
        }
        let on_side = |work: &Self, person: &ProfileId, side: u8| {
            work.people.get(person).is_some_and(|loaded| {
                loaded.profile.apart.iter().any(|apart| apart.decision == decision.id && apart.side == side)
            })
        };
        let on = |side| people.iter().copied().find(|person| on_side(self, person, side));
        let (Some(one), Some(other)) = (on(0), on(1)) else {
            return Err(FlowError::Refused(
                "no event names the one without the other, so there is nobody to be told apart".into(),
            ));
        };
        decision.people = [one, other];
        self.unit.put_decision(&decision)?;
        self.note_split(&decision, &people)?;
        self.tell_of_split(&decision, person, &ids, &people)?;
        for person in &people {
            self.reconsider_household_of(*person)?;
        }
        for (person, other) in pairs(&people) {
            Enrolment::of(self).split(person, other, &decision)?;
        }
        Ok(Split {
            profile: person,
            decision: Some(decision.id),
            people: people
                .iter()
                .filter_map(|person| {
                    let side = (0..2).find(|side| on_side(self, person, *side));
                    self.told(*person, side)
                })
                .collect(),
            sides: decision.sides,
        })
    }

    /// The identifiers of whoever was merged under the id `other`, and those of whom they were merged into, as they were
    /// when that happened.
    fn sides_of_merge(
        &self,
        recorded: &Recorded,
        other: ProfileId,
    ) -> Result<[Vec<Identifier>; 2], FlowError> {
        let ledger = &recorded.ledger;
        let Some((merge, survivor)) = merge_of(ledger, other) else {
            let merged: Vec<String> = ledger
                .iter()
                .filter(|entry| entry.kind == LedgerKind::Merge)
                .filter_map(|entry| entry.other)
                .map(|other| other.to_string())
                .collect();
            return Err(FlowError::Refused(match merged.as_slice() {
                [] => format!("nobody was ever merged into {}; name identifiers instead", recorded.person),
                some => format!(
                    "{other} was not merged into {}; these were: {}",
                    recorded.person,
                    some.join(", ")
                ),
            }));
        };
        let before = &ledger[..merge];
        let one = family(before, other);
        // Whatever else was known then belongs to the other side only if it was the survivor's by then.
        let rest = family(before, survivor);
        Ok([self.linked(before, &rest), self.linked(before, &one)])
    }

    /// The identifiers that became somebody's who has one of these ids. Devices are nobody's evidence.
    fn linked(&self, ledger: &[LedgerEntry], ids: &BTreeSet<ProfileId>) -> Vec<Identifier> {
        let mut last: BTreeMap<Identifier, ProfileId> = BTreeMap::new();
        for entry in ledger {
            if let (LedgerKind::Link | LedgerKind::Move, Some(identifier)) =
                (entry.kind, identifier_of(entry))
            {
                last.insert(identifier, entry.profile);
            }
        }
        last.retain(|identifier, holder| ids.contains(holder) && self.is_evidence(identifier));
        last.into_keys().collect()
    }

    pub(crate) fn is_evidence(&self, identifier: &Identifier) -> bool {
        let rule = self.live.normaliser().rule(&identifier.namespace);
        !rule.device && !rule.household
    }

    fn sides_by_name(
        &self,
        person: ProfileId,
        links: &[Link],
        named: &[Identifier],
    ) -> Result<[Vec<Identifier>; 2], FlowError> {
        let mut theirs = Vec::new();
        for raw in named {
            let identifier = match self.live.normaliser().normalise(raw) {
                Normal::Person(identifier) => identifier,
                Normal::Household(_) => {
                    return Err(FlowError::Refused(format!(
                        "{}={} names a household, and makes nobody one person",
                        raw.namespace, raw.value
                    )));
                }
                Normal::Nobody(reason) => return Err(FlowError::Refused(reason)),
            };
            let is = |link: &&Link| link.namespace == identifier.namespace && link.value == identifier.value;
            if !links.iter().any(|link| is(&link)) {
                return Err(FlowError::Refused(format!(
                    "{}={} is not {person}'s",
                    identifier.namespace, identifier.value
                )));
            }
            theirs.push(identifier);
        }
        let others: Vec<Identifier> = links
            .iter()
            .map(|link| Identifier { namespace: link.namespace.clone(), value: link.value.clone() })
            .filter(|identifier| !theirs.contains(identifier) && self.is_evidence(identifier))
            .collect();
        if theirs.is_empty() || others.is_empty() {
            return Err(FlowError::Refused(format!(
                "{person} would have nothing left to be known by; name some of their identifiers, not all"
            )));
        }
        Ok([others, theirs])
    }

    /// Both ledgers say why they are two.
    fn note_split(&mut self, decision: &Decision, people: &[ProfileId]) -> Result<(), FlowError> {
        for (person, other) in pairs(people) {
            self.unit.put_ledger(&LedgerEntry {
                time: self.now,
                event: event_of(decision.id),
                kind: LedgerKind::Split,
                profile: person,
                other: Some(other),
                namespace: None,
                value: None,
                reason: format!("told apart by {}: {}", decision.id, decision.reason),
            })?;
        }
        Ok(())
    }

    fn told(&self, person: ProfileId, side: Option<u8>) -> Option<SplitPerson> {
        let profile = &self.people.get(&person)?.profile;
        Some(SplitPerson {
            profile: person,
            side,
            events: profile.events,
            identifiers: profile
                .identifiers
                .iter()
                .map(|link| Identifier { namespace: link.namespace.clone(), value: link.value.clone() })
                .collect(),
            traits: profile.traits.iter().map(|(name, known)| (name.clone(), known.value.clone())).collect(),
            segments: profile.segments.iter().map(|(name, inside)| (name.clone(), inside.since)).collect(),
            programs: profile
                .runs
                .iter()
                .filter(|run| !run.awaits_goal)
                .map(|run| (run.program.clone(), run.triggered))
                .collect(),
        })
    }
}

/// Where in a ledger somebody was merged under an id, and into whom.
fn merge_of(ledger: &[LedgerEntry], other: ProfileId) -> Option<(usize, ProfileId)> {
    let is = |entry: &LedgerEntry| entry.kind == LedgerKind::Merge && entry.other == Some(other);
    let place = ledger.iter().position(is)?;
    Some((place, ledger.get(place)?.profile))
}

/// Everybody with everybody else.
fn pairs(people: &[ProfileId]) -> impl Iterator<Item = (ProfileId, ProfileId)> {
    people
        .iter()
        .flat_map(|one| people.iter().map(|other| (*one, *other)))
        .filter(|(one, other)| one != other)
}

/// An id, and all that were merged into it, one way or another.
fn family(ledger: &[LedgerEntry], of: ProfileId) -> BTreeSet<ProfileId> {
    let mut family = BTreeSet::from([of]);
    // A merge stands before the merges of its survivor.
    for entry in ledger.iter().rev().filter(|entry| entry.kind == LedgerKind::Merge) {
        if family.contains(&entry.profile) {
            family.extend(entry.other);
        }
    }
    family
}
