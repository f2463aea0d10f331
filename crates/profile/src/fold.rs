//! Folding events into a profile, and one profile into another.

use crowsnest_model::{
    Event, Identifier, Profile, Time, Trait,
    profile::{Heard, Link},
};
use serde_json::Value;
use std::collections::btree_map::Entry;

/// How many traits one person may have; a source that makes up names cannot grow a profile without bound.
pub const MAX_TRAITS: usize = 500;

/// Adds an event to its person: traits by event time with their provenance, first and last seen, the count, and the same
/// of the source that sent it.
///
/// The caller sees to it that each event comes here once. Returns the names of traits that found no room.
pub fn fold(profile: &mut Profile, event: &Event, third_party: bool) -> Vec<String> {
    profile.events += 1;
    profile.first_seen = profile.first_seen.min(event.time);
    profile.last_seen = profile.last_seen.max(event.time);
    hear(&mut profile.sources, &event.source, event.time, event.time, 1);
    let mut no_room = Vec::new();
    for (name, value) in &event.traits {
        if value.is_null() {
            continue;
        }
        let said = Trait {
            value: value.clone(),
            time: event.time,
            source: event.source.to_string(),
            event: event.id,
            third_party,
        };
        if profile.traits.len() >= MAX_TRAITS && !profile.traits.contains_key(name) {
            no_room.push(name.clone());
            continue;
        }
        keep_winner(profile, name.clone(), said);
    }
    no_room
}

/// Adds what a source has told to what it told before.
fn hear(sources: &mut Vec<Heard>, source: &str, first: Time, last: Time, events: u64) {
    match sources.binary_search_by(|heard| heard.source.as_str().cmp(source)) {
        Ok(place) => {
            if let Some(heard) = sources.get_mut(place) {
                heard.first_seen = heard.first_seen.min(first);
                heard.last_seen = heard.last_seen.max(last);
                heard.events += events;
            }
        }
        Err(place) => {
            let heard = Heard { source: source.to_owned(), first_seen: first, last_seen: last, events };
            sources.insert(place, heard);
        }
    }
}

fn keep_winner(profile: &mut Profile, name: String, said: Trait) {
    match profile.traits.entry(name) {
        Entry::Vacant(place) => {
            place.insert(said);
        }
        Entry::Occupied(mut place) => {
            if said.replaces(place.get()) {
                place.insert(said);
            }
        }
    }
}

/// Notes that an identifier was the person's at `time`. True when it was not theirs before.
pub fn see_link(links: &mut Vec<Link>, identifier: &Identifier, time: Time) -> bool {
    if let Some(link) =
        links.iter_mut().find(|link| link.namespace == identifier.namespace && link.value == identifier.value)
    {
        link.first_seen = link.first_seen.min(time);
        link.last_seen = link.last_seen.max(time);
        return false;
    }
    links.push(Link {
        namespace: identifier.namespace.clone(),
        value: identifier.value.clone(),
        first_seen: time,
        last_seen: time,
    });
    links.sort();
    true
}

/// Makes one person of two: `other` is no more.
pub fn absorb(survivor: &mut Profile, other: Profile) {
    survivor.events += other.events;
    survivor.first_seen = survivor.first_seen.min(other.first_seen);
    survivor.last_seen = survivor.last_seen.max(other.last_seen);
    for (links, more) in
        [(&mut survivor.identifiers, other.identifiers), (&mut survivor.accounts, other.accounts)]
    {
        for link in more {
            let identifier = Identifier { namespace: link.namespace, value: link.value };
            see_link(links, &identifier, link.first_seen);
            see_link(links, &identifier, link.last_seen);
        }
    }
    for link in other.shared {
        let identifier = link.identifier();
        see_link(&mut survivor.shared, &identifier, link.first_seen);
        see_link(&mut survivor.shared, &identifier, link.last_seen);
    }
    // What was one's and shared by the other is the one person's.
    let own = &survivor.identifiers;
    survivor.shared.retain(|link| !own.iter().any(|own| own.names(&link.identifier())));
    survivor.home = survivor.home.or(other.home);
    for heard in other.sources {
        hear(&mut survivor.sources, &heard.source, heard.first_seen, heard.last_seen, heard.events);
    }
    for (name, said) in other.traits {
        keep_winner(survivor, name, said);
    }
    for (id, series) in other.series {
        survivor.series.entry(id).or_default().absorb(series);
    }
    for (name, theirs) in other.segments {
        survivor
            .segments
            .entry(name)
            .and_modify(|mine| mine.since = mine.since.min(theirs.since))
            .or_insert(theirs);
    }
    survivor.next_look = [survivor.next_look, other.next_look].into_iter().flatten().min();
    survivor.apart.extend(other.apart);
    survivor.apart.sort_unstable();
    survivor.apart.dedup();
    survivor.runs.extend(other.runs);
    survivor.runs.sort_by_key(|run| (run.triggered, run.id));
}

/// The words for a value, for people: texts without quotation marks.
pub fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
