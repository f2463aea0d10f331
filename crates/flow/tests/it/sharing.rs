//! Several people go by one address: couples share a mailbox, families a landline.

use crate::{town::*, world::*};
use crowsnest_flow::{Answer, Asked, SplitBy};
use crowsnest_model::{Identifier, Profile, ProfileId};
use crowsnest_store::{LedgerEntry, LedgerKind};
use proptest::{prelude::*, test_runner::Config};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const HOME: &str = "carters@x.org";
const LANDLINE: &str = "+13125550142";

fn named(forename: &str) -> Value {
    json!({"first_name": forename, "last_name": "Carter"})
}

fn mailed(id: &str, forename: &str) -> Touch {
    known(id, "email", HOME, named(forename))
}

fn sharers(world: &World, namespace: &str, value: &str) -> Vec<ProfileId> {
    let identifier = Identifier::new(namespace, value);
    world.read(|read| read.sharers(&[&identifier])).remove(0)
}

fn shared_by(world: &World, person: ProfileId) -> Vec<LedgerEntry> {
    let mut ledger = world.read(|read| read.ledger(person, ALL));
    ledger.retain(|entry| entry.kind == LedgerKind::Shared);
    ledger
}

/// By the forename that is known of them last.
fn called(world: &World, forename: &str) -> Profile {
    let mut found = world.people();
    found.retain(|person| person.text("first_name") == Some(forename));
    assert_eq!(found.len(), 1, "one person is called {forename}");
    found.remove(0)
}

#[tokio::test]
async fn a_couple_that_shares_a_mailbox_are_two_people() {
    let world = World::new(&[MATCHING]).await;
    world.tell([mailed("1", "Ann").by("user_id", "u-ann"), mailed("2", "Bob").by("user_id", "u-bob")]).await;
    let (ann, bob) = (world.person("user_id", "u-ann"), world.person("user_id", "u-bob"));
    assert_ne!(ann.id, bob.id);
    assert_eq!(world.holder("email", HOME), Some(ann.id));
    assert_eq!(sharers(&world, "email", HOME), [bob.id]);
    assert_eq!(bob.contact("email").as_deref(), Some(HOME), "he is reached there, too");
    let told = shared_by(&world, bob.id);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].other, Some(ann.id));
    let reason = &told[0].reason;
    assert!(reason.starts_with("their forename is Bob and not Ann: -"), "{reason}");
    assert!(reason.ends_with("; the e-mail address is shared"), "{reason}");
    let told = world.engine.same_person(Asked::Profile(ann.id), Asked::Profile(bob.id)).unwrap();
    let sentence = &told.between[0].sentence;
    assert!(sentence.starts_with("Both have gone by email=carters@x.org since 2026-03-02 at"), "{sentence}");
    assert!(told.summary.contains("their forename is Bob and not Ann"), "{}", told.summary);
}

#[tokio::test]
async fn without_matching_an_address_makes_them_one() {
    let world = World::new(&[]).await;
    world.tell([mailed("1", "Ann"), mailed("2", "Bob")]).await;
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn nobody_is_somebody_new_with_every_event() {
    for order in [["Ann", "Bob"], ["Bob", "Ann"]] {
        let world = World::new(&[MATCHING]).await;
        world.tell([mailed("first", order[0])]).await;
        for place in 0..100 {
            let forename = if place % 3 == 0 { "Ann" } else { "Bob" };
            world.tell([mailed(&format!("m{place}"), forename)]).await;
        }
        assert_eq!(world.people().len(), 2, "{order:?}");
        let (ann, bob) = (called(&world, "Ann"), called(&world, "Bob"));
        assert_eq!(ann.events + bob.events, 101);
        assert_eq!(ann.events, if order[0] == "Ann" { 35 } else { 34 });
        assert_eq!(shared_by(&world, ann.id).len() + shared_by(&world, bob.id).len(), 1, "once is enough");
        assert_eq!(world.read(|read| read.decisions(ALL)).len(), 0);
    }
}

#[tokio::test]
async fn the_same_name_in_other_words_is_the_same_person() {
    let world = World::new(&[MATCHING]).await;
    world.tell([mailed("1", "Robert"), mailed("2", "Bob"), mailed("3", "R."), mailed("4", "ROBERT")]).await;
    assert_eq!(world.people().len(), 1);
    // Of an address that nobody says anything of, it is whoever has it.
    world.tell([track("5", "Opened").by("email", HOME), mailed("6", "Ann")]).await;
    world.tell([track("7", "Opened").by("email", HOME)]).await;
    assert_eq!(world.people().len(), 2);
    assert_eq!(world.person("email", HOME).events, 6);
}

#[tokio::test]
async fn a_birthday_tells_a_father_from_his_son() {
    let world = World::new(&[MATCHING]).await;
    let born = |id: &str, birthday: &str| {
        known(
            id,
            "phone",
            LANDLINE,
            json!({"first_name": "Bob", "last_name": "Carter", "birthday": birthday}),
        )
    };
    world.tell([born("1", "1950-01-19"), born("2", "1984-11-02"), born("3", "1984-11-02")]).await;
    assert_eq!(world.people().len(), 2);
    let father = world.person("phone", LANDLINE);
    assert_eq!(father.events, 1);
    let son = sharers(&world, "phone", LANDLINE)[0];
    let reason = shared_by(&world, son)[0].reason.clone();
    assert!(reason.starts_with("their birth date is 1984-11-02 and not 1950-01-19: -"), "{reason}");
}

/// A family: who says something, and by which of what they go by.
#[derive(Debug, Clone)]
struct Draw {
    person: usize,
    named: Vec<usize>,
    word: usize,
    minute: i64,
}

/// Ann and her child have accounts, Bob has a mailbox of his own; all of them share the family's mailbox and landline.
fn family(person: usize, place: usize) -> (&'static str, &'static str) {
    match (place, person) {
        (0 | 1, _) => ("email", HOME),
        (2 | 3, _) => ("phone", LANDLINE),
        (_, 0) => ("user_id", "u-ann"),
        (_, 1) => ("email", "bob@work.example"),
        _ => ("user_id", "u-cid"),
    }
}

fn draw() -> impl Strategy<Value = Draw> {
    (0_usize..3, prop::collection::vec(0_usize..5, 1..4), 0_usize..2, 0_i64..20)
        .prop_map(|(person, named, word, minute)| Draw { person, named, word, minute })
}

fn said(place: usize, draw: &Draw) -> Touch {
    let forename = [["Ann", "ANN"], ["Bob", "Robert"], ["Cid", "cid"]][draw.person][draw.word];
    let at = START.minus(crowsnest_model::Duration(draw.minute * MINUTE));
    let touch = identify(format!("m{place}")).at(at).traits(named(forename));
    draw.named.iter().fold(touch, |touch, place| {
        let (namespace, value) = family(draw.person, *place);
        touch.by(namespace, value)
    })
}

/// Whose events are one person's.
fn partition(world: &World) -> BTreeSet<BTreeSet<String>> {
    let events = |person: Profile| world.read(|read| read.events(person.id, ALL));
    let ids = |person| events(person).iter().map(|event| event.columns.id.to_string()).collect();
    world.people().into_iter().map(ids).collect()
}

fn people_of(
    runtime: &tokio::runtime::Runtime,
    touches: Vec<Touch>,
    batch: usize,
) -> BTreeSet<BTreeSet<String>> {
    runtime.block_on(async {
        let world = World::new(&[MATCHING]).await;
        let mut rest = touches;
        while !rest.is_empty() {
            let after = rest.split_off(batch.min(rest.len()));
            world.tell(rest).await;
            rest = after;
        }
        is_sound(&world);
        partition(&world)
    })
}

/// What people share is known of them and of the address alike, and nobody shares what is theirs.
fn is_sound(world: &World) {
    let mut known: BTreeMap<Identifier, BTreeSet<ProfileId>> = BTreeMap::new();
    for person in world.people() {
        for link in &person.shared {
            let identifier = link.identifier();
            let holder = world.holder(identifier.namespace.as_str(), &identifier.value);
            assert!(holder.is_some_and(|holder| holder != person.id), "{identifier:?}");
            known.entry(identifier).or_default().insert(person.id);
        }
    }
    for (namespace, value) in [("email", HOME), ("phone", LANDLINE), ("email", "bob@work.example")] {
        let there: BTreeSet<ProfileId> = sharers(world, namespace, value).into_iter().collect();
        let identifier = Identifier::new(namespace, value);
        assert_eq!(known.remove(&identifier).unwrap_or_default(), there, "{identifier:?}");
    }
    assert!(known.is_empty(), "{known:?}");
}

proptest! {
    #![proptest_config(Config { cases: 48, max_shrink_iters: 200, ..Config::default() })]

    /// What came without a name is left out: that is whoever's whose the address is by then, see below.
    #[test]
    fn a_family_is_the_same_people_in_any_order(
        (events, order) in prop::collection::vec(draw(), 1..14)
            .prop_flat_map(|events| {
                let places: Vec<usize> = (0..events.len()).collect();
                (Just(events), Just(places).prop_shuffle())
            }),
        batch in 1_usize..5,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let touches = |places: &mut dyn Iterator<Item = usize>| -> Vec<Touch> {
            places.map(|place| said(place, &events[place])).collect()
        };
        let one = people_of(&runtime, touches(&mut (0..events.len())), 1);
        let other = people_of(&runtime, touches(&mut order.iter().copied()), batch);
        prop_assert_eq!(&one, &other);
        // Nobody is two of the family.
        let id = |place: usize| crowsnest_model::EventId::of("web", &format!("m{place}")).to_string();
        for person in &one {
            let who: BTreeSet<usize> =
                (0..events.len()).filter(|place| person.contains(&id(*place))).map(|place| events[place].person).collect();
            prop_assert_eq!(who.len(), 1);
        }
    }
}

#[tokio::test]
async fn what_comes_without_a_name_is_whose_the_address_is() {
    for (order, whose) in [(["Ann", "Bob"], "Ann"), (["Bob", "Ann"], "Bob")] {
        let world = World::new(&[MATCHING]).await;
        world
            .tell([mailed("1", order[0]), track("2", "Opened").by("email", HOME), mailed("3", order[1])])
            .await;
        world.tell([track("4", "Opened").by("email", HOME)]).await;
        assert_eq!(called(&world, whose).events, 3);
        assert_eq!(world.people().len(), 2);
    }
}

#[tokio::test]
async fn a_browser_that_two_use_welds_nobody_who_is_clearly_two() {
    let world = World::new(&[MATCHING]).await;
    world.tell([mailed("1", "Ann").by("anonymous_id", "the-browser")]).await;
    world.pass(HOUR);
    world.tell([known("2", "email", "bob@x.org", named("Bob")).by("anonymous_id", "the-browser")]).await;
    assert_eq!(world.people().len(), 2);
    assert_eq!(
        world.holder("anonymous_id", "the-browser"),
        world.holder("email", "bob@x.org"),
        "it goes along"
    );
    // By the browser alone nothing tells them apart.
    world.tell([known("3", "anonymous_id", "the-browser", named("Ann"))]).await;
    assert_eq!(world.people().len(), 2);
}

#[tokio::test]
async fn people_of_the_house_decide_otherwise_and_it_holds() {
    let world = World::new(&[MATCHING]).await;
    world.tell(strangers(60)).await;
    let all = |forename: &str| {
        json!({"first_name": forename, "last_name": "Carter", "phone": LANDLINE,
               "address": {"street": "12 Elm Street", "postal_code": "60601", "city": "Chicago"}})
    };
    world.tell([known("1", "email", HOME, all("Ann")), known("2", "email", HOME, all("Bob"))]).await;
    matched(&world).await;
    let (ann, bob) = (called(&world, "Ann"), called(&world, "Bob"));
    let asked = world.engine.questions(false, ALL).unwrap();
    let pairs: Vec<_> = asked.iter().map(|asked| [asked.question.one, asked.question.other]).collect();
    assert_eq!(
        pairs,
        [[ann.id.min(bob.id), ann.id.max(bob.id)]],
        "whoever is alike but for that is asked about"
    );
    world.engine.answer(asked[0].question.id, Answer::Same, "a stage name".into()).await.unwrap();
    let one = world.person("email", HOME);
    assert_eq!((one.events, one.shared.len()), (2, 0));
    is_sound(&world);
    world.tell([known("3", "email", HOME, all("Bob")), known("4", "email", HOME, all("Ann"))]).await;
    matched(&world).await;
    assert_eq!(world.person("email", HOME).events, 4, "it does not give way again");
    // Somebody else who uses it is somebody else.
    world.tell([known("5", "email", HOME, all("Cid"))]).await;
    assert_eq!(called(&world, "Cid").events, 1);
    is_sound(&world);
}

#[tokio::test]
async fn little_that_is_known_is_enough_for_a_decision_to_hold() {
    let world = World::new(&[MATCHING]).await;
    let only = |id: &str, forename: &str| known(id, "email", HOME, json!({"first_name": forename}));
    world.tell([only("1", "Ann"), only("2", "Bob")]).await;
    let (ann, bob) = (called(&world, "Ann"), called(&world, "Bob"));
    world.engine.join(ann.id, bob.id, "they are one".into()).await.unwrap();
    world.tell([only("3", "Bob"), only("4", "Ann"), only("5", "Bob")]).await;
    assert_eq!(world.person("email", HOME).events, 5);
    assert_eq!(world.people().len(), 1);
    is_sound(&world);
}

#[tokio::test]
async fn whoever_was_decided_to_be_different_stays_so() {
    let world = World::new(&[MATCHING]).await;
    world.tell([mailed("1", "Ann"), mailed("2", "Bob")]).await;
    let (ann, bob) = (called(&world, "Ann"), called(&world, "Bob"));
    world.pass(HOUR);
    world.engine.join(ann.id, bob.id, "a mistake".into()).await.unwrap();
    world.pass(HOUR);
    let split =
        world.engine.split(ann.id, SplitBy::Merged(bob.id), "they are a couple".into(), false).await.unwrap();
    assert_eq!(split.people.len(), 2);
    let (again_ann, again_bob) = (called(&world, "Ann"), called(&world, "Bob"));
    assert_eq!((again_ann.id, again_bob.id), (ann.id, bob.id), "under the ids that they had");
    assert_eq!((again_ann.events, again_bob.events), (1, 1));
    assert_eq!(again_bob.shared, bob.shared, "as if they had never been merged");
    assert_eq!(shared_by(&world, bob.id).len(), 1);
    is_sound(&world);
    // Neither an event nor a decision of likeness makes them one.
    world.tell([mailed("3", "Bob"), mailed("4", "Ann")]).await;
    assert_eq!((called(&world, "Ann").events, called(&world, "Bob").events), (2, 2));
    assert!(called(&world, "Bob").apart.iter().any(|apart| apart.decision == split.decision.unwrap()));
}

#[tokio::test]
async fn telling_somebody_else_apart_leaves_what_they_share() {
    let world = World::new(&[MATCHING]).await;
    // Bob has two cards, one of which turns out to be lent; he and Ann share a mailbox.
    world
        .tell([
            mailed("1", "Ann"),
            mailed("2", "Bob").by("loyalty_id", "B-1"),
            known("3", "loyalty_id", "B-2", json!({"plan": "gold"})),
            mailed("4", "Bob").by("loyalty_id", "B-1").by("loyalty_id", "B-2"),
            mailed("5", "Bob"),
        ])
        .await;
    let before = world.person("loyalty_id", "B-1");
    assert_eq!((world.people().len(), before.events, before.shared.len()), (2, 4, 1));
    world
        .engine
        .split(
            before.id,
            SplitBy::Identifiers(vec![Identifier::new("loyalty_id", "B-2")]),
            "it was lent".into(),
            false,
        )
        .await
        .unwrap();
    is_sound(&world);
    let bob = world.person("loyalty_id", "B-1");
    assert_eq!((bob.id, bob.events, &bob.shared), (before.id, 3, &before.shared));
    assert_eq!(world.person("loyalty_id", "B-2").events, 1);
    assert_eq!(called(&world, "Ann").events, 1);
    assert_eq!(
        shared_by(&world, bob.id).iter().filter(|entry| entry.namespace.as_deref() == Some("email")).count(),
        1
    );
}

#[tokio::test]
async fn what_two_share_is_shared_by_the_one_person() {
    let world = World::new(&[MATCHING]).await;
    world
        .tell([
            known("1", "email", HOME, named("Ann")).by("phone", LANDLINE),
            mailed("2", "Bob"),
            known("3", "phone", LANDLINE, named("Bob")),
        ])
        .await;
    assert_eq!(world.people().len(), 3, "nothing says that the one Bob is the other");
    world.tell([known("4", "email", HOME, named("Bob")).by("phone", LANDLINE)]).await;
    let bob = called(&world, "Bob");
    assert_eq!((world.people().len(), bob.events, bob.shared.len()), (2, 3, 2));
    is_sound(&world);
    // He gets a mailbox to himself, and the decision that he is Ann makes all of it one person's.
    world.engine.join(called(&world, "Ann").id, bob.id, "one".into()).await.unwrap();
    assert_eq!(world.person("email", HOME).shared, []);
    is_sound(&world);
}

#[tokio::test]
async fn what_gave_way_stays_so_whatever_is_learned_later() {
    let world = World::new(&[MATCHING]).await;
    world.tell([mailed("1", "Ann").by("loyalty_id", "A-1"), mailed("2", "Bob"), mailed("3", "Bob")]).await;
    world.pass(HOUR);
    world.tell(strangers(60)).await;
    matched(&world).await;
    let (ann, bob) = (called(&world, "Ann"), called(&world, "Bob"));
    let joined = world.engine.join(ann.id, bob.id, "a mistake".into()).await.unwrap();
    assert_eq!(joined.profile, bob.id, "though the mailbox is hers");
    world.pass(HOUR);
    let split = SplitBy::Merged(ann.id);
    world.engine.split(ann.id, split, "a couple".into(), false).await.unwrap();
    let (again_ann, again_bob) = (called(&world, "Ann"), called(&world, "Bob"));
    assert_eq!((again_ann.id, again_ann.events), (ann.id, 1));
    assert_eq!((again_bob.id, again_bob.events, again_bob.shared), (bob.id, 2, bob.shared));
    is_sound(&world);
}

#[tokio::test]
async fn of_more_than_a_crowd_nobody_is_remembered() {
    let world = World::new(&[MATCHING]).await;
    // No two of these have more than one of day, month and year in common.
    let born = |place: usize| format!("{}-{:02}-{:02}", 1930 + place, 1 + place % 12, 1 + place * 11 % 28);
    let event = |round: usize, place: usize| {
        known(&format!("{round}-{place}"), "email", "info@firm.example", json!({"birthday": born(place)}))
    };
    for round in 0..2 {
        for place in 0..70 {
            world.tell([event(round, place)]).await;
        }
    }
    let there = sharers(&world, "email", "info@firm.example").len();
    assert_eq!((there, world.people().len()), (16, 17));
    world.tell([event(2, 69).by("user_id", "u-69")]).await;
    let her = world.person("user_id", "u-69");
    assert_eq!((her.events, her.shared.len()), (1, 0), "whoever is known by more is still nobody else");
    // Nor does it weld whoever says nothing of their own.
    world
        .tell([known("more", "email", "info@firm.example", json!({"plan": "gold"})).by("loyalty_id", "L-9")])
        .await;
    assert_eq!(world.person("loyalty_id", "L-9").events, 1);
}
