//! Programs by date and by schedule: who comes due is let in, in the same commit as everything else that the moment
//! changes, and everybody is looked at again in time.

use super::{Enrolment, Occurrence, Serving, Working};
use crate::FlowError;
use crowsnest_model::{Duration, ProfileId, Time};
use crowsnest_profile::Touch;
use crowsnest_programs::{DateTouch, Due, LiveProgram};
use std::{collections::BTreeSet, sync::Arc};

/// One look's share of a stretch of time: moments are counted in milliseconds.
const MOMENT: Duration = Duration(1);

impl Working<'_> {
    /// Lets a person into the programs that come due for them, and sees to it that they are looked at when the next one
    /// does. `changes` are the segments that they have just entered or left.
    ///
    /// Time alone lets them in at the very moment. A change lets them in for what has come due already with what is known
    /// now, as long as the program's lateness allows it: whoever says on their birthday that it is their birthday is not
    /// too late. What came due before the program was in force begins nothing.
    pub(super) fn ask_dates(
        &mut self,
        person: ProfileId,
        touch: &Touch,
        changes: &[(String, bool)],
        cause: Occurrence,
    ) -> Result<(), FlowError> {
        let entrances = self.entrances.clone();
        let plan = entrances.dates();
        if plan.is_empty() {
            return Ok(());
        }
        let programs: Vec<&Arc<LiveProgram>> = if touch.time || touch.everything {
            plan.all().iter().collect()
        } else {
            let mut segments: BTreeSet<String> = changes.iter().map(|(name, _)| name.clone()).collect();
            segments.extend(touch.segments.iter().cloned());
            plan.touched_by(DateTouch {
                traits: &touch.dates,
                series: &touch.series,
                segments: &segments,
                programs: &touch.programs,
                consent: touch.consent,
                household: touch.household,
                newcomer: touch.newcomer,
            })
        };
        let begins = |program: &LiveProgram| {
            let since = self.in_force_since(program).filter(|_| cause.announced)?;
            let first = match touch.time {
                true => cause.at.minus(MOMENT),
                false => cause.at.minus(program.lateness()),
            };
            // Nobody is late for a schedule who was not there yet.
            let there = if program.is_scheduled() && !touch.time { person.made() } else { Time(i64::MIN) };
            Some(first.max(since).max(there))
        };
        let stretches = programs.into_iter().map(|program| (program, begins(program))).collect();
        self.come_due(person, stretches, cause.at)
    }

    /// Sees to it that a person is looked at again when a program by date or by schedule comes due for them.
    pub(super) fn await_dates(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let entrances = self.entrances.clone();
        let programs = entrances.dates().all().iter();
        self.come_due(person, programs.map(|program| (program, None)).collect(), self.now)
    }

    /// Lets a person into programs that are new by date or by schedule, for what has come due since they are in force, and
    /// sees to it that they are looked at again.
    pub(crate) fn begin_dates(&mut self, person: ProfileId, new: &BTreeSet<String>) -> Result<(), FlowError> {
        let since =
            |program: &LiveProgram| self.in_force_since(program).filter(|_| new.contains(program.name()));
        let entrances = self.entrances.clone();
        let programs = entrances.dates().all().iter();
        let stretches = programs.map(|program| (program, since(program))).collect();
        self.come_due(person, stretches, self.now)
    }

    /// Since when what comes due begins a program; `None` while nobody is given its moments.
    fn in_force_since(&self, program: &LiveProgram) -> Option<Time> {
        let given = self.derived.dates.get(program.name()).copied();
        match &self.replay {
            Some(replay) if given.is_none_or(|given| given > self.now) => Some(
                self.rules.plan.same_moments_since(program).max(replay.other_moments_since(program.name())),
            ),
            _ => given,
        }
    }

    /// What came due for a person by a program after a moment and until another.
    pub(crate) fn came_due(
        &self,
        person: ProfileId,
        program: &LiveProgram,
        after: Time,
        until: Time,
    ) -> Vec<Due> {
        let Some(loaded) = self.people.get(&person) else { return Vec::new() };
        self.lookout_at(until).ask(&loaded.profile, None, |asked| program.due_within(asked, after, until))
    }

    /// Each program with the moment after which what comes due begins it; `None` when only the next look is wanted.
    fn come_due(
        &mut self,
        person: ProfileId,
        programs: Vec<(&Arc<LiveProgram>, Option<Time>)>,
        until: Time,
    ) -> Result<(), FlowError> {
        let Some(loaded) = self.people.get(&person) else { return Ok(()) };
        let mut due: Vec<(Due, &Arc<LiveProgram>)> = Vec::new();
        let mut next: Option<Time> = None;
        for (program, after) in programs {
            let (now_due, look) = self.lookout_at(until).ask(&loaded.profile, None, |asked| {
                let now_due = after.map(|after| program.due_within(asked, after, until));
                (now_due.unwrap_or_default(), program.next_look(asked))
            });
            due.extend(now_due.into_iter().map(|due| (due, program)));
            next = [next, look].into_iter().flatten().min();
        }
        // First, since what begins now may lead to events of its own, and with them to what comes next.
        self.look_again(person, next)?;
        due.sort_by(|(one, _), (other, _)| one.cmp(other));
        due.into_iter().try_for_each(|(due, program)| {
            Enrolment::of(self).enter_due(person, program, &due, Serving::InTime).map(drop)
        })
    }
}
