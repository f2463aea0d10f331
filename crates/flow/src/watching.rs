//! What a person watches, from their recorded events: for whoever asks why somebody heard of a change, or did not.

use crate::{FlowError, people::Lookout};
use crowsnest_model::{Event, Profile, Time};
use crowsnest_programs::Watch;
use crowsnest_rules::{Clause, EventView, Truth};
use crowsnest_store::EventRow;
use serde::Serialize;
use std::{cmp::Reverse, collections::BTreeMap};

/// At most this many items are named, those that were watched last.
const MOST: usize = 50;

/// An item that a person watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Watching {
    /// Its key.
    pub item: String,
    /// When they last said so.
    pub time: Time,
    /// It is not too long ago.
    pub counts: bool,
}

/// What a person watched until the lookout's moment, the latest first.
pub(crate) fn watching(
    lookout: &Lookout<'_>,
    profile: &Profile,
    watch: &Watch,
) -> Result<Vec<Watching>, FlowError> {
    let mut latest: BTreeMap<String, Time> = BTreeMap::new();
    let rows = lookout.read.events_named(profile.id, &[watch.interest.event()], Time(i64::MIN))?;
    for EventRow { columns, body } in rows.into_iter().filter(|row| row.columns.received <= lookout.now) {
        let event = Event::from_stored(columns, &body)
            .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))?;
        let properties = event.properties_object();
        let view = EventView::of(&event, &properties);
        if let Some(key) = watch.interest.key(&view) {
            let known = latest.entry(key).or_insert(event.time);
            *known = event.time.max(*known);
        }
    }
    let since = lookout.now.minus(watch.within);
    let mut all: Vec<Watching> =
        latest.into_iter().map(|(item, time)| Watching { item, time, counts: time >= since }).collect();
    all.sort_by_key(|watching| Reverse(watching.time));
    all.truncate(MOST);
    Ok(all)
}

/// Whether a person watches an item, as a clause of what begins a program.
pub(crate) fn clause(watch: &Watch, item: &str, all: &[Watching]) -> Clause {
    let found = all.iter().find(|watching| watching.item == item);
    Clause {
        sentence: format!(
            "{} came within {}, about {item}",
            watch.interest.sentence(),
            watch.within.in_words()
        ),
        truth: if found.is_some_and(|watching| watching.counts) { Truth::True } else { Truth::False },
        value: match found {
            Some(watching) => format!("the latest came {}", watching.time),
            None => "none ever came".to_owned(),
        },
    }
}
