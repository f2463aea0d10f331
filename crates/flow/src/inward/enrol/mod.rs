//! Programs: who enters, goes on, leaves. Carries out what the room `programs` decides.

mod drive;
mod due;
mod end;
mod pending;
mod tasks;

use super::{Prepared, Working};
use crate::{FlowError, Live, OWN_SOURCE};
use crowsnest_model::{
    Event, EventId, Object, Profile, ProfileId, RunId, Time, definition::MembershipChange, profile::Run,
};
use crowsnest_programs::{Begin, Entrances, Entry, LiveProgram, Person};
use crowsnest_rules::EventView;
use crowsnest_store::{Read, Request, RunRecord, RunState, RunStep};
pub(crate) use due::Serving;
use end::End;
use pending::Way;
use std::sync::Arc;

/// A person's ways through programs, within a batch.
pub(crate) struct Enrolment<'a, 'w> {
    work: &'a mut Working<'w>,
}

/// How the occasions of requests begin.
pub(crate) const REQUEST: &str = "request:";

/// How the occasions of changes of things begin.
pub(crate) const CATALOGUE: &str = "catalogue:";

/// Whether an occasion is that of a request, or of a change of a thing: nothing of the person's own brings it about again.
fn is_asked(occasion: &str) -> bool {
    occasion.starts_with(REQUEST) || occasion.starts_with(CATALOGUE)
}

/// What lets somebody in: an event, or something that is seen as one.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Cause {
    /// The event; one that is not stored has an id of our own source.
    pub(crate) id: EventId,
    /// The event's name; empty when there was none.
    pub(crate) event: String,
    pub(crate) source: String,
    pub(crate) properties: Object,
    pub(crate) time: Time,
    /// What happened, in words.
    pub(crate) what: String,
    /// The occasion, for a program that has no rule for it.
    pub(crate) occasion: String,
}

/// What became of somebody whom something might let into a program.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "snake_case")]
pub enum Admission {
    /// They are in.
    Entered,
    /// They would be in, but are held out; why, in words.
    HeldOut(String),
    /// It is decided once what the program asks about is built; in words.
    Waits(String),
    /// They are not; why, in words.
    Not(String),
}

/// Why something lets nobody in that is not the program's trigger.
const NOT_MEANT: &str = "it is not what the program waits for";

/// What stands in somebody's way on record.
pub(crate) enum Obstacle {
    /// The same occasion was had.
    Had,
    /// They are inside, or were too short a time ago; in words.
    NotNow(String),
}

impl Obstacle {
    const HAD: &'static str = "this occasion was had before";

    /// What stands in the way of somebody for something that happened at `time`.
    pub(crate) fn of(
        read: &dyn Read,
        profile: &Profile,
        program: &LiveProgram,
        time: Time,
        occasion: &str,
    ) -> Result<Option<Self>, FlowError> {
        let (name, person) = (program.name(), profile.id);
        if read.had_occasion(name, person, occasion)? {
            return Ok(Some(Self::Had));
        }
        if let Some(run) = profile.runs.iter().find(|run| run.program == name && !run.awaits_goal) {
            let reason = format!("was in the program already, since {}", run.triggered);
            return Ok(Some(Self::NotNow(reason)));
        }
        let Some((after, before)) = program.apart(time) else { return Ok(None) };
        let entered = read.entered_between(name, person, after, before)?;
        Ok(entered.map(|before| Self::NotNow(program.not_again(before))))
    }

    /// It, in words.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Had => Self::HAD.to_owned(),
            Self::NotNow(reason) => reason,
        }
    }
}

impl Admission {
    fn not(reason: &str) -> Self {
        Self::Not(reason.to_owned())
    }
}

impl std::fmt::Display for Admission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Entered => f.write_str("entered"),
            Self::HeldOut(reason) => write!(f, "held out: {reason}"),
            Self::Waits(reason) => write!(f, "waits: {reason}"),
            Self::Not(reason) => write!(f, "not entered: {reason}"),
        }
    }
}

impl Cause {
    pub(crate) fn of(event: &Event) -> Self {
        let name = event.name.clone().unwrap_or_default();
        Self {
            id: event.id,
            what: name.clone(),
            event: name,
            source: event.source.to_string(),
            properties: event.properties_object(),
            time: event.time,
            occasion: event.id.to_string(),
        }
    }

    /// Something that is not an event: it is known by its occasion.
    pub(crate) fn ours(
        person: ProfileId,
        occasion: String,
        what: String,
        time: Time,
        properties: Object,
    ) -> Self {
        Self {
            id: Self::id_of(person, &occasion),
            event: String::new(),
            source: OWN_SOURCE.to_owned(),
            properties,
            time,
            what,
            occasion,
        }
    }

    /// The id that an occasion of ours has for a person.
    pub(crate) fn id_of(person: ProfileId, occasion: &str) -> EventId {
        EventId::of(OWN_SOURCE, &format!("{occasion} {person}"))
    }

    pub(crate) fn view(&self) -> EventView<'_> {
        EventView {
            name: &self.event,
            kind: "track",
            properties: &self.properties,
            source: &self.source,
            time: self.time,
        }
    }

    fn cause(&self) -> crowsnest_programs::Cause<'_> {
        crowsnest_programs::Cause { what: &self.what, occasion: &self.occasion, time: self.time }
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
        self.ask_at(self.work.now, person, event, question)
    }

    /// As [`Enrolment::ask`], as of another moment.
    fn ask_at<T>(
        &self,
        at: Time,
        person: ProfileId,
        event: Option<EventView<'_>>,
        question: impl FnOnce(&Person<'_>) -> T,
    ) -> Option<T> {
        let profile = &self.work.people.get(&person)?.profile;
        Some(self.work.lookout_at(at).ask(profile, event, question))
    }

    fn runs(&self, person: ProfileId) -> Vec<Run> {
        self.work.people.get(&person).map(|loaded| loaded.profile.runs.clone()).unwrap_or_default()
    }

    fn run(&self, person: ProfileId, id: RunId) -> Option<Run> {
        self.work.people.get(&person)?.profile.runs.iter().find(|run| run.id == id).cloned()
    }

    fn program(&self, run: &Run) -> Option<Arc<LiveProgram>> {
        self.work.rules.plan.version(&run.program, run.version).cloned()
    }

    /// Begins the programs that an event begins.
    pub(crate) fn enter(&mut self, person: ProfileId, prepared: &Prepared) -> Result<(), FlowError> {
        let entrances = self.entrances();
        let name = prepared.event.name.as_deref().unwrap_or_default();
        for program in entrances.triggered_by(name) {
            self.enter_by_event(person, program, prepared.cause(), false)?;
        }
        Ok(())
    }

    /// Begins one program if this event begins it; with `whenever`, whatever its time to live says.
    pub(crate) fn enter_by_event(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
        whenever: bool,
    ) -> Result<Admission, FlowError> {
        if let Some(waits) = self.keep(person, program, Way::Event, cause)? {
            return Ok(waits);
        }
        let now = if whenever { cause.time } else { self.work.now };
        let entry = self.ask(person, Some(cause.view()), |asked| program.entry(asked, &cause.occasion, now));
        self.carry_out(person, program, cause, entry.unwrap_or(Entry::No))
    }

    /// A segment was entered (`entered`) or left, at `time`: the programs begin that this begins.
    ///
    /// The flow calls this once for each change of a membership, in the commit that changes it.
    pub(crate) fn segment_changed(
        &mut self,
        person: ProfileId,
        segment: &str,
        entered: bool,
        time: Time,
    ) -> Result<(), FlowError> {
        let entrances = self.entrances();
        let (change, word) =
            if entered { (MembershipChange::Enter, "enter") } else { (MembershipChange::Leave, "leave") };
        for program in entrances.triggered_by_segment(segment, change) {
            let mut properties = Object::new();
            properties.insert("segment".into(), segment.into());
            properties.insert("on".into(), word.into());
            let occasion = format!("segment:{segment}:{word}:{time}");
            let what = format!("the change of the segment {segment}");
            let cause = Cause::ours(person, occasion, what, time, properties);
            self.admit(person, program, Way::Segment, &cause)?;
        }
        Ok(())
    }

    /// The definitions in force.
    pub(in crate::inward) fn live(&self) -> &'w Live {
        self.work.live
    }

    /// The programs that take people in.
    pub(in crate::inward) fn entrances(&self) -> Arc<Entrances> {
        self.work.entrances.clone()
    }

    /// As of when it is.
    pub(in crate::inward) fn now(&self) -> Time {
        self.work.now
    }

    /// Begins a program if a change, seen as `seen`, begins it: of an item, for somebody who watches that, or of who is who.
    pub(in crate::inward) fn enter_by_change(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
    ) -> Result<(), FlowError> {
        if self.keep(person, program, Way::Change, cause)?.is_some() {
            return Ok(());
        }
        let now = self.work.now;
        let entry =
            self.ask(person, Some(cause.view()), |asked| program.entry_by_change(asked, cause.cause(), now));
        self.carry_out(person, program, cause, entry.unwrap_or(Entry::No)).map(drop)
    }

    /// Lets somebody in who asked for it, or for whom a step of another program did, if the program's rules but the trigger do.
    pub(crate) fn enter_as_asked(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
    ) -> Result<Admission, FlowError> {
        self.admit(person, program, Way::Asked, cause)
    }

    /// Lets somebody in for a cause that needs no trigger, if the program's other rules do.
    fn admit(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        way: Way,
        cause: &Cause,
    ) -> Result<Admission, FlowError> {
        if let Some(waits) = self.keep(person, program, way, cause)? {
            return Ok(waits);
        }
        let now = self.work.now;
        let entry = self.ask(person, Some(cause.view()), |asked| program.admits(asked, cause.cause(), now));
        self.carry_out(person, program, cause, entry.unwrap_or(Entry::No))
    }

    fn carry_out(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
        entry: Entry,
    ) -> Result<Admission, FlowError> {
        match entry {
            Entry::No => Ok(Admission::not(NOT_MEANT)),
            Entry::Skip { occasion, reason, expired } => {
                let state = if expired { RunState::Expired } else { RunState::Skipped };
                self.record(person, program, cause, occasion, &End::new(state, &reason))?;
                Ok(Admission::Not(reason))
            }
            Entry::Begin(begin) => self.begin(person, program, cause, begin),
        }
    }

    fn begin(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
        Begin { occasion, skipped }: Begin,
    ) -> Result<Admission, FlowError> {
        match self.obstacle(person, program, cause, &occasion)? {
            Some(Obstacle::Had) => return Ok(Admission::not(Obstacle::HAD)),
            Some(Obstacle::NotNow(reason)) => {
                self.record(person, program, cause, skipped, &End::new(RunState::Skipped, &reason))?;
                return Ok(Admission::Not(reason));
            }
            None => {}
        }
        let held_out = program.held_out(person);
        let mut run = Run {
            // Its record gives it its id, once it is sure that there is one.
            id: RunId(0),
            program: program.name().to_owned(),
            version: program.version,
            occasion: occasion.clone(),
            triggered: cause.time,
            step: 0,
            wake: None,
            awaits_goal: held_out.is_some(),
            event: cause.event.clone(),
            properties: cause.properties.clone(),
            source: cause.source.clone(),
            since: None,
            moved_by: Some(cause.id),
        };
        // What ends it may have come before what begins it.
        let ended = self.ended_already(person, program, &run)?;
        if let Some(reason) = held_out {
            let mut end = End::new(RunState::HeldOut, &reason);
            end.reached = ended.and_then(|ended| ended.reached);
            let seen = end.reached.is_some();
            if let Some(id) = self.record(person, program, cause, occasion, &end)?
                && !seen
            {
                run.id = id;
                self.await_goal(person, program, run)?;
            }
            return Ok(Admission::HeldOut(reason));
        }
        if let Some(end) = ended {
            self.record(person, program, cause, occasion, &end)?;
            return Ok(Admission::Not(end.reason));
        }
        let begun = End::new(RunState::Active, "");
        let Some(id) = self.record(person, program, cause, occasion, &begun)? else {
            return Ok(Admission::not(Obstacle::HAD));
        };
        run.id = id;
        self.drive(person, run, cause.time)?;
        Ok(Admission::Entered)
    }

    /// What stands in the way of somebody whom the program's rules let in, from what is on record.
    fn obstacle(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        cause: &Cause,
        occasion: &str,
    ) -> Result<Option<Obstacle>, FlowError> {
        let Some(loaded) = self.work.people.get(&person) else { return Ok(None) };
        Obstacle::of(&*self.work.unit, &loaded.profile, program, cause.time, occasion)
    }

    /// What would become of somebody by this event. Nothing is changed.
    pub(crate) fn would_enter(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        cause: &Cause,
        whenever: bool,
    ) -> Result<Admission, FlowError> {
        let now = if whenever { cause.time } else { self.work.now };
        let entry = self.ask(person, Some(cause.view()), |asked| program.entry(asked, &cause.occasion, now));
        self.would_carry_out(person, program, cause, entry.unwrap_or(Entry::No))
    }

    fn would_carry_out(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        cause: &Cause,
        entry: Entry,
    ) -> Result<Admission, FlowError> {
        let occasion = match entry {
            Entry::No => return Ok(Admission::not(NOT_MEANT)),
            Entry::Skip { reason, .. } => return Ok(Admission::Not(reason)),
            Entry::Begin(begin) => begin.occasion,
        };
        Ok(match self.obstacle(person, program, cause, &occasion)? {
            Some(Obstacle::Had) => Admission::not(Obstacle::HAD),
            Some(Obstacle::NotNow(reason)) => Admission::Not(reason),
            None => match program.held_out(person) {
                Some(reason) => Admission::HeldOut(reason),
                None => Admission::Entered,
            },
        })
    }

    /// A run goes on by another version, from the step at the same place. False when that version has no such step; then
    /// nothing changes.
    pub(crate) fn move_to(&mut self, person: ProfileId, id: RunId, version: u32) -> Result<bool, FlowError> {
        let Some(mut run) = self.run(person, id) else { return Ok(false) };
        let (before, plan) = (run.version, self.work.rules.plan.clone());
        let (Some(old), Some(new)) = (self.program(&run), plan.version(&run.program, version)) else {
            return Ok(false);
        };
        let Some(step) = old.place_in(&run, new) else { return Ok(false) };
        (run.step, run.version) = (step, version);
        self.work.unit.move_run(id, version)?;
        self.note(id, new.step_of(&run), format!("moved from version {before} to {version}"))?;
        self.save(person, run.clone());
        // Its wait may have another limit now.
        if run.since.is_some() {
            self.drive(person, run, self.work.now)?;
        }
        Ok(true)
    }

    /// Writes a run's record; `None` when its occasion was had.
    fn record(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        cause: &Cause,
        occasion: String,
        end: &End,
    ) -> Result<Option<RunId>, FlowError> {
        let now = self.work.now;
        let was = match (&mut self.work.replay, end.state) {
            (None, _) | (_, RunState::Skipped) => None,
            (Some(replay), _) => replay.run(program.name(), &occasion, cause.id),
        };
        let id = was.unwrap_or_else(|| RunId(self.work.ids.next(now)));
        let over = end.state != RunState::Active;
        let written = self.work.unit.put_run(&RunRecord {
            id,
            program: program.name().to_owned(),
            version: program.version,
            profile: person,
            occasion,
            event: cause.id,
            triggered: cause.time,
            started: now,
            ended: over.then_some(now),
            state: end.state,
            reason: over.then(|| end.reason.clone()),
            value: end.reached.and_then(|(_, reached)| reached.value),
            goal: end.reached.map(|(time, _)| time),
        })?;
        if written && end.state != RunState::Skipped && is_asked(&cause.occasion) {
            let (occasion, properties) = (cause.occasion.clone(), cause.properties.clone());
            self.work.unit.put_request(&Request { run: id, occasion, properties })?;
        }
        Ok(written.then_some(id))
    }

    /// Keeps what a step came to, for whoever asks later why.
    fn note(&mut self, run: RunId, step: &str, outcome: impl Into<String>) -> Result<(), FlowError> {
        let (step, outcome) = (step.to_owned(), outcome.into());
        Ok(self.work.unit.put_run_step(&RunStep { run, time: self.work.now, step, outcome })?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Engine, Opening, SystemClock};
    use crowsnest_model::{EventKind, Identifier};
    use crowsnest_workspace::SourceFile;
    use std::sync::Arc;

    const SHOP: &str = r#"
workspace: shop
title: Shop
country: US
time_zone: UTC
currency: USD
---
source: web
---
segment: lapsed
when: has(profile.lapsed)
---
program: back
trigger: { segment: lapsed, on: leave }
audience: has(profile.name)
steps:
  - exit: they are back
---
program: waits
trigger: { segment: lapsed }
steps:
  - wait_until: { when: has(profile.phone), limit: 30d, on_limit: exit }
"#;

    async fn runs(engine: &Engine) -> Vec<String> {
        let page = crowsnest_store::Page { limit: 9, offset: 0 };
        let runs = engine.read(|read| read.runs(None, None, page)).unwrap();
        runs.into_iter()
            .map(|run| format!("{} {} {}", run.program, run.state.as_str(), run.reason.unwrap_or_default()))
            .collect()
    }

    #[tokio::test]
    async fn a_change_of_a_segment_begins_a_program_once() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = vec![SourceFile { path: "shop.yaml".into(), text: SHOP.trim_start().into() }];
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: Some(workspace),
            clock: Arc::new(SystemClock),
            entropy: [1; 32],
        };
        let (engine, _) = Engine::open(opening).unwrap();
        let mut event = Event::from_stored(
            crowsnest_model::event::EventColumns {
                id: EventId::of("web", "m"),
                source: "web".into(),
                kind: EventKind::Identify,
                name: None,
                time: engine.now(),
                received: engine.now(),
                historical: false,
            },
            br#"{"messageId":"m","identifiers":[],"traits":{"name":"Ann"}}"#,
        )
        .unwrap();
        event.identifiers.push(Identifier::new("user_id", "u1"));
        let batch = crowsnest_ingest::wire::Batch { events: vec![event], rejected: Vec::new() };
        engine.take_in(batch).await.unwrap();
        let changed = async |entered: bool, time: i64| {
            let done = engine.commit(move |work| {
                let person = work.unit.people_after(None, 1)?[0].id;
                work.load(person)?;
                let moment = work.now.plus(crowsnest_model::Duration(time));
                Enrolment::of(work).segment_changed(person, "lapsed", entered, moment)?;
                Enrolment::of(work).look(person, moment)
            });
            done.await.unwrap();
        };
        changed(false, 0).await;
        assert_eq!(runs(&engine).await, ["back finished they are back"]);
        changed(true, 1).await;
        assert_eq!(runs(&engine).await, ["waits active ", "back finished they are back"]);
    }
}
