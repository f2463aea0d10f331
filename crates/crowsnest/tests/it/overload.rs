//! More comes in than can be written: some are sent away with a time to come back, and nothing acknowledged is lost.

use crate::world::{CROWSNEST, SMALL, WEB, folder};
use crowsnest_testkit::{Request, ServerBuilder};
use serde_json::{Value, json};

const REQUESTS: usize = 30;
const EVENTS: usize = 2_400;

fn batch(number: usize) -> Value {
    let events: Vec<Value> = (0..EVENTS)
        .map(|index| json!({ "type": "track", "messageId": format!("{number}-{index}"), "userId": "u", "event": "Looked" }))
        .collect();
    json!({ "writeKey": WEB, "batch": events })
}

#[test]
fn who_is_sent_away_is_told_when_to_come_back_and_loses_nothing() {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST)
        .workspace(workspace.path())
        .env("FAILPOINTS", "commit-before=sleep(700)")
        .start();
    let batches: Vec<String> = (0..REQUESTS).map(|number| batch(number).to_string()).collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let sending: Vec<_> = batches
            .iter()
            .map(|body| scope.spawn(|| server.api().send(&Request::post("/v1/batch", body.clone()))))
            .collect();
        sending.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut refused = Vec::new();
    for (answer, body) in answers.iter().zip(&batches) {
        match answer.status {
            200 => assert_eq!(answer.json()["accepted"], EVENTS),
            503 => {
                assert_eq!(answer.json()["code"], "overloaded");
                // One second led a client to try 23 times.
                assert!(answer.header("retry-after").parse::<u32>().unwrap() > 1);
                refused.push(body);
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(
        !refused.is_empty() && refused.len() < REQUESTS,
        "{} of {REQUESTS} were sent away",
        refused.len()
    );
    assert_eq!(server.api().get("/api/v1/stats")["events"], (REQUESTS - refused.len()) * EVENTS);
    for body in refused {
        let answer = server.api().send(&Request::post("/v1/batch", body.clone()));
        assert_eq!(answer.json()["accepted"], EVENTS, "nothing of what was sent away was kept");
    }
    let stats = server.api().get("/api/v1/stats");
    assert_eq!((&stats["events"], &stats["duplicates"]), (&json!(REQUESTS * EVENTS), &json!(0)));
}
