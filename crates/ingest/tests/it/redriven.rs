//! What waits in the quarantine, read again.

use crate::world::{item, open, reading, rows, short_event, workspace};
use crowsnest_ingest::{
    Reading, SourceReader,
    feed::Row,
    redrive,
    wire::{Endpoint, Envelope},
};
use crowsnest_model::{Duration, quarantine::Rejection};
use serde_json::{Value, json};

fn later() -> Reading {
    Reading { received: reading().received.plus(Duration::days(30)), ..reading() }
}

fn csv() -> Value {
    json!({
        "format": "csv", "identical_rows": "separate", "identifiers": { "user_id": "id" }, "event": "E",
        "properties": { "n": { "field": "n", "type": "integer" } }
    })
}

fn rejected(feed: Value, file: &[u8]) -> Vec<Rejection> {
    let rejections = rows(feed, file).into_iter().filter_map(|row| match row {
        Row::Rejected(rejection) => Some(rejection),
        Row::Event(_) | Row::Item(_) | Row::Feedback(_) => None,
    });
    rejections.collect()
}

#[test]
fn a_wire_item_is_read_as_it_was_the_first_time() {
    let body = r#"{"sentAt":"2026-03-01T12:00:00Z","context":{"locale":"en"},"batch":[
        {"type":"trck","event":"E","userId":"u","timestamp":"2026-03-01T11:00:00Z","messageId":"m"}]}"#;
    let reader = crate::world::reader("web");
    let batch = Envelope::parse(Endpoint::Import, body.as_bytes()).unwrap().read(&reader, reading());
    let rejection = &batch.rejected[0];
    assert_eq!(redrive(&reader, rejection, None, later()).unwrap_err(), *rejection, "nothing has changed");
    let corrected = String::from_utf8(rejection.raw.clone()).unwrap().replace("trck", "track");
    let events = redrive(&reader, rejection, Some(corrected.as_bytes()), later()).unwrap().events;
    assert_eq!(short_event(&events[0]), "E|2026-03-01T11:00:00Z|user_id=u");
    assert_eq!(events[0].context.as_ref().unwrap().get(), r#"{"locale":"en"}"#);
    assert!(events[0].historical);
    assert_eq!(events[0].received, later().received);
}

#[test]
fn a_single_call_keeps_its_kind() {
    let body = r#"{"userId":"u","timestamp":"2026-03-01T11:00:00Z"}"#;
    let reader = crate::world::reader("web");
    let endpoint = Endpoint::from_path("track").unwrap();
    let batch = Envelope::parse(endpoint, body.as_bytes()).unwrap().read(&reader, reading());
    let corrected = br#"{"event":"E","userId":"u"}"#;
    let events = redrive(&reader, &batch.rejected[0], Some(corrected), later()).unwrap().events;
    assert_eq!(short_event(&events[0]), "E|user_id=u", "without a time it happened when it first came");
}

#[test]
fn a_whole_body_is_read_once_its_json_is_mended() {
    let reader = crate::world::reader("web");
    let body = br#"{"batch":[{"type":"track","event":"E","userId":"u"},]}"#;
    let rejection = Envelope::parse(Endpoint::Batch, body).unwrap_err().rejection("web", body);
    let fails = redrive(&reader, &rejection, None, reading()).unwrap_err();
    assert_eq!(fails.code, "invalid-json");
    let mended = br#"{"batch":[{"type":"track","event":"E","userId":"u"}]}"#;
    assert_eq!(redrive(&reader, &rejection, Some(mended), reading()).unwrap().events.len(), 1);
    let item = br#"{"type":"track","event":"E","userId":"u"}"#;
    assert_eq!(redrive(&reader, &rejection, Some(item), reading()).unwrap().events.len(), 1);
    let half = br#"{"batch":[{"type":"track","event":"E","userId":"u"},{"type":"track"}]}"#;
    let fails = redrive(&reader, &rejection, Some(half), reading()).unwrap_err();
    assert!(fails.reason.starts_with("batch[1]: "), "{}", fails.reason);
}

#[test]
fn rows_are_read_with_their_header_and_stay_separate() {
    let reader = SourceReader::new(&workspace(csv()), "shop").unwrap();
    let waiting = rejected(csv(), b"n,id\nx,1\nx,1\n5,1\n");
    assert_eq!(waiting.len(), 2);
    let ids: Vec<String> = waiting
        .iter()
        .map(|rejection| {
            let events = redrive(&reader, rejection, Some(b"7,1"), later()).unwrap().events;
            assert_eq!(short_event(&events[0]), "E|user_id=1|{\"n\":7}");
            events[0].message_id.clone()
        })
        .collect();
    assert_ne!(ids[0], ids[1]);
    let fails = redrive(&reader, &waiting[0], None, later()).unwrap_err();
    assert_eq!((fails.place, fails.code), ("line 2, column 1".to_owned(), "number".to_owned()));
    assert_eq!(redrive(&reader, &waiting[0], Some(b""), later()).unwrap_err().code, "empty");
    assert_eq!(redrive(&reader, &waiting[0], Some(b"7"), later()).unwrap_err().code, "fields");
}

#[test]
fn xml_records_are_read_by_themselves() {
    let feed = json!({
        "format": "xml", "record": "/a/b/c", "identifiers": { "user_id": "@id" }, "event": "E",
        "time": { "field": "t" }
    });
    let reader = SourceReader::new(&workspace(feed.clone()), "shop").unwrap();
    let waiting = rejected(feed.clone(), b"<a><b><c id='1'><t>noon</t></c></b></a>");
    assert_eq!(waiting[0].place, "/a/b/c[1]/t");
    let corrected =
        String::from_utf8(waiting[0].raw.clone()).unwrap().replace("noon", "2026-03-01T06:00:00Z");
    let events = redrive(&reader, &waiting[0], Some(corrected.as_bytes()), later()).unwrap().events;
    assert_eq!(short_event(&events[0]), "E|2026-03-01T06:00:00Z|user_id=1");
    let whole = open(feed, corrected.as_bytes()).unwrap().next();
    assert!(whole.is_some_and(|row| row.is_err()), "alone it is no file of the feed");
}

#[test]
fn a_header_of_another_format_is_no_obstacle() {
    let rejection = item("web", &json!({"type":"trck","event":"E","userId":"u"})).unwrap_err();
    let rejection = Rejection { header: Some("id,name".into()), ..rejection };
    let corrected = br#"{"type":"track","event":"E","userId":"u"}"#;
    assert!(redrive(&crate::world::reader("web"), &rejection, Some(corrected), later()).is_ok());
}
