//! What could not be taken in, and why. Nothing is ever silently dropped.

use crate::{QuarantineId, Time};
use serde::{Deserialize, Serialize};

/// Foreign bytes that could not become an event, before they have an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The source that sent them.
    pub source: String,
    /// The feed, for a row of a file.
    pub feed: Option<String>,
    /// Where: `line 17, column 3`, `/orders/order[12]/date`, `batch[4]`.
    pub place: String,
    /// A short word for the kind of fault, such as `invalid-json`, `contract`, `date`.
    pub code: String,
    /// What is wrong and what to do, in words.
    pub reason: String,
    /// The bytes as they came (a row, an item of a batch), cut at 64 KiB.
    pub raw: Vec<u8>,
    /// What is needed to read the bytes again as they were read then, such as a CSV header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// How far a quarantined thing has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuarantineState {
    /// Waits for somebody.
    Open,
    /// Corrected or driven again, and taken in.
    Resolved,
    /// Somebody said that it is not needed.
    Discarded,
}

impl QuarantineState {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Discarded => "discarded",
        }
    }
}

/// A rejection as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Its id.
    pub id: QuarantineId,
    /// When it came.
    pub received: Time,
    /// How far it has come.
    pub state: QuarantineState,
    /// How often it was driven again.
    pub attempts: u32,
    /// What it is.
    #[serde(flatten)]
    pub rejection: Rejection,
}
