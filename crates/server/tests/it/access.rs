//! Who may do what.

use crate::{described, house::House, house::KEY, house::TOKEN};
use base64::{Engine as _, prelude::BASE64_STANDARD};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn what_is_the_administrators_opens_to_nobody_else() {
    let house = House::new().await;
    let (mut guarded, mut open) = (0, Vec::new());
    for (method, path, needs_admin) in described::operations(&house).await {
        if !needs_admin {
            open.push(format!("{method} {path}"));
            continue;
        }
        guarded += 1;
        let wrong = [
            "Bearer wrong-token-of-a-good-length".to_owned(),
            format!("Bearer {KEY}"),
            basic(KEY, ""),
            // Browsers send Basic by themselves, also when another site asks them to: it opens nothing, whatever it says.
            basic("x", TOKEN),
        ];
        let mut tries: Vec<Option<&str>> = vec![None];
        tries.extend(wrong.iter().map(|value| Some(value.as_str())));
        for authorization in tries {
            let answer = house.ask(&method, &path, authorization, "").await;
            assert_eq!(answer.status, 401, "{method} {path} with {authorization:?}");
            let body = answer.json();
            assert!(body["code"] == "unauthorised" && body["message"].is_string(), "{body}");
        }
    }
    assert!(guarded > 30, "{guarded}");
    open.sort();
    assert_eq!(
        open,
        [
            "GET /api/v1/openapi.json",
            "GET /api/v1/workspace/schema",
            "GET /healthz",
            "GET /readyz",
            // What is not signed by the gateway is refused there.
            "POST /sms/messages",
            "POST /sms/status",
            "POST /v1/track"
        ]
    );
}

#[tokio::test]
async fn who_is_not_known_is_asked_for_the_token_in_a_header() {
    let house = House::new().await;
    for path in ["/metrics", "/api/v1/stats", "/api/v1/mailbox/1-1/raw"] {
        let answer = house.ask("GET", path, None, "").await;
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer realm=\"Crowsnest\"", "{path}");
    }
}

#[tokio::test]
async fn no_answer_may_be_taken_for_something_else() {
    let house = House::new().await;
    for path in [
        "/api/v1/stats",
        "/api/v1",
        "/mailbox",
        "/healthz",
        "/nothing-here",
        "/u/forged",
        "/c/forged",
        "/o/forged.gif",
        "/assets/page.css",
    ] {
        let answer = house.admin("GET", path, "").await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn fields_that_nobody_knows_are_refused() {
    let house = House::new().await;
    for (method, path, body) in [
        ("PUT", "/api/v1/sources/web/watermark", r#"{"complete_until":"2026-01-01T00:00:00Z","force":true}"#),
        ("PUT", "/api/v1/workspace", r#"{"files":[],"dry_run":true}"#),
        ("PUT", "/api/v1/suppressions/email/ann@example.org", r#"{"reason":"x","until":"tomorrow"}"#),
    ] {
        let answer = house.admin(method, path, body).await;
        assert_eq!(answer.status, 422, "{path}: {}", answer.text);
        assert_eq!(answer.json()["code"], "invalid-body", "{path}");
    }
    for path in ["split", "join"] {
        let named = if path == "join" { "other" } else { "merged" };
        let body = format!(r#"{{"{named}":"prf_0000000000000","reason":" "}}"#);
        let answer = house.admin("POST", &format!("/api/v1/profiles/prf_0000000000000/{path}"), &body).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(answer.json()["code"], "no-reason", "{}", answer.text);
    }
    let answer = house.admin("GET", "/api/v1/deliveries?progam=x", "").await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["message"].as_str().unwrap().contains("progam"), "{}", answer.text);
}

#[tokio::test]
async fn names_that_are_nearly_right_are_guessed() {
    let house = House::new().await;
    let mark = r#"{"complete_until":"2026-01-01T00:00:00Z"}"#;
    let answer = house.admin("PUT", "/api/v1/sources/wep/watermark", mark).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["message"], "there is no source `wep`; did you mean `web`?");
    let answer = house.admin("GET", "/api/v1/profiles/prf_!", "").await;
    assert_eq!((answer.status.as_u16(), answer.json()["code"].as_str()), (400, Some("invalid-id")));
}
