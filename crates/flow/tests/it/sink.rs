//! An SMTP server that answers as it is told, and counts what it took.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Takes,
    /// Says come back later to every recipient.
    Later,
    /// Knows no recipient.
    Refuses,
    /// The same, with the code for that.
    RefusesByCode,
    /// Takes the message and drops the line before it says so.
    DropsAfterDot,
    /// Takes nobody in.
    Away,
    /// Waits at the recipient until the test lets it go on, then says later.
    WaitsThenLater,
    /// The same, and then takes it.
    WaitsThenTakes,
}

#[derive(Clone)]
pub struct Sink {
    pub addr: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    /// Messages that were taken, whether or not it said so.
    pub taken: Arc<AtomicUsize>,
    /// How often somebody connected.
    pub visits: Arc<AtomicUsize>,
    pub asked: Arc<Notify>,
    pub go_on: Arc<Notify>,
}

impl Sink {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Self {
            addr: listener.local_addr().unwrap(),
            mood: Arc::new(Mutex::new(mood)),
            taken: Arc::default(),
            visits: Arc::default(),
            asked: Arc::default(),
            go_on: Arc::default(),
        };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sink = serving.clone();
                tokio::spawn(async move { sink.serve(stream).await });
            }
        });
        sink
    }

    pub fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn count(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    pub fn visited(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read).lines();
        self.visits.fetch_add(1, Ordering::SeqCst);
        if *self.mood.lock().unwrap() == Mood::Away {
            write.write_all(b"421 nobody is in\r\n").await.ok()?;
            return None;
        }
        write.write_all(b"220 sink\r\n").await.ok()?;
        loop {
            let line = lines.next_line().await.ok()??;
            let mood = *self.mood.lock().unwrap();
            let answer: &[u8] = match line.get(..4).unwrap_or_default().to_uppercase().as_str() {
                "QUIT" => return None,
                "RCPT" if mood == Mood::Later => b"451 come back later\r\n",
                "RCPT" if mood == Mood::Refuses => b"550 no such mailbox\r\n",
                "RCPT" if mood == Mood::RefusesByCode => b"550 5.1.1 no such mailbox\r\n",
                "RCPT" if matches!(mood, Mood::WaitsThenLater | Mood::WaitsThenTakes) => {
                    self.asked.notify_one();
                    self.go_on.notified().await;
                    if mood == Mood::WaitsThenLater { b"451 come back later\r\n" } else { b"250 ok\r\n" }
                }
                "DATA" => {
                    write.write_all(b"354 go on\r\n").await.ok()?;
                    while lines.next_line().await.ok()?? != "." {}
                    self.taken.fetch_add(1, Ordering::SeqCst);
                    if mood == Mood::DropsAfterDot {
                        return None;
                    }
                    b"250 taken\r\n"
                }
                _ => b"250 ok\r\n",
            };
            write.write_all(answer).await.ok()?;
        }
    }
}
