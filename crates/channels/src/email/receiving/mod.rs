//! Taking mail in: a small server for SMTP (RFC 5321) and LMTP (RFC 2033), for whoever keeps or reads what comes.

mod session;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
};

/// How long to wait when no connection can be accepted and none is open whose end would help.
const PAUSE: Duration = Duration::from_millis(100);

/// A mail as it came over the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The sender of the envelope; empty for a bounce.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// The mail.
    pub content: Vec<u8>,
}

/// What became of a mail for one recipient, in words of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It is in good hands: nothing of it is lost from here on.
    Kept(String),
    /// Not now; it may come again.
    Later(String),
    /// Never.
    Never(String),
}

/// Who gets what comes in.
pub trait Receiver: Clone + Send + Sync + 'static {
    /// Whether mail to this address is taken.
    fn knows(&self, recipient: &str) -> bool;

    /// Takes a mail, and says what became of it for each recipient, in their order. It is acknowledged only then.
    fn receive(&self, mail: Incoming) -> impl Future<Output = Vec<Taken>> + Send;
}

/// What a server says of itself, and how much it bears.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What it calls itself.
    pub name: &'static str,
    /// How many connections are served at once; one more is told to come back.
    pub connections: usize,
    /// The largest message, in bytes.
    pub message: usize,
    /// How long a client may say nothing.
    pub silence: Duration,
    /// How long a connection may last, however much is said on it: who says a little now and then holds no place for ever.
    pub lasts: Duration,
    /// How many commands of one connection may be refused before it is closed.
    pub refusals: u32,
}

/// A server that runs. It stops listening, and drops its connections, when this is dropped.
#[derive(Debug)]
pub struct Reception {
    addr: SocketAddr,
    task: AbortHandle,
}

impl Drop for Reception {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Reception {
    /// Listens on `listen` for a receiver.
    pub async fn start(listen: SocketAddr, bounds: Bounds, receiver: impl Receiver) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, bounds, receiver)).abort_handle();
        Ok(Self { addr, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

async fn serve(listener: TcpListener, bounds: Bounds, receiver: impl Receiver) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    // Dropped with this task, and with it every connection.
    let mut sessions = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, most likely: those that are served go on, and give theirs back.
                tracing::warn!(%error, "the {} cannot accept a connection", bounds.name);
                if sessions.join_next().await.is_none() {
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        while sessions.try_join_next().is_some() {}
        match places.clone().try_acquire_owned() {
            Ok(place) => {
                let receiver = receiver.clone();
                sessions.spawn(async move {
                    let _place = place;
                    if let Err(error) = session::run(stream, bounds, &receiver).await {
                        tracing::debug!(%error, "a connection to the {} ended", bounds.name);
                    }
                });
            }
            Err(_) => {
                sessions.spawn(turn_away(stream));
            }
        }
    }
}

async fn turn_away(mut stream: TcpStream) {
    use tokio::io::AsyncWriteExt;
    // Whether the peer hears it or not, it comes back.
    let _ = stream.write_all(b"421 crowsnest: too many connections, come back later\r\n").await;
}
