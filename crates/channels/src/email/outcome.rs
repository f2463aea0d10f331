//! What came of handing a message over, and when to try again.

use crowsnest_model::Duration;

/// What came of handing a message over. The reasons are in words and name no recipient of their own accord; what the
/// receiving server said is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Accepted {
        /// What it said.
        response: String,
    },
    /// The server surely did not take it, and may take it later: it could not be reached, or said so (4xx).
    Later {
        /// What happened.
        reason: String,
    },
    /// The server surely did not take it and never will (5xx).
    Refused {
        /// What happened.
        reason: String,
    },
    /// The line broke when the server may already have taken it. Sending again may deliver it twice.
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// The waits between tries: a few soon, for greylisting and restarts, then fewer, within a day in all.
const WAITS: [Duration; 7] = [
    Duration::minutes(1),
    Duration::minutes(5),
    Duration::minutes(15),
    Duration::hours(1),
    Duration::hours(4),
    Duration::hours(6),
    Duration::hours(12),
];

/// How long to wait after the `attempt`-th try (the first is 1) ended in [`Outcome::Later`]; `None` when it is time
/// to give up.
pub fn retry_after(attempt: u32) -> Option<Duration> {
    let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
    WAITS.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_rarer_and_end_within_a_day() {
        let waits: Vec<Duration> = (1..).map_while(retry_after).collect();
        assert!(waits.is_sorted() && waits.len() == 7);
        assert!(waits.iter().map(|wait| wait.0).sum::<i64>() <= Duration::days(1).0);
        assert_eq!(retry_after(0), retry_after(1), "no try has been made: as soon as after one");
        assert_eq!(retry_after(8), None);
        assert_eq!(retry_after(u32::MAX), None);
    }
}
