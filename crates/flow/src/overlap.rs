//! The view from the crow's nest: who is known to which source, brand and channel, in which combinations, and what those
//! people are worth.
//!
//! Everybody is looked at once, in one reading of the store, so that all numbers are of one moment and add up.

use crate::{
    Engine, FlowError, Live, OWN_SOURCE, outward,
    people::{Agreed, Lookout},
};
use crowsnest_model::{
    Profile, Time,
    definition::{DIMENSIONS, Workspace},
    delivery::LETTER,
    household::Groups,
    money::Currency,
};
use crowsnest_profile::{Known, Overlap, Overlaps, Part, Worth};
use crowsnest_programs::Derived;
use crowsnest_rules::{Amount, Expression};
use crowsnest_store::{Read, StoreError};
use serde::Serialize;
use std::collections::HashMap;

/// How many people are read at once.
const CHUNK: usize = 1_000;

/// By which channels somebody may be known: the channel, and what its contact points are called. Letters count where the house
/// sends any, since nobody else has said what a deliverable address is.
const CHANNELS: [(&str, &str); 3] =
    [("email", "E-mail address"), ("phone", "Telephone number"), (LETTER, "Postal address")];

/// By which channels somebody may be written to or called.
const REACHED_BY: [(&str, &str); 4] =
    [("email", "E-mail"), ("sms", "SMS"), ("phone", "Telephone"), (LETTER, "Letter")];

/// Those of these channels that the house uses.
fn used<const N: usize>(
    channels: [(&'static str, &'static str); N],
    workspace: &Workspace,
) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let letters = workspace.organisation.letters.is_some();
    let used = channels.into_iter().filter(move |(channel, _)| letters || *channel != LETTER);
    used.map(|(channel, title)| (channel, Some(title)))
}

/// Which overlaps are wanted.
#[derive(Debug, Clone, Default)]
pub struct OverlapQuery {
    /// By which dimensions: `source`, `brand`, `channel`, `reach`, or declared ones. All, when neither these nor segments
    /// are named.
    pub by: Vec<String>,
    /// Also by these segments, as one dimension more.
    pub segments: Vec<String>,
    /// The metric that says what somebody is worth.
    pub money: Option<String>,
    /// How many combinations of each dimension are told one by one.
    pub top: usize,
}

/// Who is known to what.
#[derive(Debug, Clone, Serialize)]
pub struct OverlapReport {
    /// The moment of which all of it is.
    pub as_of: Time,
    /// Everybody.
    pub everybody: Part,
    /// What money is meant, if somebody asked.
    pub money: Option<MoneyAsked>,
    /// The overlaps, one for each dimension.
    pub dimensions: Vec<DimensionReport>,
}

/// What money is meant.
#[derive(Debug, Clone, Serialize)]
pub struct MoneyAsked {
    /// The metric.
    pub metric: String,
    /// What people call it.
    pub title: Option<String>,
    /// All recorded events have been read; until then it is being built, and nobody's amount is known.
    pub ready: bool,
}

/// The overlap of one dimension.
#[derive(Debug, Clone, Serialize)]
pub struct DimensionReport {
    /// Its name.
    pub dimension: String,
    /// What people call it.
    pub title: String,
    /// When somebody is known to one of its values, in words.
    pub known: &'static str,
    /// Its values, the one to which most people are known first.
    pub values: Vec<ValueReport>,
    /// How many people are known to both of two values, in the order of `values`; of one value, all of its people.
    pub both: Vec<Vec<u64>>,
    /// The combinations that occur, the one with most people first.
    pub combinations: Vec<CombinationReport>,
    /// How many combinations there are besides.
    pub more: usize,
    /// The people of those.
    pub rest: Part,
    /// The people who are known to none of the values.
    pub none: Part,
}

/// A value of a dimension, and who is known to it.
#[derive(Debug, Clone, Serialize)]
pub struct ValueReport {
    /// Its name.
    pub value: String,
    /// What people call it.
    pub title: Option<String>,
    /// Who is known to it has been found out. A segment that is being built is not ready, and its numbers are too low.
    pub ready: bool,
    /// Who.
    #[serde(flatten)]
    pub known: Known,
}

/// The people who are known to exactly these values.
#[derive(Debug, Clone, Serialize)]
pub struct CombinationReport {
    /// The values, in the order of the dimension's.
    pub values: Vec<String>,
    /// The people.
    #[serde(flatten)]
    pub part: Part,
}

/// A dimension on the way through all people.
struct Dimension {
    name: String,
    title: String,
    kind: Kind,
    values: Vec<Value>,
    places: HashMap<String, usize>,
    overlaps: Overlaps,
}

/// What makes somebody known to a value.
enum Kind {
    Source,
    /// The brand of each source that has one.
    Brand(HashMap<String, String>),
    Channel,
    /// The topics for which it counts.
    Reach(Vec<String>),
    Segments,
}

struct Value {
    name: String,
    title: Option<String>,
    ready: bool,
}

impl Dimension {
    fn new(name: &str, title: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            kind,
            values: Vec::new(),
            places: HashMap::new(),
            overlaps: Overlaps::default(),
        }
    }

    fn with(
        mut self,
        values: impl IntoIterator<Item = (impl Into<String>, Option<impl Into<String>>)>,
    ) -> Self {
        for (name, title) in values {
            let place = self.place(&name.into());
            if let Some(value) = self.values.get_mut(place) {
                value.title = title.map(Into::into);
            }
        }
        self
    }

    /// One that every workspace has, or that it declares.
    fn of(name: &str, workspace: &Workspace, derived: &Derived) -> Result<Self, FlowError> {
        let organisation = &workspace.organisation;
        let sources = workspace.sources.values();
        Ok(match name {
            "source" => Self::new(name, "Source", Kind::Source)
                .with(sources.map(|source| (&source.name, source.title.as_deref()))),
            "brand" => {
                let of = sources.filter_map(|source| Some((source.name.clone(), source.brand.clone()?)));
                Self::new(name, "Brand", Kind::Brand(of.collect()))
                    .with(organisation.brands.iter().map(|(name, brand)| (name, Some(&*brand.title))))
            }
            "channel" => Self::new(name, "Channel", Kind::Channel).with(used(CHANNELS, workspace)),
            "reach" => {
                let topics = workspace.topics.values().filter(|topic| !topic.service);
                Self::new(name, "Reach", Kind::Reach(topics.map(|topic| topic.name.clone()).collect()))
                    .with(used(REACHED_BY, workspace))
            }
            _ => {
                let declared = organisation.dimensions.get(name).ok_or_else(|| {
                    let declared = organisation.dimensions.keys().map(String::as_str);
                    FlowError::not_found("dimension", name, DIMENSIONS.into_iter().chain(declared))
                })?;
                Self::of_segments(name, &declared.title, &declared.segments, workspace, derived)?
            }
        })
    }

    fn of_segments(
        name: &str,
        title: &str,
        segments: &[String],
        workspace: &Workspace,
        derived: &Derived,
    ) -> Result<Self, FlowError> {
        let alone = workspace.segments.values().map(|segment| (&segment.name, &segment.title));
        let sets = workspace.segmentations.values().flat_map(|set| &set.segments);
        let known: HashMap<&str, Option<&str>> = alone
            .chain(sets.map(|segment| (&segment.name, &segment.title)))
            .map(|(name, title)| (name.as_str(), title.as_deref()))
            .collect();
        let mut dimension = Self::new(name, title, Kind::Segments);
        for segment in segments {
            let title = known
                .get(segment.as_str())
                .ok_or_else(|| FlowError::not_found("segment", segment, known.keys().copied()))?;
            dimension = dimension.with([(segment, *title)]);
        }
        for value in &mut dimension.values {
            value.ready = derived.segments.get(&value.name) == Some(&true);
        }
        Ok(dimension)
    }

    /// When somebody is known to one of the values, in words.
    fn known(&self) -> &'static str {
        match self.kind {
            Kind::Source => "it has sent at least one event of theirs",
            Kind::Brand(_) => "one of its sources has sent at least one event of theirs",
            Kind::Channel => "a contact point of theirs is known",
            Kind::Reach(_) => {
                "a contact point of theirs is known, is not suppressed, and may be used for a topic"
            }
            Kind::Segments => "they are in the segment",
        }
    }

    /// The place of a value; a new one gets the next.
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = self.values.len();
        self.values.push(Value { name: name.to_owned(), title: None, ready: true });
        self.places.insert(name.to_owned(), place);
        place
    }

    /// The places of the values to which a person is known, in order and each once.
    fn of_person(
        &mut self,
        profile: &Profile,
        read: &dyn Read,
        live: &Live,
        places: &mut Vec<usize>,
    ) -> Result<(), StoreError> {
        places.clear();
        match &self.kind {
            Kind::Source => {
                // What people do on our own pages is nobody's word but theirs.
                for heard in profile.sources.iter().filter(|heard| heard.source != OWN_SOURCE) {
                    places.push(self.place(&heard.source));
                }
            }
            Kind::Brand(brands) => {
                let brands = profile.sources.iter().filter_map(|heard| brands.get(&heard.source));
                places.extend(brands.filter_map(|brand| self.places.get(brand)));
            }
            Kind::Channel => {
                for (channel, _) in CHANNELS {
                    if let Some(place) = self.places.get(channel)
                        && live.contact(profile, channel).is_ok()
                    {
                        places.push(*place);
                    }
                }
            }
            Kind::Reach(topics) => {
                for (channel, _) in REACHED_BY {
                    if let Some(place) = self.places.get(channel)
                        && let Ok(contact) = live.contact(profile, channel)
                        && outward::is_reachable(read, live, profile.id, channel, &contact, topics)?
                    {
                        places.push(*place);
                    }
                }
            }
            Kind::Segments => {
                places.extend(profile.segments.keys().filter_map(|segment| self.places.get(segment)));
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(())
    }

    fn report(self, groups: &mut Groups, top: usize, usual: Option<Currency>) -> (Part, DimensionReport) {
        let known = self.known();
        let overlap: Overlap = self.overlaps.report(self.values.len(), groups, top, usual);
        let mut values: Vec<(usize, (Value, Known))> =
            self.values.into_iter().zip(overlap.values).enumerate().collect();
        values.sort_by(|(_, (a, of_a)), (_, (b, of_b))| {
            of_b.all.people.cmp(&of_a.all.people).then_with(|| a.name.cmp(&b.name))
        });
        let count = |one: usize, other: usize| overlap.both.get(one).and_then(|row| row.get(other)).copied();
        let both = values
            .iter()
            .map(|(one, _)| values.iter().filter_map(|(other, _)| count(*one, *other)).collect())
            .collect();
        let combinations = overlap
            .combinations
            .into_iter()
            .map(|combination| {
                let of = values.iter().filter(|(place, _)| combination.values.contains(place));
                CombinationReport {
                    values: of.map(|(_, (value, _))| value.name.clone()).collect(),
                    part: combination.part,
                }
            })
            .collect();
        let values = values
            .into_iter()
            .map(|(_, (Value { name, title, ready }, known))| ValueReport {
                value: name,
                title,
                ready,
                known,
            })
            .collect();
        let report = DimensionReport {
            dimension: self.name,
            title: self.title,
            known,
            values,
            both,
            combinations,
            more: overlap.more,
            rest: overlap.rest,
            none: overlap.none,
        };
        (overlap.all, report)
    }
}

/// The dimensions that are asked for.
fn dimensions(query: &OverlapQuery, live: &Live, derived: &Derived) -> Result<Vec<Dimension>, FlowError> {
    let workspace = live.workspace();
    let declared = workspace.organisation.dimensions.keys().map(String::as_str);
    let mut names: Vec<&str> = query.by.iter().map(String::as_str).collect();
    if names.is_empty() && query.segments.is_empty() {
        names = DIMENSIONS.into_iter().chain(declared).collect();
        // A house with one brand, or none that it names, has nothing to learn there.
        names.retain(|name| *name != "brand" || workspace.organisation.brands.len() > 1);
    }
    let mut all: Vec<Dimension> = Vec::new();
    for name in names {
        if !all.iter().any(|dimension| dimension.name == name) {
            all.push(Dimension::of(name, workspace, derived)?);
        }
    }
    if !query.segments.is_empty() {
        all.push(Dimension::of_segments("segments", "Segments", &query.segments, workspace, derived)?);
    }
    Ok(all)
}

/// The metric that says what somebody is worth.
fn metric<'l>(live: &'l Live, name: &str) -> Result<&'l Expression, FlowError> {
    let metric = live
        .metrics()
        .get(name)
        .ok_or_else(|| FlowError::not_found("metric", name, live.metrics().keys().map(String::as_str)))?;
    if !metric.may_be_money() {
        return Err(FlowError::Invalid(format!(
            "the metric `{name}` is no amount of money: {}; name one such as sum(\"Order Completed\", \"revenue\")",
            metric.text()
        )));
    }
    Ok(metric)
}

impl Engine {
    /// Who is known to which source, brand, channel and so on, in which combinations, and what those people are worth. It
    /// reads everybody, as of one moment. It blocks.
    pub fn overlap(&self, query: &OverlapQuery) -> Result<OverlapReport, FlowError> {
        let live = self.live();
        let derived = live.derived();
        let now = self.now();
        let mut dimensions = dimensions(query, &live, &derived)?;
        let worth = query.money.as_deref().map(|name| metric(&live, name)).transpose()?;
        let usual = Currency::parse(&live.workspace().organisation.currency)
            .map_err(|error| FlowError::Broken(error.to_string()))?;
        let mut groups = Groups::default();
        self.read(|read| {
            let agreed = Agreed::default();
            let lookout =
                Lookout { read, live: &live, derived: &derived, now, agreed: &agreed, loaded: None };
            let worth_of = |profile: &Profile| {
                let Some(metric) = worth else { return Worth::NotAsked };
                match lookout.ask(profile, None, |person| metric.amount(person, usual)) {
                    Amount::Of(amount, currency) => Worth::Of(amount, currency),
                    Amount::Mixed => Worth::Mixed,
                    Amount::Unknown => Worth::Unknown,
                }
            };
            let mut places = Vec::new();
            let mut after = None;
            loop {
                let people = read.people_after(after, CHUNK)?;
                let Some(last) = people.last() else { return Ok(()) };
                after = Some(last.id);
                // Nobody is looked at twice.
                agreed.forget(None);
                for profile in &people {
                    profile.households().for_each(|household| groups.join(profile.id, household));
                    let worth = worth_of(profile);
                    for dimension in &mut dimensions {
                        dimension.of_person(profile, read, &live, &mut places)?;
                        let shares = profile.household().is_some();
                        dimension.overlaps.add(profile.id, &places, shares, worth);
                    }
                }
            }
        })?;
        let mut everybody = Part::default();
        let mut reports = Vec::new();
        for dimension in dimensions {
            let (all, report) = dimension.report(&mut groups, query.top, worth.map(|_| usual));
            everybody = all;
            reports.push(report);
        }
        let money = query.money.clone().zip(worth).map(|(name, value)| MoneyAsked {
            title: live.workspace().metrics.get(&name).and_then(|metric| metric.title.clone()),
            ready: value.inputs().series.iter().all(|series| derived.knows(series)),
            metric: name,
        });
        Ok(OverlapReport { as_of: now, everybody, money, dimensions: reports })
    }
}
