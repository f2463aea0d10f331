//! Logging in with a browser.

use crate::house::{Answer, House, TOKEN};
use axum::{body::Body, http::Request};
use crowsnest_flow::Clock;
use crowsnest_model::{Duration, Time};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const PAGES: [&str; 8] = [
    "/webhooks",
    "/webhooks/crm?state=failed",
    "/webhooks/crm/replay",
    "/webhooks/crm/dlv_0000000000000",
    "/mailbox",
    "/mailbox/1-1",
    "/mailbox/1-1/html",
    "/mailbox/1-1/raw",
];

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

async fn get(house: &House, path: &str, cookie: &str) -> Answer {
    house.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

async fn post(house: &House, path: &str, cookie: &str, site: &str, body: &str) -> Answer {
    let request = Request::post(path)
        .header("cookie", cookie)
        .header("sec-fetch-site", site)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()));
    house.send(request.unwrap()).await
}

async fn log_in(house: &House) -> String {
    let answer = post(house, "/login", "", "same-origin", &format!("token={TOKEN}&to=//evil.example")).await;
    assert_eq!((answer.status.as_u16(), answer.headers["location"].to_str().unwrap()), (303, "/webhooks"));
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(!cookie.contains("Secure"), "no browser would send it back without TLS: {cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_login_and_posts_nothing() {
    let house = House::new().await;
    let forged = format!("crowsnest_session=1.{0}.9999999999999.{0}{0}", "0".repeat(32));
    for path in PAGES {
        for cookie in ["", "crowsnest_session=", &forged] {
            let answer = get(&house, path, cookie).await;
            assert_eq!(answer.status, 303, "{path} {cookie}");
            assert!(answer.headers["location"].to_str().unwrap().starts_with("/login?to=%2F"));
            let answer =
                post(&house, path.split('?').next().unwrap(), cookie, "same-origin", "reason=r").await;
            assert!([403, 405].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        }
        // The token in a header opens the API, and no page.
        assert_eq!(house.admin("GET", path, "").await.status, 303);
    }
}

#[tokio::test]
async fn a_login_opens_the_pages_alone_and_ends_when_one_says_so() {
    let house = House::new().await;
    let cookie = log_in(&house).await;
    let page = get(&house, "/webhooks", &cookie).await;
    assert_eq!(page.status, 200);
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(page.headers[name], value, "{name}");
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(get(&house, "/api/v1/stats", &cookie).await.status, 401);
    assert_eq!(get(&house, "/login?to=/webhooks/crm", &cookie).await.headers["location"], "/webhooks/crm");
    let missing = get(&house, "/webhooks/crm", &cookie).await;
    assert_eq!(missing.status, 404);
    assert!(missing.text.contains("<h1>There is no such page</h1>"), "{}", missing.text);

    let seal = page.text.split("name=\"seal\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("seal={seal}");
    assert_eq!(post(&house, "/logout", &cookie, "cross-site", &body).await.status, 403);
    assert_eq!(get(&house, "/webhooks", &cookie).await.status, 200);
    let out = post(&house, "/logout", &cookie, "same-origin", &body).await;
    assert_eq!(out.status, 303);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(
        get(&house, "/webhooks", &cookie).await.status,
        303,
        "a copy of the cookie opens nothing either"
    );
}

#[tokio::test]
async fn with_tls_the_cookie_is_one_that_no_other_host_can_have_put_there() {
    let house = House::new().await;
    let tls = |request: axum::http::request::Builder| request.header("x-forwarded-proto", "https");
    let form = tls(Request::post("/login")).body(Body::from(format!("token={TOKEN}"))).unwrap();
    let answer = house.send(form).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-crowsnest_session=1."), "{cookie}");
    assert!(cookie.contains("; Path=/;") && cookie.ends_with("; Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let plain = cookie.strip_prefix("__Host-").unwrap();
    for (cookie, status) in [
        (cookie.to_owned(), 200),
        (plain.to_owned(), 303),
        (format!("{}; {cookie}", "crowsnest_session=x"), 200),
    ] {
        let request = tls(Request::get("/webhooks")).header("cookie", &cookie).body(Body::empty()).unwrap();
        assert_eq!(house.send(request).await.status, status, "{cookie}");
    }
}

#[tokio::test]
async fn the_mailbox_says_what_it_does_not_have() {
    let house = House::new().await;
    let cookie = log_in(&house).await;
    let empty = get(&house, "/mailbox", &cookie).await;
    assert_eq!(empty.status, 200);
    assert!(
        empty.text.contains("nothing here yet") && empty.text.contains("America/Chicago"),
        "{}",
        empty.text
    );
    for path in ["/mailbox/1-1", "/mailbox/..%2Fadmin-token/raw", "/mailbox/1-1/html"] {
        let answer = get(&house, path, &cookie).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert!(answer.text.contains("no such mail"), "{}", answer.text);
    }
    assert_eq!(get(&house, "/api/v1/mailbox", &cookie).await.status, 401);
}

#[tokio::test]
async fn a_login_ends_after_half_a_day() {
    let clock = Arc::new(Hand(AtomicI64::new(1_772_357_400_000)));
    let house = House::by(clock.clone()).await;
    let cookie = log_in(&house).await;
    clock.0.fetch_add(Duration::hours(12).0 - 1, Ordering::SeqCst);
    assert_eq!(get(&house, "/webhooks", &cookie).await.status, 200);
    clock.0.fetch_add(1, Ordering::SeqCst);
    assert_eq!(get(&house, "/webhooks", &cookie).await.status, 303);
}

#[tokio::test]
async fn other_sites_can_neither_log_in_nor_use_up_the_tries() {
    let house = House::by(Arc::new(Hand(AtomicI64::new(1_772_357_400_000)))).await;
    for _ in 0..20 {
        let answer = post(&house, "/login", "", "cross-site", &format!("token={TOKEN}")).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    log_in(&house).await;
    for _ in 0..5 {
        assert_eq!(post(&house, "/login", "", "same-origin", "token=wrong").await.status, 403);
    }
    let barred = post(&house, "/login", "", "same-origin", &format!("token={TOKEN}")).await;
    assert_eq!((barred.status.as_u16(), barred.headers["retry-after"].to_str().unwrap()), (429, "30"));
}
