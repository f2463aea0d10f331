//! The state of things: identifiers, people, events, deliveries, timers. The only room with SQL on state.
//!
//! [`Read`] and [`Unit`] are what the rest of the house sees. A [`Unit`] is one commit, all or nothing: whatever leaves
//! the house leaves through rows written in it. [`sqlite`] is the embedded store.

mod costs;
mod decisions;
mod deliveries;
mod feedback;
mod homes;
mod identity;
mod items;
mod letters;
mod matching;
mod pending;
mod segments;
mod sending;
pub mod sqlite;
mod tasks;
mod traits;
mod words;

pub use costs::{Cost, ReadCosts, Spending, WriteCosts};
pub use decisions::{DecidedBy, Decision, ReadDecisions, WriteDecisions};
pub use deliveries::{HAD_BY_THE_OTHER, ReadDeliveries, WriteDeliveries};
pub use feedback::{Agreement, FeedbackSum, ReadFeedback, SoftBounces, Stopped, WriteFeedback};
pub use homes::{ReadHomes, Stay, WriteHomes};
pub use identity::{IdentityChange, IdentityChangeKind, ReadIdentity, WriteIdentity};
pub use items::{ItemChange, ReadItems, WriteItems};
pub use letters::{PrintRun, ReadLetters, WriteLetters};
pub use matching::{Evidence, LearnedModel, MatchRecord, Question, ReadMatching, WriteMatching};
pub use pending::{Pending, ReadPending, WritePending};
pub use segments::{Build, ReadSegments, SegmentChange, WriteSegments};
pub use sending::{ReadSending, WriteSending};
pub use tasks::{ReadTasks, Task, TaskFilter, TaskState, WriteTasks};
pub use traits::{Page, Read, Unit};
pub use words::{
    DeliveryEntry, DeliveryFilter, EventRow, EventSeq, HookCount, ImportRecord, LaunchRecord, LedgerEntry,
    LedgerKind, LineCount, Request, RunRecord, RunState, RunStep, SourceCount, StoredDocument, Suppression,
    Switch, Turns, Watermark,
};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The data folder is used by another process.
    #[error(
        "the data folder {0} is in use by another crowsnest process; stop that one first, or use another folder"
    )]
    InUse(std::path::PathBuf),
    /// The data were written by a newer version.
    #[error(
        "the data are of format {found}, and this version of crowsnest knows formats up to {known}; use the newer version that wrote them"
    )]
    TooNew {
        /// The format of the data.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// The disk is full.
    #[error("the disk is full; nothing was written. Free some space: writing goes on by itself")]
    Full,
    /// The data are damaged.
    #[error("the store is damaged: {0}. Restore the last backup (`crowsnest backup --help`)")]
    Damaged(String),
    /// A commit may or may not have happened.
    #[error("the outcome of a commit is unknown: {0}")]
    CommitUnknown(String),
    /// The library behind the store.
    #[error("the store failed: {0}")]
    Sqlite(rusqlite::Error),
    /// A stored document cannot be read.
    #[error("a stored {what} cannot be read: {fault}")]
    Document {
        /// What it is.
        what: &'static str,
        /// What is wrong with it.
        fault: String,
    },
    /// A file of the data folder.
    #[error("{0}: {1}")]
    Io(std::path::PathBuf, std::io::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(error.to_string()),
            _ => Self::Sqlite(error),
        }
    }
}

/// What the store answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
