//! Bodies as SDKs send them.

use crate::world::{item, post, reader, reading, received, short_event};
use crowsnest_ingest::{
    Reading,
    wire::{Endpoint, Envelope, MAX_EVENT},
};
use crowsnest_model::{Duration, EventKind};
use serde_json::{Value, json};

#[test]
fn a_node_batch_is_read() {
    let batch = post(
        Endpoint::Batch,
        r#"{"batch":[{"userId":"u-1","event":"Cart Updated","properties":{"value":75.5,"currency":"USD"},
            "context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},"integrations":{},
            "timestamp":"2026-03-01T11:59:58.000Z","messageId":"node-next-1772366398000-52f7","type":"track",
            "_metadata":{"nodeVersion":"22.1.0","jsRuntime":"node"}}],
            "writeKey":"wk","sentAt":"2026-03-01T12:00:00.000Z"}"#,
    );
    let event = &batch.events[0];
    assert_eq!(
        short_event(event),
        r#"Cart Updated|2026-03-01T11:59:58Z|user_id=u-1|{"value":75.5,"currency":"USD"}"#
    );
    assert_eq!(event.message_id, "node-next-1772366398000-52f7");
    assert_eq!(&*event.source, "web");
    assert!(event.context.as_ref().unwrap().get().contains("analytics-node"));
}

#[test]
fn a_python_batch_is_read() {
    let body = r#"{"batch":[{"integrations":{},"anonymousId":null,"timestamp":"2026-03-01T11:59:30.123456+00:00",
        "context":{"library":{"name":"analytics-python","version":"2.4.0"}},"type":"identify","userId":"42",
        "traits":{"email":"Ann@Example.com","plan":null,"address":{"city":"Chicago","zip":null}},
        "messageId":"0b3f8a7e-aaaa-4bbb-8ccc-0123456789ab"}],
        "sentAt":"2026-03-01T12:00:00.123456+00:00","writeKey":"wk"}"#;
    let envelope = Envelope::parse(Endpoint::Batch, body.as_bytes()).unwrap();
    assert_eq!((envelope.write_key(), envelope.len()), (Some("wk"), 1));
    assert_eq!(
        short_event(&envelope.read(&reader("web"), reading()).events[0]),
        r#"identify|2026-03-01T11:59:30Z|user_id=42 email=Ann@Example.com|{"email":"Ann@Example.com","address":{"city":"Chicago"}}"#
    );
}

#[test]
fn a_browser_call_is_read() {
    let batch = post(
        Endpoint::from_path("p").unwrap(),
        r#"{"timestamp":"2026-03-01T11:59:59.500Z","integrations":{},"anonymousId":"a-1","userId":null,"type":"page",
            "properties":{"path":"/","title":"Half \ud83d"},"category":"docs","name":"Home",
            "context":{"page":{"path":"/"},"traits":{"email":"x@y.co"},"locale":"en-US"},
            "messageId":"ajs-next-1772366399500-1","writeKey":"wk","sentAt":"2026-03-01T11:59:59.700Z"}"#,
    );
    assert_eq!(
        short_event(&batch.events[0]),
        "Home|2026-03-01T11:59:59.8Z|anonymous_id=a-1 email=x@y.co|{\"email\":\"x@y.co\"}|\
         {\"path\":\"/\",\"title\":\"Half \\ufffd\",\"category\":\"docs\"}"
    );
}

#[test]
fn endpoints_are_known_by_both_names() {
    for (segment, expected) in [
        ("track", Some(Endpoint::One(EventKind::Track))),
        ("t", Some(Endpoint::One(EventKind::Track))),
        ("i", Some(Endpoint::One(EventKind::Identify))),
        ("b", Some(Endpoint::Batch)),
        ("import", Some(Endpoint::Import)),
        ("x", None),
    ] {
        assert_eq!(Endpoint::from_path(segment), expected, "{segment}");
    }
}

#[test]
fn items_are_understood() {
    for (given, expected) in [
        (json!({"type":"track","event":"E","userId":42}), "E|user_id=42"),
        (json!({"type":"track","event":"E","userId":"","anonymousId":"a"}), "E|anonymous_id=a"),
        (json!({"type":"track","event":"E","userId":"u","properties":[],"context":[]}), "E|user_id=u"),
        (
            json!({"type":"group","groupId":"A-17","userId":"u","traits":{"email":"office@x.co","seats":3}}),
            r#"group|user_id=u account=A-17|{"email":"office@x.co","seats":3}"#,
        ),
        (json!({"type":"alias","userId":"u","previousId":"a-1"}), "alias|user_id=u"),
        (
            json!({"type":"identify","userId":"u","traits":{"phone":13125550142i64},
                   "context":{"traits":{"email":"c@x.co"}}}),
            r#"identify|user_id=u phone=13125550142 email=c@x.co|{"phone":13125550142}"#,
        ),
        (
            json!({"type":"track","event":"E","context":{"externalIds":[
                {"id":"L9","type":"loyalty_id","collection":"users","encoding":"none"},
                {"id":"A1","type":"account_id","collection":"accounts"}]}}),
            "E|loyalty_id=L9",
        ),
        (
            json!({"type":"identify","userId":"u","traits":{"consents":[
                {"channel":"email","topic":"offers","status":"granted","contact":"a@b.co"},
                {"channel":"sms","granted":false}]}}),
            "identify|user_id=u|granted email/offers at a@b.co|withdrawn sms/*",
        ),
        (
            json!({"type":"track","event":"Consent Withdrawn","userId":"u","properties":{"channel":"email"}}),
            r#"Consent Withdrawn|user_id=u|{"channel":"email"}|withdrawn email/*"#,
        ),
    ] {
        assert_eq!(item("web", &given).map(|event| short_event(&event)).as_deref(), Ok(expected), "{given}");
    }
    let alias = item("web", &json!({"type":"alias","userId":"u","previousId":"a-1"})).unwrap();
    assert_eq!(alias.previous.map(|id| format!("{id:?}")).unwrap_or_default().matches("a-1").count(), 1);
}

#[test]
fn items_that_cannot_be_understood_say_why() {
    let long = "m".repeat(101);
    for (given, code, word) in [
        (json!({"type":"track","event":"E"}), "no-identifier", "userId"),
        (json!({"type":"group","groupId":"A-17"}), "no-identifier", "userId"),
        (json!({"type":"track","userId":"u"}), "no-event-name", "event"),
        (json!({"type":"trak","userId":"u"}), "type", "`track`?"),
        (json!({"userId":"u"}), "type", "missing"),
        (json!({"type":"alias","userId":"u"}), "no-previous", "previousId"),
        (json!({"type":"group","userId":"u"}), "no-group", "groupId"),
        (json!({"type":"track","event":"E","userId":{"id":1}}), "invalid-shape", "`userId`"),
        (json!({"type":"track","event":"E","userId":"u","properties":"p"}), "invalid-shape", "`properties`"),
        (json!({"type":"track","event":"E","userId":"u","context":{"traits":7}}), "invalid-shape", "traits"),
        (json!({"type":"track","event":"E","userId":"u","timestamp":"soon"}), "date", "`soon`"),
        (json!({"type":"track","event":"E","userId":"u","messageId":long}), "message-id", "101"),
        (json!({"type":"track","event":"E","userId":"u".repeat(600)}), "identifier", "600"),
        (
            json!({"type":"identify","userId":"u","traits":{"consents":[{"channel":"email"}]}}),
            "consent",
            "[0]",
        ),
        (json!({"type":"track","event":"Consent Granted","userId":"u"}), "consent", "channel"),
        (json!("text"), "invalid-shape", "an event"),
        (json!({"type":"track","event":"E","userId":"u","x":"x".repeat(MAX_EVENT)}), "too-large", "32768"),
    ] {
        let rejected = item("web", &given).unwrap_err();
        assert_eq!(
            (rejected.code.as_str(), rejected.place.as_str()),
            (code, "batch[0]"),
            "{}",
            rejected.reason
        );
        assert!(rejected.reason.contains(word), "{}", rejected.reason);
        assert!(!rejected.raw.is_empty());
    }
}

#[test]
fn one_bad_event_never_sinks_the_rest() {
    let batch = post(
        Endpoint::Batch,
        r#"{"batch":[{"type":"track","event":"A","userId":"u"},[1],{"type":"track","event":"B"},null,
            {"type":"track","event":"C","userId":"u"}]}"#,
    );
    assert_eq!(batch.events.len(), 2);
    let places: Vec<&str> = batch.rejected.iter().map(|r| r.place.as_str()).collect();
    assert_eq!(places, ["batch[1]", "batch[2]", "batch[3]"]);
    assert_eq!(batch.rejected[0].raw, b"[1]");
}

#[test]
fn event_times_do_not_trust_the_clients_clock() {
    let call = |sent: Option<&str>, stamp: Option<&str>, original: Option<&str>| {
        let mut body = json!({"event":"E","userId":"u"});
        for (name, value) in [("sentAt", sent), ("timestamp", stamp), ("originalTimestamp", original)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        post(Endpoint::One(EventKind::Track), &body.to_string()).events.remove(0).time.to_string()
    };
    for (sent, stamp, original, expected) in [
        (None, None, None, "2026-03-01T12:00:00Z"),
        (None, Some("2026-03-01T11:00:00Z"), None, "2026-03-01T11:00:00Z"),
        (None, Some("2026-03-09T11:00:00Z"), None, "2026-03-01T12:00:00Z"),
        (Some("2026-03-01T11:00:05"), Some("2026-03-01T11:00:00Z"), None, "2026-03-01T11:59:55Z"),
        // A clock that is nine days fast.
        (Some("2026-03-10T12:00:02Z"), Some("2026-03-10T12:00:00Z"), None, "2026-03-01T11:59:58Z"),
        (Some("2026-03-01T11:00:00Z"), Some("2026-03-01T11:00:09Z"), None, "2026-03-01T12:00:00Z"),
        (
            Some("2026-03-01T12:00:00Z"),
            Some("2026-03-01T11:00:00Z"),
            Some("2026-03-01T11:30:00Z"),
            "2026-03-01T11:30:00Z",
        ),
    ] {
        assert_eq!(call(sent, stamp, original), expected, "{sent:?} {stamp:?} {original:?}");
    }
}

#[test]
fn sample_data_is_replayed_as_if_just_recorded() {
    let body = r#"{"batch":[{"type":"track","event":"E","userId":"u","timestamp":"2025-03-01T12:00:00Z"}]}"#;
    let shifted = Reading { shift: Duration::days(364), ..reading() };
    let batch = Envelope::parse(Endpoint::Import, body.as_bytes()).unwrap().read(&reader("web"), shifted);
    assert_eq!(batch.events[0].time.to_string(), "2026-02-28T12:00:00Z");
    assert!(batch.events[0].historical, "an import is history");
}

#[test]
fn a_retry_of_the_same_bytes_is_the_same_event() {
    let given = json!({"type":"track","event":"E","userId":"u"});
    let (first, second) = (item("web", &given).unwrap(), item("web", &given).unwrap());
    assert_eq!(first.id, second.id);
    assert!(first.message_id.starts_with("sha256-") && first.message_id.len() <= 100);
    let other = item("web", &json!({"type":"track","event":"E","userId":"v"})).unwrap();
    assert_ne!(first.id, other.id);
}

#[test]
fn the_batchs_context_is_merged_into_each_item() {
    let batch = post(
        Endpoint::Batch,
        r#"{"context":{"locale":"en","traits":{"email":"b@x.co"}},"batch":[
            {"type":"track","event":"E","userId":"u","context":{"locale":"de"}},{"type":"track","event":"E"}]}"#,
    );
    let context = |index: usize| batch.events[index].context.as_ref().unwrap().get();
    assert_eq!(context(0), r#"{"locale":"de","traits":{"email":"b@x.co"}}"#);
    assert_eq!(context(1), r#"{"locale":"en","traits":{"email":"b@x.co"}}"#);
    assert_eq!(short_event(&batch.events[1]), r#"E|email=b@x.co|{"email":"b@x.co"}"#);
    assert_eq!(batch.events[1].received, received());
}

#[test]
fn bodies_that_cannot_be_read_say_where() {
    let many = format!(r#"{{"batch":[{}]}}"#, vec!["1"; 2_501].join(","));
    for (endpoint, body, expected) in [
        (Endpoint::Batch, "{\"batch\":\n [1,]}", "invalid-json: invalid JSON at line 2, column 5"),
        (Endpoint::Batch, "", "invalid-json: invalid JSON at line 1, column 0"),
        (Endpoint::Batch, "{}", "invalid-shape: expected a batch"),
        (Endpoint::Batch, "[]", "invalid-shape: expected a JSON object"),
        (
            Endpoint::Batch,
            "{\"batch\":{}}",
            "invalid-shape: invalid type: map, expected `batch` to be a list",
        ),
        (Endpoint::Batch, &many, "too-many: the batch has 2501 events"),
        (Endpoint::One(EventKind::Track), "{} x", "invalid-json: invalid JSON at line 1, column 4"),
        (Endpoint::One(EventKind::Track), "7", "invalid-shape"),
    ] {
        let error = Envelope::parse(endpoint, body.as_bytes()).unwrap_err();
        let said = format!("{}: {error}", error.code());
        assert!(said.starts_with(expected), "{said}");
    }
    let error = Envelope::parse(Endpoint::Batch, b"{\"batch\":[\n\"\xff\"]}").unwrap_err();
    assert_eq!(error.to_string(), "invalid UTF-8 at byte 12 (line 2, column 2)");
    let rejection = error.rejection("web", b"x");
    assert_eq!((rejection.code.as_str(), rejection.place.as_str()), ("invalid-utf8", "line 2, column 2"));
    let empty: Value = json!({ "batch": [] });
    assert!(Envelope::parse(Endpoint::Batch, empty.to_string().as_bytes()).unwrap().is_empty());
}
