//! An SMTP server that waits where it is told, so that a test can do something while a message is on its way to it.

use crate::wait;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// Where it waits before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before it greets.
    Greeting,
    /// When it is told the sender.
    Mail,
    /// When it is told the recipient.
    Rcpt,
    /// When it is asked whether it takes the message.
    Data,
    /// When it has the message.
    Dot,
}

impl Stage {
    /// All of them, in the order of the dialogue.
    pub const ALL: [Self; 5] = [Self::Greeting, Self::Mail, Self::Rcpt, Self::Data, Self::Dot];

    /// Whether the server has the message by then.
    pub fn has_message(self) -> bool {
        self == Self::Dot
    }
}

#[derive(Debug, Default)]
struct State {
    waits_at: Option<Stage>,
    waiting: usize,
    later: bool,
    taken: Vec<String>,
}

/// An SMTP server on a port of this machine.
#[derive(Debug, Clone)]
pub struct MailSink {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl MailSink {
    /// Starts one that takes everything at once.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port of this machine");
        let sink = Self { addr: listener.local_addr().expect("its address"), shared: Arc::default() };
        let serving = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = serving.clone();
                std::thread::spawn(move || sink.serve(&stream));
            }
        });
        sink
    }

    /// From now on it waits at this stage until [`MailSink::go_on`].
    pub fn wait_at(&self, stage: Stage) {
        self.state().waits_at = Some(stage);
    }

    /// Waits until it waits for so many messages.
    pub fn until_waiting(&self, for_messages: usize) {
        wait::until("the mail server is being talked to", || {
            (self.state().waiting >= for_messages).then_some(())
        });
    }

    /// It answers whoever waits, and everybody from now on.
    pub fn go_on(&self) {
        self.state().waits_at = None;
        self.shared.1.notify_all();
    }

    /// Whether it says to every recipient that they may come back later.
    pub fn says_later(&self, later: bool) {
        self.state().later = later;
    }

    /// The messages that it took, with their headers.
    pub fn taken(&self) -> Vec<String> {
        self.state().taken.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, stage: Stage) {
        let mut state = self.state();
        if state.waits_at != Some(stage) {
            return;
        }
        state.waiting += 1;
        while state.waits_at == Some(stage) {
            state = self.shared.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream).lines();
        let mut say = {
            let mut stream = stream;
            move |answer: &str| stream.write_all(format!("{answer}\r\n").as_bytes()).ok()
        };
        self.pass(Stage::Greeting);
        say("220 sink")?;
        loop {
            let line = lines.next()?.ok()?;
            match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => say("250-sink\r\n250 8BITMIME")?,
                "MAIL" => {
                    self.pass(Stage::Mail);
                    say("250 ok")?;
                }
                "RCPT" => {
                    self.pass(Stage::Rcpt);
                    say(if self.state().later { "451 come back later" } else { "250 ok" })?;
                }
                "DATA" => {
                    self.pass(Stage::Data);
                    say("354 go on")?;
                    let mut message = String::new();
                    loop {
                        let line = lines.next()?.ok()?;
                        if line == "." {
                            break;
                        }
                        message.push_str(&line);
                        message.push_str("\r\n");
                    }
                    self.state().taken.push(message);
                    self.pass(Stage::Dot);
                    say("250 taken")?;
                }
                "QUIT" => return say("221 bye"),
                _ => say("250 ok")?,
            }
        }
    }
}
