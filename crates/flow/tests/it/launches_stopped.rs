//! A launch that cannot go on just now waits, says for what, and goes on by itself: nobody is left out for it.

use crate::world::*;
use crowsnest_model::delivery::DeliveryState;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Those who have spent much, of whom some are members of a segment.
const SPENDERS: &str = r#"
metric: spend
value: sum("Order Completed", "revenue")
---
segment: buyers
when: count("Order Completed") >= 1
---
broadcast: offer
audience: metric("spend") > 100 && segment("buyers")
send: { channel: email, template: letter, topic: offers }
"#;

fn spends(email: &str) -> Touch {
    track(format!("bought {email}"), "Order Completed").by("email", email).with(json!({ "revenue": 150 }))
}

/// So many who agreed and have spent enough, before anybody asks about that.
async fn spenders(number: usize) -> World {
    let world = World::new(&[]).await;
    let names: Vec<String> = (0..number).map(|place| format!("p{place}@x.org")).collect();
    world.tell(names.iter().map(|name| subscriber(name))).await;
    world.tell(names.iter().map(|name| spends(name))).await;
    world
}

fn sql(world: &World, sql: &str) {
    let database = rusqlite::Connection::open(world.folder.path().join("crowsnest.db")).unwrap();
    database.busy_timeout(Duration::from_secs(20)).unwrap();
    database.execute_batch(sql).unwrap();
}

/// From now on nothing is written about people after this one.
fn stops_after(world: &World, place: usize) {
    let last = world.people()[place].id.0;
    sql(
        world,
        &format!(
            "CREATE TRIGGER stops BEFORE INSERT ON launches WHEN new.after > {last} OR new.queued IS NOT NULL
             BEGIN SELECT RAISE(ABORT, 'no space'); END;"
        ),
    );
}

fn goes_again(world: &World) {
    sql(world, "DROP TRIGGER stops;");
}

#[tokio::test]
async fn a_launch_waits_until_what_it_asks_for_is_built() {
    let world = spenders(40).await;
    world.apply(&[SPENDERS]).await;
    let preview = world.preview("offer");
    assert!(preview.waits.unwrap().contains("metric `spend`"), "its numbers are not final");
    let stopped = world.engine.launch("offer").await.unwrap().stopped.unwrap();
    assert_eq!((stopped.building, stopped.since), (true, world.now()));
    assert!(stopped.reason.contains("metric `spend`, segment `buyers`"), "{stopped:?}");
    assert!(stopped.reason.contains("of 40 people"), "{stopped:?}");
    assert!(world.engine.carry_due_launches().await.unwrap().is_some(), "it is looked at again");
    world.serve().await;
    assert!(world.deliveries().is_empty());
    // Also across a restart, and half built.
    let world = world.restarted(None);
    world.engine.build_more(10).await.unwrap();
    world.engine.resume_launches().await.unwrap();
    assert!(world.deliveries().is_empty());
    world.engine.build().await.unwrap();
    assert!(world.engine.carry_due_launches().await.unwrap().is_none());
    world.serve().await;
    let report = world.engine.launch_report("offer").unwrap();
    assert_eq!((report.stopped, report.audience.recipients), (None, 40));
    assert_eq!(world.mailed().len(), 40);
    assert_eq!(world.preview("offer").waits, None);
}

#[tokio::test]
async fn who_is_preferred_waits_too() {
    let world = World::new(&[]).await;
    for name in ["ann@x.org", "bob@x.org"] {
        world.tell([subscriber(name).by("account", "A-1")]).await;
    }
    world.tell([spends("ann@x.org").ago(&world, DAY)]).await;
    world.tell([identify("later").by("email", "bob@x.org")]).await;
    let prefers = "broadcast: offer\naudience: \"true\"\nprefer: [ 'count(\"Order Completed\") >= 1' ]\n\
                   send: { channel: email, template: letter, topic: offers }\n";
    world.apply(&[prefers]).await;
    assert!(world.engine.launch("offer").await.unwrap().stopped.unwrap().building);
    world.engine.build().await.unwrap();
    world.engine.carry_due_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn what_is_applied_in_the_midst_of_a_launch_is_built_before_it_goes_on() {
    let world = spenders(40).await;
    world.apply(&[SPENDERS]).await;
    world.engine.build().await.unwrap();
    stops_after(&world, 20);
    assert!(!world.engine.launch("offer").await.unwrap().stopped.unwrap().building);
    // The segment means something else from now on, and the broadcast is gone.
    let edited = SPENDERS.replace("count(\"Order Completed\") >= 1", "count(\"Order Completed\") <= 7");
    let without = edited.split("---\nbroadcast").next().unwrap();
    world.apply(&[without]).await;
    goes_again(&world);
    world.engine.resume_launches().await.unwrap();
    assert!(world.engine.launch_report("offer").unwrap().stopped.unwrap().building);
    world.engine.build().await.unwrap();
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 40);
}

#[tokio::test]
async fn a_segment_that_is_gone_in_the_midst_of_a_launch_stops_it_and_leaves_nobody_out() {
    let world = spenders(40).await;
    world.apply(&[SPENDERS]).await;
    world.engine.build().await.unwrap();
    stops_after(&world, 20);
    world.engine.launch("offer").await.unwrap();
    goes_again(&world);
    let metric = SPENDERS.split("---").next().unwrap();
    world.apply(&[metric]).await;
    world.engine.resume_launches().await.unwrap();
    let stopped = world.engine.launch_report("offer").unwrap().stopped.unwrap();
    assert_eq!(stopped.reason, "not there any more: segment `buyers`; apply it again");
    world.apply(&[SPENDERS]).await;
    world.engine.build().await.unwrap();
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 40);
}

#[tokio::test]
async fn a_launch_that_cannot_write_is_tried_again_by_the_clock() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..40).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    stops_after(&world, 20);
    let begun = world.now();
    let stopped = world.engine.launch("offer").await.unwrap().stopped.unwrap();
    assert!(stopped.reason.contains("no space"), "{stopped:?}");
    assert_eq!((stopped.since, stopped.building), (begun, false));
    // After a second, then after two.
    world.pass(1_000);
    assert_eq!(world.engine.carry_due_launches().await.unwrap(), Some(START.plus(seconds(3))));
    assert_eq!(world.engine.launch_report("offer").unwrap().stopped.unwrap().since, begun);
    goes_again(&world);
    world.pass(1_000);
    world.engine.carry_due_launches().await.unwrap();
    assert_eq!(world.engine.launch_report("offer").unwrap().queued, None, "its time has not come");
    world.pass(1_000);
    assert_eq!(world.engine.carry_due_launches().await.unwrap(), None);
    let report = world.engine.launch_report("offer").unwrap();
    assert_eq!((report.queued, report.stopped), (Some(world.now()), None));
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    mailed.dedup();
    assert_eq!((mailed.len(), world.mailed().len()), (40, 40));
}

#[tokio::test]
async fn a_launch_that_was_stopped_goes_on_although_the_clock_was_set_back() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..40).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    world.pass(365 * DAY);
    stops_after(&world, 20);
    assert!(world.engine.launch("offer").await.unwrap().stopped.is_some());
    goes_again(&world);
    world.pass(-365 * DAY);
    world.engine.carry_due_launches().await.unwrap();
    assert!(world.engine.launch_report("offer").unwrap().queued.is_some(), "it is tried in a year");
}

fn seconds(number: i64) -> crowsnest_model::Duration {
    crowsnest_model::Duration::seconds(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_launch_that_was_stopped_goes_on_without_anybody_asking() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..40).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    stops_after(&world, 20);
    let (over, mut ended) = watch::channel(false);
    let engine = world.engine.clone();
    let keeping = tokio::spawn(async move {
        tokio::select! {
            () = engine.keep_launching() => {}
            _ = ended.changed() => {}
        }
    });
    assert!(world.engine.launch_and_leave("offer").await.unwrap().queued.is_none());
    let deadline = Instant::now() + Duration::from_secs(30);
    while world.engine.launch_report("offer").unwrap().stopped.is_none() {
        assert!(Instant::now() < deadline, "it says what stops it");
        tokio::task::yield_now().await;
    }
    goes_again(&world);
    world.pass(2 * MINUTE);
    while world.engine.launch_report("offer").unwrap().queued.is_none() {
        assert!(Instant::now() < deadline, "it goes on");
        tokio::task::yield_now().await;
    }
    over.send_replace(true);
    keeping.await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 40);
}

#[tokio::test]
async fn who_cannot_be_read_is_counted_and_everybody_else_gets_it() {
    let world = World::new(&[OFFER]).await;
    let names = (0..40).map(|place| format!("p{place}@x.org"));
    // One of a household with somebody who can be read.
    world.tell(names.map(|name| subscriber(&name).by("account", &format!("A-{name}")))).await;
    world.tell([identify("home").by("email", "p3@x.org").by("account", "A-p1@x.org")]).await;
    let lost = world.person("email", "p3@x.org").id;
    let world = world.crashed(&format!("UPDATE people SET doc = x'ff00' WHERE id = {}", lost.0));
    assert_eq!(world.preview("offer").audience.recipients, 39);
    let report = world.engine.launch("offer").await.unwrap();
    assert_eq!((report.stopped, report.audience.people, report.audience.recipients), (None, 40, 39));
    let reason = "what is known of them cannot be read: the log names them".to_owned();
    assert_eq!(report.audience.left_out, [(reason, 1)]);
    let queued = world.deliveries().iter().filter(|one| one.state == DeliveryState::Queued).count();
    assert_eq!(queued, 39);
}
