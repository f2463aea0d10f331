//! What begins a program.

use super::{Findings, Scene, Spot, program, value};
use crate::Kind;
use crowsnest_model::definition::{Trigger, Watched};

/// The name of the event that conditions see: that of the trigger; none where a segment begins the program. A request
/// brings properties, and a change of an item the item, and no name.
pub(super) fn about(trigger: &Trigger) -> Option<&str> {
    trigger.event.as_deref().or((trigger.request || trigger.catalogue.is_some()).then_some(""))
}

/// A trigger is one thing, with the keys that belong to it.
pub(super) fn check(trigger: &Trigger, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let Trigger { event: by_event, when, segment, on, catalogue, watched, request, ttl } = trigger;
    let given = [by_event.is_some(), segment.is_some(), catalogue.is_some(), *request];
    if given.into_iter().filter(|given| *given).count() != 1 {
        findings.problem(spot, "expected exactly one of `event`, `segment`, `catalogue` and `request: true`");
    }
    match by_event {
        Some(name) => program::event(name, when.as_deref(), spot, scene, findings),
        None if when.is_some() && catalogue.is_none() => {
            let message = "`when` belongs to a trigger by `event` or `catalogue`; who may enter otherwise says `audience`";
            findings.misplaced(spot, "when", message);
        }
        None => {}
    }
    if let Some(segment) = segment {
        value::filled(segment, spot.at("segment"), findings);
    } else if on.is_some() {
        findings.misplaced(spot, "on", "`on` belongs to a trigger by `segment`");
    }
    match (catalogue, watched) {
        (Some(catalogue), watched) => {
            scene.must_exist(Kind::Catalogue, catalogue, spot.at("catalogue"), findings);
            if let Some(when) = when {
                program::condition(when, spot.at("when"), Some(""), scene, findings);
            }
            match watched {
                Some(watched) => self::watched(watched, spot.at("watched"), scene, findings),
                None => findings.problem(
                    spot,
                    "`watched` is missing: who cares about an item, such as `{ event: Car Watched, item: \
                     event.properties.car_id, within: 90d }`",
                ),
            }
        }
        (None, Some(_)) => {
            findings.misplaced(spot, "watched", "`watched` belongs to a trigger by `catalogue`");
        }
        (None, None) => {}
    }
    if let Some(ttl) = ttl {
        value::positive(*ttl, spot.at("ttl"), findings);
    }
}

/// Who watches is read from single events, each as it was recorded.
fn watched(watched: &Watched, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let Watched { event, when, item, within } = watched;
    program::event_name(event, spot.at("event"), scene, findings);
    program::of_recorded(event, item, when.as_deref(), spot, scene, findings);
    value::positive(*within, spot.at("within"), findings);
}
