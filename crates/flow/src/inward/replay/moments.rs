//! What happens to the people of a replay between their events: by time alone, or because somebody asked for it or decided it.

use super::facts::Outcome;
use crate::{
    FlowError,
    inward::{CATALOGUE, Enrolment, Occurrence, Working},
};
use crowsnest_model::{ProfileId, RunId, Time};
use crowsnest_profile::Touch;
use crowsnest_store::{Decision, LedgerEntry};
use std::collections::BTreeSet;

/// So many things may come due by time alone before a replay is given up: definitions that go round in a circle.
const MOST_MOMENTS: usize = 1_000_000;

/// What comes due between events.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Look(ProfileId),
    Wake(ProfileId, RunId),
    Outcome(usize),
    Join,
    Split,
    Turn,
    Begun,
    Asked(usize),
}

impl Working<'_> {
    /// What time alone does to the people of the replay, until a moment.
    pub(super) fn pass_time(&mut self, until: Time) -> Result<(), FlowError> {
        for _ in 0..MOST_MOMENTS {
            // Of one moment with an event, what was asked for comes after it: it may have made whoever that was for.
            let last = self.replay.as_ref().is_none_or(|replay| until >= replay.until);
            let is_due = |(at, moment): &(Time, Moment)| {
                *at < until || *at == until && (last || !matches!(moment, Moment::Asked(_) | Moment::Begun))
            };
            let Some((at, moment)) = self.next_moment().filter(is_due) else {
                self.now = until;
                return Ok(());
            };
            self.now = at;
            match moment {
                Moment::Look(person) => self.catch_up(person)?,
                Moment::Wake(person, run) => Enrolment::of(self).wake(person, run, at)?,
                Moment::Join => {
                    let decision = self.replay.as_mut().and_then(|replay| replay.joins.pop());
                    if let Some(decision) = decision {
                        self.join_again(&decision)?;
                    }
                }
                Moment::Split => {
                    if let Some((entry, decision)) =
                        self.replay.as_mut().and_then(|replay| replay.splits.pop())
                    {
                        self.split_again(entry, &decision)?;
                    }
                }
                Moment::Turn => self.turn()?,
                Moment::Begun => {
                    if let Some(run) = self.replay.as_mut().and_then(|replay| replay.begun.pop()) {
                        self.begin_as_then(&run)?;
                    }
                }
                Moment::Outcome(place) => {
                    let Some(replay) = &mut self.replay else { continue };
                    let Outcome { person, run, ends, .. } = replay.outcomes.swap_remove(place);
                    Enrolment::of(self).delivered(person, run, ends.as_deref())?;
                }
                Moment::Asked(place) => {
                    let Some(replay) = &mut self.replay else { continue };
                    let asked = replay.asked.swap_remove(place);
                    self.ask_again(asked)?;
                }
            }
            self.reconsider_programs_then()?;
        }
        Err(FlowError::Refused(format!(
            "more than {MOST_MOMENTS} things come due for the person by time alone; is there a program or a segment that \
             goes round in a circle?"
        )))
    }

    fn next_moment(&self) -> Option<(Time, Moment)> {
        let replay = self.replay.as_ref()?;
        let mut next: Option<(Time, Moment)> = None;
        let mut offer = |at: Time, moment: Moment| {
            if next.is_none_or(|(first, _)| at < first) {
                next = Some((at, moment));
            }
        };
        for (place, outcome) in replay.outcomes.iter().enumerate() {
            offer(outcome.at, Moment::Outcome(place));
        }
        if let Some(decision) = replay.joins.last() {
            offer(decision.time, Moment::Join);
        }
        if let Some((entry, _)) = replay.splits.last() {
            offer(entry.time, Moment::Split);
        }
        for person in &replay.people {
            let Some(loaded) = self.people.get(person) else { continue };
            if let Some(look) = loaded.profile.next_look {
                offer(look, Moment::Look(*person));
            }
            for run in &loaded.profile.runs {
                // What stands still waits for the program, not for the time.
                let stands_still = |wake: &Time| self.stands_still(&run.program, (*wake).max(self.now));
                if let Some(wake) = run.wake.filter(|wake| !stands_still(wake)) {
                    offer(wake, Moment::Wake(*person, run.id));
                }
            }
        }
        // What came due when the programs changed was theirs who were in force until then.
        if let Some(turn) = replay.turns.last() {
            offer(*turn, Moment::Turn);
        }
        if let Some(run) = replay.begun.last() {
            offer(run.started, Moment::Begun);
        }
        for (place, asked) in replay.asked.iter().enumerate() {
            if replay.people.contains(&asked.person) || asked.request.occasion.starts_with(CATALOGUE) {
                offer(asked.at, Moment::Asked(place));
            }
        }
        next.map(|(at, moment)| (at.max(self.now.min(replay.until)), moment))
    }

    /// Whether a program stands still at a moment. While events are taken in once more, a program that is paused by now went on
    /// until it was: otherwise what was sent then would be sent again when it goes on.
    pub(in crate::inward) fn stands_still(&self, program: &str, at: Time) -> bool {
        let since = self.live.plan().paused_since(program);
        since.is_some_and(|since| self.replay.is_none() || since <= at)
    }

    /// Whoever began or ended a program at this moment is asked about what depends on that, as at the end of a commit.
    pub(super) fn reconsider_programs_then(&mut self) -> Result<(), FlowError> {
        let mut asked = self.rules.segments.programs();
        asked.extend(self.entrances.dates().programs().cloned());
        let Some(replay) = self.replay.as_ref().filter(|_| !asked.is_empty()) else { return Ok(()) };
        let cause = Occurrence { at: self.now, event: None, announced: true };
        for person in replay.people.clone() {
            let inside = self.programs_of(person);
            let before = self.replay.as_mut().and_then(|replay| replay.inside.insert(person, inside.clone()));
            let before = before.unwrap_or_default();
            let programs = inside.symmetric_difference(&before);
            let programs: BTreeSet<String> = programs.filter(|name| asked.contains(*name)).cloned().collect();
            if !programs.is_empty() {
                self.reconsider(person, &Touch { programs, ..Touch::default() }, cause)?;
                // What that has begun or ended was asked about there.
                let inside = self.programs_of(person);
                self.replay.iter_mut().for_each(|replay| drop(replay.inside.insert(person, inside.clone())));
            }
        }
        Ok(())
    }

    /// It was decided that two of the people are one, and nobody has decided otherwise since.
    fn join_again(&mut self, decision: &Decision) -> Result<(), FlowError> {
        let mut people = decision.people;
        for (person, side) in people.iter_mut().zip(&decision.sides) {
            // Whoever was known by nothing but what they shared is known by their id.
            let Some(identifier) = side.first() else { continue };
            let Some(holder) = self.unit.holders(&[identifier])?.into_iter().flatten().next() else {
                return Ok(());
            };
            *person = holder;
        }
        let [one, other] = people;
        let ours =
            |person: &ProfileId| self.replay.as_ref().is_some_and(|replay| replay.people.contains(person));
        if one != other && ours(&one) && ours(&other) && self.apart(one, other).is_none() {
            self.join(one, other, decision)?;
        }
        Ok(())
    }

    /// They were told apart from somebody before, which was no event of theirs either.
    fn split_again(&mut self, entry: LedgerEntry, decision: &Decision) -> Result<(), FlowError> {
        let person = self.unit.survivor(entry.profile)?;
        if self.replay.as_ref().is_none_or(|replay| !replay.people.contains(&person)) {
            return Ok(());
        }
        self.unit.put_ledger(&entry)?;
        match entry.other {
            Some(other) => Enrolment::of(self).split(person, other, decision),
            None => Ok(()),
        }
    }
}
