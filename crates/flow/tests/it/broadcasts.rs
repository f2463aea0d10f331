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
async fn the_preview_says_for_whom_the_message_cannot_be_made_and_that_it_was_launched() {
    let tier = r#"
template: tiered
channel: email
subject: "For {{ profile.tier }}"
mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>Hi. <a href=\"{{ links.unsubscribe }}\">stop</a></mj-text></mj-column></mj-section></mj-body></mjml>"
text: "Hi. {{ links.unsubscribe }}"
"#;
    let tiered = OFFER.replace("template: letter", "template: tiered");
    let world = World::new(&[tier, &tiered]).await;
    let gold = subscriber("ann@x.org").traits(json!({ "tier": "gold" }));
    world.tell([gold, subscriber("bob@x.org"), subscriber("cleo@x.org")]).await;
    let preview = world.preview("offer");
    assert_eq!((preview.unmade.tried, preview.unmade.failed), (3, 2));
    let [(reason, times)] = preview.unmade.reasons.as_slice() else { panic!("{:?}", preview.unmade) };
    assert!(reason.contains("tier") && *times == 2, "{reason}");
    assert_eq!(preview.launched, None);
    // The launch finds the same.
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert_eq!(world.preview("offer").launched, Some(START));
    let came = world.engine.broadcast_came("offer").unwrap();
    assert_eq!((came.states["sent"], came.states["failed"], came.states.len()), (1, 2, 2));
    let [(state, said, 2)] = came.reasons.as_slice() else { panic!("{:?}", came.reasons) };
    assert!(state == "failed" && said.contains(reason), "{said}");
}

#[tokio::test]
async fn a_preview_says_that_nothing_is_wrong_when_nothing_is() {
    let world = World::new(&[OFFER]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org")]).await;
    let unmade = world.preview("offer").unmade;
    assert_eq!((unmade.tried, unmade.failed, unmade.reasons.len()), (2, 0, 0));
}

#[tokio::test]
async fn what_came_of_a_launch_does_not_count_who_was_left_out() {
    let world = World::new(&[OFFER]).await;
    world
        .tell([
            member("ann@x.org", "A-1"),
            member("bob@x.org", "A-1").traits(json!({ "role": "owner" })),
            subscriber("cleo@x.org"),
        ])
        .await;
    assert!(world.engine.broadcast_came("offer").unwrap_err().to_string().contains("has not been launched"));
    world.engine.launch("offer").await.unwrap();
    let came = world.engine.broadcast_came("offer").unwrap();
    assert_eq!(came.states.into_iter().collect::<Vec<_>>(), [("queued".to_owned(), 2)]);
    assert!(came.reasons.is_empty(), "why a member was chosen is no reason to wait: {:?}", came.reasons);
    world.serve().await;
    let came = world.engine.broadcast_came("offer").unwrap();
    assert_eq!(came.states.into_iter().collect::<Vec<_>>(), [("sent".to_owned(), 2)]);
}

#[tokio::test]
async fn all_households_are_counted_of_which_one_member_was_chosen() {
    let world = World::new(&[OFFER]).await;
    for home in 0..22 {
        let account = format!("A-{home}");
        world
            .tell([member(&format!("a{home}@x.org"), &account), member(&format!("b{home}@x.org"), &account)])
            .await;
    }
    let audience = world.preview("offer").audience;
    assert_eq!((audience.chosen.len(), audience.choices), (20, 22));
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
    world.engine.resume_launches().await.unwrap();
    let stopped = world.engine.launch_report("offer").unwrap().stopped.unwrap();
    assert!(stopped.reason.contains("version 9 of offer"), "{stopped:?}");
    assert_eq!((stopped.since, stopped.building), (world.now(), false));
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
