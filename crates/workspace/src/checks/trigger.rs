//! What begins a program.

use super::{Findings, Scene, Spot, program, value};
use crowsnest_model::definition::Trigger;

/// The name of the event that conditions see: that of the trigger; none where a segment begins the program. A request
/// brings properties, and no name.
pub(super) fn about(trigger: &Trigger) -> Option<&str> {
    trigger.event.as_deref().or(trigger.request.then_some(""))
}

/// A trigger is one thing, with the keys that belong to it.
pub(super) fn check(trigger: &Trigger, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let Trigger { event: by_event, when, segment, on, request, ttl } = trigger;
    let given = [by_event.is_some(), segment.is_some(), *request];
    if given.into_iter().filter(|given| *given).count() != 1 {
        findings.problem(spot, "expected exactly one of `event`, `segment` and `request: true`");
    }
    match by_event {
        Some(name) => program::event(name, when.as_deref(), spot, scene, findings),
        None if when.is_some() => {
            let message = "`when` belongs to a trigger by `event`; who may enter otherwise says `audience`";
            findings.misplaced(spot, "when", message);
        }
        None => {}
    }
    if let Some(segment) = segment {
        scene.segment_must_exist(segment, spot.at("segment"), findings);
    } else if on.is_some() {
        findings.misplaced(spot, "on", "`on` belongs to a trigger by `segment`");
    }
    if let Some(ttl) = ttl {
        value::positive(*ttl, spot.at("ttl"), findings);
    }
}
