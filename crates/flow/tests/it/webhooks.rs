//! What programs tell webhooks, by the clock: once where it can be, again where it must be.

use crate::world::*;
use crowsnest_testkit::{Mood, Posted, Receiver};
use serde_json::json;

/// A program that tells the sales system and then writes to the person.
fn told(receiver: &Receiver) -> String {
    format!(
        r#"
webhook: crm
url: {}
secret_env: HOOK_SECRET
allow_private: true
timeout: 1s
---
program: leads
trigger: {{ event: Visit, ttl: 2d }}
steps:
  - wait: 1h
  - webhook: {{ to: crm, body: {{ plan: profile.plan, car: event.properties.car, none: event.properties.none }} }}
  - send: {{ channel: email, template: letter, topic: offers }}
"#,
        receiver.url()
    )
}

fn visit(id: &str, email: &str) -> Touch {
    track(id, "Visit").by("email", email).with(json!({ "car": "c-1", "hidden": "h" }))
}

async fn begun(program: &str) -> World {
    let world = World::new(&[program]).await;
    let ann = subscriber("ann@x.org").traits(json!({ "plan": "gold", "secret": "s" }));
    world.tell([ann, visit("v", "ann@x.org")]).await;
    world
}

fn log(world: &World) -> Vec<String> {
    let run = world.runs("leads").last().unwrap().id;
    let log = world.read(|read| read.run_log(run));
    log.into_iter().map(|taken| format!("{} {}", taken.step, taken.outcome)).collect()
}

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.posted().iter().map(|posted| posted.header("webhook-id").to_owned()).collect()
}

#[tokio::test]
async fn a_step_tells_what_its_mapping_asks_for_and_nothing_else() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR - 1).await;
    assert!(receiver.posted().is_empty());
    world.after(1).await;
    let posted: Vec<Posted> = receiver.posted();
    let (ann, run) = (world.holder("email", "ann@x.org").unwrap(), world.runs("leads")[0].id);
    assert_eq!(
        posted[0].json(),
        json!({
            "type": "crowsnest.program.step",
            "timestamp": "2026-03-02T10:00:00Z",
            "data": {
                "program": "leads",
                "version": 1,
                "step": "1",
                "run": run,
                "profile": { "id": ann },
                "body": { "plan": "gold", "car": "c-1" },
            },
        })
    );
    assert_eq!(posted.len(), 1);
    assert_eq!(ids(&receiver), [world.deliveries()[0].id.to_string()]);
    assert!(posted[0].header("webhook-signature").starts_with("v1,"));
    // Then the program goes on.
    assert_eq!(world.mailed(), ["ann@x.org"]);
    assert_eq!(log(&world)[1..], ["1 tells crm", "1 crm was told: 200 OK", "2 sends letter by email"]);
}

#[tokio::test]
async fn what_failed_for_now_is_posted_again_with_the_same_id_and_body() {
    let receiver = Receiver::start(Mood::answers(500, "", ""));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    // What is known of the person changes; what is told does not.
    world.tell([identify("new").by("email", "ann@x.org").traits(json!({ "plan": "none" }))]).await;
    world.after(MINUTE - 1).await;
    assert_eq!(receiver.posted().len(), 1);
    receiver.becomes(Mood::Closes);
    world.after(1).await;
    receiver.becomes(Mood::answers(503, "retry-after: 7200\r\n", ""));
    world.after(5 * MINUTE).await;
    receiver.becomes(Mood::answers(200, "", ""));
    world.after(2 * HOUR - 1).await;
    assert_eq!(receiver.posted().len(), 3, "the receiver asked for two hours");
    assert!(world.mailed().is_empty());
    world.after(1).await;
    let posted = receiver.posted();
    assert_eq!(posted.len(), 4);
    assert!(posted.iter().all(|other| other.body == posted[0].body));
    assert!(ids(&receiver).iter().all(|id| *id == world.deliveries()[0].id.to_string()));
    assert_ne!(posted[0].header("webhook-timestamp"), posted[3].header("webhook-timestamp"));
    assert_eq!(world.mailed(), ["ann@x.org"]);
}

#[tokio::test]
async fn what_failed_is_told_again_under_the_same_id_and_nobody_is_written_to_twice() {
    let receiver = Receiver::start(Mood::answers(400, "", "not today"));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["failed", "sent"]);
    world.after(3 * DAY).await;
    receiver.becomes(Mood::answers(200, "", ""));
    let replay =
        |preview| world.engine.replay_failed_posts("crm", (None, None), "they are back".into(), preview);
    assert_eq!((replay(true).await.unwrap().replayed, world.states()), (1, vec!["failed", "sent"]));
    let later = world.engine.now().plus(crowsnest_model::Duration::days(1));
    let none =
        world.engine.replay_failed_posts("crm", (Some(later), None), "they are back".into(), false).await;
    assert_eq!(none.unwrap().replayed, 0);
    assert_eq!(replay(false).await.unwrap().replayed, 1);
    assert_eq!(replay(false).await.unwrap().replayed, 0, "it waits already");
    world.after(MINUTE).await;
    assert_eq!((world.states(), world.mailed().len()), (vec!["sent", "sent"], 1));
    let (ids, posted) = (ids(&receiver), receiver.posted());
    assert_eq!((ids.len(), &ids[0], &posted[0].body), (2, &ids[1], &posted[1].body));

    // What was sent is told once more when one asks for it, and another webhook is none of its business.
    let id = world.deliveries()[0].id;
    let replay = |hook: &str| world.engine.replay_post(hook.into(), id, None, "they lost it".into());
    assert_eq!(
        replay("chat").await.unwrap_err().to_string(),
        format!("there is no delivery to this webhook `{id}`; it went to the webhook `crm`, not to `chat`")
    );
    replay("crm").await.unwrap();
    let waiting = replay("crm").await.unwrap_err().to_string();
    assert!(waiting.contains("is queued"), "{waiting}");
    world.after(MINUTE).await;
    assert_eq!((receiver.posted().len(), world.mailed().len()), (3, 1));
}

#[tokio::test]
async fn what_is_asked_twice_by_one_look_is_posted_once() {
    let receiver = Receiver::start(Mood::answers(400, "", "not today"));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    let seen = world.deliveries()[0].clone();
    let again =
        || world.engine.replay_post("crm".into(), seen.id, Some(seen.updated), "they are back".into());
    again().await.unwrap();
    world.after(MINUTE).await;
    assert_eq!((world.states()[0], receiver.posted().len()), ("failed", 2));
    let twice = again().await.unwrap_err().to_string();
    assert!(twice.contains("has changed since you looked at it"), "{twice}");

    // The same of all: what has failed anew since they were counted waits for another look.
    let counted = world.engine.now().plus(crowsnest_model::Duration::minutes(1));
    world.after(2 * MINUTE).await;
    let all = || world.engine.replay_failed_posts("crm", (None, Some(counted)), "r".into(), false);
    assert_eq!(all().await.unwrap().replayed, 1);
    world.after(MINUTE).await;
    assert_eq!((world.states()[0], receiver.posted().len()), ("failed", 3));
    assert_eq!(all().await.unwrap().replayed, 0);
}

#[tokio::test]
async fn who_waits_for_another_outcome_is_not_hurried_by_what_is_told_again() {
    let (first, second) =
        (Receiver::start(Mood::answers(400, "", "")), Receiver::start(Mood::answers(500, "", "")));
    let program = told(&first).replace(
        "  - send: { channel: email, template: letter, topic: offers }",
        "  - webhook: { to: chat }\n  - send: { channel: email, template: letter, topic: offers }",
    );
    let hook =
        format!("webhook: chat\nurl: {}\nsecret_env: HOOK_SECRET\nallow_private: true\n", second.url());
    let world = World::new(&[&program, &hook]).await;
    world.tell([subscriber("ann@x.org"), visit("v", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["failed", "queued"]);
    first.becomes(Mood::answers(200, "", ""));
    let id = world.deliveries()[0].id;
    world.engine.replay_post("crm".into(), id, None, "they are back".into()).await.unwrap();
    world.serve().await;
    assert_eq!((world.states(), world.mailed().len()), (vec!["sent", "queued"], 0));
    second.becomes(Mood::answers(200, "", ""));
    world.after(HOUR).await;
    assert_eq!((world.states(), world.mailed().len()), (vec!["sent", "sent", "sent"], 1));
}

#[tokio::test]
async fn a_program_goes_on_when_its_webhook_is_refused() {
    let receiver = Receiver::start(Mood::answers(410, "", ""));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    assert_eq!(world.states(), ["failed", "sent"]);
    assert_eq!(
        log(&world)[2],
        "1 crm was not told: 410 Gone: its receiver wants nothing more; remove the webhook"
    );
    world.after(DAY).await;
    assert_eq!(receiver.posted().len(), 1);
}

#[tokio::test]
async fn a_post_that_was_interrupted_is_posted_again_with_the_same_id() {
    let receiver = Receiver::start(Mood::answers(500, "", ""));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    let world = world.crashed("UPDATE deliveries SET state = 'sending' WHERE channel = 'webhook'");
    receiver.becomes(Mood::answers(200, "", ""));
    world.after(MINUTE).await;
    let ids = ids(&receiver);
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(world.states(), ["sent", "sent"]);
}

#[tokio::test]
async fn what_became_of_a_post_is_written_once_it_can_be() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let world = begun(&told(&receiver)).await;
    let store = |sql: &str| {
        let database = rusqlite::Connection::open(world.folder.path().join("crowsnest.db")).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        database.execute_batch(sql).unwrap();
    };
    store(
        "CREATE TRIGGER fault BEFORE UPDATE ON deliveries WHEN NEW.state = 'sent' BEGIN SELECT RAISE(ABORT, 'a fault'); END;",
    );
    world.pass(HOUR);
    assert!(world.dispatcher.serve_due().await.is_err());
    assert_eq!((receiver.posted().len(), world.states()), (1, vec!["sending"]));
    store("DROP TRIGGER fault");
    world.serve().await;
    assert_eq!((receiver.posted().len(), world.states()), (1, vec!["sent", "sent"]));
}

#[tokio::test]
async fn kill_switch_pause_and_time_to_live_apply() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let program = told(&receiver);
    let world = begun(&program).await;
    world.engine.set_switch("leads", true).await.unwrap();
    world.after(HOUR).await;
    assert_eq!(world.states(), ["held"]);
    world.engine.set_switch("leads", false).await.unwrap();
    let paused = program.replace("program: leads\n", "program: leads\nstate: paused\n");
    world.apply(&[&paused]).await;
    world.after(MINUTE).await;
    assert_eq!(world.states(), ["held"]);
    assert!(receiver.posted().is_empty());
    world.apply(&[&program]).await;
    world.after(2 * DAY).await;
    assert_eq!(world.states(), ["expired"]);
    assert!(world.run_words("leads")[0].starts_with("expired: its time to live ran out"));
    assert!(receiver.posted().is_empty());
}

#[tokio::test]
async fn neither_consent_nor_the_contact_policy_concerns_it_nor_does_it_count() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let policy = "policy: contact\ncaps: [{ max: 1, per: 7d }]\n";
    let world = World::new(&[&told(&receiver), policy]).await;
    // Nobody has agreed to anything, and there is no address.
    world.tell([track("b", "Visit").by("user_id", "bob")]).await;
    world.tell([subscriber("ann@x.org"), visit("v", "ann@x.org"), visit("w", "ann@x.org")]).await;
    world.after(HOUR).await;
    assert_eq!(receiver.posted().len(), 2);
    assert_eq!(world.mailed(), ["ann@x.org"], "one message is allowed, and a post is none");
}

#[tokio::test]
async fn a_webhook_that_was_removed_is_not_posted_to() {
    let receiver = Receiver::start(Mood::answers(500, "", ""));
    let world = begun(&told(&receiver)).await;
    world.after(HOUR).await;
    world.apply(&["program: leads\ntrigger: { event: Visit }\nsteps: [{ exit: done }]\n"]).await;
    world.after(MINUTE).await;
    assert_eq!(receiver.posted().len(), 1);
    assert_eq!(log(&world)[2], "1 crm was not told: there is no webhook `crm` any more");
    assert_eq!(world.mailed().len(), 1, "who is on the way goes on on their version");
}

#[tokio::test]
async fn a_dead_webhook_holds_up_neither_messages_nor_other_webhooks() {
    let (dead, well) = (Receiver::start(Mood::Stalls), Receiver::start(Mood::answers(200, "", "")));
    let two = format!(
        r#"
webhook: dead
url: {}
secret_env: HOOK_SECRET
allow_private: true
timeout: 30s
---
webhook: well
url: {}
secret_env: HOOK_SECRET
allow_private: true
---
program: to-dead
trigger: {{ event: Visit }}
steps: [{{ webhook: dead }}]
---
program: to-well
trigger: {{ event: Visit }}
steps: [{{ webhook: well }}]
---
program: to-people
trigger: {{ event: Visit }}
steps: [{{ send: {{ channel: email, template: letter, topic: offers }} }}]
"#,
        dead.url(),
        well.url()
    );
    let world = World::new(&[&two]).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(world.dispatcher.clone().run(stopped));
    let started = std::time::Instant::now();
    for person in 0..30 {
        let email = format!("p{person}@x.org");
        world.tell([subscriber(&email), visit(&format!("v{person}"), &email)]).await;
    }
    while well.posted().len() < 30 || world.mailed().len() < 30 {
        assert!(started.elapsed().as_secs() < 25, "{} {}", well.posted().len(), world.mailed().len());
        tokio::task::yield_now().await;
    }
    assert!(started.elapsed().as_secs() < 25, "before the dead one has timed out once");
    assert!(dead.posted().len() <= 8, "so many at once to one");
    running.abort();
    drop(stop);
}

#[tokio::test]
async fn a_trial_shows_what_would_be_posted_and_posts_nothing() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let world = begun(&told(&receiver)).await;
    let trial = crowsnest_flow::Trial {
        person: world.holder("email", "ann@x.org").unwrap(),
        properties: None,
        item: None,
        before: None,
        segments: Default::default(),
        at: None,
    };
    let tried = world.engine.try_program(world.dispatcher.courier(), "leads", trial).unwrap();
    let post = tried.steps.iter().find_map(|step| step.post.as_ref()).unwrap();
    assert_eq!(post.webhook, "crm");
    assert_eq!(post.body["data"]["body"], json!({ "plan": "gold", "car": "c-1" }));
    assert!(receiver.posted().is_empty());
    assert_eq!(tried.outcome, "all steps are done");
}
