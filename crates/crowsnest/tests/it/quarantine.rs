//! What cannot be taken in: it waits with its reason, whichever way it came, until somebody corrects it; and the same
//! file twice changes nothing.

use crate::world::{WEB, failed, fine, harbor};
use crowsnest_testkit::{Request, RunningServer, wait};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::{fs, io::Write};

/// Three walk-ins, the second of whom did not leave a name, and one line that is no JSON.
const CARDS: &str = concat!(
    r#"{"card": "T-1", "at": 1770335460000, "customer": {"first_name": "Ida", "email": "ida@mail.example"}}"#,
    "\n",
    r#"{"card": "T-2", "at": 1770335470000, "customer": {"email": "ned@mail.example"}}"#,
    "\n",
    r#"{"card": "T-3", "at": 1770335480000, "customer": {"first_name": "Uma", "#,
    "\n",
    r#"{"card": "T-4", "at": 1770335490000, "customer": {"first_name": "Kit", "email": "kit@mail.example"}}"#,
    "\n",
);

const FEED: &str = "/api/v1/feeds/showroom/walk-ins";

fn waiting(server: &RunningServer) -> Vec<Value> {
    let mut items = server.api().pages("/api/v1/quarantine?state=open");
    items.reverse();
    items
}

fn counts(server: &RunningServer) -> [Value; 3] {
    let stats = server.api().get("/api/v1/stats");
    ["events", "people", "quarantined"].map(|name| stats[name].clone())
}

/// That two rows wait, each with its place, its reason and its bytes.
fn two_wait(server: &RunningServer) -> (String, String) {
    let items = waiting(server);
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[0]["place"], "line 2, field customer.first_name", "{}", items[0]);
    assert!(items[0]["reason"].as_str().unwrap().contains("first_name"), "{}", items[0]);
    assert!(items[0]["raw"].as_str().unwrap().contains("ned@mail.example"), "{}", items[0]);
    assert!(items[1]["place"].as_str().unwrap().starts_with("line 3"), "{}", items[1]);
    assert!(items.iter().all(|item| item["source"] == "showroom" && item["feed"] == "walk-ins"));
    let id = |index: usize| items[index]["id"].as_str().unwrap().to_owned();
    (id(0), id(1))
}

#[test]
fn corrected_by_the_api() {
    let server = harbor();
    let api = server.api();
    let record = api.upload(FEED, CARDS.as_bytes());
    assert_eq!(
        (&record["rows"], &record["accepted"], &record["quarantined"]),
        (&json!(4), &json!(2), &json!(2))
    );
    let (nameless, broken) = two_wait(&server);

    // As it came, it still cannot be read, and says why; it waits on.
    let again = api.ask(Request::post(format!("/api/v1/quarantine/{nameless}/redrive"), ""));
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.json()["message"].as_str().unwrap().contains("first_name"), "{}", again.text());
    let item = api.get(&format!("/api/v1/quarantine/{nameless}"));
    assert_eq!((&item["state"], &item["attempts"]), (&json!("open"), &json!(1)));

    // Corrected, it is as if it had come so.
    let corrected = r#"{"card": "T-2", "at": 1770335470000, "customer": {"first_name": "Ned", "email": "ned@mail.example"}}"#;
    let done = api.upload(&format!("/api/v1/quarantine/{nameless}/redrive"), corrected.as_bytes());
    assert_eq!(done["accepted"], 1);
    let ned = api.find("email", "ned@mail.example").unwrap();
    assert_eq!(ned["traits"]["first_name"]["value"], "Ned");
    assert_eq!(ned["first_seen"], "2026-02-05T23:51:10Z", "at the time that the row says");
    assert_eq!(ned["consents"][0]["topic"], "newsletter", "what the feed says of each row holds for it too");

    // Once is enough; what is not needed is marked and kept.
    let twice = api.ask(Request::post(format!("/api/v1/quarantine/{nameless}/redrive"), corrected));
    assert_eq!(twice.status, 409, "{}", twice.text());
    assert_eq!(api.ask(Request::post(format!("/api/v1/quarantine/{broken}/discard"), "")).status, 204);
    assert_eq!(api.get(&format!("/api/v1/quarantine/{broken}"))["state"], "discarded");
    assert!(waiting(&server).is_empty());
    let stats = api.get("/api/v1/stats");
    assert_eq!((&stats["quarantined"], &stats["quarantine_open"]), (&json!(2), &json!(0)), "{stats}");

    // The file with the corrected row changes nothing: the row is here.
    let mut file: Vec<&str> = CARDS.lines().collect();
    file[1] = corrected;
    let record = api.upload(FEED, file.join("\n").as_bytes());
    assert_eq!((&record["accepted"], &record["duplicates"]), (&json!(0), &json!(3)), "{record}");
}

#[test]
fn corrected_by_the_command() {
    let server = harbor();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("walk-ins.jsonl");
    fs::write(&file, CARDS).unwrap();
    let path = file.to_str().unwrap();
    let told = fine(server.command(&["import", path, "--source", "showroom"]));
    assert!(told.contains("4 rows: 2 new, 0 here already, 2 quarantined"), "{told}");
    assert!(told.contains("crowsnest quarantine list --source showroom"), "{told}");
    let (nameless, broken) = two_wait(&server);

    let list = fine(server.command(&["quarantine", "list", "--source", "showroom"]));
    assert!(list.contains(&nameless) && list.contains(&broken) && list.contains("line 2"), "{list}");
    let as_json: Value =
        serde_json::from_str(&fine(server.command(&["quarantine", "list", "--json"]))).unwrap();
    assert_eq!(as_json.as_array().unwrap().len(), 2);
    let shown = fine(server.command(&["quarantine", "show", &nameless]));
    assert_eq!(shown.trim_end(), CARDS.lines().nth(1).unwrap(), "the bytes as they came, to be corrected");

    let still = failed(server.command(&["quarantine", "redrive", &nameless]), 4);
    assert!(still.contains("first_name"), "{still}");
    let corrected = folder.path().join("row.txt");
    fs::write(&corrected, shown.replace("{\"email\"", "{\"first_name\": \"Ned\", \"email\"")).unwrap();
    let told =
        fine(server.command(&["quarantine", "redrive", &nameless, "--with", corrected.to_str().unwrap()]));
    assert!(told.contains("1 new"), "{told}");
    assert!(server.api().find("email", "ned@mail.example").is_some());
    fine(server.command(&["quarantine", "discard", &broken]));
    failed(server.command(&["quarantine", "show", "qua_0000000000000"]), 3);
}

#[test]
fn all_are_driven_again_after_the_mapping_was_changed() {
    let server = harbor();
    server.api().upload(FEED, CARDS.as_bytes());
    let workspace = tempfile::TempDir::new().unwrap();
    let path = workspace.path().to_str().unwrap();
    fine(server.command(&["export", path]));
    let source = workspace.path().join("sources/showroom.yaml");
    let text = fs::read_to_string(&source).unwrap();
    let eased = text.replace(
        "first_name: { field: customer.first_name, required: true }",
        "first_name: customer.first_name",
    );
    assert_ne!(text, eased);
    fs::write(&source, eased).unwrap();
    fine(server.command(&["apply", path]));
    let told = fine(server.command(&["quarantine", "redrive", "--all", "--source", "showroom"]));
    assert!(told.starts_with("1 taken in; 1 still cannot be"), "{told}");
    assert!(server.api().find("email", "ned@mail.example").is_some());
}

#[test]
fn through_the_watched_folder() {
    let server = harbor();
    let inbox = server.data().join("inbox/showroom");
    fs::create_dir_all(&inbox).unwrap();
    // Written under another name first, as a file transfer does: a half file is never read.
    fs::write(inbox.join("showroom-walk-ins-7.jsonl.part"), CARDS).unwrap();
    fs::write(inbox.join("showroom-walk-ins-7.jsonl.complete-until"), "2026-02-06T00:00:00Z\n").unwrap();
    fs::rename(inbox.join("showroom-walk-ins-7.jsonl.part"), inbox.join("showroom-walk-ins-7.jsonl"))
        .unwrap();
    let done = server.data().join("inbox-done/showroom/showroom-walk-ins-7.jsonl");
    wait::until("the file is read and moved away", || done.exists().then_some(()));
    two_wait(&server);
    assert_eq!(counts(&server), [json!(2), json!(2), json!(2)]);
    let sources = server.api().get("/api/v1/sources");
    let showroom = sources.as_array().unwrap().iter().find(|source| source["source"] == "showroom").unwrap();
    assert_eq!(showroom["complete_until"], "2026-02-06T00:00:00Z", "the note beside it was read");

    // The same file under another name, in the feed's own folder, zipped: nothing new.
    let feed = server.data().join("inbox/showroom/walk-ins");
    fs::create_dir_all(&feed).unwrap();
    fs::write(feed.join("again.gz"), gzip(CARDS.as_bytes())).unwrap();
    let done = server.data().join("inbox-done/showroom/walk-ins/again.gz");
    wait::until("the copy is read and moved away", || done.exists().then_some(()));
    assert_eq!(waiting(&server).len(), 2, "the same rows are not there twice");
    let [events, people, _] = counts(&server);
    assert_eq!([events, people], [json!(2), json!(2)]);

    // A file that belongs nowhere is moved aside with the reason, and nothing else is held up.
    fs::write(inbox.join("holiday.jpg"), b"not a feed").unwrap();
    let reason = server.data().join("inbox-failed/showroom/holiday.jpg.reason.txt");
    let said = wait::until("the stranger is moved aside", || fs::read_to_string(&reason).ok());
    assert!(said.contains("no feed of showroom"), "{said}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let server = harbor();
    let sample = crate::world::example().join("sample");
    for (feed, file) in [
        ("till/purchases", "till-purchases.csv"),
        ("call-centre/orders", "call-centre-orders.xml"),
        ("call-centre/calls", "call-centre-calls.csv"),
        ("list-newmovers/movers", "list-newmovers.txt"),
        ("email-platform/activity", "email-platform-activity.jsonl"),
    ] {
        let bytes = fs::read(sample.join(file)).unwrap();
        let path = format!("/api/v1/feeds/{feed}");
        let first = server.api().upload(&path, &bytes);
        assert!(first["accepted"].as_u64() > Some(10), "{first}");
        let (before, items) = (counts(&server), waiting(&server).len());
        let second = server.api().upload(&path, &gzip(&bytes));
        assert_eq!(second["rows"], first["rows"]);
        assert_eq!(second["accepted"], 0, "{file}: {second}");
        assert_eq!(
            second["duplicates"].as_u64(),
            Some(first["rows"].as_u64().unwrap() - first["quarantined"].as_u64().unwrap())
        );
        assert_eq!(waiting(&server).len(), items, "{file}");
        assert_eq!(counts(&server), before, "{file}: a broken row that came before is not counted again");
    }
}

#[test]
fn an_event_of_an_sdk_that_breaks_its_contract() {
    let server = harbor();
    let cart = json!({ "type": "track", "messageId": "1", "userId": "u-1", "event": "Cart Updated", "properties": { "cart_id": "c-1", "value": "much" } });
    let answer = server.api().collect("batch", WEB, &json!({ "batch": [cart] }));
    assert_eq!(answer["quarantined"], 1);
    let items = waiting(&server);
    let id = items[0]["id"].as_str().unwrap();
    assert!(items[0]["reason"].as_str().unwrap().contains("value"), "{}", items[0]);
    let corrected = items[0]["raw"].as_str().unwrap().replace("\"much\"", "70");
    let done = server.api().upload(&format!("/api/v1/quarantine/{id}/redrive"), corrected.as_bytes());
    assert_eq!(done["accepted"], 1);
    let person = server.api().find("user_id", "u-1").unwrap();
    assert_eq!(server.api().timeline(person["id"].as_str().unwrap())[0]["properties"]["value"], 70);
}

#[test]
fn xml_that_means_harm_is_refused() {
    let server = harbor();
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE orders [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
        <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]>
        <orders><order id="O-1"><placed>2026-02-01T15:47:35Z</placed><buyer><phone>&c;</phone></buyer><total>&d;</total></order></orders>"#;
    let answer = server.api().ask(Request::post("/api/v1/feeds/call-centre/orders", bomb));
    let said = answer.text();
    assert!([200, 422].contains(&answer.status), "{} {said}", answer.status);
    assert_eq!(counts(&server)[0], json!(0), "{said}");
    let kept = waiting(&server).iter().map(ToString::to_string).collect::<String>();
    assert!(!kept.contains("root:"), "no file of this machine is read");
    // What is cut off says so; what came before stays, and the whole file later brings the rest.
    let order = |id: u32| {
        format!(
            "<order id=\"O-{id}\"><placed>2026-02-01T15:47:35Z</placed><buyer><phone>(312) 555-01{id}</phone></buyer><total>12.50</total></order>"
        )
    };
    let whole = format!("<orders>{}{}</orders>", order(41), order(42));
    let cut = &whole[..whole.len() - 60];
    let answer = server.api().ask(Request::post("/api/v1/feeds/call-centre/orders", cut));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.json()["message"].as_str().unwrap().contains("1 new"), "{}", answer.text());
    assert_eq!(server.api().upload("/api/v1/feeds/call-centre/orders", whole.as_bytes())["accepted"], 1);
}
