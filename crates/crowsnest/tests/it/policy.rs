//! The contact policy, as those see it who run the house: written down, applied, compared, exported; and for each message
//! that it stopped, why.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, mailed, settled, signed_up};
use crowsnest_testkit::ServerBuilder;
use serde_json::json;
use std::fs;

const BROADCAST: (&str, &str) = (
    "broadcasts/spring.yaml",
    "broadcast: spring\naudience: consent(\"email\", \"offers\")\none_per: person\n\
     send: { channel: email, template: hello, topic: offers }\n",
);

#[test]
fn a_policy_is_applied_and_every_message_that_it_stops_says_why() {
    let mut files = SMALL.to_vec();
    files.push(BROADCAST);
    let workspace = folder(&files);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    let path = workspace.path().to_str().unwrap();

    // A mistake is shown with its place, and changes nothing.
    let policy = workspace.path().join("policy.yaml");
    fs::write(&policy, "policy: contact\ncaps: [{ max: 1, per: 1d, topic: ofers }]\n").unwrap();
    let error = failed(server.command(&["apply", path]), 5);
    assert!(error.contains("policy.yaml:2:34") && error.contains("did you mean `offers`?"), "{error}");

    let text = "policy: contact\n# Enough is enough.\ncaps: [{ max: 1, per: 1d, topic: offers }]\n";
    fs::write(&policy, text).unwrap();
    let told = fine(server.command(&["diff", path]));
    assert!(told.contains("policy contact"), "{told}");
    fine(server.command(&["apply", path]));
    let out = folder(&[]);
    fine(server.command(&["export", out.path().to_str().unwrap()]));
    assert_eq!(fs::read_to_string(out.path().join("policy.yaml")).unwrap(), text);

    let two = json!({ "batch": [agreed("ann"), agreed("bob"), signed_up("ann", "1")] });
    api.collect("batch", WEB, &two);
    settled(api);
    api.collect("batch", WEB, &json!({ "batch": [signed_up("ann", "2")] }));
    settled(api);
    assert_eq!(mailed(api), ["ann@mail.example"]);
    let why = "at most 1 message about offers in 1 day: had welcome";
    let reasons = api.get("/api/v1/programs/welcome/reasons");
    let counted = json!({ "state": "suppressed", "reason": why, "count": 1 });
    assert!(reasons.as_array().unwrap().contains(&counted), "{reasons}");
    let stopped = api.deliveries("welcome").into_iter().find(|found| found["state"] == "suppressed").unwrap();
    let life = fine(server.command(&["deliveries", "show", stopped["id"].as_str().unwrap()]));
    assert!(life.contains("suppressed") && life.contains("had welcome"), "{life}");

    // The preview says who would be capped now, and the launch proves it right.
    let preview = api.get("/api/v1/broadcasts/spring/preview");
    assert_eq!((&preview["recipients"], &preview["capped"]), (&json!(2), &json!([[why, 1]])));
    let told = fine(server.command(&["send", "spring"]));
    assert!(told.contains("By the contact policy") && told.contains("had welcome"), "{told}");
    fine(server.command(&["send", "spring", "--launch"]));
    settled(api);
    assert_eq!(mailed(api), ["ann@mail.example", "bob@mail.example"]);
}
