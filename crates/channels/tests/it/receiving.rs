//! Mail is taken in by SMTP and LMTP, and each is answered for what became of it.

use crowsnest_channels::email::receiving::{Bounds, Incoming, Receiver, Reception, Taken};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Does with a mail what its recipient's name says.
#[derive(Debug, Clone, Default)]
struct ByName(Arc<Mutex<Vec<Incoming>>>);

impl Receiver for ByName {
    fn knows(&self, recipient: &str) -> bool {
        !recipient.starts_with("nobody")
    }

    async fn receive(&self, mail: Incoming) -> Vec<Taken> {
        let taken = mail.to.iter().map(|to| match to.split('@').next().unwrap() {
            "later" => Taken::Later("not now".into()),
            "never" => Taken::Never("no\r\n250 yes".into()),
            _ => Taken::Kept("kept".into()),
        });
        let taken = taken.collect();
        self.0.lock().unwrap().push(mail);
        taken
    }
}

const BOUNDS: Bounds = Bounds {
    name: "test",
    connections: 2,
    message: 1_000,
    silence: Duration::from_millis(300),
    lasts: Duration::from_secs(60),
    refusals: 5,
};

async fn start() -> (Reception, ByName) {
    let receiver = ByName::default();
    (Reception::start("127.0.0.1:0".parse().unwrap(), BOUNDS, receiver.clone()).await.unwrap(), receiver)
}

/// Sends everything at once, and gives the code of each answer.
async fn say(reception: &Reception, said: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(reception.addr()).await.unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let last = answer.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
    last.map(|line| line[..3].to_owned()).collect()
}

/// What is answered to a mail to these, between `354` and `221`.
async fn answered(reception: &Reception, greeting: &str, to: &[&str], content: &str) -> Vec<String> {
    let to: String = to.iter().map(|to| format!("RCPT TO:<{to}@x.example>\r\n")).collect();
    let said = format!("{greeting} x\r\nMAIL FROM:<>\r\n{to}DATA\r\n{content}\r\n.\r\nQUIT\r\n");
    let codes = say(reception, &said).await;
    let from = codes.iter().position(|code| code == "354").map_or(codes.len(), |at| at + 1);
    codes[from..codes.len() - 1].to_vec()
}

#[tokio::test]
async fn lmtp_answers_for_each_and_smtp_for_all() {
    let (reception, _) = start().await;
    for (to, each, all) in [
        (vec!["ann"], vec!["250"], "250"),
        (vec!["ann", "later", "never"], vec!["250", "451", "554"], "451"),
        (vec!["never", "ann"], vec!["554", "250"], "250"),
        (vec!["ann", "never"], vec!["250", "554"], "250"),
        (vec!["never", "never"], vec!["554", "554"], "554"),
        (vec!["later"], vec!["451"], "451"),
        // Who is not known is not among those who are answered for.
        (vec!["nobody", "ann"], vec!["250"], "250"),
    ] {
        assert_eq!(answered(&reception, "LHLO", &to, "x").await, each, "{to:?}");
        assert_eq!(answered(&reception, "EHLO", &to, "x").await, [all], "{to:?}");
    }
    let long = "x".repeat(2_000);
    assert_eq!(answered(&reception, "LHLO", &["ann", "bob"], &long).await, ["552", "552"]);
    assert_eq!(answered(&reception, "EHLO", &["ann", "bob"], &long).await, ["552"]);
}

#[tokio::test]
async fn who_only_makes_mistakes_or_says_nothing_is_sent_away() {
    let (reception, receiver) = start().await;
    let guesses: String = (0..50).map(|guess| format!("RCPT TO:<nobody{guess}@x.example>\r\n")).collect();
    let codes = say(&reception, &format!("EHLO x\r\nMAIL FROM:<>\r\n{guesses}")).await;
    assert_eq!(codes.last().map(String::as_str), Some("421"));
    assert_eq!(codes.iter().filter(|code| *code == "550").count(), 6);
    assert_eq!(say(&reception, "EHLO x\r\n").await, ["220", "250", "421"]);
    // One that stops in the middle of a mail has not sent it.
    say(&reception, "EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\nhalf\r\n").await;
    assert!(receiver.0.lock().unwrap().is_empty());
    // And two that wait do not let a third one in.
    let waiting = [
        TcpStream::connect(reception.addr()).await.unwrap(),
        TcpStream::connect(reception.addr()).await.unwrap(),
    ];
    for stream in &waiting {
        stream.readable().await.unwrap();
    }
    assert_eq!(say(&reception, "").await, ["421"]);
}

#[tokio::test]
async fn who_says_a_little_now_and_then_is_sent_away_at_last() {
    let bounds = Bounds { lasts: Duration::from_millis(300), silence: Duration::from_secs(60), ..BOUNDS };
    let receiver = ByName::default();
    let listen = "127.0.0.1:0".parse().unwrap();
    let reception = Reception::start(listen, bounds, receiver.clone()).await.unwrap();
    let (read, mut write) = TcpStream::connect(reception.addr()).await.unwrap().into_split();
    let mut answers = BufReader::new(read).lines();
    let mut said = String::new();
    while let Ok(Some(line)) = answers.next_line().await {
        said = line;
        // It may be gone by then.
        let _ = write.write_all(b"NOOP\r\n").await;
    }
    assert!(said.starts_with("421 "), "{said}");
    // In the middle of a mail, too.
    let mut stream = TcpStream::connect(reception.addr()).await.unwrap();
    stream.write_all(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n").await.unwrap();
    let talk = async { while stream.write_all(b"x\r\n").await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), talk).await.unwrap();
    assert!(receiver.0.lock().unwrap().is_empty());
}
