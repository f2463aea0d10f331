//! Texts handed to gateways that misbehave: what may have been taken is unknown, and nothing else is.

use crowsnest_channels::{
    Outcome,
    sms::{Gateway, MAILBOX_DOMAIN, TextMessage, for_mailbox, reaches_nobody, unsubscribed_there},
};
use crowsnest_model::{DeliveryId, Duration, Time, definition::SmsGateway};
use crowsnest_testkit::{Gateway as Emulator, GatewayMood, Mood, Receiver};
use mail_parser::MessageParser;

const TOKEN: &str = "the-token-of-the-account";

fn definition(url: &str, allow_private: bool) -> SmsGateway {
    SmsGateway {
        url: Some(url.to_owned()),
        account: Emulator::ACCOUNT.to_owned(),
        token_env: "SMS_TOKEN".to_owned(),
        allow_private,
    }
}

fn gateway(url: &str, token: &str) -> Gateway {
    Gateway::new(&definition(url, true), token).unwrap().waiting(Duration::seconds(2))
}

fn text() -> TextMessage {
    TextMessage {
        from: Some("+13125550100".into()),
        service: None,
        to: "+13125550142".into(),
        text: "Your café & cart: 100% +1 = 🚗".into(),
    }
}

async fn hand_over(url: &str) -> Outcome {
    gateway(url, TOKEN).hand_over(&text(), None, Time(0)).await
}

fn later(outcome: Outcome) -> (String, Option<Duration>) {
    match outcome {
        Outcome::Later { reason, asked, .. } => (reason, asked),
        other => panic!("{other:?}"),
    }
}

fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_text_arrives_as_it_was_written() {
    let emulator = Emulator::start(TOKEN);
    let callback = "https://crowsnest.example/sms/status?delivery=dlv_1";
    let outcome = gateway(&emulator.url(), TOKEN).hand_over(&text(), Some(callback), Time(0)).await;
    let sid = "SM00000000000000000000000000000001";
    assert_eq!(outcome, Outcome::Accepted { response: format!("201 Created queued {sid}") });
    let by_service = TextMessage { from: None, service: Some("MG1".into()), ..text() };
    gateway(&format!("{}/", emulator.url()), TOKEN).hand_over(&by_service, None, Time(0)).await;
    let taken = emulator.taken();
    assert_eq!((taken[0].to.as_str(), taken[0].from.as_str()), ("+13125550142", "+13125550100"));
    assert_eq!((taken[0].body.as_str(), taken[0].callback.as_deref()), (&*text().text, Some(callback)));
    assert_eq!((taken[1].from.as_str(), &taken[1].callback), ("MG1", &None));
}

#[tokio::test]
async fn a_text_adds_no_field_to_the_request() {
    let emulator = Emulator::start(TOKEN);
    let hostile = "hi&To=%2B15550000&From=x\r\nX-Evil: 1\r\n\r\nPOST / HTTP/1.1\r\n\r\n";
    let text = TextMessage { text: hostile.into(), ..text() };
    gateway(&emulator.url(), TOKEN).hand_over(&text, None, Time(0)).await;
    let taken = emulator.taken();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        (taken[0].to.as_str(), taken[0].from.as_str(), taken[0].body.as_str()),
        ("+13125550142", "+13125550100", hostile)
    );
}

#[tokio::test]
async fn what_the_gateway_surely_did_not_take_is_tried_again_or_refused() {
    let emulator = Emulator::start(TOKEN);
    let says = |status, headers: &str, body: &str| {
        emulator.becomes(GatewayMood::Says(status, headers.into(), body.into()));
    };
    says(500, "", "on fire");
    assert_eq!(later(hand_over(&emulator.url()).await).0, "500 Internal Server Error: on fire");
    says(503, "retry-after: 120\r\n", "");
    let (reason, asked) = later(hand_over(&emulator.url()).await);
    assert_eq!((reason.as_str(), asked), ("503 Service Unavailable", Some(Duration::minutes(2))));
    says(429, "retry-after: 7\r\n", r#"{"code":20429,"message":"Too many","status":429}"#);
    let (reason, asked) = later(hand_over(&emulator.url()).await);
    assert_eq!(reason, "20429: Too many (429 Too Many Requests)");
    assert_eq!(asked, Some(Duration::seconds(7)));
    says(302, "location: http://169.254.169.254/\r\n", "");
    assert!(later(hand_over(&emulator.url()).await).0.contains("redirects are not followed"));

    emulator.becomes(GatewayMood::refuses(400, 21_614, "not a mobile number"));
    let reason = refused(hand_over(&emulator.url()).await);
    assert_eq!(reason, "21614: not a mobile number (400 Bad Request)");
    assert!(reaches_nobody(&reason) && !unsubscribed_there(&reason));
    emulator.becomes(GatewayMood::refuses(400, 21_610, "unsubscribed recipient"));
    let reason = refused(hand_over(&emulator.url()).await);
    assert!(reaches_nobody(&reason) && unsubscribed_there(&reason));
    emulator.becomes(GatewayMood::refuses(400, 21_617, "too long"));
    assert!(!reaches_nobody(&refused(hand_over(&emulator.url()).await)), "says nothing of the number");

    emulator.becomes(GatewayMood::Takes);
    let wrong = gateway(&emulator.url(), "another token").hand_over(&text(), None, Time(0)).await;
    assert_eq!(later(wrong).0, "20003: Authenticate (401 Unauthorized)", "we can put that right");
    assert!(emulator.taken().is_empty());
}

#[tokio::test]
async fn what_it_may_have_taken_is_unknown() {
    let emulator = Emulator::start(TOKEN);
    for mood in [
        GatewayMood::DropsAfterTaking,
        GatewayMood::StallsAfterTaking,
        GatewayMood::Says(502, String::new(), "upstream".into()),
        GatewayMood::Says(504, String::new(), String::new()),
    ] {
        emulator.becomes(mood.clone());
        let outcome = hand_over(&emulator.url()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{mood:?}: {outcome:?}");
    }
    assert_eq!(emulator.taken().len(), 2);
    // Bytes that are no answer came after the request had gone.
    let nonsense = Receiver::start(Mood::Says(b"220 smtp.example ready\r\n".to_vec()));
    assert!(matches!(hand_over(&format!("http://{}", nonsense.addr)).await, Outcome::Unknown { .. }));
    // An answer whose body is cut off says all that matters in its head.
    let cut = b"HTTP/1.1 201 Created\r\ncontent-length: 900\r\n\r\n{\"sid\":".to_vec();
    let cut = Receiver::start(Mood::Says(cut));
    let outcome = hand_over(&format!("http://{}", cut.addr)).await;
    assert_eq!(outcome, Outcome::Accepted { response: "201 Created".into() });
}

#[tokio::test]
async fn nothing_goes_where_it_must_not_or_to_nobody() {
    let emulator = Emulator::start(TOKEN);
    let public = Gateway::new(&definition(&emulator.url(), false), TOKEN).unwrap();
    let reason = refused(public.hand_over(&text(), None, Time(0)).await);
    assert!(reason.contains("no address of the public internet"), "{reason}");
    assert!(emulator.taken().is_empty());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(later(hand_over(&format!("http://{nobody}")).await).0.contains("cannot connect"));
    // It listens, and speaks no TLS.
    let tls = hand_over(&format!("https://{}", emulator.addr)).await;
    assert!(later(tls).0.contains("TLS"));
    assert!(!format!("{public:?}").contains(TOKEN));
}

#[test]
fn in_the_built_in_mailbox_a_text_says_that_it_is_one() {
    let long = TextMessage { text: format!("{}\r\nBcc: x@y.example", "a".repeat(80)), ..text() };
    let (from, to, mail) = for_mailbox(&long, DeliveryId(7), Time(1_772_442_000_000)).unwrap();
    assert_eq!(from, format!("+13125550100@{MAILBOX_DOMAIN}"));
    assert_eq!(to, format!("+13125550142@{MAILBOX_DOMAIN}"));
    let mail = MessageParser::default().parse(&mail).unwrap();
    assert_eq!(mail.subject().unwrap(), format!("SMS: {}…", "a".repeat(60)));
    assert!(mail.body_text(0).unwrap().contains("Bcc: x@y.example") && mail.bcc().is_none());
}

#[tokio::test]
async fn the_last_word_is_had_when_the_gateway_is_there_and_before_a_byte_of_the_text() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, answer) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel());
    let last_word = async move {
        asked.0.send(()).unwrap();
        answer.1.await.unwrap()
    };
    let stopped = Outcome::Withheld { reason: "withdrew consent".into() };
    let handed = tokio::spawn(async move {
        gateway(&url, TOKEN).hand_over_unless(&text(), None, Time(0), last_word).await
    });
    let (mut line, _) = listener.accept().await.unwrap();
    asked.1.await.unwrap();
    answer.0.send(Some(stopped.clone())).unwrap();
    let mut heard = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut line, &mut heard).await.unwrap();
    assert!(heard.is_empty(), "{} bytes", heard.len());
    assert_eq!(handed.await.unwrap(), stopped);
}
