//! What is supposed to begin a program that is tried, and the person as they would be once it has happened.

use super::Trial;
use crate::{
    FlowError,
    inward::{self, CATALOGUE, Cause},
    people::Lookout,
    watching,
};
use crowsnest_model::{
    Event, EventId, Object, Profile, Time, definition::MembershipChange, profile::Membership,
};
use crowsnest_profile::LiveSegment;
use crowsnest_programs::{Due, LiveProgram, Watch};
use crowsnest_rules::Clause;
use crowsnest_store::EventRow;
use std::collections::{BTreeMap, BTreeSet};

/// What is supposed to begin it, at the lookout's moment; and the recorded event that it is made after. `due` is what next
/// comes due, if that is supposed.
pub(super) fn event(
    lookout: &Lookout<'_>,
    program: &LiveProgram,
    profile: &Profile,
    properties: Option<Object>,
    due: Option<Due>,
) -> Result<(Cause, Option<EventId>), FlowError> {
    if let Some(due) = due {
        let mut cause = Cause::due(profile.id, &due);
        cause.properties.extend(properties.unwrap_or_default());
        return Ok((cause, None));
    }
    let trigger = &program.definition.trigger;
    let ours = |properties: Object| {
        Cause::ours(profile.id, "trial".to_owned(), "the trial".to_owned(), lookout.now, properties)
    };
    let Some(name) = &trigger.event else {
        let mut seen = properties.unwrap_or_default();
        if let Some(segment) = &trigger.segment {
            let on = match trigger.on.unwrap_or_default() {
                MembershipChange::Enter => "enter",
                MembershipChange::Leave => "leave",
            };
            seen.entry("segment").or_insert_with(|| segment.as_str().into());
            seen.entry("on").or_insert_with(|| on.into());
        }
        if let Some(identity) = trigger.identity {
            for (name, value) in inward::supposed(identity, profile.id) {
                seen.entry(name).or_insert(value);
            }
        }
        if program.begins_by_time() {
            let zone = profile.time_zone(lookout.live.zone());
            let day = zone.to_datetime(lookout.now.timestamp()).date();
            seen.entry("date").or_insert_with(|| day.to_string().into());
        }
        return Ok((ours(seen), None));
    };
    let latest = lookout.read.events_named(profile.id, &[name], Time(i64::MIN))?.pop();
    let said = properties.is_some();
    let mut cause = ours(properties.unwrap_or_default());
    cause.event.clone_from(name);
    let Some(EventRow { columns, body }) = latest else { return Ok((cause, None)) };
    // Another such event would come from where the latest came from.
    cause.source = columns.source.to_string();
    if said {
        return Ok((cause, None));
    }
    let event = Event::from_stored(columns, &body)
        .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))?;
    cause.properties = event.properties_object();
    Ok((cause, Some(event.id)))
}

/// The change of an item that is supposed to begin it; and whether the person watches that item.
pub(super) fn change(
    lookout: &Lookout<'_>,
    watch: &Watch,
    profile: &Profile,
    Trial { properties, item, before, .. }: Trial,
) -> Result<(Cause, Clause), FlowError> {
    let watched = watching::watching(lookout, profile, watch)?;
    let Some(key) = item.or_else(|| watched.first().map(|latest| latest.item.clone())) else {
        let reason = "say which item changes: the person watches none";
        return Err(FlowError::Refused(reason.into()));
    };
    let found = lookout.read.item(&watch.catalogue, &key)?.filter(|item| item.time.is_some());
    let seen = found.ok_or_else(|| FlowError::not_found("item", &key, []))?.seen();
    let mut properties = properties.unwrap_or_default();
    if let Some(other) = before {
        let mut before = seen.clone();
        before.extend(other);
        properties.entry("before").or_insert(before.into());
    }
    properties.entry("item").or_insert(seen.into());
    let what = "the trial".to_owned();
    let occasion = format!("{CATALOGUE}{}:{key}:{}", watch.catalogue, lookout.now);
    let cause = Cause::ours(profile.id, occasion, what, lookout.now, properties);
    Ok((cause, watching::clause(watch, &key, &watched)))
}

/// The segments that are supposed to be entered (`true`) or left: the one that the program begins with, and others that were
/// said.
pub(super) fn changes(
    lookout: &Lookout<'_>,
    program: &LiveProgram,
    said: &BTreeMap<String, bool>,
) -> Result<BTreeMap<String, bool>, FlowError> {
    let mut changes = said.clone();
    let trigger = &program.definition.trigger;
    if let Some(segment) = &trigger.segment {
        let enters = trigger.on.unwrap_or_default() == MembershipChange::Enter;
        if changes.insert(segment.clone(), enters).is_some_and(|said| said != enters) {
            let [begins, said] = if enters { ["entered", "left"] } else { ["left", "entered"] };
            return Err(FlowError::Refused(format!(
                "{} begins when {segment} is {begins}: that it is {said} cannot be supposed of it",
                program.name()
            )));
        }
    }
    let set_of = |name: &str| lookout.live.segments().get(name).and_then(|segment| segment.set.as_deref());
    let mut inside: BTreeMap<&str, &str> = BTreeMap::new();
    for segment in changes.iter().filter(|(_, enters)| **enters).map(|(segment, _)| segment) {
        let other = set_of(segment).and_then(|set| inside.insert(set, segment));
        if let Some(other) = other {
            return Err(FlowError::Refused(format!(
                "{other} and {segment} are of one segmentation, of which everybody is in one segment at most: suppose one"
            )));
        }
    }
    Ok(changes)
}

/// It happens to the person, in memory alone: windows count the event, and the segments that this touches, or that time
/// has changed until then, are asked again. A change of a segment is supposed even where its condition does not hold.
pub(super) fn happens(
    lookout: &Lookout<'_>,
    changes: &BTreeMap<String, bool>,
    profile: &mut Profile,
    cause: &Cause,
) {
    for series in lookout.live.series().about(&cause.event) {
        if let Some(sample) = series.sample(&cause.view()) {
            let known = profile.series.entry(series.id()).or_default();
            known.add(cause.time, sample, series.kept(), lookout.now);
        }
    }
    let entered = changes.iter().filter(|(_, enters)| **enters);
    let sets: BTreeSet<&String> =
        entered.filter_map(|(name, _)| lookout.live.segments().get(name)?.set.as_ref()).collect();
    let supposed = |segment: &LiveSegment| {
        // Of a set, everybody is in one at most.
        let other = segment.set.as_ref().is_some_and(|set| sets.contains(set));
        changes.get(&segment.name).copied().or(other.then_some(false))
    };
    // Each comes after those that it asks about.
    for segment in lookout.live.segments().all() {
        let known = lookout.derived.segments.get(&segment.name) == Some(&true);
        let asked =
            || known.then(|| lookout.ask(profile, None, |person| segment.holds(person, profile).holds()));
        let Some(inside) = supposed(segment).or_else(asked) else { continue };
        if inside {
            let version = lookout.live.version("segment", &segment.name).unwrap_or(1);
            let membership = Membership { since: cause.time, version };
            profile.segments.entry(segment.name.clone()).or_insert(membership);
        } else {
            profile.segments.remove(&segment.name);
        }
    }
}
