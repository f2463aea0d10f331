//! Messages whose outcome nobody knows, and people of the house who find out.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, mailed, settled, signed_up};
use crowsnest_testkit::{Request, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};

fn listed(server: &RunningServer, state: &str) -> Vec<Value> {
    let printed = fine(server.command(&["deliveries", "list", "--state", state, "--json"]));
    serde_json::from_str(&printed).unwrap()
}

/// Two people signed up, and the server died when it had written down that it sends to them.
fn of_unknown_outcome() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), agreed("bob")] }));
    settled(server.api());
    server.kill();
    server.set_env("FAILPOINTS", Some("claim-after=return"));
    server.restart();
    let signed = json!({ "batch": [signed_up("ann", "card"), signed_up("bob", "card")], "writeKey": WEB });
    // It may die before it answers; the events were durable before anything was claimed for them.
    let _ = server.api().try_send(&Request::post("/v1/batch", signed.to_string()));
    server.wait_for_end();
    server.set_env("FAILPOINTS", None);
    server.restart();
    wait::until("their outcome is unknown", || (!listed(&server, "unknown").is_empty()).then_some(()));
    settled(server.api());
    (workspace, server)
}

#[test]
fn what_became_of_a_message_is_said_by_people() {
    let (_workspace, server) = of_unknown_outcome();
    let unknown = listed(&server, "unknown");
    let before = mailed(server.api()).len();
    let first = unknown[0]["id"].as_str().unwrap();
    let shown = fine(server.command(&["deliveries", "show", first]));
    assert!(
        shown.contains("may or may not have gone out") && shown.contains("deliveries resolve"),
        "{shown}"
    );
    let doctor = server.command(&["doctor"]);
    assert!(String::from_utf8_lossy(&doctor.stdout).contains("crowsnest deliveries resolve"));

    let words = ["--as", "again", "--reason", "not in the log"];
    let preview =
        fine(server.command(&[&["deliveries", "resolve", "--all", "--preview"], &words[..]].concat()));
    assert!(preview.contains(&format!("{} would be resolved", unknown.len())), "{preview}");
    assert_eq!(listed(&server, "unknown").len(), unknown.len());
    let again = fine(server.command(&[&["deliveries", "resolve", first], &words[..]].concat()));
    assert!(again.contains("is sent again, as people of the house decided: not in the log"), "{again}");
    wait::until("it goes out", || (mailed(server.api()).len() == before + 1).then_some(()));
    settled(server.api());

    let known = failed(server.command(&[&["deliveries", "resolve", first], &words[..]].concat()), 4);
    assert!(known.contains("is known: it is sent"), "{known}");
    let nothing =
        failed(server.command(&["deliveries", "resolve", first, "--as", "sent", "--reason", " "]), 1);
    assert!(nothing.contains("`reason` is empty"), "{nothing}");
    let nobody = "dlv_0000000000000";
    failed(server.command(&[&["deliveries", "resolve", nobody], &words[..]].concat()), 3);
    failed(server.command(&[&["deliveries", "resolve", first, "--preview"], &words[..]].concat()), 2);
    let rest = ["--as", "sent", "--reason", "in the log", "--program", "welcome"];
    let all = fine(server.command(&[&["deliveries", "resolve", "--all"], &rest[..]].concat()));
    assert!(all.contains(&format!("{} resolved.", unknown.len() - 1)), "{all}");
    assert_eq!(listed(&server, "unknown").len(), 0);
    assert_eq!(mailed(server.api()).len(), before + 1);
    let theirs = ["deliveries", "list", "--profile", "user_id=ann", "--limit", "1"];
    assert!(fine(server.command(&theirs)).contains("ann@mail.example"));
}
