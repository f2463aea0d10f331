//! The wire as clients force it to be: statuses, headers, encodings, keys, clocks, limits, and input that means harm.

use crate::world::{SMALL, WEB, agreed, event_id, folder, harbor, mailed, settled, signed_up};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use crowsnest_model::Time;
use crowsnest_testkit::{Answer, Request, RunningServer, ServerBuilder};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use std::io::Write;

fn small() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(crate::world::CROWSNEST).workspace(workspace.path()).start();
    (workspace, server)
}

fn basic(user: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:")))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn track(message_id: &str) -> Value {
    json!({ "type": "track", "messageId": message_id, "userId": "u-1", "event": "Looked" })
}

/// Every error has a code for programs and a message for people.
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let said = answer.json();
    assert_eq!(said["code"], code, "{said}");
    assert!(said["message"].as_str().unwrap().len() > 10, "{said}");
}

fn stats(server: &RunningServer) -> Value {
    server.api().get("/api/v1/stats")
}

#[test]
fn every_endpoint_answers_exactly_200() {
    let server = harbor();
    let kinds = [
        ("identify", "i", json!({ "traits": { "plan": "gold" } })),
        ("track", "t", json!({ "event": "Looked" })),
        ("page", "p", json!({ "name": "Home" })),
        ("screen", "s", json!({ "name": "Basket" })),
        ("group", "g", json!({ "groupId": "HM-1" })),
        ("alias", "a", json!({ "previousId": "before" })),
    ];
    for (kind, short, more) in kinds {
        for endpoint in [format!("/v1/{kind}"), format!("/v1/{short}"), format!("/api/s/{kind}")] {
            let mut event = more.clone();
            event["userId"] = "u-1".into();
            event["messageId"] = endpoint.as_str().into();
            let request = Request::post(&endpoint, event.to_string()).header("authorization", basic(WEB));
            let answer = server.api().send(&request);
            assert_eq!(answer.status, 200, "{endpoint}: {}", answer.text());
            assert_eq!(answer.json()["accepted"], 1, "{endpoint}");
        }
    }
    for endpoint in ["batch", "b", "import"] {
        server.api().collect(endpoint, WEB, &json!({ "batch": [track(endpoint)] }));
    }
    assert_eq!(stats(&server)["events"], 6 * 3 + 3);
    assert_eq!(stats(&server)["people"], 1);
}

#[test]
fn errors_say_what_is_wrong() {
    let server = harbor();
    let send = |request: Request| server.api().send(&request);
    let post = |body: &str| Request::post("/v1/batch", body).header("authorization", basic(WEB));
    refused(&send(post("{\"batch\": [")), 400, "invalid-json");
    refused(&send(post("")), 400, "invalid-json");
    refused(&send(post("[1, 2]")), 400, "invalid-shape");
    refused(&send(post("{\"batch\": 7}")), 400, "invalid-shape");
    let nobody = json!({ "event": "Looked", "messageId": "1" }).to_string();
    let single = Request::post("/v1/track", nobody).header("authorization", basic(WEB));
    refused(&send(single), 400, "no-identifier");
    let batch = json!({ "batch": [track("2")] }).to_string();
    refused(&send(Request::post("/v1/batch", batch.as_str())), 401, "unknown-write-key");
    refused(
        &send(Request::post("/v1/batch", batch.as_str()).header("authorization", basic("nope"))),
        401,
        "unknown-write-key",
    );
    refused(&send(post(&batch).header("x-write-key", "nope")), 401, "unknown-write-key");
    refused(
        &send(Request::post("/v1/batches", batch.as_str()).header("authorization", basic(WEB))),
        404,
        "not-found",
    );
    refused(&send(Request::new("GET", "/v1/batch")), 405, "method-not-allowed");
    refused(&send(Request::new("GET", "/api/v1/stats")), 401, "unauthorised");
    assert_eq!(stats(&server)["events"], 0, "nothing of it was taken in");
    // A write key is public: it reads nothing.
    let reading = Request::new("GET", "/api/v1/stats").header("authorization", basic(WEB));
    refused(&send(reading), 401, "unauthorised");
}

#[test]
fn browsers_may_send_from_any_page() {
    let server = harbor();
    for path in ["/v1/batch", "/v1/t", "/api/s/track"] {
        let preflight = Request::new("OPTIONS", path)
            .header("origin", "https://shop.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let answer = server.api().send(&preflight);
        assert!([200, 204].contains(&answer.status), "{path}: a preflight is answered {}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let allowed = answer.header("access-control-allow-headers").to_ascii_lowercase();
        assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
        assert!(answer.header("access-control-allow-methods").contains("POST"));
    }
    // The answer itself must be readable to the page, an error too: or the SDK cannot tell one from no network at all.
    for (key, status) in [(WEB, 200), ("nope", 401)] {
        let post = Request::post("/v1/t", track("1").to_string())
            .header("origin", "https://shop.example")
            .header("content-type", "text/plain")
            .header("authorization", basic(key));
        let answer = server.api().send(&post);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
}

#[test]
fn what_the_bytes_are_counts_not_what_headers_say() {
    let server = harbor();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "image/png",
        "",
    ];
    let mut expected = 0;
    for content_type in types {
        for (zipped, said) in [(false, false), (true, true), (true, false)] {
            expected += 1;
            let body =
                json!({ "batch": [track(&expected.to_string())], "writeKey": WEB }).to_string().into_bytes();
            let mut request = Request::post("/v1/batch", if zipped { gzip(&body) } else { body });
            if !content_type.is_empty() {
                request = request.header("content-type", content_type);
            }
            if said {
                request = request.header("content-encoding", "gzip");
            }
            let answer = server.api().send(&request);
            assert_eq!(answer.status, 200, "{content_type:?} {zipped} {said}: {}", answer.text());
        }
    }
    assert_eq!(stats(&server)["events"], expected);
}

#[test]
fn keys_come_in_several_ways() {
    let server = harbor();
    let sms = "hm_sms_write_key_0002";
    let send = |id: &str, headers: &[(&str, String)], in_body: Option<&str>| {
        let mut body = json!({ "batch": [track(id)] });
        if let Some(key) = in_body {
            body["writeKey"] = key.into();
        }
        let request = Request::post("/v1/batch", body.to_string());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        server.api().send(&request).status
    };
    assert_eq!(send("1", &[("authorization", basic(WEB))], None), 200);
    assert_eq!(send("2", &[], Some(WEB)), 200);
    assert_eq!(send("3", &[("x-write-key", WEB.into())], None), 200);
    assert_eq!(
        send("4", &[("x-write-key", format!("{WEB}:whatever"))], None),
        200,
        "this source has no secret"
    );
    assert_eq!(send("5", &[("x-write-key", format!("{sms}:only-the-gateway-knows"))], None), 200);
    assert_eq!(send("6", &[("x-write-key", format!("{sms}:a-guess"))], None), 401);
    assert_eq!(send("7", &[("x-write-key", sms.into())], None), 401);
    assert_eq!(send("8", &[], Some(sms)), 401);
    assert_eq!(stats(&server)["events"], 5);
}

#[test]
fn nulls_are_absent_and_one_bad_event_sinks_nobody_else() {
    let server = harbor();
    let batch = json!({ "batch": [
        { "type": "track", "messageId": "1", "userId": "u-1", "anonymousId": null, "event": "Looked",
          "properties": { "colour": null, "size": 4 }, "context": null, "traits": null, "timestamp": null },
        { "type": "track", "messageId": "2", "userId": null, "anonymousId": null, "event": "Looked" },
        { "type": "trakc", "messageId": "3", "userId": "u-1", "event": "Looked" },
        "not an event",
        { "type": "track", "messageId": "4", "userId": "u-1" },
        { "type": "track", "messageId": "5", "userId": "u-1", "event": "Looked", "timestamp": "yesterday" },
        { "type": "track", "messageId": "6", "userId": "u-1", "event": "Looked", "properties": { "note": "x".repeat(33 * 1024) } },
        { "type": "track", "messageId": "m".repeat(101), "userId": "u-1", "event": "Looked" },
        { "type": "track", "messageId": "7", "userId": "u-1", "event": "Bought" },
    ] });
    let answer = server.api().collect("batch", WEB, &batch);
    assert_eq!((&answer["accepted"], &answer["quarantined"]), (&json!(2), &json!(7)), "{answer}");
    let person = server.api().find("user_id", "u-1").unwrap();
    assert_eq!(person["identifiers"].as_array().unwrap().len(), 1, "null is no identifier: {person}");
    assert_eq!(stats(&server)["people"], 1, "and nobody is called so");
    let waiting = server.api().pages("/api/v1/quarantine?source=web");
    assert_eq!(waiting.len(), 7);
    let spelling = waiting.iter().find(|item| item["raw"].as_str().unwrap().contains("trakc")).unwrap();
    assert!(spelling["reason"].as_str().unwrap().contains("did you mean `track`"), "{spelling}");
    for item in &waiting {
        assert!(item["place"].as_str().unwrap().starts_with("batch"), "{item}");
    }
}

#[test]
fn copies_change_nothing() {
    let server = harbor();
    let batch = json!({ "batch": [track("1"), track("2"), track("1")] });
    let first = server.api().collect("batch", WEB, &batch);
    assert_eq!((&first["accepted"], &first["duplicates"]), (&json!(2), &json!(1)));
    let before = server.api().find("user_id", "u-1").unwrap();
    let again = server.api().collect("batch", WEB, &batch);
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(3)));
    assert_eq!(server.api().find("user_id", "u-1").unwrap(), before);
    // Another source may use the same message id for another event.
    let sms = json!({ "batch": [track("1")] }).to_string();
    let request =
        Request::post("/v1/batch", sms).header("x-write-key", "hm_sms_write_key_0002:only-the-gateway-knows");
    assert_eq!(server.api().send(&request).json()["accepted"], 1);
    assert_eq!(stats(&server)["events"], 3);
    // Without a message id, the same bytes are the same event.
    let anonymous = json!({ "batch": [{ "type": "track", "userId": "u-1", "event": "Looked", "timestamp": "2026-01-01T00:00:00Z" }] });
    assert_eq!(server.api().collect("batch", WEB, &anonymous)["accepted"], 1);
    assert_eq!(server.api().collect("batch", WEB, &anonymous)["duplicates"], 1);
}

#[test]
fn wrong_clocks_are_corrected() {
    let server = harbor();
    let now = || -> Time {
        let shown = stats_time(&server);
        shown.parse().unwrap()
    };
    // A clock that is a year ahead: ten minutes before it sent is ten minutes ago.
    let ahead = json!({ "sentAt": "2031-01-01T12:10:00.000Z", "batch": [
        { "type": "track", "messageId": "ahead", "userId": "u-1", "event": "Looked", "timestamp": "2031-01-01T12:00:00.000Z" }] });
    // One that is years behind.
    let behind = json!({ "sentAt": "1999-12-31T23:59:59Z", "batch": [
        { "type": "track", "messageId": "behind", "userId": "u-1", "event": "Looked", "originalTimestamp": "1999-12-31T23:58:59Z", "timestamp": "2004-01-01T00:00:00Z" }] });
    // One that says not when it sent: its time stands, unless it has not come yet.
    let future = json!({ "batch": [
        { "type": "track", "messageId": "future", "userId": "u-1", "event": "Looked", "timestamp": "2999-01-01T00:00:00Z" },
        { "type": "track", "messageId": "past", "userId": "u-1", "event": "Looked", "timestamp": "2020-05-05T05:05:05Z" }] });
    for batch in [ahead, behind, future] {
        server.api().collect("batch", WEB, &batch);
    }
    let now = now();
    let person = server.api().find("user_id", "u-1").unwrap();
    let touches = server.api().timeline(person["id"].as_str().unwrap());
    let ago = |message: &str| {
        let touch = touches.iter().find(|touch| touch["id"] == event_id(message)).unwrap();
        now.since(touch["time"].as_str().unwrap().parse().unwrap()).0
    };
    for (message, minutes) in [("ahead", 10), ("behind", 1), ("future", 0)] {
        let late = ago(message) - minutes * 60_000;
        assert!((0..30_000).contains(&late), "{message}: {late} ms later than it should be");
    }
    let past = touches.iter().find(|touch| touch["id"] == event_id("past")).unwrap();
    assert_eq!(past["time"], "2020-05-05T05:05:05Z");
}

/// The server's clock: that of the last import.
fn stats_time(server: &RunningServer) -> String {
    let record = server
        .api()
        .upload("/api/v1/feeds/till/purchases", b"Datum;Karte;E-Mail;Name;Stufe;Betrag;W\xe4hrung;Artikel\n");
    record["time"].as_str().unwrap().to_owned()
}

#[test]
fn history_triggers_nothing() {
    let (_workspace, server) = small();
    let api = server.api();
    api.collect("import", WEB, &json!({ "batch": [agreed("old"), signed_up("old", "1")] }));
    settled(api);
    assert_eq!(api.deliveries("welcome"), Vec::<Value>::new());
    api.collect("batch", WEB, &json!({ "batch": [agreed("new"), signed_up("new", "1")] }));
    settled(api);
    assert_eq!(mailed(api), ["new@mail.example"]);
    assert_eq!(api.find("user_id", "old").unwrap()["events"], 2, "it is in the profile all the same");
}

#[test]
fn too_much_is_refused_and_said() {
    let server = harbor();
    let many = |count: usize| {
        let events: Vec<Value> = (0..count).map(|number| track(&format!("many-{number}"))).collect();
        json!({ "batch": events, "writeKey": WEB }).to_string()
    };
    refused(&server.api().send(&Request::post("/v1/batch", many(2_501))), 413, "too-many");
    assert_eq!(stats(&server)["events"], 0);
    assert_eq!(server.api().send(&Request::post("/v1/batch", many(2_500))).json()["accepted"], 2_500);

    let wide = |size: usize| {
        let mut body = json!({ "batch": [track("wide")], "writeKey": WEB }).to_string();
        body.push_str(&" ".repeat(size - body.len()));
        body
    };
    let limit = 4 * 1024 * 1024;
    assert_eq!(server.api().send(&Request::post("/v1/batch", wide(limit))).status, 200);
    refused(&server.api().send(&Request::post("/v1/batch", wide(limit + 1))), 413, "too-large");
    refused(
        &server.api().send(&Request::post("/v1/batch", gzip(wide(limit + 1).as_bytes()))),
        413,
        "too-large",
    );
    // A thousand to one: 1 GiB in 1 MiB.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let piece = vec![b' '; 1 << 20];
    for _ in 0..256 {
        bomb.write_all(&piece).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    refused(&server.api().send(&Request::post("/v1/batch", bomb)), 413, "too-large");
    assert_eq!(server.api().get("/healthz")["status"], "ok");
}

#[test]
fn hostile_bytes_are_refused_and_the_rest_goes_on() {
    let server = harbor();
    let send = |body: Vec<u8>| {
        server.api().send(&Request::post("/v1/batch", body).header("authorization", basic(WEB)))
    };
    for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
        let deep = format!("{{\"batch\":[{}1{}]}}", open.repeat(10_000), close.repeat(10_000));
        let answer = send(deep.into_bytes());
        // As one bad event of a batch or as a bad body: either way nothing breaks, and it is said.
        let said = answer.json();
        let waits = answer.status == 200 && said["quarantined"] == 1 && said["accepted"] == 0;
        assert!(waits || answer.status == 400 && said["code"].is_string(), "{} {said}", answer.status);
    }
    refused(
        &send(b"{\"batch\":[{\"type\":\"track\",\"userId\":\"\xff\xfe\"}]}".to_vec()),
        400,
        "invalid-utf8",
    );
    refused(&send(b"\x1f\x8bthis is no gzip".to_vec()), 400, "invalid-gzip");
    let mut cut = gzip(json!({ "batch": [track("1")] }).to_string().as_bytes());
    cut.truncate(cut.len() - 9);
    refused(&send(cut), 400, "invalid-gzip");
    refused(&send(vec![0; 100]), 400, "invalid-json");
    // Numbers and texts that other systems stumble on.
    let odd = br#"{"batch":[{"type":"track","messageId":"odd","userId":1e400,"event":"Looked"},
        {"type":"track","messageId":"half","userId":"u-2","event":"Looked","properties":{"text":"\ud800","nul":"\u0000"}}]}"#;
    let answer = send(odd.to_vec());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.api().collect("batch", WEB, &json!({ "batch": [track("2")] }))["accepted"], 1);
}
