//! How a sender stands on a channel, by what people and servers said of its messages.

use crowsnest_model::{
    definition::{Limit, SendingLimits},
    sending::{Counted, SendingCounts},
};

/// How a sender stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is too much.
    Good,
    /// Something is more than the limit to warn of; what, in words.
    Warned(String),
    /// Something is more than the limit at which marketing messages stop; what, in words.
    Stopped(String),
}

impl Standing {
    /// Its one spelling.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warned(_) => "warned",
            Self::Stopped(_) => "stopped",
        }
    }

    /// What is too much, in words.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Good => None,
            Self::Warned(reason) | Self::Stopped(reason) => Some(reason),
        }
    }

    /// How grave it is, the least first.
    pub fn degree(&self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Warned(_) => 1,
            Self::Stopped(_) => 2,
        }
    }
}

/// How a sender stands of whom this was counted within [`SendingLimits::over`].
///
/// Fewer messages than [`SendingLimits::at_least`] are taken for that many: what is too much even of those is too much
/// already, and a mailing that goes wrong is stopped before it has gone out. More messages never make it worse, so it is enough
/// to ask whenever something came back.
pub fn standing(limits: &SendingLimits, counts: &SendingCounts) -> Standing {
    let judged =
        [(Counted::Complaint, "complaints", limits.complaints), (Counted::Bounce, "bounces", limits.bounces)]
            .map(|(what, name, limit)| judge(limits, counts, counts.of(what), name, limit));
    // Of two that are as grave the first stands.
    let [complaints, bounces] = judged;
    if bounces.degree() > complaints.degree() { bounces } else { complaints }
}

fn judge(limits: &SendingLimits, counts: &SendingCounts, times: u64, name: &str, limit: Limit) -> Standing {
    let of = counts.messages.max(limits.at_least);
    let (most, make): (_, fn(String) -> Standing) = if limit.stop.is_exceeded_by(times, of) {
        (limit.stop, Standing::Stopped)
    } else if limit.warn.is_exceeded_by(times, of) {
        (limit.warn, Standing::Warned)
    } else {
        return Standing::Good;
    };
    let (span, messages) = (limits.over.in_words(), grouped(counts.messages));
    make(if counts.messages >= limits.at_least {
        let rate = times as f64 * 100.0 / of as f64;
        format!("{name} are {rate:.2}% of {messages} messages of the last {span}, more than {most}")
    } else {
        let (times, of) = (grouped(times), grouped(of));
        format!("{times} {name} of {messages} messages of the last {span}, more than {most} even of {of}")
    })
}

/// A number with thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
