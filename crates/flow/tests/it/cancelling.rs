//! What ends a run in mid-wait, from whichever source and in whichever order it comes.

use crate::world::*;
use crowsnest_model::Time;

#[tokio::test]
async fn a_purchase_from_another_source_cancels_in_mid_wait() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.pass(20 * MINUTE);
    world.tell([order("o1", "ann@x.org").from("calls")]).await;
    world.after(DAY).await;
    assert!(world.mailed().is_empty());
    assert_eq!(
        world.run_words("cart"),
        ["cancelled: Order Completed from calls, 20 minutes after the trigger"]
    );
}

#[tokio::test]
async fn a_purchase_that_arrives_before_its_cart_cancels_too() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.pass(30 * MINUTE);
    let bought = order("o1", "ann@x.org").ago(&world, 5 * MINUTE);
    world.tell([bought]).await;
    let left = cart("c1", "ann@x.org").ago(&world, 10 * MINUTE);
    world.tell([left]).await;
    world.after(DAY).await;
    assert!(world.mailed().is_empty());
    assert_eq!(world.run_words("cart"), ["cancelled: Order Completed from web, 5 minutes after the trigger"]);
}

#[tokio::test]
async fn a_late_report_of_an_earlier_purchase_cancels_nothing() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    let earlier = order("o1", "ann@x.org").ago(&world, 1).from("calls");
    world.tell([earlier]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn a_purchase_whose_source_knows_only_the_minute_cancels_what_began_in_it() {
    for arrives_first in [false, true] {
        let world = World::new(&[CART]).await;
        world.tell([subscriber("ann@x.org"), subscriber("bob@x.org")]).await;
        world.pass(30_500);
        let carts = [cart("c1", "ann@x.org"), cart("c2", "bob@x.org")];
        let orders = [
            order("o1", "ann@x.org").at(START).from("calls"),
            order("o2", "bob@x.org").at(Time(START.0 - MINUTE)).from("calls"),
        ];
        if arrives_first {
            world.tell(orders).await;
            world.tell(carts).await;
        } else {
            world.tell(carts).await;
            world.tell(orders).await;
        }
        world.after(HOUR).await;
        assert_eq!(world.mailed(), ["bob@x.org"], "bob bought in the minute before");
        assert_eq!(
            world.run_words("cart").iter().filter(|words| words.contains("in the same moment")).count(),
            1
        );
    }
}

#[tokio::test]
async fn a_purchase_in_the_same_batch_and_moment_cancels() {
    let world = World::new(&[CART]).await;
    world.tell([order("o1", "ann@x.org"), subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_historical_purchase_cancels_but_begins_nothing() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.pass(MINUTE);
    world.tell([order("o1", "ann@x.org").historical()]).await;
    world.after(HOUR).await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn a_purchase_after_the_message_was_queued_still_stops_it() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("*", true).await.unwrap();
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"]);
    world.tell([order("o1", "ann@x.org")]).await;
    assert_eq!(world.states(), ["cancelled"]);
    world.engine.set_switch("*", false).await.unwrap();
    world.after(MINUTE).await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn another_persons_purchase_cancels_nothing() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.pass(MINUTE);
    world.tell([order("o1", "bob@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
}
