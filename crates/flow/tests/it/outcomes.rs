//! What the receiving server says, and what follows from it.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::{Resolved, Resolving, WhatBecame};
use crowsnest_model::DeliveryId;

async fn cart_to(sink: &Sink) -> World {
    let world = World::sending_to(&[CART], Some(sink.addr)).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world
}

/// Without a time to live, so that tries have a day.
async fn offer_to(sink: &Sink) -> World {
    let world = World::sending_to(&[&OFFER.replace("ttl: 2d", "")], Some(sink.addr)).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world
}

#[tokio::test]
async fn later_is_tried_again_with_growing_waits_and_then_given_up() {
    let sink = Sink::start(Mood::Later).await;
    let world = offer_to(&sink).await;
    world.serve().await;
    let mut attempts = Vec::new();
    loop {
        let delivery = world.deliveries().remove(0);
        if delivery.state.as_str() != "queued" {
            assert_eq!(delivery.state.as_str(), "failed");
            assert_eq!(delivery.attempts, 8);
            assert!(delivery.reason.unwrap().contains("given up after 8 attempts"));
            break;
        }
        attempts.push(delivery.due.since(world.now()).0 / MINUTE);
        let wait = delivery.due.since(world.now()).0;
        world.after(wait - 1).await;
        assert_eq!(world.deliveries()[0].attempts, delivery.attempts, "not before it is due");
        world.after(1).await;
    }
    assert_eq!(attempts, [1, 5, 15, 60, 240, 360, 720]);
    assert_eq!(sink.count(), 0);
}

#[tokio::test]
async fn later_and_then_taken_is_sent_once() {
    let sink = Sink::start(Mood::Later).await;
    let world = offer_to(&sink).await;
    world.serve().await;
    sink.becomes(Mood::Takes);
    world.after(MINUTE).await;
    world.after(DAY).await;
    assert_eq!(world.states(), ["sent"]);
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn refused_is_failed_and_the_run_goes_on() {
    let sink = Sink::start(Mood::Refuses).await;
    let world = cart_to(&sink).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["failed"]);
    assert!(world.deliveries()[0].reason.as_deref().unwrap().contains("no such mailbox"));
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
    world.after(DAY).await;
    assert_eq!(world.deliveries()[0].attempts, 1);
}

#[tokio::test]
async fn whose_mailbox_does_not_exist_by_code_is_sent_nothing_more() {
    for (mood, expected) in [(Mood::RefusesByCode, true), (Mood::Refuses, false)] {
        let sink = Sink::start(mood).await;
        let world = cart_to(&sink).await;
        world.after(HOUR).await;
        assert_eq!(world.states(), ["failed"]);
        let suppressed = world.engine.read(|read| read.suppression("email", "ann@x.org")).unwrap();
        assert_eq!(suppressed.is_some(), expected, "{mood:?}: {suppressed:?}");
        if let Some(suppressed) = suppressed {
            assert!(suppressed.reason.starts_with("it was refused: 550 5.1.1"), "{}", suppressed.reason);
        }
    }
}

#[tokio::test]
async fn an_unknown_outcome_is_never_repeated() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = cart_to(&sink).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["unknown"]);
    sink.becomes(Mood::Takes);
    world.after(DAY).await;
    let world = world.restarted(None);
    world.after(DAY).await;
    assert_eq!(sink.count(), 1);
    assert_eq!(world.states(), ["unknown"]);
}

fn unknown(world: &World) -> DeliveryId {
    world.deliveries().iter().find(|delivery| delivery.state.as_str() == "unknown").unwrap().id
}

async fn resolved(world: &World, became: WhatBecame) -> Result<String, String> {
    let done = world.engine.resolve_delivery(unknown(world), became, "the relay's log".into()).await;
    done.map(|delivery| delivery.reason.unwrap()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn people_say_what_became_of_an_unknown_outcome() {
    for (became, state, reason) in [
        (WhatBecame::Sent, "sent", "it went out, as people of the house say: the relay's log"),
        (WhatBecame::Failed, "failed", "it did not go out, as people of the house say: the relay's log"),
    ] {
        let sink = Sink::start(Mood::DropsAfterDot).await;
        let world = cart_to(&sink).await;
        world.after(HOUR).await;
        sink.becomes(Mood::Takes);
        let id = unknown(&world);
        assert_eq!(resolved(&world, became).await.as_deref(), Ok(reason));
        world.after(DAY).await;
        assert_eq!(world.states(), [state]);
        assert_eq!(sink.count(), 1, "nothing is sent");
        let again = world.engine.resolve_delivery(id, WhatBecame::Again, "x".into()).await;
        assert!(again.unwrap_err().to_string().contains(&format!("it is {state}")));
    }
}

#[tokio::test]
async fn sent_again_on_purpose_it_goes_out_once_and_through_all_checks() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = cart_to(&sink).await;
    world.after(HOUR).await;
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);
    sink.becomes(Mood::Takes);
    resolved(&world, WhatBecame::Again).await.unwrap();
    assert_eq!(world.states(), ["queued"]);
    world.serve().await;
    assert_eq!(world.states(), ["sent"]);
    assert_eq!(sink.count(), 2, "the one of which nobody knew, and this one");
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"]);

    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = cart_to(&sink).await;
    world.after(HOUR).await;
    sink.becomes(Mood::Takes);
    world.engine.set_suppression("email", "ann@x.org", Some("asked by letter".into())).await.unwrap();
    resolved(&world, WhatBecame::Again).await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), ["suppressed"]);
    assert_eq!(sink.count(), 1);
}

/// Two messages, two days apart, until an order comes.
const TWICE: &str = "program: twice\ntrigger: { event: Cart Updated }\ncancel_on: { event: Order Completed }\nsteps:\n  \
    - send: { channel: email, template: letter, topic: offers }\n  - wait: 2d\n  \
    - send: { channel: email, template: letter, topic: offers }\n";

#[tokio::test]
async fn a_run_is_not_moved_by_what_is_sent_again_and_what_it_was_for_ends_it() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::sending_to(&[TWICE], Some(sink.addr)).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.serve().await;
    assert_eq!(world.states(), ["unknown"]);
    sink.becomes(Mood::Takes);
    world.after(DAY).await;
    resolved(&world, WhatBecame::Again).await.unwrap();
    world.serve().await;
    assert_eq!((world.states(), sink.count()), (vec!["sent"], 2));
    world.after(DAY - 1).await;
    assert_eq!(sink.count(), 2, "its wait began with the first time");
    world.after(1).await;
    assert_eq!(sink.count(), 3);

    // Bought meanwhile: nobody gets it any more, neither by itself nor among many.
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::sending_to(&[TWICE], Some(sink.addr)).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.serve().await;
    sink.becomes(Mood::Takes);
    world.pass(HOUR);
    world.tell([order("o1", "ann@x.org")]).await;
    let refused = resolved(&world, WhatBecame::Again).await.unwrap_err();
    assert!(refused.contains("its way through the program has ended"), "{refused}");
    let many = |preview| Resolving { preview, ..Resolving::default() };
    let all = world.engine.resolve_deliveries(many(false), WhatBecame::Again, "x".into()).await.unwrap();
    assert_eq!(all, Resolved { resolved: 0, ended: 1 });
    world.after(DAY).await;
    assert_eq!((world.states(), sink.count()), (vec!["unknown"], 1));
}

/// Three messages in a row, of which each has to wait for another day; what is three hours late has no point.
const DAILY: &str = r#"
program: daily
trigger: { event: Cart Updated }
lateness: 3h
steps:
  - send: { channel: email, template: letter, topic: offers }
  - send: { channel: email, template: letter, topic: offers }
  - send: { channel: email, template: letter, topic: offers }
---
policy: contact
caps: [{ max: 1, per: 1d, when_capped: postpone }]
"#;

#[tokio::test]
async fn what_becomes_of_a_message_that_is_sent_again_is_nothing_to_a_run_that_waits_for_the_next() {
    for mood in [Mood::Takes, Mood::Refuses, Mood::Away] {
        let sink = Sink::start(Mood::DropsAfterDot).await;
        let world = World::sending_to(&[DAILY], Some(sink.addr)).await;
        world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
        world.serve().await;
        assert_eq!(world.states(), ["unknown", "queued"]);
        sink.becomes(mood);
        resolved(&world, WhatBecame::Again).await.unwrap();
        world.serve().await;
        for _ in 0..20 {
            world.after(10 * MINUTE).await;
        }
        let first = match mood {
            Mood::Takes => "sent",
            Mood::Refuses => "failed",
            _ => "expired",
        };
        assert_eq!(world.states(), [first, "queued"]);
        sink.becomes(Mood::Takes);
        for _ in 0..60 {
            world.after(HOUR).await;
        }
        assert_eq!(world.states(), [first, "sent", "sent"]);
        assert_eq!(world.run_words("daily"), ["finished: all steps are done"]);
    }
}

#[tokio::test]
async fn many_are_resolved_at_once_those_that_are_meant() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::sending_to(&[&OFFER.replace("ttl: 2d", ""), CART], Some(sink.addr)).await;
    // Not by serving them: a server that drops its line so often is left alone.
    let people: Vec<String> = (0..250).map(|number| format!("p{number}@x.org")).collect();
    world.tell(people.iter().map(|address| subscriber(address))).await;
    world.engine.launch("offer").await.unwrap();
    let world = world.crashed("UPDATE deliveries SET state = 'sending'");
    assert_eq!(world.states(), vec!["unknown"; 250]);
    let at = world.now();
    world.tell([cart("c1", "p7@x.org")]).await;
    world.after(HOUR).await;
    sink.becomes(Mood::Takes);
    let which = Resolving {
        before: Some(at.plus(crowsnest_model::Duration(1))),
        preview: true,
        ..Resolving::default()
    };
    let engine = &world.engine;
    let seen = engine.resolve_deliveries(which.clone(), WhatBecame::Again, "x".into()).await.unwrap();
    assert_eq!(seen, Resolved { resolved: 250, ended: 0 });
    assert!(!world.states().contains(&"queued"), "a preview changes nothing");
    let of_cart = Resolving { program: Some("cart".into()), ..Resolving::default() };
    let done = engine.resolve_deliveries(of_cart, WhatBecame::Sent, "x".into()).await.unwrap();
    assert_eq!(done, Resolved { resolved: 1, ended: 0 });
    let which = Resolving { preview: false, ..which };
    let done =
        engine.resolve_deliveries(which, WhatBecame::Again, "the relay lost its queue".into()).await.unwrap();
    assert_eq!(done, Resolved { resolved: 250, ended: 0 });
    world.serve().await;
    assert_eq!(world.states(), vec!["sent"; 251]);
    assert_eq!(sink.count(), 251);
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_died_is_of_unknown_outcome() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.engine.set_switch("*", true).await.unwrap();
    world.after(HOUR).await;
    let world = world.crashed("UPDATE deliveries SET state = 'sending'; DELETE FROM switches;");
    assert_eq!(world.states(), ["unknown"]);
    let reason = world.deliveries()[0].reason.clone().unwrap();
    assert!(reason.contains("may or may not have gone out"), "{reason}");
    assert_eq!(world.run_words("cart"), ["finished: all steps are done"], "its run goes on");
    world.after(DAY).await;
    assert!(world.mailed().is_empty(), "nobody repeats it blindly");
}

#[tokio::test]
async fn bought_while_the_message_was_on_the_line_is_not_tried_again() {
    let sink = Sink::start(Mood::WaitsThenLater).await;
    let world = cart_to(&sink).await;
    world.pass(45 * MINUTE);
    let dispatcher = world.dispatcher.clone();
    let serving = tokio::spawn(async move { dispatcher.serve_due().await });
    sink.asked.notified().await;
    assert_eq!(world.states(), ["sending"]);
    world.pass(1);
    world.tell([order("o1", "ann@x.org")]).await;
    sink.becomes(Mood::Takes);
    sink.go_on.notify_one();
    serving.await.unwrap().unwrap();
    world.after(HOUR).await;
    assert_eq!(sink.count(), 0);
    assert_eq!(world.states(), ["cancelled"]);
}

#[tokio::test]
async fn nobody_listens_is_later() {
    let sink = Sink::start(Mood::Takes).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let world = World::sending_to(&[CART], Some(nobody)).await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["queued"]);
    assert!(world.deliveries()[0].reason.as_deref().unwrap().contains("will be tried again"));
    assert_eq!(sink.count(), 0);
}

#[tokio::test]
async fn an_outcome_that_could_not_be_written_at_once_is_written_later() {
    let sink = Sink::start(Mood::WaitsThenLater).await;
    let world = cart_to(&sink).await;
    world.pass(45 * MINUTE);
    let dispatcher = world.dispatcher.clone();
    let serving = tokio::spawn(async move { dispatcher.serve_due().await });
    sink.asked.notified().await;
    let disk = rusqlite::Connection::open(world.folder.path().join("crowsnest.db")).unwrap();
    disk.execute_batch("BEGIN IMMEDIATE").unwrap();
    sink.go_on.notify_one();
    assert!(serving.await.unwrap().is_err(), "nothing can be written just now");
    disk.execute_batch("ROLLBACK").unwrap();
    assert_eq!(world.states(), ["sending"]);
    world.serve().await;
    assert_eq!(world.states(), ["queued"], "what the server said was kept in mind");
    sink.becomes(Mood::Takes);
    world.after(MINUTE).await;
    assert_eq!((sink.count(), world.states()), (1, vec!["sent"]));
}
