//! Segments and metrics as people ask about them.

use crate::{
    Engine, FlowError,
    people::{Agreed, Lookout},
};
use crowsnest_model::{ProfileId, Time};
use crowsnest_rules::Clause;
use crowsnest_store::{Read, StoreError};
use serde::Serialize;
use serde_json::Value;

/// A segment, and how many are in it.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentReport {
    /// Its name.
    pub segment: String,
    /// What people call it.
    pub title: Option<String>,
    /// The segmentation that it belongs to.
    pub segmentation: Option<String>,
    /// Who is in it, in a sentence.
    pub sentence: String,
    /// Everybody has been asked; until then it is being built, and nobody counts as in it or not in it.
    pub ready: bool,
    /// How many are in it.
    pub members: u64,
}

/// A metric, and how it is computed.
#[derive(Debug, Clone, Serialize)]
pub struct MetricReport {
    /// Its name.
    pub metric: String,
    /// What people call it.
    pub title: Option<String>,
    /// The expression.
    pub value: String,
    /// What it remembers of events, in words.
    pub remembers: Vec<String>,
    /// All recorded events have been read; until then it is being built, and nobody's value is known.
    pub ready: bool,
}

/// Where a person stands with a segment.
#[derive(Debug, Clone, Serialize)]
pub struct StandingInSegment {
    /// The segment.
    pub segment: String,
    /// What people call it.
    pub title: Option<String>,
    /// They are in it.
    pub member: bool,
    /// Since when.
    pub since: Option<Time>,
    /// It is being built: whether they are in it is not known yet.
    pub building: bool,
    /// Why, clause by clause, with their values as of now.
    pub clauses: Vec<Clause>,
}

/// What a metric is for a person.
#[derive(Debug, Clone, Serialize)]
pub struct MetricValue {
    /// The metric.
    pub metric: String,
    /// What people call it.
    pub title: Option<String>,
    /// Its value; `None` when it is not known.
    pub value: Option<Value>,
    /// It is being built: the value is not known yet.
    pub building: bool,
}

impl Engine {
    /// All segments, with how many are in each. It blocks.
    pub fn segments(&self) -> Result<Vec<SegmentReport>, FlowError> {
        let live = self.live();
        let derived = live.derived();
        self.read(|read| {
            let mut all = Vec::new();
            for segment in live.segments().all() {
                all.push(SegmentReport {
                    segment: segment.name.clone(),
                    title: segment.title.clone(),
                    segmentation: segment.set.clone(),
                    sentence: segment.sentence(),
                    ready: derived.segments.get(&segment.name) == Some(&true),
                    members: read.member_count(&segment.name)?,
                });
            }
            all.sort_by(|a, b| (&a.segmentation, &a.segment).cmp(&(&b.segmentation, &b.segment)));
            Ok(all)
        })
    }

    /// All metrics.
    pub fn metrics(&self) -> Vec<MetricReport> {
        let live = self.live();
        let derived = live.derived();
        live.metrics()
            .iter()
            .map(|(name, value)| MetricReport {
                metric: name.clone(),
                title: live.workspace().metrics.get(name).and_then(|metric| metric.title.clone()),
                value: value.text().to_owned(),
                remembers: value.inputs().series.iter().map(|series| series.sentence()).collect(),
                ready: value.inputs().series.iter().all(|series| derived.knows(series)),
            })
            .collect()
    }

    /// Where a person stands with each segment, and why; `None` when there is no such person. It blocks.
    pub fn standings_in_segments(
        &self,
        person: ProfileId,
    ) -> Result<Option<Vec<StandingInSegment>>, FlowError> {
        self.about(person, |lookout, profile| {
            let plan = lookout.live.segments();
            let standing = |segment: &crowsnest_profile::LiveSegment| {
                let membership = profile.segments.get(&segment.name);
                StandingInSegment {
                    segment: segment.name.clone(),
                    title: segment.title.clone(),
                    member: membership.is_some(),
                    since: membership.map(|membership| membership.since),
                    building: lookout.derived.segments.get(&segment.name) != Some(&true),
                    clauses: lookout.ask(profile, None, |asked| segment.explain(asked, profile)),
                }
            };
            plan.all().iter().map(standing).collect()
        })
    }

    /// What each metric is for a person; `None` when there is no such person. It blocks.
    pub fn metrics_of(&self, person: ProfileId) -> Result<Option<Vec<MetricValue>>, FlowError> {
        self.about(person, |lookout, profile| {
            let metrics = lookout.live.metrics().iter();
            metrics
                .map(|(name, value)| MetricValue {
                    metric: name.clone(),
                    title: lookout.live.workspace().metrics.get(name).and_then(|metric| metric.title.clone()),
                    value: lookout.ask(profile, None, |asked| value.value(asked)),
                    building: value.inputs().series.iter().any(|series| !lookout.derived.knows(series)),
                })
                .collect()
        })
    }

    fn about<T>(
        &self,
        person: ProfileId,
        question: impl FnOnce(&Lookout<'_>, &crowsnest_model::Profile) -> T,
    ) -> Result<Option<T>, FlowError> {
        let live = self.live();
        let derived = live.derived();
        let now = self.now();
        self.read(|read: &dyn Read| -> Result<_, StoreError> {
            let Some(profile) = read.profile(read.survivor(person)?)? else { return Ok(None) };
            let agreed = Agreed::default();
            let lookout =
                Lookout { read, live: &live, derived: &derived, now, agreed: &agreed, loaded: None };
            Ok(Some(question(&lookout, &profile)))
        })
    }
}
