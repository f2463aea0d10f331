//! Who is let in by time alone: for what has come due by date or by schedule.

use super::{Admission, Cause, Enrolment, Obstacle, Way};
use crate::FlowError;
use crowsnest_model::ProfileId;
use crowsnest_programs::{Due, Entry, LiveProgram};
use std::sync::Arc;

/// Why a schedule lets somebody not in; it keeps no record of them.
const NOT_OF_THE_SCHEDULE: &str = "is not in the audience";

/// How what has come due by date or by schedule is served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Serving {
    /// When it comes due, or as late as the program allows.
    InTime,
    /// Later, since somebody of the house wants it; with `whenever` also when its time to live has run out.
    CatchingUp { whenever: bool },
}

impl Cause {
    /// That a program by date or by schedule has come due.
    pub(crate) fn due(person: ProfileId, due: &Due) -> Self {
        Self::ours(person, due.occasion.clone(), due.what(), due.at, due.properties())
    }
}

impl Enrolment<'_, '_> {
    /// Lets somebody in for what has come due by date or by schedule.
    pub(crate) fn enter_due(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        due: &Due,
        serving: Serving,
    ) -> Result<Admission, FlowError> {
        self.enter_cause(person, program, &Cause::due(person, due), serving)
    }

    /// As [`Enrolment::enter_due`], for that as a cause.
    pub(super) fn enter_cause(
        &mut self,
        person: ProfileId,
        program: &Arc<LiveProgram>,
        cause: &Cause,
        serving: Serving,
    ) -> Result<Admission, FlowError> {
        if let Some(waits) = self.keep(person, program, Way::Due, cause)? {
            return Ok(waits);
        }
        match self.entry_due(person, program, cause, serving)? {
            Err(not) => Ok(not),
            Ok(entry) => self.carry_out(person, program, cause, entry),
        }
    }

    /// As [`Enrolment::would_enter`], for what has come due by date or by schedule.
    pub(crate) fn would_enter_due(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        due: &Due,
        serving: Serving,
    ) -> Result<Admission, FlowError> {
        let cause = Cause::due(person, due);
        match self.entry_due(person, program, &cause, serving)? {
            Err(not) => Ok(not),
            Ok(entry) => self.would_carry_out(person, program, &cause, entry),
        }
    }

    /// What the program decides about somebody for whom it has come due, or why it is not asked, or has nothing to say.
    fn entry_due(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        cause: &Cause,
        serving: Serving,
    ) -> Result<Result<Entry, Admission>, FlowError> {
        if self.was_had(person, program, cause)? {
            return Ok(Err(Admission::not(Obstacle::HAD)));
        }
        let (now, allowed) = match serving {
            Serving::InTime => (self.work.now, Some(program.lateness())),
            Serving::CatchingUp { whenever: false } => (self.work.now, None),
            Serving::CatchingUp { whenever: true } => (cause.time, None),
        };
        let entry = self
            .ask(person, Some(cause.view()), |asked| program.admits_due(asked, cause.cause(), now, allowed));
        Ok(entry.filter(|entry| *entry != Entry::No).ok_or_else(|| Admission::not(NOT_OF_THE_SCHEDULE)))
    }

    /// Whether the occasion was had. Asked before anything else, where the same may come due again and again: who had it
    /// was not skipped.
    fn was_had(&self, person: ProfileId, program: &LiveProgram, cause: &Cause) -> Result<bool, FlowError> {
        let named = self.ask(person, Some(cause.view()), |asked| program.occasion_of(asked)).flatten();
        let occasion = named.as_deref().unwrap_or(&cause.occasion);
        Ok(self.work.unit.had_occasion(program.name(), person, occasion)?)
    }
}
