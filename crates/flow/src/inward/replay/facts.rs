//! What was done is done: runs, messages and what became of them, as a replay finds them again, or does not.

use super::{EVERYTHING, Replay};
use crate::{FlowError, inward::Working};
use crowsnest_model::{
    DeliveryId, Duration, EventId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, PHONE},
    profile::Run,
};
use crowsnest_store::{HAD_BY_THE_OTHER, RunRecord, RunState, TaskFilter, TaskState};
use std::collections::{HashMap, HashSet};

/// Why a message that comes about only now is not sent.
const TOO_LATE: &str = "it would have been sent then, but was not, since two people were taken for one";

/// A message of a broadcast that comes about so much later than it was due is not sent, as one of a program that says nothing of it.
const BROADCAST_LATENESS: Duration = Duration::hours(24);

/// How a delivery ended for the run that waits for it.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) at: Time,
    pub(super) person: ProfileId,
    pub(super) run: RunId,
    /// Why the run ends with it, if it does.
    pub(super) ends: Option<String>,
}

/// A message that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) delivery: Delivery,
    /// Whether it is this occasion's for whoever has its contact point. What stepped aside and never went out is only its own run's.
    counts: bool,
}

impl Replay {
    /// The id of a run that was there: of several of the same occasion the one that this event began.
    pub(in crate::inward) fn run(&mut self, program: &str, occasion: &str, event: EventId) -> Option<RunId> {
        let known = self.runs.get_mut(&(program.to_owned(), occasion.to_owned()))?;
        let began = |run: &RunRecord| run.event == event;
        let still = |run: &RunRecord| run.occasion == occasion;
        let place = (known.iter().position(|run| began(run) && still(run)))
            .or_else(|| known.iter().position(began))
            .or_else(|| known.iter().position(still))?;
        Some(known.remove(place).id)
    }

    /// The message that this run made at this occasion; or, if it was for this contact point, or for another one that is the same
    /// person's for sure, one that another did: it may have been made when that was the one to write to.
    pub(in crate::inward) fn delivery(
        &mut self,
        run: &Run,
        occasion: &str,
        contact: &str,
        is_theirs: impl Fn(&Delivery) -> bool,
    ) -> Option<Delivery> {
        let made = self.deliveries.get_mut(&(run.program.clone(), occasion.to_owned()))?;
        let to_them = |made: &Made| made.delivery.contact == contact;
        let place = (made.iter().position(|made| to_them(made) && made.delivery.run == Some(run.id)))
            .or_else(|| made.iter().position(|made| made.counts && to_them(made)))
            .or_else(|| made.iter().position(|made| made.counts && is_theirs(&made.delivery)))?;
        Some(made.remove(place).delivery)
    }

    /// Queues a message again that was called off. A call is decided anew, unless it has been tried and waits for another day.
    pub(in crate::inward) fn queue_again(&self, delivery: &mut Delivery, now: Time) {
        (delivery.state, delivery.reason, delivery.turn) = (DeliveryState::Queued, None, None);
        delivery.updated = now;
        if delivery.channel == PHONE {
            delivery.attempts = self.calls.tries(delivery.id);
            if delivery.attempts == 0 {
                delivery.due = delivery.due.min(self.until);
            }
        }
    }

    /// Whether a message is to go out yet that was called off by the end of its run, since that has not come about again: they were
    /// taken for one, and what ended it was the other's. It is not, if it would be too late for it.
    pub(in crate::inward) fn is_due_yet(&self, delivery: &Delivery, now: Time, lateness: Duration) -> bool {
        self.called_off.contains(&delivery.id) && self.is_too_late(now.max(delivery.due), lateness).is_none()
    }

    /// The run that waits for a delivery is to hear how that ended; `None` when it has not.
    pub(in crate::inward) fn tell(&mut self, person: ProfileId, run: RunId, delivery: &Delivery, now: Time) {
        if !matches!(delivery.state, DeliveryState::Queued | DeliveryState::Held | DeliveryState::Sending) {
            let at = delivery.updated.max(now);
            self.outcomes.push(Outcome { at, person, run, ends: delivery.ends_its_run().map(str::to_owned) });
        }
    }

    /// A message that was never made: whether it is too late for it, and why.
    pub(in crate::inward) fn is_too_late(&self, now: Time, lateness: Duration) -> Option<&'static str> {
        (self.until.since(now) > lateness).then_some(TOO_LATE)
    }
}

impl Working<'_> {
    /// Who has the contact point of a message.
    fn owner_of(&self, delivery: &Delivery, people: &[ProfileId]) -> Option<ProfileId> {
        let has = |person: &&ProfileId| {
            self.people.get(person).is_some_and(|loaded| {
                self.live.contact(&loaded.profile, &delivery.channel).as_ref() == Ok(&delivery.contact)
                    || loaded.profile.identifiers.iter().any(|link| link.value == delivery.contact)
            })
        };
        people.iter().find(has).copied()
    }

    /// Messages of broadcasts that were called off since the one person had another of the same broadcast, and that are another's again
    /// who has none. They go out, if that is not too late.
    pub(super) fn queue_broadcasts_again(
        &mut self,
        deliveries: &[Delivery],
        people: &[ProfileId],
    ) -> Result<(), FlowError> {
        // What a program's run no longer has is none of these.
        let live = self.live;
        let of_broadcast = |delivery: &&Delivery| {
            delivery.run.is_none() && live.broadcast_version(&delivery.program, delivery.version).is_some()
        };
        for delivery in deliveries.iter().filter(of_broadcast) {
            let called_off = delivery.state == DeliveryState::Cancelled
                && delivery.reason.as_deref() == Some(HAD_BY_THE_OTHER);
            let Some(owner) = self.owner_of(delivery, people).filter(|_| called_off) else { continue };
            let has_another = deliveries.iter().filter(of_broadcast).any(|other| {
                other.id != delivery.id
                    && other.program == delivery.program
                    && !matches!(other.state, DeliveryState::Cancelled | DeliveryState::Suppressed)
                    && self.owner_of(other, people) == Some(owner)
            });
            if has_another || self.now.since(delivery.due) > BROADCAST_LATENESS {
                continue;
            }
            let mut again = Delivery { profile: owner, ..delivery.clone() };
            (again.state, again.reason, again.turn) = (DeliveryState::Queued, None, None);
            again.updated = self.now;
            self.unit.update_delivery(&again)?;
            self.something_due = true;
        }
        Ok(())
    }

    /// A message that does not come about again: it was made, and whoever has its contact point has it on record.
    pub(super) fn keep_as_fact(
        &mut self,
        mut delivery: Delivery,
        runs: &[RunRecord],
        people: &[ProfileId],
        main: ProfileId,
    ) -> Result<(), FlowError> {
        let owner = self.owner_of(&delivery, people).unwrap_or(main);
        let Some(run) = delivery.run.and_then(|id| runs.iter().find(|run| run.id == id)) else {
            // A broadcast's: it was meant for the contact point.
            return Ok(self.unit.give_delivery(delivery.id, owner, None, &delivery.occasion)?);
        };
        let aside = format!("{}~{}", delivery.occasion, delivery.id.0);
        self.unit.give_delivery(delivery.id, owner, Some(run.id), &aside)?;
        let reason = "it came of two people being taken for one";
        let on_list = delivery.channel == PHONE && delivery.state == DeliveryState::Sending;
        if on_list || matches!(delivery.state, DeliveryState::Queued | DeliveryState::Held) {
            delivery.state = DeliveryState::Cancelled;
            delivery.reason = Some(reason.to_owned());
            delivery.updated = self.now;
            self.unit.update_delivery(&delivery)?;
        }
        let state = if run.state == RunState::Active { RunState::Cancelled } else { run.state };
        self.unit.put_run(&RunRecord {
            profile: owner,
            occasion: format!("{}~{}", run.occasion, run.id.0),
            state,
            ended: Some(run.ended.unwrap_or(self.now)),
            reason: Some(run.reason.as_deref().map_or(reason.to_owned(), |was| format!("{was}; {reason}"))),
            ..run.clone()
        })?;
        Ok(())
    }
}

/// What people of the house have said of the calls of a person.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// How often each was tried.
    tried: HashMap<DeliveryId, u32>,
    /// Those that have a try that was taken off its list.
    withdrawn: HashSet<DeliveryId>,
}

impl Calls {
    pub(super) fn of(work: &Working<'_>, person: ProfileId) -> Result<Self, FlowError> {
        let of = |state| {
            let filter = TaskFilter { state, profile: Some(person), ..TaskFilter::default() };
            work.unit.tasks(&filter, EVERYTHING)
        };
        let mut calls = Self::default();
        for call in of(TaskState::Done)?.into_iter().filter_map(|task| task.call) {
            *calls.tried.entry(call).or_default() += 1;
        }
        calls.withdrawn = of(TaskState::Withdrawn)?.into_iter().filter_map(|task| task.call).collect();
        Ok(calls)
    }

    fn tries(&self, call: DeliveryId) -> u32 {
        self.tried.get(&call).copied().unwrap_or_default()
    }

    /// Whether somebody was on the telephone although it was called off.
    fn was_made(&self, call: DeliveryId) -> bool {
        self.tries(call) > 0 && !self.withdrawn.contains(&call)
    }
}

/// Messages that had not gone out, and calls that had not been made, when their runs ended, or when the other one's turned out to have.
/// Whether that comes about again, the replay shows.
pub(super) fn called_off(deliveries: &[Delivery], runs: &[RunRecord], calls: &Calls) -> HashSet<DeliveryId> {
    let by_its_run = |delivery: &Delivery| {
        let run = runs.iter().find(|run| delivery.run == Some(run.id));
        run.is_some_and(|run| run.state != RunState::Active && run.reason == delivery.reason)
    };
    let cancelled = deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Cancelled);
    cancelled
        .filter(|delivery| !calls.was_made(delivery.id))
        .filter(|delivery| by_its_run(delivery) || delivery.reason.as_deref() == Some(HAD_BY_THE_OTHER))
        .map(|delivery| delivery.id)
        .collect()
}

/// An occasion as it was before it got a name of its own, since two people who both had it were taken for one.
fn plain(occasion: &str, id: u64) -> &str {
    let aside = format!("~{id}");
    let mut occasion = occasion;
    while let Some(before) = occasion.strip_suffix(&aside) {
        occasion = before;
    }
    occasion
}

/// Runs by the occasions that they were of.
pub(super) fn runs_of(runs: &[RunRecord]) -> HashMap<(String, String), Vec<RunRecord>> {
    let mut known: HashMap<(String, String), Vec<RunRecord>> = HashMap::new();
    for run in runs.iter().filter(|run| run.state != RunState::Skipped) {
        let occasion = plain(&run.occasion, run.id.0).to_owned();
        known.entry((run.program.clone(), occasion)).or_default().push(run.clone());
    }
    known
}

/// Messages of programs by the occasions that they were made at. Where two people who both had one were taken for one, the
/// one message goes by a name of its own since: if it went out, it must not go out again. If it did not, that was because
/// they were taken for one, and it may yet.
pub(super) fn made_at(deliveries: &[Delivery], calls: &Calls) -> HashMap<(String, String), Vec<Made>> {
    let mut made: HashMap<(String, String), Vec<Made>> = HashMap::new();
    for delivery in deliveries.iter().filter(|delivery| delivery.run.is_some()) {
        let occasion = plain(&delivery.occasion, delivery.id.0).to_owned();
        let still = occasion == delivery.occasion;
        let went_out = calls.was_made(delivery.id)
            || matches!(
                delivery.state,
                DeliveryState::Sending
                    | DeliveryState::Sent
                    | DeliveryState::Bounced
                    | DeliveryState::Failed
                    | DeliveryState::Unknown
            );
        let there = made.entry((delivery.program.clone(), occasion)).or_default();
        let delivery = Made { delivery: delivery.clone(), counts: still || went_out };
        if still {
            there.insert(0, delivery);
        } else {
            there.push(delivery);
        }
    }
    made
}
