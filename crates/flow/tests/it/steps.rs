//! What the steps of a program do, by the clock and by what happens meanwhile.

use crate::world::*;
use crowsnest_model::ProfileId;
use serde_json::json;

/// What a run went through, the newest run of the program first.
fn log(world: &World, program: &str) -> Vec<String> {
    let runs = world.runs(program);
    let run = runs.last().unwrap().id;
    let log = world.read(|read| read.run_log(run));
    log.into_iter().map(|taken| format!("{} {}", taken.step, taken.outcome)).collect()
}

fn happens(id: &str, name: &str) -> Touch {
    track(id, name).by("email", "ann@x.org")
}

const UNTIL: &str = r#"
program: test-drive
trigger: { event: Drive Booked }
steps:
  - wait_until: { event: Drive Done, when: "event.properties.happy", limit: 3d }
  - wait: 1h
  - send: { channel: email, template: letter, topic: offers }
"#;

#[tokio::test]
async fn a_wait_ends_with_its_event_and_the_next_is_counted_from_there() {
    let world = World::new(&[UNTIL]).await;
    world.tell([subscriber("ann@x.org"), happens("b", "Drive Booked")]).await;
    world.pass(DAY);
    world.tell([happens("sad", "Drive Done").with(json!({ "happy": false }))]).await;
    // It comes in late: the hour is counted from when it happened.
    let done = happens("d", "Drive Done").with(json!({ "happy": true })).ago(&world, 20 * MINUTE);
    world.tell([done.clone()]).await;
    world.tell([done]).await;
    world.after(40 * MINUTE - 1).await;
    assert!(world.mailed().is_empty());
    world.after(1).await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    assert_eq!(
        log(&world, "test-drive"),
        [
            "0 waits at most 3 days for Drive Done of which holds: the event’s happy is true",
            "0 Drive Done from web came, 23 hours 40 minutes into the wait",
            "1 waits 1 hour, until 2026-03-03T09:40:00Z",
            "2 sends letter by email",
        ]
    );
}

#[tokio::test]
async fn a_wait_ends_with_an_event_that_was_here_before_its_trigger() {
    let world = World::new(&[UNTIL]).await;
    let done = happens("d", "Drive Done").with(json!({ "happy": true }));
    world.tell([subscriber("ann@x.org")]).await;
    world.pass(2 * HOUR);
    world.tell([done.ago(&world, 30 * MINUTE)]).await;
    world.tell([happens("b", "Drive Booked").ago(&world, HOUR)]).await;
    world.after(30 * MINUTE - 1).await;
    assert!(world.mailed().is_empty());
    world.after(1).await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn a_wait_has_a_limit_also_across_a_restart() {
    let exit = UNTIL.replace("limit: 3d", "limit: 3d, on_limit: exit");
    for (program, mails) in [(UNTIL, 1), (&*exit, 0)] {
        let world = World::new(&[program]).await;
        world.tell([subscriber("ann@x.org"), happens("b", "Drive Booked")]).await;
        let world = world.restarted(None);
        world.after(3 * DAY + HOUR - 1).await;
        assert!(world.mailed().is_empty(), "the wait after the limit is counted from the limit");
        world.after(1).await;
        assert_eq!(world.mailed().len(), mails);
        let finished = &world.run_words("test-drive")[0];
        assert!(finished.starts_with("finished: "), "{finished}");
        let late = happens("d", "Drive Done").with(json!({ "happy": true })).ago(&world, DAY);
        world.tell([late]).await;
        world.after(DAY).await;
        assert_eq!(world.mailed().len(), mails, "what comes after the limit moves nothing");
    }
}

#[tokio::test]
async fn one_event_does_not_end_two_waits() {
    let twice = r#"
program: twice
trigger: { event: Visit }
steps:
  - wait_until: { event: Visit, limit: 3d, on_limit: exit }
  - wait_until: { event: Visit, limit: 3d, on_limit: exit }
  - exit: three visits
"#;
    let world = World::new(&[twice]).await;
    world.tell([happens("1", "Visit")]).await;
    world.pass(MINUTE);
    world.tell([happens("2", "Visit")]).await;
    assert_eq!(world.run_words("twice")[0], "active", "the second visit ends the first wait only");
    world.pass(MINUTE);
    world.tell([happens("3", "Visit")]).await;
    assert_eq!(world.run_words("twice")[0], "finished: three visits");
}

#[tokio::test]
async fn a_wait_ends_when_its_condition_comes_to_hold() {
    let points = r#"
program: points
trigger: { event: Visit }
steps:
  - wait_until: { when: profile.points >= 10, limit: 3d, on_limit: exit }
  - wait: 1h
  - send: { channel: email, template: letter, topic: offers }
"#;
    let world = World::new(&[points]).await;
    world.tell([subscriber("ann@x.org"), happens("v", "Visit")]).await;
    let has =
        |id: &str, points: i64| identify(id).by("email", "ann@x.org").traits(json!({ "points": points }));
    world.pass(HOUR);
    world.tell([has("few", 9)]).await;
    world.pass(HOUR);
    world.tell([has("many", 12)]).await;
    world.after(HOUR - 1).await;
    assert!(world.mailed().is_empty());
    world.after(1).await;
    assert_eq!(world.mailed().len(), 1);
    // Who has enough from the first does not wait.
    let bob = [
        identify("bob").by("email", "bob@x.org").grants("offers").traits(json!({ "points": 10 })),
        track("bv", "Visit").by("email", "bob@x.org"),
    ];
    world.tell(bob).await;
    world.after(HOUR).await;
    assert_eq!(world.mailed().len(), 2);
}

#[tokio::test]
async fn what_is_set_is_an_event_of_our_own_and_later_steps_see_it() {
    let set = r#"
program: stage
trigger: { event: Visit }
steps:
  - wait: 1h
  - set: { stage: lead, score: 3, page: { from: event.properties.page }, nothing: { from: event.properties.none } }
  - branch:
      - when: profile.stage == "lead" && profile.page == "cars"
        steps: [ { exit: seen } ]
"#;
    let world = World::new(&[set]).await;
    world.tell([happens("v", "Visit").with(json!({ "page": "cars" }))]).await;
    world.after(3 * HOUR).await;
    assert_eq!(world.run_words("stage"), ["finished: seen"]);
    let ann = world.person("email", "ann@x.org");
    let stage = &ann.traits["stage"];
    assert_eq!((stage.value.as_str(), stage.source.as_str()), (Some("lead"), "crowsnest"));
    assert_eq!(stage.time, START.plus(crowsnest_model::Duration(HOUR)), "as of when the step was due");
    assert_eq!(ann.value("score"), Some(&json!(3)));
    assert!(!ann.traits.contains_key("nothing"));
    let events = world.read(|read| read.events(ann.id, ALL));
    assert_eq!(events.len(), 2, "the timeline has it");
    assert_eq!(world.read(|read| read.counter("events")), 2);
}

#[tokio::test]
async fn a_program_enters_another_once() {
    let enters = r#"
program: first
trigger: { event: Visit }
steps:
  - enter: second
  - enter: asleep
  - exit: done
---
program: second
trigger: { request: true }
audience: profile.vip
steps:
  - wait: 1h
---
program: asleep
state: draft
trigger: { request: true }
steps:
  - wait: 1h
"#;
    let world = World::new(&[enters]).await;
    world.tell([happens("v1", "Visit")]).await;
    assert_eq!(world.run_words("second"), ["skipped: is not in the audience: vip is true"]);
    world.tell([identify("vip").by("email", "ann@x.org").traits(json!({ "vip": true }))]).await;
    world.tell([happens("v2", "Visit"), happens("v2", "Visit")]).await;
    assert_eq!(world.run_words("second"), ["skipped: is not in the audience: vip is true", "active"]);
    assert_eq!(
        log(&world, "first"),
        ["0 second: entered", "1 asleep is not entered: it takes nobody in now", "2 leaves: done"]
    );
}

#[tokio::test]
async fn the_same_person_always_gets_the_same_way_of_a_split() {
    let split = r#"
program: test
trigger: { event: Visit }
steps:
  - split:
      a: { weight: 50, steps: [ { exit: a } ] }
      b: { weight: 50, steps: [ { exit: b } ] }
"#;
    let world = World::new(&[split]).await;
    for round in ["1", "2"] {
        for person in 0..40 {
            let visit = track(format!("{round}-{person}"), "Visit").by("email", &format!("p{person}@x.org"));
            world.tell([visit]).await;
        }
    }
    let runs = world.runs("test");
    assert_eq!(runs.len(), 80);
    let of = |person: ProfileId| -> Vec<_> {
        runs.iter().filter(|run| run.profile == person).map(|run| run.reason.clone()).collect()
    };
    let ways: Vec<_> = world.people().iter().map(|person| of(person.id)).collect();
    assert!(ways.iter().all(|ways| ways.len() == 2 && ways[0] == ways[1]));
    for way in ["a", "b"] {
        assert!(ways.iter().any(|ways| ways[0].as_deref() == Some(way)));
    }
}
