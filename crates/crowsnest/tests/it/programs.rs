//! Programs as those see them who run the house: let somebody in, move them on, let in who was missed, follow a run, do a
//! task.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, settled, signed_up};
use crowsnest_testkit::{RunningServer, ServerBuilder};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tempfile::TempDir;

const CALL: &str = "program: call\ntrigger: { request: true }\nsteps:\n  \
    - task: { title: Call them, team: sales, note: about the boat }\n  - wait: 3d\n  - exit: nobody called\n";

fn house(files: &[(&str, &str)]) -> (TempDir, RunningServer) {
    let workspace = folder(&[&SMALL[..], files].concat());
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    (workspace, server)
}

fn write(workspace: &TempDir, path: &str, text: &str) {
    fs::write(workspace.path().join(Path::new(path)), text).unwrap();
}

fn the_run(server: &RunningServer, program: &str) -> Value {
    server.api().get(&format!("/api/v1/programs/{program}/runs"))[0].clone()
}

#[test]
fn somebody_is_let_in_by_request_followed_and_called() {
    let (_workspace, server) = house(&[("programs/call.yaml", CALL)]);
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann")] }));

    let enter = ["program", "enter", "call", "user_id=ann", "--occasion", "fair"];
    assert_eq!(fine(server.command(&enter)).trim(), "entered");
    assert_eq!(fine(server.command(&enter)).trim(), "not: this occasion was had before");
    let error = failed(server.command(&["program", "enter", "cal", "user_id=ann"]), 3);
    assert!(error.contains("cal"), "{error}");
    let error = failed(server.command(&["program", "enter", "call", "ann"]), 2);
    assert!(error.contains("expected a namespace and a value"), "{error}");

    let run = the_run(&server, "call")["id"].as_str().unwrap().to_owned();
    let log = fine(server.command(&["program", "log", &run]));
    assert!(log.contains("what came of it") && log.contains("waits 3 days"), "{log}");
    let error = failed(server.command(&["program", "log", "run_nonsense"]), 1);
    assert!(error.contains("run_nonsense"), "{error}");

    let open = fine(server.command(&["task", "list", "--team", "sales"]));
    assert!(open.contains("Call them") && open.contains("about the boat"), "{open}");
    let nobody = failed(server.command(&["task", "list", "--team", "sale"]), 3);
    assert!(nobody.contains("there is no team `sale`; did you mean `sales`?"), "{nobody}");
    failed(server.command(&["task", "export", "--team", "support"]), 3);
    let tasks: Value = serde_json::from_str(&fine(server.command(&["task", "list", "--json"]))).unwrap();
    let task = tasks[0]["id"].as_str().unwrap();
    assert_eq!(fine(server.command(&["task", "done", task])).trim(), "done: Call them");
    assert!(!fine(server.command(&["task", "list"])).contains("Call them"));
    assert!(fine(server.command(&["task", "list", "--done"])).contains("Call them"));
    let table = fine(server.command(&["task", "export", "--team", "sales", "--format", "csv"]));
    assert!(table.starts_with("\"id\",\"day\",\"try\",\"name\",\"number\""), "{table}");
    assert!(fine(server.command(&["task", "teams"])).contains("capacity"));
    let error = failed(server.command(&["task", "list", "--day", "tomorrow"]), 1);
    assert!(error.contains("expected a day such as 2026-11-23, or `today`"), "{error}");
    let error = failed(server.command(&["task", "done", "tsk_nonsense"]), 1);
    assert!(error.contains("tsk_nonsense"), "{error}");
}

#[test]
fn people_inside_are_moved_to_the_newest_version_on_purpose() {
    let (workspace, server) = house(&[("programs/call.yaml", CALL)]);
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann")] }));
    fine(server.command(&["program", "enter", "call", "user_id=ann"]));
    write(&workspace, "programs/call.yaml", &CALL.replace("3d", "5d"));
    fine(server.command(&["apply", workspace.path().to_str().unwrap()]));
    assert_eq!(the_run(&server, "call")["version"], 1);

    let told = fine(server.command(&["program", "move", "call", "--from", "1"]));
    assert_eq!(told.trim(), "1 moved to version 2; 0 finish on theirs");
    assert_eq!(the_run(&server, "call")["version"], 2);
    let error = failed(server.command(&["program", "move", "cal", "--from", "1"]), 3);
    assert!(error.contains("cal"), "{error}");
}

#[test]
fn who_was_missed_while_a_program_was_a_draft_is_let_in_once() {
    let draft = format!("state: draft\n{}", SMALL[3].1);
    let draft = draft.replacen("state: draft\nprogram: welcome\n", "program: welcome\nstate: draft\n", 1);
    let (workspace, server) = house(&[]);
    write(&workspace, "programs/welcome.yaml", &draft);
    let path = workspace.path().to_str().unwrap().to_owned();
    fine(server.command(&["apply", &path]));
    let batch = json!({ "batch": [agreed("ann"), signed_up("ann", "c1"), agreed("bob")] });
    server.api().collect("batch", WEB, &batch);
    write(&workspace, "programs/welcome.yaml", SMALL[3].1);
    fine(server.command(&["apply", &path]));
    assert_eq!(server.api().get("/api/v1/programs/welcome/runs"), json!([]));

    let catch_up = |rest: &[&str]| {
        let asked = ["program", "catch-up", "welcome", "--since", "2001-01-01T00:00:00Z"];
        fine(server.command(&[&asked[..], rest].concat()))
    };
    assert_eq!(catch_up(&["--dry-run"]).trim(), "1 event; 1 would be entered, 0 would be held out");
    assert_eq!(server.api().get("/api/v1/programs/welcome/runs"), json!([]));
    assert_eq!(catch_up(&[]).trim(), "1 event; 1 entered, 0 held out");
    settled(server.api());
    let again = catch_up(&[]);
    assert!(again.contains("0 entered") && again.contains("1 not: this occasion was had before"), "{again}");
    let error = failed(server.command(&["program", "catch-up", "welcome", "--since", "yesterday"]), 1);
    assert!(error.contains("yesterday"), "{error}");
}

#[test]
fn an_explanation_says_how_much_it_leaves_out() {
    let (_workspace, server) = house(&[]);
    let cards = ["c1", "c2", "c3"].map(|card| signed_up("ann", card));
    let mut batch = vec![agreed("ann")];
    batch.extend(cards);
    server.api().collect("batch", WEB, &json!({ "batch": batch }));
    settled(server.api());
    let explain = ["program", "explain", "welcome", "--profile", "user_id=ann"];
    let all = fine(server.command(&explain));
    assert!(!all.contains("earlier"), "{all}");
    let one = fine(server.command(&[&explain[..], &["--limit", "1"]].concat()));
    assert!(one.contains("… and") && one.contains("earlier") && one.contains("--limit shows more"), "{one}");
    let error = failed(server.command(&[&explain[..], &["--limit", "0"]].concat()), 1);
    assert!(error.contains("`limit` is 0: expected 1 to"), "{error}");
}
