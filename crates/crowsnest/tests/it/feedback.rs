//! What comes back on messages, told by another system over HTTP.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, fine, folder, mailed, settled, signed_up};
use crowsnest_testkit::{Request, ServerBuilder, wait};
use serde_json::{Value, json};

#[test]
fn another_system_reports_what_came_back() {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "card")] }));
    wait::until("it is mailed", || (mailed(server.api()).len() == 1).then_some(()));
    settled(server.api());
    let listed = fine(server.command(&["deliveries", "list", "--state", "sent", "--json"]));
    let sent: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let path = format!("/api/v1/deliveries/{}/feedback", sent[0]["id"].as_str().unwrap());

    let clicked = json!({ "id": "e-17", "what": "clicked", "url": "https://lake-store.example/boats" });
    assert_eq!(server.api().post(&path, &clicked), json!({ "new": true }));
    assert_eq!(server.api().post(&path, &clicked), json!({ "new": false }), "told twice");
    let scanned = json!({ "id": "e-18", "what": "opened", "by_machine": true });
    assert_eq!(server.api().post(&path, &scanned), json!({ "new": true }));
    let bounced = json!({ "id": "e-19", "what": "bounced", "for_good": true, "said": "no such mailbox" });
    assert_eq!(server.api().post(&path, &bounced), json!({ "new": true }));

    let shown = fine(server.command(&["deliveries", "show", sent[0]["id"].as_str().unwrap()]));
    for line in ["clicked", "opened by machine", "bounced for good", "no such mailbox"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    let suppressed = server.api().get("/api/v1/suppressions");
    assert_eq!(suppressed[0]["reason"], "it bounced: no such mailbox");
    let person = server.api().find("user_id", "ann").unwrap();
    let names: Vec<Value> = server
        .api()
        .timeline(person["id"].as_str().unwrap())
        .iter()
        .map(|touch| touch["name"].clone())
        .collect();
    assert!(
        names.contains(&json!("Email Link Clicked")) && names.contains(&json!("Email Bounced")),
        "{names:?}"
    );

    for (body, said) in [
        (json!({ "id": "x", "what": "opened", "by_machines": true }), "by_machines"),
        (json!({ "id": "x", "what": "seen" }), "seen"),
        (json!({ "id": " ", "what": "opened" }), "`id` has to have"),
        (json!({ "what": "opened" }), "id"),
    ] {
        let answer = server
            .api()
            .ask(Request::post(&path, body.to_string()).header("content-type", "application/json"));
        assert!(
            (400..500).contains(&answer.status) && answer.text().contains(said),
            "{body}: {}",
            answer.text()
        );
    }
    let nobody = Request::post("/api/v1/deliveries/dlv_0000000000000/feedback", clicked.to_string());
    assert_eq!(server.api().ask(nobody.header("content-type", "application/json")).status, 404);
}
