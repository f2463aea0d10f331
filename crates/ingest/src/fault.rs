//! Why one thing could not be read: the inner form of a rejection, before it has a place.

use crowsnest_model::{Duration, Time, quarantine::Rejection};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How much of the foreign bytes a rejection keeps.
pub(crate) const KEPT: usize = 64 * 1024;

/// Why one item or row could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A short word for its kind.
    pub code: Cow<'static, str>,
    /// What is wrong and what was expected, in words.
    pub reason: String,
    /// Where inside the item or row, such as `column 3`.
    pub within: Option<String>,
}

impl Fault {
    pub fn new(code: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into(), within: None }
    }

    /// The rejection of `raw`, found at `place`.
    pub fn rejection(
        self,
        source: &str,
        feed: Option<&str>,
        place: &str,
        raw: &[u8],
        header: Option<String>,
    ) -> Rejection {
        let place = match self.within {
            Some(within) => format!("{place}{within}"),
            None => place.to_owned(),
        };
        Rejection {
            source: source.to_owned(),
            feed: feed.map(str::to_owned),
            place,
            code: self.code.into_owned(),
            reason: self.reason,
            raw: raw.get(..KEPT).unwrap_or(raw).to_vec(),
            header,
        }
    }
}

/// What the bytes of a rejection do not tell and a second reading needs: the rejection's header. JSON of format 1.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Again {
    /// When they came first.
    pub received: Time,
    /// What was added to event times.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shift: i64,
    /// They were read as history.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub historical: bool,
    /// Wire: the kind of call, when the path and not the item said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Wire: when the client says it sent the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<String>,
    /// Wire: the batch's context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Box<RawValue>>,
    /// CSV: the columns of the header line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// The row was the n-th of its like in its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<u32>,
}

fn is_zero(shift: &i64) -> bool {
    *shift == 0
}

impl Again {
    pub fn of(reading: crate::Reading) -> Self {
        Self {
            received: reading.received,
            shift: reading.shift.0,
            historical: reading.historical,
            ..Self::default()
        }
    }

    pub fn reading(&self) -> crate::Reading {
        crate::Reading { received: self.received, shift: Duration(self.shift), historical: self.historical }
    }

    pub fn write(&self) -> Option<String> {
        // Plain texts and numbers with text keys: there is nothing in it that JSON cannot say.
        serde_json::to_string(self).ok()
    }
}
