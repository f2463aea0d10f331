//! Consent belongs to a contact point (an address, a number), a channel and a topic.

use crate::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The topic that stands for every topic of a channel.
pub const EVERY_TOPIC: &str = "*";

/// Given or taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsentStatus {
    /// May be contacted.
    Granted,
    /// Must not be contacted. At the same moment as a grant, this wins.
    Withdrawn,
}

impl ConsentStatus {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl fmt::Display for ConsentStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an event says about consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentClaim {
    /// The channel, such as `email`.
    pub channel: String,
    /// The contact point; without one, the person's own for this channel, from the same event if it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The topic, or [`EVERY_TOPIC`].
    pub topic: String,
    /// Given or taken back.
    pub status: ConsentStatus,
    /// How we know: the form, call or link, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// What is in force for a contact point, channel and topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The channel, such as `email`.
    pub channel: String,
    /// The contact point in its one spelling.
    pub contact: String,
    /// The topic, or [`EVERY_TOPIC`].
    pub topic: String,
    /// Given or taken back.
    pub status: ConsentStatus,
    /// Since when.
    pub time: Time,
    /// The source that said so.
    pub source: String,
    /// How we know.
    pub evidence: Option<String>,
}

impl Consent {
    /// Whether this replaces `other`: the later one does, and of two of the same moment the withdrawal.
    ///
    /// Of two that say the same at the same moment, the smaller source and evidence stay, so that any order of
    /// arrival leaves the same record.
    pub fn replaces(&self, other: &Self) -> bool {
        (self.time, self.status, &other.source, &other.evidence)
            > (other.time, other.status, &self.source, &self.evidence)
    }
}

/// Whether a contact point may be used for a topic; `None` when nobody ever said.
///
/// The latest word counts, whether it was about this topic or about [`EVERY_TOPIC`].
pub fn in_force<'a>(consents: impl IntoIterator<Item = &'a Consent>, topic: &str) -> Option<&'a Consent> {
    consents
        .into_iter()
        .filter(|consent| consent.topic == topic || consent.topic == EVERY_TOPIC)
        .max_by_key(|consent| (consent.time, consent.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent(topic: &str, status: ConsentStatus, time: i64) -> Consent {
        Consent {
            channel: "email".into(),
            contact: "a@b.co".into(),
            topic: topic.into(),
            status,
            time: Time(time),
            source: "web".into(),
            evidence: None,
        }
    }

    #[test]
    fn the_latest_word_counts_and_a_withdrawal_wins_a_tie() {
        use ConsentStatus::{Granted, Withdrawn};
        let list = [consent("offers", Granted, 1), consent("*", Withdrawn, 2), consent("news", Granted, 3)];
        assert_eq!(in_force(&list, "offers").map(|c| c.status), Some(Withdrawn));
        assert_eq!(in_force(&list, "news").map(|c| c.status), Some(Granted));
        assert_eq!(in_force(&list[..1], "news"), None);
        assert!(consent("a", Withdrawn, 1).replaces(&consent("a", Granted, 1)));
        assert!(!consent("a", Granted, 1).replaces(&consent("a", Granted, 1)));
    }
}
