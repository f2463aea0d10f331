//! Posts to receivers that misbehave, and to addresses that must not be posted to.

use crate::tls::{Authority, door};
use crowsnest_channels::{
    Outcome,
    line::{Resolve, Resolving},
    webhook::{Hook, Post},
};
use crowsnest_model::{Duration, Time, definition::Webhook};
use crowsnest_testkit::{Mood, Receiver};
use rstest::rstest;
use serde_json::json;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Instant,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn definition(url: &str, more: serde_json::Value) -> Webhook {
    let mut all = json!({ "webhook": "crm", "url": url, "timeout": "1s" });
    for (key, value) in more.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn private(url: &str) -> Hook {
    Hook::new(&definition(url, json!({ "allow_private": true })), Some(SECRET)).unwrap()
}

fn public(url: &str) -> Hook {
    Hook::new(&definition(url, json!({})), Some(SECRET)).unwrap()
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time(since.as_millis() as i64)
}

async fn post(hook: &Hook) -> Outcome {
    hook.post(&Post { id: "dlv_1".into(), time: now(), body: br#"{"type":"x"}"#.to_vec() }).await
}

fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_post_is_signed_as_other_implementations_verify_it() {
    let receiver = Receiver::start(Mood::answers(204, "", ""));
    let more = json!({ "allow_private": true, "headers": { "X-Tenant": "harbor" } });
    let url = format!("{}?tenant=1", receiver.url());
    let hook = Hook::new(&definition(&url, more), Some(SECRET)).unwrap();
    assert_eq!(post(&hook).await, Outcome::Accepted { response: "204 No Content".into() });
    let posted = receiver.posted().remove(0);
    assert_eq!(posted.request, "POST /hook?tenant=1 HTTP/1.1");
    assert_eq!(posted.header("host"), receiver.addr.to_string());
    assert_eq!(posted.header("content-type"), "application/json");
    assert_eq!(posted.header("x-tenant"), "harbor");
    assert_eq!(posted.header("webhook-id"), "dlv_1");
    let mut headers = standardwebhooks_headers(&posted);
    let theirs = standardwebhooks::Webhook::new(SECRET).unwrap();
    assert!(theirs.verify(&posted.body, &headers).is_ok());
    assert!(theirs.verify(b"{}", &headers).is_err(), "another body");
    headers.insert("webhook-id", "dlv_2".parse().unwrap());
    assert!(theirs.verify(&posted.body, &headers).is_err(), "another id");
}

fn standardwebhooks_headers(posted: &crowsnest_testkit::Posted) -> hyper::HeaderMap {
    let mut headers = hyper::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, posted.header(name).parse().unwrap());
    }
    headers
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let more = json!({ "allow_private": true });
    post(&Hook::new(&definition(&receiver.url(), more), None).unwrap()).await;
    assert_eq!(receiver.posted()[0].header("webhook-signature"), "");
}

#[rstest]
#[case(Mood::answers(200, "", "ok"), "accepted 200 OK")]
#[case(Mood::answers(500, "", "on \r\n\tfire\u{7}"), "later 500 Internal Server Error: on fire")]
#[case(Mood::answers(503, "retry-after: 120\r\n", ""), "later in 120 s 503 Service Unavailable")]
#[case(Mood::answers(429, "retry-after: soon\r\n", ""), "later 429 Too Many Requests")]
#[case(Mood::answers(408, "", ""), "later 408 Request Timeout")]
#[case(Mood::answers(400, "", "no plan"), "refused 400 Bad Request: no plan")]
#[case(Mood::answers(410, "", ""), "refused 410 Gone: its receiver wants nothing more; remove the webhook")]
#[case(Mood::Stalls, "later {addr}: no answer within 1 s")]
#[case(Mood::Closes, "later {addr}: no whole answer: connection closed before message completed")]
#[case(Mood::Says(b"HTTP/1.1 200".to_vec()), "later {addr}: no whole answer: connection closed before message completed")]
#[case(Mood::Says(b"220 smtp\r\n".to_vec()), "later {addr}: no whole answer: invalid HTTP version parsed")]
#[tokio::test]
async fn each_fault_has_its_outcome(#[case] mood: Mood, #[case] expected: &str) {
    let receiver = Receiver::start(mood);
    let found = match post(&private(&receiver.url())).await {
        Outcome::Accepted { response } => format!("accepted {response}"),
        Outcome::Later { reason, asked: None, .. } => format!("later {reason}"),
        Outcome::Later { reason, asked: Some(wait), .. } => format!("later in {} s {reason}", wait.0 / 1_000),
        Outcome::Refused { reason } => format!("refused {reason}"),
        Outcome::Withheld { reason } => format!("withheld {reason}"),
        Outcome::Unknown { reason } => format!("unknown {reason}"),
    };
    assert_eq!(found, expected.replace("{addr}", &receiver.addr.to_string()));
    assert_eq!(receiver.posted().len(), 1);
}

#[tokio::test]
async fn a_receiver_may_ask_for_a_moment_too() {
    let until = std::time::SystemTime::now() + std::time::Duration::from_secs(3_600);
    let header = format!("retry-after: {}\r\n", httpdate::fmt_http_date(until));
    let receiver = Receiver::start(Mood::answers(503, &header, ""));
    let Outcome::Later { asked: Some(asked), .. } = post(&private(&receiver.url())).await else { panic!() };
    assert!(asked > Duration::minutes(59) && asked <= Duration::hours(1), "{asked:?}");
}

#[tokio::test]
async fn a_big_answer_is_not_read_and_hardly_quoted() {
    let big = "x".repeat(50_000_000);
    let receiver = Receiver::start(Mood::answers(400, "", &big));
    let started = Instant::now();
    let reason = refused(post(&private(&receiver.url())).await);
    assert!(reason.len() < 300, "{} bytes", reason.len());
    assert!(started.elapsed().as_secs() < 20);
    let head = format!("HTTP/1.1 200 OK\r\nx-big: {big}\r\n\r\n");
    receiver.becomes(Mood::Says(head.into_bytes()));
    let outcome = post(&private(&receiver.url())).await;
    assert!(matches!(outcome, Outcome::Later { .. }), "{outcome:?}");
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let outcome = post(&private(&url)).await;
    assert!(
        matches!(&outcome, Outcome::Later { reason, .. } if reason.contains("cannot connect")),
        "{outcome:?}"
    );
}

#[rstest]
#[case("127.0.0.1")]
#[case("2130706433")]
#[case("0x7f.1")]
#[case("0177.0.0.1")]
#[case("[::1]")]
#[case("[::ffff:127.0.0.1]")]
#[case("0.0.0.0")]
#[case("169.254.169.254")]
#[case("10.0.0.1")]
#[tokio::test]
async fn a_private_address_by_literal_is_refused(#[case] host: &str) {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let reason = refused(post(&public(&format!("http://{host}:{}/", receiver.addr.port()))).await);
    assert!(reason.contains("no address of the public internet"), "{reason}");
    assert!(receiver.posted().is_empty());
}

#[tokio::test]
async fn a_private_address_by_name_is_refused() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    for name in ["localhost", "LOCALHOST", "localhost."] {
        let outcome = post(&public(&format!("http://{name}:{}/", receiver.addr.port()))).await;
        assert!(!matches!(outcome, Outcome::Accepted { .. }), "{name}: {outcome:?}");
    }
    assert!(receiver.posted().is_empty());
    let url = format!("http://localhost:{}/", receiver.addr.port());
    assert!(refused(post(&public(&url)).await).contains("`allow_private: true` allows it"));
    assert!(matches!(post(&private(&url)).await, Outcome::Accepted { .. }));
}

#[tokio::test]
async fn a_private_address_by_redirect_is_not_followed() {
    let inside = Receiver::start(Mood::answers(200, "", ""));
    for status in [301, 302, 303, 307, 308] {
        let header = format!("location: {}\r\n", inside.url());
        let outside = Receiver::start(Mood::answers(status, &header, ""));
        let reason = refused(post(&private(&outside.url())).await);
        assert!(reason.contains("redirects are not followed"), "{reason}");
    }
    assert!(inside.posted().is_empty());
}

/// Answers each question with the next of these, and the last for ever.
#[derive(Debug)]
struct Rebinds(Mutex<Vec<Vec<&'static str>>>);

impl Rebinds {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.iter().rev().map(|answer| answer.to_vec()).collect())))
    }
}

impl Resolve for Rebinds {
    fn resolve<'a>(&'a self, _: &'a str) -> Resolving<'a> {
        let mut left = self.0.lock().unwrap();
        let answer = if left.len() > 1 { left.pop() } else { left.last().cloned() };
        let found: Vec<IpAddr> = answer.unwrap().iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    }
}

#[tokio::test]
async fn a_private_address_by_rebinding_is_refused() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let url = format!("http://crm.example:{}/hook", receiver.addr.port());
    // Whatever the name said before: what this post is told is what counts, all of it.
    for answer in [&["127.0.0.1"][..], &["10.0.0.7", "127.0.0.1", "::1"], &["::ffff:127.0.0.1"]] {
        let hook = public(&url).resolving_by(Rebinds::new(&[answer]));
        assert!(refused(post(&hook).await).contains("crm.example is at"));
    }
    assert!(receiver.posted().is_empty());
    // And it is asked once: the address that was looked at is the one that is connected to, not the next answer.
    let resolver = Rebinds::new(&[&["127.0.0.1"], &["192.0.2.1"]]);
    let hook = private(&url).resolving_by(resolver.clone());
    assert!(matches!(post(&hook).await, Outcome::Accepted { .. }));
    assert_eq!(resolver.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_post_over_tls_goes_to_whom_an_authority_that_is_trusted_vouches_for_and_to_nobody_else() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let (ours, theirs) = (Authority::new(), Authority::new());
    let dir = tempfile::tempdir().unwrap();
    let trusted = dir.path().join("ca.pem");
    std::fs::write(&trusted, &ours.pem).unwrap();
    let hook = |addr: SocketAddr, host: &str, trusting: bool| {
        let more = match trusting {
            true => json!({ "allow_private": true, "ca_file": trusted }),
            false => json!({ "allow_private": true }),
        };
        let url = format!("https://{host}:{}/hook", addr.port());
        let hook = Hook::new(&definition(&url, more), Some(SECRET)).unwrap();
        hook.resolving_by(Rebinds::new(&[&["127.0.0.1"]]))
    };
    let good = door(&receiver, ours.acceptor("crm.example", 2090)).await;
    assert_eq!(post(&hook(good, "crm.example", true)).await, Outcome::Accepted { response: "200 OK".into() });
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].header("host"), format!("crm.example:{}", good.port()));
    // Nobody vouches, somebody else does, it is somebody else's, or it is out of date.
    let foreign = door(&receiver, theirs.acceptor("crm.example", 2090)).await;
    let old = door(&receiver, ours.acceptor("crm.example", 2021)).await;
    for (hook, reason) in [
        (hook(good, "crm.example", false), "UnknownIssuer"),
        (hook(foreign, "crm.example", true), "invalid peer certificate"),
        (hook(good, "other.example", true), "not valid for name"),
        (hook(old, "crm.example", true), "expired"),
    ] {
        // Certificates are mended: it is tried again.
        let Outcome::Later { reason: found, .. } = post(&hook).await else { panic!("{reason}") };
        assert!(found.contains("TLS") && found.contains(reason), "{found}");
    }
    assert_eq!(receiver.posted().len(), 1);
}

#[test]
fn a_file_of_an_authority_is_there_and_holds_a_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    let fault = || {
        let more = json!({ "ca_file": file });
        Hook::new(&definition("https://crm.example/", more), None).unwrap_err().to_string()
    };
    assert!(fault().contains("ca.pem: "), "{}", fault());
    std::fs::write(&file, "nothing\n").unwrap();
    assert!(fault().contains("there is no certificate in it"), "{}", fault());
}

#[tokio::test]
async fn a_hook_shows_neither_its_path_nor_its_secret() {
    let hook = public("https://crm.example/T0/very-secret?key=secret");
    assert_eq!(format!("{hook:?}"), "Hook(crm.example:443, …)");
    let error =
        Hook::new(&definition("https://crm.example/", json!({})), Some("whsec_very-secret")).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("very"), "{error:?}");
}

#[test]
fn a_header_of_a_definition_is_one_header() {
    for value in ["x\r\nX-Evil: 1", "x\nX-Evil: 1", "x\0"] {
        let more = json!({ "headers": { "X-Tenant": value } });
        let error = Hook::new(&definition("https://crm.example/", more), None).unwrap_err();
        assert_eq!(error.to_string(), "the header `X-Tenant` of the webhook cannot be sent");
    }
}
