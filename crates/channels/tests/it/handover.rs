//! Every way in which a handover can end, and that each is called by its right name.

use crate::sink::{Fault, Script, Sink};
use crowsnest_channels::{
    Outcome,
    email::{SetupError, SmtpTransport, Timeouts},
};
use crowsnest_model::definition::{SmtpAccount, SmtpSecurity};
use rstest::rstest;
use std::{sync::atomic::Ordering, time::Duration};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\nHello\r\n.\r\n..dots\r\n";
const PATIENCE: Timeouts = Timeouts {
    connect: Duration::from_millis(500),
    command: Duration::from_millis(500),
    message: Duration::from_millis(500),
};

async fn sink(fault: Fault, pipelining: bool) -> (Sink, SmtpTransport) {
    let sink = Sink::start(Script { fault, pipelining, ..Script::default() }).await;
    let transport = SmtpTransport::plain(sink.addr).with_timeouts(PATIENCE);
    (sink, transport)
}

async fn hand_over(transport: &SmtpTransport) -> Outcome {
    transport.hand_over("shop@example.com", "ann@example.com", MESSAGE).await
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Later { line_is_down: true, .. } => "line is down",
        Outcome::Later { .. } => "later",
        Outcome::Withheld { .. } => "withheld",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}

#[rstest]
#[case(Fault::None, "accepted", 1)]
#[case(Fault::SilentAtConnect, "line is down", 0)]
#[case(Fault::RefusesAtConnect, "line is down", 0)]
#[case(Fault::Mail("451 busy"), "line is down", 0)]
#[case(Fault::Mail("550 not you"), "refused", 0)]
#[case(Fault::Rcpt("450 greylisted"), "later", 0)]
#[case(Fault::Rcpt("550 nobody of that name"), "refused", 0)]
#[case(Fault::Rcpt("421 closing"), "line is down", 0)]
#[case(Fault::Rcpt("what?"), "line is down", 0)]
#[case(Fault::DropsAtRcpt, "line is down", 0)]
#[case(Fault::StallsAtRcpt, "line is down", 0)]
#[case(Fault::DropsAtData, "line is down", 0)]
#[case(Fault::Data("451 not now"), "later", 0)]
#[case(Fault::Data("554 no valid recipients"), "refused", 0)]
#[case(Fault::Data("250 what?"), "line is down", 0)]
#[case(Fault::DropsInMessage, "unknown", 0)]
#[case(Fault::Dot("452 disk full"), "later", 0)]
#[case(Fault::Dot("421 closing"), "line is down", 0)]
#[case(Fault::Dot("554 spam"), "refused", 0)]
#[case(Fault::Dot("garbage"), "unknown", 0)]
#[case(Fault::Dot("354 go on"), "unknown", 0)]
#[case(Fault::DropsAfterDot, "unknown", 1)]
#[case(Fault::StallsAfterDot, "unknown", 1)]
#[tokio::test]
async fn each_fault_has_its_outcome(
    #[case] fault: Fault,
    #[case] expected: &str,
    #[case] taken: usize,
    #[values(false, true)] pipelining: bool,
) {
    let (sink, transport) = sink(fault, pipelining).await;
    let outcome = hand_over(&transport).await;
    assert_eq!(name(&outcome), expected, "{outcome:?}");
    assert_eq!(sink.taken().len(), taken);
    assert_eq!(sink.connections.load(Ordering::SeqCst), 1, "nothing is tried twice");
}

#[tokio::test]
async fn a_message_arrives_to_the_letter() {
    let (sink, transport) = sink(Fault::None, false).await;
    let outcome = hand_over(&transport).await;
    assert_eq!(outcome, Outcome::Accepted { response: "250 taken".into() });
    // A dialogue ends a message with a line end of its own.
    assert_eq!(sink.taken()[0].trim_end(), String::from_utf8_lossy(MESSAGE).trim_end());
}

#[tokio::test]
async fn the_last_word_is_asked_when_the_server_waits_for_the_first_byte() {
    let stopped = || async { Some(Outcome::Withheld { reason: "stop".into() }) };
    let (sink, transport) = sink(Fault::None, true).await;
    assert_eq!(name(&hand_over(&transport).await), "accepted");
    let outcome = transport.hand_over_unless("shop@example.com", "ann@example.com", MESSAGE, stopped()).await;
    assert_eq!((name(&outcome), sink.taken().len()), ("withheld", 1));
    assert_eq!(name(&hand_over(&transport).await), "accepted");
    assert_eq!(sink.connections.load(Ordering::SeqCst), 2, "the line on which nothing came is given up");
    // Who is not let in has nothing to ask.
    let (_busy, transport) = self::sink(Fault::Data("451 not now"), true).await;
    let outcome = transport.hand_over_unless("shop@example.com", "ann@example.com", MESSAGE, stopped()).await;
    assert_eq!(name(&outcome), "later");
}

#[tokio::test]
async fn a_server_that_is_not_there_means_later() {
    let transport = SmtpTransport::plain("127.0.0.1:1".parse().unwrap()).with_timeouts(PATIENCE);
    assert_eq!(name(&hand_over(&transport).await), "line is down");
    assert!(transport.check().await.is_err());
}

#[tokio::test]
async fn connections_are_kept_and_a_dead_one_is_replaced_once() {
    for (fault, connections, pipelining) in [
        (Fault::None, 1),
        (Fault::ClosesAfterOne, 3),
        (Fault::TiredAfterOne, 3),
        (Fault::Rcpt("450 greylisted"), 1),
        (Fault::Dot("554 spam"), 1),
    ]
    .into_iter()
    .flat_map(|(fault, connections)| [(fault, connections, false), (fault, connections, true)])
    {
        let (sink, transport) = sink(fault, pipelining).await;
        for _ in 0..3 {
            hand_over(&transport).await;
            // The server's goodbye is on its way.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A server that waits for a message although it refused its recipient is left at once.
        let connections = if pipelining && matches!(fault, Fault::Rcpt(_)) { 3 } else { connections };
        assert_eq!(sink.connections.load(Ordering::SeqCst), connections, "{fault:?}");
        if matches!(fault, Fault::None | Fault::ClosesAfterOne | Fault::TiredAfterOne) {
            assert_eq!(sink.taken().len(), 3, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_an_address_or_a_message_is_refused_without_a_word() {
    let (sink, transport) = sink(Fault::None, false).await;
    for (from, to, message) in [
        ("shop@example.com", "ann@example.com>\r\nRCPT TO:<x@y.example", MESSAGE),
        ("shop@example.com\r\nQUIT", "ann@example.com", MESSAGE),
        ("shop@example.com", "", MESSAGE),
        ("shop@example.com", "ann@example.com", b"a\n.\nMAIL FROM:<x@y.example>\n" as &[u8]),
        ("shop@example.com", "änn@example.com", MESSAGE),
    ] {
        assert_eq!(name(&transport.hand_over(from, to, message).await), "refused", "{to}");
    }
    assert!(sink.taken().is_empty());
}

fn account(sink: &Sink, security: SmtpSecurity, ca_file: Option<&std::path::Path>) -> SmtpAccount {
    SmtpAccount {
        name: None,
        host: "localhost".into(),
        port: Some(sink.addr.port()),
        security,
        username: None,
        password_env: None,
        ca_file: ca_file.map(|path| path.to_str().unwrap().to_owned()),
    }
}

#[rstest]
#[case(SmtpSecurity::Starttls)]
#[case(SmtpSecurity::Tls)]
#[tokio::test]
async fn tls_works_with_trust_and_never_without(#[case] security: SmtpSecurity) {
    let tls = security == SmtpSecurity::Tls;
    let sink = Sink::start(Script { starttls: true, tls, ..Script::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let authority = dir.path().join("ca.pem");
    std::fs::write(&authority, &sink.authority).unwrap();

    let stranger = SmtpTransport::new(&account(&sink, security, None), None).unwrap();
    let reason = stranger.check().await.unwrap_err();
    assert!(reason.contains("certificate"), "{reason}");
    assert_eq!(name(&hand_over(&stranger).await), "line is down");
    assert!(sink.taken().is_empty());

    let friend = SmtpTransport::new(&account(&sink, security, Some(&authority)), None).unwrap();
    assert_eq!(friend.check().await, Ok(()));
    assert_eq!(name(&hand_over(&friend).await), "accepted");
    assert_eq!(sink.taken().len(), 1);

    let wrong_name = SmtpAccount { host: "127.0.0.1".into(), ..account(&sink, security, Some(&authority)) };
    assert!(SmtpTransport::new(&wrong_name, None).unwrap().check().await.is_err());
}

#[tokio::test]
async fn starttls_that_is_not_offered_is_not_done_without() {
    let sink = Sink::start(Script::default()).await;
    let transport = SmtpTransport::new(&account(&sink, SmtpSecurity::Starttls, None), None).unwrap();
    assert!(transport.check().await.unwrap_err().contains("does not offer STARTTLS"));
    assert_eq!(name(&hand_over(&transport).await), "line is down");
    assert!(sink.taken().is_empty());
}

#[tokio::test]
async fn answers_slipped_in_before_tls_break_the_connection() {
    let script = Script { starttls: true, fault: Fault::InjectsAtStarttls, ..Script::default() };
    let sink = Sink::start(script).await;
    let dir = tempfile::tempdir().unwrap();
    let authority = dir.path().join("ca.pem");
    std::fs::write(&authority, &sink.authority).unwrap();
    let account = account(&sink, SmtpSecurity::Starttls, Some(&authority));
    let transport = SmtpTransport::new(&account, None).unwrap().with_timeouts(PATIENCE);
    assert!(transport.check().await.is_err());
    assert_eq!(name(&hand_over(&transport).await), "line is down");
    assert!(sink.taken().is_empty());
}

#[rstest]
#[case("PLAIN", "/ann/secret word")]
#[case("LOGIN", "ann/secret word")]
#[tokio::test]
async fn authentication(#[case] mechanism: &'static str, #[case] login: &str) {
    let sink = Sink::start(Script { auth: Some(mechanism), ..Script::default() }).await;
    let account = SmtpAccount { username: Some("ann".into()), ..account(&sink, SmtpSecurity::None, None) };
    let transport = SmtpTransport::new(&account, Some("secret word".into())).unwrap();
    assert_eq!(transport.check().await, Ok(()));
    assert_eq!(sink.logins.lock().unwrap().as_slice(), [login]);

    let transport = SmtpTransport::new(&account, Some("wrong".into())).unwrap();
    let reason = transport.check().await.unwrap_err();
    assert!(reason.contains("authentication failed: 535"), "{reason}");
    assert!(!reason.contains("wrong\"") && !format!("{transport:?}").contains("wrong"), "{reason}");
    assert_eq!(
        name(&hand_over(&transport).await),
        "line is down",
        "a wrong password is no fault of the message"
    );
}

#[tokio::test]
async fn accounts_that_cannot_work_are_refused_at_once() {
    let sink = Sink::start(Script::default()).await;
    let plain = account(&sink, SmtpSecurity::None, None);
    let named = SmtpAccount { username: Some("ann".into()), ..plain.clone() };
    assert!(matches!(SmtpTransport::new(&named, None), Err(SetupError::NoPassword)));
    assert!(matches!(SmtpTransport::new(&named, Some(String::new())), Err(SetupError::NoPassword)));
    assert!(matches!(SmtpTransport::new(&plain, Some("x".into())), Err(SetupError::NoUsername)));
    let far = SmtpAccount { host: "mail.example.com".into(), ..named };
    assert!(matches!(SmtpTransport::new(&far, Some("x".into())), Err(SetupError::PasswordInTheClear(_))));
    let lost = account(&sink, SmtpSecurity::Tls, Some(std::path::Path::new("/nowhere/ca.pem")));
    assert!(matches!(SmtpTransport::new(&lost, None), Err(SetupError::CaFile { .. })));
}
