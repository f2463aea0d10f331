//! What is asked of a store about what came while programs waited until what they ask about was built.

use crate::Result;
use crowsnest_model::ProfileId;
use serde::{Deserialize, Serialize};

/// Something of a person that a program has still to decide about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its place in the row; given by the store.
    pub seq: u64,
    /// The person, who may have been absorbed since.
    pub profile: ProfileId,
    /// The program.
    pub program: String,
    /// What makes it one of a kind, with program and person.
    pub occasion: String,
    /// What it is, as whoever keeps it reads it.
    pub cause: String,
}

/// What can be asked about it.
pub trait ReadPending {
    /// The first that came, of one person or of all.
    fn pending(&self, of: Option<ProfileId>, limit: usize) -> Result<Vec<Pending>>;
}

/// What can be written about it.
pub trait WritePending {
    /// Keeps it. Its `seq` is not looked at. The same occasion of a program and person is kept once.
    fn put_pending(&mut self, pending: &Pending) -> Result<()>;
    /// It is decided. False when it was before.
    fn remove_pending(&mut self, seq: u64) -> Result<bool>;
}
