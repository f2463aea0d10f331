//! Who gets a broadcast and why not, in numbers: in a memory that does not grow with the people.

use crate::reasons::{OTHER_REASONS, REASONS};
use crowsnest_model::{Object, ProfileId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many choices within households are shown, and so many people by name of each.
const CHOICES: usize = 20;
const NAMED: usize = 100;

/// Who would get a broadcast, and why everybody else would not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Audience {
    /// Everybody who is known; while a launch goes on, everybody on whom was decided.
    pub people: u64,
    /// Those for whom the audience's condition holds.
    pub in_audience: u64,
    /// Those of them who can and may be written to: the recipients before de-duplication.
    pub reachable: u64,
    /// Those who get it: one per household and address.
    pub recipients: u64,
    /// How many are left out for which reason, the most frequent first. After 200 different reasons the rest are counted
    /// together.
    pub left_out: Vec<(String, u64)>,
    /// How many of the recipients the contact policy would not let have it now, for which reason, the most frequent
    /// first: by what went before, not by each other. It is asked next to each send, so it may say otherwise then.
    pub capped: Vec<(String, u64)>,
    /// Households of which one member was chosen: who, and why. At most 20 are shown.
    pub chosen: Vec<Chosen>,
    /// How many such households there are.
    pub choices: u64,
}

/// Which member of a household gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Who.
    pub profile: ProfileId,
    /// Why, in words.
    pub why: String,
    /// The others; at most 100 are named.
    pub instead_of: Vec<ProfileId>,
}

/// A launch: what it did, or has done so far.
#[derive(Debug, Clone, Serialize)]
pub struct LaunchReport {
    /// The broadcast.
    pub broadcast: String,
    /// When it was launched.
    pub launched: Time,
    /// When everybody had been looked at, and the last message was queued; `None` while that goes on.
    pub queued: Option<Time>,
    /// Who gets it, and who does not, of those who were looked at.
    pub audience: Audience,
    /// Why it does not go on just now; `None` while it does, and when it is done.
    pub stopped: Option<Stopped>,
}

/// What a launch waits for. It goes on by itself as soon as it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Since when.
    pub since: Time,
    /// For what, in words.
    pub reason: String,
    /// Whether what it asks of people is still being built: then nothing is wrong.
    pub building: bool,
}

/// An audience that is being counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) audience: Audience,
    left_out: Reasons,
    capped: Reasons,
}

impl Tally {
    /// Goes on where a launch was.
    pub(super) fn of(mut audience: Audience) -> Self {
        let left_out = Reasons::of(std::mem::take(&mut audience.left_out));
        let capped = Reasons::of(std::mem::take(&mut audience.capped));
        Self { audience, left_out, capped }
    }

    pub(super) fn left_out(&mut self, reason: &str) {
        self.left_out.add(reason);
    }

    pub(super) fn capped(&mut self, reason: &str) {
        self.capped.add(reason);
    }

    pub(super) fn chosen(&mut self, profile: ProfileId, why: &str, others: impl Iterator<Item = ProfileId>) {
        self.audience.choices += 1;
        if self.audience.chosen.len() < CHOICES {
            let instead_of = others.take(NAMED).collect();
            self.audience.chosen.push(Chosen { profile, why: why.to_owned(), instead_of });
        }
    }

    /// Adds what was decided about somebody else, who gets it.
    pub(super) fn add(&mut self, one: Audience) {
        let audience = &mut self.audience;
        audience.people += one.people;
        audience.in_audience += one.in_audience;
        audience.reachable += one.reachable;
        audience.recipients += one.recipients;
        one.capped.iter().for_each(|(reason, times)| self.capped.add_times(reason, *times));
    }

    pub(super) fn audience(self) -> Audience {
        let (left_out, capped) = (self.left_out.most_frequent_first(), self.capped.most_frequent_first());
        Audience { left_out, capped, ..self.audience }
    }
}

/// How often each reason was given.
#[derive(Debug, Default)]
pub(super) struct Reasons(BTreeMap<String, u64>);

impl Reasons {
    fn of(counted: Vec<(String, u64)>) -> Self {
        Self(counted.into_iter().collect())
    }

    pub(super) fn add(&mut self, reason: &str) {
        self.add_times(reason, 1);
    }

    fn add_times(&mut self, reason: &str, times: u64) {
        if let Some(known) = self.0.get_mut(reason) {
            *known += times;
            return;
        }
        let reason = if self.0.len() < REASONS { reason } else { OTHER_REASONS };
        *self.0.entry(reason.to_owned()).or_default() += times;
    }

    pub(super) fn most_frequent_first(self) -> Vec<(String, u64)> {
        let mut reasons: Vec<_> = self.0.into_iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons
    }
}

impl Audience {
    /// How many of the recipients the contact policy would let have it now.
    pub fn recipients_now(&self) -> u64 {
        let capped: u64 = self.capped.iter().map(|(_, times)| times).sum();
        self.recipients.saturating_sub(capped)
    }

    /// As a launch's record keeps it.
    pub(super) fn counts(&self) -> Object {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(counts)) => counts,
            _ => Object::new(),
        }
    }

    /// What a launch's record has kept. What cannot be read is counted anew: it is a report, and decides nothing.
    pub(super) fn of(counts: Object) -> Self {
        serde_json::from_value(serde_json::Value::Object(counts)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_without_end_are_counted_in_a_bounded_memory_across_a_restart() {
        let mut tally = Tally::default();
        for number in 0..500 {
            if number == 250 {
                tally = Tally::of(Audience::of(tally.audience().counts()));
            }
            tally.left_out(&format!("suppressed: 550 {number}"));
            tally.left_out("no email address is known");
        }
        let audience = tally.audience();
        assert_eq!(audience.left_out.len(), REASONS + 1);
        assert_eq!(audience.left_out[0], ("no email address is known".to_owned(), 500));
        assert_eq!(audience.left_out[1], (OTHER_REASONS.to_owned(), 301));
        assert_eq!(audience.left_out.iter().map(|(_, times)| times).sum::<u64>(), 1_000);
    }
}
