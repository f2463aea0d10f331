//! The embedded store: one SQLite file in write-ahead-log mode, one writer, any number of readers.

mod checkpoint;
mod costs;
mod decisions;
mod deliveries;
mod event_ids;
mod feedback;
mod homes;
mod identity;
mod items;
mod letters;
mod lists;
mod matching;
mod migrations;
mod pending;
mod programs;
mod read;
mod rows;
mod runs;
mod segment_log;
mod segments;
mod sending;
mod session;
mod skips;
mod tasks;
mod write;

use crate::{Read, Result, StoreError, Unit};
use checkpoint::Checkpointer;
use fs4::TryLockError;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use session::{Names, Session};
use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The oldest SQLite whose write-ahead log is sound with several connections.
const SOUND_SQLITE: i32 = 3_051_003;

/// How many read connections are kept open.
const READERS: usize = 8;

/// A data folder that this process has to itself.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Takes a folder, making it if it is not there. Fails when another process has it.
    pub fn take(path: &Path) -> Result<Self> {
        let io = |error| StoreError::Io(path.to_owned(), error);
        std::fs::create_dir_all(path).map_err(io)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(io)?;
        match fs4::FileExt::try_lock(&lock) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(io(error)),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn database(&self) -> PathBuf {
        self.path.join("crowsnest.db")
    }
}

/// The one writer of a store.
#[derive(Debug)]
pub struct Writer {
    // In the order in which they must end: the last connection to be closed moves all of the log and removes it, and
    // nobody else may have the folder before that.
    checkpointer: Option<Checkpointer>,
    connection: Option<Connection>,
    names: Names,
    folder: DataFolder,
}

impl Writer {
    /// Opens the store of a folder, bringing its format up to date.
    pub fn open(folder: DataFolder) -> Result<Self> {
        if rusqlite::version_number() < SOUND_SQLITE {
            return Err(StoreError::Damaged(format!(
                "this build has SQLite {}, whose log can be corrupted; 3.51.3 or newer is needed",
                rusqlite::version()
            )));
        }
        let mut writer = Self { folder, checkpointer: None, connection: None, names: Names::default() };
        writer.connection()?;
        writer.checkpointer = Some(Checkpointer::start(&writer.folder.database(), checkpoint::LIMITS)?);
        Ok(writer)
    }

    fn connection(&mut self) -> Result<&mut Connection> {
        if self.connection.is_none() {
            let database = self.folder.database();
            if !database.exists() {
                private_file(&database).map_err(|error| StoreError::Io(database.clone(), error))?;
            }
            let mut connection = Connection::open(database)?;
            connection.set_prepared_statement_cache_capacity(128);
            // Most pages that a commit changes have one changed row in them, so small pages make small commits. The log
            // holds many commits, since a page that many of them change is then moved once.
            connection.execute_batch(
                "PRAGMA page_size = 4096;
                 PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA temp_store = MEMORY;
                 PRAGMA cache_size = -131072;
                 PRAGMA wal_autocheckpoint = 160000;
                 PRAGMA journal_size_limit = 402653184;",
            )?;
            plans_are_kept(&connection)?;
            migrations::bring_up_to_date(&mut connection)?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or_else(|| StoreError::Damaged("the store is not open".into()))
    }

    /// Does `work` as one commit: all of it is durable when this returns `Ok`, nothing of it when `work` fails.
    ///
    /// When the commit itself fails, nobody knows what is on the disk: the error says so, and the store is opened anew
    /// before it is used again, since a connection goes on acknowledging after a failed fsync.
    pub fn commit<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut dyn Unit) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut names = std::mem::take(&mut self.names);
        let connection = self.connection()?;
        let transaction = connection
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let mut session = Session::new(&transaction, names);
        let done = work(&mut session).and_then(|value| {
            session.finish()?;
            Ok(value)
        });
        names = session.into_names();
        match done {
            Ok(value) => match transaction.commit() {
                Ok(()) => {
                    self.names = names;
                    if let (Some(checkpointer), Some(connection)) = (&self.checkpointer, &self.connection) {
                        checkpointer.tell(connection);
                    }
                    Ok(value)
                }
                Err(error) => {
                    self.connection = None;
                    Err(StoreError::CommitUnknown(error.to_string()).into())
                }
            },
            Err(error) => {
                // The names that this unit made are rolled back with it, so `self.names` starts empty again.
                if transaction.rollback().is_err() {
                    self.connection = None;
                }
                Err(error)
            }
        }
    }

    /// A copy of the store as of one moment, in a new file. The store goes on working.
    pub fn backup_source(&self) -> PathBuf {
        self.folder.database()
    }
}

/// Readers of a store. Each reads one moment, and never waits for the writer.
#[derive(Debug)]
pub struct Readers {
    database: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// For the store of a folder, which must exist.
    pub fn open(folder: &Path) -> Self {
        Self { database: folder.join("crowsnest.db"), idle: Mutex::new(Vec::new()) }
    }

    /// Reads. All of `work` sees the same moment.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&dyn Read) -> Result<T, E>) -> Result<T, E> {
        let kept = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection =
                    Connection::open_with_flags(&self.database, flags).map_err(StoreError::from)?;
                connection.set_prepared_statement_cache_capacity(64);
                plans_are_kept(&connection).map_err(StoreError::from)?;
                connection
                    .execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;")
                    .map_err(StoreError::from)?;
                connection
            }
        };
        let transaction = connection.transaction().map_err(StoreError::from)?;
        let session = Session::new(&transaction, Names::default());
        let done = work(&session)?;
        drop(session);
        transaction.finish().map_err(StoreError::from)?;
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < READERS
        {
            idle.push(connection);
        }
        Ok(done)
    }

    /// Writes a copy of the store, as of one moment, into a new file, while the writer goes on. `progress` is told how
    /// many pages are left of how many.
    pub fn backup(&self, target: &Path, mut progress: impl FnMut(u64, u64)) -> Result<()> {
        let source = Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        private_file(target).map_err(|error| {
            let error = match error.kind() {
                kind @ ErrorKind::AlreadyExists => {
                    io::Error::new(kind, "this file exists already; name a new one")
                }
                _ => error,
            };
            StoreError::Io(target.to_owned(), error)
        })?;
        // One read transaction over all steps, so that a busy writer cannot make the copy start over and over.
        let moment = source.unchecked_transaction()?;
        moment.query_row("SELECT count(*) FROM settings", [], |row| row.get::<_, i64>(0))?;
        let mut copy = Connection::open(target)?;
        {
            let backup = rusqlite::backup::Backup::new(&moment, &mut copy)?;
            loop {
                let step = backup.step(2_000)?;
                let left = backup.progress();
                progress(left.remaining.max(0) as u64, left.pagecount.max(0) as u64);
                if step == rusqlite::backup::StepResult::Done {
                    break;
                }
            }
        }
        copy.execute_batch("PRAGMA journal_mode = DELETE;")?;
        check_integrity(&copy)
    }

    /// Reads every page and index, and says what is wrong.
    pub fn check(&self) -> Result<()> {
        check_integrity(&Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }
}

/// Makes an empty file that only its owner can read: whoever has the store, or a copy of it, has everything, and the secret of
/// its links. SQLite gives the files beside it the same rights.
fn private_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Without this, every new value of some parameters has SQLite parse and plan the statement anew.
fn plans_are_kept(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

fn check_integrity(connection: &Connection) -> Result<()> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(StoreError::Damaged(said)) }
}
