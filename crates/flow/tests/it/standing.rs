//! Too many complaints or bounces: marketing messages of the channel stop by themselves, until people of the house let them go on.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::{Heard, SenderStanding, What, WhatBecame};
use crowsnest_model::{DeliveryId, Duration, Time, delivery::DeliveryState};
use crowsnest_programs::policy::Standing;

const LIMITS: &str =
    "limits: { complaints: { warn: 5%, stop: 10% }, bounces: { warn: 20%, stop: 30% }, at_least: 20 }";

const RECEIPT: &str = r#"
program: receipt
trigger: { event: Order Completed, ttl: 6h }
steps:
  - send: { channel: email, template: letter, topic: orders }
"#;

async fn shop() -> World {
    let mut files = files(&[&OFFER.replace("ttl: 2d", "ttl: 60d"), CART, RECEIPT]);
    files[0].text = files[0].text.replace("email: {", &format!("email: {{ {LIMITS},"));
    World::of(files).await
}

fn address(number: usize) -> String {
    format!("p{number}@x.org")
}

/// So many people were sent the offer. Answers the messages.
async fn offered(world: &World, people: usize) -> Vec<DeliveryId> {
    world.tell((0..people).map(|number| subscriber(&address(number)))).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    let sent = world.deliveries();
    assert_eq!(sent.iter().filter(|one| one.state == DeliveryState::Sent).count(), people);
    sent.into_iter().map(|delivery| delivery.id).collect()
}

async fn complains(world: &World, id: DeliveryId) -> bool {
    let what = What::Complained { said: "mail.example".to_owned() };
    world.engine.hear(id, Heard { id: format!("fbl-{id}"), time: world.now(), what }).await.unwrap()
}

async fn bounces(world: &World, id: DeliveryId, report: &str, for_good: bool) {
    let what = What::Bounced { for_good, said: "550 no".to_owned() };
    world.engine.hear(id, Heard { id: report.to_owned(), time: world.now(), what }).await.unwrap();
}

fn email(world: &World) -> SenderStanding {
    world.engine.senders().unwrap().into_iter().find(|sender| sender.channel == "email").unwrap()
}

/// The state and reason of the only message of a program.
fn message(world: &World, program: &str) -> (DeliveryState, String) {
    let found = world.deliveries().into_iter().find(|delivery| delivery.program == program).unwrap();
    (found.state, found.reason.unwrap_or_default())
}

#[tokio::test]
async fn past_the_limit_nothing_goes_out_but_service_messages() {
    let world = shop().await;
    let sent = offered(&world, 30).await;
    assert_eq!(email(&world).counts.messages, 30);
    for id in &sent[..3] {
        assert!(complains(&world, *id).await);
    }
    let warned = "complaints are 10.00% of 30 messages of the last 7 days, more than 5%";
    assert_eq!(
        email(&world).standing,
        Standing::Warned(warned.to_owned()),
        "as many as the limit are not more"
    );
    assert!(world.read(|read| read.switches()).is_empty());
    // It waits before the one that is too many, and is not sent after it.
    world.tell([cart("c1", &address(20))]).await;
    assert!(complains(&world, sent[3]).await);
    let stopped = "complaints are 13.33% of 30 messages of the last 7 days, more than 10%";
    assert_eq!(email(&world).standing, Standing::Stopped(stopped.to_owned()));
    let world = world.restarted(None);
    world.after(HOUR).await;
    let (state, reason) = message(&world, "cart");
    assert_eq!(state, DeliveryState::Held);
    assert_eq!(reason, format!("the kill switch for marketing messages by email is thrown: {stopped}"));
    world.tell([order("o1", &address(21))]).await;
    world.serve().await;
    assert_eq!(message(&world, "receipt").0, DeliveryState::Sent);
    world.pass(30 * DAY);
    assert_eq!(world.read(|read| read.switches()).len(), 1, "time alone lets nothing go on");
}

#[tokio::test]
async fn what_was_sent_before_people_let_it_go_on_does_not_stop_it_again() {
    let world = shop().await;
    let sent = offered(&world, 30).await;
    world.tell([cart("c1", &address(25))]).await;
    for id in &sent[..4] {
        complains(&world, *id).await;
    }
    world.after(HOUR).await;
    assert_eq!(message(&world, "cart").0, DeliveryState::Held);
    world.engine.set_switch("channel:email", false).await.unwrap();
    world.serve().await;
    assert_eq!(message(&world, "cart").0, DeliveryState::Sent);
    // Known ones once more, and late ones of what went out before.
    for id in &sent[..24] {
        complains(&world, *id).await;
    }
    let standing = email(&world);
    assert_eq!((standing.counts.messages, standing.counts.complaints), (1, 0));
    assert_eq!((standing.standing, standing.stopped), (Standing::Good, None));
    // What went out since counts.
    let cart = world.deliveries().into_iter().find(|one| one.program == "cart").unwrap();
    complains(&world, cart.id).await;
    assert_eq!(email(&world).counts.complaints, 1);
    // Reset while it is not thrown, it begins nothing anew.
    world.engine.set_switch("channel:email", false).await.unwrap();
    assert_eq!(email(&world).counts.complaints, 1);
}

#[tokio::test]
async fn a_mailing_that_goes_wrong_stops_before_it_is_out() {
    let world = shop().await;
    let sent = offered(&world, 5).await;
    for id in &sent[..2] {
        complains(&world, *id).await;
    }
    assert_eq!(
        email(&world).standing,
        Standing::Warned("2 complaints of 5 messages of the last 7 days, more than 5% even of 20".to_owned())
    );
    complains(&world, sent[2]).await;
    assert_eq!(
        email(&world).standing,
        Standing::Stopped(
            "3 complaints of 5 messages of the last 7 days, more than 10% even of 20".to_owned()
        )
    );
}

#[tokio::test]
async fn each_message_comes_back_once_and_old_ones_are_forgotten() {
    let world = shop().await;
    let sent = offered(&world, 30).await;
    for report in ["a", "b", "c"] {
        bounces(&world, sent[0], report, false).await;
    }
    bounces(&world, sent[0], "d", true).await;
    assert_eq!(email(&world).counts.bounces, 1);
    for id in &sent[1..9] {
        bounces(&world, *id, "a", true).await;
    }
    assert!(matches!(email(&world).standing, Standing::Warned(_)));
    world.pass(8 * DAY);
    assert_eq!(email(&world).counts, Default::default());
    bounces(&world, sent[9], "a", true).await;
    assert_eq!(email(&world).standing, Standing::Good);
    for id in &sent[10..16] {
        bounces(&world, *id, "a", false).await;
    }
    assert_eq!(email(&world).stopped, Some(world.now()));
}

#[tokio::test]
async fn what_is_found_out_to_have_gone_out_counts_and_once() {
    for (how, messages, bounced) in
        [("people", 1, 0), ("report", 1, 1), ("people, then a report", 1, 1), ("failed", 0, 0)]
    {
        let sink = Sink::start(Mood::DropsAfterDot).await;
        let world = World::sending_to(&[&OFFER.replace("ttl: 2d", "")], Some(sink.addr)).await;
        world.tell([subscriber("ann@x.org")]).await;
        world.engine.launch("offer").await.unwrap();
        world.serve().await;
        let id = world.deliveries()[0].id;
        assert_eq!((world.states(), email(&world).counts.messages), (vec!["unknown"], 0));
        let became = if how == "failed" { WhatBecame::Failed } else { WhatBecame::Sent };
        if how != "report" {
            world.engine.resolve_delivery(id, became, "the log".into()).await.unwrap();
            assert!(world.engine.resolve_delivery(id, became, "the log".into()).await.is_err());
        }
        if how.ends_with("report") {
            for report in ["a", "b"] {
                bounces(&world, id, report, true).await;
            }
        }
        let counts = email(&world).counts;
        assert_eq!((counts.messages, counts.bounces), (messages, bounced), "{how}");
    }
}

#[tokio::test]
async fn what_is_sent_again_counts_when_it_goes_out() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::sending_to(&[&OFFER.replace("ttl: 2d", "")], Some(sink.addr)).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    sink.becomes(Mood::Takes);
    let id = world.deliveries()[0].id;
    world.engine.resolve_delivery(id, WhatBecame::Again, "the log".into()).await.unwrap();
    assert_eq!(email(&world).counts.messages, 0);
    world.serve().await;
    assert_eq!((world.states(), email(&world).counts.messages), (vec!["sent"], 1));
}

#[tokio::test]
async fn people_may_stop_a_channel_themselves() {
    let world = shop().await;
    world.engine.set_switch("channel:email", true).await.unwrap();
    let by_people = world.read(|read| read.switches());
    assert_eq!(by_people[0].reason, None);
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org"), order("o1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(message(&world, "receipt").0, DeliveryState::Sent);
    assert_eq!(email(&world).stopped.map(|since| since.plus(Duration::hours(1))), Some(world.now()));
    assert!(world.engine.set_switch("channel:pigeon", true).await.is_err());
    assert!(world.read(|read| read.sending_counts("email", Time(0))).messages > 0);
}
