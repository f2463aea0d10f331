//! The real SDKs, unchanged but for their host option: each does all that it can do, and everything arrives once.

use crate::world::{WEB, driven, event_id, harbor, installed, repository};
use crowsnest_model::Time;
use crowsnest_testkit::{RunningServer, wait};
use serde_json::{Value, json};
use std::{collections::HashMap, process::Command};

/// Runs a driver of `tests/sdk`; the JSON line that it prints says what the SDK sent.
fn drive(
    server: &RunningServer,
    program: &str,
    script: &str,
    who: &str,
    environment: &[(&str, &str)],
) -> Value {
    let mut command = Command::new(program);
    command
        .arg(repository().join("tests/sdk").join(script))
        .envs([("HOST", server.api().url()), ("WRITE_KEY", WEB), ("WHO", who)])
        .env("SDK_MODULES", installed("node"))
        .env_remove("NODE_OPTIONS")
        .envs(environment.iter().copied());
    let said = driven(command, script, wait::PATIENCE);
    assert_eq!(said["errors"], json!([]), "{script} says that something went wrong");
    said
}

/// That exactly the events which the SDK says it sent are here, each once, of the person `user-WHO`, at its own time.
fn arrived(server: &RunningServer, who: &str, said: &Value) -> Value {
    let api = server.api();
    let stats = api.get("/api/v1/stats");
    let sent = said["sent"].as_array().unwrap();
    assert_eq!(stats["events"], sent.len(), "{stats}");
    assert_eq!((&stats["duplicates"], &stats["quarantined"]), (&json!(0), &json!(0)), "{stats}");
    assert_eq!(stats["people"], 1, "one person, however they are named: {stats}");
    let person = api.find("user_id", &format!("user-{who}")).expect("the user is known");
    let mut touches: HashMap<String, Value> = HashMap::new();
    for touch in api.timeline(person["id"].as_str().unwrap()) {
        let id = touch["id"].as_str().unwrap().to_owned();
        assert!(touches.insert(id, touch).is_none(), "an event is in the timeline twice");
    }
    assert_eq!(touches.len(), sent.len());
    for event in sent {
        let touch = &touches[&event_id(event["messageId"].as_str().unwrap())];
        assert_eq!(touch["kind"], event["type"]);
        // The SDK corrects nothing: what differs is the way from its clock to ours, in one machine some milliseconds.
        let apart = moment(&touch["time"]).since(moment(&event["time"])).0.abs();
        assert!(apart < 5_000, "{touch} is {apart} ms from {event}");
    }
    person
}

fn moment(text: &Value) -> Time {
    text.as_str().unwrap().parse().unwrap()
}

fn has_identifier(person: &Value, namespace: &str, value: &str) -> bool {
    let held = person["identifiers"].as_array().unwrap();
    held.iter().any(|link| link["namespace"] == namespace && link["value"] == value)
}

fn touch_of(server: &RunningServer, person: &Value, kind: &str) -> Value {
    let touches = server.api().timeline(person["id"].as_str().unwrap());
    touches.into_iter().find(|touch| touch["kind"] == kind).unwrap()
}

#[test]
fn the_sdk_for_node() {
    let server = harbor();
    let said = drive(&server, "node", "node.mjs", "nora", &[]);
    let person = arrived(&server, "nora", &said);
    assert_eq!(person["traits"]["first_name"]["value"], "Nora");
    assert_eq!(person["traits"]["plan"]["value"], "gold");
    assert_eq!(person["traits"]["age"]["value"], 41);
    for (namespace, value) in
        [("anonymous_id", "anonymous-nora"), ("email", "nora@mail.example"), ("anonymous_id", "before-nora")]
    {
        assert!(has_identifier(&person, namespace, value), "{namespace} {value} in {person}");
    }
    assert_eq!(person["household"]["accounts"], json!(["HM-nora"]), "the group is an account");
    let page = touch_of(&server, &person, "page");
    assert_eq!(page["name"], "Home");
    assert_eq!(page["properties"], json!({ "path": "/", "title": "Ünïcödé 🚗", "category": "Shop" }));
    assert_eq!(
        touch_of(&server, &person, "track")["properties"],
        json!({ "product_id": "p-1", "price": 1999.5 })
    );
}

#[test]
fn the_sdk_for_browsers() {
    let server = harbor();
    let said = drive(&server, "node", "browser.mjs", "bea", &[]);
    let person = arrived(&server, "bea", &said);
    assert_eq!(person["traits"]["first_name"]["value"], "Bea");
    let anonymous = said["anonymousId"].as_str().unwrap();
    assert!(
        has_identifier(&person, "anonymous_id", anonymous),
        "what the visitor did before is theirs: {person}"
    );
    assert!(has_identifier(&person, "email", "bea@mail.example"), "{person}");
    assert_eq!(person["household"]["accounts"], json!(["HM-bea"]));
    assert_eq!(touch_of(&server, &person, "page")["name"], "Home");
}

#[test]
fn the_sdk_for_python() {
    for gzip in ["no", "yes"] {
        let server = harbor();
        let python = installed("python/bin/python");
        let said = drive(&server, python.to_str().unwrap(), "python_sdk.py", "pia", &[("GZIP", gzip)]);
        let person = arrived(&server, "pia", &said);
        assert_eq!(person["traits"]["plan"]["value"], "silver", "gzip: {gzip}");
        assert!(has_identifier(&person, "anonymous_id", "anonymous-pia"), "{person}");
        assert!(has_identifier(&person, "email", "pia@mail.example"), "{person}");
        assert_eq!(person["household"]["accounts"], json!(["HM-pia"]));
        assert_eq!(touch_of(&server, &person, "screen")["name"], "Basket");
    }
}
