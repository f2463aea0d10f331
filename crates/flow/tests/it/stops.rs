//! Stop means stop, wherever a message waits: for its step, for another try, for a feed, for the morning, or on the line.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_model::ConsentStatus;

const ANN: &str = "ann@x.org";

/// The ways to say it that the engine knows; those of the world outside are tested from there.
const WAYS: [&str; 3] = ["event", "link", "suppression"];

async fn say_stop(world: &World, way: &str) {
    match way {
        "event" => {
            world.tell([identify("stop").by("email", ANN).withdraws("offers")]).await;
        }
        "link" => {
            let delivery = world.deliveries().pop().unwrap();
            let claims = vec![("offers".to_owned(), ConsentStatus::Withdrawn)];
            world.engine.set_consents(&delivery, claims, "the page").await.unwrap();
        }
        _ => {
            let reason = Some("said so".to_owned());
            assert!(world.engine.set_suppression("email", ANN, reason).await.unwrap());
        }
    }
}

/// What is where at this point, and what lets it go on.
async fn stopped_at(point: &str, way: &str) {
    let sink = Sink::start(Mood::Takes).await;
    let quiet = "policy: contact\nquiet_hours: [{ from: \"21:00\", to: \"08:00\" }]\n";
    let program = if point == "fresh" { FRESH_CART } else { CART };
    let documents: &[&str] = if point == "quiet" { &[program, quiet] } else { &[program] };
    let world = World::sending_to(documents, Some(sink.addr)).await;
    world.tell([subscriber(ANN), cart("c1", ANN)]).await;
    match point {
        "retry" => {
            sink.becomes(Mood::Later);
            world.after(45 * MINUTE).await;
            assert_eq!(world.states(), ["queued"]);
            sink.becomes(Mood::Takes);
        }
        "fresh" => {
            world.after(45 * MINUTE).await;
            assert_eq!(world.states(), ["held"]);
        }
        "quiet" => {
            world.after(45 * MINUTE).await;
            assert_eq!(world.states(), ["queued"]);
        }
        _ => assert!(world.states().is_empty(), "its way has not come to it"),
    }
    // By then there is no message whose link could be followed.
    if point != "step" || way != "link" {
        say_stop(&world, way).await;
    } else {
        say_stop(&world, "event").await;
    }
    let world = world.restarted(None);
    world.calls_are_fresh().await;
    world.serve().await;
    world.after(5 * HOUR - 45 * MINUTE).await;
    assert_eq!((sink.count(), world.states()), (0, vec!["suppressed"]), "{point} {way}");
}

#[tokio::test]
async fn wherever_it_waits() {
    for point in ["step", "retry", "fresh", "quiet"] {
        for way in WAYS {
            stopped_at(point, way).await;
        }
    }
}

async fn on_the_line(
    program: &str,
    mood: Mood,
    stop: impl AsyncFnOnce(&World),
) -> (usize, Vec<&'static str>) {
    let sink = Sink::start(mood).await;
    let world = World::sending_to(&[program], Some(sink.addr)).await;
    world.tell([subscriber(ANN), cart("c1", ANN)]).await;
    world.pass(45 * MINUTE);
    let dispatcher = world.dispatcher.clone();
    let serving = tokio::spawn(async move { dispatcher.serve_due().await });
    sink.asked.notified().await;
    assert_eq!(world.states(), ["sending"]);
    world.pass(1);
    stop(&world).await;
    sink.becomes(Mood::Takes);
    sink.go_on.notify_one();
    serving.await.unwrap().unwrap();
    world.after(HOUR).await;
    (sink.count(), world.states())
}

#[tokio::test]
async fn on_the_line_before_its_first_byte() {
    for way in WAYS {
        let stopped = on_the_line(CART, Mood::WaitsThenTakes, async |world| say_stop(world, way).await).await;
        assert_eq!(stopped, (0, vec!["suppressed"]), "{way}");
    }
    let bought = async |world: &World| {
        world.tell([order("o1", ANN)]).await;
    };
    assert_eq!(on_the_line(CART, Mood::WaitsThenTakes, bought).await, (0, vec!["cancelled"]));
    let nothing = async |_: &World| {};
    assert_eq!(on_the_line(CART, Mood::WaitsThenTakes, nothing).await, (1, vec!["sent"]));
}

#[tokio::test]
async fn what_is_called_off_is_not_tried_again_where_its_effect_is_measured() {
    // A cancellation, and no goal: its way is watched on, to see what happens to those who were called off.
    let measured = CART
        .replace("goal: { event: Order Completed,", "holdout: 1%\ngoal: { event: Test Drive Booked,")
        .replace(", value: event.properties.revenue", "");
    for mood in [Mood::WaitsThenLater, Mood::WaitsThenTakes] {
        let bought = async |world: &World| {
            world.tell([order("o1", ANN)]).await;
        };
        assert_eq!(on_the_line(&measured, mood, bought).await, (0, vec!["cancelled"]));
    }
}
