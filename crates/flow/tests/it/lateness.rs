//! What could not go out in time: a program's message goes out as late as the program allows, and no later.

use crate::{
    sink::{Mood, Sink},
    world::*,
};

/// Writes at once; what is more than three hours late has no point.
const HELLO: &str = r#"
program: hello
trigger: { event: Signed Up }
lateness: 3h
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

/// The same, but not at night.
const QUIET: &str = r#"
policy: contact
quiet_hours: [{ from: "20:00", to: "08:00" }]
"#;

async fn sign_up(world: &World) {
    world.tell([subscriber("ann@x.org"), track("s1", "Signed Up").by("email", "ann@x.org")]).await;
}

fn reason(world: &World) -> String {
    world.deliveries()[0].reason.clone().unwrap()
}

#[tokio::test]
async fn what_waited_while_crowsnest_was_down_goes_out_as_late_as_allowed_and_no_later() {
    for (down, state, mails) in [(3 * HOUR, "sent", 1), (3 * HOUR + 1, "expired", 0)] {
        let world = World::new(&[HELLO]).await;
        sign_up(&world).await;
        world.pass(down);
        let world = world.restarted(None);
        world.serve().await;
        assert_eq!((world.states(), world.mailed().len()), (vec![state], mails), "{}", reason(&world));
        if mails == 0 {
            assert_eq!(
                reason(&world),
                "was due 2026-03-02T09:00:00Z and could go on only 3 hours later; the program allows 3 hours"
            );
            assert_eq!(world.run_words("hello").len(), 1);
            assert_eq!(world.run_words("hello")[0], format!("expired: {}", reason(&world)));
        }
    }
}

#[tokio::test]
async fn what_waited_for_a_server_that_was_down_is_as_late_as_since_it_was_due_first() {
    for (down, state) in [(2 * HOUR, "sent"), (4 * HOUR, "expired")] {
        let sink = Sink::start(Mood::Away).await;
        let world = World::sending_to(&[HELLO], Some(sink.addr)).await;
        sign_up(&world).await;
        world.serve().await;
        // It is tried now and then meanwhile, and put off each time.
        let mut passed = 0;
        while passed < down - 10 * MINUTE {
            world.after(10 * MINUTE).await;
            passed += 10 * MINUTE;
            if passed < 3 * HOUR {
                assert_eq!(world.states(), vec!["queued"]);
            }
        }
        assert!(sink.visited() > 3, "{}", sink.visited());
        sink.becomes(Mood::Takes);
        world.after(HOUR).await;
        assert_eq!(world.states(), vec![state], "{}", reason(&world));
        if state == "expired" {
            assert!(reason(&world).starts_with("was due 2026-03-02T09:00:00Z and"), "{}", reason(&world));
            assert!(reason(&world).contains("; before that: "), "{}", reason(&world));
            assert_eq!(sink.count(), 0);
        }
    }
}

#[tokio::test]
async fn what_was_told_to_come_later_is_as_late_as_since_it_was_due_first() {
    let sink = Sink::start(Mood::Later).await;
    let world = World::sending_to(&[HELLO], Some(sink.addr)).await;
    sign_up(&world).await;
    world.serve().await;
    while world.states() == ["queued"] {
        world.after(10 * MINUTE).await;
        assert!(world.now().since(START) <= crowsnest_model::Duration::hours(12), "{}", reason(&world));
    }
    assert_eq!(world.states(), vec!["expired"]);
    assert!(world.now().since(START) > crowsnest_model::Duration::hours(3));
}

#[tokio::test]
async fn what_is_meant_for_another_moment_is_not_late_before() {
    let world = World::new(&[HELLO, QUIET]).await;
    // Ten in the evening in Chicago: it is meant for eight in the morning.
    world.pass(19 * HOUR);
    sign_up(&world).await;
    world.serve().await;
    assert_eq!(world.states(), vec!["queued"], "{}", reason(&world));
    world.after(10 * HOUR).await;
    assert_eq!(world.states(), vec!["sent"], "{}", reason(&world));
    // Released by people of the house, it goes out however long it was held.
    let world = World::new(&[HELLO]).await;
    world.engine.set_switch("hello", true).await.unwrap();
    sign_up(&world).await;
    world.serve().await;
    world.after(5 * HOUR).await;
    assert_eq!(world.states(), vec!["held"], "{}", reason(&world));
    world.engine.set_switch("hello", false).await.unwrap();
    world.serve().await;
    assert_eq!(world.states(), vec!["sent"], "{}", reason(&world));
}

#[tokio::test]
async fn one_that_stands_still_between_its_claim_and_its_first_byte_is_asked_once_more() {
    let sink = Sink::start(Mood::WaitsThenLater).await;
    let world = World::sending_to(&[HELLO], Some(sink.addr)).await;
    sign_up(&world).await;
    tokio::join!(world.serve(), async {
        sink.asked.notified().await;
        world.pass(4 * HOUR);
        sink.go_on.notify_one();
    });
    world.after(10 * MINUTE).await;
    assert_eq!((world.states(), sink.count()), (vec!["expired"], 0), "{}", reason(&world));
}
