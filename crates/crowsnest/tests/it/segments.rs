//! Segments and metrics by HTTP and by command, over a restart and a definition that is new.

use crate::world::{CROWSNEST, SMALL, WEB, folder};
use crowsnest_testkit::{Api, ServerBuilder, wait};
use serde_json::{Value, json};

const SEGMENTS: &str = r#"
metric: spend
title: Spent in a year
value: sum("Order Completed", "revenue", within("365d"))
---
segment: big
title: Big spenders
when: metric("spend") >= 100
---
segmentation: stage
segments:
  - { segment: buyer, when: 'count("Order Completed") >= 1' }
  - { segment: visitor }
"#;

fn buy(api: &Api, id: &str, who: &str, revenue: i64) {
    let event = json!({ "type": "track", "messageId": id, "userId": who, "event": "Order Completed",
        "properties": { "revenue": revenue } });
    api.collect("batch", WEB, &json!({ "batch": [event] }));
}

fn names(api: &Api, who: &str) -> Vec<String> {
    let person = api.find("user_id", who).expect("somebody");
    person["segments"].as_object().expect("segments").keys().cloned().collect()
}

#[test]
fn segments_are_there_when_the_sender_has_its_answer_and_are_explained() {
    let workspace = folder(&[&SMALL[..], &[("segments.yaml", SEGMENTS)]].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    buy(api, "o1", "ann", 60);
    assert_eq!(names(api, "ann"), ["buyer"]);
    buy(api, "o2", "ann", 50);
    assert_eq!(names(api, "ann"), ["big", "buyer"]);
    buy(api, "o3", "bob", 10);
    let listed = api.get("/api/v1/segments");
    let members: Vec<_> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|segment| (segment["segment"].as_str().unwrap_or_default(), segment["members"].as_u64()))
        .collect();
    assert_eq!(members, [("big", Some(1)), ("buyer", Some(2)), ("visitor", Some(0))]);
    assert_eq!(api.get("/api/v1/segments/overlap?one=big&other=buyer")["both"], 1);
    let id = api.find("user_id", "ann").expect("Ann")["id"].clone();
    assert_eq!(api.get("/api/v1/segments/big/members")[0]["profile"], id);
    let changes = api.get("/api/v1/segments/big/changes");
    assert_eq!((&changes[0]["profile"], &changes[0]["entered"]), (&id, &json!(true)));
    let values = api.get(&format!("/api/v1/profiles/{}/metrics", id.as_str().unwrap_or_default()));
    assert_eq!(values[0]["value"], 110.0);

    let told = |arguments: &[&str]| {
        let output = server.command(arguments);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, text) = told(&["segment", "why", "user_id=bob", "big"]);
    assert!(code == Some(0) && text.contains("big: is not in it") && text.contains("10"), "{text}");
    let (code, text) = told(&["segment", "list"]);
    assert!(code == Some(0) && text.contains("Order Completed") && text.contains("visitor"), "{text}");
    let (code, text) = told(&["metric", "--of", "user_id=ann", "--json"]);
    let values: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &values[0]["value"]), (Some(0), &json!(110.0)));
    assert_eq!(told(&["segment", "members", "bigg"]).0, Some(3), "there is no such segment");
}

#[test]
fn a_new_segment_is_built_beside_the_events() {
    let workspace = folder(&SMALL);
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    for place in 0..50 {
        buy(server.api(), &format!("o{place}"), &format!("p{place}"), 10 * place);
    }
    std::fs::write(workspace.path().join("segments.yaml"), SEGMENTS).expect("written");
    server.kill();
    server.restart();
    let api = server.api();
    wait::until("the segments are built", || api.get("/api/v1/building").is_null().then_some(()));
    assert_eq!(api.get("/api/v1/segments/big")["members"], 40);
    buy(api, "more", "p3", 100);
    assert_eq!(api.get("/api/v1/segments/big")["members"], 41);
}
