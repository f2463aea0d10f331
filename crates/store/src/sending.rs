//! What the house asks of a store about how a sender stands on a channel.

use crate::Result;
use crowsnest_model::{
    Time,
    sending::{Counted, SendingCounts},
};

/// What can be asked about it.
pub trait ReadSending {
    /// What was counted on a channel since the hour of a moment.
    fn sending_counts(&self, channel: &str, since: Time) -> Result<SendingCounts>;
}

/// What can be written about it.
pub trait WriteSending {
    /// Counts more of something on a channel, in the hour of a moment.
    fn count_sending(&mut self, channel: &str, what: Counted, time: Time, more: u64) -> Result<()>;
    /// Counting on a channel begins anew.
    fn forget_sending_counts(&mut self, channel: &str) -> Result<()>;
}
