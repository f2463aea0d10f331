//! Whose is it? Carries out what the room `identity` says, and writes into the ledger why.

use super::{
    Occurrence, Prepared, Working,
    announce::{By, Merge},
    enrol::Enrolment,
    meant::Asking,
};
use crate::FlowError;
use crowsnest_identity::{GaveWay, Known, resolve};
use crowsnest_model::{
    DecisionId, HouseholdId, Identifier, Namespace, Profile, ProfileId, definition::NamespaceRule,
    profile::Apart,
};
use crowsnest_profile::Touch;
use crowsnest_store::{DecidedBy, Decision, LedgerEntry, LedgerKind};
use std::borrow::Cow;

impl Known for Working<'_> {
    fn holder(&self, identifier: &Identifier) -> Option<ProfileId> {
        self.holders.get(identifier).copied().flatten()
    }

    fn profile(&self, id: ProfileId) -> Option<&Profile> {
        self.people.get(&id).map(|loaded| &loaded.profile)
    }

    fn rule(&self, namespace: &Namespace) -> Cow<'_, NamespaceRule> {
        self.live.normaliser().rule(namespace)
    }

    fn apart(&self, identifier: &Identifier) -> &[Apart] {
        self.kept_apart.sides(identifier)
    }
}

impl Working<'_> {
    /// The person whose event this is, loaded: found, made, or merged from several; and these merges.
    pub(super) fn identify(&mut self, prepared: &Prepared) -> Result<(ProfileId, Vec<Merge>), FlowError> {
        let mut merges = Vec::new();
        let event = &prepared.event;
        let person = match prepared.person {
            Some(known) => {
                let survivor = self.unit.survivor(known)?;
                self.load(survivor)?;
                survivor
            }
            None => {
                let mut named = prepared.people.clone();
                // `previousId` does not say whether it was an anonymous id or a user id: it is what we know it as.
                if let Some(user) = &prepared.previous_user
                    && self.holder(user).is_some()
                {
                    named.retain(|id| !(id.namespace.as_str() == "anonymous_id" && id.value == user.value));
                    named.push(user.clone());
                }
                let asking = Asking::new(self, prepared);
                let resolution = resolve(&named, event.time, &asking);
                asking.fault()?;
                let person = match resolution.people.split_first() {
                    None => self.make_person(event.time),
                    Some((survivor, others)) => {
                        for other in others {
                            let reason = format!(
                                "identifiers of both were named together in {} event: {}",
                                an(event.kind.as_str()),
                                prepared
                                    .people
                                    .iter()
                                    .map(|id| id.namespace.as_str())
                                    .collect::<Vec<_>>()
                                    .join(", ")
                            );
                            merges.push(self.merge(*survivor, *other, By::Event(event.id), reason)?);
                        }
                        *survivor
                    }
                };
                for identifier in &resolution.links {
                    let reason = format!("named in {} event", an(event.kind.as_str()));
                    self.link(person, identifier, prepared, LedgerKind::Link, None, reason)?;
                }
                for gave_way in &resolution.gave_way {
                    self.give_way(person, gave_way, prepared)?;
                }
                self.see(person, &named, prepared);
                person
            }
        };
        for (identifier, reason) in &prepared.ignored {
            // A page that sends `undefined` sends it with every event: once is enough to say so.
            if self.said_before(person, LedgerKind::Ignored, None, identifier) {
                continue;
            }
            self.write_ledger(prepared, LedgerKind::Ignored, person, None, Some(identifier), reason.clone())?;
        }
        for account in &prepared.households {
            self.join_household(person, account, prepared)?;
        }
        Ok((person, merges))
    }

    /// Notes when the person's identifiers were seen.
    fn see(&mut self, person: ProfileId, named: &[Identifier], prepared: &Prepared) {
        let Some(loaded) = self.people.get_mut(&person) else { return };
        for identifier in named {
            let links = match self.holders.get(identifier).copied().flatten() == Some(person) {
                true => &mut loaded.profile.identifiers,
                false if loaded.profile.shares(identifier) => &mut loaded.profile.shared,
                false => continue,
            };
            crowsnest_profile::see_link(links, identifier, prepared.event.time);
            loaded.changed = true;
        }
    }

    fn link(
        &mut self,
        person: ProfileId,
        identifier: &Identifier,
        prepared: &Prepared,
        kind: LedgerKind,
        from: Option<ProfileId>,
        reason: String,
    ) -> Result<(), FlowError> {
        if self.live.fields().asks_about_namespace(identifier.namespace.as_str()) {
            self.to_compare.insert(person);
        }
        self.holders.insert(identifier.clone(), Some(person));
        self.unit.put_holder(identifier, person)?;
        if let Some(loaded) = self.people.get_mut(&person) {
            crowsnest_profile::see_link(&mut loaded.profile.identifiers, identifier, prepared.event.time);
            for side in self.kept_apart.sides(identifier) {
                if !loaded.profile.apart.contains(side) {
                    loaded.profile.apart.push(*side);
                }
            }
            loaded.changed = true;
        }
        self.write_ledger(prepared, kind, person, from, Some(identifier), reason)
    }

    /// An identifier was not believed. A device changes hands; anything else stays where it is, and may be shared.
    fn give_way(
        &mut self,
        person: ProfileId,
        gave_way: &GaveWay,
        prepared: &Prepared,
    ) -> Result<(), FlowError> {
        let identifier = &gave_way.identifier;
        if let (true, Some(holder)) = (gave_way.moves, gave_way.holder) {
            if let Some(loaded) = self.people.get_mut(&holder) {
                loaded.profile.identifiers.retain(|link| {
                    (&link.namespace, &link.value) != (&identifier.namespace, &identifier.value)
                });
                loaded.changed = true;
            }
            let reason = format!(
                "{}; the device goes along with whoever identified themselves on it last",
                gave_way.reason
            );
            return self.link(person, identifier, prepared, LedgerKind::Move, Some(holder), reason);
        }
        // A shared device names two people with every event: once is enough to say so.
        let (kind, new) = match gave_way.shared {
            true => (LedgerKind::Shared, self.share(person, identifier, prepared)?),
            false => {
                let said = self.said_before(person, LedgerKind::GaveWay, gave_way.holder, identifier);
                (LedgerKind::GaveWay, !said)
            }
        };
        if !new {
            return Ok(());
        }
        self.write_ledger(prepared, kind, person, gave_way.holder, Some(identifier), gave_way.reason.clone())
    }

    fn said_before(
        &self,
        person: ProfileId,
        kind: LedgerKind,
        other: Option<ProfileId>,
        identifier: &Identifier,
    ) -> bool {
        if self.people.get(&person).is_none_or(|loaded| loaded.profile.events == 0) {
            return false;
        }
        let page = crowsnest_store::Page { limit: 50, offset: 0 };
        self.unit.ledger(person, page).is_ok_and(|entries| {
            entries.iter().any(|entry| {
                entry.kind == kind
                    && entry.other == other
                    && entry.namespace.as_deref() == Some(identifier.namespace.as_str())
                    && entry.value.as_deref() == Some(identifier.value.as_str())
            })
        })
    }

    /// Two people turn out to be one, by an event or by a decision, for a reason in words.
    pub(super) fn merge(
        &mut self,
        survivor: ProfileId,
        other: ProfileId,
        by: By,
        reason: String,
    ) -> Result<Merge, FlowError> {
        // What time alone has changed about either by now came before they turned out to be one.
        self.catch_up(survivor)?;
        self.catch_up(other)?;
        let anonymous = self.is_anonymous(survivor) || self.is_anonymous(other);
        Enrolment::of(self).before_merge(survivor, other)?;
        let Some(absorbed) = self.people.remove(&other) else {
            return Err(FlowError::Broken(format!("{other} is to be merged and is not loaded")));
        };
        self.keep_compared_by(survivor, &absorbed.profile)?;
        self.share_as_one(survivor, &absorbed.profile)?;
        self.compare_later(survivor);
        self.compare_later(other);
        for link in &absorbed.profile.identifiers {
            let identifier = Identifier { namespace: link.namespace.clone(), value: link.value.clone() };
            self.unit.put_holder(&identifier, survivor)?;
            self.holders.insert(identifier, Some(survivor));
        }
        for segment in absorbed.profile.segments.keys() {
            self.unit.put_membership(segment, other, None)?;
        }
        self.had_neighbours(other)?;
        let had = self.unit.merge(survivor, other, self.now)?;
        self.lost_person();
        if let Some(replay) = &mut self.replay {
            replay.merged(survivor, other);
        }
        let touch = self.anew.remove(&other).unwrap_or_else(|| Touch::of_merge(&absorbed.profile));
        self.anew.entry(survivor).or_default().add(touch);
        if let Some(loaded) = self.people.get_mut(&survivor) {
            crowsnest_profile::absorb(&mut loaded.profile, absorbed.profile);
            loaded.changed = true;
            // The one person is asked about everything with this event; the table knows nothing of the other's moment.
            loaded.look_moved = true;
        }
        self.agreed.forget(Some(survivor));
        self.merge_memberships(survivor, by.on_record())?;
        // Of series that are being built one of them may have been read already, and the other not.
        if !self.incomplete().is_empty() {
            self.derive_series(survivor)?;
        }
        self.derive_watchers(survivor)?;
        self.unit.put_ledger(&LedgerEntry {
            time: self.now,
            event: by.on_record(),
            kind: LedgerKind::Merge,
            profile: survivor,
            other: Some(other),
            namespace: None,
            value: None,
            reason: by.reason_on_record(&reason),
        })?;
        let merge = Merge { survivor, absorbed: other, by, anonymous, reason };
        self.tell_of_merge(&merge)?;
        Enrolment::of(self).after_merge(survivor)?;
        // What waited for a message that the other has had goes on.
        for run in had {
            Enrolment::of(self).delivered(survivor, run, None)?;
        }
        Ok(merge)
    }

    /// The decision that keeps two people apart, if one does.
    pub(crate) fn apart(&self, one: ProfileId, other: ProfileId) -> Option<DecisionId> {
        let sides = |person| self.people.get(&person).map(|loaded| loaded.profile.apart.as_slice());
        Apart::between(sides(one)?, sides(other)?)
    }

    /// Makes two people one, by a decision. Whoever has more events goes on.
    pub(crate) fn join(
        &mut self,
        one: ProfileId,
        other: ProfileId,
        decision: &Decision,
    ) -> Result<ProfileId, FlowError> {
        let events = |person| self.people.get(&person).map_or(0, |loaded| loaded.profile.events);
        let mut people = [one, other];
        people.sort_by_key(|person| (std::cmp::Reverse(events(*person)), *person));
        let [survivor, absorbed] = people;
        let by = match decision.by {
            DecidedBy::People => By::Decision(decision.id),
            DecidedBy::Likeness { .. } => By::Likeness(decision.id),
        };
        let merge = self.merge(survivor, absorbed, by, decision.reason.clone())?;
        let touch = self.anew.remove(&survivor).unwrap_or_default();
        let cause = Occurrence { at: self.now, event: None, announced: true };
        self.reconsider(survivor, &touch, cause)?;
        self.reconsider_household(survivor, cause)?;
        Enrolment::of(self).merged(survivor, &merge)?;
        Ok(survivor)
    }

    fn join_household(
        &mut self,
        person: ProfileId,
        account: &Identifier,
        prepared: &Prepared,
    ) -> Result<(), FlowError> {
        let Some(loaded) = self.people.get_mut(&person) else { return Ok(()) };
        loaded.changed = true;
        if crowsnest_profile::see_link(&mut loaded.profile.accounts, account, prepared.event.time) {
            let household = HouseholdId::of(account.namespace.as_str(), &account.value);
            self.unit.put_household_member(household, person)?;
            let reason = "declared as a member of the account".to_owned();
            self.write_ledger(prepared, LedgerKind::Link, person, None, Some(account), reason)?;
        }
        Ok(())
    }

    fn write_ledger(
        &mut self,
        prepared: &Prepared,
        kind: LedgerKind,
        profile: ProfileId,
        other: Option<ProfileId>,
        identifier: Option<&Identifier>,
        reason: String,
    ) -> Result<(), FlowError> {
        self.unit.put_ledger(&LedgerEntry {
            time: self.now,
            event: prepared.event.id,
            kind,
            profile,
            other,
            namespace: identifier.map(|id| id.namespace.to_string()),
            value: identifier.map(|id| id.value.clone()),
            reason,
        })?;
        Ok(())
    }
}

/// A word with its article.
fn an(word: &str) -> String {
    let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {word}")
}
