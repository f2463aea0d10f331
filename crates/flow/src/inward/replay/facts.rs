//! What was done is done: runs, messages and what became of them, as a replay finds them again, or does not.

use super::Replay;
use crate::{FlowError, inward::Working};
use crowsnest_model::{
    DeliveryId, Duration, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, PHONE},
};
use crowsnest_store::{HAD_BY_THE_OTHER, RunRecord, RunState};
use std::collections::{HashMap, HashSet};

/// Why a message that comes about only now is not sent.
const TOO_LATE: &str = "it would have been sent then, but was not, since two people were taken for one";

/// A message of a broadcast that comes about so much later than it was due is not sent, as one of a program that says nothing of it.
const BROADCAST_LATENESS: Duration = Duration::hours(24);

/// How a delivery ended for the run that waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outcome {
    pub(super) at: Time,
    pub(super) person: ProfileId,
    pub(super) run: RunId,
    /// The run ends with it.
    pub(super) ends: bool,
}

impl Replay {
    /// The id of a run that was there.
    pub(in crate::inward) fn run(&mut self, program: &str, occasion: &str) -> Option<RunId> {
        self.runs.remove(&(program.to_owned(), occasion.to_owned())).map(|run| run.id)
    }

    /// The message that was made at this occasion, if it was for this contact point, or for another one that is the same
    /// person's for sure: it may have been made when that was the one to write to.
    pub(in crate::inward) fn delivery(
        &mut self,
        program: &str,
        occasion: &str,
        contact: &str,
        is_theirs: impl Fn(&Delivery) -> bool,
    ) -> Option<Delivery> {
        let made = self.deliveries.get_mut(&(program.to_owned(), occasion.to_owned()))?;
        let place = made
            .iter()
            .position(|delivery| delivery.contact == contact)
            .or_else(|| made.iter().position(is_theirs))?;
        Some(made.remove(place))
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
            self.outcomes.push(Outcome { at, person, run, ends: delivery.ends_its_run() });
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

/// Messages that had not gone out when their runs ended, or when the other one's turned out to have. Whether that comes about again, the
/// replay shows. Calls are not among them: what a team was asked is done or was taken off its list.
pub(super) fn called_off(deliveries: &[Delivery], runs: &[RunRecord]) -> HashSet<DeliveryId> {
    let by_its_run = |delivery: &Delivery| {
        let run = runs.iter().find(|run| delivery.run == Some(run.id));
        run.is_some_and(|run| run.state != RunState::Active && run.reason == delivery.reason)
    };
    let cancelled = deliveries.iter().filter(|delivery| delivery.state == DeliveryState::Cancelled);
    cancelled
        .filter(|delivery| delivery.channel != PHONE)
        .filter(|delivery| by_its_run(delivery) || delivery.reason.as_deref() == Some(HAD_BY_THE_OTHER))
        .map(|delivery| delivery.id)
        .collect()
}

/// Messages of programs by the occasions that they were made at. Where two people who both had one were taken for one, the
/// one message goes by a name of its own since: if it went out, it must not go out again. If it did not, that was because
/// they were taken for one, and it may yet.
pub(super) fn made_at(deliveries: &[Delivery]) -> HashMap<(String, String), Vec<Delivery>> {
    let mut made: HashMap<(String, String), Vec<Delivery>> = HashMap::new();
    for delivery in deliveries.iter().filter(|delivery| delivery.run.is_some()) {
        let aside = format!("~{}", delivery.id.0);
        let mut occasion = delivery.occasion.as_str();
        while let Some(before) = occasion.strip_suffix(&aside) {
            occasion = before;
        }
        let still = occasion == delivery.occasion;
        let went_out = matches!(
            delivery.state,
            DeliveryState::Sending
                | DeliveryState::Sent
                | DeliveryState::Bounced
                | DeliveryState::Failed
                | DeliveryState::Unknown
        );
        let there = made.entry((delivery.program.clone(), occasion.to_owned())).or_default();
        if still {
            there.insert(0, delivery.clone());
        } else if went_out {
            there.push(delivery.clone());
        }
    }
    made
}
