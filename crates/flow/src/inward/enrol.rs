//! Programs: who enters, goes on, leaves. Carries out what the room `programs` decides.

use super::Working;
use crate::FlowError;
use crowsnest_model::{
    DeliveryId, Duration, Event, Object, ProfileId, RunId, Time,
    definition::Send,
    delivery::{Delivery, DeliveryState},
    profile::Run,
};
use crowsnest_programs::{Begin, Entry, Exit, LiveProgram, Next, Person};
use crowsnest_rules::EventView;
use crowsnest_store::{EventRow, RunRecord, RunState};
use std::sync::Arc;

/// A person's ways through programs, within a batch.
pub(crate) struct Enrolment<'a, 'w> {
    work: &'a mut Working<'w>,
}

/// How a run ends, and why, in words.
struct End {
    state: RunState,
    reason: String,
    value: Option<f64>,
}

impl End {
    fn new(state: RunState, reason: &str) -> Self {
        Self { state, reason: reason.to_owned(), value: None }
    }

    /// By this event.
    fn by(run: &Run, exit: &Exit, event: &Event) -> Self {
        let (name, source) = (event.name.as_deref().unwrap_or_default(), &event.source);
        let after = if event.time < run.triggered {
            "in the same moment as the trigger, as far as its source tells".to_owned()
        } else {
            format!("{} after the trigger", event.time.since(run.triggered).in_words())
        };
        let (state, reached, value) = match exit {
            Exit::Cancel => (RunState::Cancelled, "", None),
            Exit::Goal(value) => (RunState::Goal, "reached: ", *value),
        };
        Self { state, reason: format!("{reached}{name} from {source}, {after}"), value }
    }
}

fn view<'e>(event: &'e Event, properties: &'e Object) -> EventView<'e> {
    EventView {
        name: event.name.as_deref().unwrap_or_default(),
        kind: event.kind.as_str(),
        properties,
        source: &event.source,
        time: event.time,
    }
}

impl<'a, 'w> Enrolment<'a, 'w> {
    pub(crate) fn of(work: &'a mut Working<'w>) -> Self {
        Self { work }
    }

    /// Asks something of a person with the store's consents at hand.
    fn ask<T>(
        &self,
        person: ProfileId,
        event: Option<EventView<'_>>,
        question: impl FnOnce(&Person<'_>) -> T,
    ) -> Option<T> {
        let profile = &self.work.people.get(&person)?.profile;
        Some(self.work.lookout().ask(profile, event, question))
    }

    fn runs(&self, person: ProfileId) -> Vec<Run> {
        self.work.people.get(&person).map(|loaded| loaded.profile.runs.clone()).unwrap_or_default()
    }

    /// Ends the runs that this event ends.
    pub(crate) fn leave(&mut self, person: ProfileId, event: &Event) -> Result<(), FlowError> {
        let runs = self.runs(person);
        if runs.is_empty() {
            return Ok(());
        }
        let properties = event.properties_object();
        for run in runs {
            let Some(program) = self.program(&run) else { continue };
            let exit =
                self.ask(person, Some(view(event, &properties)), |asked| program.exit(&run, asked)).flatten();
            if let Some(exit) = exit {
                self.end(person, &run, End::by(&run, &exit, event))?;
            }
        }
        Ok(())
    }

    /// Begins the programs that this event begins.
    pub(crate) fn enter(&mut self, person: ProfileId, event: &Event) -> Result<(), FlowError> {
        let name = event.name.as_deref().unwrap_or_default();
        let live = self.work.live;
        let programs = live.plan().triggered_by(name);
        if programs.is_empty() {
            return Ok(());
        }
        let properties = event.properties_object();
        for program in programs {
            let now = self.work.now;
            let id = event.id.to_string();
            let entry = self
                .ask(person, Some(view(event, &properties)), |asked| program.entry(asked, &id, now))
                .unwrap_or(Entry::No);
            match entry {
                Entry::No => {}
                Entry::Skip { occasion, reason, expired } => {
                    let state = if expired { RunState::Expired } else { RunState::Skipped };
                    self.record(person, program, event, occasion, state, Some(reason))?;
                }
                Entry::Begin(begin) => self.begin(person, program, event, &properties, begin)?,
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        event: &Event,
        properties: &Object,
        Begin { occasion, skipped }: Begin,
    ) -> Result<(), FlowError> {
        if self.work.unit.had_occasion(program.name(), person, &occasion)? {
            return Ok(());
        }
        let inside =
            self.runs(person).into_iter().find(|run| run.program == program.name() && !run.awaits_goal);
        if let Some(run) = inside {
            let reason = format!("was in the program already, since {}", run.triggered);
            self.record(person, program, event, skipped, RunState::Skipped, Some(reason))?;
            return Ok(());
        }
        let mut run = Run {
            // Its record gives it its id, once it is sure that there is one.
            id: RunId(0),
            program: program.name().to_owned(),
            version: program.version,
            occasion: occasion.clone(),
            triggered: event.time,
            step: 0,
            wake: None,
            awaits_goal: false,
            event: event.name.clone().unwrap_or_default(),
            properties: properties.clone(),
        };
        // What ends it may have come before what begins it.
        if let Some(end) = self.ended_already(person, program, &run)? {
            let id = self.record(person, program, event, occasion, end.state, Some(end.reason.clone()))?;
            if let Some(id) = id.filter(|_| end.value.is_some()) {
                self.work.unit.end_run(id, end.state, self.work.now, &end.reason, end.value)?;
            }
            return Ok(());
        }
        let Some(id) = self.record(person, program, event, occasion, RunState::Active, None)? else {
            return Ok(());
        };
        run.id = id;
        self.drive(person, run, event.time)
    }

    /// Writes a run's record; `None` when its occasion was had.
    fn record(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        event: &Event,
        occasion: String,
        state: RunState,
        reason: Option<String>,
    ) -> Result<Option<RunId>, FlowError> {
        let now = self.work.now;
        let id = RunId(self.work.ids.next(now));
        let written = self.work.unit.put_run(&RunRecord {
            id,
            program: program.name().to_owned(),
            version: program.version,
            profile: person,
            occasion,
            event: event.id,
            triggered: event.time,
            started: now,
            ended: (state != RunState::Active).then_some(now),
            state,
            reason,
            value: None,
        })?;
        Ok(written.then_some(id))
    }

    /// How events that are here already end a run, if they do.
    fn ended_already(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        run: &Run,
    ) -> Result<Option<End>, FlowError> {
        let names = program.ends();
        if names.is_empty() {
            return Ok(None);
        }
        // A minute earlier too, for sources whose times are coarse; `exit` says which of them count.
        let since = run.triggered.minus(Duration::minutes(1));
        for EventRow { columns, body } in self.work.unit.events_named(person, &names, since)? {
            let event = Event::from_stored(columns, &body)
                .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))?;
            let properties = event.properties_object();
            let exit =
                self.ask(person, Some(view(&event, &properties)), |asked| program.exit(run, asked)).flatten();
            if let Some(exit) = exit {
                return Ok(Some(End::by(run, &exit, &event)));
            }
        }
        Ok(None)
    }

    /// Ends a run: its record, its timer, and what it has not sent.
    fn end(
        &mut self,
        person: ProfileId,
        run: &Run,
        End { state, reason, value }: End,
    ) -> Result<(), FlowError> {
        let (now, reason) = (self.work.now, reason.as_str());
        self.work.unit.end_run(run.id, state, now, reason, value)?;
        let closed = match state {
            RunState::Expired => DeliveryState::Expired,
            _ => DeliveryState::Cancelled,
        };
        self.work.unit.close_deliveries(run.id, closed, reason, now)?;
        if let Some(loaded) = self.work.people.get_mut(&person) {
            loaded.profile.runs.retain(|other| other.id != run.id);
            loaded.changed = true;
        }
        Ok(())
    }

    fn program(&self, run: &Run) -> Option<Arc<LiveProgram>> {
        self.work.live.plan().version(&run.program, run.version).cloned()
    }

    /// Takes a run as far as it goes now. `anchor` is when the step before it ended.
    fn drive(&mut self, person: ProfileId, mut run: Run, anchor: Time) -> Result<(), FlowError> {
        let Some(program) = self.program(&run) else {
            return self.end(
                person,
                &run,
                End::new(RunState::Cancelled, "its version of the program is not there"),
            );
        };
        let now = self.work.now;
        let mut anchor = anchor;
        loop {
            match program.advance(&mut run, anchor, now) {
                Next::Wait(until) => {
                    run.wake = Some(until);
                    break;
                }
                Next::Send { step, send } => {
                    if self.queue(person, &program, &run, step, send)? {
                        run.wake = None;
                        break;
                    }
                    anchor = now;
                }
                Next::Done => {
                    self.work.unit.end_run(run.id, RunState::Finished, now, "all steps are done", None)?;
                    match program.goal_until(&run).filter(|until| *until > now) {
                        Some(until) => {
                            run.awaits_goal = true;
                            run.wake = Some(until);
                            break;
                        }
                        None => return self.forget(person, run.id),
                    }
                }
                Next::Expired => {
                    return self.end(person, &run, End::new(RunState::Expired, "its time to live ran out"));
                }
            }
        }
        self.work.unit.put_timer(run.id, person, run.wake)?;
        self.work.something_due |= run.wake.is_some();
        if let Some(loaded) = self.work.people.get_mut(&person) {
            loaded.changed = true;
            match loaded.profile.runs.iter_mut().find(|other| other.id == run.id) {
                Some(place) => *place = run,
                None => loaded.profile.runs.push(run),
            }
        }
        Ok(())
    }

    fn forget(&mut self, person: ProfileId, run: RunId) -> Result<(), FlowError> {
        self.work.unit.put_timer(run, person, None)?;
        if let Some(loaded) = self.work.people.get_mut(&person) {
            loaded.profile.runs.retain(|other| other.id != run);
            loaded.changed = true;
        }
        Ok(())
    }

    /// Queues what a step sends. False when there is nothing to wait for.
    fn queue(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        run: &Run,
        step: u32,
        send: &Send,
    ) -> Result<bool, FlowError> {
        let now = self.work.now;
        let Some(loaded) = self.work.people.get(&person) else { return Ok(false) };
        let contact = loaded.profile.contact(&send.channel);
        let reachable = contact.is_some();
        let mut event = Object::new();
        event.insert("name".into(), run.event.clone().into());
        event.insert("properties".into(), run.properties.clone().into());
        let delivery = Delivery {
            id: DeliveryId(self.work.ids.next(now)),
            program: program.name().to_owned(),
            version: program.version,
            run: Some(run.id),
            occasion: format!("{}#{step}", run.occasion),
            profile: person,
            household: loaded.profile.household(),
            channel: send.channel.clone(),
            contact: contact.unwrap_or_default(),
            template: send.template.clone(),
            topic: send.topic.clone(),
            state: if reachable { DeliveryState::Queued } else { DeliveryState::Suppressed },
            reason: (!reachable).then(|| format!("no {} address is known", send.channel)),
            due: now,
            expires: program.expires(run.triggered),
            attempts: 0,
            created: now,
            updated: now,
            event,
        };
        let written = self.work.unit.put_delivery(&delivery)?;
        self.work.something_due |= written && reachable;
        Ok(written && reachable)
    }

    /// A membership has changed.
    pub(crate) fn segment_changed(
        &mut self,
        _person: ProfileId,
        _segment: &str,
        _entered: bool,
        _time: Time,
    ) -> Result<(), FlowError> {
        Ok(())
    }

    /// A run's timer has come.
    pub(crate) fn wake(&mut self, person: ProfileId, run: RunId, due: Time) -> Result<(), FlowError> {
        let Some(run) = self.runs(person).into_iter().find(|other| other.id == run) else {
            return self.forget(person, run);
        };
        if run.awaits_goal {
            return self.forget(person, run.id);
        }
        self.drive(person, run, due)
    }

    /// The delivery for which a run waited has ended.
    pub(crate) fn delivered(
        &mut self,
        person: ProfileId,
        run: RunId,
        state: DeliveryState,
    ) -> Result<(), FlowError> {
        let Some(run) = self.runs(person).into_iter().find(|other| other.id == run) else { return Ok(()) };
        if state == DeliveryState::Expired {
            return self.end(person, &run, End::new(RunState::Expired, "its time to live ran out"));
        }
        self.drive(person, run, self.work.now)
    }

    /// Two people are about to be one: where both have had the same occasion, the survivor's way is the one that counts.
    pub(crate) fn before_merge(&mut self, survivor: ProfileId, other: ProfileId) -> Result<(), FlowError> {
        for run in self.runs(other) {
            if self.work.unit.had_occasion(&run.program, survivor, &run.occasion)? {
                let reason = "the person turned out to have had the same occasion already";
                self.end(other, &run, End::new(RunState::Cancelled, reason))?;
            }
        }
        Ok(())
    }

    /// Two people turned out to be one: what one did may end what the other began, and nobody is in a program twice.
    /// Whoever has gone farthest in a program goes on, so that no step is taken twice.
    pub(crate) fn after_merge(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let mut runs = self.runs(person);
        runs.sort_by_key(|run| (std::cmp::Reverse(run.step), run.triggered, run.id));
        let mut inside: Vec<String> = Vec::new();
        for run in runs {
            let Some(program) = self.program(&run) else { continue };
            if let Some(end) = self.ended_already(person, &program, &run)? {
                self.end(person, &run, end)?;
            } else if !run.awaits_goal {
                if inside.contains(&run.program) {
                    let reason = "the person turned out to be in the program already";
                    self.end(person, &run, End::new(RunState::Cancelled, reason))?;
                } else {
                    inside.push(run.program.clone());
                }
            }
        }
        Ok(())
    }
}
