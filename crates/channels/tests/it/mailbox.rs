//! The built-in mailbox as an SMTP server, for our own transport and for raw sockets.

use crowsnest_channels::{
    Outcome,
    email::{Letter, Mailbox, Marks, SmtpTransport, compose, message_id},
};
use crowsnest_model::{DeliveryId, Time};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn start() -> (Mailbox, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start("127.0.0.1:0".parse().unwrap(), dir.path().join("mail")).await.unwrap();
    (mailbox, dir)
}

fn letter(number: u64) -> Letter {
    let from = "Harbor Motors <hello@harbor-motors.example>";
    Letter {
        from: from.into(),
        reply_to: None,
        to: "ann@example.com".into(),
        subject: format!("Grüße {number}"),
        html: "<p>Hello <b>Ann</b></p>".into(),
        text: "Hello Ann\r\n.\r\nBye".into(),
        message_id: message_id(DeliveryId(number), from).unwrap(),
        unsubscribe_url: Some("https://x.example/u/1".into()),
        unsubscribe_mail: None,
        marks: Marks::default(),
        date: Time(1_772_357_400_000),
    }
}

/// Sends everything at once and gives all that comes back.
async fn converse(mailbox: &Mailbox, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(mailbox.addr()).await.unwrap();
    stream.write_all(said).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn codes(answer: &str) -> Vec<&str> {
    answer
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .filter_map(|line| line.get(..3))
        .collect()
}

#[tokio::test]
async fn a_letter_can_be_read_where_it_arrived() {
    let (mailbox, dir) = start().await;
    let transport = SmtpTransport::plain(mailbox.addr());
    let bytes = compose(&letter(1)).unwrap();
    let outcome = transport.hand_over("hello@harbor-motors.example", "ann@example.com", &bytes).await;
    assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    let list = mailbox.list(true, 10, 0).unwrap();
    assert_eq!((list.len(), mailbox.count()), (1, 1));
    assert_eq!(list[0].subject, "Grüße 1");
    assert_eq!(list[0].to, ["ann@example.com"]);
    let mail = mailbox.read(&list[0].id).unwrap().unwrap();
    assert_eq!(mail.text.as_deref().map(str::trim_end), Some("Hello Ann\r\n.\r\nBye"));
    assert_eq!(mail.html.as_deref().map(str::trim_end), Some("<p>Hello <b>Ann</b></p>"));
    let header =
        |name: &str| mail.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(header("Message-ID"), Some("<dlv_0000000000001@harbor-motors.example>"));
    assert_eq!(header("List-Unsubscribe"), Some("<https://x.example/u/1>"));
    assert_eq!(header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    assert!(mail.raw.ends_with(&bytes) || String::from_utf8_lossy(&mail.raw).contains("List-Unsubscribe"));

    drop(mailbox);
    let again = Mailbox::start("127.0.0.1:0".parse().unwrap(), dir.path().join("mail")).await.unwrap();
    assert_eq!(again.list(true, 10, 0).unwrap(), list, "a restart finds it again");
}

#[tokio::test]
async fn the_protocol_is_kept() {
    let (mailbox, _dir) = start().await;
    for (said, expected) in [
        ("QUIT\r\n", vec!["220", "221"]),
        ("MAIL FROM:<a@b.co>\r\nQUIT\r\n", vec!["220", "503", "221"]),
        ("HELO x\r\nRCPT TO:<a@b.co>\r\nDATA\r\nQUIT\r\n", vec!["220", "250", "503", "503", "221"]),
        ("EHLO x\r\nMAIL FROM:<a@b.co> SIZE=99999999999\r\nQUIT\r\n", vec!["220", "250", "552", "221"]),
        (
            "EHLO x\r\nMAIL FROM:<a@b.co>\r\nMAIL FROM:<a@b.co>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\nQUIT\r\n",
            vec!["220", "250", "250", "503", "250", "250", "501", "221"],
        ),
        (
            "EHLO x\r\nMAIL FROM:<a@b.co>\r\nRCPT TO:<c@d.ef>\r\nDATA\r\n..a\r\n.\r\nNOOP\r\nQUIT\r\n",
            vec!["220", "250", "250", "250", "354", "250", "250", "221"],
        ),
        ("BLAH\r\n\r\n\u{fffd}\r\nVRFY x\r\nQUIT\r\n", vec!["220", "500", "500", "500", "252", "221"]),
    ] {
        assert_eq!(codes(&converse(&mailbox, said.as_bytes()).await), expected, "{said}");
    }
    let long = format!("EHLO {}\r\nQUIT\r\n", "x".repeat(1_000_000));
    assert_eq!(codes(&converse(&mailbox, long.as_bytes()).await), ["220", "500", "221"]);
    let list = mailbox.list(true, 10, 0).unwrap();
    assert_eq!(list.len(), 1);
    let raw = mailbox.read(&list[0].id).unwrap().unwrap().raw;
    assert_eq!(
        String::from_utf8(raw).unwrap(),
        "Return-Path: <a@b.co>\r\nDelivered-To: c@d.ef\r\n.a\r\n",
        "unstuffed"
    );
}

#[tokio::test]
async fn only_a_whole_line_ends_a_message() {
    let (mailbox, _dir) = start().await;
    let said = "EHLO x\r\nMAIL FROM:<a@b.co>\r\nRCPT TO:<c@d.ef>\r\nDATA\r\nSubject: one\r\n\r\nx\n.\r\nMAIL FROM:<evil@b.co>\r\n\r\n.\n\r\n.\r\nQUIT\r\n";
    assert_eq!(
        codes(&converse(&mailbox, said.as_bytes()).await),
        ["220", "250", "250", "250", "354", "250", "221"]
    );
    assert_eq!(mailbox.count(), 1);
}

#[tokio::test]
async fn a_message_that_is_cut_short_is_not_kept() {
    let (mailbox, dir) = start().await;
    let mut stream = TcpStream::connect(mailbox.addr()).await.unwrap();
    stream.write_all(b"EHLO x\r\nMAIL FROM:<a@b.co>\r\nRCPT TO:<c@d.ef>\r\nDATA\r\nhalf").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(codes(&answer), ["220", "250", "250", "250", "354"]);
    assert_eq!(mailbox.count(), 0);
    let left: Vec<_> = std::fs::read_dir(dir.path().join("mail/.tmp")).unwrap().collect();
    assert!(left.is_empty());
}

#[tokio::test]
async fn a_message_that_is_too_large_is_passed_over_and_the_next_one_taken() {
    let (mailbox, _dir) = start().await;
    let large = "x".repeat(26 * 1024 * 1024);
    let envelope = "MAIL FROM:<a@b.co>\r\nRCPT TO:<c@d.ef>\r\nDATA\r\n";
    let said = format!("EHLO x\r\n{envelope}{large}\r\n.\r\n{envelope}small\r\n.\r\nQUIT\r\n");
    let answer = converse(&mailbox, said.as_bytes()).await;
    assert_eq!(codes(&answer), ["220", "250", "250", "250", "354", "552", "250", "250", "354", "250", "221"]);
    assert_eq!(mailbox.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_are_all_kept() {
    let (mailbox, _dir) = start().await;
    let transport = SmtpTransport::plain(mailbox.addr());
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let transport = transport.clone();
        tasks.spawn(async move {
            let bytes = compose(&letter(number)).unwrap();
            transport.hand_over("hello@harbor-motors.example", "ann@example.com", &bytes).await
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        assert!(matches!(outcome, Ok(Outcome::Accepted { .. })), "{outcome:?}");
    }
    assert_eq!(mailbox.count(), 500);
    let mut subjects: Vec<String> =
        mailbox.list(false, 1_000, 0).unwrap().into_iter().map(|mail| mail.subject).collect();
    subjects.sort_unstable();
    subjects.dedup();
    assert_eq!(subjects.len(), 500);
    mailbox.clear().unwrap();
    assert_eq!(mailbox.count(), 0);
}
