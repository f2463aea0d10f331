//! What begins a program.

use super::{Findings, Scene, Spot, program, value};
use crate::{Kind, problem::quoted};
use crowsnest_model::definition::{MonthDay, Schedule, Trigger, Watched};
use crowsnest_rules::{Expression, Type};

/// The name of the event that conditions see: that of the trigger; none where a segment begins the program. A request, a
/// date, a schedule and a change of identity bring properties, and a change of an item the item, and no name.
pub(super) fn about(trigger: &Trigger) -> Option<&str> {
    let brings_properties = trigger.request
        || trigger.date.is_some()
        || trigger.schedule.is_some()
        || trigger.catalogue.is_some()
        || trigger.identity.is_some();
    trigger.event.as_deref().or(brings_properties.then_some(""))
}

/// A trigger is one thing, with the keys that belong to it.
pub(super) fn check(trigger: &Trigger, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let Trigger {
        event,
        when,
        segment,
        on,
        date,
        yearly,
        before,
        after,
        at,
        schedule,
        catalogue,
        watched,
        identity,
        request,
        ttl,
    } = trigger;
    let given = [
        event.is_some(),
        segment.is_some(),
        date.is_some(),
        schedule.is_some(),
        catalogue.is_some(),
        identity.is_some(),
        *request,
    ];
    if given.into_iter().filter(|given| *given).count() != 1 {
        findings.problem(
            spot,
            "expected exactly one of `event`, `segment`, `date`, `schedule`, `catalogue`, `identity` and `request: true`",
        );
    }
    match event {
        Some(name) => program::event(name, when.as_deref(), spot, scene, findings),
        None if when.is_some() && catalogue.is_none() && identity.is_none() => {
            let message = "`when` belongs to a trigger by `event`, `catalogue` or `identity`; who may enter otherwise says `audience`";
            findings.misplaced(spot, "when", message);
        }
        None => {}
    }
    if let Some(when) =
        when.as_ref().filter(|_| event.is_none() && (catalogue.is_some() || identity.is_some()))
    {
        program::condition(when, spot.at("when"), Some(""), scene, findings);
    }
    if let Some(segment) = segment {
        scene.segment_must_exist(segment, spot.at("segment"), findings);
    } else if on.is_some() {
        findings.misplaced(spot, "on", "`on` belongs to a trigger by `segment`");
    }
    match (catalogue, watched) {
        (Some(catalogue), watched) => {
            scene.must_exist(Kind::Catalogue, catalogue, spot.at("catalogue"), findings);
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
    if let Some(date) = date {
        self::date(date, spot.at("date"), scene, findings);
    } else {
        for (key, given) in [("yearly", *yearly), ("before", before.is_some()), ("after", after.is_some())] {
            if given {
                findings.misplaced(spot, key, format!("`{key}` belongs to a trigger by `date`"));
            }
        }
        if at.is_some() {
            let message = match schedule {
                Some(_) => "`at` belongs into the schedule: `schedule: { at: \"09:00\" }`",
                None => "`at` belongs to a trigger by `date` or by `schedule`",
            };
            findings.misplaced(spot, "at", message);
        }
    }
    if before.is_some() && after.is_some() {
        findings.misplaced(spot, "after", "expected `before` or `after`, not both: remove one of them");
    }
    for (key, span) in [("before", before), ("after", after), ("ttl", ttl)] {
        if let Some(span) = span {
            value::positive(*span, spot.at(key), findings);
        }
    }
    if let Some(schedule) = schedule {
        self::schedule(schedule, spot.at("schedule"), findings);
    }
}

/// A date is an expression over the person that can give a day or a moment.
fn date(text: &str, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let reviewed = Expression::review(text, &scene.schema(None)).map(|(date, review)| {
        if !matches!(date.kind(), Type::Any | Type::Text | Type::Time) {
            let message = format!("{} is {}, never a day or a moment", quoted(text), date.kind());
            let hint =
                "name a trait that holds a day such as 2026-03-01, or a moment, such as `profile.birthday`";
            findings.problem_hint(spot, message, Some(hint.into()));
        }
        review
    });
    program::rule(reviewed, spot, None, scene, findings);
}

fn schedule(schedule: &Schedule, spot: Spot<'_>, findings: &mut Findings) {
    let Schedule { days, days_of_month, at: _ } = schedule;
    if !days.is_empty() && !days_of_month.is_empty() {
        let message =
            "expected `days` or `days_of_month`, not both: remove one of them, or write a second program";
        findings.misplaced(spot, "days_of_month", message);
    }
    twice(days, spot.at("days"), findings);
    twice(days_of_month, spot.at("days_of_month"), findings);
    if days_of_month.contains(&MonthDay::Last) {
        return;
    }
    let longest = days_of_month.iter().enumerate().filter_map(|(index, day)| match day {
        MonthDay::Number(number) if *number > 28 => Some((index, number)),
        _ => None,
    });
    for (index, number) in longest {
        let message = format!("months without a day {number} are skipped");
        let hint = "write `last` for the last day of every month";
        findings.warning(spot.at("days_of_month").item(index), message, Some(hint.into()));
    }
}

/// Each day is named once.
fn twice<D: Copy + PartialEq + std::fmt::Display>(days: &[D], spot: Spot<'_>, findings: &mut Findings) {
    for (index, day) in days.iter().enumerate() {
        if days.iter().take(index).any(|before| before == day) {
            findings.problem(spot.item(index), format!("{day} is named twice: remove one of them"));
        }
    }
}

/// Who watches is read from single events, each as it was recorded.
fn watched(watched: &Watched, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    let Watched { event, when, item, within } = watched;
    program::event_name(event, spot.at("event"), scene, findings);
    program::of_recorded(event, item, when.as_deref(), spot, scene, findings);
    value::positive(*within, spot.at("within"), findings);
}
