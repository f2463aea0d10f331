//! Two people are one, because somebody of the house says so.

use crate::{Engine, FlowError, inward::Working};
use crowsnest_model::{
    DecisionId, Identifier, ProfileId,
    profile::{Apart, Link},
};
use crowsnest_store::{DecidedBy, Decision};
use serde::Serialize;
use std::sync::Arc;

/// What making two people one comes to.
#[derive(Debug, Clone, Serialize)]
pub struct Joined {
    /// The one person.
    pub profile: ProfileId,
    /// The id that leads to them from now on.
    pub absorbed: ProfileId,
    /// The decision, which a later split can overrule.
    pub decision: DecisionId,
    /// Decisions that had kept them apart, and count no more.
    pub withdrawn: Vec<DecisionId>,
}

impl Engine {
    /// Makes two people one. What had been decided to the contrary counts no more. `crowsnest identity split` takes it back.
    pub async fn join(&self, one: ProfileId, other: ProfileId, reason: String) -> Result<Joined, FlowError> {
        self.commit(move |work| work.join_by_decision(one, other, reason)).await
    }
}

impl Working<'_> {
    pub(crate) fn join_by_decision(
        &mut self,
        one: ProfileId,
        other: ProfileId,
        reason: String,
    ) -> Result<Joined, FlowError> {
        let people = [self.known(one)?, self.known(other)?];
        let [one, other] = people;
        if one == other {
            return Err(FlowError::Refused(format!("they are one person already: {one}")));
        }
        let mut withdrawn = Vec::new();
        while let Some(decision) = self.apart(one, other) {
            self.withdraw(decision, people)?;
            withdrawn.push(decision);
        }
        let decision = self.decide(true, people, reason)?;
        let profile = self.join(one, other, &decision)?;
        let absorbed = if profile == one { other } else { one };
        Ok(Joined { profile, absorbed, decision: decision.id, withdrawn })
    }

    /// Somebody, loaded.
    pub(crate) fn known(&mut self, id: ProfileId) -> Result<ProfileId, FlowError> {
        let person = self.unit.survivor(id)?;
        if self.unit.profile(person)?.is_none() {
            return Err(FlowError::NotFound { kind: "person", name: id.to_string(), hint: None });
        }
        self.load(person)?;
        Ok(person)
    }

    /// A decision counts no more, for these people least of all.
    pub(crate) fn withdraw(&mut self, decision: DecisionId, people: [ProfileId; 2]) -> Result<(), FlowError> {
        self.unit.withdraw_decision(decision, self.now)?;
        Arc::make_mut(&mut self.kept_apart).remove(decision);
        for person in people {
            if let Some(loaded) = self.people.get_mut(&person) {
                loaded.profile.apart.retain(|side| side.decision != decision);
                loaded.changed = true;
            }
            self.compare_later(person);
        }
        Ok(())
    }

    /// Two people are two, because somebody of the house says so. They are not one now.
    pub(crate) fn keep_apart(
        &mut self,
        one: ProfileId,
        other: ProfileId,
        reason: String,
    ) -> Result<DecisionId, FlowError> {
        let people = [self.known(one)?, self.known(other)?];
        if people[0] == people[1] {
            return Err(FlowError::Refused(format!(
                "they are one person now: {}; `crowsnest identity split` tells them apart",
                people[0]
            )));
        }
        let decision = self.decide(false, people, reason)?;
        Arc::make_mut(&mut self.kept_apart).add(decision.id, &decision.sides);
        for (side, person) in (0..).zip(people) {
            if let Some(loaded) = self.people.get_mut(&person) {
                loaded.profile.apart.push(Apart { decision: decision.id, side });
                loaded.changed = true;
            }
            self.compare_later(person);
        }
        Ok(decision.id)
    }

    /// Keeps what people of the house decided.
    fn decide(&mut self, same: bool, people: [ProfileId; 2], reason: String) -> Result<Decision, FlowError> {
        let decision = Decision {
            id: DecisionId(self.ids.next(self.now)),
            time: self.now,
            same,
            by: DecidedBy::People,
            people,
            reason,
            sides: people.map(|person| self.evidence_of(person)),
            withdrawn: None,
        };
        self.unit.put_decision(&decision)?;
        Ok(decision)
    }

    /// By what a person is known for sure; by their devices, if by nothing else.
    pub(crate) fn evidence_of(&self, person: ProfileId) -> Vec<Identifier> {
        let links = self.people.get(&person).map(|loaded| loaded.profile.identifiers.as_slice());
        let all: Vec<Identifier> = links
            .unwrap_or_default()
            .iter()
            .map(|Link { namespace, value, .. }| Identifier {
                namespace: namespace.clone(),
                value: value.clone(),
            })
            .collect();
        let sure: Vec<Identifier> =
            all.iter().filter(|identifier| self.is_evidence(identifier)).cloned().collect();
        if sure.is_empty() { all } else { sure }
    }
}
