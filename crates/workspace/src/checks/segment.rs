//! `metric:`, `segment:` and `segmentation:`

use super::{Findings, Scene, Spot, program, value};
use crate::{Kind, problem::quoted};
use crowsnest_model::definition::{Metric, Segment, Segmentation};
use crowsnest_rules::{Condition, Expression};
use std::collections::BTreeSet;

pub(super) fn metric(metric: &Metric, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let schema = scene.schema(None).read_by(metric.granularity);
    let read = Expression::review(&metric.value, &schema);
    if let Ok((value, _)) = &read
        && !metric.granularity.is_exact()
        && !value.inputs().series.iter().any(|series| series.granularity() == metric.granularity)
    {
        let message =
            "`value` asks about no stretch of time, so there is nothing to be told by `granularity`";
        findings.problem_hint(spot.at("granularity"), message, Some("remove it".into()));
    }
    program::rule(read.map(|(_, review)| review), spot.at("value"), None, scene, findings);
}

pub(super) fn segment(segment: &Segment, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    program::condition(&segment.when, spot.at("when"), None, scene, findings);
}

pub(super) fn segmentation(
    segmentation: &Segmentation,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    if segmentation.segments.is_empty() {
        findings.problem(spot.at("segments"), "a segmentation has segments: expected at least one");
    }
    let mut seen = BTreeSet::new();
    let mut before: Vec<(&str, Condition)> = Vec::new();
    for (index, segment) in segmentation.segments.iter().enumerate() {
        let spot = spot.at("segments").item(index);
        let name = spot.at("segment");
        findings.value(name, value::name(&segment.name));
        let elsewhere = scene
            .workspace
            .segmentations
            .values()
            .filter(|other| other.name != segmentation.name)
            .find(|other| other.segments.iter().any(|theirs| theirs.name == segment.name));
        if !seen.insert(&segment.name) {
            findings.problem(name, format!("the segment {} is named twice", quoted(&segment.name)));
        } else if let Some(origin) =
            scene.names.get(&Kind::Segment).and_then(|segments| segments.get(&segment.name))
        {
            let message = format!(
                "there is already a segment {} at {}:{}; segments need different names",
                quoted(&segment.name),
                origin.path,
                origin.line
            );
            findings.problem(name, message);
        } else if let Some(other) = elsewhere {
            let message = format!(
                "the segmentation {} has a segment {} too; segments need different names",
                quoted(&other.name),
                quoted(&segment.name)
            );
            findings.problem(name, message);
        }
        match &segment.when {
            Some(when) => {
                program::condition(when, spot.at("when"), None, scene, findings);
                let Ok(condition) = Condition::parse(when, &scene.schema(None)) else { continue };
                if let Some((taken, _)) = before.iter().find(|(_, earlier)| earlier.follows_from(&condition)) {
                    let message = format!(
                        "nobody is in this segment: of whom this holds, is in {} before it",
                        quoted(taken)
                    );
                    let hint = "put the narrower of the two first, or remove one";
                    findings.warning(spot.at("when"), message, Some(hint.into()));
                }
                before.push((&segment.name, condition));
            }
            None if index + 1 < segmentation.segments.len() => findings.problem(
                spot,
                "everybody is in this segment, so that nobody is in those after it: give it a `when`, or put it last",
            ),
            None => {}
        }
    }
}
