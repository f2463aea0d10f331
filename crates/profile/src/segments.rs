//! Segments: of whom a condition is true just now, and which of them a change may touch.

use crate::Places;
use crowsnest_model::{
    Profile, ProfileId, SeriesId, Time,
    definition::{Metric, Workspace},
};
use crowsnest_rules::{
    Clause, Condition, EventView, Remembered, RuleError, Schema, SeriesSpec, Subject, Truth,
};
use foldhash::fast::RandomState;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// A segment, ready to be asked.
#[derive(Debug)]
pub struct LiveSegment {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// The segmentation that it belongs to.
    pub set: Option<String>,
    /// `None`: everybody who is in none before it.
    condition: Option<Condition>,
    /// The segments of its set that come before it.
    before: Vec<String>,
    /// What the metrics that it names are: when one changes, so does what the segment means.
    metrics: Vec<String>,
}

/// Why the segments of a workspace cannot be made ready.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// A condition cannot be read.
    #[error("`when`: {error}")]
    Condition {
        /// The segment.
        segment: String,
        /// What is wrong.
        error: RuleError,
    },
    /// Whether somebody is in a segment depends on whether they are in it.
    #[error("these segments depend on each other in a circle: {}", .0.join(" → "))]
    Circle(Vec<String>),
}

/// What changed about a person, as far as segments may care.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touch {
    /// These traits were told, the same or anew.
    pub traits: BTreeSet<String>,
    /// Of the traits on which the dates of programs depend, those whose value is another one now.
    pub dates: BTreeSet<String>,
    /// What is remembered of these kinds of events.
    pub series: BTreeSet<SeriesId>,
    /// What they agreed to.
    pub consent: bool,
    /// Whether they are on their way through these programs.
    pub programs: BTreeSet<String>,
    /// Somebody of their household.
    pub household: bool,
    /// Time went by.
    pub time: bool,
    /// They are new: nothing was known of them before.
    pub newcomer: bool,
    /// They became one with somebody who is in these segments.
    pub segments: BTreeSet<String>,
    /// Anything.
    pub everything: bool,
}

impl Touch {
    /// What somebody brings along who turned out to be the same person.
    pub fn of_merge(other: &Profile) -> Self {
        Self {
            traits: other.traits.keys().cloned().collect(),
            dates: other.traits.keys().cloned().collect(),
            series: other.series.keys().copied().collect(),
            consent: true,
            programs: other.runs.iter().map(|run| run.program.clone()).collect(),
            household: true,
            segments: other.segments.keys().cloned().collect(),
            ..Self::default()
        }
    }

    /// Adds what else changed.
    pub fn add(&mut self, other: Self) {
        self.traits.extend(other.traits);
        self.dates.extend(other.dates);
        self.series.extend(other.series);
        self.programs.extend(other.programs);
        self.segments.extend(other.segments);
        self.consent |= other.consent;
        self.household |= other.household;
        self.time |= other.time;
        self.newcomer |= other.newcomer;
        self.everything |= other.everything;
    }
}

/// All segments, in an order in which each comes after those that it asks about.
#[derive(Debug, Default)]
pub struct SegmentPlan {
    segments: Vec<LiveSegment>,
    by_name: HashMap<String, usize, RandomState>,
    by_trait: HashMap<String, Vec<usize>, RandomState>,
    by_series: HashMap<SeriesId, Vec<usize>, RandomState>,
    by_program: HashMap<String, Vec<usize>, RandomState>,
    by_consent: Vec<usize>,
    by_household: Vec<usize>,
    by_time: Vec<usize>,
    /// Those of which somebody may be about whom nothing is known, now or later.
    for_newcomers: Vec<usize>,
    /// Those that ask about each one.
    followers: Vec<Vec<usize>>,
}

impl LiveSegment {
    /// Whether somebody is in it. Those before it in its set must have been asked before.
    pub fn holds(&self, person: &dyn Subject, profile: &Profile) -> Truth {
        if self.before.iter().any(|name| profile.segments.contains_key(name)) {
            return Truth::False;
        }
        self.condition_of(person)
    }

    /// What its condition alone says, whatever comes before it in its set.
    pub fn condition_of(&self, person: &dyn Subject) -> Truth {
        self.condition.as_ref().map_or(Truth::True, |condition| condition.evaluate(person))
    }

    /// When time alone may next change whether somebody is in it; `None` when that is not before `end`.
    pub fn next_change_before(&self, person: &dyn Subject, end: Time) -> Option<Time> {
        self.condition.as_ref()?.next_change_before(person, end)
    }

    /// When time alone may next change whether somebody is in it.
    pub fn next_change(&self, person: &dyn Subject) -> Option<Time> {
        self.next_change_before(person, *Time::RANGE.end())
    }

    /// Why somebody is in it or not, clause by clause.
    pub fn explain(&self, person: &dyn Subject, profile: &Profile) -> Vec<Clause> {
        let elsewhere = self.before.iter().find(|name| profile.segments.contains_key(*name));
        let mut clauses = Vec::new();
        if !self.before.is_empty() {
            clauses.push(Clause {
                sentence: format!("is in none of {} before it", self.before.join(", ")),
                truth: elsewhere.is_none().into(),
                value: elsewhere.map_or_else(String::new, |name| format!("is in {name}")),
            });
        }
        clauses.extend(self.condition.iter().flat_map(|condition| condition.explain(person)));
        clauses
    }

    /// Why somebody is in it or not, in words: everything that makes them a member, or whatever keeps them out.
    pub fn why(&self, person: &dyn Subject, profile: &Profile) -> String {
        let holds = self.condition_of(person).holds();
        let elsewhere = self.before.iter().find(|name| profile.segments.contains_key(*name));
        let mut told = Vec::new();
        if let Some(name) = elsewhere {
            told.push(format!("not: is in none of {} before it (is in {name})", self.before.join(", ")));
        } else if holds && !self.before.is_empty() {
            told.push(format!("is in none of {} before it", self.before.join(", ")));
        }
        if elsewhere.is_none() || !holds {
            told.extend(self.condition.as_ref().map(|condition| condition.reasons(person)));
        }
        told.join("; ")
    }

    /// Who is in it, in a sentence.
    pub fn sentence(&self) -> String {
        let own = self.condition.as_ref().map(Condition::sentence);
        match (self.before.as_slice(), own) {
            ([], own) => own.unwrap_or_else(|| "everybody".into()),
            (before, None) => format!("is in none of {}", before.join(", ")),
            (before, Some(own)) => format!("{own}, and is in none of {}", before.join(", ")),
        }
    }

    /// What it means: when that changes, everybody has to be asked anew.
    ///
    /// What the segments that it asks about mean is not in it.
    pub fn meaning(&self) -> String {
        let own = self.condition.as_ref().map_or("", Condition::text);
        let mut meaning = format!("{own}\n{}", self.before.join("\n"));
        for metric in &self.metrics {
            meaning.push('\n');
            meaning.push_str(metric);
        }
        meaning
    }

    /// What it asks to be remembered of events.
    pub fn series(&self) -> &[Arc<SeriesSpec>] {
        self.condition.as_ref().map_or(&[], |condition| &condition.inputs().series)
    }

    /// The segments on which it depends whether somebody is in it.
    pub fn asks_about(&self) -> BTreeSet<&str> {
        self.condition_asks_about().chain(self.before.iter().map(String::as_str)).collect()
    }

    /// The segments that its condition names.
    pub fn condition_asks_about(&self) -> impl Iterator<Item = &str> {
        self.condition.iter().flat_map(|condition| &condition.inputs().segments).map(String::as_str)
    }
}

impl SegmentPlan {
    /// Makes the segments of a workspace ready.
    pub fn compile(workspace: &Workspace, schema: &Schema) -> Result<Self, Vec<SegmentError>> {
        let mut faults = Vec::new();
        let mut found: BTreeMap<String, LiveSegment> = BTreeMap::new();
        let mut add =
            |name: &str, title: &Option<String>, set: Option<&str>, when: Option<&str>, before: &[String]| {
                let condition = match when.map(|when| Condition::parse(when, schema)).transpose() {
                    Ok(condition) => condition,
                    Err(error) => {
                        faults.push(SegmentError::Condition { segment: name.to_owned(), error });
                        return;
                    }
                };
                let named = condition.iter().flat_map(|condition: &Condition| &condition.inputs().metrics);
                let metrics =
                    named.filter_map(|name| workspace.metrics.get(name)).map(Metric::meaning).collect();
                let segment = LiveSegment {
                    metrics,
                    name: name.to_owned(),
                    title: title.clone(),
                    set: set.map(str::to_owned),
                    condition,
                    before: before.to_vec(),
                };
                found.insert(name.to_owned(), segment);
            };
        for segment in workspace.segments.values() {
            add(&segment.name, &segment.title, None, Some(&segment.when), &[]);
        }
        for set in workspace.segmentations.values() {
            let mut before = Vec::new();
            for segment in &set.segments {
                add(&segment.name, &segment.title, Some(&set.name), segment.when.as_deref(), &before);
                before.push(segment.name.clone());
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let order = in_order(&found).map_err(|circle| vec![SegmentError::Circle(circle)])?;
        let mut plan = Self::default();
        for name in order {
            if let Some(segment) = found.remove(&name) {
                plan.push(segment);
            }
        }
        Ok(plan)
    }

    fn push(&mut self, segment: LiveSegment) {
        let place = self.segments.len();
        if let Some(condition) = &segment.condition {
            let inputs = condition.inputs();
            for name in &inputs.traits {
                self.by_trait.entry(name.clone()).or_default().push(place);
            }
            for series in &inputs.series {
                self.by_series.entry(series.id()).or_default().push(place);
            }
            for program in &inputs.programs {
                self.by_program.entry(program.clone()).or_default().push(place);
            }
            for (asked, list) in [
                (inputs.consent, &mut self.by_consent),
                (inputs.household, &mut self.by_household),
                (inputs.time, &mut self.by_time),
            ] {
                if asked {
                    list.push(place);
                }
            }
        }
        // Of most segments nobody is who has not done anything yet; those need not be asked of everybody who comes.
        let blank = Blank;
        let nobody = Profile::new(ProfileId(0), Time(0));
        if segment.holds(&blank, &nobody).holds() || segment.next_change(&blank).is_some() {
            self.for_newcomers.push(place);
        }
        self.followers.push(Vec::new());
        for asked in segment.asks_about() {
            if let Some(followers) = self.by_name.get(asked).and_then(|at| self.followers.get_mut(*at)) {
                followers.push(place);
            }
        }
        self.by_name.insert(segment.name.clone(), place);
        self.segments.push(segment);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> &[LiveSegment] {
        &self.segments
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&LiveSegment> {
        self.by_name.get(name).and_then(|place| self.segments.get(*place))
    }

    /// The one at a place.
    pub fn at(&self, place: usize) -> Option<&LiveSegment> {
        self.segments.get(place)
    }

    /// Whether any asks about the household.
    pub fn asks_about_households(&self) -> bool {
        !self.by_household.is_empty()
    }

    /// The programs that any asks about.
    pub fn programs(&self) -> BTreeSet<String> {
        self.by_program.keys().cloned().collect()
    }

    /// The places of those whose answer a change may touch.
    pub fn touched_by(&self, touch: &Touch) -> Places {
        if touch.everything {
            return Places::below(self.segments.len());
        }
        let mut places = Places::default();
        let named = [(&self.by_trait, &touch.traits), (&self.by_program, &touch.programs)];
        for (index, names) in named {
            places.extend(names.iter().filter_map(|name| index.get(name)).flatten().copied());
        }
        places.extend(touch.series.iter().filter_map(|id| self.by_series.get(id)).flatten().copied());
        // The membership came along, so it does not change any more when it is asked about; who asks about it must be
        // told now.
        for place in touch.segments.iter().filter_map(|name| self.by_name.get(name)) {
            places.insert(*place);
            places.extend(self.followers(*place).iter().copied());
        }
        for (touched, list) in [
            (touch.consent, &self.by_consent),
            (touch.household, &self.by_household),
            (touch.time, &self.by_time),
            (touch.newcomer, &self.for_newcomers),
        ] {
            if touched {
                places.extend(list.iter().copied());
            }
        }
        places
    }

    /// The places of those that ask about the one at a place.
    pub fn followers(&self, place: usize) -> &[usize] {
        self.followers.get(place).map_or(&[], Vec::as_slice)
    }
}

/// Somebody about whom nothing is known.
struct Blank;

impl Subject for Blank {
    fn profile_trait(&self, _: &str) -> Option<&Value> {
        None
    }

    fn event(&self) -> Option<EventView<'_>> {
        None
    }

    fn consent(&self, _: &str, _: &str) -> Option<bool> {
        None
    }

    fn now(&self) -> Time {
        Time(0)
    }

    fn zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn series(&self, _: &SeriesSpec) -> Remembered<'_> {
        Remembered::Nothing
    }

    fn in_segment(&self, _: &str) -> Option<bool> {
        Some(false)
    }

    fn in_program(&self, _: &str) -> Option<bool> {
        Some(false)
    }

    fn each_member(&self, _: &mut dyn FnMut(&dyn Subject)) -> bool {
        false
    }
}

/// The names in an order in which each comes after those that it asks about; a circle when there is none.
fn in_order(segments: &BTreeMap<String, LiveSegment>) -> Result<Vec<String>, Vec<String>> {
    let mut order: Vec<String> = Vec::new();
    let mut left: BTreeMap<&str, BTreeSet<&str>> = segments
        .values()
        .map(|segment| {
            let known = segment.asks_about().into_iter().filter(|name| segments.contains_key(*name));
            (segment.name.as_str(), known.collect())
        })
        .collect();
    while !left.is_empty() {
        let free: Vec<&str> =
            left.iter().filter(|(_, asked)| asked.is_empty()).map(|(name, _)| *name).collect();
        if free.is_empty() {
            return Err(circle(&left));
        }
        for name in &free {
            left.remove(name);
            order.push((*name).to_owned());
        }
        for asked in left.values_mut() {
            asked.retain(|name| !free.contains(name));
        }
    }
    Ok(order)
}

/// A way through the rest that comes back to where it began.
fn circle(left: &BTreeMap<&str, BTreeSet<&str>>) -> Vec<String> {
    let mut way: Vec<&str> = Vec::new();
    let mut here = left.keys().next().copied();
    while let Some(name) = here {
        if let Some(begin) = way.iter().position(|seen| *seen == name) {
            let mut circle: Vec<String> = way.split_off(begin).into_iter().map(str::to_owned).collect();
            circle.push(name.to_owned());
            return circle;
        }
        way.push(name);
        here = left.get(name).and_then(|asked| asked.iter().next().copied());
    }
    way.into_iter().map(str::to_owned).collect()
}
