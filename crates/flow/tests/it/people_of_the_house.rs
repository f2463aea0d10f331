//! What people of the house do with programs: let somebody in, move those inside, let in those who were missed, see to tasks.

use crate::world::*;
use crowsnest_flow::outward::TaskDone;
use crowsnest_flow::{Admission, FlowError};
use crowsnest_model::{Identifier, Object, TaskId};
use crowsnest_store::TaskFilter;
use serde_json::json;

fn ann() -> Identifier {
    Identifier::new("email", "Ann@X.org")
}

fn properties(value: serde_json::Value) -> Object {
    value.as_object().cloned().unwrap()
}

#[tokio::test]
async fn a_request_lets_in_once_for_its_occasion() {
    let asked = r#"
program: asked
trigger: { request: true }
steps:
  - branch:
      - when: event.properties.kind == "demo"
        steps: [ { exit: a demo } ]
---
program: asleep
state: draft
trigger: { request: true }
steps: [ { wait: 1h } ]
"#;
    let world = World::new(&[asked]).await;
    let enter = async |program: &str, occasion: Option<&str>| {
        let demo = properties(json!({ "kind": "demo" }));
        world.engine.enter_program(program, &ann(), occasion.map(str::to_owned), demo).await
    };
    let nobody = enter("asked", None).await;
    assert!(matches!(nobody, Err(FlowError::NotFound { kind: "person with", .. })), "{nobody:?}");
    world.tell([subscriber("ann@x.org")]).await;
    assert_eq!(enter("asked", Some("form-1")).await.unwrap(), Admission::Entered);
    let again = enter("asked", Some("form-1")).await.unwrap();
    assert_eq!(again, Admission::Not("this occasion was had before".into()));
    for _ in 0..2 {
        assert_eq!(enter("asked", None).await.unwrap(), Admission::Entered, "each is its own");
    }
    assert_eq!(world.run_words("asked"), ["finished: a demo"; 3]);
    assert!(matches!(enter("asleep", None).await, Err(FlowError::Refused(_))));
    assert!(matches!(enter("askde", None).await, Err(FlowError::NotFound { hint: Some(_), .. })));
}

fn steps(list: &str) -> String {
    format!("program: p\ntrigger: {{ event: Visit }}\nsteps:\n{list}")
}

#[tokio::test]
async fn people_are_moved_to_the_step_at_the_same_place_or_finish_on_theirs() {
    let send = "  - send: { channel: email, template: letter, topic: offers }\n";
    let old = steps(&format!(
        "  - wait: 1d\n{send}  - wait_until: {{ event: Called, limit: 20d, on_limit: exit }}\n  - exit: old\n"
    ));
    let new = steps(&format!(
        "  - wait: 1d\n{send}  - wait_until: {{ event: Called, limit: 10d, on_limit: exit }}\n  - exit: new\n"
    ));
    let world = World::new(&[&old]).await;
    let visit = |person: &str| track(format!("v {person}"), "Visit").by("email", person);
    world.tell([subscriber("ann@x.org"), visit("ann@x.org")]).await;
    world.after(DAY).await;
    world.tell([subscriber("bob@x.org"), visit("bob@x.org")]).await;
    world.apply(&[&new]).await;
    assert!(world.engine.move_runs("p", 2).await.is_err(), "there is nothing after the newest");
    for moved in [2, 0] {
        let done = world.engine.move_runs("p", 1).await.unwrap();
        assert_eq!((done.to, done.moved, done.stayed), (2, moved, 0));
    }
    assert_eq!(world.mailed().len(), 1);
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 2, "one each, and not again");
    world.after(9 * DAY).await;
    world.after(DAY).await;
    let words = "finished: waited 10 days in vain for Called";
    assert_eq!(world.run_words("p"), [words, words], "by the limit of the newest version");
}

#[tokio::test]
async fn who_is_at_a_step_that_is_gone_finishes_on_their_version() {
    let old = steps("  - wait: 1h\n  - wait: 1h\n  - exit: old\n");
    let world = World::new(&[&old]).await;
    world.tell([track("v", "Visit").by("email", "ann@x.org")]).await;
    world.apply(&[&steps("  - wait: 1h\n  - exit: new\n")]).await;
    let done = world.engine.move_runs("p", 1).await.unwrap();
    assert_eq!((done.moved, done.stayed), (0, 1));
    world.after(2 * HOUR).await;
    assert_eq!(world.run_words("p"), ["finished: old"]);
}

#[tokio::test]
async fn those_who_were_missed_enter_once_and_their_time_to_live_counts() {
    let live = "program: p\ntrigger: { event: Visit, when: event.properties.page == \"cars\", ttl: 2d }\nsteps:\n  - exit: done\n";
    let draft = live.replace("trigger:", "state: draft\ntrigger:");
    let world = World::new(&[live]).await;
    let visit = |id: &str, email: &str, page: &str| {
        track(id, "Visit").by("email", email).with(json!({ "page": page }))
    };
    world.tell([visit("1", "ann@x.org", "cars")]).await;
    world.apply(&[&draft]).await;
    let since = world.now();
    world.tell([visit("2", "bob@x.org", "cars"), visit("3", "cleo@x.org", "home")]).await;
    world.tell([visit("4", "dora@x.org", "cars").historical()]).await;
    world.pass(DAY);
    world.tell([visit("5", "emil@x.org", "cars"), visit("5", "emil@x.org", "cars")]).await;
    assert!(world.engine.catch_up("p", since, false, false).await.is_err(), "a draft takes nobody in");
    world.pass(DAY + HOUR);
    world.apply(&[live]).await;
    let would = world.engine.catch_up("p", since, false, true).await.unwrap();
    assert_eq!(world.engine.catch_up("p", since, true, true).await.unwrap().entered, 2, "whenever it was");
    assert_eq!(world.runs("p").len(), 1, "nothing was done");
    let done = world.engine.catch_up("p", since, false, false).await.unwrap();
    assert_eq!((&would, done.entered), (&done, 1), "{done:?}");
    assert_eq!(
        {
            let mut not: Vec<_> = done.not.iter().map(|(why, count)| format!("{count} {why}")).collect();
            not.sort();
            not
        },
        [
            "1 it is not what the program waits for",
            "2 Visit came 2 days 1 hour after it happened, and its time to live is 2 days",
        ]
    );
    assert_eq!(world.engine.catch_up("p", since, false, false).await.unwrap().entered, 0);
    assert_eq!(world.run_words("p").iter().filter(|words| *words == "finished: done").count(), 2);
}

#[tokio::test]
async fn a_task_is_made_once_and_done() {
    let tasks =
        steps("  - wait: 1h\n  - task: { title: Call her, team: sales, note: before noon }\n  - wait: 1h\n");
    let world = World::new(&[&tasks]).await;
    world.tell([track("v", "Visit").by("email", "ann@x.org")]).await;
    world.after(HOUR).await;
    let world = world.restarted(None);
    world.after(2 * HOUR).await;
    let open = world.read(|read| read.tasks(&TaskFilter::default(), ALL));
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].title.as_str(), open[0].team.as_str()), ("Call her", "sales"));
    assert_eq!(open[0].profile, world.person("email", "ann@x.org").id);
    let done = world.engine.end_task(open[0].id, TaskDone::default()).await.unwrap();
    assert_eq!(done.ended, Some(world.now()));
    assert!(world.read(|read| read.tasks(&TaskFilter::default(), ALL)).is_empty());
    assert!(matches!(
        world.engine.end_task(TaskId(1), TaskDone::default()).await,
        Err(FlowError::NotFound { kind: "task", .. })
    ));
}
