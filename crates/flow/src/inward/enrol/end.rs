//! How a run ends: by an event, by a merge, by time.

use super::{Cause, Enrolment};
use crate::{FlowError, inward::Prepared};
use crowsnest_model::{Duration, Event, ProfileId, Time, delivery::DeliveryState, profile::Run};
use crowsnest_programs::{Exit, LiveProgram, Reached};
use crowsnest_store::{EventRow, RunState};

/// How a run ends, and why, in words.
pub(super) struct End {
    pub(super) state: RunState,
    pub(super) reason: String,
    /// When what it was for happened, if it did.
    pub(super) reached: Option<(Time, Reached)>,
}

impl End {
    pub(super) fn new(state: RunState, reason: &str) -> Self {
        Self { state, reason: reason.to_owned(), reached: None }
    }

    /// By this event.
    fn by(run: &Run, exit: &Exit, event: &Event) -> Self {
        let (name, source) = (event.name.as_deref().unwrap_or_default(), &event.source);
        let after = if event.time < run.triggered {
            "in the same moment as the trigger, as far as its source tells".to_owned()
        } else {
            format!("{} after the trigger", event.time.since(run.triggered).in_words())
        };
        let (state, word, reached) = match *exit {
            Exit::Cancel(reached) => (RunState::Cancelled, "", reached),
            Exit::Goal(reached) => (RunState::Goal, "reached: ", Some(reached)),
        };
        Self {
            state,
            reason: format!("{word}{name} from {source}, {after}"),
            reached: reached.map(|reached| (event.time, reached)),
        }
    }
}

impl Enrolment<'_, '_> {
    /// Ends the runs that this event ends.
    pub(crate) fn leave(&mut self, person: ProfileId, prepared: &Prepared) -> Result<(), FlowError> {
        let event = &prepared.event;
        let runs = self.runs(person);
        if runs.is_empty() {
            return Ok(());
        }
        let cause = prepared.cause();
        for run in runs {
            let Some(program) = self.program(&run) else { continue };
            let exit = self.ask(person, Some(cause.view()), |asked| program.exit(&run, asked)).flatten();
            match exit {
                Some(exit) => self.end(person, &run, End::by(&run, &exit, event))?,
                None => self.keep_end(person, &run, Some(event.name.as_deref().unwrap_or_default()))?,
            }
        }
        Ok(())
    }

    /// A person's recorded events of these names from this moment on, the earliest first. A minute earlier too, for
    /// sources whose times are coarse; who asks says which of them count.
    pub(super) fn events_since(
        &self,
        person: ProfileId,
        names: &[&str],
        since: Time,
    ) -> Result<Vec<Event>, FlowError> {
        let rows = self.work.unit.events_named(person, names, since.minus(Duration::minutes(1)))?;
        rows.into_iter()
            .map(|EventRow { columns, body }| {
                Event::from_stored(columns, &body)
                    .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))
            })
            .collect()
    }

    /// How events that are here already end a run, if they do.
    pub(super) fn ended_already(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        run: &Run,
    ) -> Result<Option<End>, FlowError> {
        let names = program.ends();
        if names.is_empty() {
            return Ok(None);
        }
        for event in self.events_since(person, &names, run.triggered)? {
            let cause = Cause::of(&event);
            let exit = self.ask(person, Some(cause.view()), |asked| program.exit(run, asked)).flatten();
            if let Some(exit) = exit {
                return Ok(Some(End::by(run, &exit, &event)));
            }
        }
        Ok(None)
    }

    /// Ends a run: its record, its timer, and what it has not sent. Where others are held out, its goal is watched for
    /// on: what would have happened anyway happens to both.
    pub(super) fn end(&mut self, person: ProfileId, run: &Run, end: End) -> Result<(), FlowError> {
        let watch = end.reached.is_none() && end.state != RunState::Goal && !run.awaits_goal;
        self.close(person, run, end)?;
        match self.program(run) {
            Some(program) if watch && program.is_measured() => self.await_goal(person, &program, run.clone()),
            _ => Ok(()),
        }
    }

    /// Ends a run for good.
    fn close(&mut self, person: ProfileId, run: &Run, end: End) -> Result<(), FlowError> {
        let now = self.work.now;
        let End { state, reason, reached } = end;
        if state != RunState::Goal {
            self.work.unit.end_run(run.id, state, now, &reason)?;
        }
        if let Some((time, Reached { value })) = reached {
            self.work.unit.reach_goal(run.id, time, now, &reason, value)?;
        }
        let closed = match state {
            RunState::Expired => DeliveryState::Expired,
            _ => DeliveryState::Cancelled,
        };
        if self.work.replay.is_none() {
            crate::outward::run_ends(self.work, run.id)?;
        }
        self.work.unit.close_deliveries(run.id, closed, &reason, now)?;
        self.forget(person, run.id)
    }

    /// Two people are about to be one: where both have had the same occasion, the survivor's way is the one that counts.
    pub(crate) fn before_merge(&mut self, survivor: ProfileId, other: ProfileId) -> Result<(), FlowError> {
        for run in self.runs(other) {
            if self.work.unit.had_occasion(&run.program, survivor, &run.occasion)? {
                let reason = "the person turned out to have had the same occasion already";
                self.close(other, &run, End::new(RunState::Cancelled, reason))?;
            }
        }
        Ok(())
    }

    /// Two people turned out to be one: what one did may end what the other began or waited for, nobody is in a program
    /// twice, and nobody who is held out is in one. Whoever has gone farthest in a program goes on, so that no step is
    /// taken twice.
    pub(crate) fn after_merge(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let mut runs = self.runs(person);
        runs.sort_by_key(|run| (std::cmp::Reverse(run.step), run.triggered, run.id));
        let mut inside: Vec<String> = Vec::new();
        let mut waiting = Vec::new();
        for run in runs {
            let Some(program) = self.program(&run) else { continue };
            let end = if let Some(end) = self.ended_already(person, &program, &run)? {
                end
            } else if run.awaits_goal {
                self.keep_end(person, &run, None)?;
                continue;
            } else if let Some(held_out) = program.held_out(person) {
                End::new(RunState::Cancelled, &format!("the person turned out to be held out: {held_out}"))
            } else if inside.contains(&run.program) {
                End::new(RunState::Cancelled, "the person turned out to be in the program already")
            } else {
                self.keep_end(person, &run, None)?;
                inside.push(run.program.clone());
                waiting.extend(run.since.is_some().then_some(run.id));
                continue;
            };
            self.close(person, &run, end)?;
        }
        for id in waiting {
            if let Some(run) = self.run(person, id) {
                self.drive(person, run, self.work.now)?;
            }
        }
        Ok(())
    }
}
