//! Programs by the clock: waits, times to live, occasions, switches.

use crate::world::*;
use serde_json::json;

#[tokio::test]
async fn a_wait_is_exact() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(45 * MINUTE - 1).await;
    assert!(world.mailed().is_empty(), "never early");
    world.after(1).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 1, "and once");
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
}

#[tokio::test]
async fn a_wait_is_counted_from_the_event_and_not_from_its_arrival() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let late = cart("c1", "ann@x.org").ago(&world, 40 * MINUTE);
    world.tell([late]).await;
    world.after(5 * MINUTE - 1).await;
    assert!(world.mailed().is_empty());
    world.after(1).await;
    assert_eq!(world.mailed().len(), 1);
    let due_long_ago = cart("c2", "ann@x.org").ago(&world, 2 * HOUR);
    world.tell([due_long_ago]).await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 2, "at once");
}

#[tokio::test]
async fn what_comes_after_its_time_to_live_begins_nothing() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    let late = cart("c1", "ann@x.org").ago(&world, 6 * HOUR);
    world.tell([late]).await;
    world.after(DAY).await;
    assert!(world.mailed().is_empty());
    assert_eq!(
        world.run_words("cart"),
        ["expired: Cart Updated came 6 hours after it happened, and its time to live is 6 hours"]
    );
}

#[tokio::test]
async fn an_outage_longer_than_the_time_to_live_sends_nothing_afterwards() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    let world = world.restarted(None);
    world.after(7 * HOUR).await;
    assert!(world.mailed().is_empty());
    assert_eq!(world.run_words("cart"), ["expired: its time to live ran out"]);
}

#[tokio::test]
async fn timers_survive_a_restart() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    let world = world.restarted(None);
    world.after(45 * MINUTE).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_clock_that_jumps_a_year_and_back_sends_once_and_never_early() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(-365 * DAY).await;
    assert!(world.mailed().is_empty(), "a year earlier it is not due");
    world.after(365 * DAY).await;
    assert!(world.mailed().is_empty());
    world.after(45 * MINUTE).await;
    assert_eq!(world.mailed().len(), 1);
    world.after(365 * DAY).await;
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(-365 * DAY).await;
    assert_eq!(world.mailed().len(), 1, "a cart of next year waits until then");
    world.after(365 * DAY + 45 * MINUTE).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn the_same_occasion_happens_once() {
    let world = World::new(&[CART]).await;
    let again = |id: &str| cart(id, "ann@x.org").with(json!({ "cart_id": "c1", "value": 90 }));
    world.tell([subscriber("ann@x.org"), again("m1"), again("m2"), again("m1")]).await;
    world.after(HOUR).await;
    world.tell([again("m3")]).await;
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 1);
    assert_eq!(world.runs("cart").len(), 1);
    world.tell([again("m4").with(json!({ "cart_id": "c2", "value": 90 }))]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 2, "another cart is another occasion");
}

#[tokio::test]
async fn whoever_was_not_in_the_audience_may_come_in_by_the_same_occasion_later() {
    let program = CART.replace("cancel_on", "audience: consent(\"email\", \"offers\")\ncancel_on");
    let world = World::new(&[&program]).await;
    let touch = |id: &str| cart(id, "ann@x.org").with(json!({ "cart_id": "c1", "value": 90 }));
    world.tell([touch("m1")]).await;
    let words = world.run_words("cart");
    assert!(words[0].starts_with("skipped: is not in the audience"), "{words:?}");
    world.tell([subscriber("ann@x.org"), touch("m2")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    assert_eq!(world.runs("cart").len(), 1);
}

#[tokio::test]
async fn skipped_triggers_leave_one_record_a_person() {
    let program = CART
        .replace("occasion: event.properties.cart_id\n", "")
        .replace("cancel_on", "audience: profile.tier == \"gold\"\ncancel_on");
    let world = World::new(&[&program]).await;
    world.tell((0..50).map(|place| cart(&format!("c{place}"), "ann@x.org"))).await;
    assert_eq!(world.runs("cart").len(), 1, "not one for each of fifty events");
    world.tell([identify("i").by("email", "ann@x.org").traits(json!({ "tier": "gold" }))]).await;
    world.tell((50..60).map(|place| cart(&format!("c{place}"), "ann@x.org"))).await;
    let states: Vec<_> = world.runs("cart").iter().map(|run| run.state.as_str()).collect();
    assert_eq!(states.len(), 2, "{states:?}");
    assert!(states.contains(&"active") && states.contains(&"skipped"));
}

#[tokio::test]
async fn nobody_enters_a_draft() {
    let world = World::new(&[&CART.replace("trigger", "state: draft\ntrigger")]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(DAY).await;
    assert!(world.runs("cart").is_empty());
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_small_cart_and_a_historical_one_begin_nothing() {
    let world = World::new(&[CART]).await;
    let small = cart("c1", "ann@x.org").with(json!({ "cart_id": "c1", "value": 49.99 }));
    world.tell([subscriber("ann@x.org"), small, cart("c2", "ann@x.org").historical()]).await;
    world.after(DAY).await;
    assert!(world.runs("cart").is_empty());
}

#[tokio::test]
async fn the_kill_switch_of_a_program_holds_it_until_it_is_reset() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("cart", true).await.unwrap();
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"]);
    assert_eq!(world.deliveries()[0].reason.as_deref(), Some("the program's kill switch is thrown"));
    let world = world.restarted(None);
    world.after(HOUR).await;
    assert!(world.mailed().is_empty(), "also after a restart");
    world.engine.set_switch("cart", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn the_kill_switch_for_all_comes_before_that_of_one() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("*", true).await.unwrap();
    world.engine.set_switch("cart", true).await.unwrap();
    world.after(HOUR).await;
    world.engine.set_switch("*", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), ["held"]);
    assert_eq!(world.deliveries()[0].reason.as_deref(), Some("the program's kill switch is thrown"));
    world.engine.set_switch("cart", false).await.unwrap();
    world.after(5 * HOUR).await;
    assert!(world.mailed().is_empty(), "while it was held its time to live ran out");
    assert_eq!(world.states(), ["expired"]);
    assert!(world.engine.set_switch("no-such-program", true).await.is_err());
}

#[tokio::test]
async fn a_goal_counts_within_its_window_and_not_after() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    world.pass(DAY);
    world.tell([order("o1", "ann@x.org").from("calls")]).await;
    let run = &world.runs("cart")[0];
    assert_eq!((run.state.as_str(), run.value), ("goal", Some(120.5)));
    assert_eq!(
        run.reason.as_deref(),
        Some("reached: Order Completed from calls, 1 day 1 hour after the trigger")
    );

    world.pass(MINUTE);
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(HOUR).await;
    world.after(3 * DAY).await;
    world.tell([order("o2", "ann@x.org")]).await;
    assert_eq!(world.runs("cart")[1].state.as_str(), "finished", "after its window");
    assert!(world.person("email", "ann@x.org").runs.is_empty(), "nothing is left waiting");
}

#[tokio::test]
async fn somebody_without_an_address_goes_on_without_the_message() {
    let world = World::new(&[CART]).await;
    let touch = track("c1", "Cart Updated").by("user_id", "u1").with(json!({ "cart_id": "c1", "value": 80 }));
    world.tell([touch]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["suppressed"]);
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
}

#[tokio::test]
async fn what_begins_a_run_does_not_end_it() {
    let again = r#"
program: again
trigger: { event: Order Completed }
goal: { event: Order Completed, within: 30d, value: event.properties.revenue }
steps:
  - wait: 7d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let world = World::new(&[again]).await;
    world.tell([subscriber("ann@x.org"), order("o1", "ann@x.org")]).await;
    assert_eq!(world.run_words("again"), ["active"]);
    world.after(7 * DAY).await;
    assert_eq!(world.mailed().len(), 1);
    world.tell([order("o2", "ann@x.org")]).await;
    assert_eq!(world.runs("again")[0].state.as_str(), "goal");
    assert_eq!(world.runs("again")[1].state.as_str(), "active", "the second order begins the next");
}

#[tokio::test]
async fn two_messages_are_a_wait_apart_from_the_end_of_the_first() {
    let twice = r#"
program: twice
trigger: { event: Signed Up }
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 2d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let world = World::new(&[twice]).await;
    world.tell([subscriber("ann@x.org"), track("s", "Signed Up").by("email", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 1);
    world.after(2 * DAY - 1).await;
    assert_eq!(world.mailed().len(), 1);
    world.after(1).await;
    assert_eq!(world.mailed().len(), 2);
}
