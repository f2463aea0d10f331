//! A person's events taken in once more, from the first, as of the moments at which they came: so that everything that is
//! derived from them becomes what it would have been under what is known of identity today.
//!
//! Facts are not derived: what was sent was sent. A message, a run and a task that come about again are the ones that were;
//! what does not come about again stays on record with whoever has its contact point.

mod facts;
mod moments;
mod then;

use super::{Prepared, Working, asked::Asked, event_of, prepare};
use crate::{
    FlowError, OWN_SOURCE,
    rules::{self, Then},
};
use crowsnest_model::{
    Consent, ConsentStatus, DeliveryId, Event, EventId, Identifier, ProfileId, Time, delivery::LETTER,
    profile::Link,
};
use crowsnest_profile::Touch;
use crowsnest_store::{
    Decision, DeliveryFilter, EventRow, EventSeq, LedgerEntry, LedgerKind, Page, RunRecord, StoredDocument,
};
use facts::{Calls, Made, Outcome, called_off, made_at, runs_of};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use then::begun;

/// So many events of one person are taken in again at most. It is one commit, and everybody else waits for as long: the time grows
/// with the events, and so does the memory, by about a kilobyte each.
const MOST_EVENTS: usize = 50_000;

const EVERYTHING: Page = Page { limit: i64::MAX as usize, offset: 0 };

/// A replay on its way.
#[derive(Debug)]
pub(crate) struct Replay {
    /// Now, by the real clock.
    pub(super) until: Time,
    /// The event that is being taken in.
    event: EventId,
    /// Whose each event is that was taken in again.
    owners: HashMap<EventId, ProfileId>,
    /// Who was new with which event.
    made_by: HashMap<EventId, ProfileId>,
    /// Everybody who comes about.
    pub(super) people: BTreeSet<ProfileId>,
    /// By the occasions that they were of.
    runs: HashMap<(String, String), Vec<RunRecord>>,
    /// By the occasions that they were made at; of several, the one that goes by it still comes first.
    deliveries: HashMap<(String, String), Vec<Made>>,
    /// Those that were called off by the end of their run.
    called_off: HashSet<DeliveryId>,
    calls: Calls,
    outcomes: Vec<Outcome>,
    /// Decisions that people are one, the latest first.
    joins: Vec<Decision>,
    /// That they were told apart from others before, the latest first.
    splits: Vec<(LedgerEntry, Decision)>,
    asked: Vec<Asked>,
    /// When other programs, segments or metrics came in force, the latest first.
    turns: Vec<Time>,
    /// Every version of every definition.
    stored: Vec<StoredDocument>,
    /// The metrics and segments that are in force.
    then: Option<Then>,
    /// What the moments of programs by date or by schedule depend on, and since when that is something else.
    moments: BTreeMap<String, String>,
    other_moments: HashMap<String, Time>,
    /// The programs that each is in, as far as what depends on that was asked.
    inside: HashMap<ProfileId, BTreeSet<String>>,
    /// Who else is asked anew once the replay is over, and about what.
    others: BTreeMap<ProfileId, Touch>,
    /// The ways through programs that are on record, in the order in which they began, the latest first.
    begun: Vec<RunRecord>,
    /// What they share with somebody else.
    shared: BTreeSet<Identifier>,
    /// Since which event somebody of them shared something, and why.
    pub(super) shared_since: BTreeMap<(EventId, Identifier), String>,
    /// Identifiers that were theirs, and are somebody else's by now.
    lent: BTreeMap<Identifier, ProfileId>,
}

impl Replay {
    /// The id of somebody who comes about with the present event.
    pub(super) fn id_of_newcomer(&mut self) -> Option<ProfileId> {
        self.made_by.remove(&self.event).filter(|id| !self.people.contains(id))
    }

    pub(super) fn merged(&mut self, survivor: ProfileId, other: ProfileId) {
        self.people.remove(&other);
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.person == other) {
            outcome.person = survivor;
        }
        for asked in self.asked.iter_mut().filter(|asked| asked.person == other) {
            asked.person = survivor;
        }
    }
}

/// What a person's record is before a replay.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) person: ProfileId,
    /// Them, and everybody whom they absorbed.
    pub(crate) ids: Vec<ProfileId>,
    pub(crate) ledger: Vec<LedgerEntry>,
    events: Vec<(EventSeq, Event)>,
}

impl Working<'_> {
    /// Reads what a replay of a person needs.
    pub(crate) fn on_record(&self, person: ProfileId) -> Result<Recorded, FlowError> {
        let mut ids = self.unit.absorbed(person)?;
        ids.push(person);
        let rows = self.unit.events_in_order(person, MOST_EVENTS)?.ok_or_else(|| {
            FlowError::Refused(format!(
                "{person} has more than {MOST_EVENTS} events, too many to be taken in again in one commit: everybody else's \
                 would wait for as long. So that nobody else is merged by it, block what they were merged by \
                 (identity.blocked)"
            ))
        })?;
        let events = rows
            .into_iter()
            .map(|(seq, EventRow { columns, body })| {
                Event::from_stored(columns, &body)
                    .map(|event| (seq, event))
                    .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Recorded { person, ledger: self.unit.ledger_of(&ids)?, ids, events })
    }

    /// Takes a person's events in once more. Answers who comes about, in the order of their ids.
    pub(crate) fn replay(&mut self, recorded: Recorded) -> Result<Vec<ProfileId>, FlowError> {
        let Recorded { person, ids, ledger, events } = recorded;
        let until = self.now;
        let runs = self.unit.runs(None, Some(person), EVERYTHING)?;
        let filter = DeliveryFilter { profile: Some(person), ..DeliveryFilter::default() };
        let deliveries = self.unit.deliveries(&filter, i64::MAX as usize)?;
        // What programs made comes about again, or does not.
        let (made, events): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|(_, event)| *event.source == *OWN_SOURCE && event.identifiers.is_empty());
        let made: Vec<EventId> = made.into_iter().map(|(_, event)| event.id).collect();
        let asked = self.asked_for(person, &ids, &runs)?;
        let calls = Calls::of(self, person)?;
        let objections = self.objections_to_letters(&ids)?;
        self.forget_what_was_agreed(person, &events)?;
        // What time alone has let them into just now is in the table, and not in their record yet.
        let inside = self.people.get(&person).map(|loaded| &loaded.profile.segments);
        for segment in inside.iter().flat_map(|segments| segments.keys()) {
            self.unit.put_membership(segment, person, None)?;
        }
        let shared = self.people.get(&person).map_or(&[][..], |loaded| &loaded.profile.shared);
        let shared: BTreeSet<Identifier> = shared.iter().map(Link::identifier).collect();
        // Where they lived is not derived from their events alone: they are found there again, or are not.
        self.had_neighbours(person)?;
        self.unit.end_stay(person, until, "told apart from somebody")?;
        self.unit.forget_person(person, &ids, &made)?;
        self.forget(person);

        let mut decisions = self.unit.decisions_of(&ids)?;
        decisions.retain(|decision| decision.withdrawn.is_none());
        decisions.reverse();
        let (joins, apart): (Vec<_>, Vec<_>) = decisions.into_iter().partition(|decision| decision.same);
        let split = |entry: &LedgerEntry| {
            let decision = apart.iter().find(|decision| event_of(decision.id) == entry.event)?;
            Some((entry.clone(), decision.clone()))
        };
        let splits = ledger.iter().rev().filter(|entry| entry.kind == LedgerKind::Split);
        let splits: Vec<_> = splits.filter_map(split).collect();
        let mut made_by = HashMap::new();
        let mut shared_since = BTreeMap::new();
        let mut theirs = BTreeSet::new();
        for entry in &ledger {
            let Some(identifier) = identifier_of(entry) else { continue };
            match entry.kind {
                LedgerKind::Link | LedgerKind::Move => {
                    made_by.entry(entry.event).or_insert(entry.profile);
                    theirs.insert(identifier);
                }
                // Somebody may be known by nothing but what they share.
                LedgerKind::Shared => {
                    made_by.entry(entry.event).or_insert(entry.profile);
                    shared_since.insert((entry.event, identifier), entry.reason.clone());
                }
                _ => {}
            }
        }
        let first = events.first().map_or(until, |(_, event)| event.received);
        let stored = self.unit.documents(true)?;
        let mut turns = self.live.plan().turns();
        turns.extend(rules::turns(&stored));
        self.replay = Some(Box::new(Replay {
            until,
            event: EventId(0),
            owners: HashMap::new(),
            made_by,
            people: BTreeSet::new(),
            runs: runs_of(&runs),
            called_off: called_off(&deliveries, &runs, &calls),
            deliveries: made_at(&deliveries, &calls),
            calls,
            outcomes: Vec::new(),
            joins,
            splits,
            asked,
            turns: turns.into_iter().filter(|turn| *turn > first).rev().collect(),
            then: None,
            stored,
            moments: BTreeMap::new(),
            other_moments: HashMap::new(),
            inside: HashMap::new(),
            others: BTreeMap::new(),
            begun: begun(&runs),
            shared,
            shared_since,
            lent: BTreeMap::new(),
        }));
        self.now = first;
        self.in_force_then()?;
        for (place, event) in events {
            self.pass_time(event.received.min(until))?;
            self.again(place, event, &theirs)?;
        }
        self.pass_time(until)?;
        self.now = until;
        self.in_force_today()?;
        let Some(replay) = self.replay.take() else { return Ok(Vec::new()) };
        self.give_back_lent(&replay)?;
        let others = replay.others;
        let people: Vec<ProfileId> = replay.people.into_iter().collect();
        for (objection, person) in objections.iter().flat_map(|each| people.iter().map(move |id| (each, id)))
        {
            self.unit.put_consent(&Consent { contact: person.to_string(), ..objection.clone() })?;
        }
        self.agreed.forget(None);
        ids.iter().chain(&people).for_each(|id| self.compare_later(*id));
        let main = self.main_of(person, &people)?;
        self.redirect(&ids, main)?;
        let left: HashSet<DeliveryId> =
            replay.deliveries.into_values().flatten().map(|made| made.delivery.id).collect();
        self.queue_broadcasts_again(&deliveries, &people)?;
        for delivery in deliveries {
            if delivery.run.is_none() || left.contains(&delivery.id) {
                self.keep_as_fact(delivery, &runs, &people, main)?;
            }
        }
        self.unit.give_tasks(person)?;
        self.tell_others(others)?;
        Ok(people)
    }

    /// Objections to letters that came back on one that was printed. Nobody knows which of them it was who objected, so that each of
    /// them did.
    fn objections_to_letters(&self, ids: &[ProfileId]) -> Result<Vec<Consent>, FlowError> {
        let mut objections = Vec::new();
        for id in ids {
            objections.extend(self.unit.consents(LETTER, &id.to_string())?);
        }
        objections.retain(|said| said.status == ConsentStatus::Withdrawn && *said.source == *OWN_SOURCE);
        Ok(objections)
    }

    /// Consents that these events gave or took back come about again with them.
    fn forget_what_was_agreed(
        &mut self,
        person: ProfileId,
        events: &[(EventSeq, Event)],
    ) -> Result<(), FlowError> {
        let Some(profile) = self.unit.profile(person)? else { return Ok(()) };
        let country = self.live.workspace().organisation.country.clone();
        let points: Vec<String> = profile
            .identifiers
            .iter()
            .map(|link| link.value.clone())
            // What was agreed about letters is kept under the ids of people.
            .chain(self.unit.absorbed(person)?.into_iter().chain([person]).map(|id| id.to_string()))
            .collect();
        for (_, event) in events.iter().filter(|(_, event)| !event.consents.is_empty()) {
            let (settled, _) = crowsnest_profile::consents_of(event, &profile, &country);
            for consent in &settled {
                self.unit.forget_consents(
                    &consent.channel,
                    &consent.contact,
                    &consent.source,
                    consent.time,
                )?;
            }
            for claim in &event.consents {
                for point in &points {
                    self.unit.forget_consents(&claim.channel, point, &event.source, event.time)?;
                }
            }
        }
        self.agreed.forget(None);
        Ok(())
    }

    /// One event, once more.
    fn again(
        &mut self,
        place: EventSeq,
        event: Event,
        theirs: &BTreeSet<Identifier>,
    ) -> Result<(), FlowError> {
        let id = event.id;
        let mut incoming = prepare(self.live, vec![event], Vec::new());
        self.look_up(std::slice::from_ref(&incoming))?;
        let Some(mut prepared) = incoming.events.pop() else {
            return Err(FlowError::Broken(format!("{id} was taken in once and cannot be now")));
        };
        self.keep_to_ourselves(&mut prepared, theirs);
        if let Some(replay) = &mut self.replay {
            replay.event = id;
        }
        self.take_in_one(place, &prepared)?;
        self.reconsider_programs_then()
    }

    /// Nobody else is drawn in: what is somebody else's today is left out, unless it was theirs before.
    fn keep_to_ourselves(&mut self, prepared: &mut Prepared, theirs: &BTreeSet<Identifier>) {
        let Some(replay) = &mut self.replay else { return };
        let holders = &mut self.holders;
        let mut ours = |identifier: &Identifier| {
            let Some(holder) = holders.get(identifier).copied().flatten() else { return true };
            if replay.people.contains(&holder) || replay.shared.contains(identifier) {
                return true;
            }
            if !theirs.contains(identifier) {
                return false;
            }
            replay.lent.insert(identifier.clone(), holder);
            holders.insert(identifier.clone(), None);
            true
        };
        prepared.people.retain(&mut ours);
        prepared.previous_user.take_if(|user| !ours(user));
    }

    /// Identifiers that went to somebody else later are theirs.
    fn give_back_lent(&mut self, replay: &Replay) -> Result<(), FlowError> {
        for (identifier, holder) in &replay.lent {
            self.unit.put_holder(identifier, *holder)?;
            for person in &replay.people {
                if let Some(loaded) = self.people.get_mut(person) {
                    loaded.profile.identifiers.retain(|link| {
                        (&link.namespace, &link.value) != (&identifier.namespace, &identifier.value)
                    });
                }
            }
        }
        self.holders.clear();
        self.sharers.clear();
        Ok(())
    }

    /// Who goes on under the person's id; if nobody does, whoever has most of the events.
    fn main_of(&self, person: ProfileId, people: &[ProfileId]) -> Result<ProfileId, FlowError> {
        if people.contains(&person) {
            return Ok(person);
        }
        let events = |id: &ProfileId| self.people.get(id).map_or(0, |loaded| loaded.profile.events);
        people
            .iter()
            .copied()
            .max_by_key(|id| (events(id), std::cmp::Reverse(*id)))
            .ok_or_else(|| FlowError::Broken(format!("nobody comes about from the events of {person}")))
    }

    /// Ids that were somebody's lead to somebody.
    fn redirect(&mut self, ids: &[ProfileId], main: ProfileId) -> Result<(), FlowError> {
        for id in ids {
            if !self.people.contains_key(id) && self.unit.survivor(*id)? == *id {
                self.unit.put_redirect(*id, main, self.now)?;
                self.unit.give_stays(*id, main, self.now)?;
            }
        }
        Ok(())
    }
}

/// The identifier of which a ledger entry speaks.
pub(crate) fn identifier_of(entry: &LedgerEntry) -> Option<Identifier> {
    Some(Identifier::new(entry.namespace.as_deref()?, entry.value.as_deref()?))
}
