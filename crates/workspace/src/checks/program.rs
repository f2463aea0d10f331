//! `program:` and `broadcast:`

use super::{Findings, Scene, Spot, message, names, steps, trigger, value};
use crate::{
    Kind,
    condition::{item_fields, place_in_file},
    problem::quoted,
};
use crowsnest_model::definition::{Broadcast, FreshnessNeed, MembershipChange, OnePer, Program, Reentry};
use crowsnest_rules::{Condition, Expression, Fact, Mention, Review, RuleError, Schema};
use std::collections::BTreeSet;

pub(super) fn program(program: &Program, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let scene = &Scene { catalogue: program.trigger.catalogue.as_deref(), ..*scene };
    trigger::check(&program.trigger, spot.at("trigger"), scene, findings);
    let about = trigger::about(&program.trigger);
    if let Some(occasion) = &program.occasion {
        expression(occasion, spot.at("occasion"), about, scene, findings);
    }
    if let Reentry::Every(span) = program.reentry {
        value::positive(span, spot.at("reentry").at("every"), findings);
    }
    if let Some(lateness) = program.lateness {
        value::positive(lateness, spot.at("lateness"), findings);
    }
    if let Some(audience) = &program.audience {
        condition(audience, spot.at("audience"), None, scene, findings);
        audience_fits_trigger(program, audience, spot.at("audience"), scene, findings);
    }
    for (index, cancel) in program.cancel_on.iter().enumerate() {
        event(&cancel.event, cancel.when.as_deref(), spot.at("cancel_on").item(index), scene, findings);
    }
    freshness(&program.requires_fresh, spot, scene, findings);
    if let Some(goal) = &program.goal {
        let spot = spot.at("goal");
        event(&goal.event, goal.when.as_deref(), spot, scene, findings);
        value::positive(goal.within, spot.at("within"), findings);
        if let Some(worth) = &goal.value {
            expression(worth, spot.at("value"), Some(&goal.event), scene, findings);
        }
    } else if program.holdout.is_some() {
        let message = "a hold-out without a goal measures nothing";
        findings.warning(spot.at("holdout"), message, Some("say what the program is for: `goal`".into()));
    }
    steps::check(program, spot, scene, findings);
    if let Some(path) = steps::circle(scene.workspace, &program.name) {
        let message = format!("programs enter each other in a circle: {}", path.join(" → "));
        let hint = "remove one `enter`: nobody comes back into a program that they are in";
        findings.problem_hint(spot.at("steps"), message, Some(hint.into()));
    }
}

/// Who has just entered a segment is in it, and who has just left it is not, whatever the audience would like.
fn audience_fits_trigger(
    program: &Program,
    audience: &str,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let Some(segment) = &program.trigger.segment else { return };
    let Ok(condition) = Condition::parse(audience, &scene.schema(None)) else { return };
    let inside = program.trigger.on.unwrap_or_default() == MembershipChange::Enter;
    if condition.effect(&Fact::Segment(segment.clone(), inside)).excluded {
        let (did, is) = if inside { ("entered", "in it") } else { ("left", "not in it") };
        let message = format!(
            "the trigger lets nobody in: who has just {did} the segment {} is {is}, and the audience wants the opposite",
            quoted(segment)
        );
        findings.warning(spot, message, Some("change `audience`, or the trigger's `on`".into()));
    }
}

pub(super) fn broadcast(broadcast: &Broadcast, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    // Deliveries are kept under one of these names, so that it must say which.
    if let Some(program) = scene.names.get(&Kind::Program).and_then(|names| names.get(&broadcast.name)) {
        let message = format!(
            "there is already a program {} at {}:{}; a broadcast needs another name",
            quoted(&broadcast.name),
            program.path,
            program.line
        );
        findings.problem(spot.at("broadcast"), message);
    }
    condition(&broadcast.audience, spot.at("audience"), None, scene, findings);
    for (index, prefer) in broadcast.prefer.iter().enumerate() {
        condition(prefer, spot.at("prefer").item(index), None, scene, findings);
    }
    if !broadcast.prefer.is_empty() && broadcast.one_per == OnePer::Person {
        let message = "`prefer` chooses among a household, and here everybody gets one";
        findings.misplaced(spot, "prefer", message);
    }
    if broadcast.one_per == OnePer::Household && !scene.workspace.identity.knows_households() {
        let message = "one per household, but no namespace of identifiers is shared by a household, so everybody gets one";
        let hint = "set `household: true` in the `identity:` document, or `one_per: person` here";
        findings.warning(spot.at("one_per"), message, Some(hint.into()));
    }
    freshness(&broadcast.requires_fresh, spot, scene, findings);
    message::send(&broadcast.send, spot.at("send"), scene, findings);
    if let Some(ttl) = broadcast.ttl {
        value::positive(ttl, spot.at("ttl"), findings);
    }
}

pub(super) fn event(
    name: &str,
    when: Option<&str>,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    event_name(name, spot.at("event"), scene, findings);
    if let Some(when) = when {
        condition(when, spot.at("when"), Some(name), scene, findings);
    }
}

/// An event may come from anywhere, so that an unknown name is no mistake; one that is nearly known probably is.
pub(super) fn event_name(name: &str, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    value::filled(name, spot, findings);
    if let Some((message, hint)) = names::event(name, scene.workspace) {
        findings.warning(spot, message, Some(hint));
    }
}

fn freshness(needs: &[FreshnessNeed], spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (index, need) in needs.iter().enumerate() {
        let spot = spot.at("requires_fresh").item(index);
        scene.must_exist(Kind::Source, &need.source, spot.at("source"), findings);
        value::positive(need.max_lag, spot.at("max_lag"), findings);
        if !seen.insert(&need.source) {
            findings
                .problem(spot.at("source"), format!("the source {} is named twice", quoted(&need.source)));
        }
    }
}

/// What a condition may use. Where there is no event with a name, a catalogue's item may be at hand; `None` when the
/// catalogue cannot be read, so that nothing can be said.
fn schema(scene: &Scene<'_>, event: Option<&str>) -> Option<Schema> {
    let schema = scene.schema(event);
    match scene.catalogue.filter(|_| event == Some("")) {
        Some(name) => Some(schema.with_item(item_fields(scene.workspace.catalogues.get(name)?))),
        None => Some(schema),
    }
}

/// Checks what reads single recorded events: an expression and perhaps a condition on each alone.
pub(super) fn of_recorded(
    event: &str,
    item: &str,
    when: Option<&str>,
    spot: Spot<'_>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let schema = scene.schema(Some(event));
    let item = Expression::of_recorded(item, event, &schema).map(|_| Review::default());
    rule(item, spot.at("item"), Some(event), scene, findings);
    if let Some(when) = when {
        let when = Condition::of_recorded(when, event, &schema).map(|_| Review::default());
        rule(when, spot.at("when"), Some(event), scene, findings);
    }
}

/// Checks a condition: about an event of this name and its person, or about a person alone.
pub(super) fn condition(
    text: &str,
    spot: Spot<'_>,
    event: Option<&str>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let Some(schema) = schema(scene, event) else { return };
    let reviewed = Condition::review(text, &schema).map(|(_, review)| review);
    rule(reviewed, spot, event, scene, findings);
}

/// Checks an expression over an event.
pub(super) fn expression(
    text: &str,
    spot: Spot<'_>,
    event: Option<&str>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let Some(schema) = schema(scene, event) else { return };
    let reviewed = Expression::review(text, &schema).map(|(_, review)| review);
    rule(reviewed, spot, event, scene, findings);
}

/// What is wrong with a condition or an expression, or what is doubtful in it.
pub(super) fn rule(
    reviewed: Result<Review, RuleError>,
    spot: Spot<'_>,
    event: Option<&str>,
    scene: &Scene<'_>,
    findings: &mut Findings,
) {
    let place = |error: &RuleError| place_in_file(spot.node, spot.document.section, error);
    let hint = |error: &RuleError| error.hint.as_deref().map(|word| format!("did you mean `{word}`?"));
    match reviewed {
        Err(error) => {
            let hint = hint(&error);
            findings.problem_at(spot.document.path, place(&error), error.message, hint);
        }
        Ok(Review { doubts, mentions }) => {
            for doubt in doubts {
                let hint = hint(&doubt);
                findings.warning_at(spot.document.path, place(&doubt), doubt.message, hint);
            }
            for Mention { line, column, name } in mentions {
                if let Some((message, hint)) = names::doubt(&name, event, scene) {
                    let here = RuleError { line, column, message: String::new(), hint: None };
                    findings.warning_at(spot.document.path, place(&here), message, Some(hint));
                }
            }
        }
    }
}
