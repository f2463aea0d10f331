//! Whoever is told apart has been in the programs that were in force then, by the version that was in force then.

use crate::{
    splitting::{split, welded},
    world::*,
};
use crowsnest_model::{ProfileId, Time};
use serde_json::json;

/// Two letters: 30 days before the lease ends, and ten before.
const LEASE: &str = r#"
program: lease
trigger: { date: profile.lease_end, before: 30d }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 20d
  - send: { channel: email, template: letter, topic: offers }
"#;

/// What became of it: one letter, five days before.
const LATER_LEASE: &str = r#"
program: lease
trigger: { date: profile.lease_end, before: 5d }
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

const WEEKLY: &str = r#"
program: weekly
trigger: { schedule: { days: [monday] } }
steps:
  - set: { told: { from: event.properties.at } }
"#;

const CALL: &str = r#"
program: call
trigger: { event: Order Completed }
steps:
  - task: { title: Call them, team: sales }
  - wait: 30d
"#;

const REGULARS: &str = r#"
metric: visits
value: count("Visited", within("30d"))
---
segment: regulars
when: metric("visits") >= 2
---
program: thanks
trigger: { segment: regulars, on: enter }
steps:
  - set: { thanked: "yes" }
  - wait: 60d
"#;

async fn until(world: &World, text: &str) {
    world.after(text.parse::<Time>().unwrap().0 - world.now().0).await;
}

/// What somebody was let into a program for, by which version, and where that stands.
fn ways(world: &World, program: &str, person: ProfileId) -> Vec<String> {
    let mut runs = world.read(|read| read.runs(Some(program), Some(person), ALL));
    runs.sort_by_key(|run| run.triggered);
    let runs = runs.into_iter();
    runs.map(|run| format!("{} by {} {}", run.occasion, run.version, run.state.as_str())).collect()
}

fn tasks(world: &World) -> usize {
    world.read(|read| read.tasks(&crowsnest_store::TaskFilter::default(), ALL)).len()
}

#[tokio::test]
async fn whoever_began_an_earlier_version_by_date_goes_on_by_it_and_has_nothing_twice() {
    let (world, ann, bea) = welded(&[LEASE]).await;
    world.tell([identify("lease").by("user_id", "u1").traits(json!({ "lease_end": "2026-04-10" }))]).await;
    until(&world, "2026-03-11T15:00:00Z").await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.apply(&[LATER_LEASE]).await;
    world.engine.build().await.unwrap();
    world.pass(HOUR);

    split(&world, ann.id, bea.id).await;
    assert_eq!(ways(&world, "lease", ann.id), ["date:2026-04-10 by 1 active"]);
    assert!(ways(&world, "lease", bea.id).is_empty());
    until(&world, "2026-03-31T15:00:00Z").await;
    until(&world, "2026-04-05T15:00:00Z").await;
    assert_eq!(ways(&world, "lease", ann.id), ["date:2026-04-10 by 1 finished"]);
    assert_eq!(world.mailed(), ["ann@x.org", "ann@x.org"], "the two letters of the version that she began");
}

#[tokio::test]
async fn a_schedule_that_is_another_one_by_now_was_for_both() {
    let (world, ann, bea) = welded(&[WEEKLY]).await;
    until(&world, "2026-03-10T09:00:00Z").await;
    world.apply(&[&WEEKLY.replace("monday", "friday")]).await;
    world.engine.build().await.unwrap();
    until(&world, "2026-03-14T09:00:00Z").await;

    split(&world, ann.id, bea.id).await;
    for person in [ann.id, bea.id] {
        assert_eq!(
            ways(&world, "weekly", person),
            [
                "schedule:2026-03-02T09:00 by 1 finished",
                "schedule:2026-03-09T09:00 by 1 finished",
                "schedule:2026-03-13T09:00 by 2 finished"
            ]
        );
    }
}

#[tokio::test]
async fn what_happened_before_a_program_begins_nothing_when_they_are_told_apart() {
    let (world, ann, bea) = welded(&[]).await;
    world.tell([order("early", "ann@x.org")]).await;
    world.pass(DAY);
    world.apply(&[CALL]).await;
    world.pass(DAY);
    split(&world, ann.id, bea.id).await;
    assert!(ways(&world, "call", ann.id).is_empty());
    assert_eq!(tasks(&world), 0, "nobody is called for what was over before");
    world.tell([order("late", "ann@x.org")]).await;
    assert_eq!(tasks(&world), 1);
}

#[tokio::test]
async fn whoever_was_let_in_later_by_the_house_stays_inside() {
    let (world, ann, bea) = welded(&[]).await;
    let since = world.now();
    let lease = identify("lease").by("loyalty_id", "l2").traits(json!({ "lease_end": "2026-04-03" }));
    world.tell([order("missed", "bea@x.org"), lease]).await;
    until(&world, "2026-03-05T09:00:00Z").await;
    world.apply(&[CALL, LEASE]).await;
    world.engine.build().await.unwrap();
    until(&world, "2026-03-06T09:00:00Z").await;
    for program in ["call", "lease"] {
        let caught_up = world.engine.catch_up(program, since, false, false).await.unwrap();
        assert_eq!(caught_up.entered, 1, "{program}");
    }
    world.serve().await;
    let ids = |world: &World| [world.runs("call")[0].id, world.runs("lease")[0].id];
    let (before, mailed) = (ids(&world), world.mailed());
    world.pass(DAY);

    split(&world, ann.id, bea.id).await;
    world.serve().await;
    assert_eq!(ids(&world), before);
    assert_eq!(ways(&world, "call", bea.id).len(), 1);
    assert_eq!(ways(&world, "lease", bea.id), ["date:2026-04-03 by 1 active"]);
    assert_eq!((tasks(&world), world.mailed()), (1, mailed));
}

#[tokio::test]
async fn whoever_came_when_a_schedule_was_due_has_it_neither_as_one_nor_as_two() {
    let world = World::new(&[WEEKLY]).await;
    world.tell([identify("a").by("user_id", "u1"), identify("b").by("loyalty_id", "l2")]).await;
    // Both have it, so that one of the two keeps a name of its own when they are taken for one.
    world.pass("2026-03-09T14:00:00Z".parse::<Time>().unwrap().0 - world.now().0);
    world.tell([identify("c").by("phone", "+13125550100")]).await;
    world.serve().await;
    let [ann, bea] = [world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id];
    let cara = world.person("phone", "+13125550100").id;
    assert!(ways(&world, "weekly", cara).is_empty());
    world.pass(HOUR);
    world.tell([track("one", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    world.tell([track("two", "Seen").by("user_id", "u1").by("phone", "+13125550100")]).await;
    assert_eq!(world.people().len(), 1);
    world.pass(HOUR);

    let one = world.people()[0].id;
    split(&world, one, cara).await;
    assert!(ways(&world, "weekly", cara).is_empty(), "she was not there yet");
    assert!(!ways(&world, "weekly", if one == cara { bea } else { ann }).is_empty());
}

#[tokio::test]
async fn a_program_that_stands_still_by_now_went_on_until_then() {
    const TWO: &str = r#"
program: cart
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 2d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let paused = |text: &str| text.replace("trigger:", "state: paused\ntrigger:");
    let world = World::new(&[TWO]).await;
    for (strong, value, mail) in [("user_id", "u1", "ann@x.org"), ("loyalty_id", "l2", "bea@x.org")] {
        world.tell([identify(value).by(strong, value).by("email", mail).grants("offers")]).await;
    }
    let ann = world.person("user_id", "u1").id;
    world.tell([track("c", "Cart Updated").by("user_id", "u1").with(json!({ "cart_id": "c" }))]).await;
    world.serve().await;
    world.tell([track("till", "Seen").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    world.pass(HOUR);
    world.apply(&[&paused(TWO)]).await;
    world.pass(HOUR);
    // Changed while it is paused, it is paused for as long.
    world.apply(&[&paused(TWO).replace("wait: 2d", "wait: 3d")]).await;
    world.pass(HOUR);

    let survivor = world.people()[0].id;
    let other = world.read(|read| read.absorbed(survivor))[0];
    split(&world, survivor, other).await;
    world.apply(&[TWO]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"], "she had the first letter before the pause");
    assert_eq!(ways(&world, "cart", ann), ["c by 1 active"]);
    world.after(2 * DAY).await;
    assert_eq!(world.mailed(), ["ann@x.org", "ann@x.org"]);
    assert_eq!(ways(&world, "cart", ann), ["c by 1 finished"]);
}

/// What became of somebody in segments: when they entered and left them, and why.
fn moves(world: &World, person: ProfileId) -> Vec<String> {
    let changes = world.read(|read| read.segment_changes(None, Some(person), ALL));
    let said = changes.iter().map(|change| {
        let moved = if change.entered { "enters" } else { "leaves" };
        format!("{} {moved} {}: {}", change.time, change.segment, change.why)
    });
    said.collect()
}

#[tokio::test]
async fn whoever_was_in_a_segment_by_its_condition_of_then_was_in_it_and_in_what_that_began() {
    let mut told = Vec::new();
    for till in [false, true] {
        let world = World::new(&[REGULARS]).await;
        for (strong, value) in [("user_id", "u1"), ("loyalty_id", "l2")] {
            world.tell([identify(value).by(strong, value)]).await;
        }
        let [ann, bea] = [world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id];
        for visit in ["one", "two"] {
            world.pass(DAY);
            world.tell([track(visit, "Visited").by("user_id", "u1")]).await;
        }
        assert_eq!(ways(&world, "thanks", ann).len(), 1);
        world.pass(DAY);
        // By the metric it is others, by the condition, and by both at once.
        world.apply(&[&REGULARS.replace("30d", "90d").replace(">= 2", ">= 4")]).await;
        world.engine.build().await.unwrap();
        world.pass(DAY);
        let both = track("till", "Seen").by("user_id", "u1");
        world.tell([if till { both.by("loyalty_id", "l2") } else { both }]).await;
        world.pass(DAY);
        let visits = (0..3).map(|place| track(format!("b{place}"), "Visited").by("loyalty_id", "l2"));
        world.tell(visits).await;
        world.pass(DAY);
        world.apply(&[&REGULARS.replace("30d", "4d").replace(">= 2", ">= 3")]).await;
        world.engine.build().await.unwrap();
        world.pass(HOUR);
        if till {
            assert_eq!(world.people().len(), 1);
            let one = world.people()[0].id;
            split(&world, one, if one == ann { bea } else { ann }).await;
        }
        let known = |person: ProfileId| {
            let profile = world.read(|read| read.profile(person)).unwrap();
            let thanked = profile.traits.get("thanked").map(|known| known.time);
            (moves(&world, person), ways(&world, "thanks", person).len(), thanked, profile.segments)
        };
        told.push([known(ann), known(bea)]);
    }
    assert_eq!(told[0], told[1]);
    let [(ann, runs, ..), (bea, bea_runs, ..)] = &told[1];
    assert_eq!((ann.len(), *runs), (2, 1), "she was a regular until that took more: {ann:?}");
    assert_eq!(
        (bea.len(), *bea_runs),
        (1, 0),
        "she is one since it takes less, which begins nothing: {bea:?}"
    );
}

#[tokio::test]
async fn whoever_lives_with_them_does_not_go_back_in_time() {
    let documents = "segment: gilded\nwhen: household.any(profile.tier == \"gold\")\n";
    let (world, ann, bea) = welded(&[documents]).await;
    world.tell([identify("cara").by("user_id", "u3").by("account", "A-1")]).await;
    world.tell([identify("home").by("user_id", "u1").by("account", "A-1")]).await;
    world.pass(DAY);
    world.tell([identify("gold").by("user_id", "u1").traits(json!({ "tier": "gold" }))]).await;
    world.pass(DAY);
    let cara = world.person("user_id", "u3").id;
    let before = moves(&world, cara);
    assert_eq!(before.len(), 1, "she came in when they came to be gold: {before:?}");

    split(&world, ann.id, bea.id).await;
    assert_eq!(moves(&world, cara), before);
    assert_eq!(moves(&world, ann.id), before, "so did Ann");
    assert_eq!(world.read(|read| read.members("gilded", None, 10)).len(), 2);

    // But whoever lives with somebody else by now hears of it.
    world.tell([identify("tin").by("loyalty_id", "l2").traits(json!({ "tier": "tin" }))]).await;
    world.tell([identify("both").by("user_id", "u1").traits(json!({ "tier": "tin" }))]).await;
    assert_eq!(moves(&world, cara).len(), 2);
}

#[tokio::test]
async fn whoever_was_gold_by_the_other_is_so_no_more_and_neither_is_who_lives_with_them() {
    let documents = "segment: gilded\nwhen: household.any(profile.tier == \"gold\")\n";
    let (world, ann, bea) = welded(&[documents]).await;
    world.tell([identify("cara").by("user_id", "u3").by("account", "A-1")]).await;
    world.tell([identify("home").by("user_id", "u1").by("account", "A-1")]).await;
    world.pass(DAY);
    world.tell([identify("gold").by("loyalty_id", "l2").traits(json!({ "tier": "gold" }))]).await;
    world.pass(DAY);
    let cara = world.person("user_id", "u3").id;
    assert_eq!(moves(&world, cara).len(), 1);
    split(&world, ann.id, bea.id).await;
    let after = moves(&world, cara);
    assert!(after[0].starts_with(&format!("{} leaves", world.now())), "now, not then: {after:?}");
    assert!(moves(&world, ann.id).is_empty());
    let inside = world.read(|read| read.members("gilded", None, 10));
    assert_eq!(
        inside.iter().map(|(person, _)| *person).collect::<Vec<_>>(),
        [bea.id],
        "she is gold by herself"
    );
}
