//! A person's events taken in once more, from the first, as of the moments at which they came: so that everything that is
//! derived from them becomes what it would have been under what is known of identity today.
//!
//! Facts are not derived: what was sent was sent. A message, a run and a task that come about again are the ones that were;
//! what does not come about again stays on record with whoever has its contact point.

use super::{
    CATALOGUE, Enrolment, Occurrence, Prepared, Working, announce::By, asked::Asked, event_of, prepare,
};
use crate::{FlowError, OWN_SOURCE};
use crowsnest_model::{
    DecisionId, DeliveryId, Event, EventId, Identifier, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState},
    profile::Apart,
};
use crowsnest_store::{
    DecidedBy, Decision, DeliveryFilter, EventRow, EventSeq, LedgerEntry, LedgerKind, Page, RunRecord,
    RunState,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many events of one person are taken in again at most: everybody else waits for as long.
const MOST_EVENTS: usize = 50_000;

/// So many things may come due by time alone before a replay is given up: definitions that go round in a circle.
const MOST_MOMENTS: usize = 1_000_000;

const EVERYTHING: Page = Page { limit: i64::MAX as usize, offset: 0 };

/// Why a message that comes about only now is not sent.
const TOO_LATE: &str = "it would have been sent then, but was not, since two people were taken for one";

/// How a delivery ended for the run that waits for it.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    at: Time,
    person: ProfileId,
    run: RunId,
    state: DeliveryState,
}

/// A replay on its way.
#[derive(Debug)]
pub(crate) struct Replay {
    /// Now, by the real clock.
    pub(super) until: Time,
    /// The event that is being taken in.
    event: EventId,
    /// Who was new with which event.
    made_by: HashMap<EventId, ProfileId>,
    /// Everybody who comes about.
    pub(super) people: BTreeSet<ProfileId>,
    runs: HashMap<(String, String), RunRecord>,
    /// By the occasions that they were made at; of several, the one that goes by it still comes first.
    deliveries: HashMap<(String, String), Vec<Delivery>>,
    outcomes: Vec<Outcome>,
    /// Decisions that people are one, the latest first.
    joins: Vec<Decision>,
    /// That they were told apart from others before, the latest first.
    splits: Vec<(LedgerEntry, Decision)>,
    asked: Vec<Asked>,
    /// Identifiers that were theirs, and are somebody else's by now.
    lent: BTreeMap<Identifier, ProfileId>,
}

impl Replay {
    /// The id of somebody who comes about with the present event.
    pub(super) fn id_of_newcomer(&mut self) -> Option<ProfileId> {
        self.made_by.remove(&self.event).filter(|id| !self.people.contains(id))
    }

    /// The id of a run that was there.
    pub(super) fn run(&mut self, program: &str, occasion: &str) -> Option<RunId> {
        self.runs.remove(&(program.to_owned(), occasion.to_owned())).map(|run| run.id)
    }

    /// The message that was made at this occasion, if it was for this contact point.
    pub(super) fn delivery(&mut self, program: &str, occasion: &str, contact: &str) -> Option<Delivery> {
        let made = self.deliveries.get_mut(&(program.to_owned(), occasion.to_owned()))?;
        let place = made.iter().position(|delivery| delivery.contact == contact)?;
        Some(made.remove(place))
    }

    /// The run that waits for a delivery is to hear how that ended; `None` when it has not.
    pub(super) fn tell(&mut self, person: ProfileId, run: RunId, delivery: &Delivery, now: Time) {
        if !matches!(delivery.state, DeliveryState::Queued | DeliveryState::Held | DeliveryState::Sending) {
            let at = delivery.updated.max(now);
            self.outcomes.push(Outcome { at, person, run, state: delivery.state });
        }
    }

    /// A message that was never made: whether it is too late for it, and why.
    pub(super) fn is_too_late(&self, now: Time, lateness: crowsnest_model::Duration) -> Option<&'static str> {
        (self.until.since(now) > lateness).then_some(TOO_LATE)
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

/// What comes due by time alone.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Look(ProfileId),
    Wake(ProfileId, RunId),
    Outcome(usize),
    Join,
    Split,
    Asked(usize),
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
                "{person} has more than {MOST_EVENTS} events, too many to be taken in again in one commit; block what \
                 they were merged by (identity.blocked) first"
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
        let asked = self.asked_for(person, &ids, &runs);
        self.forget_what_was_agreed(person, &events)?;
        // What time alone has let them into just now is in the table, and not in their record yet.
        let inside = self.people.get(&person).map(|loaded| &loaded.profile.segments);
        for segment in inside.iter().flat_map(|segments| segments.keys()) {
            self.unit.put_membership(segment, person, None)?;
        }
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
        let mut theirs = BTreeSet::new();
        for entry in &ledger {
            let (LedgerKind::Link | LedgerKind::Move, Some(identifier)) = (entry.kind, identifier_of(entry))
            else {
                continue;
            };
            made_by.entry(entry.event).or_insert(entry.profile);
            theirs.insert(identifier);
        }
        let key = |program: &str, occasion: &str| (program.to_owned(), occasion.to_owned());
        let made_at = made_at(&deliveries);
        self.replay = Some(Box::new(Replay {
            until,
            event: EventId(0),
            made_by,
            people: BTreeSet::new(),
            runs: runs
                .iter()
                .filter(|run| run.state != RunState::Skipped)
                .map(|run| (key(&run.program, &run.occasion), run.clone()))
                .collect(),
            deliveries: made_at,
            outcomes: Vec::new(),
            joins,
            splits,
            asked,
            lent: BTreeMap::new(),
        }));
        for (place, event) in events {
            self.pass_time(event.received.min(until))?;
            self.again(place, event, &theirs)?;
        }
        self.pass_time(until)?;
        self.now = until;
        let Some(replay) = self.replay.take() else { return Ok(Vec::new()) };
        self.give_back_lent(&replay)?;
        let people: Vec<ProfileId> = replay.people.into_iter().collect();
        ids.iter().chain(&people).for_each(|id| self.compare_later(*id));
        let main = self.main_of(person, &people)?;
        self.redirect(&ids, main)?;
        let left: BTreeMap<DeliveryId, Delivery> =
            replay.deliveries.into_values().flatten().map(|delivery| (delivery.id, delivery)).collect();
        for delivery in deliveries {
            if delivery.run.is_none() || left.contains_key(&delivery.id) {
                self.keep_as_fact(delivery, &runs, &people, main)?;
            }
        }
        self.unit.give_tasks(person)?;
        Ok(people)
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
            .chain(profile.contact("letter"))
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
        self.take_in_one(place, &prepared)
    }

    /// Nobody else is drawn in: what is somebody else's today is left out, unless it was theirs before.
    fn keep_to_ourselves(&mut self, prepared: &mut Prepared, theirs: &BTreeSet<Identifier>) {
        let Some(replay) = &mut self.replay else { return };
        let holders = &mut self.holders;
        let mut ours = |identifier: &Identifier| {
            let Some(holder) = holders.get(identifier).copied().flatten() else { return true };
            if replay.people.contains(&holder) {
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
        Ok(())
    }

    /// What time alone does to the people of the replay, until a moment.
    fn pass_time(&mut self, until: Time) -> Result<(), FlowError> {
        for _ in 0..MOST_MOMENTS {
            // Of one moment with an event, what was asked for comes after it: it may have made whoever that was for.
            let last = self.replay.as_ref().is_none_or(|replay| until >= replay.until);
            let is_due = |(at, moment): &(Time, Moment)| {
                *at < until || *at == until && (last || !matches!(moment, Moment::Asked(_)))
            };
            let Some((at, moment)) = self.next_moment().filter(is_due) else {
                self.now = until;
                return Ok(());
            };
            self.now = at;
            match moment {
                Moment::Look(person) => self.catch_up(person)?,
                Moment::Wake(person, run) => Enrolment::of(self).wake(person, run, at)?,
                Moment::Join => {
                    let decision = self.replay.as_mut().and_then(|replay| replay.joins.pop());
                    if let Some(decision) = decision {
                        self.join_again(&decision)?;
                    }
                }
                Moment::Split => {
                    if let Some((entry, decision)) =
                        self.replay.as_mut().and_then(|replay| replay.splits.pop())
                    {
                        self.split_again(entry, &decision)?;
                    }
                }
                Moment::Outcome(place) => {
                    let Some(replay) = &mut self.replay else { continue };
                    let Outcome { person, run, state, .. } = replay.outcomes.swap_remove(place);
                    Enrolment::of(self).delivered(person, run, state)?;
                }
                Moment::Asked(place) => {
                    let Some(replay) = &mut self.replay else { continue };
                    let asked = replay.asked.swap_remove(place);
                    self.ask_again(asked)?;
                }
            }
        }
        Err(FlowError::Refused(format!(
            "more than {MOST_MOMENTS} things come due for the person by time alone; is there a program or a segment that \
             goes round in a circle?"
        )))
    }

    fn next_moment(&self) -> Option<(Time, Moment)> {
        let replay = self.replay.as_ref()?;
        let mut next: Option<(Time, Moment)> = None;
        let mut offer = |at: Time, moment: Moment| {
            if next.is_none_or(|(first, _)| at < first) {
                next = Some((at, moment));
            }
        };
        for (place, outcome) in replay.outcomes.iter().enumerate() {
            offer(outcome.at, Moment::Outcome(place));
        }
        if let Some(decision) = replay.joins.last() {
            offer(decision.time, Moment::Join);
        }
        if let Some((entry, _)) = replay.splits.last() {
            offer(entry.time, Moment::Split);
        }
        for person in &replay.people {
            let Some(loaded) = self.people.get(person) else { continue };
            if let Some(look) = loaded.profile.next_look {
                offer(look, Moment::Look(*person));
            }
            for run in &loaded.profile.runs {
                // What stands still waits for the program, not for the time.
                if let Some(wake) = run.wake.filter(|_| !self.live.plan().is_paused(&run.program)) {
                    offer(wake, Moment::Wake(*person, run.id));
                }
            }
        }
        for (place, asked) in replay.asked.iter().enumerate() {
            if replay.people.contains(&asked.person) || asked.run.occasion.starts_with(CATALOGUE) {
                offer(asked.at, Moment::Asked(place));
            }
        }
        next.map(|(at, moment)| (at.max(self.now.min(replay.until)), moment))
    }

    /// It was decided that two of the people are one, and nobody has decided otherwise since.
    fn join_again(&mut self, decision: &Decision) -> Result<(), FlowError> {
        let whose: Vec<&Identifier> = decision.sides.iter().filter_map(|side| side.first()).collect();
        let people = self.unit.holders(&whose)?;
        let ours =
            |person: &ProfileId| self.replay.as_ref().is_some_and(|replay| replay.people.contains(person));
        if let [Some(one), Some(other)] = people.as_slice()
            && one != other
            && ours(one)
            && ours(other)
            && self.apart(*one, *other).is_none()
        {
            self.join(*one, *other, decision)?;
        }
        Ok(())
    }

    /// They were told apart from somebody before, which was no event of theirs either.
    fn split_again(&mut self, entry: LedgerEntry, decision: &Decision) -> Result<(), FlowError> {
        let person = self.unit.survivor(entry.profile)?;
        if self.replay.as_ref().is_none_or(|replay| !replay.people.contains(&person)) {
            return Ok(());
        }
        self.unit.put_ledger(&entry)?;
        match entry.other {
            Some(other) => Enrolment::of(self).split(person, other, decision),
            None => Ok(()),
        }
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

    /// A message that does not come about again: it was made, and whoever has its contact point has it on record.
    fn keep_as_fact(
        &mut self,
        mut delivery: Delivery,
        runs: &[RunRecord],
        people: &[ProfileId],
        main: ProfileId,
    ) -> Result<(), FlowError> {
        let has = |person: &&ProfileId| {
            self.people.get(person).is_some_and(|loaded| {
                loaded.profile.contact(&delivery.channel).as_ref() == Some(&delivery.contact)
                    || loaded.profile.identifiers.iter().any(|link| link.value == delivery.contact)
            })
        };
        let owner = people.iter().find(has).copied().unwrap_or(main);
        let Some(run) = delivery.run.and_then(|id| runs.iter().find(|run| run.id == id)) else {
            // A broadcast's: it was meant for the contact point.
            return Ok(self.unit.give_delivery(delivery.id, owner, None, &delivery.occasion)?);
        };
        let aside = format!("{}~{}", delivery.occasion, delivery.id.0);
        self.unit.give_delivery(delivery.id, owner, Some(run.id), &aside)?;
        let reason = "it came of two people being taken for one";
        if matches!(delivery.state, DeliveryState::Queued | DeliveryState::Held) {
            delivery.state = DeliveryState::Cancelled;
            delivery.reason = Some(reason.to_owned());
            delivery.updated = self.now;
            self.unit.update_delivery(&delivery)?;
        }
        let state = if run.state == RunState::Active { RunState::Cancelled } else { run.state };
        self.unit.put_run(&RunRecord {
            profile: owner,
            occasion: format!("{}~{}", run.occasion, run.id.0),
            state,
            ended: Some(run.ended.unwrap_or(self.now)),
            reason: Some(run.reason.as_deref().map_or(reason.to_owned(), |was| format!("{was}; {reason}"))),
            ..run.clone()
        })?;
        Ok(())
    }
}

/// Messages of programs by the occasions that they were made at. Where two people who both had one were taken for one, the
/// one message goes by a name of its own since: if it went out, it must not go out again. If it did not, that was because
/// they were taken for one, and it may yet.
fn made_at(deliveries: &[Delivery]) -> HashMap<(String, String), Vec<Delivery>> {
    let mut made: HashMap<(String, String), Vec<Delivery>> = HashMap::new();
    for delivery in deliveries.iter().filter(|delivery| delivery.run.is_some()) {
        let aside = format!("~{}", delivery.id.0);
        let mut occasion = delivery.occasion.as_str();
        while let Some(before) = occasion.strip_suffix(&aside) {
            occasion = before;
        }
        let still = occasion == delivery.occasion;
        let went_out = matches!(
            delivery.state,
            DeliveryState::Sending | DeliveryState::Sent | DeliveryState::Failed | DeliveryState::Unknown
        );
        let there = made.entry((delivery.program.clone(), occasion.to_owned())).or_default();
        if still {
            there.insert(0, delivery.clone());
        } else if went_out {
            there.push(delivery.clone());
        }
    }
    made
}

/// The identifier of which a ledger entry speaks.
pub(crate) fn identifier_of(entry: &LedgerEntry) -> Option<Identifier> {
    Some(Identifier::new(entry.namespace.as_deref()?, entry.value.as_deref()?))
}
