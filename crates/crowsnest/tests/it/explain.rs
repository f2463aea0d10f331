//! Why somebody got something from a program, and somebody else did not, by HTTP and by command.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, settled, signed_up};
use crowsnest_testkit::ServerBuilder;
use serde_json::{Value, json};

#[test]
fn who_got_a_message_and_who_did_not_are_explained() {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    let batch = json!({ "batch": [agreed("ann"), signed_up("ann", "c1"), agreed("bob")] });
    api.collect("batch", WEB, &batch);
    settled(api);

    let id =
        |who: &str| api.find("user_id", who).expect("somebody")["id"].as_str().unwrap_or_default().to_owned();
    let found = api.get(&format!("/api/v1/programs/welcome/explain?profile={}", id("ann")));
    let run = &found["runs"][0];
    assert_eq!(
        (&run["state"], &run["occasion"], &run["event_name"]),
        (&json!("finished"), &json!("c1"), &json!("Signed Up"))
    );
    assert_eq!(run["messages"][0]["state"], "sent");
    let early =
        api.get(&format!("/api/v1/programs/welcome/explain?profile={}&at=2001-01-01T00:00:00Z", id("ann")));
    assert_eq!((&early["version"], &early["runs"]), (&Value::Null, &json!([])));

    let text = fine(server.command(&["program", "explain", "welcome", "--profile", "user_id=ann"]));
    assert!(
        text.contains("hello by email") && text.contains("finished") && text.contains("  sent"),
        "{text}"
    );
    let text = fine(server.command(&["program", "explain", "welcome", "--profile", "user_id=bob"]));
    assert!(text.contains("they never entered") && text.contains("Signed Up"), "{text}");
    let asked = ["program", "explain", "welcome", "--profile", "user_id=bob", "--json"];
    let found: Value = serde_json::from_str(&fine(server.command(&asked))).expect("JSON");
    assert_eq!(found["profile"], id("bob").as_str());
    let error = failed(server.command(&["program", "explain", "welcom", "--profile", "user_id=bob"]), 3);
    assert!(error.contains("welcome"), "{error}");
}

#[test]
fn a_program_is_tried_as_if_a_customer_had_entered_a_segment_or_left_it() {
    let prized = (
        "prized.yaml",
        "segment: prized\nwhen: has(profile.prize)\n---\nprogram: thanks\nstate: draft\n\
         trigger: { event: Signed Up }\naudience: segment(\"prized\")\nsteps: [{ exit: thanked }]\n",
    );
    let workspace = folder(&[&SMALL[..], &[prized]].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann")] }));
    fn asked<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["program", "test", "thanks", "--profile", "user_id=ann"], more].concat()
    }
    let enter = |more: &[&str]| fine(server.command(&asked(more))).contains("✓ They would enter");
    assert!(!enter(&[]) && !enter(&["--leaves", "prized"]));
    assert!(enter(&["--enters", "prized"]));
    let error = failed(server.command(&asked(&["--enters", "prised"])), 3);
    assert!(error.contains("did you mean `prized`"), "{error}");
    let error = failed(server.command(&asked(&["--enters", "prized", "--leaves", "prized"])), 4);
    assert!(error.contains("name it once"), "{error}");
}

#[test]
fn a_draft_is_tried_on_a_customer_and_leaves_no_trace() {
    let draft = (
        "programs/winback.yaml",
        "program: winback\nstate: draft\ntrigger: { event: Signed Up, when: \"event.properties.points > 5\" }\n\
         steps:\n  - wait: 3d\n  - send: { channel: email, template: hello, topic: offers }\n",
    );
    let workspace = folder(&[&SMALL[..], &[draft]].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [agreed("ann")] }));
    let before = api.get("/api/v1/stats");
    let mut asked =
        vec!["program", "test", "winback", "--profile", "user_id=ann", "--at", "2030-01-01T09:00:00Z"];
    let text = fine(server.command(&asked));
    assert!(text.contains("They would not enter") && text.contains("? "), "{text}");
    asked.extend(["--event", r#"{"points": 9}"#]);
    let text = fine(server.command(&asked));
    assert!(text.contains("✓ They would enter"), "{text}");
    assert!(
        text.contains("✓ goes out 2030-01-04T09:00:00Z") && text.contains("subject: Welcome ann"),
        "{text}"
    );
    asked.push("--json");
    let tried: Value = serde_json::from_str(&fine(server.command(&asked))).expect("JSON");
    assert_eq!(
        (&tried["enters"], &tried["state"], &tried["outcome"]),
        (&json!(true), &json!("draft"), &json!("all steps are done"))
    );
    assert_eq!(api.get("/api/v1/stats")["deliveries"], before["deliveries"]);
    assert_eq!(api.get("/api/v1/programs/winback/runs"), json!([]));
}
