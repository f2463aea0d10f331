//! Calls, webhooks and requests of two who were taken for one: what was called off for it comes back when they are told apart, once.

use crate::{
    calls::{NUMBERS, done, on_list, shop, tasks},
    splitting::split,
    world::*,
};
use crowsnest_flow::Admission;
use crowsnest_model::{ConsentStatus, Identifier, ProfileId, delivery::Delivery};
use crowsnest_store::TaskState;
use crowsnest_testkit::{Mood, Receiver};
use serde_json::json;

const CALL: &str = r#"
program: no-show
trigger: { event: Drive Missed }
cancel_on: { event: Drive Booked }
steps:
  - task: { title: Ask for another day, team: sales, call: { topic: offers, tries: 2 } }
  - send: { channel: email, template: letter, topic: orders }
"#;

const WHO: [(&str, &str, &str); 2] = [("user_id", "u1", "ann@x.org"), ("loyalty_id", "l2", "bea@x.org")];

/// Ann and Bea, who may be called and written to.
async fn two(world: &World) {
    for ((strong, value, mail), number) in WHO.into_iter().zip(NUMBERS) {
        let one = identify(value).by(strong, value).by("email", mail).by("phone", number).grants("offers");
        world.tell([one]).await;
        let agrees = identify(format!("{value} calls")).by(strong, value);
        world.tell([agrees.claims("offers", ConsentStatus::Granted, Some(number)).on("phone")]).await;
    }
}

fn does(id: &str, who: usize, name: &str) -> Touch {
    let (strong, value, _) = WHO[who];
    track(format!("{id} {value}"), name).by(strong, value).with(json!({ "case": "c-7", "who": value }))
}

fn ids(world: &World) -> [ProfileId; 2] {
    WHO.map(|(strong, value, _)| world.holder(strong, value).unwrap())
}

/// A till names both; answers who goes on, and who does not.
async fn weld(world: &World) -> (ProfileId, ProfileId) {
    let [ann, bea] = ids(world);
    world
        .tell([track(format!("till {}", world.now()), "Seen").by("user_id", "u1").by("loyalty_id", "l2")])
        .await;
    let survivor = world.holder("user_id", "u1").unwrap();
    (survivor, if survivor == ann { bea } else { ann })
}

fn sorted(mut all: Vec<String>) -> Vec<String> {
    all.sort();
    all
}

/// The program, and the same one by an occasion that both have.
fn both_ways(program: &str) -> [String; 2] {
    let named = program.replace("trigger:", "occasion: event.properties.case\ntrigger:");
    [program.to_owned(), named]
}

#[tokio::test]
async fn a_call_that_was_called_off_is_made_when_they_are_two_again_and_once() {
    for program in both_ways(CALL) {
        for listed in [true, false] {
            let world = World::of(shop(&program)).await;
            two(&world).await;
            let [ann, bea] = ids(&world);
            world.tell([does("m", 0, "Drive Missed"), does("m", 1, "Drive Missed")]).await;
            if listed {
                world.serve().await;
                assert_eq!(on_list(&world), NUMBERS[..2]);
            }
            let (survivor, other) = weld(&world).await;
            world.serve().await;
            assert_eq!(on_list(&world).len(), 1, "{program} {listed}");
            world.after(HOUR).await;
            split(&world, survivor, other).await;
            world.serve().await;
            assert_eq!(sorted(on_list(&world)), NUMBERS[..2], "{program} {listed}");
            // And not again, when they become one and two once more.
            let joined = world.engine.join(ann, bea, "no, one".into()).await.unwrap();
            split(&world, joined.profile, joined.absorbed).await;
            world.serve().await;
            assert_eq!(sorted(on_list(&world)), NUMBERS[..2], "{program} {listed}");
            for task in tasks(&world, TaskState::Open) {
                done(&world, task.id, "reached").await.unwrap();
            }
            world.serve().await;
            world.after(3 * DAY).await;
            assert!(on_list(&world).is_empty());
            assert_eq!(sorted(world.mailed()), ["ann@x.org", "bea@x.org"]);
            let calls: Vec<Delivery> =
                world.deliveries().into_iter().filter(|one| one.channel == "phone").collect();
            assert!(calls.iter().filter(|call| call.state.as_str() == "sent").count() == 2, "{calls:?}");
            for call in calls {
                let whose = world.holder("phone", &call.contact).unwrap();
                assert_eq!(call.profile, whose);
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_was_called_off_is_not_made_when_it_is_too_late_or_was_made_or_they_booked() {
    // One day is how late a program may be when it does not say.
    for (hours, calls) in [(23, 2), (25, 1)] {
        let world = World::of(shop(CALL)).await;
        two(&world).await;
        world.tell([does("m", 0, "Drive Missed"), does("m", 1, "Drive Missed")]).await;
        world.serve().await;
        let (survivor, other) = weld(&world).await;
        world.pass(hours * HOUR);
        split(&world, survivor, other).await;
        // When the team works again.
        world.after(2 * HOUR).await;
        assert_eq!(on_list(&world).len(), calls);
    }
    for made in [true, false] {
        let world = World::of(shop(CALL)).await;
        two(&world).await;
        world.tell([does("m", 0, "Drive Missed"), does("m", 1, "Drive Missed")]).await;
        world.serve().await;
        let (survivor, other) = weld(&world).await;
        let gone = tasks(&world, TaskState::Withdrawn).remove(0);
        let number = world.read(|read| read.delivery(gone.call.unwrap())).unwrap().contact;
        let who = usize::from(number == NUMBERS[1]);
        if made {
            // Somebody was on the telephone already.
            done(&world, gone.id, "reached").await.unwrap();
        } else {
            world.tell([does("b", who, "Drive Booked")]).await;
        }
        split(&world, survivor, other).await;
        world.serve().await;
        let goes_on = NUMBERS[1 - who];
        assert_eq!(on_list(&world), [goes_on], "made: {made}");
        world.after(HOUR).await;
        assert_eq!(on_list(&world), [goes_on], "made: {made}");
    }
}

#[tokio::test]
async fn a_second_try_comes_back_as_the_second_one_and_on_its_day() {
    let world = World::of(shop(CALL)).await;
    two(&world).await;
    world.tell([does("m", 0, "Drive Missed"), does("m", 1, "Drive Missed")]).await;
    world.serve().await;
    for task in tasks(&world, TaskState::Open) {
        done(&world, task.id, "no-answer").await.unwrap();
    }
    let (survivor, other) = weld(&world).await;
    world.pass(HOUR);
    split(&world, survivor, other).await;
    world.serve().await;
    assert!(on_list(&world).is_empty(), "not on the same day");
    world.after(DAY).await;
    assert_eq!(sorted(on_list(&world)), NUMBERS[..2]);
    for task in tasks(&world, TaskState::Open) {
        assert_eq!(task.attempt, 2);
        done(&world, task.id, "no-answer").await.unwrap();
    }
    world.serve().await;
    assert!(tasks(&world, TaskState::Queued).is_empty(), "two tries and no more");
    assert_eq!(sorted(world.mailed()), ["ann@x.org", "bea@x.org"]);
}

fn told(receiver: &Receiver) -> String {
    format!(
        r#"
webhook: crm
url: {}
secret_env: HOOK_SECRET
allow_private: true
---
program: leads
trigger: {{ event: Visit }}
steps:
  - webhook: {{ to: crm, body: {{ who: event.properties.who }} }}
"#,
        receiver.url()
    )
}

/// Whom the receiver was told of, each with the person that it was told of.
fn heard(receiver: &Receiver) -> Vec<String> {
    let said = |posted: crowsnest_testkit::Posted| {
        let body = posted.json();
        format!("{} {}", body["data"]["who"], body["data"]["profile"]).replace('"', "")
    };
    sorted(receiver.posted().into_iter().map(said).collect())
}

#[tokio::test]
async fn a_webhook_that_was_not_told_since_they_were_one_is_told_when_they_are_two_again_and_once() {
    let shape = Receiver::start(Mood::answers(200, "", ""));
    for program in both_ways(&told(&shape)) {
        for before in [true, false] {
            let receiver = Receiver::start(Mood::answers(200, "", ""));
            let world = World::new(&[&program.replace(&shape.url(), &receiver.url())]).await;
            two(&world).await;
            world.engine.set_switch("leads", !before).await.unwrap();
            world.tell([does("v", 0, "Visit"), does("v", 1, "Visit")]).await;
            world.serve().await;
            assert_eq!(receiver.posted().len(), if before { 2 } else { 0 });
            let (survivor, other) = weld(&world).await;
            world.after(HOUR).await;
            split(&world, survivor, other).await;
            world.engine.set_switch("leads", false).await.unwrap();
            world.serve().await;
            let words: Vec<String> =
                receiver.posted().iter().map(|posted| posted.json().to_string()).collect();
            assert_eq!(words.len(), 2, "{program} {before} {words:?} {:#?}", world.deliveries());
            assert!(["u1", "l2"].iter().all(|who| words.iter().any(|word| word.contains(who))), "{words:?}");
            for ((strong, value, _), id) in WHO.into_iter().zip(ids(&world)) {
                assert_eq!(world.holder(strong, value), Some(id));
                let runs = world.read(|read| read.runs(Some("leads"), Some(id), ALL));
                let theirs: Vec<Delivery> =
                    world.deliveries().into_iter().filter(|one| one.profile == id).collect();
                assert_eq!((runs.len(), theirs.len()), (1, 1), "{runs:?} {theirs:?}");
                assert_eq!((theirs[0].run, theirs[0].state.as_str()), (Some(runs[0].id), "sent"));
                assert!(theirs[0].event["body"]["who"] == value, "each has their own");
            }
            assert_eq!(heard(&receiver).len(), 2);
        }
    }
}

const HELP: &str = r#"
program: help
trigger: { event: Help Wanted }
steps:
  - wait: 2h
  - send: { channel: email, template: letter, topic: offers }
"#;

#[tokio::test]
async fn a_request_that_they_were_not_let_in_by_twice_as_one_lets_in_both_as_two() {
    for program in both_ways(HELP) {
        for late in [false, true] {
            let world = World::new(&[&program]).await;
            two(&world).await;
            let ask = async |who: usize| {
                let (strong, value, _) = WHO[who];
                let with = serde_json::Map::from_iter([("case".to_owned(), json!("c-7"))]);
                let id = Identifier::new(strong, value);
                world.engine.enter_program("help", &id, Some(format!("call {who}")), with).await.unwrap()
            };
            for who in 0..2 {
                assert!(matches!(ask(who).await, Admission::Entered));
                world.pass(1);
            }
            let (survivor, other) = weld(&world).await;
            assert_eq!(world.runs("help").iter().filter(|run| run.state.as_str() == "active").count(), 1);
            // The one that went on has had the mail before they are told apart.
            world.after(if late { 3 * HOUR } else { HOUR }).await;
            split(&world, survivor, other).await;
            world.after(2 * HOUR).await;
            assert_eq!(sorted(world.mailed()), ["ann@x.org", "bea@x.org"], "{program} {late}");
            let runs = world.runs("help");
            assert_eq!(runs.len(), 2, "{runs:?}");
            assert!(runs.iter().all(|run| run.state.as_str() == "finished"), "{runs:?}");
            for who in 0..2 {
                assert!(!matches!(ask(who).await, Admission::Entered), "the same request lets in once");
            }
            // And not again, when they become one and two once more.
            let [ann, bea] = ids(&world);
            let joined = world.engine.join(ann, bea, "no, one".into()).await.unwrap();
            split(&world, joined.profile, joined.absorbed).await;
            world.after(3 * HOUR).await;
            assert_eq!(world.mailed().len(), 2);
        }
    }
}
