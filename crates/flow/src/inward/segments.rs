//! Segments: what a change or the time may have touched is asked again, in the same commit.

use super::{Enrolment, Prepared, UNREADABLE, Working};
use crate::FlowError;
use crowsnest_model::{EventId, ProfileId, Time, profile::Membership};
use crowsnest_profile::{LiveSegment, Places, Touch};
use crowsnest_store::{Page, SegmentChange};
use std::{collections::BTreeSet, sync::Arc};

/// How often time alone may change something about one person before others have their turn.
const TURNS: usize = 1_000;

/// How often a segment may lead to a program that leads to a segment, and so on, within one commit. Definitions that go
/// round in a circle stop there; what is left is asked when the person is touched next.
const ROUNDS: usize = 16;

/// What made people be asked again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Occurrence {
    /// As of when.
    pub(crate) at: Time,
    /// The event, where there is one.
    pub(crate) event: Option<EventId>,
    /// Programs hear of it. They do not of what an import of old events changes, nor of what a new definition does.
    pub(crate) announced: bool,
}

impl Working<'_> {
    /// Adds an event to what is remembered of its kind. What that touches is noted.
    pub(super) fn remember(&mut self, person: ProfileId, prepared: &Prepared, touch: &mut Touch) {
        let Some(name) = prepared.event.name.as_deref() else { return };
        let rules = self.rules.clone();
        let mut wanted = rules.series.about(name).peekable();
        if wanted.peek().is_none() {
            return;
        }
        let Some(loaded) = self.people.get_mut(&person) else { return };
        let view = prepared.view();
        for series in wanted {
            if let Some(sample) = series.sample(&view) {
                let known = loaded.profile.series.entry(series.id()).or_default();
                known.add(view.time, sample, series.kept(), self.now);
                touch.series.insert(series.id());
            }
        }
    }

    /// Asks again about the segments that a change may have touched, about those that ask about these, and about the dates
    /// of programs.
    pub(crate) fn reconsider(
        &mut self,
        person: ProfileId,
        touch: &Touch,
        cause: Occurrence,
    ) -> Result<(), FlowError> {
        let mut touch = touch.clone();
        for _ in 0..ROUNDS {
            let changes = self.ask_segments(person, &touch, cause)?;
            let before = self.programs_of(person);
            if !changes.is_empty() {
                Enrolment::of(self).look(person, cause.at)?;
            }
            if cause.announced {
                for (segment, entered) in &changes {
                    Enrolment::of(self).segment_changed(person, segment, *entered, cause.at)?;
                }
            }
            self.ask_dates(person, &touch, &changes, cause)?;
            let after = self.programs_of(person);
            touch = Touch {
                programs: before.symmetric_difference(&after).cloned().collect(),
                ..Touch::default()
            };
            if touch.programs.is_empty() {
                break;
            }
        }
        Ok(())
    }

    /// As [`Working::reconsider_household`], when it is another one now and no event says so.
    pub(crate) fn reconsider_household_of(&mut self, person: ProfileId) -> Result<(), FlowError> {
        self.reconsider_household(person, Occurrence { at: self.now, event: None, announced: true })
    }

    /// The members of the household are asked about what they ask of each other.
    pub(super) fn reconsider_household(
        &mut self,
        person: ProfileId,
        cause: Occurrence,
    ) -> Result<(), FlowError> {
        if !self.asks_about_households() {
            return Ok(());
        }
        let Some(loaded) = self.people.get(&person) else { return Ok(()) };
        let members = self.lookout().household(&loaded.profile);
        let touch = Touch { household: true, ..Touch::default() };
        for member in members {
            if self.hears_later(member, &touch) {
                continue;
            }
            self.load(member)?;
            self.reconsider(member, &touch, cause)?;
        }
        Ok(())
    }

    /// Whether segments or programs ask about households at all.
    pub(super) fn asks_about_households(&self) -> bool {
        self.rules.segments.asks_about_households() || self.entrances.dates().asks_about_households()
    }

    /// What time alone has changed about a person until now, change by change, each as of its own moment.
    pub(crate) fn catch_up(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let touch = Touch { time: true, ..Touch::default() };
        for _ in 0..TURNS {
            let due = self.people.get(&person).and_then(|loaded| loaded.profile.next_look);
            let Some(due) = due.filter(|due| *due <= self.now) else { break };
            if let Some(loaded) = self.people.get_mut(&person) {
                loaded.profile.next_look = None;
                loaded.changed = true;
            }
            self.reconsider(person, &touch, Occurrence { at: due, event: None, announced: true })?;
            self.reconsider_household(person, Occurrence { at: due, event: None, announced: true })?;
        }
        Ok(())
    }

    /// Answers the changed memberships, in order: the segment, and whether it was entered.
    fn ask_segments(
        &mut self,
        person: ProfileId,
        touch: &Touch,
        cause: Occurrence,
    ) -> Result<Vec<(String, bool)>, FlowError> {
        let rules = self.rules.clone();
        let plan = &rules.segments;
        // While segments are built, what a change touches depends on what was not asked yet: then everything is.
        let everything = touch.everything || !Arc::ptr_eq(&self.asking, &self.derived);
        let mut waiting = if everything { Places::below(plan.all().len()) } else { plan.touched_by(touch) };
        if everything {
            self.forget_segments(person, cause)?;
        }
        let mut changes = Vec::new();
        let mut next: Option<Time> = None;
        while let Some(place) = waiting.pop_first() {
            let Some(segment) = plan.at(place) else { continue };
            // Nothing can be said yet: everybody is asked once the series are complete, its own and those of the
            // segments that it asks about.
            if self.asking.segments.get(&segment.name) != Some(&true) {
                continue;
            }
            let Some(loaded) = self.people.get(&person) else { break };
            let profile = &loaded.profile;
            // They are looked at by then anyway.
            let soonest = next.or(profile.next_look).unwrap_or(*Time::RANGE.end());
            let (inside, change) = self.lookout_asking(cause.at).ask(profile, None, |asked| {
                (segment.holds(asked, profile).holds(), segment.next_change_before(asked, soonest))
            });
            next = change.or(next);
            let since = profile.segments.get(&segment.name).map(|membership| membership.since);
            if let Some(since) = since
                && inside
            {
                // The table forgets a segment that is taken out of force at once, and a profile only when somebody
                // comes to it: the segment may be back by then.
                if everything {
                    self.unit.put_membership(&segment.name, person, Some(since))?;
                }
                continue;
            }
            if !inside && since.is_none() {
                continue;
            }
            self.move_into(person, segment, inside, cause)?;
            waiting.extend(plan.followers(place).iter().copied());
            if self.derived.segments.get(&segment.name) == Some(&true) {
                changes.push((segment.name.clone(), inside));
            }
        }
        self.look_again(person, next)?;
        Ok(changes)
    }

    /// Writes that a person is in a segment now, or not any more.
    fn move_into(
        &mut self,
        person: ProfileId,
        segment: &LiveSegment,
        inside: bool,
        cause: Occurrence,
    ) -> Result<(), FlowError> {
        let Some(loaded) = self.people.get(&person) else { return Ok(()) };
        let profile = &loaded.profile;
        let why = self.lookout_asking(cause.at).ask(profile, None, |asked| segment.why(asked, profile));
        self.unit.put_membership(&segment.name, person, inside.then_some(cause.at))?;
        self.unit.put_segment_change(&SegmentChange {
            profile: person,
            segment: segment.name.clone(),
            entered: inside,
            time: cause.at,
            event: cause.event,
            why,
        })?;
        let version = self.version_of(&segment.name);
        if let Some(loaded) = self.people.get_mut(&person) {
            loaded.changed = true;
            if inside {
                let membership = Membership { since: cause.at, version };
                loaded.profile.segments.insert(segment.name.clone(), membership);
            } else {
                loaded.profile.segments.remove(&segment.name);
            }
        }
        Ok(())
    }

    /// Two people turned out to be one, who is in a segment for as long as either was: the table and the log say so too.
    pub(super) fn merge_memberships(&mut self, person: ProfileId, event: EventId) -> Result<(), FlowError> {
        let Some(loaded) = self.people.get(&person) else { return Ok(()) };
        for (segment, membership) in &loaded.profile.segments {
            self.unit.put_membership(segment, person, Some(membership.since))?;
            let last =
                self.unit.segment_changes(Some(segment), Some(person), Page { limit: 1, offset: 0 })?;
            // The other had left it, and that is the log's last word.
            if last.first().is_some_and(|last| !last.entered) {
                self.unit.put_segment_change(&SegmentChange {
                    profile: person,
                    segment: segment.clone(),
                    entered: true,
                    time: self.now,
                    event: Some(event),
                    why: format!(
                        "turned out to be one with somebody who was in it since {}",
                        membership.since
                    ),
                })?;
            }
        }
        Ok(())
    }

    /// Memberships of segments that are no more are dropped. The log says so, for the case that one comes back.
    fn forget_segments(&mut self, person: ProfileId, cause: Occurrence) -> Result<(), FlowError> {
        let rules = self.rules.clone();
        let plan = &rules.segments;
        let Some(loaded) = self.people.get_mut(&person) else { return Ok(()) };
        let gone: Vec<String> =
            loaded.profile.segments.keys().filter(|name| plan.get(name).is_none()).cloned().collect();
        for name in gone {
            loaded.profile.segments.remove(&name);
            loaded.changed = true;
            self.unit.put_membership(&name, person, None)?;
            self.unit.put_segment_change(&SegmentChange {
                profile: person,
                segment: name,
                entered: false,
                time: cause.at,
                event: None,
                why: "the segment is not in force any more".into(),
            })?;
        }
        Ok(())
    }

    /// Sees to it that a person is looked at again at `next`. Looking earlier does no harm, so a moment that is set stays.
    pub(super) fn look_again(&mut self, person: ProfileId, next: Option<Time>) -> Result<(), FlowError> {
        let Some(next) = next else { return Ok(()) };
        let Some(loaded) = self.people.get_mut(&person) else { return Ok(()) };
        if loaded.profile.next_look.is_none_or(|set| next < set) {
            loaded.profile.next_look = Some(next);
            loaded.changed = true;
            loaded.look_moved = true;
            self.something_due = true;
        }
        Ok(())
    }

    /// Whoever began or ended a program in this commit is asked about what depends on that.
    pub(super) fn reconsider_programs(&mut self) -> Result<(), FlowError> {
        let mut programs = self.rules.segments.programs();
        programs.extend(self.entrances.dates().programs().cloned());
        if programs.is_empty() {
            return Ok(());
        }
        let touch = Touch { programs, ..Touch::default() };
        let changed: Vec<ProfileId> =
            self.people.iter().filter(|(_, loaded)| loaded.changed).map(|(id, _)| *id).collect();
        let cause = Occurrence { at: self.now, event: None, announced: true };
        changed.into_iter().try_for_each(|person| self.reconsider(person, &touch, cause))
    }

    pub(super) fn programs_of(&self, person: ProfileId) -> BTreeSet<String> {
        let runs = self.people.get(&person).map(|loaded| loaded.profile.runs.iter());
        runs.into_iter().flatten().filter(|run| !run.awaits_goal).map(|run| run.program.clone()).collect()
    }
}

/// People whose time has come, at most `limit` of them. True when there may be more.
pub(crate) fn look(work: &mut Working<'_>, limit: usize) -> Result<bool, FlowError> {
    let due = work.unit.due_looks(work.now, limit)?;
    let more = due.len() == limit;
    for (_, person) in due {
        match work.try_load(person)? {
            Ok(true) => {}
            Ok(false) => {
                work.unit.put_look(person, None)?;
                continue;
            }
            Err(_) => {
                work.unit.put_look(person, Some(work.now.plus(UNREADABLE)))?;
                continue;
            }
        }
        if let Some(loaded) = work.people.get_mut(&person) {
            loaded.look_moved = true;
        }
        work.catch_up(person)?;
    }
    Ok(more)
}
