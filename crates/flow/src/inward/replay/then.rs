//! The programs of a replay are those that were in force then: what came before a program begins nothing by it, and whoever
//! began an earlier version goes on by that one.

use super::Replay;
use crate::{
    FlowError,
    inward::{Cause, Enrolment, Serving, Working},
};
use crowsnest_model::{Duration, Event, ProfileId};
use crowsnest_programs::LiveProgram;
use crowsnest_store::{RunRecord, RunState};
use std::sync::Arc;

/// The ways through programs that somebody was let into, the latest first. Who was skipped, or came too late, was not.
pub(super) fn begun(runs: &[RunRecord]) -> Vec<RunRecord> {
    let let_in = |run: &&RunRecord| !matches!(run.state, RunState::Skipped | RunState::Expired);
    let mut begun: Vec<RunRecord> = runs.iter().filter(let_in).cloned().collect();
    begun.sort_by_key(|run| std::cmp::Reverse((run.started, run.id)));
    begun
}

impl Replay {
    /// The event that is being taken in is this person's.
    pub(in crate::inward) fn is_of(&mut self, person: ProfileId) {
        self.owners.insert(self.event, person);
    }

    /// Whether a way through a program that is on record has not come about again yet.
    fn is_missing(&self, run: &RunRecord) -> bool {
        self.runs.values().flatten().any(|known| known.id == run.id)
    }
}

impl Working<'_> {
    /// Other programs are in force from now on.
    pub(super) fn turn(&mut self) -> Result<(), FlowError> {
        let Some(replay) = &mut self.replay else { return Ok(()) };
        replay.turns.pop();
        let people = replay.people.clone();
        self.entrances = Arc::new(self.live.plan().entrances_at(self.now));
        people.into_iter().try_for_each(|person| self.await_dates(person))
    }

    /// Somebody was let into a program at this moment. Mostly they are inside by now, since what let them in has come again.
    /// If they are not, they were let in later than it came (somebody of the house caught up on those who had been missed),
    /// and are once more.
    pub(super) fn begin_as_then(&mut self, run: &RunRecord) -> Result<(), FlowError> {
        let Some(program) = self.live.plan().version(&run.program, run.version) else { return Ok(()) };
        let Some(replay) = self.replay.as_ref().filter(|replay| replay.is_missing(run)) else {
            return Ok(());
        };
        if program.begins_by_time() {
            let people = replay.people.clone();
            return people.into_iter().try_for_each(|person| self.begin_due(person, program, run));
        }
        let Some(owner) = replay.owners.get(&run.event).copied() else { return Ok(()) };
        let person = self.unit.survivor(owner)?;
        let Some(row) = self.unit.event(run.event)? else { return Ok(()) };
        let event = Event::from_stored(row.columns, &row.body)
            .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))?;
        Enrolment::of(self).enter_by_event(person, program, &Cause::of(&event), true).map(drop)
    }

    fn begin_due(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        run: &RunRecord,
    ) -> Result<(), FlowError> {
        let serving = Serving::CatchingUp { whenever: true };
        for due in self.came_due(person, program, run.triggered.minus(Duration(1)), run.triggered) {
            // It is on record for somebody. Nobody else was late for it who was not there yet.
            if due.at <= person.made() && Cause::id_of(person, &due.occasion) != run.event {
                continue;
            }
            Enrolment::of(self).enter_due(person, program, &due, serving)?;
        }
        Ok(())
    }
}
