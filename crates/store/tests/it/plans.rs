//! No statement reads what it does not need: each is explained by SQLite itself on a store with rows in it.

use crate::words::*;
use crowsnest_model::{
    DeliveryId, HouseholdId, ProfileId, RunId, Time, delivery::DeliveryState, quarantine::QuarantineState,
};
use crowsnest_store::{DeliveryFilter, Page, RunState};
use rusqlite::Connection;

/// Steps that read more than they answer, and why that is right.
const ALLOWED: &[(&str, &str)] = &[
    ("SELECT channel, contact, reason, time FROM suppressions", "in the order of its key, a page at a time"),
    ("SELECT time, event, kind, profile, other, namespace, value, reason FROM ledger", "one person's"),
    ("SELECT * FROM runs WHERE profile = ?1 AND (?2", "one person's, which have no order of their own"),
    ("SELECT state, count(*) FROM deliveries GROUP BY state", "counts all, from an index alone"),
    ("SELECT line, count(*) FROM deliveries WHERE state = 'sending'", "counts what is on the line"),
    ("SELECT state, reason, count(*) FROM deliveries WHERE program", "one program's, for its report"),
    ("SELECT household, profile FROM households", "groups all, from an index alone"),
    ("SELECT source, complete_until", "a row for each source"),
    ("SELECT source, events, duplicates", "a row for each source"),
    ("SELECT scope, since, reason FROM switches", "a row for each switch"),
    ("SELECT broadcast, version, launched", "a row for each launch"),
    ("SELECT kind, name, version", "definitions"),
    ("SELECT count(*) FROM match_queue", "counts those who wait"),
    ("SELECT profile, stamp FROM match_queue", "in the order of its key, as many as are taken at once"),
    ("SELECT version, learned, people", "a row for each time that something was learned"),
    ("UPDATE match_models", "a row for each time that something was learned"),
    ("SELECT kind, name, meaning", "a row for each thing that is derived"),
];

/// The plan of a statement, a line for each step.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let places = statement.parameter_count();
    let values = vec![rusqlite::types::Null; places];
    statement
        .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

#[test]
fn the_hot_statements_search_an_index() {
    let store = Sqlite::new();
    let connection = Connection::open(store.folder.path().join("crowsnest.db")).unwrap();
    let source: String = [
        "read.rs",
        "write.rs",
        "lists.rs",
        "deliveries.rs",
        "feedback.rs",
        "segment_log.rs",
        "segments.rs",
        "programs.rs",
        "items.rs",
        "pending.rs",
        "matching.rs",
        "runs.rs",
        "skips.rs",
        "identity.rs",
        "homes.rs",
        "sending.rs",
    ]
    .iter()
    .map(|file| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sqlite/").to_owned() + file;
        std::fs::read_to_string(path).unwrap()
    })
    .collect();
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for sql in statements(&source) {
        looked_at += 1;
        for step in plan(&connection, &sql) {
            // A partial index holds only the rows in question, and a table in the order of its ids is read from its end.
            let partial = [
                "deliveries_sending",
                "deliveries_due",
                "deliveries_expiring",
                "timers_by_due",
                "looks_by_due",
                "item_changes_due",
                "item_changes_parked",
            ];
            let from_its_end =
                ["ORDER BY id DESC LIMIT", "ORDER BY seq DESC LIMIT"].iter().any(|order| sql.contains(order))
                    && !sql.contains("WHERE");
            let scans = step.starts_with("SCAN")
                && !partial.iter().any(|index| step.contains(index))
                && !from_its_end;
            // Those of one moment are put in order; that is nothing.
            let sorts = step.contains("TEMP B-TREE") && !step.contains("LAST TERM");
            if (scans || sorts) && !ALLOWED.iter().any(|(start, _)| sql.starts_with(start)) {
                wrong.push(format!("{sql}\n    {step}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(looked_at > 60, "only {looked_at} statements were found");
}

/// The SQL in string literals of a source file, with lists of columns put in.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for literal in source.split('"').skip(1).step_by(2) {
        let text = literal.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.replace("{}", "*").replace("{places}", "?").replace("{was_queued}", "state").replace(
            "{others}",
            "(?3 IS NULL OR program = ?3) AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR profile = ?5)",
        );
        let first = text.split(' ').next().unwrap_or_default();
        if ["SELECT", "UPDATE", "DELETE"].contains(&first) && text.contains(' ') && !text.contains('{') {
            found.push(text);
        } else if ["runs ", "deliveries ", "quarantine "].iter().any(|table| text.starts_with(table)) {
            found.push(format!("SELECT * FROM {text}"));
        }
    }
    found
}

#[test]
fn lists_read_only_what_they_show() {
    let mut store = Sqlite::new();
    store.commit(|unit| {
        for id in 1..=3_000 {
            let program = if id == 1_500 { "rare" } else { "common" };
            let state = if id == 1_700 { DeliveryState::Unknown } else { DeliveryState::Sent };
            unit.put_delivery(&delivery(id, program, id, "x", state))?;
            unit.put_run(&run(id, program, id, "x", RunState::Finished))?;
            unit.put_quarantined(&quarantined(id, program, &id.to_string(), b"x"))?;
            unit.put_household_member(HouseholdId(id), ProfileId(id))?;
        }
        Ok(())
    });
    store.read(|read| {
        let rare = DeliveryFilter { program: Some("rare".into()), ..Default::default() };
        assert_eq!(read.deliveries(&rare, 50)?.len(), 1);
        let unknown = DeliveryFilter { state: Some("unknown".into()), ..Default::default() };
        assert_eq!(read.deliveries(&unknown, 50)?[0].id, DeliveryId(1_700));
        let mut filter = DeliveryFilter { program: Some("common".into()), ..Default::default() };
        let mut count = 0;
        loop {
            let page = read.deliveries(&filter, 700)?;
            let Some(last) = page.last() else { break };
            assert!(page.is_sorted_by(|a, b| a.id > b.id));
            filter.before = Some(last.id);
            count += page.len();
        }
        assert_eq!(count, 2_999, "paging shows each once");
        assert_eq!(read.runs(Some("rare"), None, Page { limit: 9, offset: 0 })?[0].id, RunId(1_500));
        let open = Some(QuarantineState::Open);
        assert_eq!(read.quarantine(Some("rare"), open, Page { limit: 9, offset: 0 })?.len(), 1);
        assert!(read.overdue_deliveries(Time(i64::MAX), 9)?.is_empty());
        Ok(())
    });
}
