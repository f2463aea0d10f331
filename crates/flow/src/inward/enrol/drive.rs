//! How a run goes on: step by step, as far as it can at this moment.

use super::{Cause, Enrolment, end::End};
use crate::{FlowError, OWN_SOURCE, inward::Prepared, outward::seeds, preferences::namespace};
use crowsnest_model::{
    DeliveryId, Duration, Event, EventId, EventKind, Identifier, Object, ProfileId, RunId, Time,
    definition::{Call, OnLimit, Send, TaskStep},
    delivery::{Delivery, DeliveryState, PHONE, WEBHOOK, contact_word},
    profile::Run,
};
use crowsnest_programs::{LiveProgram, Next, Place, Taken, Until};
use crowsnest_rules::EventView;
use crowsnest_store::RunState;
use std::sync::Arc;

/// What ended a wait.
struct Ended {
    at: Time,
    by: Option<EventId>,
    outcome: String,
}

/// The event that began a run, as conditions see it.
fn trigger(run: &Run) -> EventView<'_> {
    EventView {
        name: &run.event,
        kind: "track",
        properties: &run.properties,
        source: &run.source,
        time: run.triggered,
    }
}

impl Enrolment<'_, '_> {
    /// Takes a run as far as it goes now. `moment` is when the step before it ended, or when what it waits for may have
    /// happened.
    pub(super) fn drive(&mut self, person: ProfileId, mut run: Run, moment: Time) -> Result<(), FlowError> {
        let Some(program) = self.program(&run) else {
            let end = End::new(RunState::Cancelled, "its version of the program is not there");
            return self.end(person, &run, end);
        };
        let now = self.work.now;
        if self.park(person, &run, moment)? {
            return Ok(());
        }
        let mut moment = moment;
        loop {
            let mut place = Place { step: run.step, since: run.since, anchor: moment };
            let mut taken: Vec<Taken> = Vec::new();
            let next = self.ask(person, Some(trigger(&run)), |asked| {
                program.advance(run.triggered, &mut place, now, asked, &mut taken)
            });
            let Some(next) = next else { return Ok(()) };
            (run.step, run.since, moment) = (place.step, place.since, place.anchor);
            for Taken { step, outcome } in taken {
                self.note(run.id, &step, outcome)?;
            }
            match next {
                Next::Wait(until) => {
                    run.wake = Some(until);
                    break;
                }
                Next::Until(until, deadline) => {
                    let step = program.step_of(&run).to_owned();
                    if let Some(ended) = self.wait_ended(person, &program, &run, until, moment)? {
                        self.note(run.id, &step, ended.outcome)?;
                        program.went_on(&mut run, ended.by);
                        moment = ended.at;
                    } else if deadline <= now.max(moment) {
                        let in_vain = LiveProgram::in_vain(until);
                        self.note(run.id, &step, &*in_vain)?;
                        program.went_on(&mut run, None);
                        moment = deadline;
                        if until.on_limit == OnLimit::Exit {
                            return self.finish(person, &program, run, &in_vain);
                        }
                    } else {
                        let change = self.ask(person, Some(trigger(&run)), |asked| until.next_change(asked));
                        run.wake = Some(change.flatten().map_or(deadline, |change| change.min(deadline)));
                        break;
                    }
                }
                Next::Send { step, send } => {
                    let outcome = self.queue(person, &program, &run, step, Outgoing::message(&run, send))?;
                    self.note(run.id, step, outcome.in_words(send))?;
                    if matches!(outcome, Queued::Waits(_)) {
                        if self.work.replay.is_none() {
                            let event = Outgoing::trigger(&run);
                            seeds::at_step(self.work, &program, &run, step, send, event)?;
                        }
                        run.wake = None;
                        break;
                    }
                    moment = now;
                }
                Next::Webhook { step, to, body } => {
                    let outcome = self.queue(person, &program, &run, step, Outgoing::told(step, to, body))?;
                    match outcome {
                        Queued::Waits(_) => {
                            self.note(run.id, step, format!("tells {to}"))?;
                            run.wake = None;
                            break;
                        }
                        _ => {
                            self.note(run.id, step, format!("does not tell {to}: this occasion did already"))?
                        }
                    }
                    moment = now;
                }
                Next::Set { step, traits } => {
                    // What comes of it must find the run where it is.
                    self.save(person, run.clone());
                    self.set(person, &run, step, traits, moment.min(now))?;
                    if self.run(person, run.id).is_none() {
                        return Ok(());
                    }
                }
                Next::Task { step, task } => {
                    if self.ask_team(person, &program, &run, step, task)? {
                        run.wake = None;
                        break;
                    }
                }
                Next::Enter { step, program } => {
                    self.save(person, run.clone());
                    let outcome = self.enter_other(person, &run, step, program, moment)?;
                    self.note(run.id, step, outcome)?;
                    if self.run(person, run.id).is_none() {
                        return Ok(());
                    }
                }
                Next::Done(reason) => return self.finish(person, &program, run, &reason),
                Next::Expired => {
                    return self.end(person, &run, End::new(RunState::Expired, "its time to live ran out"));
                }
            }
        }
        self.work.unit.put_timer(run.id, person, run.wake)?;
        self.work.something_due |= run.wake.is_some();
        self.save(person, run);
        Ok(())
    }

    /// Keeps a run with its person.
    pub(super) fn save(&mut self, person: ProfileId, run: Run) {
        let Some(loaded) = self.work.people.get_mut(&person) else { return };
        loaded.changed = true;
        match loaded.profile.runs.iter_mut().find(|other| other.id == run.id) {
            Some(place) => *place = run,
            None => loaded.profile.runs.push(run),
        }
    }

    /// The steps are done; the goal may still come.
    fn finish(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        run: Run,
        reason: &str,
    ) -> Result<(), FlowError> {
        self.work.unit.end_run(run.id, RunState::Finished, self.work.now, reason)?;
        self.await_goal(person, program, run)
    }

    /// Keeps a run for its goal alone, as long as that counts.
    pub(super) fn await_goal(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        mut run: Run,
    ) -> Result<(), FlowError> {
        let Some(until) = program.goal_until(&run).filter(|until| *until > self.work.now) else {
            return self.forget(person, run.id);
        };
        run.awaits_goal = true;
        run.since = None;
        run.wake = Some(until);
        self.work.unit.put_timer(run.id, person, run.wake)?;
        self.work.something_due = true;
        self.save(person, run);
        Ok(())
    }

    pub(super) fn forget(&mut self, person: ProfileId, run: RunId) -> Result<(), FlowError> {
        self.work.unit.put_timer(run, person, None)?;
        if let Some(loaded) = self.work.people.get_mut(&person) {
            loaded.profile.runs.retain(|other| other.id != run);
            loaded.changed = true;
        }
        Ok(())
    }

    /// How the wait of a run has ended, if it has: by the earliest event that ends it, which may have come before the
    /// run was at this step, or by its condition, looked at for what happened at `moment`.
    fn wait_ended(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        run: &Run,
        until: &Until,
        moment: Time,
    ) -> Result<Option<Ended>, FlowError> {
        let since = run.since.unwrap_or(moment);
        let Some(name) = until.event() else {
            // As of the moment in question, however late it is looked at.
            let at = moment.min(self.work.now);
            let holds =
                self.ask_at(at, person, Some(trigger(run)), |asked| until.holds(asked)).unwrap_or(false);
            let outcome = || format!("it holds: {}", until.in_words());
            return Ok(holds.then(|| Ended { at: moment.max(since), by: None, outcome: outcome() }));
        };
        for event in self.events_since(person, &[name], since)? {
            let cause = Cause::of(&event);
            let ends =
                self.ask(person, Some(cause.view()), |asked| program.ends_wait(run, until, asked, event.id));
            if ends.unwrap_or(false) {
                let after = event.time.max(since).since(since).in_words();
                let outcome = format!("{name} from {} came, {after} into the wait", event.source);
                return Ok(Some(Ended { at: event.time.max(since), by: Some(event.id), outcome }));
            }
        }
        Ok(None)
    }

    /// Something happened: the runs that may have waited for it go on.
    pub(crate) fn go_on(&mut self, person: ProfileId, event: &Event) -> Result<(), FlowError> {
        let name = event.name.as_deref().filter(|_| event.kind == EventKind::Track);
        self.look_again(person, event.time, |until| until.event().is_none() || until.event() == name)
    }

    /// Time alone may have changed something about a person at `moment`, or a segment, or a consent: the runs that wait
    /// for a condition look again.
    pub(crate) fn look(&mut self, person: ProfileId, moment: Time) -> Result<(), FlowError> {
        self.look_again(person, moment, |until| until.event().is_none())
    }

    fn look_again(
        &mut self,
        person: ProfileId,
        moment: Time,
        concerns: impl Fn(&Until) -> bool,
    ) -> Result<(), FlowError> {
        let waits = |run: &&Run| run.since.is_some() && !run.awaits_goal;
        let Some(loaded) = self.work.people.get(&person) else { return Ok(()) };
        let waiting: Vec<RunId> = loaded.profile.runs.iter().filter(waits).map(|run| run.id).collect();
        for id in waiting {
            // One that went on before may have ended it.
            let Some(run) = self.run(person, id) else { continue };
            let Some(program) = self.program(&run) else { continue };
            if program.waits_for(&run).is_some_and(&concerns) {
                let since = run.since.unwrap_or(moment);
                self.drive(person, run, moment.max(since))?;
            }
        }
        Ok(())
    }

    /// Changes traits by an event of our own source, so that the timeline has it and the traits their provenance.
    fn set(
        &mut self,
        person: ProfileId,
        run: &Run,
        step: &str,
        traits: Object,
        time: Time,
    ) -> Result<(), FlowError> {
        if traits.is_empty() {
            return Ok(());
        }
        let broken =
            |error: serde_json::Error| FlowError::Broken(format!("a step cannot be written: {error}"));
        let message_id = format!("{}#{step}", run.id);
        let told = serde_json::json!({ "program": run.program, "step": step });
        let event = Event {
            id: EventId::of(OWN_SOURCE, &message_id),
            source: OWN_SOURCE.into(),
            message_id,
            kind: EventKind::Identify,
            name: None,
            time,
            received: self.work.now,
            historical: false,
            identifiers: Vec::new(),
            previous: None,
            traits,
            properties: Some(serde_json::value::to_raw_value(&told).map_err(broken)?),
            context: None,
            consents: Vec::new(),
        };
        let prepared = Prepared::of(person, event).map_err(broken)?;
        self.work.take_in_our_own(&prepared)
    }

    /// Enters another program, for the event that began this run. Answers what came of it, in words.
    fn enter_other(
        &mut self,
        person: ProfileId,
        run: &Run,
        step: &str,
        name: &str,
        moment: Time,
    ) -> Result<String, FlowError> {
        let entrances = self.entrances();
        let Some(program) = entrances.open(name) else {
            return Ok(format!("{name} is not entered: it takes nobody in now"));
        };
        let mut cause = Cause::ours(
            person,
            format!("{}#{step}", run.id),
            format!("the step of {}", run.program),
            moment,
            run.properties.clone(),
        );
        cause.event.clone_from(&run.event);
        let admission = self.enter_as_asked(person, program, &cause)?;
        Ok(format!("{name}: {admission}"))
    }

    /// Queues what a step sends or tells.
    pub(super) fn queue(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        run: &Run,
        step: &str,
        outgoing: Outgoing<'_>,
    ) -> Result<Queued, FlowError> {
        let now = self.work.now;
        let Some(loaded) = self.work.people.get(&person) else { return Ok(Queued::Had) };
        let Outgoing { channel, template, topic, event, ttl } = outgoing;
        let contact = match channel {
            WEBHOOK => Ok(template.to_owned()),
            _ => self.work.live.contact(&loaded.profile, channel),
        };
        let reachable = contact.is_ok();
        let unreachable = contact.as_ref().err().cloned();
        let contact = contact.ok();
        let household = loaded.profile.household();
        let occasion = format!("{}#{step}", run.occasion);
        let lateness = program.lateness();
        if let Some(queued) = self.queued_before(person, run, &occasion, contact.as_deref(), lateness)? {
            return Ok(queued);
        }
        let mut delivery = Delivery {
            id: DeliveryId(self.work.ids.next(now)),
            program: program.name().to_owned(),
            version: program.version,
            run: Some(run.id),
            occasion,
            profile: person,
            seed: None,
            household,
            channel: channel.to_owned(),
            contact: contact.unwrap_or_default(),
            template: template.to_owned(),
            topic: topic.to_owned(),
            state: if reachable { DeliveryState::Queued } else { DeliveryState::Suppressed },
            reason: unreachable,
            due: now,
            first_due: None,
            expires: program.expires_within(run.triggered, now, ttl),
            attempts: 0,
            turn: None,
            created: now,
            updated: now,
            event,
        };
        if let Some(replay) = &mut self.work.replay
            && reachable
            && let Some(reason) = replay.is_too_late(now, program.lateness())
        {
            delivery.state = DeliveryState::Cancelled;
            delivery.reason = Some(reason.to_owned());
            replay.tell(person, run.id, &delivery, now);
        }
        let written = self.work.unit.put_delivery(&delivery)?;
        self.work.something_due |= written && reachable;
        Ok(match (written, reachable) {
            (false, _) => Queued::Had,
            (true, false) => Queued::NoContact,
            (true, true) => Queued::Waits(delivery.id),
        })
    }

    /// While a person's events are taken in once more: what became of the message that this occasion had then.
    fn queued_before(
        &mut self,
        person: ProfileId,
        run: &Run,
        occasion: &str,
        contact: Option<&str>,
        lateness: Duration,
    ) -> Result<Option<Queued>, FlowError> {
        let now = self.work.now;
        let work = &mut *self.work;
        let Some(replay) = &mut work.replay else { return Ok(None) };
        let sides = work.people.get(&person).map_or(&[][..], |loaded| &loaded.profile.apart);
        let is_theirs = |delivery: &Delivery| {
            let point = Identifier::new(namespace(&delivery.channel), delivery.contact.clone());
            delivery.channel != WEBHOOK
                && work.kept_apart.sides(&point).iter().any(|side| sides.contains(side))
        };
        let before = replay.delivery(run, occasion, contact.unwrap_or_default(), is_theirs);
        let Some(mut delivery) = before else { return Ok(None) };
        work.unit.give_delivery(delivery.id, person, Some(run.id), occasion)?;
        if contact.is_none() {
            return Ok(Some(Queued::NoContact));
        }
        if replay.is_due_yet(&delivery, now, lateness) {
            replay.queue_again(&mut delivery, now);
            work.unit.update_delivery(&delivery)?;
        }
        replay.tell(person, run.id, &delivery, now);
        work.something_due = true;
        Ok(Some(Queued::Waits(delivery.id)))
    }

    /// A run's timer has come.
    pub(crate) fn wake(&mut self, person: ProfileId, run: RunId, due: Time) -> Result<(), FlowError> {
        let Some(run) = self.run(person, run) else {
            return self.forget(person, run);
        };
        if run.awaits_goal {
            // What reaches the goal may be here, and not be known yet to do so.
            return match self.waits(&run.program, run.version) {
                true => Ok(self.work.unit.park_timer(run.id, person, due, &run.program)?),
                false => self.forget(person, run.id),
            };
        }
        let late = self.work.now.since(due);
        if let Some(program) = self.program(&run)
            && late > program.lateness()
            && !self.work.stands_still(&run.program, self.work.now)
        {
            let reason = program.is_late(due, late);
            return self.end(person, &run, End::new(RunState::Expired, &reason));
        }
        self.drive(person, run, due)
    }

    /// The delivery for which a run waited has ended, and the run with it if it `ends`, which says why.
    pub(crate) fn delivered(
        &mut self,
        person: ProfileId,
        run: RunId,
        ends: Option<&str>,
    ) -> Result<(), FlowError> {
        // One whose delivery was sent again by people of the house may be on its way already, or wait for something else.
        let Some(run) = self.run(person, run).filter(|run| run.wake.is_none() && !run.awaits_goal) else {
            return Ok(());
        };
        if let Some(reason) = ends {
            return self.end(person, &run, End::new(RunState::Expired, reason));
        }
        self.drive(person, run, self.work.now)
    }

    /// Writes into the record of a run what came of telling a webhook, or of a call.
    pub(crate) fn note_told(&mut self, run: RunId, delivery: &Delivery) -> Result<(), FlowError> {
        let step = delivery.event.get("step").and_then(serde_json::Value::as_str).unwrap_or_default();
        let (to, reason) = (&delivery.template, delivery.reason.as_deref().unwrap_or_default());
        let outcome = match (&*delivery.channel, delivery.state) {
            (PHONE, _) => format!("{to}: {reason}"),
            (_, DeliveryState::Sent) => format!("{to} was told: {reason}"),
            _ => format!("{to} was not told: {reason}"),
        };
        self.note(run, step, outcome)
    }
}

/// What a step sends or tells.
pub(super) struct Outgoing<'a> {
    channel: &'a str,
    /// The template, the webhook, or the title of the call.
    template: &'a str,
    topic: &'a str,
    /// As [`Delivery::event`].
    event: Object,
    /// How long there is a point in it, beside what the program says.
    ttl: Option<Duration>,
}

impl<'a> Outgoing<'a> {
    fn message(run: &Run, send: &'a Send) -> Self {
        let Send { channel, template, topic, .. } = send;
        Self { channel, template, topic, event: Self::trigger(run), ttl: None }
    }

    pub(super) fn call(run: &Run, step: &str, asked: &'a TaskStep, call: &'a Call) -> Self {
        let mut event = Self::trigger(run);
        event.insert("step".into(), step.into());
        event.insert("team".into(), asked.team.clone().into());
        event.insert("tries".into(), call.tries.into());
        Self { channel: PHONE, template: &asked.title, topic: &call.topic, event, ttl: asked.ttl }
    }

    fn trigger(run: &Run) -> Object {
        let mut event = Object::new();
        event.insert("name".into(), run.event.clone().into());
        event.insert("properties".into(), run.properties.clone().into());
        event
    }

    fn told(step: &str, to: &'a str, body: Object) -> Self {
        let mut event = Object::new();
        event.insert("step".into(), step.into());
        event.insert("body".into(), body.into());
        Self { channel: WEBHOOK, template: to, topic: "", event, ttl: None }
    }
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    /// The run waits for it.
    Waits(DeliveryId),
    /// There is no contact point.
    NoContact,
    /// This step of this occasion has one already.
    Had,
}

impl Queued {
    fn in_words(self, Send { channel, template, .. }: &Send) -> String {
        match self {
            Self::Waits(_) => format!("sends {template} by {channel}"),
            Self::NoContact => {
                format!("does not send {template}: no {} is known", contact_word(channel))
            }
            Self::Had => format!("does not send {template}: this occasion had it already"),
        }
    }
}
