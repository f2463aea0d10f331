//! Who is one person, and who is not, as people of the house decide it.

use crate::world::{CROWSNEST, SMALL, WEB, failed, fine, folder, settled};
use crowsnest_testkit::{RunningServer, ServerBuilder};
use serde_json::{Value, json};

/// Two sisters whom a form took for one.
fn sisters() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let identify = |id: &str, user: Option<&str>, email: &str, city: &str| {
        json!({ "type": "identify", "messageId": id, "userId": user, "anonymousId": user.map_or("browser-b", |_| "browser-a"),
                "traits": { "email": email, "city": city } })
    };
    for event in [
        identify("1", Some("ann"), "ann@mail.example", "Rome"),
        identify("2", None, "bea@mail.example", "Oslo"),
        identify("3", Some("ann"), "bea@mail.example", "Oslo"),
    ] {
        server.api().collect("batch", WEB, &json!({ "batch": [event] }));
    }
    settled(server.api());
    (workspace, server)
}

fn id(server: &RunningServer, namespace: &str, value: &str) -> String {
    server.api().find(namespace, value).unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn two_who_were_taken_for_one_are_told_apart() {
    let (_workspace, server) = sisters();
    let one = id(&server, "user_id", "ann");
    assert_eq!(id(&server, "email", "bea@mail.example"), one);
    let why = fine(server.command(&["profile", "user_id=ann", "--why"]));
    let merged =
        server.api().get(&format!("/api/v1/profiles/{one}"))["absorbed"][0].as_str().unwrap().to_owned();
    assert!(why.contains(&merged) && why.contains("named together"), "{why}");

    let split =
        ["identity", "split", "user_id=ann", "--merged", &merged, "--reason", "sisters with one tablet"];
    let shown = fine(server.command(&[&split[..], &["--preview"]].concat()));
    assert!(shown.contains("This is a preview; nothing was written"), "{shown}");
    assert!(shown.contains("city: Rome") || shown.contains("city: Oslo"), "{shown}");
    assert_eq!(id(&server, "email", "bea@mail.example"), one, "a preview decides nothing");

    let done = fine(server.command(&split));
    assert!(done.contains("keeps them apart from now on"), "{done}");
    let (ann, bea) = (id(&server, "user_id", "ann"), id(&server, "email", "bea@mail.example"));
    assert_ne!(ann, bea);
    assert!([&ann, &bea].contains(&&merged), "the old id is somebody's again");
    let city =
        |who: &str| server.api().get(&format!("/api/v1/profiles/{who}"))["traits"]["city"]["value"].clone();
    assert_eq!(city(&bea), "Oslo");

    // The same form again does not make them one.
    let again = json!({ "type": "identify", "messageId": "4", "userId": "ann", "traits": { "email": "bea@mail.example" } });
    server.api().collect("batch", WEB, &json!({ "batch": [again] }));
    settled(server.api());
    assert_eq!(id(&server, "email", "bea@mail.example"), bea);
    let decisions: Value =
        serde_json::from_str(&fine(server.command(&["identity", "decisions", "--json"]))).unwrap();
    assert_eq!(decisions.as_array().unwrap().len(), 1);
    assert_eq!(decisions[0]["reason"], "sisters with one tablet");
    assert!(fine(server.command(&["identity", "decisions"])).contains("email=bea@mail.example"));
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let (_workspace, server) = sisters();
    let split = |more: &[&str]| {
        server.command(&[&["identity", "split", "user_id=ann", "--reason", "why not"], more].concat())
    };
    let wrong = failed(split(&["--identifier", "email"]), 1);
    assert!(wrong.contains("write namespace=value"), "{wrong}");
    let stranger = failed(split(&["--identifier", "email=who@mail.example"]), 4);
    assert!(stranger.contains("email=who@mail.example is not prf_"), "{stranger}");
    let neither = failed(split(&[]), 2);
    assert!(neither.contains("--merged"), "{neither}");
    let nobody = server.command(&[
        "identity",
        "split",
        "user_id=nobody",
        "--reason",
        "x",
        "--identifier",
        "email=a@b.example",
    ]);
    failed(nobody, 3);
}
