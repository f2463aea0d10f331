//! Who enters, goes on and leaves.

use crate::{LiveProgram, Person, compile::LiveMatch};
use crowsnest_model::{
    Time,
    definition::{Send, Step},
    profile::Run,
};
use crowsnest_rules::Subject;
use serde_json::Value;

/// The occasion under which somebody who was skipped is recorded when the program has no rule for occasions: one record a
/// person, with the latest reason, however many events come.
pub const SKIPPED: &str = "skipped";

/// Whether an event lets a person into a program.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// It does not; nothing is recorded.
    No,
    /// It would, but for a reason that is recorded.
    Skip {
        /// The occasion.
        occasion: String,
        /// Why not, in words.
        reason: String,
        /// It came too late, rather than to the wrong person.
        expired: bool,
    },
    /// It does.
    Begin(Begin),
}

/// How a run begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// What makes it one of a kind, with program and person.
    pub occasion: String,
    /// Under which occasion it is recorded if it cannot begin after all.
    pub skipped: String,
}

/// What a run does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<'p> {
    /// Nothing until this moment.
    Wait(Time),
    /// Sends a message, then goes on when that has ended.
    Send {
        /// The index of the step.
        step: u32,
        /// What is sent.
        send: &'p Send,
    },
    /// All steps are done.
    Done,
    /// There is no point in going on.
    Expired,
}

/// How an event ends a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Exit {
    /// What it was for has happened; what that is worth.
    Goal(Option<f64>),
    /// It is called off.
    Cancel,
}

/// The program's name for an occasion that is not a text.
fn occasion_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.chars().take(200).collect()),
        other => Some(other.to_string().chars().take(200).collect()),
    }
}

fn happened(matched: &LiveMatch, person: &Person<'_>) -> bool {
    let Some(event) = person.event() else { return false };
    event.name == matched.event && matched.when.as_ref().is_none_or(|when| when.evaluate(person).holds())
}

impl LiveProgram {
    /// Whether the person's event lets them in. `event_id` names the occasion when the program has no rule for it.
    pub fn entry(&self, person: &Person<'_>, event_id: &str, now: Time) -> Entry {
        if !self.open || !happened(&self.trigger, person) {
            return Entry::No;
        }
        let Some(event) = person.event() else { return Entry::No };
        let named = self
            .occasion
            .as_ref()
            .and_then(|expression| expression.value(person))
            .and_then(|value| occasion_text(&value));
        let skipped = named.clone().unwrap_or_else(|| SKIPPED.to_owned());
        let occasion = named.unwrap_or_else(|| event_id.to_owned());
        if let Some(audience) = &self.audience
            && !audience.evaluate(person).holds()
        {
            let reason = format!("is not in the audience: {}", audience.sentence());
            return Entry::Skip { occasion: skipped, reason, expired: false };
        }
        if let Some(ttl) = self.definition.trigger.ttl
            && event.time.plus(ttl) <= now
        {
            let reason = format!(
                "{} came {} after it happened, and its time to live is {}",
                event.name,
                now.since(event.time).in_words(),
                ttl.in_words()
            );
            return Entry::Skip { occasion, reason, expired: true };
        }
        Entry::Begin(Begin { occasion, skipped })
    }

    /// What a run does next, when the step before it ended at `anchor`. Moves the run's step on.
    pub fn advance(&self, run: &mut Run, anchor: Time, now: Time) -> Next<'_> {
        let mut anchor = anchor;
        loop {
            let index = run.step;
            let Some(step) = self.steps().get(index as usize) else { return Next::Done };
            if self.expires(run.triggered).is_some_and(|expires| expires <= now.max(anchor)) {
                return Next::Expired;
            }
            run.step = index + 1;
            match step {
                Step::Wait(span) => {
                    anchor = anchor.plus(*span);
                    if anchor > now {
                        return Next::Wait(anchor);
                    }
                }
                Step::Send(send) => return Next::Send { step: index, send },
            }
        }
    }

    /// Until when a run whose steps are done may still reach its goal.
    pub fn goal_until(&self, run: &Run) -> Option<Time> {
        self.definition.goal.as_ref().map(|goal| run.triggered.plus(goal.within))
    }

    /// Whether the person's event ends a run of this program.
    ///
    /// Only what happened after the trigger counts: a late report of an earlier purchase calls nothing off. A purchase
    /// whose source knows only the minute counts as of that minute's end: rather no reminder than one to a buyer. While
    /// steps are left, `cancel_on` comes before the goal: what was not needed is cancelled, not achieved.
    pub fn exit(&self, run: &Run, person: &Person<'_>) -> Option<Exit> {
        let event = person.event()?;
        if event.time.end_of_precision() < run.triggered {
            return None;
        }
        // What begins a run does not end it, even where an event of the same name would.
        if event.time == run.triggered && event.name == run.event && *event.properties == run.properties {
            return None;
        }
        if !run.awaits_goal && self.cancels.iter().any(|cancel| happened(cancel, person)) {
            return Some(Exit::Cancel);
        }
        let (goal, value) = self.goal.as_ref()?;
        if !happened(goal, person) || self.goal_until(run).is_some_and(|until| event.time > until) {
            return None;
        }
        let value = value.as_ref().and_then(|expression| expression.value(person)).and_then(|v| v.as_f64());
        Some(Exit::Goal(value))
    }
}
