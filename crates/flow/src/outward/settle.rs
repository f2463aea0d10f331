//! Outcomes, written; and what follows for the runs that waited for them.

use super::feedback::suppress;
use crate::{
    Engine, FlowError,
    inward::{Enrolment, Working},
};
use crowsnest_channels::{Outcome, email::returns::reaches_nobody, retry_after};
use crowsnest_model::{
    DeliveryId,
    delivery::{Delivery, DeliveryState, WEBHOOK},
};
use crowsnest_store::DeliveryFilter;
use std::sync::{Arc, Mutex, PoisonError};

/// Outcomes that are known and could not be written yet, because the disk was full, say. They come first: what was sent
/// must not be forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsettled(Arc<Mutex<Vec<(DeliveryId, Outcome)>>>);

impl Unsettled {
    pub(super) fn add(&self, outcomes: Vec<(DeliveryId, Outcome)>) {
        for (_, outcome) in &outcomes {
            metrics::counter!("crowsnest_handovers_total", "outcome" => word(outcome)).increment(1);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(outcomes);
    }

    /// Writes them, in one commit. True when there were any.
    pub(super) async fn write(&self, engine: &Engine) -> Result<bool, FlowError> {
        let outcomes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if outcomes.is_empty() {
            return Ok(false);
        }
        let settled = outcomes.len();
        engine.commit(move |work| settle(work, outcomes)).await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..settled);
        Ok(true)
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Later { .. } => "later",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}

/// Writes what became of deliveries that were handed over.
fn settle(work: &mut Working<'_>, outcomes: Vec<(DeliveryId, Outcome)>) -> Result<(), FlowError> {
    for (id, outcome) in outcomes {
        let Some(mut delivery) = work.unit.delivery(id)? else { continue };
        if delivery.state != DeliveryState::Sending {
            continue;
        }
        delivery.updated = work.now;
        if let Outcome::Refused { reason } = &outcome
            && delivery.channel == "email"
            && reaches_nobody(reason)
        {
            suppress(work, &delivery.channel, &delivery.contact, format!("it was refused: {reason}"))?;
        }
        let (state, reason) = match outcome {
            Outcome::Accepted { response } => (DeliveryState::Sent, response),
            Outcome::Refused { reason } => (DeliveryState::Failed, reason),
            Outcome::Unknown { reason } => (DeliveryState::Unknown, reason),
            Outcome::Later { reason, asked } => match retry_after(delivery.attempts, asked) {
                Some(span) => {
                    delivery.due = work.now.plus(span);
                    (DeliveryState::Queued, format!("{reason}; will be tried again"))
                }
                None => (
                    DeliveryState::Failed,
                    format!("{reason}; given up after {} attempts", delivery.attempts),
                ),
            },
        };
        delivery.state = state;
        delivery.reason = Some(reason);
        work.unit.update_delivery(&delivery)?;
        go_on(work, &delivery)?;
    }
    Ok(())
}

/// The run that waited for a delivery goes on, once that has ended.
pub(super) fn go_on(work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
    let Some(run) = delivery.run.filter(|_| delivery.state.is_final()) else { return Ok(()) };
    let person = work.unit.survivor(delivery.profile)?;
    // What was posted again is waited for by nobody: the run has sent or told something since.
    let of_run = DeliveryFilter { run: Some(run), ..DeliveryFilter::default() };
    let went_on = delivery.channel == WEBHOOK
        && work.unit.deliveries(&of_run, 1)?.first().is_some_and(|newest| newest.id != delivery.id);
    if work.unit.profile(person)?.is_some() {
        work.load(person)?;
        let mut enrolment = Enrolment::of(work);
        if delivery.channel == WEBHOOK {
            enrolment.note_told(run, delivery)?;
        }
        if went_on {
            return Ok(());
        }
        enrolment.delivered(person, run, delivery.state)?;
    }
    Ok(())
}

/// At start: a message that was being sent when the process ended has an unknown outcome. What was being posted to a
/// webhook is posted again, since its receiver knows it by its id. Answers how many outcomes are unknown.
pub(crate) fn interrupted(work: &mut Working<'_>) -> Result<usize, FlowError> {
    let mut unknown = 0;
    for mut delivery in work.unit.sending_deliveries()? {
        let (state, reason) = match delivery.channel == WEBHOOK {
            true => (
                DeliveryState::Queued,
                "crowsnest ended while it was being posted; it is posted again, under the same id",
            ),
            false => (
                DeliveryState::Unknown,
                "crowsnest ended while it was being sent; it may or may not have gone out",
            ),
        };
        unknown += usize::from(state == DeliveryState::Unknown);
        delivery.state = state;
        delivery.reason = Some(reason.to_owned());
        delivery.updated = work.now;
        work.unit.update_delivery(&delivery)?;
        go_on(work, &delivery)?;
    }
    Ok(unknown)
}
