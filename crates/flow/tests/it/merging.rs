//! Two people turn out to be one while they are on their way through programs.

use crate::world::*;
use crowsnest_model::delivery::DeliveryState;
use serde_json::json;

/// Ann by her browser and her card, not known to be one yet. The card has more events, so it survives.
async fn two_of_ann(world: &World) {
    world.tell([identify("card").by("loyalty_id", "card").by("email", "ann@x.org").grants("offers")]).await;
    world.tell((0..5).map(|place| track(format!("till-{place}"), "Seen").by("loyalty_id", "card"))).await;
    world.tell([identify("web").by("user_id", "u1").by("email", "ann.web@x.org").grants("offers")]).await;
}

async fn she_is_one(world: &World) {
    world.tell([identify("one").by("user_id", "u1").by("loyalty_id", "card")]).await;
    assert_eq!(world.people().len(), 1);
}

fn cart_of(id: &str, namespace: &str, value: &str, cart: &str) -> Touch {
    track(id, "Cart Updated").by(namespace, value).with(json!({ "cart_id": cart, "value": 80 }))
}

#[tokio::test]
async fn one_waits_and_the_other_has_bought() {
    let world = World::new(&[CART]).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "c1")]).await;
    world.pass(MINUTE);
    world.tell([track("o1", "Order Completed").by("loyalty_id", "card").from("calls")]).await;
    assert_eq!(world.run_words("cart"), ["active"]);
    she_is_one(&world).await;
    assert_eq!(
        world.run_words("cart"),
        ["cancelled: Order Completed from calls, 1 minute after the trigger"]
    );
    world.after(HOUR).await;
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn one_waits_and_the_timer_follows_the_survivor() {
    let world = World::new(&[CART]).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "c1")]).await;
    she_is_one(&world).await;
    let world = world.restarted(None);
    world.after(45 * MINUTE).await;
    assert_eq!(world.mailed().len(), 1);
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
}

#[tokio::test]
async fn both_wait_in_one_program_and_one_goes_on() {
    let world = World::new(&[CART]).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "c1")]).await;
    world.pass(MINUTE);
    world.tell([cart_of("c2", "loyalty_id", "card", "c2")]).await;
    she_is_one(&world).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 1);
    assert_eq!(
        world.run_words("cart"),
        ["finished: all steps are done", "cancelled: the person turned out to be in the program already"]
    );
}

#[tokio::test]
async fn both_have_the_same_occasion_held_and_one_message_goes_out() {
    let world = World::new(&[FRESH_CART]).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "same")]).await;
    world.pass(MINUTE);
    world.tell([cart_of("c2", "loyalty_id", "card", "same")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held", "held"]);
    she_is_one(&world).await;
    world.calls_are_fresh().await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1, "one, and not none");
    assert!(world.person("user_id", "u1").runs.is_empty(), "nothing waits for ever");
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn one_has_had_the_occasion_to_its_end() {
    let world = World::new(&[FRESH_CART]).await;
    two_of_ann(&world).await;
    world.calls_are_fresh().await;
    world.tell([cart_of("c2", "loyalty_id", "card", "same")]).await;
    world.pass(45 * MINUTE);
    world.calls_are_fresh().await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
    world.tell([cart_of("c1", "user_id", "u1", "same")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["sent", "held"]);
    she_is_one(&world).await;
    world.calls_are_fresh().await;
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
    assert!(world.person("user_id", "u1").runs.is_empty());
    assert_eq!(world.states(), ["sent", "cancelled"]);
}

#[tokio::test]
async fn whoever_has_gone_farther_goes_on() {
    let two_steps = r#"
program: steps
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: email, template: letter, topic: offers }
  - wait: 1d
  - send: { channel: email, template: letter, topic: offers }
"#;
    let sink = crate::sink::Sink::start(crate::sink::Mood::Later).await;
    let world = World::sending_to(&[two_steps], Some(sink.addr)).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "c1")]).await;
    world.serve().await;
    sink.becomes(crate::sink::Mood::Takes);
    world.pass(MINUTE / 2);
    world.tell([cart_of("c2", "loyalty_id", "card", "c2")]).await;
    world.serve().await;
    assert_eq!(
        (world.states(), sink.count()),
        (vec!["queued", "sent"], 1),
        "the first waits to be tried again"
    );
    she_is_one(&world).await;
    world.after(HOUR).await;
    assert_eq!(sink.count(), 1, "the first step once");
    world.after(DAY).await;
    assert_eq!(sink.count(), 2, "and the second");
}

#[tokio::test]
async fn a_message_on_the_line_of_somebody_absorbed_is_settled_with_the_survivor() {
    let sink = crate::sink::Sink::start(crate::sink::Mood::WaitsThenLater).await;
    let world = World::sending_to(&[CART], Some(sink.addr)).await;
    two_of_ann(&world).await;
    world.tell([cart_of("c1", "user_id", "u1", "c1")]).await;
    world.pass(45 * MINUTE);
    let dispatcher = world.dispatcher.clone();
    let serving = tokio::spawn(async move { dispatcher.serve_due().await });
    sink.asked.notified().await;
    she_is_one(&world).await;
    sink.becomes(crate::sink::Mood::Takes);
    sink.go_on.notify_one();
    serving.await.unwrap().unwrap();
    world.after(MINUTE).await;
    assert_eq!((sink.count(), world.states()), (1, vec!["sent"]));
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
}

#[tokio::test]
async fn a_couple_who_were_one_all_along_get_their_broadcast() {
    let world = World::new(&[OFFER]).await;
    two_of_ann(&world).await;
    let household = |id: &str, namespace: &str, value: &str| {
        identify(format!("h-{id}")).by(namespace, value).by("account", "A-1")
    };
    world.tell([household("1", "user_id", "u1"), household("2", "loyalty_id", "card")]).await;
    // The one who will be absorbed is the owner, so hers is the letter.
    world.tell([identify("owner").by("user_id", "u1").traits(json!({ "role": "owner" }))]).await;
    world.engine.set_switch("*", true).await.unwrap();
    let report = world.engine.launch("offer").await.unwrap();
    assert_eq!(report.audience.recipients, 1);
    world.serve().await;
    she_is_one(&world).await;
    world.engine.set_switch("*", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["ann.web@x.org"]);
    let sent = world.deliveries().iter().filter(|d| d.state == DeliveryState::Sent).count();
    assert_eq!(sent, 1);
}
