//! The definitions of a replay are those that were in force then. What came before a program begins nothing by it, and whoever
//! began an earlier version goes on by that one. Who was in a segment by its condition of then was in it.

use super::Replay;
use crate::{
    FlowError,
    builds::{at_once, date_meaning, meanings, while_asking},
    inward::{Cause, Enrolment, Occurrence, Serving, Working},
    rules::{self, Rules},
};
use crowsnest_model::{Duration, Event, ProfileId, Time};
use crowsnest_profile::Touch;
use crowsnest_programs::{Derived, LiveProgram};
use crowsnest_store::{RunRecord, RunState};
use std::{collections::BTreeMap, sync::Arc};

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

    /// Since when a program by date or by schedule comes due at other moments than before, its own definition being the same: it
    /// asks by segments or metrics.
    pub(in crate::inward) fn other_moments_since(&self, program: &str) -> Time {
        self.other_moments.get(program).copied().unwrap_or(Time(i64::MIN))
    }

    /// Whether a way through a program that is on record has not come about again yet.
    fn is_missing(&self, run: &RunRecord) -> bool {
        self.runs.values().flatten().any(|known| known.id == run.id)
    }
}

impl Working<'_> {
    /// Other definitions are in force from now on.
    pub(super) fn turn(&mut self) -> Result<(), FlowError> {
        let Some(replay) = &mut self.replay else { return Ok(()) };
        replay.turns.pop();
        let people = replay.people.clone();
        self.in_force_then()?;
        people.into_iter().try_for_each(|person| self.await_dates(person))
    }

    /// What was in force at this moment is.
    pub(super) fn in_force_then(&mut self) -> Result<(), FlowError> {
        let now = self.now;
        let Some(replay) = &mut self.replay else { return Ok(()) };
        let then = rules::then(&replay.stored, now);
        let same = replay.then.as_ref().is_some_and(|before| before.definitions == then.definitions);
        let rules = match same {
            true => self.rules.clone(),
            false => self.live.rules_by(&replay.stored, &then.definitions, now),
        };
        self.entrances = Arc::new(rules.plan.entrances_at(now));
        let dates = self.entrances.dates().all().iter();
        let moments = dates.map(|program| {
            (program.name().to_owned(), date_meaning(&then.definitions, &rules.segments, program))
        });
        let moments: BTreeMap<String, String> = moments.collect();
        for (name, meaning) in &moments {
            if replay.moments.get(name).is_some_and(|before| before != meaning) {
                replay.other_moments.insert(name.clone(), now);
            }
        }
        replay.moments = moments;
        replay.then = Some(then);
        let mut derived = at_once(&rules, &self.live.derived());
        derived.programs.extend(rules.plan.named_at(now).map(str::to_owned));
        self.take_up(rules, derived)
    }

    /// What is in force today is.
    pub(super) fn in_force_today(&mut self) -> Result<(), FlowError> {
        let live = self.live;
        let derived = live.derived();
        if let Some(replay) = &mut self.replay {
            replay.then = None;
        }
        self.entrances = live.plan().entrances().clone();
        self.take_up(live.rules().clone(), at_once(live.rules(), &derived))?;
        // What is being built for everybody else is believed when it is built.
        self.asking = while_asking(live, &derived);
        self.derived = derived;
        Ok(())
    }

    /// People are asked by these rules from now on. As when definitions are applied, what is new is read from what came before,
    /// and no program hears of what changes by that.
    fn take_up(&mut self, rules: Arc<Rules>, derived: Derived) -> Result<(), FlowError> {
        let before = std::mem::replace(&mut self.rules, rules.clone());
        let complete = Arc::new(derived);
        self.asking = complete.clone();
        let people = self.replay.as_ref().map(|replay| replay.people.clone()).unwrap_or_default();
        if Arc::ptr_eq(&before, &rules) || people.is_empty() {
            self.derived = complete;
            return Ok(());
        }
        let known = meanings(&before.segments);
        let new =
            meanings(&rules.segments).into_iter().filter(|(name, meaning)| known.get(name) != Some(meaning));
        let new: Vec<(String, bool)> = new.map(|(name, _)| (name, false)).collect();
        for person in &people {
            self.derive_series(*person)?;
            let Some(loaded) = self.people.get_mut(person) else { continue };
            rules.series.forget_others(&mut loaded.profile);
            for gone in loaded.profile.segments.keys().filter(|name| rules.segments.get(name).is_none()) {
                self.unit.put_membership(gone, *person, None)?;
            }
        }
        if !new.is_empty() {
            let mut building = Derived::clone(&complete);
            building.segments.extend(new);
            self.derived = Arc::new(building);
            let cause = Occurrence { at: self.now, event: None, announced: false };
            for person in people {
                self.reconsider(person, &Touch { everything: true, ..Touch::default() }, cause)?;
            }
        }
        self.derived = complete;
        Ok(())
    }

    /// The version of a segment by which people are in it now.
    pub(in crate::inward) fn version_of(&self, segment: &str) -> u32 {
        let then = self.replay.as_ref().and_then(|replay| replay.then.as_ref());
        match then {
            Some(then) => then.versions.get(segment).copied(),
            None => self.live.version("segment", segment),
        }
        .unwrap_or(1)
    }

    /// Somebody whose events are not taken in once more does not go back in time, and is asked anew when that is over.
    pub(in crate::inward) fn hears_later(&mut self, person: ProfileId, touch: &Touch) -> bool {
        let Some(replay) = self.replay.as_mut().filter(|replay| !replay.people.contains(&person)) else {
            return false;
        };
        replay.others.entry(person).or_default().add(touch.clone());
        true
    }

    /// Those who had to wait are asked.
    pub(super) fn tell_others(&mut self, others: BTreeMap<ProfileId, Touch>) -> Result<(), FlowError> {
        let now = self.now;
        let cause = Occurrence { at: now, event: None, announced: true };
        for (person, touch) in others {
            if !self.is_there(person)? {
                continue;
            }
            self.load(person)?;
            self.catch_up(person)?;
            self.reconsider(person, &touch, cause)?;
            Enrolment::of(self).look(person, now)?;
        }
        Ok(())
    }

    /// Somebody was let into a program at this moment. Mostly they are inside by now, since what let them in has come again.
    /// If they are not, they were let in later than it came (somebody of the house caught up on those who had been missed),
    /// and are once more.
    pub(super) fn begin_as_then(&mut self, run: &RunRecord) -> Result<(), FlowError> {
        let Some(program) = self.rules.plan.version(&run.program, run.version).cloned() else {
            return Ok(());
        };
        let Some(replay) = self.replay.as_ref().filter(|replay| replay.is_missing(run)) else {
            return Ok(());
        };
        if program.begins_by_time() {
            let people = replay.people.clone();
            return people.into_iter().try_for_each(|person| self.begin_due(person, &program, run));
        }
        let Some(owner) = replay.owners.get(&run.event).copied() else { return Ok(()) };
        let person = self.unit.survivor(owner)?;
        let Some(row) = self.unit.event(run.event)? else { return Ok(()) };
        let event = Event::from_stored(row.columns, &row.body)
            .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))?;
        Enrolment::of(self).enter_by_event(person, &program, &Cause::of(&event), true).map(drop)
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
