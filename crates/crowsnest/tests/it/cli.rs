//! The commands: each has its help and does its work; exit codes say what kind of trouble there is; definitions go out
//! and come back; a backup is taken while everything goes on.

use crate::world::{
    CROWSNEST, SMALL, WEB, agreed, example, failed, fine, folder, harbor, mailed, said, settled, signed_up,
};
use crowsnest_testkit::{RunningServer, ServerBuilder, TOKEN, run, wait};
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The commands. One that is added is added here, and is used in a test.
const COMMANDS: [&str; 27] = [
    "serve",
    "demo",
    "import",
    "apply",
    "diff",
    "export",
    "profile",
    "household",
    "identity",
    "quarantine",
    "send",
    "program",
    "segment",
    "metric",
    "overlap",
    "catalogue",
    "task",
    "deliveries",
    "budget",
    "email",
    "letters",
    "webhook",
    "sources",
    "stats",
    "suppress",
    "doctor",
    "backup",
];

fn small() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    (workspace, server)
}

/// A server to which three people are known, two of whom agreed to offers.
fn peopled() -> (tempfile::TempDir, RunningServer) {
    let (workspace, server) = small();
    let stranger = json!({ "type": "identify", "messageId": "c", "userId": "cy", "traits": { "email": "cy@mail.example" } });
    let batch = json!({ "batch": [agreed("ann"), agreed("bob"), stranger, signed_up("ann", "1")] });
    server.api().collect("batch", WEB, &batch);
    settled(server.api());
    (workspace, server)
}

/// The JSON that a command printed.
fn as_json(server: &RunningServer, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let out = fine(server.command(&all));
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{out}"))
}

#[test]
fn what_is_spent_is_listed() {
    let workspace = folder(&SMALL);
    let file = workspace.path().join("crowsnest.yaml");
    let text = std::fs::read_to_string(&file).unwrap().replace("1 Pier }", "1 Pier, cost: 0.0008 USD }");
    std::fs::write(&file, text + "budgets: [{ name: mail, per: month, max: 5 USD, channel: email }]\n")
        .unwrap();
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "1")] }));
    settled(server.api());
    let budget = &as_json(&server, &["budget", "list"])[0];
    assert_eq!((&budget["spent"], &budget["left"]), (&json!("0.0008 USD"), &json!("4.9992 USD")), "{budget}");
    let shown = fine(server.command(&["budget", "list"]));
    assert!(shown.contains("mail") && shown.contains("0.0008 USD") && shown.contains("5.00 USD"), "{shown}");
}

#[test]
fn every_command_has_help() {
    let help = fine(run(CROWSNEST, &["--help"]));
    let listed: Vec<&str> = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .take_while(|line| !line.starts_with("Options:"))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|command| *command != "help")
        .collect();
    assert_eq!(listed, COMMANDS);
    assert!(help.contains("Exit codes"), "{help}");
    for command in COMMANDS {
        let help = fine(run(CROWSNEST, &[command, "--help"]));
        assert!(help.contains("Usage: crowsnest"), "{help}");
        // Commands that take nothing need no example.
        let plain = ["sources", "stats"].contains(&command);
        assert!(
            plain || help.contains(&format!("crowsnest {command}")) && help.contains("Example"),
            "{help}"
        );
        let wrong = run(CROWSNEST, &[command, "--no-such-option"]);
        assert_eq!(wrong.status.code(), Some(2), "{command}");
    }
    assert_eq!(run(CROWSNEST, &[]).status.code(), Some(2));
    assert_eq!(run(CROWSNEST, &["sevre"]).status.code(), Some(2));
    assert!(fine(run(CROWSNEST, &["--version"])).starts_with("crowsnest "));
}

#[test]
fn a_customer_is_looked_at() {
    let (_workspace, server) = peopled();
    let shown = fine(server.command(&["profile", "email=ANN@mail.example", "--timeline", "--why"]));
    for word in [
        "prf_",
        "ann@mail.example",
        "first_name",
        "granted",
        "Signed Up",
        "welcome",
        "named in an identify event",
    ] {
        assert!(shown.contains(word), "no {word} in {shown}");
    }
    let ann = as_json(&server, &["profile", "user_id=ann", "--timeline", "--why"]);
    assert_eq!(ann["timeline"].as_array().unwrap().len(), 3, "two events and a message");
    assert!(!ann["ledger"].as_array().unwrap().is_empty());
    let by_id = as_json(&server, &["profile", ann["id"].as_str().unwrap()]);
    assert_eq!(by_id["identifiers"], ann["identifiers"]);
    failed(server.command(&["profile", "email=nobody@mail.example"]), 3);
}

#[test]
fn counts_and_sources() {
    let (_workspace, server) = peopled();
    assert_eq!(as_json(&server, &["stats"]), server.api().get("/api/v1/stats"));
    let shown = fine(server.command(&["stats"]));
    assert!(shown.lines().any(|line| line.split_whitespace().eq(["people", "3"])), "{shown}");
    let sources = as_json(&server, &["sources"]);
    assert_eq!((&sources[0]["source"], &sources[0]["events"]), (&json!("web"), &json!(4)));
    assert!(fine(server.command(&["sources"])).contains(WEB));
}

#[test]
fn programs_are_looked_at_and_stopped() {
    let (_workspace, server) = peopled();
    assert_eq!(as_json(&server, &["program", "list"])[0]["program"], "welcome");
    assert_eq!(as_json(&server, &["program", "runs", "welcome"])[0]["state"], "finished");
    let sent = as_json(&server, &["deliveries", "list", "--program", "welcome", "--state", "sent"]);
    assert_eq!(sent[0]["to"], "ann@mail.example");
    let missing = failed(server.command(&["program", "runs", "welcom"]), 3);
    assert!(missing.contains("did you mean `welcome`"), "{missing}");

    for (stop, resume) in [
        (["program", "stop", "welcome"], ["program", "resume", "welcome"]),
        (["program", "stop", "--all"], ["program", "resume", "--all"]),
        (["program", "stop", "--channel=email"], ["program", "resume", "--channel=email"]),
    ] {
        fine(server.command(&stop));
        let card = stop[2];
        server.api().collect("track", WEB, &signed_up("bob", card));
        settled(server.api());
        let held = as_json(&server, &["deliveries", "list", "--program", "welcome", "--state", "held"]);
        assert_eq!(held.as_array().unwrap().len(), 1, "{held}");
        assert!(held[0]["reason"].as_str().unwrap().contains("kill switch"), "{held}");
        let complaint = server.command(&["doctor"]);
        assert_eq!(complaint.status.code(), Some(1), "the doctor reminds of a switch");
        assert!(said(&complaint).0.contains("kill switch"));
        let before = mailed(server.api()).len();
        fine(server.command(&resume));
        wait::until("what was held goes out", || (mailed(server.api()).len() == before + 1).then_some(()));
        settled(server.api());
    }
    fine(server.command(&["doctor"]));
}

#[test]
fn a_mailing_is_looked_at_tested_and_launched_once() {
    let workspace = folder(&SMALL);
    fs::write(
        workspace.path().join("mailing.yaml"),
        "broadcast: spring\naudience: consent(\"email\", \"offers\")\nsend: { channel: email, template: hello, topic: offers }\n",
    )
    .unwrap();
    let priced = SMALL[4]
        .1
        .replace("template: hello", "template: priced")
        .replace("profile.first_name", "event.properties.total");
    fs::write(workspace.path().join("templates/priced.yaml"), priced).unwrap();
    let tiered = SMALL[4].1.replace("template: hello", "template: tiered").replace("first_name", "tier");
    fs::write(workspace.path().join("templates/tiered.yaml"), tiered).unwrap();
    fs::write(
        workspace.path().join("tiers.yaml"),
        "broadcast: tiers\naudience: consent(\"email\", \"offers\")\nsend: { channel: email, template: tiered, topic: offers }\n",
    )
    .unwrap();
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    let stranger = json!({ "type": "identify", "messageId": "c", "userId": "cy", "traits": { "email": "cy@mail.example" } });
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), agreed("bob"), stranger] }));

    let preview = as_json(&server, &["send", "spring"]);
    assert_eq!((&preview["people"], &preview["recipients"]), (&json!(3), &json!(2)), "{preview}");
    let shown = fine(server.command(&["send", "spring"]));
    assert!(shown.contains("Nothing is sent") && shown.contains("not in the audience"), "{shown}");
    assert!(!shown.contains("cannot be made"), "{shown}");
    let shown = fine(server.command(&["send", "tiers"]));
    let (warned, invited) = shown.split_once("Launch it").unwrap();
    assert!(warned.contains("warning: cannot be made for 2 of the 2 that were tried: "), "{shown}");
    assert!(invited.contains("crowsnest send tiers --launch"), "{shown}");
    let message = fine(server.command(&["send", "spring", "--show", "--as", "user_id=ann"]));
    assert!(message.contains("Welcome ann"), "{message}");
    for arguments in [&["--show"][..], &["--test", "me@lake-store.example"]] {
        let arguments = [&["send", "priced"][..], arguments, &["--as", "user_id=ann"]].concat();
        let without = failed(server.command(&arguments), 1);
        assert!(without.contains("--event '{\"properties\":{\"total\":\"…\"}}'"), "{without}");
    }
    let event =
        ["send", "priced", "--show", "--as", "user_id=ann", "--event", r#"{"properties":{"total":"9 USD"}}"#];
    assert!(fine(server.command(&event)).contains("Welcome 9 USD"));
    assert!(mailed(server.api()).is_empty());
    fine(server.command(&["send", "spring", "--test", "me@lake-store.example", "--as", "user_id=ann"]));
    assert_eq!(mailed(server.api()), ["me@lake-store.example"]);
    fine(server.command(&["suppress", "bob@mail.example", "--reason", "asked by letter"]));
    assert_eq!(as_json(&server, &["suppress", "--list"])[0]["reason"], "asked by letter");
    fine(server.command(&["suppress", "--channel", "sms", "+13125550142"]));
    for (channel, contact) in [("sms", "+13125550142"), ("email", "bob@mail.example")] {
        let listed = as_json(&server, &["suppress", "--list", "--channel", channel]);
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["contact"]), (1, &json!(contact)));
    }
    let unknown = failed(server.command(&["suppress", "--list", "--channel", "fax"]), 1);
    assert!(unknown.contains("`fax` is not a channel"), "{unknown}");
    let word = failed(server.command(&["suppress", "list"]), 1);
    assert!(word.contains("crowsnest suppress --list"), "{word}");
    let name = failed(server.command(&["suppress", "--channel", "letter", "Ann Carter"]), 1);
    assert!(name.contains("expected name, street and city, parted by commas"), "{name}");
    let early = failed(server.command(&["send", "spring", "--progress"]), 4);
    assert!(early.contains("has not been launched"), "{early}");
    let launched = fine(server.command(&["send", "spring", "--launch"]));
    settled(server.api());
    assert_eq!(mailed(server.api()), ["ann@mail.example", "me@lake-store.example"]);
    let progress = fine(server.command(&["send", "spring", "--progress"]));
    assert!(progress.contains("everybody was looked at"), "{progress}");
    let audience = |said: &str| {
        let (before, came) = said.split_once("The messages: ").unwrap();
        assert!(came.contains(" sent") || came.contains(" queued") || came.contains(" sending"), "{said}");
        before.split_once('\n').unwrap().1.to_owned()
    };
    assert_eq!(audience(&progress), audience(&launched));
    assert!(progress.contains("The messages: 1 sent.\n"), "{progress}");
    let so_far = &as_json(&server, &["send", "spring", "--progress"])["so_far"];
    assert_eq!(so_far["states"], json!({ "sent": 1 }), "{so_far}");
    let looked_at = fine(server.command(&["send", "spring"]));
    assert!(looked_at.starts_with("spring was launched at "), "{looked_at}");
    assert!(looked_at.contains("crowsnest send spring --progress says what came of it"), "{looked_at}");
    assert!(!looked_at.contains("Launch it"), "{looked_at}");
    fine(server.command(&["suppress", "bob@mail.example", "--lift"]));
    let twice = failed(server.command(&["send", "spring", "--launch"]), 4);
    assert!(twice.contains("happens once"), "{twice}");
    settled(server.api());
    assert_eq!(mailed(server.api()).len(), 2);
    let missing = failed(server.command(&["send", "sprign"]), 3);
    assert!(missing.contains("did you mean `spring`"), "{missing}");
}

#[test]
fn trouble_has_its_exit_code() {
    let (_workspace, mut server) = peopled();
    failed(server.command(&["import", "/no/such/file.csv", "--source", "web", "--feed", "x"]), 1);
    let file = server.data().join("some.csv");
    fs::write(&file, "a,b\n1,2\n").unwrap();
    failed(server.command(&["import", file.to_str().unwrap(), "--source", "web", "--feed", "orders"]), 1);
    failed(server.command(&["import", file.to_str().unwrap(), "--source", "wbe", "--feed", "orders"]), 3);
    // A typo is no empty list.
    let nearest = failed(server.command(&["deliveries", "list", "--program", "welcom"]), 3);
    assert!(nearest.contains("`welcome`"), "{nearest}");
    let of_nobody =
        ["deliveries", "resolve", "--all", "--as", "sent", "--reason", "x", "--program", "crat", "--preview"];
    failed(server.command(&of_nobody), 3);
    let url = server.api().url().to_owned();
    let stranger = run(CROWSNEST, &["stats", "--server", &url, "--token", "not-the-token-at-all-000"]);
    assert!(failed(stranger, 1).contains("token"));
    fine(run(CROWSNEST, &["stats", "--server", &url, "--token", TOKEN]));
    server.kill();
    let gone = failed(server.command(&["stats"]), 6);
    assert!(gone.contains("cannot be reached"), "{gone}");
    let empty = tempfile::TempDir::new().unwrap();
    failed(run(CROWSNEST, &["stats", "--data", empty.path().to_str().unwrap()]), 6);
    let ill = run(CROWSNEST, &["doctor", "--data", empty.path().to_str().unwrap()]);
    assert_eq!(ill.status.code(), Some(1));
    assert!(said(&ill).0.contains("has no store"));
}

/// All files below a folder, by path.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn definitions_go_out_and_come_back() {
    let server = harbor();
    let out = tempfile::TempDir::new().unwrap();
    let path = out.path().to_str().unwrap();
    fine(server.command(&["export", path]));
    for (name, text) in files(out.path()) {
        let original = fs::read_to_string(example().join(&name)).unwrap();
        assert_eq!(text, original, "{name} comes back to the letter");
    }
    assert_eq!(fine(server.command(&["diff", path])), "nothing would change\n");
    assert_eq!(fine(server.command(&["apply", path])), "nothing has changed\n");

    let program = out.path().join("programs/abandoned-cart.yaml");
    let text = fs::read_to_string(&program).unwrap();
    fs::write(&program, text.replace("wait: 45m", "wait: 50m")).unwrap();
    fs::remove_file(out.path().join("broadcasts/trade-in-offer.yaml")).unwrap();
    fs::write(out.path().join("sources/app.yaml"), "source: app\n").unwrap();
    for command in ["diff", "apply"] {
        let told = fine(server.command(&[command, path]));
        for line in [
            "~ program abandoned-cart",
            "    -  - wait: 45m",
            "    +  - wait: 50m",
            "- broadcast trade-in-offer",
            "+ source app",
        ] {
            assert!(told.lines().any(|told| told == line), "{command}: no {line:?} in\n{told}");
        }
    }
    assert_eq!(as_json(&server, &["program", "list"])[0]["version"], 2);
    let back = tempfile::TempDir::new().unwrap();
    fine(server.command(&["export", back.path().to_str().unwrap()]));
    assert_eq!(files(back.path()), files(out.path()));
    assert_eq!(fine(server.command(&["diff", back.path().to_str().unwrap()])), "nothing would change\n");
}

#[test]
fn a_typo_is_pointed_at() {
    let (workspace, server) = small();
    let path = workspace.path().to_str().unwrap();
    let before = server.api().get("/api/v1/workspace");
    let program = workspace.path().join("programs/welcome.yaml");
    let text = fs::read_to_string(&program).unwrap();
    for (wrong, place, nearest) in [
        (text.replace("occasion:", "ocasion:"), "programs/welcome.yaml:3:1:", "`occasion`"),
        (text.replace("template: hello", "template: helo"), "programs/welcome.yaml:5:39:", "`hello`"),
        (text.replace("topic: offers", "topic: ofers"), "programs/welcome.yaml:5:53:", "`offers`"),
    ] {
        assert_ne!(wrong, text);
        fs::write(&program, wrong).unwrap();
        let data = tempfile::TempDir::new().unwrap();
        let started = run(
            CROWSNEST,
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--workspace",
                path,
                "--data",
                data.path().to_str().unwrap(),
            ],
        );
        for answer in [server.command(&["apply", path]), server.command(&["diff", path]), started] {
            let error = failed(answer, 5);
            assert!(error.contains(place), "no {place} in {error}");
            assert!(error.contains(&format!("did you mean {nearest}?")), "no {nearest} in {error}");
            assert_eq!(error.matches("did you mean").count(), 1, "said once: {error}");
        }
    }
    assert_eq!(server.api().get("/api/v1/workspace"), before, "all or nothing");
}

#[test]
fn a_backup_is_taken_under_load_and_started_from() {
    let (workspace, server) = peopled();
    let api = server.api();
    let (enough, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let folder = tempfile::TempDir::new().unwrap();
    let copy = folder.path().join("copy.db");
    let (least, most) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                let number = sent.load(Ordering::Relaxed);
                let event =
                    json!({ "messageId": format!("load-{number}"), "userId": "ann", "event": "Looked" });
                api.collect("track", WEB, &event);
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
        wait::until("there is load", || (sent.load(Ordering::Relaxed) > 50).then_some(()));
        let least = sent.load(Ordering::Relaxed);
        let told = server.command(&["backup", copy.to_str().unwrap()]);
        let most = sent.load(Ordering::Relaxed);
        wait::until("the load goes on", || (sent.load(Ordering::Relaxed) > most).then_some(()));
        enough.store(true, Ordering::Relaxed);
        assert!(fine(told).contains("written and checked"));
        (least, most + 1)
    });
    failed(server.command(&["backup", copy.to_str().unwrap()]), 1);

    let data = folder.path().join("restored");
    fs::create_dir(&data).unwrap();
    fs::copy(&copy, data.join("crowsnest.db")).unwrap();
    let restored = ServerBuilder::new(CROWSNEST).data(&data).start();
    let stats = restored.api().get("/api/v1/stats");
    let events = stats["events"].as_u64().unwrap();
    assert!((least + 4..=most + 4).contains(&events), "{events} events, {least} to {most} were sent by then");
    let ann = restored.api().find("user_id", "ann").unwrap();
    assert_eq!(ann["events"], events - 2, "counts and events are of one moment");
    assert_eq!(restored.api().timeline(ann["id"].as_str().unwrap()).len() as u64, events - 2 + 1);
    let unchanged = restored.command(&["diff", workspace.path().to_str().unwrap()]);
    assert_eq!(fine(unchanged), "nothing would change\n", "the definitions came along");
    fine(restored.command(&["doctor"]));
    // It goes on from there: old copies are known, new events are taken, nobody is welcomed twice.
    restored.api().collect("track", WEB, &signed_up("ann", "1"));
    restored.api().collect("track", WEB, &signed_up("bob", "1"));
    settled(restored.api());
    assert_eq!(mailed(restored.api()), ["bob@mail.example"]);
}

#[test]
fn a_second_process_leaves_and_says_why() {
    let (_workspace, server) = small();
    let data = server.data().to_str().unwrap();
    let second = run(CROWSNEST, &["serve", "--listen", "127.0.0.1:0", "--data", data]);
    let error = failed(second, 1);
    assert!(error.contains("in use by another crowsnest process") && error.contains(data), "{error}");
    assert_eq!(server.api().get("/healthz")["status"], "ok", "the first goes on");
    let address = fs::read_to_string(server.data().join("address")).unwrap();
    assert_eq!(format!("http://{}", address.trim()), server.api().url(), "commands still find it");
}

#[test]
fn a_token_that_is_no_secret_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut command = std::process::Command::new(CROWSNEST);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    for short in ["", "short"] {
        let error = failed(command.env("CROWSNEST_ADMIN_TOKEN", short).output().unwrap(), 1);
        assert!(error.contains("too short"), "{error}");
    }
}
