//! Outcomes, written; and what follows for the runs that waited for them.

use crate::{
    FlowError,
    inward::{Enrolment, Working},
};
use crowsnest_channels::email::{Outcome, retry_after};
use crowsnest_model::{
    DeliveryId,
    delivery::{Delivery, DeliveryState},
};

/// Writes what became of deliveries that were handed over.
pub(crate) fn settle(work: &mut Working<'_>, outcomes: Vec<(DeliveryId, Outcome)>) -> Result<(), FlowError> {
    for (id, outcome) in outcomes {
        let Some(mut delivery) = work.unit.delivery(id)? else { continue };
        if delivery.state != DeliveryState::Sending {
            continue;
        }
        delivery.updated = work.now;
        let (state, reason) = match outcome {
            Outcome::Accepted { response } => (DeliveryState::Sent, response),
            Outcome::Refused { reason } => (DeliveryState::Failed, reason),
            Outcome::Unknown { reason } => (DeliveryState::Unknown, reason),
            Outcome::Later { reason } => match retry_after(delivery.attempts) {
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
    if work.unit.profile(person)?.is_some() {
        work.load(person)?;
        Enrolment::of(work).delivered(person, run, delivery.state)?;
    }
    Ok(())
}

/// At start: what was being sent when the process ended has an unknown outcome.
pub(crate) fn interrupted(work: &mut Working<'_>) -> Result<usize, FlowError> {
    let reason = "crowsnest ended while it was being sent; it may or may not have gone out";
    let interrupted = work.unit.settle_interrupted(reason, work.now)?;
    for delivery in &interrupted {
        go_on(work, delivery)?;
    }
    Ok(interrupted.len())
}
