//! Format 1, as it is on people's disks: what was written in it opens and reads the same for ever.
//!
//! `golden/format-1.sql` is a whole store as text, so that a difference can be read. Until the first release a change of
//! the format is made by writing it anew: `cargo test -p crowsnest-store --test it golden -- --ignored`. After that it
//! never changes; a later format gets a migration and a file of its own.

use crate::words::*;
use crowsnest_model::{
    ConsentStatus, DeliveryId, EventId, HouseholdId, Identifier, InterestId, Item, Object, Profile,
    ProfileId, QuarantineId, RunId, TaskId, Time, Trait,
    delivery::DeliveryState,
    profile::{Heard, Link, Run},
    quarantine::QuarantineState,
    sending::Counted,
};
use crowsnest_store::{
    IdentityChange, IdentityChangeKind, ImportRecord, ItemChange, LaunchRecord, LedgerEntry, LedgerKind,
    Page, Pending, Read, Result, RunState, RunStep, SourceCount, StoreError, Suppression, Switch, Task,
    TaskFilter, TaskState, Unit,
    sqlite::{DataFolder, Readers, Writer},
};
use rusqlite::Connection;
use std::{fmt::Write, fs, path::PathBuf};

const PAGE: Page = Page { limit: 100, offset: 0 };

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn ann() -> Profile {
    let mut ann = Profile::new(ProfileId(7_001), Time(1_000));
    ann.last_seen = Time(9_000);
    ann.events = 2;
    let link = |namespace: &str, value: &str| Link {
        namespace: namespace.into(),
        value: value.into(),
        first_seen: Time(1_000),
        last_seen: Time(9_000),
    };
    ann.identifiers = vec![link("email", "ann@example.org"), link("user_id", "u-1")];
    ann.shared = vec![link("phone", "+13125550142")];
    ann.accounts = vec![link("account", "HM-1001")];
    ann.home = Some(HouseholdId(7_011));
    let heard = |source: &str, last| Heard {
        source: source.into(),
        first_seen: Time(1_000),
        last_seen: Time(last),
        events: 1,
    };
    ann.sources = vec![heard("call-centre", 9_000), heard("web", 1_000)];
    let said = |value: serde_json::Value, third_party| Trait {
        value,
        time: Time(1_000),
        source: "web".into(),
        event: EventId::of("web", "m-1"),
        third_party,
    };
    ann.traits.insert("first_name".into(), said("Änn".into(), false));
    ann.traits.insert("income".into(), said(serde_json::json!([1, 2.5, true, {"since": "2019"}]), true));
    let mut properties = Object::new();
    properties.insert("cart_id".into(), "c-1".into());
    properties.insert("value".into(), serde_json::json!(80.25));
    ann.runs = vec![Run {
        id: RunId(7_002),
        program: "cart".into(),
        version: 3,
        occasion: "c-1".into(),
        triggered: Time(9_000),
        step: 1,
        wake: Some(Time(12_000)),
        awaits_goal: false,
        event: "Cart Updated".into(),
        properties,
        source: "web".into(),
        since: Some(Time(9_500)),
        moved_by: Some(EventId::of("web", "m-2")),
    }];
    ann
}

/// A bit of everything that a store holds.
fn fill(unit: &mut dyn Unit) -> Result<()> {
    let ann = ann();
    unit.put_profile(&ann)?;
    for link in &ann.identifiers {
        unit.put_holder(&Identifier::new(link.namespace.as_str(), link.value.clone()), ann.id)?;
    }
    unit.put_sharer(&Identifier::new("phone", "+13125550142"), ann.id)?;
    unit.put_household_member(HouseholdId::of("account", "HM-1001"), ann.id)?;
    unit.begin_stay(HouseholdId(7_010), ann.id, Time(8_000), "same phone")?;
    unit.end_stay(ann.id, Time(8_500), "lives with others now")?;
    unit.begin_stay(HouseholdId(7_011), ann.id, Time(8_500), "same address")?;
    for touch in [event("web", "m-1", None, 1_000), event("web", "m-2", Some("Cart Updated"), 9_000)] {
        keep(unit, ann.id, &touch)?;
    }
    unit.put_profile(&person(7_009))?;
    unit.merge(ann.id, ProfileId(7_009), Time(9_500))?;
    unit.put_ledger(&LedgerEntry {
        time: Time(9_500),
        event: EventId::of("web", "m-2"),
        kind: LedgerKind::Merge,
        profile: ann.id,
        other: Some(ProfileId(7_009)),
        namespace: Some("email".into()),
        value: Some("ann@example.org".into()),
        reason: "named together".into(),
    })?;
    unit.put_identity_change(&IdentityChange {
        cursor: 0,
        time: Time(9_500),
        kind: IdentityChangeKind::Merged,
        survivor: ann.id,
        absorbed: ProfileId(7_009),
        event: Some(EventId::of("web", "m-2")),
        decision: None,
        anonymous: true,
        reason: "named together".into(),
    })?;
    unit.put_consent(&consent("offers", ConsentStatus::Granted, 1_000))?;
    unit.put_consent(&consent("*", ConsentStatus::Withdrawn, 2_000))?;
    unit.put_suppression(&Suppression {
        channel: "email".into(),
        contact: "gone@example.org".into(),
        reason: "it bounced".into(),
        time: Time(3),
    })?;
    unit.put_run(&run(7_002, "cart", 7_001, "c-1", RunState::Active))?;
    unit.put_timer(RunId(7_002), ann.id, Some(Time(12_000)))?;
    unit.put_run_step(&RunStep {
        run: RunId(7_002),
        time: Time(9_100),
        step: "0".into(),
        outcome: "waits 45 minutes".into(),
    })?;
    unit.put_run(&run(7_005, "welcome", 7_001, "w-1", RunState::HeldOut))?;
    unit.reach_goal(RunId(7_005), Time(11), Time(12), "reached", Some(7.5))?;
    unit.park_timer(RunId(7_006), ann.id, Time(13_000), "welcome")?;
    unit.put_task(&Task {
        id: TaskId(7_007),
        created: Time(9_100),
        program: "cart".into(),
        run: RunId(7_002),
        step: "1".into(),
        profile: ann.id,
        title: "Call her".into(),
        team: "sales".into(),
        note: Some("before noon".into()),
        priority: 3,
        call: Some(DeliveryId(7_003)),
        attempt: 2,
        state: TaskState::Open,
        reason: Some("waited for room".into()),
        due: Time(9_200),
        expires: Some(Time(99_000)),
        day: "1970-01-02".parse().ok(),
        ended: None,
        outcome: None,
        remark: None,
    })?;
    let mut message = delivery(7_003, "cart", 7_001, "c-1#1", DeliveryState::Held);
    message.run = Some(RunId(7_002));
    message.household = ann.household();
    message.reason = Some("calls is stale".into());
    message.expires = Some(Time(99_000));
    unit.put_delivery(&message)?;
    unit.put_delivery(&delivery(7_005, "offer", 7_001, "launch", DeliveryState::Sent))?;
    unit.put_quarantined(&quarantined(7_004, "till", "line 17, column 3", b"a;b\xff;c"))?;
    let item = Item {
        key: "HM-7".into(),
        fields: Object::from_iter([("price".to_owned(), serde_json::json!(18_900.5))]),
        time: Some(Time(7_000)),
        source: "inventory".into(),
        listed: Some(Time(8_000)),
        missing: Some(Time(6_000)),
    };
    unit.put_item("cars", &item)?;
    unit.put_item_list("cars", Time(8_000))?;
    let change = ItemChange {
        seq: 0,
        program: "price-drop".into(),
        catalogue: "cars".into(),
        key: "HM-7".into(),
        time: Time(7_000),
        seen: Object::from_iter([("item".to_owned(), item.seen().into())]),
        after: Some(ProfileId(7_000)),
    };
    unit.put_item_change(&change, Some(Time(8_001)))?;
    unit.put_pending(&Pending {
        seq: 0,
        profile: ann.id,
        program: "welcome".into(),
        occasion: "e-1".into(),
        cause: "{}".into(),
    })?;
    unit.put_watcher(InterestId(u64::MAX - 1), "HM-7", ann.id, Time(6_500))?;
    unit.advance_watermark("till", Time(8_000), Time(8_001))?;
    unit.throw_switch(&Switch { scope: "cart".into(), since: Time(5), reason: Some("too many".into()) })?;
    unit.count_sending("email", Counted::Complaint, Time(7_200_000), 3)?;
    unit.put_import(&ImportRecord {
        time: Time(3),
        source: "till".into(),
        feed: "sales".into(),
        file: "sales.csv".into(),
        rows: 10,
        accepted: 7,
        duplicates: 2,
        quarantined: 1,
        complete_until: Some(Time(8_000)),
    })?;
    let mut counts = Object::new();
    counts.insert("recipients".into(), 3.into());
    unit.put_launch(&LaunchRecord {
        broadcast: "offer".into(),
        version: 1,
        launched: Time(4),
        queued: Some(Time(5)),
        until: ProfileId(9_000),
        after: Some(ProfileId(8_000)),
        identity: 0,
        counts,
    })?;
    unit.put_document(&document("cart", "program: cart", "{\"program\":\"cart\"}"))?;
    unit.put_document(&document("cart", "program: cart # two", "{\"program\":\"cart\",\"two\":2}"))?;
    unit.count("events", 2)?;
    unit.count("people", 1)?;
    unit.count_source(&SourceCount { source: "web".into(), events: 2, duplicates: 1, quarantined: 0 })?;
    unit.put_setting("highest_id", "7009")
}

/// Everything that can be asked of such a store, as text.
fn all_of(read: &dyn Read) -> Result<String> {
    let ann = ProfileId(7_001);
    let mut out = String::new();
    let mut say = |what: &str, said: &dyn std::fmt::Debug| writeln!(out, "{what}: {said:?}").unwrap();
    let mail = Identifier::new("email", "ann@example.org");
    say("holder", &read.holders(&[&mail])?[0]);
    say("profile", &read.profile(ann)?);
    say("absorbed", &read.absorbed(ann)?);
    say("household", &read.household(HouseholdId::of("account", "HM-1001"))?);
    say("households", &read.household_count()?);
    say("stays", &read.stays_of(ann)?);
    for row in read.events(ann, PAGE)? {
        say("event", &crowsnest_model::Event::from_stored(row.columns, &row.body).unwrap());
    }
    say("named", &read.events_named(ann, &["Cart Updated"], Time(0))?.len());
    say("ledger", &read.ledger(ann, PAGE)?);
    say("changes of identity", &read.identity_changes(0, 9)?);
    say("consents", &read.consents("email", "ann@example.org")?);
    say("suppression", &read.suppression("email", "gone@example.org")?);
    say("runs", &read.runs(None, None, PAGE)?);
    say("steps", &read.run_log(RunId(7_002))?);
    say("parked", &read.parked()?);
    say("tasks", &read.tasks(&TaskFilter::default(), PAGE)?);
    say("timers", &read.due_timers(Time(i64::MAX), 9)?);
    say("delivery", &read.delivery(DeliveryId(7_003))?);
    say("delivery's life", &read.delivery_log(DeliveryId(7_003))?);
    say("handed over", &read.handed_over(ann, Time(0))?);
    say("quarantined", &read.quarantined(QuarantineId(7_004))?);
    say("open", &read.quarantine(None, Some(QuarantineState::Open), PAGE)?.len());
    say("items", &read.items("cars", None, 9)?);
    say("listed", &read.listed_until("cars")?);
    say("changes", &read.due_item_changes(Time(i64::MAX), 9)?);
    say("pending", &read.pending(None, 9)?);
    say("watchers", &read.watchers(InterestId(u64::MAX - 1), "HM-7", Time(0), None, 9)?);
    say("watermarks", &read.watermarks()?);
    say("switches", &read.switches()?);
    say("sending", &read.sending_counts("email", Time(0))?);
    say("imports", &read.imports(PAGE)?);
    say("launch", &read.launch("offer")?);
    say("documents", &read.documents(true)?);
    say("counters", &(read.counter("events")?, read.counter("people")?, read.source_counts()?));
    say("setting", &read.setting("highest_id")?);
    Ok(out)
}

/// A store as SQL that makes it again: tables, rows, then indexes and triggers, so that no trigger writes twice.
fn dump(connection: &Connection) -> String {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let mut out = String::from("PRAGMA page_size = 8192;\n");
    for sql in texts("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL ORDER BY rowid")
    {
        writeln!(out, "{sql};").unwrap();
    }
    for table in texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid") {
        let columns = texts(&format!("SELECT 'quote(' || name || ')' FROM pragma_table_info('{table}')"));
        let row = columns.join(" || ', ' || ");
        for values in texts(&format!("SELECT {row} FROM {table} ORDER BY 1")) {
            writeln!(out, "INSERT INTO {table} VALUES ({values});").unwrap();
        }
    }
    for sql in texts("SELECT sql FROM sqlite_schema WHERE type <> 'table' AND sql IS NOT NULL ORDER BY rowid")
    {
        writeln!(out, "{sql};").unwrap();
    }
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    writeln!(out, "PRAGMA user_version = {format};").unwrap();
    out
}

#[test]
fn a_store_of_format_1_opens_and_reads_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join("crowsnest.db")).unwrap();
    database.execute_batch(&fs::read_to_string(golden("format-1.sql")).unwrap()).unwrap();
    drop(database);
    let mut writer = Writer::open(DataFolder::take(folder.path()).unwrap()).unwrap();
    let readers = Readers::open(folder.path());
    readers.check().unwrap();
    let read = readers.read::<_, StoreError>(all_of).unwrap();
    assert_eq!(read, fs::read_to_string(golden("format-1.txt")).unwrap());
    assert!(read.contains("Änn"));
    writer.commit::<_, StoreError>(|unit| unit.put_profile(&ann())).unwrap();
}

#[test]
fn what_is_written_now_is_what_is_expected_on_disk() {
    let mut store = Sqlite::new();
    store.commit(|unit| fill(unit));
    let read = store.read(all_of);
    assert_eq!(read, fs::read_to_string(golden("format-1.txt")).unwrap());
    let connection = Connection::open(store.folder.path().join("crowsnest.db")).unwrap();
    let written = dump(&connection);
    let expected = fs::read_to_string(golden("format-1.sql")).unwrap();
    let difference = written.lines().zip(expected.lines()).find(|(now, then)| now != then);
    assert_eq!(difference, None, "the format has changed: see the head of this file");
    assert_eq!(written.lines().count(), expected.lines().count());
}

/// The documents byte for byte: a profile's MessagePack and an event's JSON, each behind its byte of format.
#[test]
fn documents_are_written_byte_for_byte_as_before() {
    let mut store = Sqlite::new();
    store.commit(|unit| fill(unit));
    let connection = Connection::open(store.folder.path().join("crowsnest.db")).unwrap();
    let of = |sql: &str| -> Vec<u8> { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(of("SELECT doc FROM people WHERE id = 7001"), fs::read(golden("profile-1.bin")).unwrap());
    assert_eq!(of("SELECT body FROM events ORDER BY seq LIMIT 1"), fs::read(golden("event-1.bin")).unwrap());
}

#[test]
#[ignore = "writes the golden files; only before the first release"]
fn write_the_golden_files() {
    let mut store = Sqlite::new();
    store.commit(|unit| fill(unit));
    fs::write(golden("format-1.txt"), store.read(all_of)).unwrap();
    let connection = Connection::open(store.folder.path().join("crowsnest.db")).unwrap();
    fs::write(golden("format-1.sql"), dump(&connection)).unwrap();
    let of = |sql: &str| -> Vec<u8> { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
    fs::write(golden("profile-1.bin"), of("SELECT doc FROM people WHERE id = 7001")).unwrap();
    fs::write(golden("event-1.bin"), of("SELECT body FROM events ORDER BY seq LIMIT 1")).unwrap();
}
