//! Several people go by one address: couples share a mailbox, families a landline.

use crate::{town::*, world::*};
use crowsnest_flow::{Answer, SplitBy};
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

fn gave_way(world: &World, person: ProfileId) -> Vec<LedgerEntry> {
    let mut ledger = world.read(|read| read.ledger(person, ALL));
    ledger.retain(|entry| entry.kind == LedgerKind::GaveWay);
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
    let told = gave_way(&world, bob.id);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].other, Some(ann.id));
    let reason = &told[0].reason;
    assert!(reason.starts_with("their forename is Bob and not Ann: -"), "{reason}");
    assert!(reason.ends_with("; the e-mail address is shared"), "{reason}");
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
        assert_eq!(gave_way(&world, ann.id).len() + gave_way(&world, bob.id).len(), 1, "once is enough");
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
        known(id, "phone", LANDLINE, json!({"first_name": "Bob", "last_name": "Carter", "birthday": birthday}))
    };
    world.tell([born("1", "1950-01-19"), born("2", "1984-11-02"), born("3", "1984-11-02")]).await;
    assert_eq!(world.people().len(), 2);
    let father = world.person("phone", LANDLINE);
    assert_eq!(father.events, 1);
    let son = sharers(&world, "phone", LANDLINE)[0];
    let reason = gave_way(&world, son)[0].reason.clone();
    assert!(reason.starts_with("their birth date is 1984-11-02 and not 1950-01-19: -"), "{reason}");
}
