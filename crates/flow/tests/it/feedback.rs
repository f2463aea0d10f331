//! What comes back on messages after they were handed over, and what follows.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::{Heard, What};
use crowsnest_model::{DeliveryId, delivery::Feedback};
use serde_json::json;

/// Ann was sent something.
async fn sent() -> (World, DeliveryId) {
    let world = World::new(&[&OFFER.replace("ttl: 2d", ""), CART]).await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), ["sent"]);
    let id = world.deliveries()[0].id;
    (world, id)
}

async fn heard(world: &World, delivery: DeliveryId, id: &str, what: What) -> bool {
    let heard = Heard { id: id.to_owned(), time: world.now(), what };
    world.engine.hear(delivery, heard).await.unwrap()
}

fn bounce(for_good: bool) -> What {
    What::Bounced { for_good, said: "550 5.1.1 no such user".to_owned() }
}

fn suppressed(world: &World) -> Option<String> {
    world.engine.read(|read| read.suppression("email", "ann@x.org")).unwrap().map(|found| found.reason)
}

fn sums(world: &World, delivery: DeliveryId) -> Vec<(Feedback, u64)> {
    let sums = world.engine.read(|read| read.feedback_of(delivery)).unwrap();
    sums.into_iter().map(|sum| (sum.kind, sum.times)).collect()
}

fn names(world: &World) -> Vec<String> {
    let person = world.holder("email", "ann@x.org").unwrap();
    let events = world
        .engine
        .read(|read| read.events(person, crowsnest_store::Page { limit: 50, offset: 0 }))
        .unwrap();
    let mut names: Vec<String> = events.into_iter().filter_map(|event| event.columns.name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn who_does_not_exist_is_sent_nothing_more() {
    let (world, id) = sent().await;
    assert!(heard(&world, id, "report-1", bounce(true)).await);
    assert_eq!(world.states(), ["bounced"]);
    assert_eq!(world.deliveries()[0].reason.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(suppressed(&world).as_deref(), Some("it bounced: 550 5.1.1 no such user"));
    assert_eq!(names(&world), ["Email Bounced"]);
    // The same report once more, by another way.
    assert!(!heard(&world, id, "report-1", bounce(true)).await);
    assert_eq!((sums(&world, id), names(&world).len()), (vec![(Feedback::BouncedForGood, 1)], 1));
    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["bounced", "suppressed"]);
}

#[tokio::test]
async fn clocks_of_others_do_not_make_a_bounce_old() {
    let (world, id) = sent().await;
    for (report, time) in
        [("r-1", crowsnest_model::Time(0)), ("r-2", world.now().plus(crowsnest_model::Duration::days(900)))]
    {
        world.engine.hear(id, Heard { id: report.to_owned(), time, what: bounce(false) }).await.unwrap();
    }
    let sums = world.engine.read(|read| read.feedback_of(id)).unwrap();
    assert_eq!((sums[0].first, sums[0].last), (world.deliveries()[0].created, world.now()));
}

#[tokio::test]
async fn what_may_pass_is_borne_for_a_week_and_a_sign_of_life_begins_anew() {
    let (world, id) = sent().await;
    for day in 0..5 {
        assert!(heard(&world, id, &format!("full-{day}"), bounce(false)).await);
        world.pass(DAY);
    }
    assert_eq!(suppressed(&world), None, "five times in five days");
    assert_eq!(world.states(), ["bounced"]);
    assert!(heard(&world, id, "o", What::Opened { by_machine: false }).await);
    world.pass(3 * DAY);
    assert!(heard(&world, id, "full-8", bounce(false)).await);
    assert_eq!(suppressed(&world), None, "the first one after they were there");
    for day in 9..13 {
        world.pass(2 * DAY);
        assert!(heard(&world, id, &format!("full-{day}"), bounce(false)).await);
    }
    assert!(suppressed(&world).unwrap().starts_with("it bounced 5 times since 20"));
}

#[tokio::test]
async fn called_spam_nothing_is_sent_on_any_topic_whatever_was_agreed_before() {
    let (world, id) = sent().await;
    world.tell([cart("c1", "ann@x.org")]).await;
    assert!(heard(&world, id, "fbl-1", What::Complained { said: "mail.example".to_owned() }).await);
    world.after(HOUR).await;
    assert_eq!(world.states(), ["sent", "suppressed"], "in force for what was queued");
    assert!(
        world
            .deliveries()
            .iter()
            .any(|one| one.reason.as_deref().is_some_and(|why| why.contains("withdrew")))
    );
    assert_eq!(suppressed(&world), None, "service messages go on");
    assert!(names(&world).contains(&"Email Marked as Spam".to_owned()));
    // Whoever agrees anew means it.
    world.pass(DAY);
    world.tell([identify("again").by("email", "ann@x.org").grants("offers")]).await;
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["sent", "suppressed", "sent"]);
}

#[tokio::test]
async fn machines_are_told_from_people() {
    let (world, id) = sent().await;
    let click = |by_machine| What::Clicked { url: "https://x.example/cars".to_owned(), by_machine };
    for (at, what) in [
        ("1", What::Opened { by_machine: true }),
        ("2", What::Opened { by_machine: true }),
        ("3", click(true)),
        ("4", What::Replied { by_machine: true, unsubscribes: false }),
    ] {
        heard(&world, id, at, what).await;
    }
    assert!(names(&world).is_empty(), "nobody did anything");
    for (at, what) in [("1", What::Opened { by_machine: false }), ("1", click(false)), ("2", click(false))] {
        assert!(heard(&world, id, at, what).await);
    }
    assert_eq!(names(&world), ["Email Link Clicked", "Email Link Clicked", "Email Opened"]);
    let mut found = sums(&world, id);
    found.sort();
    assert_eq!(
        found,
        [
            (Feedback::Opened, 1),
            (Feedback::OpenedByMachine, 2),
            (Feedback::Clicked, 2),
            (Feedback::ClickedByMachine, 1),
            (Feedback::RepliedByMachine, 1)
        ]
    );
    let counts = world.engine.read(|read| read.feedback_counts("offer")).unwrap();
    assert_eq!(
        json!(counts),
        json!({ "opened": 1, "opened_by_machine": 1, "clicked": 1, "clicked_by_machine": 1, "replied_by_machine": 1 })
    );
}

#[tokio::test]
async fn an_answer_that_says_stop_stops_and_any_other_does_not() {
    let (world, id) = sent().await;
    heard(&world, id, "a", What::Replied { by_machine: false, unsubscribes: false }).await;
    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["sent", "sent"]);
    world.pass(DAY);
    heard(&world, id, "b", What::Replied { by_machine: true, unsubscribes: true }).await;
    world.tell([cart("c2", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["sent", "sent", "suppressed"]);
}

#[tokio::test]
async fn whatever_comes_back_tells_what_nobody_knew() {
    for (what, state) in [(What::Opened { by_machine: true }, "sent"), (bounce(false), "bounced")] {
        let sink = Sink::start(Mood::DropsAfterDot).await;
        let world = World::sending_to(&[CART], Some(sink.addr)).await;
        world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
        world.after(HOUR).await;
        assert_eq!(world.states(), ["unknown"]);
        let id = world.deliveries()[0].id;
        heard(&world, id, "x", what).await;
        assert_eq!(world.states(), [state]);
    }
}
