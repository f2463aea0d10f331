//! Bodies as SDKs send them to the collection endpoints.
//!
//! What an item may say, and how it is understood:
//!
//! - **Identifiers** keep the value as it came. `userId` is a `user_id`, `anonymousId` an `anonymous_id`, the `groupId` of
//!   a group call an `account`. `email` and `phone` among the `traits` of an identify call, or among `context.traits` of
//!   any call, are identifiers too. Each of `context.externalIds` is an identifier of the namespace that its `type`
//!   names, unless its `collection` is another than `users`. Numbers are taken as text; null and `""` are absent.
//! - **Alias**: `previousId` may be an anonymous id or a user id; no client says which. It becomes the event's `previous`
//!   in the namespace `anonymous_id`, always; whoever resolves it looks the value up as a `user_id` as well.
//! - **Traits** are those of `traits` for identify and of `context.traits` for other calls, without nulls. The traits of a
//!   group call describe the account: they become the event's properties.
//! - **Consent** is given or withdrawn by an identify call with the trait `consents`, a list of
//!   `{channel, topic, status, contact, evidence}`, where `status` is `granted` or `withdrawn` (or `granted` is true or
//!   false); or by a track call named `Consent Granted` or `Consent Withdrawn` with the properties
//!   `{channel, topic, contact, evidence}`. `topic` is `*` (every topic) when not given; `contact` and `evidence` may be
//!   left out. Segment's `context.consent.categoryPreferences` names neither channel nor topic and stays context.
//! - **Time**: received − (sentAt − originalTimestamp), where `timestamp` stands in for `originalTimestamp`; never later
//!   than received. Without `sentAt` the timestamp stands. A time without a zone is UTC.
//! - **Message id**: without one, a hash of the item's bytes, so that a retry of the same bytes is the same event.
//! - `[]` stands for an empty object, as one language's encoder writes it. Half of a surrogate pair becomes U+FFFD.

mod call;
mod consent;
mod envelope;
mod event;
mod inflate;

pub(crate) use call::Sent;
pub use envelope::Envelope;
pub(crate) use event::{HexDigest, MAX_IDENTIFIER, read_item};
pub use inflate::inflate;

use crowsnest_model::{Event, EventKind, quarantine::Rejection};

/// The largest event, in bytes of JSON, with what its batch's context adds to it.
pub const MAX_EVENT: usize = 32 * 1024;
/// The largest body, in bytes after decompression.
pub const MAX_BODY: usize = 4 * 1024 * 1024;
/// The most events in one batch.
pub const MAX_EVENTS: usize = 2_500;

/// What a path says about a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The body is one event of this kind.
    One(EventKind),
    /// The body is a batch.
    Batch,
    /// The body is a batch of historical data: no triggers fire.
    Import,
}

impl Endpoint {
    /// The endpoint of `/v1/{segment}`: `identify` or `i`, `track` or `t`, and so on.
    pub fn from_path(segment: &str) -> Option<Self> {
        Some(match segment {
            "identify" | "i" => Self::One(EventKind::Identify),
            "track" | "t" => Self::One(EventKind::Track),
            "page" | "p" => Self::One(EventKind::Page),
            "screen" | "s" => Self::One(EventKind::Screen),
            "group" | "g" => Self::One(EventKind::Group),
            "alias" | "a" => Self::One(EventKind::Alias),
            "batch" | "b" => Self::Batch,
            "import" => Self::Import,
            _ => return None,
        })
    }
}

/// What a body became.
#[derive(Debug, Default)]
pub struct Batch {
    /// What could be read.
    pub events: Vec<Event>,
    /// What could not, each with its reason.
    pub rejected: Vec<Rejection>,
}

/// Why a whole body cannot be read. None of these ever succeeds when sent again unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not JSON.
    #[error("invalid JSON at line {line}, column {column}: {what}")]
    InvalidJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// Not UTF-8.
    #[error("invalid UTF-8 at byte {byte} (line {line}, column {column})")]
    InvalidUtf8 {
        /// How many bytes come before the wrong one.
        byte: usize,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },
    /// Begins like gzip and is not.
    #[error("the body begins as gzip but cannot be decompressed: {what}")]
    InvalidGzip {
        /// What is wrong.
        what: String,
    },
    /// JSON, but not what this endpoint takes.
    #[error("{what}")]
    InvalidShape {
        /// What came and what was expected.
        what: String,
    },
    /// Too many bytes.
    #[error("the body is larger than {limit} bytes after decompression: send smaller batches")]
    TooLarge {
        /// How many bytes there may be.
        limit: usize,
    },
    /// Too many events.
    #[error("the batch has {count} events: at most {limit} are taken at once")]
    TooMany {
        /// How many came.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl WireError {
    /// A short word for the kind of fault.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidJson { .. } => "invalid-json",
            Self::InvalidUtf8 { .. } => "invalid-utf8",
            Self::InvalidGzip { .. } => "invalid-gzip",
            Self::InvalidShape { .. } => "invalid-shape",
            Self::TooLarge { .. } => "too-large",
            Self::TooMany { .. } => "too-many",
        }
    }

    /// The body as a thing for the quarantine, for those who keep unreadable bodies. [`redrive`](crate::redrive) reads
    /// a corrected one as a batch if it has a member `batch`, else as one item that says its `type`.
    pub fn rejection(&self, source: &str, body: &[u8]) -> Rejection {
        let place = match self {
            Self::InvalidJson { line, column, .. } | Self::InvalidUtf8 { line, column, .. } => {
                format!("line {line}, column {column}")
            }
            _ => "body".to_owned(),
        };
        crate::fault::Fault::new(self.code(), self.to_string()).rejection(source, None, &place, body, None)
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let (line, column, what) = (error.line(), error.column(), words_of(error));
        match error.classify() {
            serde_json::error::Category::Data => Self::InvalidShape { what },
            _ => Self::InvalidJson { line, column, what },
        }
    }
}

/// A JSON error without the place, which is told beside it.
pub(crate) fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(place.as_str()).map_or(text.clone(), str::to_owned)
}

/// The body as text.
pub(crate) fn text_of(body: &[u8]) -> Result<&str, WireError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        let before = body.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        WireError::InvalidUtf8 { byte: error.valid_up_to(), line, column }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}
