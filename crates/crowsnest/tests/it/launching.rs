//! A launch that dies at its fault points, again and again: each person gets it once, or nobody knows.
//!
//! Compiled in only with the feature: `cargo nextest run --features crowsnest/faults`, as `make test` does.

use crate::world::*;
use crowsnest_testkit::{ServerBuilder, wait};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const PEOPLE: usize = 240;

#[test]
fn a_launch_that_dies_anywhere_goes_on_and_everybody_gets_it_once() {
    let broadcast = "broadcast: spring\naudience: consent(\"email\", \"offers\")\nsend: { channel: email, template: hello, topic: offers }\n";
    let workspace = folder(&[&SMALL[..], &[("mailing.yaml", broadcast)]].concat());
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let names: Vec<String> = (0..PEOPLE).map(|place| format!("p{place}")).collect();
    for some in names.chunks(120) {
        let said: Vec<_> = some.iter().map(|who| agreed(who)).collect();
        server.api().collect("batch", WEB, &json!({ "batch": said }));
    }
    // The launch has five pages of so many. It dies before its first, after two, in the midst of sending, and so on; each
    // start goes on with it.
    let faults = [
        "launch-after=return",
        "commit-before=3*off->return",
        "claim-after=return",
        "launch-after=1*off->return",
        "commit-before=2*off->return",
        "settle-before=return",
    ];
    for (round, fault) in faults.into_iter().enumerate() {
        server.set_env("FAILPOINTS", Some(fault));
        // It may die before it says that it is there.
        if server.try_restart().is_ok() {
            if round == 0 {
                server.command(&["send", "spring", "--launch"]);
            }
            server.wait_for_end();
        }
    }
    server.set_env("FAILPOINTS", None);
    server.restart();
    wait::until("everybody was looked at", || {
        let report = server.api().get("/api/v1/broadcasts/spring/launch");
        report["queued"].is_string().then_some(())
    });
    settled(server.api());
    let audience = &server.api().get("/api/v1/broadcasts/spring/launch")["audience"];
    assert_eq!(
        (&audience["people"], &audience["recipients"]),
        (&json!(PEOPLE), &json!(PEOPLE)),
        "{audience}"
    );
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    mailed(server.api()).into_iter().for_each(|to| *mails.entry(to).or_default() += 1);
    let deliveries = server.api().deliveries("spring");
    let intended: BTreeSet<&str> =
        deliveries.iter().map(|delivery| delivery["to"].as_str().unwrap()).collect();
    assert_eq!((deliveries.len(), intended.len()), (PEOPLE, PEOPLE), "an intent for everybody");
    for delivery in &deliveries {
        let got = mails.remove(delivery["to"].as_str().unwrap()).unwrap_or(0);
        match delivery["state"].as_str().unwrap() {
            "sent" => assert_eq!(got, 1, "{delivery}"),
            "unknown" => assert!(got <= 1, "{delivery}"),
            _ => panic!("{delivery}"),
        }
    }
    assert!(mails.is_empty(), "mails that no delivery tells of: {mails:?}");
}
