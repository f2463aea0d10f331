//! A program waits for what it asks for: whoever comes while that is being built is neither let in nor turned away, and it
//! is decided once it is built.

use crate::world::*;
use crowsnest_flow::Admission;
use crowsnest_model::{Identifier, Object};
use serde_json::json;

/// A program for those who have bought before, in several ways of asking it.
fn program(conditions: &str, steps: &str) -> String {
    format!("program: back\n{conditions}\nsteps:\n{steps}\n")
}

const SPEND: &str = r#"
metric: spend
value: sum("Order Completed", "revenue", within("365d"))
"#;

const BUYERS: &str = r#"
segment: buyers
when: count("Order Completed") >= 1
"#;

const LEAVES: &str = "  - exit: done";

/// What each way of asking it needs beside the program.
fn ways() -> Vec<(&'static str, String)> {
    let when = |asked: &str, more: &str| {
        program(&format!("trigger: {{ event: Page Viewed, when: '{asked}'{more} }}"), LEAVES)
    };
    vec![
        (SPEND, when(r#"metric("spend") >= 100"#, "")),
        (SPEND, when(r#"metric("spend") >= 100"#, ", ttl: 6h")),
        (BUYERS, when(r#"segment("buyers")"#, "")),
        ("", when(r#"count("Order Completed") >= 1"#, "")),
        (SPEND, program("trigger: { event: Page Viewed }\naudience: 'metric(\"spend\") >= 100'", LEAVES)),
        (BUYERS, program("trigger: { event: Page Viewed }\naudience: 'segment(\"buyers\")'", LEAVES)),
    ]
}

fn bought(mail: &str) -> Touch {
    track(format!("order of {mail}"), "Order Completed").by("email", mail).with(json!({ "revenue": 120 }))
}

fn viewed(id: &str, mail: &str) -> Touch {
    track(id, "Page Viewed").by("email", mail)
}

async fn shop() -> World {
    let world = World::new(&[]).await;
    world.tell([bought("ann@x.org"), subscriber("bob@x.org"), subscriber("ann@x.org")]).await;
    world
}

/// Puts the program in force, and somebody who is meant and somebody who is not come before all is built.
async fn come_too_early(more: &str, program: &str) -> World {
    let world = shop().await;
    match more {
        "" => world.apply(&[program]).await,
        more => world.apply(&[more, program]).await,
    };
    world.tell([viewed("v1", "ann@x.org"), viewed("v2", "bob@x.org")]).await;
    world
}

fn finished(world: &World) -> Vec<String> {
    world.run_words("back").into_iter().filter(|words| !words.starts_with("skipped")).collect()
}

#[tokio::test]
async fn whoever_comes_before_it_is_built_is_let_in_once_it_is() {
    for (more, program) in ways() {
        let world = come_too_early(more, &program).await;
        assert!(world.runs("back").is_empty(), "nothing is decided yet: {program}");
        world.tell([viewed("v1", "ann@x.org")]).await;
        world.engine.build().await.unwrap();
        assert_eq!(finished(&world), ["finished: done"], "{program}");
        let person = world.person("email", "ann@x.org").id;
        assert_eq!(world.runs("back").iter().filter(|run| run.profile == person).count(), 1);
        // Built again, and the event once more: nobody is let in twice.
        world.engine.build().await.unwrap();
        world.tell([viewed("v1", "ann@x.org"), viewed("v2", "bob@x.org")]).await;
        world.after(DAY).await;
        assert_eq!(finished(&world), ["finished: done"], "{program}");
        assert_eq!(world.engine.building().unwrap(), None);
        // From now on it is decided at once.
        world.tell([viewed("v3", "ann@x.org")]).await;
        assert_eq!(finished(&world).len(), 2, "{program}");
    }
}

#[tokio::test]
async fn it_is_decided_also_when_the_process_ends_in_between() {
    for (more, program) in ways() {
        for commits in 0..6 {
            let mut world = come_too_early(more, &program).await;
            for _ in 0..commits {
                world.engine.build_more(1).await.unwrap();
            }
            world = world.restarted(None);
            world.serve().await;
            world.tell([viewed("v1", "ann@x.org"), viewed("v2", "bob@x.org")]).await;
            world.engine.build().await.unwrap();
            assert_eq!(finished(&world), ["finished: done"], "after {commits}: {program}");
        }
    }
}

#[tokio::test]
async fn what_is_too_late_by_then_is_expired() {
    let (more, program) = ways().swap_remove(1);
    let world = come_too_early(more, &program).await;
    world.pass(7 * HOUR);
    world.engine.build().await.unwrap();
    let words = world.run_words("back");
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].starts_with("expired: Page Viewed came 7 hours after it happened"), "{words:?}");
}

#[tokio::test]
async fn whoever_goes_on_meanwhile_is_decided_in_the_order_in_which_they_came() {
    let once =
        program("trigger: { event: Page Viewed, when: 'metric(\"spend\") >= 100' }\nreentry: once", LEAVES);
    let world = come_too_early(SPEND, &once).await;
    world.engine.build_more(9).await.unwrap();
    world.pass(MINUTE);
    world.tell([viewed("v4", "ann@x.org")]).await;
    world.engine.build().await.unwrap();
    let runs = world.runs("back");
    let entered: Vec<_> = runs.iter().filter(|run| run.reason.as_deref() == Some("done")).collect();
    assert_eq!(entered.len(), 1, "{runs:?}");
    assert_eq!(entered[0].triggered, START, "the first that came counts");
}

/// What a run comes to is asked of it once it can be answered, and what waits is said.
#[tokio::test]
async fn a_run_at_a_step_that_asks_for_what_is_built_anew_waits_for_it() {
    let branch = "  - wait: 1h\n  - branch:\n      - { when: 'metric(\"spend\") >= 100', steps: [ { exit: big } ] }\n      - { otherwise: [ { exit: small } ] }";
    let until =
        "  - wait: 1h\n  - wait_until: { when: 'metric(\"spend\") >= 100', limit: 30d }\n  - exit: big";
    for steps in [branch, until] {
        for dies in [false, true] {
            let program = program("trigger: { event: Page Viewed }", steps);
            let world = World::new(&[SPEND, &program]).await;
            world.tell([bought("ann@x.org"), viewed("v1", "ann@x.org")]).await;
            world.apply(&[&SPEND.replace("365d", "400d"), &program]).await;
            world.after(2 * HOUR).await;
            assert_eq!(world.run_words("back"), ["active"], "{steps}");
            let world = if dies { world.restarted(None) } else { world };
            world.after(MINUTE).await;
            assert_eq!(world.run_words("back"), ["active"], "{steps}");
            world.engine.build().await.unwrap();
            world.serve().await;
            assert_eq!(world.run_words("back"), ["finished: big"], "{steps}");
        }
    }
}

#[tokio::test]
async fn what_calls_a_run_off_is_asked_once_it_can_be_answered() {
    let program = program(
        "trigger: { event: Page Viewed }\ncancel_on: { event: Cart Updated, when: 'metric(\"spend\") >= 100' }",
        "  - wait: 1h\n  - exit: done",
    );
    let world = World::new(&[SPEND, &program]).await;
    world.tell([bought("ann@x.org"), viewed("v1", "ann@x.org")]).await;
    world.apply(&[&SPEND.replace("365d", "400d"), &program]).await;
    world.pass(MINUTE);
    world.tell([cart("c1", "ann@x.org")]).await;
    world.after(2 * HOUR).await;
    assert_eq!(world.run_words("back"), ["active"]);
    world.engine.build().await.unwrap();
    world.serve().await;
    let words = world.run_words("back");
    assert!(words[0].starts_with("cancelled: Cart Updated from web"), "{words:?}");
}

#[tokio::test]
async fn a_request_and_a_date_wait_too() {
    let asked = program("trigger: { request: true }\naudience: 'metric(\"spend\") >= 100'", LEAVES);
    let world = shop().await;
    world.apply(&[SPEND, &asked]).await;
    let mail = Identifier::new("email", "ann@x.org");
    for _ in 0..2 {
        let occasion = Some("form-1".to_owned());
        let admission = world.engine.enter_program("back", &mail, occasion, Object::new()).await.unwrap();
        assert!(matches!(admission, Admission::Waits(_)), "{admission}");
    }
    world.engine.build().await.unwrap();
    assert_eq!(finished(&world), ["finished: done"]);

    let daily = program(
        "trigger: { schedule: { days: [monday, tuesday], at: '10:00' } }\naudience: 'metric(\"spend\") >= 100'",
        LEAVES,
    );
    let world = World::new(&[SPEND, &daily]).await;
    world.tell([bought("ann@x.org")]).await;
    world.after(DAY).await;
    assert_eq!(finished(&world).len(), 1);
    world.apply(&[&SPEND.replace("365d", "400d"), &daily]).await;
    world.after(DAY).await;
    assert_eq!(finished(&world).len(), 1, "it waits");
    world.engine.build().await.unwrap();
    world.serve().await;
    assert_eq!(finished(&world).len(), 2);
}

#[tokio::test]
async fn what_begins_a_program_otherwise_waits_too() {
    let audience = "audience: 'metric(\"spend\") >= 100'";
    let gold = "segment: gold\nwhen: profile.tier == \"gold\"\n";
    for trigger in ["{ segment: gold }", "{ identity: merged }"] {
        let program = program(&format!("trigger: {trigger}\n{audience}"), LEAVES);
        let world = World::new(&[gold]).await;
        world.tell([bought("ann@x.org"), identify("u1").by("user_id", "u1")]).await;
        world.apply(&[gold, SPEND, &program]).await;
        let known = identify("both").by("email", "ann@x.org").by("user_id", "u1");
        world.tell([known.traits(json!({ "tier": "gold" }))]).await;
        assert!(world.runs("back").is_empty(), "{trigger}");
        let world = world.restarted(None);
        world.engine.build().await.unwrap();
        assert_eq!(finished(&world), ["finished: done"], "{trigger}");
    }
    // A step of another program.
    let inner = program(&format!("trigger: {{ request: true }}\n{audience}"), LEAVES);
    let outer = "program: outer\ntrigger: { event: Page Viewed }\nsteps:\n  - enter: back\n";
    let world = shop().await;
    world.apply(&[SPEND, &inner, outer]).await;
    world.tell([viewed("v1", "ann@x.org")]).await;
    assert_eq!(world.run_words("outer"), ["finished: all steps are done"]);
    world.engine.build().await.unwrap();
    assert_eq!(finished(&world), ["finished: done"]);
}

#[tokio::test]
async fn one_who_turns_out_to_be_one_with_another_is_decided_about_as_the_one_they_are() {
    let once =
        program("trigger: { event: Page Viewed, when: 'metric(\"spend\") >= 100' }\nreentry: once", LEAVES);
    let world = shop().await;
    world.apply(&[SPEND, &once]).await;
    world.tell([viewed("v1", "ann@x.org"), track("v2", "Page Viewed").by("user_id", "u1")]).await;
    world.tell([identify("both").by("email", "ann@x.org").by("user_id", "u1")]).await;
    world.engine.build().await.unwrap();
    let entered = world.runs("back").into_iter().filter(|run| run.reason.as_deref() == Some("done"));
    assert_eq!(entered.count(), 1);
}

#[tokio::test]
async fn a_program_that_is_changed_while_it_waits_decides_by_what_it_is_then() {
    let (more, first) = ways().swap_remove(0);
    for (changed, words) in [
        (first.replace("done", "changed"), vec!["finished: changed"]),
        // It asks for nothing that is built any more.
        (program("trigger: { event: Page Viewed }\naudience: has(profile.nothing)", LEAVES), vec![]),
        (first.replace("trigger:", "state: paused\ntrigger:"), vec![]),
        (first.replace("Page Viewed", "Order Completed"), vec![]),
    ] {
        let world = come_too_early(more, &first).await;
        world.engine.build_more(1).await.unwrap();
        world.apply(&[more, &changed]).await;
        world.engine.build().await.unwrap();
        assert_eq!(finished(&world), words, "{changed}");
        assert!(world.read(|read| read.pending(None, 9)).is_empty(), "{changed}");
    }
}

#[tokio::test]
async fn what_it_waits_for_is_said() {
    let (more, program) = ways().swap_remove(0);
    let world = come_too_early(more, &program).await;
    let waiting = world.engine.waiting_programs().unwrap();
    assert!(waiting["back"].starts_with("still being built: metric `spend`"), "{waiting:?}");
    let caught = world.engine.catch_up("back", START, false, true).await.unwrap_err().to_string();
    assert!(caught.contains("still being built"), "{caught}");
    world.engine.build().await.unwrap();
    assert!(world.engine.waiting_programs().unwrap().is_empty());
}

#[tokio::test]
async fn a_goal_that_is_reached_meanwhile_counts_however_late_that_is_known() {
    let measured = program(
        "trigger: { event: Page Viewed }\ngoal: { event: Cart Updated, within: 2h, when: 'metric(\"spend\") >= 100' }",
        LEAVES,
    );
    let world = World::new(&[SPEND, &measured]).await;
    world.tell([bought("ann@x.org"), bought("bob@x.org")]).await;
    world.tell([viewed("v1", "ann@x.org"), viewed("v2", "bob@x.org")]).await;
    world.apply(&[&SPEND.replace("365d", "400d"), &measured]).await;
    world.after(HOUR).await;
    world.tell([cart("c1", "ann@x.org")]).await;
    // The time in which it counts is over for both.
    world.after(2 * HOUR).await;
    world.engine.build().await.unwrap();
    world.serve().await;
    let ann = world.person("email", "ann@x.org").id;
    let reached: Vec<_> = world.runs("back").into_iter().filter(|run| run.goal.is_some()).collect();
    assert_eq!(reached.iter().map(|run| run.profile).collect::<Vec<_>>(), [ann]);
    assert!(world.people().iter().all(|person| person.runs.is_empty()), "nothing is watched for any more");
}

#[tokio::test]
async fn nobody_is_told_apart_while_it_is_not_decided_what_they_did() {
    let (more, program) = ways().swap_remove(2);
    let world = shop().await;
    world.tell([identify("u1").by("user_id", "u1")]).await;
    world.tell([identify("both").by("email", "ann@x.org").by("user_id", "u1")]).await;
    let ann = world.person("email", "ann@x.org").id;
    world.apply(&[more, &program]).await;
    while world.engine.building().unwrap().is_some_and(|building| building.pass == "series") {
        world.engine.build_more(9).await.unwrap();
    }
    world.tell([viewed("v1", "ann@x.org")]).await;
    let other = world.read(|read| read.absorbed(ann))[0];
    let by = crowsnest_flow::SplitBy::Merged(other);
    let refused = world.engine.split(ann, by, "they are two".into(), false).await.unwrap_err().to_string();
    assert!(refused.contains("are being built"), "{refused}");
}
