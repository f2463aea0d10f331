//! A launch that dies at its fault points, again and again: each person gets it once, or nobody knows.
//!
//! Compiled in only with the feature: `cargo nextest run --features crowsnest/faults`, as `make test` does.

use crate::world::*;
use crowsnest_testkit::{ServerBuilder, wait};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// So many that there is something left to do at each of the fault points, however far the launch runs ahead of the mails.
const PEOPLE: usize = 1_000;

/// The house's own addresses get copies, each once, whatever dies.
const SEEDS: &str = "seeds: inbox-check\nentries:\n  - { name: Ann, email: ann@gmail.example, traits: { first_name: Ann } }\n  - { name: Bob, email: bob@outlook.example, traits: { first_name: Bob } }\n";
const COPIES: usize = 2;

#[test]
fn a_launch_that_dies_anywhere_goes_on_and_everybody_gets_it_once() {
    let broadcast = "broadcast: spring\naudience: consent(\"email\", \"offers\")\nsend: { channel: email, template: hello, topic: offers, seeds: [inbox-check] }\n";
    let ours = [("mailing.yaml", broadcast), ("seeds.yaml", SEEDS)];
    let workspace = folder(&[&SMALL[..], &ours].concat());
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let names: Vec<String> = (0..PEOPLE).map(|place| format!("p{place}")).collect();
    for some in names.chunks(120) {
        let said: Vec<_> = some.iter().map(|who| agreed(who)).collect();
        server.api().collect("batch", WEB, &json!({ "batch": said }));
    }
    // The launch has seven pages of so many. It dies after its first, after two more, and then in the midst of sending; each
    // start goes on with it.
    let faults = [
        "launch-after=return",
        "launch-after=1*off->return",
        "claim-after=return",
        "commit-before=3*off->return",
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
    let deliveries = server.api().deliveries_and_copies("spring");
    let intended: BTreeSet<&str> =
        deliveries.iter().map(|delivery| delivery["to"].as_str().unwrap()).collect();
    let all = PEOPLE + COPIES;
    assert_eq!((deliveries.len(), intended.len()), (all, all), "an intent for everybody");
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
