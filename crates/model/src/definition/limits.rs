//! How many complaints and bounces are too many.

use crate::{Duration, Percent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From which part of its messages on a channel is warned about, and its marketing messages are stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SendingLimits {
    /// Of messages that somebody called spam.
    pub complaints: Limit,
    /// Of messages that came back.
    pub bounces: Limit,
    /// Over how much time they are counted.
    pub over: Duration,
    /// Fewer messages than this count as this many: of ten messages, one is no rate.
    pub at_least: u64,
}

impl Default for SendingLimits {
    /// What the large mailbox providers ask of those who send to them.
    fn default() -> Self {
        Self {
            complaints: Limit { warn: Percent::hundredths(10), stop: Percent::hundredths(30) },
            bounces: Limit { warn: Percent::of(5), stop: Percent::of(10) },
            over: Duration::days(7),
            at_least: 1_000,
        }
    }
}

impl SendingLimits {
    /// Whether nothing was said that is not so anyway.
    pub fn are_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// How much of something is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// More than this is said.
    pub warn: Percent,
    /// More than this stops marketing messages.
    pub stop: Percent,
}
