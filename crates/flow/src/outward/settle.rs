//! Outcomes, written; and what follows for the runs that waited for them.

use super::{
    courier::Carried,
    feedback::suppress,
    purse::{count, give_back},
    standing,
};
use crate::{
    Engine, FlowError,
    inward::{Enrolment, Working},
};
use crowsnest_channels::{Outcome, email, retry_after, sms};
use crowsnest_model::{
    DeliveryId, Duration,
    delivery::{Delivery, DeliveryState, EMAIL, Feedback, PHONE, SMS, WEBHOOK},
};
use crowsnest_store::DeliveryFilter;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What a line that is down puts off waits so long for it to be well again, unless it asked for longer.
pub(super) const PUT_OFF: Duration = Duration::minutes(1);

/// What the reason ends with of what waits for a line that is down, and of what comes again when that asked it to.
pub(super) const WAITS_FOR_LINE: &str = "; will be tried again, which counts as no attempt";
const AS_ASKED: &str = "; will be tried again when it asked for that, which counts as no attempt";

/// Outcomes that are known and could not be written yet, because the disk was full, say. They come first: what was sent
/// must not be forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Unsettled(Arc<Mutex<Vec<(DeliveryId, Carried)>>>);

impl Unsettled {
    pub(super) fn add(&self, delivery: DeliveryId, carried: Carried) {
        metrics::counter!("crowsnest_handovers_total", "outcome" => word(&carried.outcome)).increment(1);
        self.lock().push((delivery, carried));
    }

    /// All of them, the first one first.
    pub(super) fn known(&self) -> Vec<(DeliveryId, Carried)> {
        self.lock().clone()
    }

    /// The first `settled` are written.
    pub(super) fn forget(&self, settled: usize) {
        let mut known = self.lock();
        let settled = settled.min(known.len());
        known.drain(..settled);
    }

    /// Writes them, in one commit.
    pub(super) async fn write(&self, engine: &Engine) -> Result<(), FlowError> {
        let outcomes = self.known();
        if outcomes.is_empty() {
            return Ok(());
        }
        let settled = outcomes.len();
        engine.commit(move |work| settle(work, outcomes)).await?;
        self.forget(settled);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(DeliveryId, Carried)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Later { .. } => "later",
        Outcome::Withheld { .. } => "withheld",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}

/// Writes what became of deliveries that were handed over.
pub(super) fn settle(work: &mut Working<'_>, outcomes: Vec<(DeliveryId, Carried)>) -> Result<(), FlowError> {
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    for (id, Carried { outcome, parts }) in outcomes {
        let Some(mut delivery) = work.unit.delivery(id)? else { continue };
        if delivery.state != DeliveryState::Sending {
            continue;
        }
        delivery.updated = work.now;
        let heard = heard_already(work, &delivery)?;
        // A copy says nothing of how we stand with customers.
        let is_copy = delivery.seed.is_some();
        if let Outcome::Refused { reason } = &outcome
            && !is_copy
            && reaches_nobody(&delivery.channel, reason)
        {
            suppress(work, &delivery.channel, &delivery.contact, format!("it was refused: {reason}"))?;
            if heard.is_none() {
                standing::bounced(work, &delivery.channel)?;
            }
        }
        // What the gateway has is on its bill, whatever the line seemed to say.
        if heard.is_none() && !matches!(outcome, Outcome::Accepted { .. } | Outcome::Unknown { .. }) {
            give_back(work, &delivery)?;
        } else {
            count(work, &delivery, parts)?;
        }
        let accepted = matches!(outcome, Outcome::Accepted { .. }) && delivery.channel != WEBHOOK;
        if heard.is_none() && accepted && !is_copy {
            *sent.entry(delivery.channel.clone()).or_default() += 1;
        }
        let (state, reason) = match heard {
            Some(became) => counted(work, &delivery, became)?,
            None => outcome_of(work, &mut delivery, outcome),
        };
        delivery.state = state;
        delivery.reason = Some(reason);
        work.unit.update_delivery(&delivery)?;
        go_on(work, &delivery)?;
    }
    for (channel, messages) in sent {
        standing::sent(work, &channel, messages)?;
    }
    Ok(())
}

/// What follows from an outcome. One that may be tried again is due again.
fn outcome_of(work: &Working<'_>, delivery: &mut Delivery, outcome: Outcome) -> (DeliveryState, String) {
    match outcome {
        Outcome::Accepted { response } => (DeliveryState::Sent, response),
        // The claim says whether it waits or ends.
        Outcome::Withheld { reason } => {
            delivery.put_off_by_fault(work.now);
            delivery.attempts = delivery.attempts.saturating_sub(1);
            (DeliveryState::Queued, format!("not sent after all: {reason}"))
        }
        Outcome::Refused { reason } => (DeliveryState::Failed, reason),
        Outcome::Unknown { reason } => (DeliveryState::Unknown, reason),
        // No try of its own: nothing that came next would have fared better, so that it does not come nearer to being
        // given up. It waits as long as it has time to live, since the line is tried again and again; and goes before it is
        // due if the line needs one to try it, unless the other side asked to be left alone.
        Outcome::Later { reason, asked, line_is_down: true } => {
            delivery.attempts = delivery.attempts.saturating_sub(1);
            delivery.put_off_by_fault(work.now.plus(retry_after(0, asked).unwrap_or(PUT_OFF)));
            let when = if asked.is_some() { AS_ASKED } else { WAITS_FOR_LINE };
            (DeliveryState::Queued, format!("{reason}{when}"))
        }
        Outcome::Later { reason, asked, .. } => match retry_after(delivery.attempts, asked) {
            Some(span) => {
                delivery.put_off_by_fault(work.now.plus(span));
                (DeliveryState::Queued, format!("{reason}; will be tried again"))
            }
            None => {
                (DeliveryState::Failed, format!("{reason}; given up after {} attempts", delivery.attempts))
            }
        },
    }
}

/// What came back on a text before its outcome was written: the gateway is quicker than we are, and what it says goes before
/// what the line seemed to say. It surely had the text, which is not tried again.
fn heard_already(
    work: &Working<'_>,
    delivery: &Delivery,
) -> Result<Option<(DeliveryState, String)>, FlowError> {
    if delivery.channel != SMS {
        return Ok(None);
    }
    let heard = work.unit.feedback_of(delivery.id)?;
    let of = |wanted: fn(Feedback) -> bool| heard.iter().map(|sum| sum.kind).find(|kind| wanted(*kind));
    let since = |kind: Feedback| format!("the gateway said so before it answered: {kind}");
    Ok(match (of(Feedback::is_bounce), of(|kind| kind == Feedback::Delivered)) {
        (_, Some(kind)) => Some((DeliveryState::Sent, since(kind))),
        (Some(kind), None) => Some((DeliveryState::Bounced, since(kind))),
        (None, None) => None,
    })
}

/// What was heard already counts in how we stand as a sender.
fn counted(
    work: &mut Working<'_>,
    delivery: &Delivery,
    became: (DeliveryState, String),
) -> Result<(DeliveryState, String), FlowError> {
    match became.0 {
        DeliveryState::Bounced => standing::bounced(work, &delivery.channel)?,
        _ => standing::sent(work, &delivery.channel, 1)?,
    }
    Ok(became)
}

/// Whether a refusal says that nothing will ever reach this contact point.
fn reaches_nobody(channel: &str, reason: &str) -> bool {
    match channel {
        EMAIL => email::returns::reaches_nobody(reason),
        SMS => sms::reaches_nobody(reason),
        _ => false,
    }
}

/// The run that waited for a delivery goes on, once that has ended.
pub(super) fn go_on(work: &mut Working<'_>, delivery: &Delivery) -> Result<(), FlowError> {
    let Some(run) = delivery.run.filter(|_| delivery.state.is_final()) else { return Ok(()) };
    let person = work.unit.survivor(delivery.profile)?;
    // What was sent or posted again is waited for by nobody while the run waits for what it has sent or told since.
    let of_run = DeliveryFilter { run: Some(run), ..DeliveryFilter::default() };
    let waits = |other: &Delivery| other.id > delivery.id && !other.state.is_final();
    let went_on = work.unit.deliveries(&of_run, usize::MAX >> 1)?.iter().any(waits);
    if work.try_load(person)? == Ok(true) {
        let mut enrolment = Enrolment::of(work);
        if [WEBHOOK, PHONE].contains(&&*delivery.channel) {
            enrolment.note_told(run, delivery)?;
        }
        if went_on {
            return Ok(());
        }
        enrolment.delivered(person, run, delivery.ends_its_run())?;
    }
    Ok(())
}

/// At start: a message that was being sent when the process ended has an unknown outcome. What was being posted to a
/// webhook is posted again, since its receiver knows it by its id. Answers how many outcomes are unknown.
pub(crate) fn interrupted(work: &mut Working<'_>) -> Result<usize, FlowError> {
    let mut unknown = 0;
    for mut delivery in work.unit.sending_deliveries()? {
        let (state, reason) = match (heard_already(work, &delivery)?, delivery.channel == WEBHOOK) {
            (Some(became), _) => counted(work, &delivery, became)?,
            (None, true) => (
                DeliveryState::Queued,
                "crowsnest ended while it was being posted; it is posted again, under the same id".to_owned(),
            ),
            (None, false) => (
                DeliveryState::Unknown,
                "crowsnest ended while it was being sent; it may or may not have gone out".to_owned(),
            ),
        };
        unknown += usize::from(state == DeliveryState::Unknown);
        delivery.state = state;
        delivery.reason = Some(reason);
        delivery.updated = work.now;
        work.unit.update_delivery(&delivery)?;
        go_on(work, &delivery)?;
    }
    Ok(unknown)
}
