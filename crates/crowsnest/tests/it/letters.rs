//! Letters, from the command line; and a print run that is killed at its fault points.

use crate::world::{CROWSNEST, WEB, fine, folder};
use crowsnest_testkit::{RunningServer, ServerBuilder};
use serde_json::{Value, json};
use std::collections::HashMap;

const LETTERS: [(&str, &str); 1] = [(
    "crowsnest.yaml",
    "workspace: lake\ntitle: Lake Store\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\n\
     letters: { from: \"Lake Store\\n1 Pier\" }\n---\nsource: web\nwrite_key: hm_web_write_key_0001\n---\n\
     topic: offers\ntitle: Offers\n---\n\
     program: welcome\ntrigger: { event: Moved In }\nsteps:\n  \
     - send: { channel: letter, template: hello, topic: offers }\n---\n\
     template: hello\nchannel: letter\ntext: \"Dear {{ profile.name }},\\n\\nwelcome.\"\n",
)];

/// A server at which so many people wait for a letter.
fn waiting(people: usize) -> (tempfile::TempDir, RunningServer) {
    waiting_at(&LETTERS, people)
}

fn waiting_at(files: &[(&str, &str)], people: usize) -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(files);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let people: Vec<usize> = (0..people).collect();
    for some in people.chunks(200) {
        let events: Vec<Value> = some
            .iter()
            .flat_map(|number| {
                let who = format!("p{number}");
                let consents = json!([{ "channel": "letter", "topic": "offers", "status": "granted" }]);
                [
                    json!({ "type": "identify", "messageId": format!("{who}-is"), "userId": who, "traits": {
                        "name": format!("Person {number}"), "street": format!("{number} Elm St"), "city": "Boston",
                        "state": "MA", "postal_code": "02134", "consents": consents } }),
                    json!({ "type": "track", "messageId": format!("{who}-in"), "userId": who, "event": "Moved In" }),
                ]
            })
            .collect();
        server.api().collect("batch", WEB, &json!({ "batch": events }));
    }
    (workspace, server)
}

#[test]
fn letters_are_printed_listed_and_fetched() {
    let (_workspace, server) = waiting(2);
    let said = |arguments: &[&str]| fine(server.command(arguments));
    assert!(said(&["letters", "print", "--preview"]).contains("2 letters would be printed."));
    let printed = said(&["letters", "print"]);
    assert!(printed.contains("2 letters are printed."), "{printed}");
    let runs: Vec<Value> = serde_json::from_str(&said(&["letters", "list", "--json"])).unwrap();
    let run = runs[0]["id"].as_str().unwrap();
    assert!(said(&["letters", "show", run]).contains("letters.csv"));
    let out = tempfile::tempdir().unwrap();
    said(&["letters", "fetch", run, "--out", out.path().to_str().unwrap()]);
    let csv = std::fs::read_to_string(out.path().join(run).join("letters.csv")).unwrap();
    assert_eq!(csv.matches("Elm St,\"Boston, MA 02134\"").count(), 2, "{csv}");
    let pdf = std::fs::read(out.path().join(run).join("proof.pdf")).unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    assert_eq!(in_files(&server).len(), 2);
    // What was changed after it was printed is found out.
    std::fs::write(server.data().join("letters").join(run).join("letters.csv"), "changed").unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let output = server.command(&["letters", "fetch", run, "--out", elsewhere.path().to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not what the manifest"), "{output:?}");
    assert!(!elsewhere.path().join(run).join("letters.csv").exists());
    std::fs::write(server.data().join("letters").join(run).join("letters.csv"), csv).unwrap();
    let suppressed =
        said(&["suppress", "--channel", "letter", "person 1, 1 elm street, boston, massachusetts 02134"]);
    assert!(suppressed.contains("1 person has this address now"), "{suppressed}");
    let nobody = said(&["suppress", "--channel", "letter", "Person 1, 11 Elm St, Boston, MA 02134"]);
    assert!(nobody.contains("warning: nobody has this address") && nobody.contains("elm str 1,"), "{nobody}");
    assert!(said(&["letters", "print"]).contains("Nothing was to be printed."));
    let page = out.path().join("one.pdf");
    said(&["send", "hello", "--out", page.to_str().unwrap(), "--as", "user_id=p1"]);
    assert!(std::fs::read(&page).unwrap().starts_with(b"%PDF"));
    let shown = said(&["send", "hello", "--show", "--as", "user_id=p1"]);
    assert!(shown.contains("1 Elm St\nBoston, MA 02134") && shown.contains("Dear Person 1,"), "{shown}");
}

#[test]
fn the_page_of_a_customer_lists_what_they_said_on_every_channel() {
    let (_workspace, server) = waiting(1);
    let claims = json!([
        { "channel": "phone", "topic": "*", "status": "withdrawn", "evidence": "do not call" },
        { "channel": "sms", "topic": "offers", "status": "granted" },
        { "channel": "email", "topic": "offers", "status": "granted" },
    ]);
    let agreed = |who: &str, traits: Value| json!({ "type": "identify", "messageId": format!("{who}-said"), "userId": who, "traits": traits });
    let known =
        agreed("p0", json!({ "phone": "+13125550142", "email": "p0@mail.example", "consents": claims }));
    // Nobody knows where this one lives.
    let letters = json!([{ "channel": "letter", "topic": "offers", "status": "withdrawn" }]);
    let batch = json!({ "batch": [known, agreed("p1", json!({ "consents": letters }))] });
    server.api().collect("batch", WEB, &batch);
    let rows = |who: &str| {
        let person = server.api().find("user_id", who).unwrap();
        let by_id = server.api().get(&format!("/api/v1/profiles/{}", person["id"].as_str().unwrap()));
        assert_eq!(by_id["consents"], person["consents"]);
        let rows = person["consents"].as_array().unwrap().iter();
        let row =
            |consent: &Value| ["channel", "contact", "topic", "status"].map(|name| consent[name].clone());
        json!(rows.map(row).collect::<Vec<_>>())
    };
    let expected = json!([
        ["email", "p0@mail.example", "offers", "granted"],
        ["phone", "+13125550142", "*", "withdrawn"],
        ["sms", "+13125550142", "offers", "granted"],
        ["letter", "Person 0, 0 Elm St, Boston, MA 02134", "offers", "granted"],
    ]);
    assert_eq!(rows("p0"), expected);
    assert_eq!(rows("p1"), json!([["letter", null, "offers", "withdrawn"]]));
    let page = fine(server.command(&["profile", "user_id=p0"]));
    let line = page.lines().find(|line| line.contains("do not call")).unwrap();
    assert!(line.trim_start().starts_with("phone "), "{page}");
    assert!(page.contains("Person 0, 0 Elm St, Boston, MA 02134"), "{page}");
}

#[test]
fn budgets_are_seen_and_named_by_the_doctor() {
    let (name, text) = LETTERS[0];
    let paid = "letters: { from: \"Lake Store\\n1 Pier\", cost: 0.8512 USD }\n\
        budgets: [{ name: post, per: month, max: 1.5 USD, warn: 50% }]";
    let (_workspace, server) =
        waiting_at(&[(name, &text.replace("letters: { from: \"Lake Store\\n1 Pier\" }", paid))], 2);
    let said = |arguments: &[&str]| fine(server.command(arguments));
    assert!(said(&["letters", "print"]).contains("1 letter is printed."));
    let budgets = said(&["budget", "list"]);
    assert!(budgets.contains("0.85 USD") && budgets.contains("0.65 USD"), "{budgets}");
    assert!(said(&["budget", "list", "--json"]).contains("\"0.8512 USD\""));
    let programs = said(&["program", "list"]);
    assert!(programs.contains("0.85 USD a message"), "{programs}");
    let doctor = server.command(&["doctor"]);
    let doctor = String::from_utf8_lossy(&doctor.stdout);
    assert!(
        doctor.contains("BAD  budget: post is past its alarm: 0.65 USD of 1.50 USD a month is left"),
        "{doctor}"
    );
}

/// Which letters are in the files of all print runs, and how often.
fn in_files(server: &RunningServer) -> HashMap<String, usize> {
    let mut letters = HashMap::new();
    for run in std::fs::read_dir(server.data().join("letters")).unwrap() {
        let run = run.unwrap();
        assert!(!run.file_name().to_string_lossy().starts_with('.'), "something half done is left: {run:?}");
        let csv = std::fs::read_to_string(run.path().join("letters.csv")).unwrap();
        for row in csv.split("\r\n").filter(|row| row.starts_with("dlv_")) {
            *letters.entry(row.split(',').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    letters
}

#[cfg(feature = "faults")]
#[test]
fn a_print_run_that_is_killed_prints_no_letter_twice_and_loses_none() {
    for point in ["letters-claimed", "1*off->letters-claimed", "letters-printed", "letters-settling"] {
        let (name, actions) = match point.split_once("->") {
            Some((before, name)) => (name, format!("{before}->return")),
            None => (point, "return".to_owned()),
        };
        let (_workspace, mut server) = waiting(600);
        server.kill();
        server.set_env("FAILPOINTS", Some(&format!("{name}={actions}")));
        server.restart();
        let mut printing = server.started(&["letters", "print"]);
        server.wait_for_end();
        printing.wait().unwrap();
        server.set_env("FAILPOINTS", None);
        server.restart();
        fine(server.command(&["letters", "print"]));
        let files = in_files(&server);
        assert_eq!(files.len(), 600, "{point}: a letter is lost");
        assert!(files.values().all(|times| *times == 1), "{point}: a letter is printed twice");
        let stats = server.api().get("/api/v1/stats");
        assert_eq!(stats["deliveries"]["sent"], 600, "{point}: {stats}");
        let runs = server.api().get("/api/v1/letters/runs");
        let runs = runs.as_array().unwrap();
        assert!(runs.iter().all(|run| !run["finished"].is_null()), "{point}: {runs:?}");
        let letters: u64 = runs.iter().map(|run| run["letters"].as_u64().unwrap()).sum();
        assert_eq!(letters, 600, "{point}: {runs:?}");
    }
}
