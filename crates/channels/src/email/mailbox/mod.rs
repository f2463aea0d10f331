//! The built-in mailbox: a real SMTP server that delivers to a folder, so that nothing leaves a fresh installation.

mod folder;
mod session;

use folder::Folder;
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
};

pub use folder::{Mail, MailSummary};

/// How many connections are served at once; one more is told to come back.
const CONNECTIONS: usize = 512;

/// How long to wait when no connection can be accepted and none is open whose end would help.
const PAUSE: Duration = Duration::from_millis(100);

/// A running mailbox. Cheap to clone; it stops listening when the last clone is dropped. Its methods other than
/// [`Mailbox::start`], [`Mailbox::addr`] and [`Mailbox::count`] read and write files: not for an async task.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: Arc<Folder>,
    listening: Arc<Listening>,
}

#[derive(Debug)]
struct Listening {
    addr: SocketAddr,
    task: AbortHandle,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Mailbox {
    /// Listens on `listen` and keeps what comes as `.eml` files under `folder`, beside those that are there already.
    pub async fn start(listen: SocketAddr, folder: PathBuf) -> io::Result<Self> {
        let folder = Arc::new(tokio::task::spawn_blocking(move || Folder::open(folder)).await??);
        let listener = TcpListener::bind(listen).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, folder.clone())).abort_handle();
        Ok(Self { folder, listening: Arc::new(Listening { addr, task }) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listening.addr
    }

    /// What is in it. Reads files when it goes back further than the newest thousand.
    pub fn list(&self, newest_first: bool, limit: usize, offset: usize) -> io::Result<Vec<MailSummary>> {
        self.folder.list(newest_first, limit, offset)
    }

    /// How many mails are in it.
    pub fn count(&self) -> u64 {
        self.folder.count()
    }

    /// One mail; `None` when there is none of this id.
    pub fn read(&self, id: &str) -> io::Result<Option<Mail>> {
        self.folder.read(id)
    }

    /// Empties it.
    pub fn clear(&self) -> io::Result<()> {
        self.folder.clear()
    }
}

async fn serve(listener: TcpListener, folder: Arc<Folder>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this task, and with it every connection.
    let mut sessions = JoinSet::new();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, most likely: those that are served go on, and give theirs back.
                tracing::warn!(%error, "the mailbox cannot accept a connection");
                if sessions.join_next().await.is_none() {
                    tokio::time::sleep(PAUSE).await;
                }
                continue;
            }
        };
        while sessions.try_join_next().is_some() {}
        match places.clone().try_acquire_owned() {
            Ok(place) => {
                let folder = folder.clone();
                sessions.spawn(async move {
                    let _place = place;
                    if let Err(error) = session::run(stream, &folder).await {
                        tracing::debug!(%error, "a connection to the mailbox ended");
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
