//! Shared things, blocked values, and the ledger that says why.

use crate::world::*;
use crowsnest_model::ProfileId;
use crowsnest_store::LedgerKind;

fn ledger(world: &World, person: ProfileId, kind: LedgerKind) -> Vec<String> {
    let entries = world.read(|read| read.ledger(person, ALL));
    entries.into_iter().filter(|entry| entry.kind == kind).map(|entry| entry.reason).collect()
}

#[tokio::test]
async fn a_shared_browser_goes_along_and_welds_nobody() {
    let world = World::new(&[]).await;
    world.tell([track("1", "Seen").by("anonymous_id", "b").by("user_id", "u1")]).await;
    world.pass(1);
    world.tell([track("2", "Seen").by("anonymous_id", "b").by("user_id", "u2")]).await;
    world.pass(1);
    world.tell([track("3", "Seen").by("anonymous_id", "b")]).await;
    let (first, second) = (world.person("user_id", "u1"), world.person("user_id", "u2"));
    assert_ne!(first.id, second.id);
    assert_eq!((first.events, second.events), (1, 2), "without a login it is whoever was there last");
    assert_eq!(world.holder("anonymous_id", "b"), Some(second.id));
    assert!(first.identifiers_in("anonymous_id").next().is_none());
    assert_eq!(ledger(&world, second.id, LedgerKind::Move).len(), 1);
}

#[tokio::test]
async fn a_shared_mailbox_stays_where_it_was_and_is_said_once() {
    let world = World::new(&[]).await;
    world.tell([identify("1").by("email", "us@x.org").by("user_id", "u1")]).await;
    for place in 0..60 {
        world.tell([identify(format!("u2-{place}")).by("email", "us@x.org").by("user_id", "u2")]).await;
    }
    let second = world.person("user_id", "u2");
    assert_eq!(second.events, 60);
    assert_eq!(world.holder("email", "us@x.org"), world.holder("user_id", "u1"));
    assert_eq!(ledger(&world, second.id, LedgerKind::GaveWay).len(), 1);
}

#[tokio::test]
async fn the_ledger_does_not_grow_with_every_event_of_a_page_that_sends_undefined() {
    let world = World::new(&[]).await;
    let touch = |id: String| track(id, "Seen").by("anonymous_id", "b").by("user_id", "undefined");
    world.tell((0..40).map(|place| touch(format!("m{place}")))).await;
    let person = world.person("anonymous_id", "b");
    assert_eq!(person.events, 40);
    assert_eq!(ledger(&world, person.id, LedgerKind::Ignored), ["user_id is a blocked value (`undefined`)"]);
}

#[tokio::test]
async fn one_address_too_many_is_nobodys_and_is_said_once() {
    let world = World::new(&[]).await;
    let touch =
        |id: String, mail: usize| identify(id).by("user_id", "u1").by("email", &format!("mail-{mail}@x.org"));
    world.tell((0..5).map(|mail| touch(format!("m{mail}"), mail))).await;
    world.tell((0..30).map(|place| touch(format!("more-{place}"), 5))).await;
    let person = world.person("user_id", "u1");
    assert_eq!((person.events, person.identifiers_in("email").count()), (35, 5));
    assert_eq!(world.holder("email", "mail-5@x.org"), None);
    assert_eq!(
        ledger(&world, person.id, LedgerKind::GaveWay),
        ["the person would have 6 values of email, and may have 5"]
    );
}

#[tokio::test]
async fn an_event_without_anybodys_identifier_is_kept_as_a_person_of_its_own() {
    let world = World::new(&[]).await;
    world.tell([track("1", "Seen").by("user_id", "null"), track("2", "Seen").by("user_id", "null")]).await;
    assert_eq!(world.people().len(), 2, "two strangers, not one");
    assert_eq!(world.read(|read| read.counter("people")), 2);
}

#[tokio::test]
async fn an_alias_names_a_user_id_where_there_is_one_and_a_browser_where_there_is_not() {
    let world = World::new(&[]).await;
    world.tell([track("1", "Seen").by("anonymous_id", "b1"), track("2", "Seen").by("user_id", "u1")]).await;
    let alias = crowsnest_model::EventKind::Alias;
    world.tell([Touch::new("3", alias, None).by("user_id", "u1").also_known_as("anonymous_id", "b1")]).await;
    assert_eq!(world.people().len(), 1);
    assert_eq!(world.person("user_id", "u1").events, 3);
    world.tell([track("4", "Seen").by("user_id", "u2")]).await;
    world.tell([Touch::new("5", alias, None).by("user_id", "u2").also_known_as("anonymous_id", "u1")]).await;
    assert_ne!(world.holder("user_id", "u1"), world.holder("user_id", "u2"), "two user ids are two people");
}
