//! The rules that people are asked by: segments, what is remembered of events, and programs. Those in force are compiled with
//! the definitions. Those of an earlier moment are compiled when somebody's events are taken in once more.

use crate::live::{Live, earlier_program, holdout_for, when_in_force};
use crowsnest_model::{
    Time,
    definition::{Metric, Workspace},
};
use crowsnest_profile::{SegmentPlan, SeriesPlan};
use crowsnest_programs::{LiveBroadcast, Plan};
use crowsnest_rules::{Expression, RuleError, Schema};
use crowsnest_store::StoredDocument;
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What people are asked by.
#[derive(Debug)]
pub(crate) struct Rules {
    /// All programs, each in all its versions.
    pub(crate) plan: Arc<Plan>,
    /// The segments.
    pub(crate) segments: SegmentPlan,
    /// What is remembered of events for all of these.
    pub(crate) series: SeriesPlan,
}

impl Rules {
    /// Puts them together. What metrics and broadcasts ask for is remembered, too.
    pub(crate) fn new<'a>(
        plan: Arc<Plan>,
        segments: SegmentPlan,
        metrics: impl IntoIterator<Item = &'a Expression>,
        broadcasts: impl IntoIterator<Item = &'a Arc<LiveBroadcast>>,
    ) -> Self {
        let mut series = SeriesPlan::default();
        segments.all().iter().for_each(|segment| series.add(segment.series()));
        metrics.into_iter().for_each(|metric| series.add(&metric.inputs().series));
        plan.all().for_each(|program| series.add(program.series()));
        broadcasts.into_iter().for_each(|broadcast| series.add(broadcast.series()));
        Self { plan, segments, series }
    }
}

/// What conditions know by name.
pub(crate) fn schema_of(metrics: &BTreeMap<String, Metric>) -> Schema {
    metrics.values().fold(Schema::open(), |schema, metric| {
        schema.with_metric(&metric.name, &metric.value, metric.granularity)
    })
}

/// A metric, ready.
pub(crate) fn expression(metric: &Metric, schema: &Schema) -> Result<Expression, RuleError> {
    Expression::parse(&metric.value, &schema.clone().read_by(metric.granularity))
}

/// What conditions depend on, of all kinds of definitions.
fn is_asked_by(document: &StoredDocument) -> bool {
    matches!(document.kind.as_str(), "metric" | "segment" | "segmentation")
}

/// The moments at which metrics or segments came in force or went out of it.
pub(crate) fn turns(stored: &[StoredDocument]) -> BTreeSet<Time> {
    stored
        .iter()
        .filter(|document| is_asked_by(document))
        .flat_map(|document| [Some(document.applied), document.retired])
        .flatten()
        .collect()
}

/// The metrics and segments that were in force at a moment.
#[derive(Debug, Default)]
pub(crate) struct Then {
    /// These, and nothing else.
    pub(crate) definitions: Workspace,
    /// The versions of segments, by name.
    pub(crate) versions: BTreeMap<String, u32>,
}

/// What conditions depended on at a moment.
pub(crate) fn then(stored: &[StoredDocument], time: Time) -> Then {
    let Then { definitions: mut then, mut versions } = Then::default();
    let in_force = |document: &&StoredDocument| is_asked_by(document) && when_in_force(document).is_at(time);
    for document in stored.iter().filter(in_force) {
        match document.kind.as_str() {
            "metric" => put(&mut then.metrics, document),
            "segment" => {
                versions.insert(document.name.clone(), document.version);
                put(&mut then.segments, document);
            }
            _ => put(&mut then.segmentations, document),
        }
    }
    Then { definitions: then, versions }
}

fn put<T: DeserializeOwned>(known: &mut BTreeMap<String, T>, document: &StoredDocument) {
    match serde_json::from_str(&document.compiled) {
        Ok(definition) => {
            known.insert(document.name.clone(), definition);
        }
        Err(error) => cannot_be_read(document, &error.to_string()),
    }
}

fn cannot_be_read(document: &StoredDocument, error: &str) {
    tracing::error!(
        kind = document.kind,
        name = document.name,
        version = document.version,
        error,
        "an earlier version cannot be read any more; events are taken in once more without it"
    );
}

impl Live {
    /// The rules of a moment, by the metrics and segments that were in force then. Programs are compiled with those metrics,
    /// too, whichever version somebody is on.
    pub(crate) fn rules_by(&self, stored: &[StoredDocument], then: &Workspace, time: Time) -> Arc<Rules> {
        let today = self.workspace();
        let same_metrics = then.metrics == today.metrics;
        if same_metrics && then.segments == today.segments && then.segmentations == today.segmentations {
            return self.rules().clone();
        }
        let schema = schema_of(&then.metrics);
        let segments = SegmentPlan::compile(then, &schema).unwrap_or_else(|faults| {
            for fault in faults {
                tracing::error!(%fault, "earlier segments cannot be read any more; events are taken in once more without them");
            }
            SegmentPlan::default()
        });
        let plan = if same_metrics { self.rules().plan.clone() } else { self.plan_by(stored, &schema, time) };
        let metrics: Vec<Expression> =
            then.metrics.values().filter_map(|metric| expression(metric, &schema).ok()).collect();
        Arc::new(Rules::new(plan, segments, &metrics, self.all_broadcasts()))
    }

    fn plan_by(&self, stored: &[StoredDocument], schema: &Schema, time: Time) -> Arc<Plan> {
        let mut programs = Vec::new();
        for document in stored.iter().filter(|document| document.kind == "program") {
            match earlier_program(document, schema) {
                Ok(live) => {
                    let holdout = holdout_for(self.workspace(), &live.definition);
                    programs.push(live.with_global_holdout(holdout));
                }
                // What came later may ask for metrics that were not there yet.
                Err(_) if document.applied > time => {}
                Err(error) => cannot_be_read(document, &error),
            }
        }
        Arc::new(Plan::new(programs))
    }
}
