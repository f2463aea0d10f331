//! Telephone calls and the lists of teams, by the clock of the test. It is Monday, 9 in the morning in London.

use crate::world::*;
use crowsnest_flow::{
    FlowError, SplitBy,
    outward::{Listed, TaskDone},
};
use crowsnest_model::{ConsentStatus, TaskId};
use crowsnest_store::{Task, TaskFilter, TaskState};

pub const NUMBERS: [&str; 4] = ["+13125550101", "+13125550102", "+13125550103", "+13125550104"];

/// The shop has a team of two calls a day.
pub fn shop(program: &str) -> Vec<crowsnest_workspace::SourceFile> {
    let mut files = files(&[program]);
    files[0].text = files[0].text.replacen(
        "currency: USD\n",
        "currency: USD\nteams:\n  sales: { title: Sales, capacity: 2, time_zone: UTC, outcomes: [sold] }\n",
        1,
    );
    files
}

pub const CALL: &str = r#"
program: no-show
trigger: { event: Drive Missed }
cancel_on: { event: Drive Booked }
goal: { event: Order Completed, within: 9d }
steps:
  - task: { title: Ask for another day, team: sales, call: { topic: offers } }
  - send: { channel: email, template: letter, topic: orders }
"#;

/// Somebody who may be called.
pub fn callable(place: usize) -> Touch {
    let number = NUMBERS[place];
    let mut touch = identify(format!("call {number}")).by("phone", number).by("email", &email(place));
    touch = touch.claims("offers", ConsentStatus::Granted, Some(number));
    touch.on("phone")
}

pub fn email(place: usize) -> String {
    format!("p{place}@x.org")
}

pub fn happens(id: &str, place: usize, name: &str) -> Touch {
    track(id, name).by("phone", NUMBERS[place])
}

pub fn tasks(world: &World, state: TaskState) -> Vec<Task> {
    let filter = TaskFilter { state, ..TaskFilter::default() };
    world.read(|read| read.tasks(&filter, ALL))
}

pub fn open(world: &World) -> Vec<Listed> {
    world.engine.worklist(&TaskFilter::default(), ALL).unwrap()
}

pub fn on_list(world: &World) -> Vec<String> {
    open(world).into_iter().filter_map(|listed| listed.number).collect()
}

pub async fn done(world: &World, task: TaskId, outcome: &str) -> Result<Task, FlowError> {
    let outcome = Some(outcome.to_owned()).filter(|outcome| !outcome.is_empty());
    world.engine.end_task(task, TaskDone { outcome, remark: Some("said so".into()) }).await
}

fn names(world: &World, place: usize) -> Vec<String> {
    let person = world.person("phone", NUMBERS[place]).id;
    let rows = world.read(|read| read.events(person, ALL));
    rows.into_iter().filter_map(|row| row.columns.name).map(|name| name.to_string()).collect()
}

#[tokio::test]
async fn a_list_has_room_for_so_many_and_what_is_left_waits_for_the_next_working_day() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..4).map(callable)).await;
    world.pass(4 * DAY);
    world.tell((0..4).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2]);
    let waiting = tasks(&world, TaskState::Queued);
    assert_eq!(waiting.len(), 2);
    assert_eq!(
        waiting[0].reason.as_deref(),
        Some("waits: the list of the team `sales` is full for 2026-03-06")
    );
    assert_eq!(world.states(), ["sending", "sending", "queued", "queued"]);
    assert!(world.mailed().is_empty(), "the way goes on when the call has ended");
    let teams = world.engine.teams().unwrap();
    assert_eq!((teams[0].open, teams[0].queued, teams[0].capacity), (2, 2, Some(2)));

    // Nobody works on Saturday. On Monday one is left of Friday, and takes its place.
    let first = tasks(&world, TaskState::Open)[0].id;
    let ended = done(&world, first, "reached").await.unwrap();
    assert_eq!((ended.outcome.as_deref(), ended.remark.as_deref()), (Some("reached"), Some("said so")));
    assert_eq!(done(&world, first, "reached").await.unwrap(), ended, "what was said first counts");
    world.serve().await;
    assert_eq!(on_list(&world), [NUMBERS[1]], "the day has had two");
    assert_eq!(world.mailed(), [email(0)]);
    world.after(3 * DAY - 1).await;
    assert_eq!(on_list(&world), [NUMBERS[1]]);
    let world = world.restarted(None);
    world.after(1).await;
    assert_eq!(on_list(&world), NUMBERS[1..3]);
    assert_eq!(names(&world, 0), ["Call Answered", "Drive Missed"]);
    assert_eq!(world.states(), ["sent", "sending", "sending", "queued", "sent"]);
}

#[tokio::test]
async fn a_call_comes_onto_a_list_while_the_team_works_and_the_most_important_first() {
    let program = CALL.replace("call:", "priority: 5, call:");
    let urgent =
        CALL.replace("no-show", "urgent").replace("Missed", "Lost").replace("call:", "priority: 1, call:");
    let world = World::of(shop(&format!("{program}---{urgent}"))).await;
    world.tell((0..4).map(callable)).await;
    world.pass(10 * HOUR);
    world.tell([happens("a", 0, "Drive Missed"), happens("b", 1, "Drive Missed")]).await;
    world.after(HOUR).await;
    assert!(on_list(&world).is_empty(), "it is evening");
    let reason = tasks(&world, TaskState::Queued)[0].reason.clone();
    assert_eq!(reason.as_deref(), Some("waits: the team `sales` works again on 2026-03-03"));
    world.tell([happens("c", 2, "Drive Lost"), happens("d", 3, "Drive Missed")]).await;
    world.after(13 * HOUR).await;
    assert_eq!(on_list(&world), [NUMBERS[2], NUMBERS[0]]);
}

#[tokio::test]
async fn whoever_says_stop_is_off_the_list_at_once() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..4).map(callable)).await;
    world.tell([happens("m0", 0, "Drive Missed"), happens("m1", 1, "Drive Missed")]).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2]);

    // A feed or a request, of somebody else's event even.
    let stop = track("stop", "Left").by("phone", NUMBERS[0]);
    world.tell([stop.claims("offers", ConsentStatus::Withdrawn, None).on("phone")]).await;
    assert_eq!(on_list(&world), [NUMBERS[1]]);
    let gone = &tasks(&world, TaskState::Withdrawn)[0];
    assert_eq!(gone.reason.as_deref(), Some("withdrew consent to offers by phone"));
    assert_eq!(gone.ended, Some(world.now()));
    assert_eq!(world.deliveries()[0].state.as_str(), "suppressed");
    world.serve().await;
    assert_eq!(world.mailed(), [email(0)], "the way goes on without the call");

    // People of the house.
    world.engine.set_suppression("phone", NUMBERS[1], Some("asked by letter".into())).await.unwrap();
    assert!(on_list(&world).is_empty());

    // On the page of a call's link; then what is bought and booked.
    world.pass(DAY);
    world.tell([happens("m2", 2, "Drive Missed"), happens("m3", 3, "Drive Missed")]).await;
    world.serve().await;
    let calls = world.deliveries();
    let call = calls.iter().find(|call| call.contact == NUMBERS[2]).unwrap();
    let all = vec![("*".to_owned(), ConsentStatus::Withdrawn)];
    world.engine.set_consents(call, all, "the page").await.unwrap();
    assert_eq!(on_list(&world), [NUMBERS[3]]);
    world.tell([happens("b3", 3, "Drive Booked")]).await;
    assert!(on_list(&world).is_empty());
    let reasons: Vec<_> =
        tasks(&world, TaskState::Withdrawn).into_iter().filter_map(|task| task.reason).collect();
    assert_eq!(
        reasons,
        [
            "Drive Booked from web, 0 ms after the trigger",
            "withdrew consent to everything by phone",
            "the telephone number is suppressed: asked by letter",
            "withdrew consent to offers by phone",
        ]
    );
    assert!(!world.states().contains(&"sending"));
}

#[tokio::test]
async fn whoever_says_stop_while_they_wait_for_a_list_waits_no_more() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..4).map(callable)).await;
    world.tell((0..4).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(tasks(&world, TaskState::Queued).len(), 2);
    let stop = track("stop", "Left").by("phone", NUMBERS[2]);
    world.tell([stop.claims("offers", ConsentStatus::Withdrawn, None).on("phone")]).await;
    let gone = &tasks(&world, TaskState::Withdrawn)[0];
    assert_eq!(gone.reason.as_deref(), Some("withdrew consent to offers by phone"));
    assert_eq!((gone.ended, tasks(&world, TaskState::Queued).len()), (Some(world.now()), 1));
    // What is held, too; and who agrees to something more loses nothing by it.
    world.tell([happens("b0", 0, "Drive Booked")]).await;
    world.engine.set_switch("no-show", true).await.unwrap();
    world.after(DAY).await;
    assert_eq!(world.states()[3], "held");
    let more = track("more", "Agreed").by("phone", NUMBERS[3]);
    world.tell([more.claims("orders", ConsentStatus::Granted, None).on("phone")]).await;
    assert_eq!(world.states()[3], "held");
    world.engine.set_suppression("phone", NUMBERS[3], Some("by letter".into())).await.unwrap();
    assert!(tasks(&world, TaskState::Queued).is_empty());
    world.engine.set_switch("no-show", false).await.unwrap();
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed, [email(2), email(3)], "both ways go on without the call");
}

#[tokio::test]
async fn more_room_is_for_those_who_wait_longest_as_soon_as_it_is_there() {
    let files = shop(CALL);
    let roomier = |capacity: u32| {
        let mut files = files.clone();
        files[0].text = files[0].text.replace("capacity: 2", &format!("capacity: {capacity}"));
        files
    };
    let world = World::of(files.clone()).await;
    world.tell((0..4).map(callable)).await;
    world.tell((0..3).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2]);
    world.engine.apply(files.clone()).await.unwrap();
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..2], "nothing has changed");
    world.engine.apply(roomier(3)).await.unwrap();
    world.tell([happens("m3", 3, "Drive Missed")]).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[..3], "who has waited comes before who comes now");
    let waiting = &tasks(&world, TaskState::Queued)[0];
    assert_eq!(waiting.reason.as_deref(), Some("waits: the list of the team `sales` is full for 2026-03-02"));

    // A restart finds out what was applied before the process died.
    world.engine.apply(roomier(4)).await.unwrap();
    let world = world.restarted(None);
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS);
}

#[tokio::test]
async fn who_comes_when_somebody_has_left_the_list_does_not_overtake() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..4).map(callable)).await;
    world.tell((0..3).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    world.tell([happens("b0", 0, "Drive Booked"), happens("m3", 3, "Drive Missed")]).await;
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[1..3]);
}

#[tokio::test]
async fn nobody_who_did_not_agree_is_on_a_list() {
    let world = World::of(shop(CALL)).await;
    world.tell([identify("i").by("phone", NUMBERS[0]).by("email", &email(0))]).await;
    world.tell([happens("m", 0, "Drive Missed"), track("n", "Drive Missed").by("email", "n@x.org")]).await;
    world.serve().await;
    assert!(on_list(&world).is_empty());
    let words: Vec<_> = world.deliveries().into_iter().filter_map(|call| call.reason).collect();
    assert_eq!(words[..2], ["never agreed to offers by phone", "no telephone number is known"]);
    assert_eq!(world.mailed().len(), 2, "both ways go on");
}

#[tokio::test]
async fn who_does_not_answer_is_tried_on_other_days_and_not_for_ever() {
    let world = World::of(shop(CALL)).await;
    world.tell([callable(0), happens("m", 0, "Drive Missed")]).await;
    world.serve().await;
    for round in 1..=3 {
        let task = tasks(&world, TaskState::Open)[0].clone();
        assert_eq!(task.attempt, round);
        done(&world, task.id, "no-answer").await.unwrap();
        done(&world, task.id, "no-answer").await.unwrap();
        world.serve().await;
        assert!(on_list(&world).is_empty(), "not on the same day");
        world.after(DAY).await;
    }
    assert!(on_list(&world).is_empty());
    assert_eq!(names(&world, 0), ["Call Missed", "Call Missed", "Call Missed", "Drive Missed"]);
    let call = &world.deliveries()[0];
    assert_eq!(
        (call.state.as_str(), call.reason.as_deref()),
        ("failed", Some("nobody answered, try 3 of 3"))
    );
    assert_eq!(world.mailed(), [email(0)]);
}

#[tokio::test]
async fn what_is_heard_on_the_telephone_counts_for_the_number() {
    let world = World::of(shop(CALL)).await;
    world.tell((0..2).map(callable)).await;
    world.tell([happens("m0", 0, "Drive Missed"), happens("m1", 1, "Drive Missed")]).await;
    world.serve().await;
    let ids: Vec<TaskId> = tasks(&world, TaskState::Open).iter().map(|task| task.id).collect();
    assert!(matches!(done(&world, ids[0], "").await, Err(FlowError::Invalid(_))), "what came of it?");
    let typo = done(&world, ids[0], "reachd").await.unwrap_err().to_string();
    assert_eq!(typo, "there is no outcome `reachd`; did you mean `reached`?");
    done(&world, ids[0], "wrong-number").await.unwrap();
    done(&world, ids[1], "do-not-call").await.unwrap();
    let suppressed = world.read(|read| read.suppression("phone", NUMBERS[0])).unwrap();
    assert_eq!(suppressed.reason, "it is a wrong number, as people of the house say");
    assert_eq!(names(&world, 0), ["Call Reached Wrong Number", "Drive Missed"]);
    let consents = world.read(|read| read.consents("phone", NUMBERS[1]));
    let last = consents.iter().find(|consent| consent.topic == "*").unwrap();
    assert_eq!(last.status, ConsentStatus::Withdrawn);
    assert_eq!(
        world.deliveries()[..2].iter().map(|call| call.state.as_str()).collect::<Vec<_>>(),
        ["bounced", "sent"]
    );
    world.pass(DAY);
    world.tell([happens("n0", 0, "Drive Missed"), happens("n1", 1, "Drive Missed")]).await;
    world.serve().await;
    assert!(on_list(&world).is_empty());
}

#[tokio::test]
async fn do_not_call_counts_after_another_outcome_and_no_other_word_does() {
    let world = World::of(shop(CALL)).await;
    world.tell([callable(0), happens("m", 0, "Drive Missed")]).await;
    world.serve().await;
    let task = tasks(&world, TaskState::Open)[0].id;
    done(&world, task, "sold").await.unwrap();
    let FlowError::Refused(said) = done(&world, task, "no-answer").await.unwrap_err() else {
        panic!("it is refused")
    };
    assert!(said.contains("`sold` is on record"), "{said}");
    let again = done(&world, task, "sold").await.unwrap();
    assert_eq!((again.outcome.as_deref(), again.reason), (Some("sold"), None));
    let may_be_called = |world: &World| {
        let consents = world.read(|read| read.consents("phone", NUMBERS[0]));
        crowsnest_model::consent::in_force(&consents, "offers").unwrap().status
    };
    assert_eq!(may_be_called(&world), ConsentStatus::Granted);
    for _ in 0..2 {
        let stopped = done(&world, task, "do-not-call").await.unwrap();
        let reason = "they do not want to be called: consent to everything by phone is withdrawn";
        assert_eq!((stopped.outcome.as_deref(), stopped.reason.as_deref()), (Some("sold"), Some(reason)));
        assert_eq!(stopped.remark.as_deref(), Some("said so; said so"));
        assert_eq!(may_be_called(&world), ConsentStatus::Withdrawn);
    }
    assert_eq!(names(&world, 0), ["Consent Withdrawn", "Call Answered", "Drive Missed"]);
}

#[tokio::test]
async fn do_not_call_after_no_answer_ends_the_tries() {
    let world = World::of(shop(CALL)).await;
    world.tell([callable(0), happens("m", 0, "Drive Missed")]).await;
    world.serve().await;
    let task = tasks(&world, TaskState::Open)[0].id;
    done(&world, task, "no-answer").await.unwrap();
    assert_eq!(tasks(&world, TaskState::Queued).len(), 1);
    done(&world, task, "do-not-call").await.unwrap();
    assert!(tasks(&world, TaskState::Queued).is_empty());
    world.after(DAY).await;
    assert!(on_list(&world).is_empty());
}

#[tokio::test]
async fn a_call_has_a_time_to_live_and_its_way_goes_on_after_it() {
    let program = CALL.replace("call:", "ttl: 1d, call:");
    let world = World::of(shop(&program)).await;
    world.tell((0..3).map(callable)).await;
    world.tell((0..3).map(|place| happens(&format!("m{place}"), place, "Drive Missed"))).await;
    world.serve().await;
    assert_eq!(on_list(&world).len(), 2);
    world.after(DAY).await;
    assert!(on_list(&world).is_empty(), "also what is on the list");
    let reasons: Vec<_> =
        tasks(&world, TaskState::Withdrawn).into_iter().filter_map(|task| task.reason).collect();
    assert_eq!(reasons.len(), 3);
    assert!(reasons.iter().all(|reason| reason.starts_with("its time to live ran out")), "{reasons:?}");
    world.serve().await;
    assert_eq!(world.mailed().len(), 3);
}

#[tokio::test]
async fn two_who_turn_out_to_be_one_are_called_once_and_both_when_they_are_told_apart() {
    let world = World::of(shop(CALL)).await;
    world.tell([callable(0), identify("other").by("email", "o@x.org").by("phone", NUMBERS[1])]).await;
    let other = identify("agrees").by("phone", NUMBERS[1]);
    world.tell([other.claims("offers", ConsentStatus::Granted, Some(NUMBERS[1])).on("phone")]).await;
    world.tell([happens("m0", 0, "Drive Missed"), happens("m1", 1, "Drive Missed")]).await;
    world.serve().await;
    assert_eq!(on_list(&world).len(), 2);
    let other = world.holder("phone", NUMBERS[1]).unwrap();
    world.tell([identify("same").by("phone", NUMBERS[0]).by("phone", NUMBERS[1])]).await;
    assert_eq!(world.holder("phone", NUMBERS[0]), world.holder("phone", NUMBERS[1]));
    assert_eq!(on_list(&world).len(), 1);
    world.serve().await;
    assert_eq!(on_list(&world).len(), 1);
    let one = tasks(&world, TaskState::Open)[0].clone();
    assert_eq!(Some(one.profile), world.holder("phone", NUMBERS[0]));

    let absorbed = if one.profile == other { world.read(|read| read.absorbed(other))[0] } else { other };
    let by = SplitBy::Merged(absorbed);
    world.engine.split(one.profile, by, "a firm's list".into(), false).await.unwrap();
    world.serve().await;
    let calls = open(&world);
    assert_eq!(calls.len(), 2, "the one that went on, and the one that was called off, once");
    assert!(calls.iter().any(|call| call.task.id == one.id));
    assert_ne!(world.holder("phone", NUMBERS[0]), world.holder("phone", NUMBERS[1]));
    for call in &calls {
        let number = call.number.as_deref().unwrap();
        assert_eq!(Some(call.task.profile), world.holder("phone", number), "with whose it is");
    }
    assert!(tasks(&world, TaskState::Withdrawn).is_empty());
    assert!(world.mailed().is_empty(), "both ways wait for their calls");
}

#[tokio::test]
async fn a_stopped_program_calls_nobody_and_what_is_no_call_counts_for_the_room() {
    let plain =
        "program: wash\ntrigger: { event: Car Sold }\nsteps:\n  - task: { title: Wash it, team: sales }\n";
    let world = World::of(shop(&format!("{}---\n{plain}", CALL.trim_end().to_owned() + "\n"))).await;
    world.tell((0..3).map(callable)).await;
    world
        .tell([
            happens("s0", 0, "Car Sold"),
            happens("m1", 1, "Drive Missed"),
            happens("m2", 2, "Drive Missed"),
        ])
        .await;
    world.serve().await;
    assert_eq!(open(&world).len(), 2, "the car and one call");
    assert_eq!(on_list(&world), [NUMBERS[1]]);
    assert!(open(&world).iter().all(|listed| !listed.stopped));
    world.engine.set_switch("no-show", true).await.unwrap();
    let stopped: Vec<Listed> = open(&world).into_iter().filter(|listed| listed.stopped).collect();
    assert_eq!(stopped.len(), 1);
    assert_eq!(stopped[0].not_now.as_deref(), Some("the program's kill switch is thrown"));
    assert_eq!(stopped[0].why, "no-show: Drive Missed on 2026-03-02");
    let wash = open(&world).into_iter().find(|listed| listed.number.is_none()).unwrap().task;
    assert!(matches!(done(&world, wash.id, "reached").await, Err(FlowError::Invalid(_))), "it is no call");
    done(&world, wash.id, "").await.unwrap();
    world.after(DAY).await;
    assert_eq!(tasks(&world, TaskState::Queued).len(), 1, "held");
    world.engine.set_switch("no-show", false).await.unwrap();
    world.serve().await;
    assert_eq!(on_list(&world), NUMBERS[1..3]);
}
