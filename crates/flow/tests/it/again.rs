//! Who enters a program again, who is held out of it, and what a pause holds up.

use crate::world::*;
use crowsnest_model::ProfileId;

fn visit(id: &str, email: &str) -> Touch {
    track(id, "Visit").by("email", email)
}

fn program(rest: &str) -> String {
    format!("program: p\ntrigger: {{ event: Visit }}\n{rest}")
}

#[tokio::test]
async fn once_is_once_also_over_versions_and_restarts() {
    let once = program("reentry: once\nsteps: [ { exit: done } ]\n");
    let world = World::new(&[&once]).await;
    world.tell([visit("1", "ann@x.org")]).await;
    world.pass(400 * DAY);
    let world = world.restarted(None);
    world.apply(&[&once.replace("done", "over")]).await;
    world.tell([visit("2", "ann@x.org"), visit("3", "ann@x.org"), visit("4", "bob@x.org")]).await;
    assert_eq!(
        world.run_words("p"),
        [
            "finished: done",
            "skipped: was in the program before, triggered 2026-03-02T09:00:00Z; it is entered once",
            "finished: over"
        ]
    );
}

#[tokio::test]
async fn once_in_a_span_is_counted_from_trigger_to_trigger_in_any_order() {
    let every = program("reentry: { every: 30d }\nsteps: [ { exit: done } ]\n");
    let world = World::new(&[&every]).await;
    world.pass(100 * DAY);
    for (id, ago) in [("now", 0), ("before", 29 * DAY), ("long before", 30 * DAY), ("between", DAY)] {
        let touch = visit(id, "ann@x.org").ago(&world, ago);
        world.tell([touch]).await;
    }
    let entered = world.runs("p").iter().filter(|run| run.state.as_str() == "finished").count();
    assert_eq!(entered, 2, "the first, and the one a whole span before it");
}

#[tokio::test]
async fn a_merge_makes_once_of_two() {
    let once = program("reentry: once\nsteps: [ { wait: 1h }, { exit: done } ]\n");
    let world = World::new(&[&once]).await;
    world.tell([track("1", "Visit").by("user_id", "u1")]).await;
    world.after(2 * HOUR).await;
    let both = identify("both").by("user_id", "u1").by("loyalty_id", "card");
    world.tell([identify("card").by("loyalty_id", "card"), both]).await;
    world.tell([track("2", "Visit").by("loyalty_id", "card")]).await;
    assert_eq!(world.runs("p").iter().filter(|run| run.state.as_str() != "skipped").count(), 1);
}

const HELD: &str = r#"
program: held
trigger: { event: Visit }
holdout: 50%
goal: { event: Order Completed, within: 3d, value: event.properties.revenue }
steps:
  - wait: 1h
  - send: { channel: email, template: letter, topic: offers }
"#;

#[tokio::test]
async fn who_is_held_out_gets_nothing_for_ever_and_their_goal_is_seen() {
    let world = World::new(&[HELD]).await;
    let people: Vec<String> = (0..40).map(|person| format!("p{person}@x.org")).collect();
    for (round, days) in [("1", 0), ("2", 10)] {
        world.pass(days * DAY);
        world.tell(people.iter().map(|email| subscriber(email))).await;
        world.tell(people.iter().map(|email| visit(&format!("{round} {email}"), email))).await;
        world.after(HOUR).await;
        world.tell(people.iter().map(|email| order(&format!("o{round} {email}"), email))).await;
        world.after(4 * DAY).await;
    }
    let mailed = world.mailed();
    let mut held = 0;
    for email in &people {
        let person = world.person("email", email);
        assert!(person.runs.is_empty(), "nobody is watched for ever");
        let mut runs = world.read(|read| read.runs(Some("held"), Some(person.id), ALL));
        let mails = mailed.iter().filter(|to| *to == email).count();
        match runs[0].state.as_str() {
            "held_out" => {
                held += 1;
                assert_eq!(mails, 0);
            }
            "goal" => assert_eq!(mails, 2),
            other => panic!("{other}"),
        }
        let first = runs.remove(0);
        assert_eq!((first.state, runs[0].state), (runs[0].state, first.state), "the same both times");
        assert!(first.goal.is_some() && first.value == Some(120.5), "{first:?}");
    }
    assert!((10..=30).contains(&held), "{held}");
    assert_eq!(world.deliveries().len(), 2 * (people.len() - held));
}

#[tokio::test]
async fn what_would_have_happened_anyway_is_seen_of_those_who_were_called_off_too() {
    let called_off = HELD.replace("holdout: 50%", "holdout: 0%\ncancel_on: { event: Called }");
    let world = World::new(&[&called_off]).await;
    world.tell([subscriber("ann@x.org"), visit("v", "ann@x.org")]).await;
    world.pass(MINUTE);
    world.tell([track("c", "Called").by("email", "ann@x.org")]).await;
    world.pass(MINUTE);
    world.tell([order("o", "ann@x.org")]).await;
    let run = &world.runs("held")[0];
    assert_eq!((run.state.as_str(), run.goal), ("cancelled", Some(world.now())));
    assert_eq!(run.reason.as_deref(), Some("Called from web, 1 minute after the trigger"));
    assert!(world.person("email", "ann@x.org").runs.is_empty());
}

#[tokio::test]
async fn a_global_holdout_holds_out_of_all_but_service() {
    let service = "program: service\ntrigger: { event: Visit }\nsteps: [ { send: { channel: email, template: letter, topic: orders } } ]\n";
    let mut files = files(&[&program("steps: [ { exit: done } ]\n"), service]);
    files[0].text = files[0].text.replace("currency: USD", "currency: USD\nholdout: 100%");
    let world = World::new(&[]).await;
    world.engine.apply(files).await.unwrap();
    world.tell([visit("v", "ann@x.org")]).await;
    world.serve().await;
    assert_eq!(world.run_words("p"), ["held_out: is one of the 100% who are held out of all programs"]);
    assert_eq!(world.mailed(), ["ann@x.org"]);
    let ann: ProfileId = world.person("email", "ann@x.org").id;
    assert!(world.read(|read| read.profile(ann)).unwrap().runs.is_empty());
}

/// The usual cart, paused.
fn paused(program: &str) -> String {
    program.replace("trigger:", "state: paused\ntrigger:")
}

#[tokio::test]
async fn a_pause_holds_up_everybody_and_nothing_is_sent_twice() {
    let world = World::new(&[CART]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), cart("a", "ann@x.org")]).await;
    world.apply(&[&paused(CART)]).await;
    world.tell([cart("b", "bob@x.org")]).await;
    assert_eq!(world.run_words("cart"), ["active"], "nobody enters");
    world.after(HOUR).await;
    assert!(world.mailed().is_empty());
    let world = world.restarted(None);
    world.after(HOUR).await;
    assert!(world.mailed().is_empty(), "a restart is no end of a pause");
    world.apply(&[CART]).await;
    world.serve().await;
    assert_eq!(world.mailed(), ["ann@x.org"]);
    world.apply(&[&paused(CART)]).await;
    world.apply(&[CART]).await;
    world.after(DAY).await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn what_is_too_late_after_a_pause_is_expired() {
    let steps =
        "lateness: 2h\nsteps:\n  - wait: 1h\n  - send: { channel: email, template: letter, topic: offers }\n";
    let live = program(steps);
    for (pause, words, mails) in [
        (3 * HOUR, "finished: all steps are done", 1),
        (
            3 * HOUR + 1,
            "expired: was due 2026-03-02T10:00:00Z and could go on only 2 hours later; the program allows 2 hours",
            0,
        ),
    ] {
        let world = World::new(&[&live]).await;
        world.tell([subscriber("ann@x.org"), visit("v", "ann@x.org")]).await;
        world.apply(&[&paused(&live)]).await;
        world.after(pause).await;
        let world = world.restarted(Some(&[&live]));
        world.serve().await;
        assert_eq!((world.run_words("p"), world.mailed().len()), (vec![words.to_owned()], mails));
    }
}

#[tokio::test]
async fn a_message_that_a_pause_caught_is_held_and_expires_with_its_run() {
    let live =
        program("lateness: 2h\nsteps: [ { send: { channel: email, template: letter, topic: offers } } ]\n");
    let world = World::new(&[&live]).await;
    world.tell([subscriber("ann@x.org"), subscriber("bob@x.org"), visit("a", "ann@x.org")]).await;
    world.apply(&[&paused(&live)]).await;
    world.serve().await;
    assert_eq!(world.states(), ["held"]);
    world.pass(HOUR);
    world.apply(&[&live]).await;
    world.tell([visit("b", "bob@x.org")]).await;
    world.apply(&[&paused(&live)]).await;
    world.after(0).await;
    world.pass(2 * HOUR + 1);
    world.apply(&[&live]).await;
    world.serve().await;
    assert_eq!(world.states(), ["expired", "expired"]);
    assert!(
        world.run_words("p").iter().all(|words| words.starts_with("expired: ")),
        "{:?}",
        world.run_words("p")
    );
    assert!(world.mailed().is_empty());
}

#[tokio::test]
async fn what_a_run_waited_for_during_a_pause_is_not_forgotten() {
    let live =
        program("steps:\n  - wait_until: { event: Called, limit: 10d, on_limit: exit }\n  - exit: called\n");
    let world = World::new(&[&live]).await;
    world.tell([visit("v", "ann@x.org")]).await;
    world.apply(&[&paused(&live)]).await;
    world.pass(HOUR);
    world.tell([track("c", "Called").by("email", "ann@x.org")]).await;
    world.serve().await;
    assert_eq!(world.run_words("p"), ["active"]);
    world.pass(HOUR);
    world.apply(&[&live]).await;
    world.serve().await;
    assert_eq!(world.run_words("p"), ["finished: called"]);
}
