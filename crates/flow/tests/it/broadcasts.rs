//! One-off mailings: one per household and address, once, also when the launch was interrupted.

use crate::world::*;
use crowsnest_store::LaunchRecord;
use serde_json::json;

fn member(email: &str, account: &str) -> Touch {
    subscriber(email).by("account", account)
}

#[tokio::test]
async fn one_per_household_and_address_and_the_preferred_member_gets_it() {
    let world = World::new(&[OFFER]).await;
    world
        .tell([
            member("ann@x.org", "A-1"),
            member("bob@x.org", "A-1").traits(json!({ "role": "owner" })),
            subscriber("cleo@x.org"),
            // Two people with one address: the second by a trait.
            identify("d").by("user_id", "dan").traits(json!({ "email": "cleo@x.org" })),
            identify("e").by("user_id", "eve").traits(json!({ "email": "none@x.org" })),
        ])
        .await;
    let preview = world.preview("offer");
    assert_eq!(
        (
            preview.audience.people,
            preview.audience.in_audience,
            preview.audience.reachable,
            preview.audience.recipients
        ),
        (5, 4, 4, 2)
    );
    let report = world.engine.launch("offer").await.unwrap();
    assert_eq!(report.audience.recipients, 2);
    assert!(report.audience.chosen[0].why.contains("role"), "{:?}", report.audience.chosen);
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, ["bob@x.org", "cleo@x.org"]);
    assert_eq!(world.states().iter().filter(|state| **state == "suppressed").count(), 2);
}

#[tokio::test]
async fn launched_twice_is_refused() {
    let world = World::new(&[OFFER]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    let again = world.engine.launch("offer").await.unwrap_err().to_string();
    assert!(again.contains("a broadcast happens once"), "{again}");
    let world = world.restarted(None);
    assert!(world.engine.launch("offer").await.is_err());
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
}

/// As a process leaves it that dies after the launch was written; what is queued then is what the test leaves.
const INTERRUPTED: &str = "UPDATE launches SET queued = NULL, after = NULL, counts = '{}';";

#[tokio::test]
async fn an_interrupted_launch_goes_on_without_doubling() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..20).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    world.engine.launch("offer").await.unwrap();
    let world = world.crashed(&format!(
        "{INTERRUPTED} DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT 13);"
    ));
    world.serve().await;
    assert_eq!(world.mailed().len(), 7);
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    mailed.dedup();
    assert_eq!((mailed.len(), world.mailed().len()), (20, 20));
    let launch: LaunchRecord = world.read(|read| read.launch("offer")).unwrap();
    assert!(launch.queued.is_some());
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 20);
}

#[tokio::test]
async fn the_household_that_had_it_before_the_interruption_does_not_get_it_again() {
    let world = World::new(&[OFFER]).await;
    world.tell([member("ann@x.org", "A-1"), member("bob@x.org", "A-1"), subscriber("cleo@x.org")]).await;
    world.tell([identify("d").by("user_id", "dan")]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    let first = world.mailed();
    assert_eq!(first.len(), 2);
    let had = first.iter().find(|to| *to != "cleo@x.org").unwrap().clone();
    // Only what was sent is left on record; then whoever had it leaves the audience.
    let world = world.crashed(&format!("{INTERRUPTED} DELETE FROM deliveries WHERE state = 'suppressed';"));
    world.tell([identify("w").by("email", &had).withdraws("*")]).await;
    world.tell([identify("e").by("user_id", "dan").traits(json!({ "email": "cleo@x.org" }))]).await;
    let moved = identify("m").by("email", "cleo@x.org").traits(json!({ "email": "cleo.new@x.org" }));
    world.tell([moved]).await;
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), first);
}

#[tokio::test]
async fn a_launch_is_finished_on_its_version_though_the_definition_is_gone() {
    let world = World::new(&[OFFER]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    let world = world.crashed(&format!("{INTERRUPTED} DELETE FROM deliveries;"));
    world.apply(&[]).await;
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.engine.resume_launches().await.unwrap();
    assert!(world.read(|read| read.unfinished_launches()).is_empty());
}

#[tokio::test]
async fn a_launch_that_cannot_go_on_does_not_stop_the_others() {
    let other = OFFER.replace("broadcast: offer", "broadcast: other");
    let world = World::new(&[OFFER, &other]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.engine.launch("other").await.unwrap();
    let world = world.crashed(&format!(
        "{INTERRUPTED} DELETE FROM deliveries; UPDATE launches SET version = 9 WHERE broadcast = 'offer';"
    ));
    let refused = world.engine.resume_launches().await.unwrap_err().to_string();
    assert!(refused.contains("version 9 of offer"), "{refused}");
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"], "the other one's");
}

#[tokio::test]
async fn held_for_a_stale_feed_also_when_the_definition_is_gone() {
    let fresh = OFFER.replace("ttl: 2d", "ttl: 2d\nrequires_fresh: [{ source: calls, max_lag: 1h }]");
    let world = World::new(&[&fresh]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.apply(&[]).await;
    world.serve().await;
    assert_eq!(world.states(), ["held"]);
    world.calls_are_fresh().await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn an_overdue_broadcast_does_not_fire_after_the_outage() {
    let world = World::new(&[OFFER]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    let world = world.restarted(None);
    world.after(2 * DAY).await;
    assert_eq!(world.states(), ["expired"]);
    assert!(world.mailed().is_empty());
}
