//! The log is moved into the database beside the writer, which then need not do it between two commits.

use crate::{Result, StoreError};
use rusqlite::{Connection, OpenFlags};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

/// When the log is moved, in pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// So many are worth moving.
    pub(super) enough: i64,
    /// A log of so many should start anew.
    pub(super) long: i64,
}

/// 1 MiB is worth moving: while it goes to the disk, commits wait for it too, and with 4 MiB at a time the slowest hundredth of
/// events waited twice as long, for the same throughput (`crowsnest-bench reaction`). A log of 256 MiB starts anew: that takes a
/// commit that waits for the disk, and one commit can be 40 MiB long.
pub(super) const LIMITS: Limits = Limits { enough: 250, long: 64_000 };

/// How often what came meanwhile is moved before the writer is told.
const PASSES: usize = 8;

/// A thread with a connection of its own that moves what was committed from the log into the database.
///
/// While it moves, the writer goes on committing at the end of the log, so it seldom moves the last page; and only a log
/// all of which was moved starts anew. So when the log is long, it moves what came while it moved, and tells the writer
/// that it has caught up: the writer then moves the rest, which is next to nothing. Should all that fail, the writer's
/// own limit (`wal_autocheckpoint`) bounds the log.
#[derive(Debug)]
pub(super) struct Checkpointer {
    committed: Option<SyncSender<()>>,
    caught_up: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    /// For a database that exists.
    pub(super) fn start(database: &Path, limits: Limits) -> Result<Self> {
        let database = database.to_owned();
        let path = database.clone();
        // One word is enough: whoever hears it looks at everything that was committed before.
        let (committed, told) = sync_channel(1);
        let caught_up = Arc::new(AtomicBool::new(false));
        let says = caught_up.clone();
        let thread = std::thread::Builder::new()
            .name("checkpoint".into())
            .spawn(move || serve(&database, limits, &told, &says))
            .map_err(|error| StoreError::Io(path, error))?;
        Ok(Self { committed: Some(committed), caught_up, thread: Some(thread) })
    }

    /// Something was committed on this connection, the writer's.
    pub(super) fn tell(&self, writer: &Connection) {
        if self.caught_up.swap(false, Ordering::Relaxed)
            && let Err(error) = checkpoint(writer, "PASSIVE")
        {
            tracing::warn!(%error, "the end of the log could not be moved into the database");
        }
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

fn serve(database: &Path, limits: Limits, told: &Receiver<()>, caught_up: &AtomicBool) {
    let mut connection = None;
    while told.recv().is_ok() {
        match look(database, limits, &mut connection) {
            Ok(true) => caught_up.store(true, Ordering::Relaxed),
            Ok(false) => {}
            Err(error) => {
                // Nothing is lost: what was not moved is in the log, and is moved when it is tried again.
                tracing::warn!(%error, "the log could not be moved into the database");
                connection = None;
            }
        }
    }
}

/// Moves the log if that is worth it. True when it is a long log, and nearly all of it was moved.
fn look(database: &Path, limits: Limits, connection: &mut Option<Connection>) -> rusqlite::Result<bool> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(open(database)?),
    };
    let (in_log, moved) = checkpoint(connection, "NOOP")?;
    if in_log - moved < limits.enough {
        return Ok(false);
    }
    let (in_log, _) = checkpoint(connection, "PASSIVE")?;
    if in_log < limits.long {
        return Ok(false);
    }
    // What was committed during each pass is moved in the next, which takes less time, so that little is left.
    for _ in 0..PASSES {
        let (in_log, moved) = checkpoint(connection, "NOOP")?;
        if in_log - moved < limits.enough / 8 {
            break;
        }
        checkpoint(connection, "PASSIVE")?;
    }
    Ok(true)
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

    const FEW: Limits = Limits { enough: 100, long: 2_000 };

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
        let checkpointer = Checkpointer::start(&folder.path().join("a.db"), FEW).unwrap();
        commit_pages(&connection, 10);
        checkpointer.tell(&connection);
        commit_pages(&connection, 200);
        checkpointer.tell(&connection);
        let until = Instant::now() + Duration::from_secs(20);
        while checkpoint(&connection, "NOOP").unwrap().1 < 200 {
            assert!(Instant::now() < until, "nothing was moved");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_long_log_starts_anew() {
        let folder = tempfile::tempdir().unwrap();
        let connection = database(folder.path());
        let checkpointer = Checkpointer::start(&folder.path().join("a.db"), FEW).unwrap();
        commit_pages(&connection, FEW.long as usize);
        let until = Instant::now() + Duration::from_secs(60);
        while checkpoint(&connection, "NOOP").unwrap().0 >= FEW.long {
            assert!(Instant::now() < until, "the log only grows");
            commit_pages(&connection, 1);
            checkpointer.tell(&connection);
        }
    }

    #[test]
    fn a_little_is_left_in_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let connection = database(folder.path());
        let mut own = None;
        commit_pages(&connection, 50);
        look(&folder.path().join("a.db"), FEW, &mut own).unwrap();
        assert_eq!(checkpoint(&connection, "NOOP").unwrap().1, 0);
        commit_pages(&connection, 50);
        look(&folder.path().join("a.db"), FEW, &mut own).unwrap();
        let (in_log, moved) = checkpoint(&connection, "NOOP").unwrap();
        assert!(in_log >= 100 && moved == in_log, "{moved} of {in_log}");
    }
}
