//! What steps ask people of the house to do.

use super::{
    Enrolment,
    drive::{Outgoing, Queued},
};
use crate::FlowError;
use crowsnest_model::{DeliveryId, ProfileId, TaskId, definition::TaskStep, profile::Run};
use crowsnest_programs::LiveProgram;
use crowsnest_store::{Task, TaskState};
use std::sync::Arc;

impl Enrolment<'_, '_> {
    /// Makes the task of a step. True when the run waits for it, since it is a call.
    pub(super) fn ask_team(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        run: &Run,
        step: &str,
        asked: &TaskStep,
    ) -> Result<bool, FlowError> {
        let Some(call) = &asked.call else {
            self.put_task(person, program, run, step, asked, None)?;
            return Ok(false);
        };
        let outcome = self.queue(person, program, run, step, Outgoing::call(run, step, asked, call))?;
        let delivery = match outcome {
            Queued::Waits(delivery) => delivery,
            Queued::NoContact => {
                self.note(run.id, step, "nobody is called: no telephone number is known")?;
                return Ok(false);
            }
            Queued::Had => {
                self.note(run.id, step, "nobody is called: this occasion had the call already")?;
                return Ok(false);
            }
        };
        // One that comes about again has its tasks, unless it has ended.
        if self.work.unit.delivery(delivery)?.is_some_and(|call| !call.state.is_final()) {
            self.put_task(person, program, run, step, asked, Some(delivery))?;
        }
        Ok(true)
    }

    fn put_task(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        run: &Run,
        step: &str,
        asked: &TaskStep,
        call: Option<DeliveryId>,
    ) -> Result<(), FlowError> {
        let now = self.work.now;
        // Nothing limits a team that is not declared: what it is asked is on its list at once.
        let waits = self.work.live.shifts(&asked.team).is_some() || call.is_some();
        let today = now.timestamp().to_zoned(self.work.live.zone().clone()).date();
        let id = TaskId(self.work.ids.next(now));
        let written = self.work.unit.put_task(&Task {
            id,
            created: now,
            program: run.program.clone(),
            run: run.id,
            step: step.to_owned(),
            profile: person,
            title: asked.title.clone(),
            team: asked.team.clone(),
            note: asked.note.clone(),
            priority: asked.priority,
            call,
            attempt: 1,
            state: if waits { TaskState::Queued } else { TaskState::Open },
            reason: None,
            due: now,
            expires: program.expires_within(run.triggered, now, asked.ttl),
            day: (!waits).then_some(today),
            ended: None,
            outcome: None,
            remark: None,
        })?;
        self.work.something_due |= written && waits;
        Ok(())
    }
}
