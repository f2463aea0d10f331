//! What SDKs send, and what they are answered.

use crate::house::{GUARDED_KEY, House, KEY};
use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

fn basic(key: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{key}:")))
}

fn track(id: &str) -> Value {
    json!({ "type": "track", "messageId": id, "userId": "u-1", "event": "Cart Updated", "properties": { "value": 60 } })
}

async fn stats(house: &House) -> Value {
    house.admin("GET", "/api/v1/stats", "").await.json()
}

#[tokio::test]
async fn an_acknowledged_event_is_seen_at_once() {
    let house = House::new().await;
    let answer = house.ask("POST", "/v1/track", Some(&basic(KEY)), &track("m-1").to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "success": true, "accepted": 1, "duplicates": 0, "quarantined": 0 }));
    let again = house.ask("POST", "/v1/track", Some(&basic(KEY)), &track("m-1").to_string()).await;
    assert_eq!(again.json()["duplicates"], 1);
    let stats = stats(&house).await;
    assert_eq!((&stats["events"], &stats["people"], &stats["duplicates"]), (&json!(1), &json!(1), &json!(1)));
    let found = house.admin("GET", "/api/v1/profiles/lookup?namespace=user_id&value=u-1", "").await.json();
    let timeline = house
        .admin("GET", &format!("/api/v1/profiles/{}/timeline", found["id"].as_str().unwrap()), "")
        .await
        .json();
    assert_eq!(timeline[0]["properties"]["value"], 60);
}

#[tokio::test]
async fn the_key_comes_in_any_of_the_known_ways() {
    let house = House::new().await;
    let mut in_body = track("m-body");
    in_body["writeKey"] = KEY.into();
    assert_eq!(house.ask("POST", "/v1/t", None, &in_body.to_string()).await.status, 200);
    for (path, value, status) in [
        ("/api/s/track", format!("{KEY}:anything"), 200),
        ("/api/s/track", KEY.to_owned(), 200),
        ("/api/s/track", format!("{GUARDED_KEY}:behind-the-colon"), 200),
        ("/api/s/track", format!("{GUARDED_KEY}:wrong"), 401),
        ("/api/s/track", GUARDED_KEY.to_owned(), 401),
    ] {
        let request = Request::post(path)
            .header("x-write-key", &value)
            .body(Body::from(track(&value).to_string()))
            .unwrap();
        assert_eq!(house.send(request).await.status, status, "{value}");
    }
    for authorization in [None, Some(basic("nobodys-key")), Some("Bearer x".to_owned())] {
        let answer = house.ask("POST", "/v1/track", authorization.as_deref(), &track("m").to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (401, Some("unknown-write-key"))
        );
    }
}

#[tokio::test]
async fn one_bad_event_never_sinks_the_rest() {
    let house = House::new().await;
    let batch = json!({ "batch": [track("a"), { "type": "track", "messageId": "b" }, 7, track("c")] });
    let answer = house.ask("POST", "/v1/batch", Some(&basic(KEY)), &batch.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({ "success": true, "accepted": 2, "duplicates": 0, "quarantined": 2 }));
    let items = house.admin("GET", "/api/v1/quarantine?state=open", "").await.json();
    let places: Vec<&str> =
        items.as_array().unwrap().iter().map(|item| item["place"].as_str().unwrap()).collect();
    assert_eq!(places, ["batch[2]", "batch[1]"]);
    assert!(items.as_array().unwrap().iter().all(|item| !item["reason"].as_str().unwrap().is_empty()));
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_answered_and_kept() {
    let house = House::new().await;
    let deep = "[".repeat(10_000);
    for (body, code) in [
        (b"{\"event\":".to_vec(), "invalid-json"),
        (b"{\"event\":\"\xff\"}".to_vec(), "invalid-utf8"),
        (b"[1, 2]".to_vec(), "invalid-shape"),
        (deep.into_bytes(), "invalid-json"),
        (vec![0x1f, 0x8b, 0, 1, 2], "invalid-gzip"),
    ] {
        let request = Request::post("/v1/track")
            .header(header::AUTHORIZATION, basic(KEY))
            .body(Body::from(body))
            .unwrap();
        let answer = house.send(request).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].as_str()),
            (400, Some(code)),
            "{}",
            answer.text
        );
        let kept = house.admin("GET", "/api/v1/quarantine?limit=1", "").await.json();
        assert_eq!(kept[0]["code"], code, "{kept}");
    }
    let large = format!("{{\"batch\":[],\"pad\":\"{}\"}}", "x".repeat(5 << 20));
    let answer = house.ask("POST", "/v1/batch", Some(&basic(KEY)), &large).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (413, Some("too-large")));
    let many = json!({ "batch": vec![json!({}); 2_501] });
    let answer = house.ask("POST", "/v1/batch", Some(&basic(KEY)), &many.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (413, Some("too-many")));
    assert_eq!(house.ask("POST", "/v1/nonsense", Some(&basic(KEY)), "{}").await.status, 404);
}

#[tokio::test]
async fn gzip_is_recognised_whatever_the_headers_say() {
    use std::io::Write;
    let house = House::new().await;
    let zip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for (id, content_type, encoding) in
        [("z1", "application/x-www-form-urlencoded", None), ("z2", "application/json", Some("gzip"))]
    {
        let mut request = Request::post("/v1/track")
            .header(header::AUTHORIZATION, basic(KEY))
            .header(header::CONTENT_TYPE, content_type);
        if let Some(encoding) = encoding {
            request = request.header(header::CONTENT_ENCODING, encoding);
        }
        let answer =
            house.send(request.body(Body::from(zip(track(id).to_string().as_bytes()))).unwrap()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["accepted"].as_u64()),
            (200, Some(1)),
            "{}",
            answer.text
        );
    }
    let bomb = zip(&vec![b' '; 64 << 20]);
    assert!(bomb.len() < 100_000);
    let request =
        Request::post("/v1/track").header(header::AUTHORIZATION, basic(KEY)).body(Body::from(bomb)).unwrap();
    assert_eq!(house.send(request).await.status, 413);
}

#[tokio::test]
async fn a_browser_may_send_from_any_page() {
    let house = House::new().await;
    let preflight = Request::options("/v1/t")
        .header(header::ORIGIN, "https://www.shop.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
        .body(Body::empty())
        .unwrap();
    let answer = house.send(preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization,content-type");
    let stats = Request::options("/api/v1/stats")
        .header(header::ORIGIN, "https://elsewhere.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
        .body(Body::empty())
        .unwrap();
    let answer = house.send(stats).await;
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "other sites may not read");
}
