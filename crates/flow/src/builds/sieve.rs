//! Who has to be read at all. Of most definitions most people are untouched: nobody has to write anything about somebody of
//! whom there are no such events, or who is in none of the new segments and will not be by time alone. They are passed over
//! by a reader, beside the writer, which so has to do with the others only.
//!
//! A reader's answer is of a moment that is over when the writer acts on it. That does no harm: whoever changes meanwhile
//! is asked about everything in the commit that changes them, as always while something is built.

use super::{PROGRESS, Progress, pass, while_asking};
use crate::{
    Live,
    people::{Agreed, Lookout},
};
use crowsnest_model::{Profile, ProfileId, Time};
use crowsnest_profile::LiveSegment;
use crowsnest_programs::Derived;
use crowsnest_rules::Truth;
use crowsnest_store::{Read, StoreError};
use std::{collections::BTreeSet, sync::Arc};

/// So many people are decoded together.
const PAGE: usize = 500;
/// At most this many are passed over at once, so that progress is seen and kept.
const FAR: u64 = 50_000;

/// A stretch of people, and those among them who have to be read.
pub(super) struct Stretch {
    /// The definitions that were asked about.
    pub(super) live: Arc<Live>,
    /// The pass.
    pub(super) pass: &'static str,
    /// The names of what is new.
    pub(super) new: BTreeSet<String>,
    /// It begins after this one.
    pub(super) after: Option<u64>,
    /// It ends with this one; nobody is left after it when that is none.
    pub(super) until: Option<ProfileId>,
    /// How many people it has.
    pub(super) people: u64,
    /// Those who have to be read.
    pub(super) chosen: Vec<ProfileId>,
}

/// The next stretch, with at most `limit` who have to be read; `None` when everything is built. It begins where the last
/// one that was committed ended, or after `beyond`, where one ends that is about to be.
pub(super) fn next(
    read: &dyn Read,
    live: &Arc<Live>,
    now: Time,
    beyond: Option<ProfileId>,
    limit: usize,
) -> Result<Option<Stretch>, StoreError> {
    let builds = read.builds()?;
    let Some(pass) = pass(&builds) else { return Ok(None) };
    let committed = read
        .setting(PROGRESS)?
        .and_then(|text| serde_json::from_str::<Progress>(&text).ok())
        .filter(|known| known.pass == pass)
        .and_then(|known| known.after);
    let after = beyond.map(|person| person.0).or(committed);
    let new = builds.into_iter().filter(|build| build.kind == pass && build.finished.is_none());
    let new = new.map(|build| build.name).collect();
    let stretch =
        Stretch { live: live.clone(), pass, new, after, until: None, people: 0, chosen: Vec::new() };
    match pass {
        "series" | "interest" => by_events(read, stretch, limit),
        // It is the writer who looks at what came: more comes all the time.
        "program" => Ok(stretch),
        _ => by_answers(read, stretch, now, limit),
    }
    .map(Some)
}

/// Those of whom there are events that the new definitions ask about.
fn by_events(read: &dyn Read, mut stretch: Stretch, limit: usize) -> Result<Stretch, StoreError> {
    let live = stretch.live.clone();
    let derived = live.derived();
    let names: BTreeSet<&str> = match stretch.pass {
        "series" => {
            let unknown = live.series().all().filter(|series| !derived.knows(series));
            unknown.map(|series| series.event()).collect()
        }
        _ => {
            let interests = live.plan().interests().map(|(interest, _)| interest);
            let unknown = interests.filter(|interest| !derived.interests.contains(&interest.id()));
            unknown.map(|interest| interest.event()).collect()
        }
    };
    let names: Vec<&str> = names.into_iter().collect();
    let after = stretch.after.map(ProfileId);
    stretch.chosen = read.people_with_events(&names, after, limit)?;
    stretch.people = stretch.chosen.len() as u64;
    stretch.until = match stretch.chosen.last() {
        Some(last) if stretch.chosen.len() == limit => Some(*last),
        _ => None,
    };
    Ok(stretch)
}

/// Those about whom something has to be written when they are asked.
fn by_answers(read: &dyn Read, mut stretch: Stretch, now: Time, limit: usize) -> Result<Stretch, StoreError> {
    let live = stretch.live.clone();
    let asking = while_asking(&live, &live.derived());
    let new = stretch.new.clone();
    let questions = Questions::of(&live, &asking, stretch.pass, &new);
    let mut after = stretch.after.map(ProfileId);
    while stretch.chosen.len() < limit && stretch.people < FAR {
        let page = read.each_after(after, PAGE)?;
        let agreed = Agreed::default();
        let read_all = page.len() < PAGE;
        for (id, profile) in page {
            after = Some(id);
            stretch.people += 1;
            let profile = match profile {
                Ok(profile) => profile,
                Err(StoreError::Document { what, fault }) => {
                    tracing::error!(profile = %id, what, fault, "somebody cannot be read, and is in nothing that is built");
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            let lookout = Lookout { read, live: &live, derived: &asking, now, agreed: &agreed, loaded: None };
            if questions.concern(&lookout, &profile) {
                stretch.chosen.push(profile.id);
                if stretch.chosen.len() == limit {
                    break;
                }
            }
        }
        if read_all && stretch.chosen.len() < limit {
            return Ok(stretch);
        }
    }
    stretch.until = after;
    Ok(stretch)
}

/// What is asked of everybody.
struct Questions<'l> {
    live: &'l Live,
    derived: &'l Derived,
    new: &'l BTreeSet<String>,
    pass: &'static str,
    /// The new segments; `None` when they ask about each other, so that one answer says nothing by itself.
    segments: Option<Vec<&'l LiveSegment>>,
}

impl<'l> Questions<'l> {
    fn of(live: &'l Live, derived: &'l Derived, pass: &'static str, new: &'l BTreeSet<String>) -> Self {
        let all = live.segments().all().iter();
        let segments: Vec<&LiveSegment> = all.filter(|segment| new.contains(&segment.name)).collect();
        let mut asked = segments.iter().flat_map(|segment| segment.condition_asks_about());
        let each_other = asked.any(|name| new.contains(name));
        Self { live, derived, new, pass, segments: (!each_other).then_some(segments) }
    }

    fn concern(&self, lookout: &Lookout<'_>, profile: &Profile) -> bool {
        if profile.next_look.is_some_and(|due| due <= lookout.now) {
            return true;
        }
        match self.pass {
            "segment" => self.concern_segments(lookout, profile),
            _ => self.concern_dates(lookout, profile),
        }
    }

    fn concern_segments(&self, lookout: &Lookout<'_>, profile: &Profile) -> bool {
        let Some(segments) = &self.segments else { return true };
        let known = self.live.segments();
        profile.segments.keys().any(|name| self.new.contains(name) || known.get(name).is_none())
            || lookout.ask(profile, None, |person| {
                segments.iter().any(|segment| {
                    segment.condition_of(person) != Truth::False || segment.next_change(person).is_some()
                })
            })
    }

    fn concern_dates(&self, lookout: &Lookout<'_>, profile: &Profile) -> bool {
        let programs = self.live.plan().entrances().dates().all().iter();
        let mut new = programs.filter(|program| self.new.contains(program.name()));
        lookout.ask(profile, None, |person| {
            new.any(|program| {
                let since = self.derived.dates.get(program.name()).copied().unwrap_or(Time(i64::MIN));
                program.next_look(person).is_some()
                    || !program.due_within(person, since, lookout.now).is_empty()
            })
        })
    }
}
