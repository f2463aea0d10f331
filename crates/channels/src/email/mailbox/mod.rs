//! The built-in mailbox: a real SMTP server that delivers to a folder, so that nothing leaves a fresh installation.

mod folder;

use super::receiving::{Bounds, Incoming, Receiver, Reception, Taken};
use folder::Folder;
use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

pub use folder::{Mail, MailSummary};

const BOUNDS: Bounds = Bounds {
    name: "mailbox",
    connections: 512,
    message: 25 * 1024 * 1024,
    silence: Duration::from_secs(300),
    // Our own connections are kept for many mails.
    lasts: Duration::from_secs(24 * 3_600),
    refusals: 1_000,
};

/// A running mailbox. Cheap to clone; it stops listening when the last clone is dropped. Its methods other than
/// [`Mailbox::start`], [`Mailbox::addr`] and [`Mailbox::count`] read and write files: not for an async task.
#[derive(Debug, Clone)]
pub struct Mailbox {
    folder: Arc<Folder>,
    reception: Arc<Reception>,
}

impl Mailbox {
    /// Listens on `listen` and keeps what comes as `.eml` files under `folder`, beside those that are there already.
    pub async fn start(listen: SocketAddr, folder: PathBuf) -> io::Result<Self> {
        let folder = Arc::new(tokio::task::spawn_blocking(move || Folder::open(folder)).await??);
        let reception = Reception::start(listen, BOUNDS, folder.clone()).await?;
        Ok(Self { folder, reception: Arc::new(reception) })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.reception.addr()
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

impl Receiver for Arc<Folder> {
    fn knows(&self, _: &str) -> bool {
        true
    }

    async fn receive(&self, mail: Incoming) -> Vec<Taken> {
        let recipients = mail.to.len();
        let folder = self.clone();
        let stored = tokio::task::spawn_blocking(move || folder.store(&mail)).await;
        let taken = match stored.unwrap_or_else(|error| Err(error.into())) {
            Ok(id) => Taken::Kept(format!("kept as {id}")),
            Err(error) => {
                tracing::warn!(%error, "the mailbox cannot keep a mail");
                Taken::Later("cannot keep it now, try again".to_owned())
            }
        };
        vec![taken; recipients]
    }
}
