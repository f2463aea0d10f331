//! What is asked of a store about who turned out to be one person, as others are told, and about who shares what is somebody
//! else's.

use crate::{EventRow, Result};
use crowsnest_model::{DecisionId, EventId, Identifier, ProfileId, Time};
use serde::{Deserialize, Serialize};

/// That an id leads to somebody else from a moment on, or is somebody of its own again. Only ever added to, while the ledger
/// is derived anew when people are told apart: who has read up to one of them misses nothing and sees nothing twice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityChange {
    /// Its place in the order in which they were written; the store gives it.
    pub cursor: u64,
    /// When it was written.
    pub time: Time,
    /// What it is.
    pub kind: IdentityChangeKind,
    /// To whom `absorbed` leads now; of a split, with whom it was taken for one.
    pub survivor: ProfileId,
    /// The id that changed its meaning.
    pub absorbed: ProfileId,
    /// The event that led to it, if one did.
    pub event: Option<EventId>,
    /// The decision that led to it, if one did.
    pub decision: Option<DecisionId>,
    /// Of a merge: one of the two was known by devices alone.
    pub anonymous: bool,
    /// Why, in words.
    pub reason: String,
}

/// What becomes of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityChangeKind {
    /// `absorbed` leads to `survivor` from now on.
    Merged,
    /// `absorbed` is somebody of their own again, and not `survivor`.
    Split,
    /// `absorbed`, which led to somebody else, leads to `survivor` now: those two were told apart.
    Moved,
}

impl IdentityChangeKind {
    /// All kinds; the place in this list is how they are stored.
    pub const ALL: [Self; 3] = [Self::Merged, Self::Split, Self::Moved];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Split => "split",
            Self::Moved => "moved",
        }
    }
}

/// What can be asked about changes of identity.
pub trait ReadIdentity {
    /// The changes after a cursor, in the order in which they were written. Those of one commit are there together, and
    /// none ever comes in before one that can be read.
    fn identity_changes(&self, after: u64, limit: usize) -> Result<Vec<IdentityChange>>;
    /// The last change of what becomes of an id.
    fn identity_change_of(&self, absorbed: ProfileId) -> Result<Option<IdentityChange>>;
    /// The cursor of the last one; 0 when there is none.
    fn last_identity_change(&self) -> Result<u64>;
    /// Who goes by each of these identifiers beside whose it is, in their order; each in the order of their ids.
    fn sharers(&self, identifiers: &[&Identifier]) -> Result<Vec<Vec<ProfileId>>>;
    /// An event, by its id.
    fn event(&self, id: EventId) -> Result<Option<EventRow>>;
}

/// What can be written about changes of identity.
pub trait WriteIdentity {
    /// Somebody goes by an identifier that is somebody else's.
    fn put_sharer(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()>;
    /// They do not any more, or it is theirs.
    fn remove_sharer(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()>;
    /// Keeps a change, as the last one; its cursor is not looked at.
    fn put_identity_change(&mut self, change: &IdentityChange) -> Result<()>;
}
