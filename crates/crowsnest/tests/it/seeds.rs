//! Seed lists from end to end: a test to a whole list, copies of a mailing, and what comes of their links.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, mailed, settled};
use crowsnest_testkit::{Request, RunningServer, ServerBuilder};
use serde_json::json;
use std::fs;
use tempfile::TempDir;

const MAILING: &str = "seeds: check\nentries:\n  - { name: Gmail, email: check@gmail.example, traits: { first_name: Gail } }\n  \
    - { name: Desk, email: desk@lake-store.example, phone: \"+13125550190\", traits: { first_name: Dana } }\n---\n\
    seeds: nameless\nentries: [{ name: Nameless, email: nobody@lake-store.example }]\n---\n\
    broadcast: spring\naudience: consent(\"email\", \"offers\")\n\
    send: { channel: email, template: hello, topic: offers, seeds: [check] }\n---\n\
    broadcast: autumn\naudience: consent(\"email\", \"offers\")\n\
    send: { channel: email, template: hello, topic: offers, seeds: [check, nameless] }\n";

const SMS: &str = "sms: { from: \"+13125550100\", max_segments: 1 }\n";

const LONG: &str =
    "template: long\nchannel: sms\ntext: \"{{ profile.first_name }}, {{ event.properties.more }}\"\n";

fn lake() -> (TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let file = workspace.path().join("crowsnest.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + SMS).unwrap();
    fs::write(workspace.path().join("mailing.yaml"), MAILING).unwrap();
    fs::write(workspace.path().join("long.yaml"), LONG).unwrap();
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann")] }));
    (workspace, server)
}

#[test]
fn a_template_is_tested_with_a_whole_list() {
    let (_workspace, server) = lake();
    let told = fine(server.command(&["send", "spring", "--test", "--seeds", "check"]));
    assert!(told.contains("check/Gmail") && told.contains("desk@lake-store.example"), "{told}");
    assert_eq!(mailed(server.api()), ["check@gmail.example", "desk@lake-store.example"]);
    let subjects = server.api().pages("/api/v1/mailbox");
    let mut subjects: Vec<&str> = subjects.iter().map(|mail| mail["subject"].as_str().unwrap()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["[Test] Welcome Dana", "[Test] Welcome Gail"]);
    assert!(server.api().get("/api/v1/deliveries") == json!([]), "a test is no delivery");
    // What a seed lacks is said, and the command fails.
    let output = server.command(&["send", "hello", "--test", "--seeds", "nameless", "--json"]);
    let lacks: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(lacks[0]["outcome"], "refused");
    assert!(lacks[0]["detail"].as_str().unwrap().contains("first_name"), "{lacks}");
    let told = failed(output, 1);
    assert!(told.contains("1 of the tests were not sent"), "{told}");
    let missing = failed(server.command(&["send", "spring", "--test", "--seeds", "chekc"]), 3);
    assert!(missing.contains("did you mean `check`"), "{missing}");
    let texts = ["send", "long", "--test", "--seeds", "nameless"];
    let nobody = failed(server.command(&texts), 1);
    assert!(nobody.contains("no entry of the seed list `nameless` has an address for `sms`"), "{nobody}");
    failed(server.command(&["send", "spring", "--test"]), 2);
    failed(server.command(&["send", "spring", "--test", "--as", "user_id=ann"]), 1);
    failed(server.command(&["send", "spring", "--test", "me@x.example", "--seeds", "check"]), 1);
}

#[test]
fn a_test_that_is_refused_fails_and_says_why() {
    let (_workspace, server) = lake();
    let event = json!({ "name": "A", "properties": { "more": "x".repeat(170) } }).to_string();
    let test = ["send", "long", "--as", "user_id=ann", "--event", &event, "--test", "+13125550999"];
    let told = failed(server.command(&test), 1);
    assert!(
        told.contains("the test was not sent: refused: it has 2 segments of GSM-7, and `max_segments` is 1"),
        "{told}"
    );
    // What is shown says the same, and that she has no number.
    let shown = fine(server.command(&["send", "long", "--as", "user_id=ann", "--event", &event, "--show"]));
    assert!(shown.contains("To: nobody\n"), "{shown}");
    assert!(shown.contains("It would not be sent: no telephone number is known\n"), "{shown}");
    assert!(shown.contains("It would not be sent: it has 2 segments"), "{shown}");
    assert!(mailed(server.api()).is_empty());
}

#[test]
fn a_mailing_goes_to_its_seeds_whose_links_change_nothing() {
    let (_workspace, server) = lake();
    let api = server.api();
    let told = fine(server.command(&["send", "autumn"]));
    assert!(told.contains("Copies go first to check/Gmail, check/Desk, nameless/Nameless."), "{told}");
    assert!(told.contains("warning: nameless/Nameless would get none: "), "{told}");
    assert!(!told.contains("warning: check/Gmail"), "{told}");
    fine(server.command(&["send", "spring", "--launch"]));
    settled(api);
    let mut mails = mailed(api);
    mails.sort();
    assert_eq!(mails, ["ann@mail.example", "check@gmail.example", "desk@lake-store.example"]);
    let told = fine(server.command(&["deliveries", "list", "--program", "spring"]));
    assert!(told.contains("seed check/Gmail") && told.contains("ann@mail.example"), "{told}");
    let all = api.get("/api/v1/deliveries");
    let copy = all.as_array().unwrap().iter().find(|one| one["seed"] == "check/Gmail").unwrap();
    assert!(copy["profile"].is_null() && copy["state"] == "sent", "{copy}");
    let shown = fine(server.command(&["deliveries", "show", copy["id"].as_str().unwrap()]));
    assert!(shown.contains("(seed check/Gmail)"), "{shown}");
    assert_eq!(api.get("/api/v1/broadcasts")[1]["deliveries"], json!({ "sent": 1 }));
    assert_eq!(api.get("/api/v1/stats")["people"], 1);

    let mail =
        api.pages("/api/v1/mailbox").into_iter().find(|mail| mail["to"] == json!(["check@gmail.example"]));
    let mail = api.get(&format!("/api/v1/mailbox/{}", mail.unwrap()["id"].as_str().unwrap()));
    let header = |name: &str| {
        let headers = mail["headers"].as_array().unwrap();
        let found = headers.iter().find(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
        found.unwrap()[1].as_str().unwrap().trim().to_owned()
    };
    assert_eq!(header("subject"), "Welcome Gail", "just as a customer gets it");
    let link = header("list-unsubscribe");
    let link = link.trim_matches(['<', '>']).strip_prefix(api.url()).unwrap().to_owned();
    assert_eq!(api.send(&Request::new("GET", &link)).status, 404);
    let click = Request::post(&link, "List-Unsubscribe=One-Click")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(api.send(&click).status, 404, "nobody is unsubscribed");
    assert_eq!(api.get("/api/v1/stats")["people"], 1, "and nobody becomes known");
}
