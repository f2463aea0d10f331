//! A program waits for what it asks for: what comes while that is being built is kept, and decided once it is built.
//!
//! Whoever is met again by then is let in first for what came before. Everybody else is when all is built, page by page; what
//! is kept goes in the commit that decides it, so that nothing is decided twice and nothing is lost.

use super::{Admission, Cause, Enrolment, Serving};
use crate::{FlowError, inward::Working};
use crowsnest_model::{ProfileId, Time, profile::Run};
use crowsnest_programs::LiveProgram;
use crowsnest_store::Pending;
use serde::{Deserialize, Serialize};

/// What the answer is while a program waits.
const WAITS: &str = "what the program asks about is still being built; it is decided then";

/// The occasion of what may end runs: their person's events are looked at once more.
const ENDS: &str = "";

/// By which way somebody came to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// By an event of theirs.
    Event,
    /// By a change of an item or of who is who.
    Change,
    /// By a change of a segment.
    Segment,
    /// By date or by schedule.
    Due,
    /// By request, or by a step of another program.
    Asked,
}

/// Who would have been let in, or not, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    way: Way,
    /// The version that was in force.
    version: u32,
    cause: Cause,
}

impl Enrolment<'_, '_> {
    /// Whether a version of a program waits for what it asks about. While a person's events are taken in once more, all of
    /// that is known of them.
    pub(super) fn waits(&self, program: &str, version: u32) -> bool {
        self.work.replay.is_none() && self.work.derived.waits(program, version)
    }

    /// Keeps what came while a program waits; `None` when it does not.
    pub(super) fn keep(
        &mut self,
        person: ProfileId,
        program: &LiveProgram,
        way: Way,
        cause: &Cause,
    ) -> Result<Option<Admission>, FlowError> {
        if !program.open || !self.waits(program.name(), program.version) {
            return Ok(None);
        }
        let kept = Kept { way, version: program.version, cause: cause.clone() };
        let text = serde_json::to_string(&kept).map_err(cannot_be_kept)?;
        self.put_pending(person, program.name(), &cause.occasion, text)?;
        Ok(Some(Admission::Waits(WAITS.to_owned())))
    }

    /// Keeps that something which came may end a run, if that cannot be said yet: an event of this name, or any.
    pub(super) fn keep_end(
        &mut self,
        person: ProfileId,
        run: &Run,
        event: Option<&str>,
    ) -> Result<(), FlowError> {
        let Some(program) = self.program(run).filter(|_| self.waits(&run.program, run.version)) else {
            return Ok(());
        };
        match event.is_none_or(|event| program.ends().contains(&event)) {
            true => self.put_pending(person, &run.program, ENDS, String::new()),
            false => Ok(()),
        }
    }

    fn put_pending(
        &mut self,
        person: ProfileId,
        program: &str,
        occasion: &str,
        cause: String,
    ) -> Result<(), FlowError> {
        let (program, occasion) = (program.to_owned(), occasion.to_owned());
        Ok(self.work.unit.put_pending(&Pending { seq: 0, profile: person, program, occasion, cause })?)
    }

    /// Parks a run whose program waits, until what happened at `moment` can be looked at. False when it does not wait.
    pub(super) fn park(&mut self, person: ProfileId, run: &Run, moment: Time) -> Result<bool, FlowError> {
        let stands_still = self.work.stands_still(&run.program, self.work.now);
        if !stands_still && !self.waits(&run.program, run.version) {
            return Ok(false);
        }
        self.work.unit.park_timer(run.id, person, moment, &run.program)?;
        self.save(person, Run { wake: Some(moment), ..run.clone() });
        Ok(true)
    }

    /// Decides about what was kept, by the program as it is now.
    fn decide(&mut self, person: ProfileId, pending: &Pending) -> Result<(), FlowError> {
        if pending.occasion == ENDS {
            return self.end_by_what_came(person, &pending.program);
        }
        let kept: Kept = serde_json::from_str(&pending.cause).map_err(cannot_be_kept)?;
        let plan = self.work.rules.plan.clone();
        let entrances = self.entrances();
        // One that was paused or taken out of force meanwhile lets nobody in.
        let Some(program) = entrances.open(&pending.program) else { return Ok(()) };
        let Kept { way, version, cause } = &kept;
        let begins_as_then =
            || plan.version(program.name(), *version).is_some_and(|then| then.begins_as(program));
        match way {
            Way::Event => self.enter_by_event(person, program, cause, false).map(drop),
            Way::Asked => self.admit(person, program, Way::Asked, cause).map(drop),
            // What began it then does not begin it now.
            _ if !begins_as_then() => Ok(()),
            Way::Change => self.enter_by_change(person, program, cause),
            Way::Segment => self.admit(person, program, Way::Segment, cause).map(drop),
            Way::Due => self.enter_cause(person, program, cause, Serving::InTime).map(drop),
        }
    }

    /// Ends the runs of a program that events which are here by now end.
    fn end_by_what_came(&mut self, person: ProfileId, program: &str) -> Result<(), FlowError> {
        for run in self.runs(person).into_iter().filter(|run| run.program == program) {
            let Some(version) = self.program(&run) else { continue };
            if let Some(end) = self.ended_already(person, &version, &run)? {
                self.end(person, &run, end)?;
            }
        }
        Ok(())
    }
}

fn cannot_be_kept(error: serde_json::Error) -> FlowError {
    FlowError::Broken(format!("what a program has to decide about cannot be kept or read: {error}"))
}

impl Working<'_> {
    /// Decides about what a person did while programs waited that do not wait any more: it came before what they do now.
    pub(in crate::inward) fn decide_pending_of(&mut self, person: ProfileId) -> Result<(), FlowError> {
        if !self.derived.pending || self.replay.is_some() {
            return Ok(());
        }
        for pending in self.unit.pending(Some(person), i64::MAX as usize)? {
            if !self.derived.waiting.contains_key(&pending.program) {
                self.decide_once(person, &pending)?;
            }
        }
        Ok(())
    }

    /// Decides about what came while programs waited, the first that came first, at most `limit` of it. Answers how much that
    /// was.
    pub(crate) fn decide_pending(&mut self, limit: usize) -> Result<usize, FlowError> {
        let all = self.unit.pending(None, limit)?;
        for pending in &all {
            let person = self.unit.survivor(pending.profile)?;
            if self.try_load(person)? == Ok(true) {
                self.catch_up(person)?;
                self.decide_once(person, pending)?;
            } else {
                self.unit.remove_pending(pending.seq)?;
            }
        }
        Ok(all.len())
    }

    fn decide_once(&mut self, person: ProfileId, pending: &Pending) -> Result<(), FlowError> {
        // What is decided may be an event of theirs, before which the rest is decided.
        match self.unit.remove_pending(pending.seq)? {
            true => Enrolment::of(self).decide(person, pending),
            false => Ok(()),
        }
    }
}
