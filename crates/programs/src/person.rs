//! A person as conditions see them.

use crowsnest_model::{InterestId, Profile, SeriesId, Time, series::Kept};
use crowsnest_rules::{EventView, Inputs, Remembered, SeriesSpec, Subject};
use foldhash::fast::RandomState;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Answers what a person agreed to, by channel and topic; `None` when nobody ever said.
pub type Consents<'a> = dyn Fn(&str, &str) -> Option<bool> + 'a;

/// Asks a question of each member of a person's household; false when they have none.
pub type Members<'a> = dyn Fn(&mut dyn FnMut(&dyn Subject)) -> bool + 'a;

/// What conditions need to know besides the person: the same for everybody at one moment.
#[derive(Debug, Clone)]
pub struct Scene<'a> {
    /// This moment.
    pub now: Time,
    /// The time zone of people whose own is not known.
    pub zone: &'a TimeZone,
    /// Where things stand with what is derived from events.
    pub derived: &'a Derived,
}

/// What is derived from events, and whether it can be believed yet.
#[derive(Debug, Clone, Default)]
pub struct Derived {
    /// The series that are complete, for how long: the events that were here before that was asked for have been read.
    pub series: HashMap<SeriesId, Kept, RandomState>,
    /// The interests of which it is known who watches what.
    pub interests: HashSet<InterestId>,
    /// The segments, and whether everybody has been asked.
    pub segments: HashMap<String, bool, RandomState>,
    /// The names of programs.
    pub programs: HashSet<String>,
    /// The programs that begin by date or by schedule, and since when each is in force: nothing that came due before begins
    /// it.
    pub dates: HashMap<String, Time>,
    /// The versions of programs that wait, by name, since something that they ask about is being built.
    pub waiting: HashMap<String, BTreeSet<u32>>,
    /// Whether some of what came while programs waited may not have been served yet.
    pub pending: bool,
}

impl Derived {
    /// Whether a series is complete, as far as a question needs it.
    pub fn knows(&self, asked: &SeriesSpec) -> bool {
        self.series.get(&asked.id()).is_some_and(|complete| *complete >= asked.kept())
    }

    /// Whether nothing is still being built that a condition looks at.
    pub fn answers(&self, asked: &Inputs) -> bool {
        asked.series.iter().all(|series| self.knows(series))
            && asked.segments.iter().all(|name| self.segments.get(name) != Some(&false))
    }

    /// Whether a version of a program waits until something that it asks about is built.
    pub fn waits(&self, program: &str, version: u32) -> bool {
        self.waiting.get(program).is_some_and(|versions| versions.contains(&version))
    }
}

/// A person, perhaps with an event, as conditions see them.
pub struct Person<'a> {
    /// Who it is.
    pub profile: &'a Profile,
    /// The event, where there is one.
    pub event: Option<EventView<'a>>,
    /// What they agreed to.
    pub consents: &'a Consents<'a>,
    /// The members of their household.
    pub members: &'a Members<'a>,
    /// This moment and what else is the same for everybody.
    pub scene: &'a Scene<'a>,
}

impl Subject for Person<'_> {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.profile.value(name)
    }

    fn event(&self) -> Option<EventView<'_>> {
        self.event
    }

    fn consent(&self, channel: &str, topic: &str) -> Option<bool> {
        (self.consents)(channel, topic)
    }

    fn now(&self) -> Time {
        self.scene.now
    }

    fn zone(&self) -> TimeZone {
        self.profile.time_zone(self.scene.zone)
    }

    fn series(&self, asked: &SeriesSpec) -> Remembered<'_> {
        if !self.scene.derived.knows(asked) {
            return Remembered::Building;
        }
        self.profile.series.get(&asked.id()).map_or(Remembered::Nothing, Remembered::Known)
    }

    fn in_segment(&self, name: &str) -> Option<bool> {
        let known = self.scene.derived.segments.get(name)?;
        known.then(|| self.profile.segments.contains_key(name))
    }

    fn in_program(&self, name: &str) -> Option<bool> {
        let known = self.scene.derived.programs.contains(name);
        known.then(|| self.profile.runs.iter().any(|run| run.program == name && !run.awaits_goal))
    }

    fn each_member(&self, question: &mut dyn FnMut(&dyn Subject)) -> bool {
        (self.members)(question)
    }
}
