//! Held until a feed is fresh, then released or expired, each with its reason.

use crate::world::*;

#[tokio::test]
async fn held_until_the_calls_are_known_then_sent() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"]);
    let reason = world.deliveries()[0].reason.clone().unwrap();
    assert_eq!(reason, "calls has never said up to when it is complete");
    let until = world.now().minus(crowsnest_model::Duration::minutes(16));
    assert!(world.engine.set_watermark("calls", until).await.unwrap());
    world.serve().await;
    assert_eq!(world.states(), ["held"], "a minute too old");
    assert!(world.calls_are_fresh().await);
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn held_until_its_time_to_live_ran_out() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    world.after(5 * HOUR).await;
    assert_eq!(world.states(), ["expired"]);
    let reason = world.deliveries()[0].reason.clone().unwrap();
    assert!(reason.starts_with("its time to live ran out; it was held: calls has never said"), "{reason}");
    assert_eq!(world.run_words("cart"), ["expired: its time to live ran out"]);
    world.calls_are_fresh().await;
    world.serve().await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_purchase_that_the_fresh_feed_brings_cancels_what_it_held() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    let by_phone = order("o1", "ann@x.org").from("calls").ago(&world, 30 * MINUTE);
    world.tell([by_phone]).await;
    world.calls_are_fresh().await;
    world.serve().await;
    assert_eq!(world.states(), ["cancelled"]);
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_switch_that_is_reset_while_the_feed_is_stale_says_the_new_reason() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("*", true).await.unwrap();
    world.after(HOUR).await;
    world.engine.set_switch("*", false).await.unwrap();
    let reason = world.deliveries()[0].reason.clone().unwrap();
    assert_eq!(reason, "calls has never said up to when it is complete");
}

#[tokio::test]
async fn a_watermark_of_a_clock_that_was_ahead_is_not_believed() {
    let world = World::new(&[FRESH_CART]).await;
    world.pass(365 * DAY);
    world.calls_are_fresh().await;
    world.pass(-365 * DAY);
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"], "otherwise the feed would count as fresh for a year");
    assert!(world.calls_are_fresh().await, "the right moment takes the place of the wrong one");
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_program_that_is_gone_still_keeps_its_rules_for_those_on_their_way() {
    let world = World::new(&[FRESH_CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.apply(&[]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"]);
    world.engine.set_switch("cart", true).await.unwrap();
    world.calls_are_fresh().await;
    world.serve().await;
    assert!(world.mailed().is_empty(), "its kill switch works too");
    world.engine.set_switch("cart", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}
