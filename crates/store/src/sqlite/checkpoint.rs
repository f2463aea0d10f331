//! The log is moved into the database beside the writer, which then need not do it between two commits.

use crate::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::JoinHandle,
};

/// So many pages in the log are worth moving. They are 16 MiB.
pub(super) const ENOUGH: i64 = 4_000;

/// A thread with a connection of its own that moves what was committed from the log into the database.
///
/// While it moves, the writer goes on committing at the end of the log. So it seldom moves the last page, and only a log
/// all of which was moved starts anew: the writer's own limit (`wal_autocheckpoint`) is what bounds it. What the writer
/// then has to move is what has come since this thread looked, instead of everything.
#[derive(Debug)]
pub(super) struct Checkpointer {
    committed: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// For a database that exists. It moves when there are `enough` pages to move.
    pub(super) fn start(database: &Path, enough: i64) -> Result<Self> {
        let database = database.to_owned();
        let path = database.clone();
        // One word is enough: whoever hears it looks at everything that was committed before.
        let (committed, told) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || serve(&database, enough, &told))
            .map_err(|error| StoreError::Io(path, error))?;
        Ok(Self { committed: Some(committed), thread: Some(thread) })
    }

    /// Something was committed.
    pub(super) fn tell(&self) {
        if let Some(committed) = &self.committed {
            // Full: it will look anyway. Gone: the writer's own limit still holds.
            let _ = committed.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.committed = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(database: &Path, enough: i64, told: &Receiver<()>) {
    let mut connection = None;
    while told.recv().is_ok() {
        if let Err(error) = look(database, enough, &mut connection) {
            // Nothing is lost: what was not moved is in the log, and is moved when it is tried again.
            tracing::warn!(%error, "the log could not be moved into the database");
            connection = None;
        }
    }
}

fn look(database: &Path, enough: i64, connection: &mut Option<Connection>) -> rusqlite::Result<()> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open(database)?),
    };
    let (in_log, moved) = checkpoint(connection, "NOOP")?;
    if in_log - moved >= enough {
        checkpoint(connection, "PASSIVE")?;
    }
    Ok(())
}

fn open(database: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    Ok(connection)
}

/// How many pages the log has, and how many of them were moved.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<(i64, i64)> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| Ok((row.get(1)?, row.get(2)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// A database whose log only somebody else moves.
    fn database(folder: &Path) -> Connection {
        let connection = Connection::open(folder.join("a.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (row BLOB) STRICT;",
            )
            .unwrap();
        connection
    }

    fn commit_pages(connection: &Connection, pages: usize) {
        connection.execute("INSERT INTO t VALUES (zeroblob(?1))", [4_096 * pages as i64]).unwrap();
    }

    #[test]
    fn the_log_is_moved_beside_the_writer_once_that_is_worth_it() {
        let folder = tempfile::tempdir().unwrap();
        let connection = database(folder.path());
        let checkpointer = Checkpointer::start(&folder.path().join("a.db"), 100).unwrap();
        commit_pages(&connection, 10);
        checkpointer.tell();
        commit_pages(&connection, 200);
        checkpointer.tell();
        let until = Instant::now() + Duration::from_secs(20);
        while checkpoint(&connection, "NOOP").unwrap().1 < 200 {
            assert!(Instant::now() < until, "nothing was moved");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_little_is_left_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let connection = database(folder.path());
        let mut own = None;
        commit_pages(&connection, 50);
        look(&folder.path().join("a.db"), 100, &mut own).unwrap();
        assert_eq!(checkpoint(&connection, "NOOP").unwrap().1, 0);
        commit_pages(&connection, 50);
        look(&folder.path().join("a.db"), 100, &mut own).unwrap();
        let (in_log, moved) = checkpoint(&connection, "NOOP").unwrap();
        assert!(in_log >= 100 && moved == in_log, "{moved} of {in_log}");
    }
}
