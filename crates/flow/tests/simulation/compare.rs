//! What the house says, beside what follows from all that it was told.

use crate::{
    ask::Asked,
    chance::Chance,
    definitions::Definitions,
    people::{Human, People},
    told::beginning,
    world::World,
};
use crowsnest_model::{
    EventId, Profile, ProfileId, Time,
    delivery::{Delivery, DeliveryState, WEBHOOK},
};
use crowsnest_store::{IdentityChangeKind, LedgerKind, Page};
use crowsnest_testkit::Receiver;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Of so many people it is worked out when time alone will change something, since that is slow.
const LOOKED_AHEAD: usize = 3;

/// `Err` says what differs.
pub fn compare(
    world: &World,
    people: &People,
    definitions: &Definitions,
    receiver: &Receiver,
    chance: &mut Chance,
) -> Result<(), String> {
    let now = world.now().0;
    let pairs = pair_up(world, people)?;
    for (human, profile) in &pairs {
        let expected = segments_of(human, people, definitions, now);
        // What a profile says of segments that are no more is dropped when somebody comes to it.
        let left_open = left_open(human, definitions);
        let defined = |name: &&String| {
            definitions.groups.iter().any(|group| group.has(name)) && !left_open.contains(*name)
        };
        let found: BTreeSet<String> = profile.segments.keys().filter(defined).cloned().collect();
        if found != expected {
            return Err(format!(
                "{} is in {found:?} and should be in {expected:?}; next look {:?}; runs {:?}; series {:?}; events\n{}",
                profile.id,
                profile.next_look,
                profile.runs,
                profile.series,
                listed(human, people)
            ));
        }
        metrics(world, human, profile, people, definitions, now)?;
    }
    tables(world, &pairs, definitions)?;
    let looks: HashMap<ProfileId, Time> = world
        .read(|read| read.due_looks(Time(i64::MAX), 10_000))
        .into_iter()
        .map(|(due, person)| (person, due))
        .collect();
    for _ in 0..LOOKED_AHEAD.min(pairs.len()) {
        let (human, profile) = &pairs[chance.below(pairs.len())];
        let Some(change) = next_change(human, people, definitions, now) else { continue };
        for (place, set) in
            [("the profile", profile.next_look), ("the table", looks.get(&profile.id).copied())]
        {
            if set.is_none_or(|set| set.0 > change) {
                return Err(format!(
                    "{} changes at {} and is looked at again at {set:?}, says {place}",
                    profile.id,
                    Time(change)
                ));
            }
        }
    }
    dates(world, &pairs, definitions, people)?;
    sends(world, people, &pairs)?;
    changes(world)?;
    posts(world, receiver)
}

/// Whoever only reads the changes of identity knows to whom each id leads.
fn changes(world: &World) -> Result<(), String> {
    let changes = world.read(|read| read.identity_changes(0, usize::MAX >> 1));
    let mut leads: BTreeMap<ProfileId, ProfileId> = BTreeMap::new();
    for change in &changes {
        match change.kind {
            IdentityChangeKind::Merged | IdentityChangeKind::Moved => {
                leads.insert(change.absorbed, change.survivor)
            }
            IdentityChangeKind::Split => leads.remove(&change.absorbed),
        };
    }
    for id in changes.iter().flat_map(|change| [change.survivor, change.absorbed]) {
        let mut found = id;
        while let Some(next) = leads.get(&found) {
            found = *next;
        }
        let survivor = world.read(|read| read.survivor(id));
        if found != survivor {
            return Err(format!("{id} leads to {survivor}, and to {found} by the changes {changes:#?}"));
        }
    }
    Ok(())
}

/// What the receiver of the webhook was told is what is on record as told.
fn posts(world: &World, receiver: &Receiver) -> Result<(), String> {
    let posted: BTreeSet<String> =
        receiver.posted().iter().map(|posted| posted.header("webhook-id").to_owned()).collect();
    let recorded: BTreeSet<String> = world
        .deliveries()
        .into_iter()
        .filter(|delivery| delivery.channel == WEBHOOK && delivery.state == DeliveryState::Sent)
        .map(|delivery| delivery.id.to_string())
        .collect();
    if posted == recorded { Ok(()) } else { Err(format!("posted is {posted:?} and recorded {recorded:?}")) }
}

/// What came due for each has begun, and nothing else.
fn dates(
    world: &World,
    pairs: &[(&Human, Profile)],
    definitions: &Definitions,
    people: &People,
) -> Result<(), String> {
    for name in definitions.dates.keys().chain(definitions.watching.keys()) {
        let runs = world.read(|read| read.runs(Some(name), None, Page { limit: 100_000, offset: 0 }));
        for (human, profile) in pairs {
            // Prices that were told are not told again to those who were taken for one with somebody.
            if human.was_told_apart() && definitions.watching.contains_key(name) {
                continue;
            }
            let found: BTreeSet<&str> = runs
                .iter()
                .filter(|run| run.profile == profile.id)
                .map(|run| run.occasion.split('~').next().unwrap_or_default())
                .collect();
            let expected: BTreeSet<&str> = human
                .had
                .iter()
                .filter(|(program, _)| program == name)
                .map(|(_, day)| day.as_str())
                .collect();
            if found != expected {
                return Err(format!(
                    "{} was let into {name} for {found:?} and should have been for {expected:?}; next look {:?}; events\n{}",
                    profile.id,
                    profile.next_look,
                    listed(human, people)
                ));
            }
        }
    }
    Ok(())
}

fn listed(human: &Human, people: &People) -> String {
    human.events(&people.told).iter().map(|event| format!("{} {event:?}\n", Time(event.time))).collect()
}

/// Everybody, as the house and as the story knows them.
fn pair_up<'p>(world: &World, people: &'p People) -> Result<Vec<(&'p Human, Profile)>, String> {
    let mut profiles: HashMap<ProfileId, Profile> =
        world.people().into_iter().map(|profile| (profile.id, profile)).collect();
    let mut pairs = Vec::new();
    for human in people.all.iter().flatten() {
        let ids: BTreeSet<Option<ProfileId>> =
            human.names.keys().map(|(namespace, value)| world.holder(namespace, value)).collect();
        let [Some(id)] = ids.iter().copied().collect::<Vec<_>>()[..] else {
            return Err(format!("what names one person is held by {ids:?}"));
        };
        let profile = profiles.remove(&id).ok_or_else(|| format!("{id} is two people, or not there"))?;
        if profile.events != human.events.len() as u64 {
            return Err(format!("{id} has {} events and should have {}", profile.events, human.events.len()));
        }
        pairs.push((human, profile));
    }
    if profiles.is_empty() { Ok(pairs) } else { Err(format!("nobody ever told of {:?}", profiles.keys())) }
}

/// The segments that somebody is in at a moment, by their events and nothing else.
pub fn segments_of(human: &Human, people: &People, definitions: &Definitions, now: i64) -> BTreeSet<String> {
    let events = human.events(&people.told);
    let programs = human.programs();
    let agrees = people.agrees(human);
    let metrics = |name: &str| definitions.metrics.get(name).cloned();
    let mut inside = BTreeSet::new();
    for group in &definitions.groups {
        for (name, ask) in &group.parts {
            let asked = Asked {
                events: &events,
                now,
                segments: &inside,
                programs: &programs,
                agrees,
                metrics: &metrics,
            };
            if ask.as_ref().is_none_or(|ask| ask.answer(&asked) == Some(true)) {
                inside.insert(name.clone());
                if group.set.is_some() {
                    break;
                }
            }
        }
    }
    inside.retain(|name| !left_open(human, definitions).contains(name));
    inside
}

/// The segments of which it is not said here whether somebody is in them: once they were told apart from somebody, the
/// programs that they are in are where they would be by now had nothing ever been late, and here much is late.
fn left_open(human: &Human, definitions: &Definitions) -> BTreeSet<String> {
    if human.was_told_apart() { definitions.by_programs() } else { BTreeSet::new() }
}

/// When time alone changes that, at the first of all moments at which it could.
fn next_change(human: &Human, people: &People, definitions: &Definitions, now: i64) -> Option<i64> {
    let mut spans = BTreeSet::from([0]);
    let metrics = |name: &str| definitions.metrics.get(name).cloned();
    for ask in definitions.groups.iter().flat_map(|group| &group.parts).filter_map(|(_, ask)| ask.as_ref()) {
        ask.spans(&metrics, &mut spans);
    }
    let granularities: BTreeSet<i64> =
        definitions.metrics.values().map(|metric| metric.by).chain([1]).collect();
    let of = |time: i64| granularities.iter().map(move |by| beginning(time, *by));
    let times: BTreeSet<i64> = human.events(&people.told).iter().flat_map(|event| of(event.time)).collect();
    let moments: BTreeSet<i64> = times
        .iter()
        .flat_map(|time| spans.iter().flat_map(move |span| [time + span, time + span + 1]))
        .filter(|moment| *moment > now)
        .collect();
    let today = segments_of(human, people, definitions, now);
    moments.into_iter().find(|moment| segments_of(human, people, definitions, *moment) != today)
}

fn metrics(
    world: &World,
    human: &Human,
    profile: &Profile,
    people: &People,
    definitions: &Definitions,
    now: i64,
) -> Result<(), String> {
    let events = human.events(&people.told);
    let nothing = BTreeSet::new();
    let asked = Asked {
        events: &events,
        now,
        segments: &nothing,
        programs: &nothing,
        agrees: None,
        metrics: &|_| None,
    };
    let values = world.engine.metrics_of(profile.id).map_err(|error| error.to_string())?.unwrap_or_default();
    let found: BTreeMap<String, Option<Value>> =
        values.into_iter().map(|value| (value.metric, value.value.map(alike))).collect();
    let expected: BTreeMap<String, Option<Value>> = definitions
        .metrics
        .iter()
        .map(|(name, figure)| (name.clone(), figure.json(&asked).map(alike)))
        .collect();
    if found == expected {
        return Ok(());
    }
    Err(format!("the metrics of {} are {found:?} and should be {expected:?}", profile.id))
}

/// `1` and `1.0` are the same number.
fn alike(value: Value) -> Value {
    value.as_f64().map_or(value, Value::from)
}

/// The table of members, the profiles and the log say the same.
fn tables(world: &World, pairs: &[(&Human, Profile)], definitions: &Definitions) -> Result<(), String> {
    for (name, _) in definitions.groups.iter().flat_map(|group| &group.parts) {
        let members = world.read(|read| read.members(name, None, 10_000));
        let mut profiles: Vec<(ProfileId, Time)> = pairs
            .iter()
            .filter_map(|(_, profile)| Some((profile.id, profile.segments.get(name)?.since)))
            .collect();
        profiles.sort_unstable();
        if members != profiles {
            return Err(format!("{name}: the table has {members:?}, the profiles {profiles:?}"));
        }
        let log =
            world.read(|read| read.segment_changes(Some(name), None, Page { limit: 100_000, offset: 0 }));
        for (human, profile) in pairs {
            let last = log.iter().find(|change| change.profile == profile.id);
            let since = profile.segments.get(name).map(|membership| membership.since);
            let logged = last.filter(|change| change.entered).map(|change| change.time);
            // Of several who turned out to be one, the log has what happened to each.
            if since.is_some() != logged.is_some() || since != logged && !human.merged {
                return Err(format!(
                    "{name}: {} is in it since {since:?}, and the log's last word is {last:?}",
                    profile.id
                ));
            }
        }
    }
    Ok(())
}

/// When a person was last found to be one with another.
fn last_merge(world: &World, person: ProfileId) -> Time {
    let ledger = world.read(|read| read.ledger(person, Page { limit: 1_000, offset: 0 }));
    let merges = ledger.iter().filter(|entry| entry.kind == LedgerKind::Merge);
    merges.map(|entry| entry.time).max().unwrap_or(Time(i64::MIN))
}

/// Whether a program sent it.
fn by_program(delivery: &Delivery) -> bool {
    delivery.state == DeliveryState::Sent && delivery.run.is_some()
}

/// What was sent is what should have been, and nothing twice.
fn sends(world: &World, people: &People, pairs: &[(&Human, Profile)]) -> Result<(), String> {
    let ids: HashMap<String, &str> = people
        .told
        .iter()
        .map(|event| (EventId::of("web", &event.id).to_string(), event.id.as_str()))
        .collect();
    let mut found: HashMap<ProfileId, BTreeSet<(String, String, usize)>> = HashMap::new();
    for delivery in world.deliveries().into_iter().filter(by_program) {
        // Where two people turned out to be one, what both had has a name of its own.
        let plain = delivery.occasion.split('~').next().unwrap_or_default();
        let (occasion, step) = plain.rsplit_once('#').ok_or("an occasion without a step")?;
        let occasion = ids.get(occasion).copied().unwrap_or(occasion).to_owned();
        let step = step.parse().map_err(|_| "a step is not a number")?;
        let again = !found.entry(delivery.profile).or_default().insert((delivery.program, occasion, step));
        // Two people may both have had it, as long as nobody knew that they are one.
        if again && delivery.updated > last_merge(world, delivery.profile) {
            return Err(format!("{} was sent {} twice", delivery.profile, delivery.occasion));
        }
    }
    for (human, profile) in pairs {
        let found = found.remove(&profile.id).unwrap_or_default();
        // What was sent to two who were taken for one was sent.
        if human.was_told_apart() {
            continue;
        }
        if found != human.sent {
            return Err(format!(
                "{} was sent {found:?} and should have been {:?}; deliveries {:#?}; events\n{}",
                profile.id,
                human.sent,
                world
                    .deliveries()
                    .into_iter()
                    .filter(|delivery| delivery.profile == profile.id)
                    .map(|delivery| (delivery.program, delivery.occasion, delivery.state, delivery.reason))
                    .collect::<Vec<_>>(),
                listed(human, people)
            ));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(format!("nobody knows {:?}", found.keys())) }
}
