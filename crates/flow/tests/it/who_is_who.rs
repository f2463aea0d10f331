//! That two people turn out to be one, or are told apart, begins programs, and systems outside hear of it.

use crate::world::*;
use crowsnest_flow::SplitBy;
use crowsnest_model::{Object, ProfileId};
use crowsnest_store::{IdentityChange, IdentityChangeKind, LedgerKind, RunState};
use serde_json::json;
use std::collections::BTreeMap;

const MERGED: &str = r#"
program: every-merge
trigger: { identity: merged }
steps:
  - wait: 365d
---
program: two-were-one
trigger: { identity: merged, when: "!event.properties.anonymous" }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - exit: they know
"#;

const SPLIT: &str = r#"
program: told-apart
trigger: { identity: split }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 365d
"#;

/// Ann by her login, and somebody by her card who may be Ann.
async fn two(documents: &[&str]) -> (World, ProfileId, ProfileId) {
    let world = World::new(documents).await;
    world.tell([identify("a").by("user_id", "u1").by("email", "ann@x.org").grants("offers")]).await;
    world.tell([track("a2", "Seen").by("user_id", "u1")]).await;
    world.tell([identify("b").by("loyalty_id", "l2").by("email", "bea@x.org").grants("offers")]).await;
    let ids = (world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id);
    world.pass(HOUR);
    (world, ids.0, ids.1)
}

fn till(id: &str) -> Touch {
    track(id, "Seen").by("user_id", "u1").by("loyalty_id", "l2")
}

/// What let somebody into a program.
fn seen(world: &World, who: ProfileId, program: &str) -> Object {
    let person = world.read(|read| read.profile(who)).unwrap();
    person.runs.into_iter().find(|run| run.program == program).unwrap().properties
}

async fn told_apart(world: &World, who: ProfileId, by: SplitBy) {
    world.engine.split(who, by, "two sisters".into(), false).await.unwrap();
}

fn changes(world: &World, after: u64) -> Vec<IdentityChange> {
    world.read(|read| read.identity_changes(after, 1_000))
}

/// Kinds with survivor and absorbed.
fn told(changes: &[IdentityChange]) -> Vec<(&'static str, ProfileId, ProfileId)> {
    changes.iter().map(|change| (change.kind.as_str(), change.survivor, change.absorbed)).collect()
}

#[tokio::test]
async fn a_merge_begins_programs_once_and_they_see_what_it_was() {
    let (world, ann, bea) = two(&[MERGED]).await;
    world.tell([till("till")]).await;
    world.serve().await;
    let event = crowsnest_model::EventId::of("web", "till");
    assert_eq!(
        json!(seen(&world, ann, "every-merge")),
        json!({
            "survivor": ann, "absorbed": bea, "by": "event", "event": event, "anonymous": false,
            "reason": "identifiers of both were named together in a track event: user_id, loyalty_id",
        })
    );
    assert_eq!(world.run_words("two-were-one"), ["finished: they know"]);
    assert_eq!(world.mailed().len(), 1);
    // The same event again, and another that names both: there is nothing left to merge.
    world.tell([till("till"), till("till-2")]).await;
    world.serve().await;
    assert_eq!((world.mailed().len(), world.runs("every-merge").len()), (1, 1));
}

#[tokio::test]
async fn a_browser_whose_owner_becomes_known_is_told_from_two_people() {
    for views in [1, 5] {
        // With more views the browser survives, and is still what was anonymous.
        let (world, ann, _) = two(&[MERGED]).await;
        let view = |place: usize| track(format!("v{place}"), "Seen").by("anonymous_id", "b");
        world.tell((0..views).map(view)).await;
        let browser = world.holder("anonymous_id", "b").unwrap();
        world.tell([identify("login").by("user_id", "u1").by("anonymous_id", "b")]).await;
        world.serve().await;
        let one = world.person("user_id", "u1").id;
        assert_eq!(one, if views == 1 { ann } else { browser });
        assert_eq!(seen(&world, one, "every-merge")["anonymous"], true);
        assert_eq!(world.run_words("two-were-one"), [""; 0], "the condition leaves it out, without a record");
        assert!(changes(&world, 0)[0].anonymous);
    }
}

#[tokio::test]
async fn the_person_is_seen_with_what_the_event_says() {
    let program = r#"
program: gold
trigger: { identity: merged }
audience: profile.tier == "gold"
steps:
  - exit: gold
"#;
    let (world, _, _) = two(&[program]).await;
    let event = identify("till").by("user_id", "u1").by("loyalty_id", "l2").traits(json!({ "tier": "gold" }));
    world.tell([event]).await;
    assert_eq!(world.run_words("gold"), ["finished: gold"]);
}

#[tokio::test]
async fn history_merges_and_begins_nothing() {
    let (world, ann, bea) = two(&[MERGED]).await;
    world.tell([till("old").historical()]).await;
    assert_eq!(world.people().len(), 1);
    assert_eq!(world.runs("every-merge").len() + world.runs("two-were-one").len(), 0);
    assert_eq!(told(&changes(&world, 0)), [("merged", ann, bea)], "systems outside have to know");
}

#[tokio::test]
async fn a_decision_begins_them_too_and_each_of_two_who_are_told_apart_enters() {
    let (world, ann, bea) = two(&[MERGED, SPLIT]).await;
    let joined = world.engine.join(ann, bea, "she told us".into()).await.unwrap();
    world.serve().await;
    assert_eq!(
        json!(seen(&world, ann, "every-merge")),
        json!({
            "survivor": ann, "absorbed": bea, "by": "decision", "decision": joined.decision,
            "anonymous": false, "reason": "she told us",
        })
    );
    assert_eq!(world.mailed().len(), 1);
    world.pass(HOUR);
    let preview = world.engine.split(ann, SplitBy::Merged(bea), "perhaps".into(), true).await.unwrap();
    assert_eq!(preview.people.len(), 2);
    assert_eq!(world.runs("told-apart").len(), 0);
    told_apart(&world, ann, SplitBy::Merged(bea)).await;
    world.serve().await;
    for (who, other) in [(ann, bea), (bea, ann)] {
        let seen = seen(&world, who, "told-apart");
        assert_eq!(seen["other"], json!(other));
        assert_eq!((&seen["reason"], &seen["by"]), (&json!("two sisters"), &json!("decision")));
    }
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed.len(), 3, "{mailed:?}");
    assert!(mailed.iter().any(|to| to.contains("bea@x.org")));
    // They are one again, by another decision: another merge.
    world.pass(HOUR);
    world.engine.join(ann, bea, "they are one after all".into()).await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 4);
}

/// Ann, Bea and a third, all one; then the third is told apart, and then Bea.
#[tokio::test]
async fn what_began_before_comes_about_again_and_nothing_is_sent_twice() {
    let (world, ann, bea) = two(&[MERGED, SPLIT]).await;
    world.tell([identify("c").by("user_id", "u1").by("customer_id", "c0")]).await;
    world.tell([identify("c3").by("card", "c3").by("email", "cia@x.org").grants("offers")]).await;
    let cia = world.person("card", "c3").id;
    world.tell([till("till")]).await;
    world.after(HOUR).await;
    world.tell([track("card", "Seen").by("user_id", "u1").by("card", "c3")]).await;
    world.after(HOUR).await;
    assert_eq!(world.people().len(), 1);
    let before = world.runs("two-were-one");
    assert_eq!((before.len(), world.mailed().len()), (2, 2), "{before:?}");

    told_apart(&world, ann, SplitBy::Merged(cia)).await;
    world.serve().await;
    let of = |program: &str, who: ProfileId| {
        world
            .read(|read| read.runs(Some(program), Some(who), ALL))
            .into_iter()
            .map(|run| run.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("two-were-one", ann),
        [before[0].id],
        "the merge that is still one, as the run that it was"
    );
    assert_eq!((of("told-apart", ann).len(), of("told-apart", cia).len()), (1, 1));
    assert_eq!(world.mailed().len(), 4, "two are told of the split, and nobody of a merge");
    let (told_ann, told_cia) = (of("told-apart", ann), of("told-apart", cia));

    // Another split takes the events in again: the first one is no event of theirs, and is on record as it was.
    world.after(HOUR).await;
    told_apart(&world, ann, SplitBy::Merged(bea)).await;
    world.serve().await;
    assert!(of("told-apart", ann).contains(&told_ann[0]), "the run that it was");
    assert_eq!(of("told-apart", cia), told_cia);
    let first: Vec<_> = world
        .runs("told-apart")
        .into_iter()
        .filter(|run| run.id == told_ann[0])
        .map(|run| (run.state, run.profile))
        .collect();
    assert_eq!(first, [(RunState::Active, ann)]);
    assert_eq!(of("told-apart", bea).len(), 1);
    let mut to: BTreeMap<String, usize> = BTreeMap::new();
    world.mailed().into_iter().for_each(|mail| *to.entry(mail).or_default() += 1);
    assert_eq!(to.values().sum::<usize>(), 5, "Bea hears of it; Ann is in the program already: {to:?}");
    let ledger = world.read(|read| read.ledger(ann, ALL));
    let split: Vec<_> = ledger
        .iter()
        .filter(|entry| entry.kind == LedgerKind::Split)
        .filter_map(|entry| entry.other)
        .collect();
    assert_eq!(split, [bea, cia], "both are on record, the latest first");
}

#[tokio::test]
async fn a_reader_of_changes_misses_nothing_and_sees_nothing_twice() {
    let (world, ann, bea) = two(&[]).await;
    world.tell([till("till")]).await;
    let mut read = changes(&world, 0);
    assert_eq!(told(&read), [("merged", ann, bea)]);
    assert_eq!(read[0].event, Some(crowsnest_model::EventId::of("web", "till")));
    let cursor = read[0].cursor;
    // A third becomes one with Bea's card, and so with Ann.
    world.tell([identify("c").by("phone", "+1 312 555 0100")]).await;
    world.tell([identify("c2").by("phone", "+1 312 555 0100")]).await;
    let cia = world.holder("phone", "+13125550100").unwrap();
    world.tell([track("call", "Seen").by("loyalty_id", "l2").by("phone", "+1 312 555 0100")]).await;
    let world = world.restarted(None);
    // Told apart, Bea and the third are one: a reader who followed has to hear that the third leads to her now.
    told_apart(&world, ann, SplitBy::Merged(bea)).await;
    let next = changes(&world, cursor);
    let one = world.person("loyalty_id", "l2").id;
    assert_eq!(one, cia, "of the two she has more events");
    assert_eq!(world.read(|read| read.survivor(bea)), cia);
    assert_eq!(told(&next), [("merged", ann, cia), ("split", ann, cia), ("moved", cia, bea)]);
    assert!(next[1].decision.is_some() && next[1].decision == next[2].decision);
    assert_eq!(next[1].reason, "two sisters");
    read.extend(next);
    assert_eq!(changes(&world, 0), read, "what was read is as it was");
    assert_eq!(follow(&read), leads(&world, [ann, bea, cia]));
}

/// Where ids lead for somebody who only reads the changes.
fn follow(changes: &[IdentityChange]) -> BTreeMap<ProfileId, ProfileId> {
    let mut leads = BTreeMap::new();
    for change in changes {
        match change.kind {
            IdentityChangeKind::Merged | IdentityChangeKind::Moved => {
                leads.insert(change.absorbed, change.survivor);
            }
            IdentityChangeKind::Split => {
                leads.remove(&change.absorbed);
            }
        }
    }
    leads
}

fn leads(world: &World, ids: impl IntoIterator<Item = ProfileId>) -> BTreeMap<ProfileId, ProfileId> {
    let survivor = |id| (id, world.read(|read| read.survivor(id)));
    ids.into_iter().map(survivor).filter(|(id, survivor)| id != survivor).collect()
}

/// Found by a random story (seed 60208): whoever was merged by way of somebody who is somebody else again is not theirs.
#[tokio::test]
async fn an_id_that_led_by_way_of_somebody_told_apart_is_told_to_lead_where_it_does() {
    let world = World::new(&[]).await;
    world.tell([track("1", "Seen").by("email", "one@x.org")]).await;
    world.tell([track("1b", "Seen").by("email", "one@x.org")]).await;
    world.tell([track("2", "Seen").by("email", "two@x.org")]).await;
    for id in ["3", "3b", "3c", "3d", "3e"] {
        world.tell([track(id, "Seen").by("anonymous_id", "browser")]).await;
    }
    let [one, two, browser] = [("email", "one@x.org"), ("email", "two@x.org"), ("anonymous_id", "browser")]
        .map(|(namespace, value)| world.person(namespace, value).id);
    // Two is one; then the browser is hers whom we know as two.
    world.tell([track("4", "Seen").by("email", "one@x.org").by("email", "two@x.org")]).await;
    world.pass(HOUR);
    world.tell([track("5", "Seen").by("email", "two@x.org").by("anonymous_id", "browser")]).await;
    assert_eq!(told(&changes(&world, 0)), [("merged", one, two), ("merged", browser, one)]);
    told_apart(&world, browser, SplitBy::Merged(two)).await;
    assert_eq!(world.read(|read| read.survivor(two)), browser);
    assert_eq!(told(&changes(&world, 2)), [("split", browser, one), ("moved", browser, two)]);
    // Told apart by something else, nobody hears anew what they know.
    world.tell([track("6", "Seen").by("email", "three@x.org").by("email", "two@x.org")]).await;
    let three = crowsnest_model::Identifier::new("email", "three@x.org");
    world.pass(HOUR);
    told_apart(&world, browser, SplitBy::Identifiers(vec![three])).await;
    let last: Vec<_> = told(&changes(&world, 4)).into_iter().filter(|(kind, ..)| *kind == "moved").collect();
    assert_eq!(last, []);
}
