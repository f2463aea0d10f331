//! Names that nobody has to declare: events, properties and traits. One that is nearly declared is probably mistyped.

use super::Scene;
use crate::{
    condition::may_be,
    problem::{quoted, slip},
};
use crowsnest_model::definition::{EventName, Feed, Step, Workspace};
use crowsnest_rules::Mentioned;
use std::collections::BTreeSet;

/// What is doubtful about a name, and what was probably meant; `about` is the event at hand.
pub(super) fn doubt(name: &Mentioned, about: Option<&str>, scene: &Scene<'_>) -> Option<(String, String)> {
    let workspace = scene.workspace;
    match name {
        Mentioned::Event(name) => event(name, workspace),
        Mentioned::Property { event, name } => {
            let event = event.as_deref().or(about)?;
            mistyped(name, &properties(event, workspace)).map(|hint| {
                let message = format!(
                    "no contract and no feed knows the property {} of {}",
                    quoted(name),
                    quoted(event)
                );
                (message, hint)
            })
        }
        Mentioned::Trait(name) => mistyped(name, &traits(workspace)).map(|hint| {
            (format!("no contract, no feed and no program knows the trait {}", quoted(name)), hint)
        }),
    }
}

/// As [`doubt`], for the name of an event.
pub(super) fn event(name: &str, workspace: &Workspace) -> Option<(String, String)> {
    mistyped(name, &events(workspace))
        .map(|hint| (format!("no contract and no feed knows the event {}", quoted(name)), hint))
}

/// The question that names the known name, if one is a slip of the keyboard away.
fn mistyped(name: &str, known: &BTreeSet<&str>) -> Option<String> {
    if known.contains(name) {
        return None;
    }
    slip(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"))
}

fn feeds(workspace: &Workspace) -> impl Iterator<Item = &Feed> {
    workspace.sources.values().flat_map(|source| source.feeds.values())
}

fn events(workspace: &Workspace) -> BTreeSet<&str> {
    let contracts = workspace.contracts.values().flat_map(|contract| contract.events.keys());
    let mut known: BTreeSet<&str> = contracts.map(String::as_str).collect();
    for feed in feeds(workspace) {
        match &feed.event {
            Some(EventName::Fixed(name)) => drop(known.insert(name)),
            Some(EventName::Field { names, .. }) => known.extend(names.values().map(String::as_str)),
            None => {}
        }
    }
    known
}

fn properties<'w>(event: &str, workspace: &'w Workspace) -> BTreeSet<&'w str> {
    let contracts = workspace.contracts.values().filter_map(|contract| contract.events.get(event));
    let declared = contracts.flat_map(|about| about.properties.keys());
    let read = feeds(workspace).filter(|feed| may_be(feed, event)).flat_map(|feed| feed.properties.keys());
    declared.chain(read).map(String::as_str).collect()
}

fn traits(workspace: &Workspace) -> BTreeSet<&str> {
    let declared = workspace.contracts.values().flat_map(|contract| contract.traits.keys());
    let read = feeds(workspace).flat_map(|feed| feed.traits.keys());
    let set =
        workspace.programs.values().flat_map(|program| Step::all(&program.steps)).filter_map(
            |step| match step {
                Step::Set(traits) => Some(traits.keys()),
                _ => None,
            },
        );
    declared.chain(read).chain(set.flatten()).map(String::as_str).collect()
}
