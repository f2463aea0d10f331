//! What came of handing something over, on whichever channel, and when to try again.

use crowsnest_model::Duration;

/// What came of handing something over. The reasons are in words and name no recipient of their own accord; what the
/// receiving server said is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server took it.
    Accepted {
        /// What it said.
        response: String,
    },
    /// It may be tried again later: the server surely did not take it and may take it then, or it knows a repetition for
    /// one.
    Later {
        /// What happened.
        reason: String,
        /// The server asked for a wait of at least this long.
        asked: Option<Duration>,
        /// The line is at fault and not what was handed over: nobody listens, nobody answers, nothing at all is taken just
        /// now. Whatever comes next on it would fare the same.
        line_is_down: bool,
    },
    /// It surely did not go out: right before the first byte something was said against it. Whether it waits or ends is
    /// decided anew.
    Withheld {
        /// What was said.
        reason: String,
    },
    /// The server surely did not take it and never will.
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

impl Outcome {
    /// Why the line, and not what was handed over, is at fault; `None` when it is well, whatever became of this.
    pub fn fault_of_line(&self) -> Option<&str> {
        match self {
            Self::Later { reason, line_is_down: true, .. } | Self::Unknown { reason } => Some(reason),
            Self::Later { .. } | Self::Accepted { .. } | Self::Refused { .. } | Self::Withheld { .. } => None,
        }
    }
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

/// The longest wait that a server can ask for.
const LONGEST_ASKED: Duration = Duration::days(1);

/// How long to wait after the `attempt`-th try (the first is 1) ended in [`Outcome::Later`], for a server that may have
/// `asked` for longer; `None` when it is time to give up.
pub fn retry_after(attempt: u32, asked: Option<Duration>) -> Option<Duration> {
    let index = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let usual = WAITS.get(index).copied()?;
    Some(asked.map_or(usual, |asked| usual.max(asked.min(LONGEST_ASKED))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_grow_rarer_and_end_within_a_day() {
        let waits: Vec<Duration> = (1..).map_while(|attempt| retry_after(attempt, None)).collect();
        assert!(waits.is_sorted() && waits.len() == 7);
        assert!(waits.iter().map(|wait| wait.0).sum::<i64>() <= Duration::days(1).0);
        assert_eq!(retry_after(0, None), retry_after(1, None), "no try has been made: as soon as after one");
        assert_eq!(retry_after(8, Some(Duration::hours(1))), None);
        assert_eq!(retry_after(u32::MAX, None), None);
    }

    #[test]
    fn a_server_can_ask_for_more_patience_within_limits_and_never_for_less() {
        assert_eq!(retry_after(1, Some(Duration::minutes(10))), Some(Duration::minutes(10)));
        assert_eq!(retry_after(1, Some(Duration::seconds(1))), Some(Duration::minutes(1)));
        assert_eq!(retry_after(1, Some(Duration::days(900))), Some(Duration::days(1)));
    }
}
