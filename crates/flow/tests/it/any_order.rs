//! Any order of arrival and any number of copies give the same people; and where identifiers are shared, nobody is welded
//! together and nothing is lost.

use crate::world::*;
use crowsnest_ingest::wire::Batch;
use crowsnest_model::{ConsentStatus, HouseholdId, Identifier, Profile, Time};
use proptest::{prelude::*, test_runner::Config};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// One event in numbers small enough to meet often.
#[derive(Debug, Clone)]
struct Draw {
    /// Which identifiers it names: places in the list of its person's, or of all.
    named: Vec<usize>,
    person: usize,
    minute: i64,
    third_party: bool,
    traits: Vec<(usize, i64)>,
    consent: Option<(usize, bool)>,
    account: bool,
    alias: bool,
}

fn draw() -> impl Strategy<Value = Draw> {
    (
        prop::collection::vec(0_usize..5, 1..4),
        0_usize..3,
        0_i64..20,
        prop::bool::weighted(0.2),
        prop::collection::vec((0_usize..3, 0_i64..5), 0..3),
        prop::option::of((0_usize..3, any::<bool>())),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(named, person, minute, third_party, traits, consent, account, alias)| Draw {
            named,
            person,
            minute,
            third_party,
            traits,
            consent,
            account,
            alias,
        })
}

/// A person's own identifiers: one user id, and few of everything else, so that no limit binds.
fn own(person: usize, place: usize) -> (&'static str, String) {
    match place {
        0 => ("user_id", format!("u{person}")),
        1 => ("email", format!("P{person}@X.org")),
        2 => ("email", format!("p{person}.second@x.org")),
        3 => ("anonymous_id", format!("browser-{person}")),
        _ => ("loyalty_id", format!("card-{person}")),
    }
}

/// The same, with a browser and a mailbox that everybody uses.
fn shared(person: usize, place: usize) -> (&'static str, String) {
    match place {
        2 => ("email", "family@x.org".into()),
        3 => ("anonymous_id", "the-browser".into()),
        _ => own(person, place),
    }
}

fn touch(place: usize, draw: &Draw, identifier: fn(usize, usize) -> (&'static str, String)) -> Touch {
    let mut touch = if draw.traits.is_empty() {
        track(format!("m{place}"), "Seen")
    } else {
        identify(format!("m{place}"))
    };
    touch = touch.at(START.minus(crowsnest_model::Duration(draw.minute * MINUTE)));
    if draw.third_party {
        touch = touch.from("list");
    }
    for named in &draw.named {
        let (namespace, value) = identifier(draw.person, *named);
        touch = touch.by(namespace, &value);
    }
    if draw.account {
        touch = touch.by("account", &format!("a{}", draw.person % 2));
    }
    if draw.alias {
        let (namespace, value) = identifier(draw.person, 4);
        touch = touch.also_known_as(namespace, &value);
    }
    let traits: serde_json::Map<_, _> =
        draw.traits.iter().map(|(name, value)| (format!("t{name}"), json!(value))).collect();
    touch = touch.traits(traits.into());
    if let Some((topic, granted)) = draw.consent {
        let status = if granted { ConsentStatus::Granted } else { ConsentStatus::Withdrawn };
        // For a contact point of the event's own, so that it is known in any order.
        let mail =
            draw.named.iter().map(|named| identifier(draw.person, *named)).find(|(n, _)| *n == "email");
        if let Some((_, mail)) = mail {
            touch = touch.claims(["offers", "news", "*"][topic], status, Some(&mail));
        }
    }
    touch
}

/// A person without what depends on when we learned of them: ids of our own.
fn essence(profile: &Profile) -> serde_json::Value {
    let mut links: Vec<_> = profile
        .identifiers
        .iter()
        .chain(&profile.accounts)
        .map(|link| json!([link.namespace, link.value, link.first_seen, link.last_seen]))
        .collect();
    links.sort_by_key(ToString::to_string);
    json!({
        "links": links,
        "traits": profile.traits,
        "first": profile.first_seen,
        "last": profile.last_seen,
        "events": profile.events,
        "household": profile.household(),
        "sources": profile.sources,
    })
}

#[derive(Debug, PartialEq)]
struct State {
    people: Vec<String>,
    consents: Vec<String>,
    households: Vec<usize>,
    counts: (u64, u64, u64),
}

/// The state after these arrivals, `split` to a batch.
fn state_of(runtime: &tokio::runtime::Runtime, arrivals: Vec<Touch>, split: usize) -> State {
    runtime.block_on(async {
        let world = World::new(&[]).await;
        let mut batch = Vec::new();
        for touch in arrivals {
            batch.push(touch);
            if batch.len() == split {
                world.tell(batch.drain(..)).await;
            }
        }
        world.tell(batch).await;
        let mut people: Vec<String> =
            world.people().iter().map(|profile| essence(profile).to_string()).collect();
        people.sort();
        let mut consents = Vec::new();
        for profile in world.people() {
            for link in profile.identifiers_in("email") {
                let known = world.read(|read| read.consents("email", &link.value));
                consents.extend(known.iter().map(|consent| format!("{consent:?}")));
            }
        }
        consents.sort();
        let households = ["a0", "a1"]
            .map(|account| world.read(|read| read.household(HouseholdId::of("account", account))).len());
        let counts = world
            .read(|read| Ok((read.counter("events")?, read.counter("people")?, read.household_count()?)));
        State { people, consents, households: households.to_vec(), counts }
    })
}

/// What must hold whatever came: nothing lost or doubled, one holder each, two user ids two people.
fn sound(runtime: &tokio::runtime::Runtime, arrivals: Vec<Touch>, split: usize) {
    runtime.block_on(async {
        let world = World::new(&[]).await;
        let distinct: BTreeSet<_> = arrivals.iter().map(|touch| touch.clone().event(START).id).collect();
        let mut batches = arrivals.into_iter().peekable();
        while batches.peek().is_some() {
            let batch: Vec<_> = batches.by_ref().take(split).collect();
            world.tell(batch).await;
        }
        let people = world.people();
        assert_eq!(people.iter().map(|profile| profile.events).sum::<u64>(), distinct.len() as u64);
        assert_eq!(world.read(|read| read.counter("events")), distinct.len() as u64);
        assert_eq!(world.read(|read| read.counter("people")), people.len() as u64);
        let mut holders: BTreeMap<(String, String), u64> = BTreeMap::new();
        for profile in &people {
            let stored = world.read(|read| read.events(profile.id, ALL));
            assert_eq!(stored.len() as u64, profile.events, "as many as are kept");
            assert!(profile.identifiers_in("user_id").count() <= 1, "two user ids are two people");
            assert!(profile.identifiers_in("email").count() <= 5);
            for link in &profile.identifiers {
                let before = holders.insert((link.namespace.to_string(), link.value.clone()), profile.id.0);
                assert_eq!(before, None, "{link:?} is two people's");
                let holder = world.holder(link.namespace.as_str(), &link.value);
                assert_eq!(holder, Some(profile.id), "{link:?}");
            }
        }
        for (namespace, value) in (0..3).flat_map(|person| (0..5).map(move |place| shared(person, place))) {
            let normal = value.to_lowercase();
            for value in [&value, &normal] {
                if let Some(holder) = world.holder(namespace, value) {
                    let named = (namespace.to_owned(), value.clone());
                    assert_eq!(holders.get(&named), Some(&holder.0), "who holds it knows it");
                }
            }
        }
    });
}

/// Each event once at least, in any order, some again.
fn arrivals(
    identifier: fn(usize, usize) -> (&'static str, String),
) -> impl Strategy<Value = (Vec<Touch>, Vec<Touch>, usize)> {
    prop::collection::vec(draw(), 1..14).prop_flat_map(move |draws| {
        let touches: Vec<Touch> =
            draws.iter().enumerate().map(|(place, draw)| touch(place, draw, identifier)).collect();
        let count = touches.len();
        let again = prop::collection::vec(0..count, 0..6);
        (Just(touches), again, 1_usize..6).prop_flat_map(|(touches, again, split)| {
            let mut more = touches.clone();
            more.extend(again.iter().map(|place| touches[*place].clone()));
            (Just(touches), Just(more).prop_shuffle(), Just(split))
        })
    })
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_order_and_any_copies_give_the_same_people((one, other, split) in arrivals(own)) {
        let runtime = runtime();
        let straight = state_of(&runtime, one, 100);
        let shuffled = state_of(&runtime, other, split);
        prop_assert_eq!(straight, shuffled);
    }

    #[test]
    fn shared_browsers_and_mailboxes_weld_nobody_and_lose_nothing((_, arrivals, split) in arrivals(shared)) {
        sound(&runtime(), arrivals, split);
    }
}

#[tokio::test]
async fn a_copy_in_another_batch_is_a_duplicate_and_says_so() {
    let world = World::new(&[]).await;
    let first = world.tell([subscriber("ann@x.org"), subscriber("ann@x.org")]).await;
    assert_eq!((first.accepted, first.duplicates), (1, 1));
    let again = world.tell([subscriber("ann@x.org")]).await;
    assert_eq!((again.accepted, again.duplicates), (0, 1));
    let other_source = world.tell([subscriber("ann@x.org").from("calls")]).await;
    assert_eq!(other_source.accepted, 1, "the same message id of another source is another event");
    assert_eq!(world.person("email", "ann@x.org").events, 2);
}

#[tokio::test]
async fn nothing_that_comes_in_is_later_than_its_arrival_but_what_is_late_is_kept_in_its_place() {
    let world = World::new(&[]).await;
    let traits = |value: &str| json!({ "city": value });
    world.tell([identify("1").by("email", "ann@x.org").traits(traits("Chicago"))]).await;
    let late = identify("2").by("email", "ann@x.org").traits(traits("Gary")).ago(&world, 365 * DAY);
    world.tell([late]).await;
    let ann = world.person("email", "ann@x.org");
    assert_eq!(ann.text("city"), Some("Chicago"));
    assert_eq!(ann.first_seen, Time(START.0 - 365 * DAY));
    let batch = Batch::default();
    assert_eq!(world.engine.take_in(batch).await.unwrap().accepted, 0, "nothing is nothing");
    let nobody = Identifier::new("email", "bob@x.org");
    assert_eq!(world.read(|read| read.holders(&[&nobody])), [None]);
}
