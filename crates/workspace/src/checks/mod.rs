//! What definitions must keep to beyond their shape: values that exist, and each other.

mod catalogue;
mod contract;
mod feed;
mod identity;
mod loops;
mod message;
mod names;
mod organisation;
mod policy;
mod program;
mod seeds;
mod segment;
mod sms;
mod source;
mod steps;
mod trigger;
mod value;
mod webhook;

use crate::{
    Document, Kind, Problem,
    check::{Names, Parsed},
    condition::condition_schema,
    problem::{did_you_mean, listed, quoted},
    tree::{Node, Place},
};
use crowsnest_model::definition::Workspace;
use crowsnest_rules::Schema;

pub(crate) use value::name;

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings {
    /// Mistakes.
    pub problems: Vec<Problem>,
    /// What is probably not meant.
    pub warnings: Vec<Problem>,
}

/// A node of a document, to point at.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    /// The document.
    pub document: &'a Parsed<'a>,
    /// The node.
    pub node: &'a Node,
}

impl<'a> Spot<'a> {
    /// The whole document.
    pub fn root(document: &'a Parsed<'a>) -> Self {
        Self { document, node: &document.root }
    }

    /// The value of a key; the mapping itself, if it has no such key.
    pub fn at(self, key: &str) -> Self {
        Self { node: self.node.get(key).unwrap_or(self.node), ..self }
    }

    /// An item of a list, or the one thing that stands for a list of one.
    pub fn item(self, index: usize) -> Self {
        Self { node: self.node.items().get(index).unwrap_or(self.node), ..self }
    }

    /// Where a key stands.
    pub fn key(self, key: &str) -> Place {
        self.node.entry(key).map_or(self.node.place, |entry| entry.key_place)
    }
}

impl Findings {
    /// A mistake at a place.
    pub fn problem_at(&mut self, path: &str, place: Place, message: String, hint: Option<String>) {
        self.problems.push(Problem {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            message,
            hint,
        });
    }

    /// A mistake in a value.
    pub fn problem(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        self.problem_at(spot.document.path, spot.node.place, message.into(), None);
    }

    /// A mistake in a value, and what was probably meant.
    pub fn problem_hint(&mut self, spot: Spot<'_>, message: impl Into<String>, hint: Option<String>) {
        self.problem_at(spot.document.path, spot.node.place, message.into(), hint);
    }

    /// A key that should not be there.
    pub fn misplaced(&mut self, spot: Spot<'_>, key: &str, message: impl Into<String>) {
        self.problem_at(spot.document.path, spot.key(key), message.into(), None);
    }

    /// Something that is probably not meant.
    pub fn warning(&mut self, spot: Spot<'_>, message: impl Into<String>, hint: Option<String>) {
        self.warning_at(spot.document.path, spot.node.place, message.into(), hint);
    }

    /// Something at a place that is probably not meant.
    pub fn warning_at(&mut self, path: &str, place: Place, message: String, hint: Option<String>) {
        self.warnings.push(Problem {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            message,
            hint,
        });
    }

    /// A value whose check has its own words.
    pub fn value<T, E: std::fmt::Display>(&mut self, spot: Spot<'_>, result: Result<T, E>) {
        if let Err(error) = result {
            self.problem(spot, error.to_string());
        }
    }
}

/// Everything that a check may look at.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub workspace: &'a Workspace,
    pub names: &'a Names,
    /// The catalogue about whose items a condition without an event's name is.
    pub catalogue: Option<&'a str>,
}

impl Scene<'_> {
    /// The names of a kind that are defined, also by a document that has mistakes of its own.
    fn defined(&self, kind: Kind) -> impl Iterator<Item = &str> + Clone {
        self.names.get(&kind).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// What a condition may use, and what is defined by documents that have mistakes of their own.
    fn schema(&self, event: Option<&str>) -> Schema {
        let names = |kind| self.defined(kind).map(str::to_owned);
        condition_schema(self.workspace, event)
            .with_topics(names(Kind::Topic))
            .with_programs(names(Kind::Program))
            .with_segments(names(Kind::Segment))
    }

    /// Checks that a segment is defined, alone or in a segmentation.
    fn segment_must_exist(&self, name: &str, spot: Spot<'_>, findings: &mut Findings) {
        let sets = &self.workspace.segmentations;
        // What the segments are of a segmentation that could not be read is not known.
        if self.defined(Kind::Segmentation).any(|set| !sets.contains_key(set)) {
            return;
        }
        let in_sets = sets.values().flat_map(|set| &set.segments).map(|segment| segment.name.as_str());
        named(Kind::Segment, name, self.defined(Kind::Segment).chain(in_sets), spot, findings);
    }

    /// Checks that something is defined.
    fn must_exist(&self, kind: Kind, name: &str, spot: Spot<'_>, findings: &mut Findings) -> bool {
        named(kind, name, self.defined(kind), spot, findings)
    }
}

/// Checks that a name is one of those that are known.
fn named<'a>(
    kind: Kind,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    spot: Spot<'_>,
    findings: &mut Findings,
) -> bool {
    if known.clone().any(|defined| defined == name) {
        return true;
    }
    let message = if known.clone().next().is_none() {
        format!("there is no {kind} {}; none is defined", quoted(name))
    } else {
        format!("there is no {kind} {}; defined: {}", quoted(name), listed(known.clone()))
    };
    findings.problem_hint(spot, message, did_you_mean(name, known));
    false
}

/// Checks all documents that could be read.
pub(crate) fn check_all(
    workspace: &Workspace,
    parsed: &[Parsed<'_>],
    documents: &[Option<Document>],
    names: &Names,
    findings: &mut Findings,
) {
    let scene = Scene { workspace, names, catalogue: None };
    for (document, read) in parsed.iter().zip(documents) {
        if read.is_none() {
            continue;
        }
        let spot = Spot::root(document);
        let name = document.name.as_str();
        match document.kind {
            Kind::Workspace => organisation::check(&workspace.organisation, spot, &scene, findings),
            Kind::Identity => identity::check(&workspace.identity, spot, findings),
            Kind::Topic => {
                if let Some(topic) = workspace.topics.get(name) {
                    message::topic(topic, spot, findings);
                }
            }
            Kind::Source => {
                if let Some(source) = workspace.sources.get(name) {
                    source::check(source, spot, &scene, findings);
                }
            }
            Kind::Contract => {
                if let Some(contract) = workspace.contracts.get(name) {
                    contract::check(contract, spot, findings);
                }
            }
            Kind::Catalogue => {
                if let Some(catalogue) = workspace.catalogues.get(name) {
                    catalogue::check(catalogue, spot, findings);
                }
            }
            Kind::Template => {
                if let Some(template) = workspace.templates.get(name) {
                    message::template(template, spot, &scene, findings);
                }
            }
            Kind::Seeds => {
                if let Some(list) = workspace.seeds.get(name) {
                    seeds::check(list, spot, &scene, findings);
                }
            }
            Kind::Metric => {
                if let Some(metric) = workspace.metrics.get(name) {
                    segment::metric(metric, spot, &scene, findings);
                }
            }
            Kind::Segment => {
                if let Some(segment) = workspace.segments.get(name) {
                    segment::segment(segment, spot, &scene, findings);
                }
            }
            Kind::Segmentation => {
                if let Some(segmentation) = workspace.segmentations.get(name) {
                    segment::segmentation(segmentation, spot, &scene, findings);
                }
            }
            Kind::Program => {
                if let Some(program) = workspace.programs.get(name) {
                    program::program(program, spot, &scene, findings);
                }
            }
            Kind::Broadcast => {
                if let Some(broadcast) = workspace.broadcasts.get(name) {
                    program::broadcast(broadcast, spot, &scene, findings);
                }
            }
            Kind::Webhook => {
                if let Some(webhook) = workspace.webhooks.get(name) {
                    webhook::check(webhook, spot, findings);
                }
            }
            Kind::Policy => policy::check(&workspace.policy, spot, &scene, findings),
        }
    }
    source::check_keys(workspace, parsed, findings);
    loops::check(workspace, parsed, findings);
}
