//! What a condition looks at, so that it is asked again only when that has changed.

use crate::{
    ir::{Node, Root},
    series_spec::SeriesSpec,
};
use crowsnest_model::SeriesId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a condition or an expression looks at.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The traits of the person, or of members of the household.
    pub traits: BTreeSet<String>,
    /// The event at hand.
    pub event: bool,
    /// What the person agreed to.
    pub consent: bool,
    /// Series of events, in the order of their ids, each once with the longest time for which it has to be kept.
    pub series: Vec<Arc<SeriesSpec>>,
    /// Segments, by name.
    pub segments: BTreeSet<String>,
    /// Metrics, by name.
    pub metrics: BTreeSet<String>,
    /// Programs, by name.
    pub programs: BTreeSet<String>,
    /// Members of the household, or how many there are: then all of the above are of theirs too.
    pub household: bool,
    /// The moment: the answer can change without anything happening.
    pub time: bool,
}

impl Inputs {
    pub(crate) fn of(root: &Node) -> Self {
        let mut inputs = Self::default();
        let mut series = BTreeMap::new();
        inputs.gather(root, &mut series);
        inputs.series = series.into_values().collect();
        inputs
    }

    fn gather(&mut self, node: &Node, series: &mut BTreeMap<SeriesId, Arc<SeriesSpec>>) {
        match node {
            Node::Path(path) | Node::Has(path) => match &path.root {
                Root::Trait(name) => {
                    self.traits.insert(name.to_string());
                }
                _ => self.event = true,
            },
            Node::Consent(_) => self.consent = true,
            Node::Window(window) => {
                // Even for all time: an event whose moment is still to come counts from that moment on.
                self.time = true;
                add(series, &window.spec);
            }
            Node::Sequence(sequence) => {
                self.time = true;
                sequence.steps.iter().for_each(|spec| add(series, spec));
            }
            Node::Unanswered(unanswered) => {
                self.time = true;
                [&unanswered.asked, &unanswered.answer].into_iter().for_each(|spec| add(series, spec));
            }
            Node::Calendar(asked, _) => self.time |= asked.asks_for_today(),
            Node::HouseholdSize | Node::Household(..) => self.household = true,
            Node::Now | Node::Ago(_) => self.time = true,
            Node::Segment(name) => {
                self.segments.insert(name.to_string());
            }
            Node::Metric(metric) => {
                self.metrics.insert(metric.name.to_string());
            }
            Node::InProgram(name) => {
                self.programs.insert(name.to_string());
            }
            _ => {}
        }
        for child in node.children() {
            self.gather(child, series);
        }
    }
}

fn add(series: &mut BTreeMap<SeriesId, Arc<SeriesSpec>>, wanted: &Arc<SeriesSpec>) {
    let known = series.entry(wanted.id()).or_insert_with(|| wanted.clone());
    if known.kept() < wanted.kept() {
        known.clone_from(wanted);
    }
}
