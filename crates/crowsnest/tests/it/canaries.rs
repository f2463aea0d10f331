//! What is personal stands in no log and no number, whatever goes wrong with it.

use crate::world::*;
use crowsnest_testkit::{Mood, Receiver, Request, ServerBuilder, wait};
use serde_json::json;

/// Stands for all that is personal.
const CANARY: &str = "canary-7731";

#[test]
fn what_is_personal_stands_in_no_log_and_no_number() {
    // A receiver that repeats what it was told, and takes nothing.
    let receiver = Receiver::start(Mood::answers(503, "", &format!("cannot store {CANARY}@mail.example")));
    let hook = format!("webhook: crm\nurl: {}\nallow_private: true\n", receiver.url());
    let program = "program: leads\ntrigger: { event: Signed Up }\noccasion: event.properties.card\n\
         steps:\n  - webhook: { to: crm, body: { name: profile.first_name } }\n";
    let mut files = SMALL.to_vec();
    files.extend([("webhooks.yaml", hook.as_str()), ("programs/leads.yaml", program)]);
    let workspace = folder(&files);
    let server =
        ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("CROWSNEST_LOG", "info").start();
    let api = server.api();
    let people: Vec<String> = (0..8).map(|number| format!("{CANARY}-{number}")).collect();
    let batch: Vec<_> = people.iter().flat_map(|who| [agreed(who), signed_up(who, "1")]).collect();
    api.collect("batch", WEB, &json!({ "batch": batch }));

    // What cannot be read, is nobody's, or leads nowhere.
    let key = ("x-write-key", WEB);
    for (request, status) in [
        (Request::post("/v1/track", format!("{{\"userId\":\"{CANARY}\",")).header(key.0, key.1), 400),
        (
            Request::post("/v1/track", format!("{{\"type\":\"track\",\"userId\":\"{CANARY}\"}}"))
                .header(key.0, key.1),
            400,
        ),
        (Request::post("/v1/identify", format!("{{\"writeKey\":\"{CANARY}\"}}")), 401),
        (Request::new("GET", format!("/c/{CANARY}")), 404),
        (Request::new("GET", format!("/u/{CANARY}")), 404),
        (Request::new("GET", "/api/v1/stats").header("authorization", format!("Bearer {CANARY}")), 401),
        (Request::post("/login", format!("token={CANARY}")), 403),
        (Request::post("/sms/messages", format!("MessageSid=1&From={CANARY}&Body={CANARY}")), 403),
    ] {
        let answer = api.send(&request);
        assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
        assert!(!answer.text().contains(CANARY), "{request:?}: {}", answer.text());
    }
    wait::until("all are mailed", || (mailed(api).len() == people.len()).then_some(()));
    wait::until("the receiver is left alone", || {
        server.log().contains("nothing is handed over there for a while").then_some(())
    });
    assert!(!server.log().contains(CANARY), "{}", server.log());
    let numbers = api.ask(Request::new("GET", "/metrics")).text();
    assert!(numbers.contains("crowsnest_way_closed") && !numbers.contains(CANARY), "{numbers}");
    // Whoever may see it is told.
    let doctor = said(&server.command(&["doctor"])).0;
    assert!(doctor.contains("503"), "{doctor}");
}
