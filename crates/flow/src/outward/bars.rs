//! What bars a message from going out: asked when it is claimed, and once more when the server waits for its first byte.

use super::{
    circumstances::Circumstances,
    contact::{may_contact, suppressed_word},
};
use crate::{Engine, FlowError, Live};
use crowsnest_channels::Outcome;
use crowsnest_model::{
    Time,
    delivery::{Delivery, DeliveryState, EMAIL, SMS, WEBHOOK},
};
use crowsnest_store::{Read, RunState};
use fail::fail_point;

/// What bars a message, and what becomes of it.
pub(super) enum Bar {
    /// It waits until that is over.
    Hold(String),
    /// It ends.
    End(DeliveryState, String),
}

impl Bar {
    fn into_reason(self) -> String {
        match self {
            Self::Hold(reason) | Self::End(_, reason) => reason,
        }
    }
}

/// What bars a delivery at this moment: its way has ended, its time to live ran out, somebody threw a switch, a feed is
/// not fresh, or its contact point may not be used. How much is too much is not asked here, since what is being sent counts
/// for that already.
pub(super) fn barred(
    read: &(impl Read + ?Sized),
    live: &Live,
    circumstances: &Circumstances,
    delivery: &Delivery,
    now: Time,
) -> Result<Option<Bar>, FlowError> {
    if let Some(reason) = way_ended(read, delivery)? {
        return Ok(Some(Bar::End(DeliveryState::Cancelled, reason)));
    }
    if delivery.expires.is_some_and(|expires| expires <= now) {
        return Ok(Some(Bar::End(DeliveryState::Expired, "its time to live ran out".into())));
    }
    if let Some(reason) = too_late(live, delivery, now) {
        return Ok(Some(Bar::End(DeliveryState::Expired, reason)));
    }
    if let Some(reason) = circumstances.stopped(live, &delivery.program, &delivery.channel, &delivery.topic) {
        return Ok(Some(Bar::Hold(reason)));
    }
    let Some(needs) = live.requires_fresh(&delivery.program, delivery.version) else {
        let reason = "its version of the program is not there, so nobody knows what it needs".into();
        return Ok(Some(Bar::End(DeliveryState::Cancelled, reason)));
    };
    if let Some(reason) = circumstances.stale(needs, now) {
        return Ok(Some(Bar::Hold(reason)));
    }
    // No message to the person.
    if delivery.channel == WEBHOOK {
        return Ok(None);
    }
    // Nobody's consent is asked for what goes to the house itself, but what must not be written to is not.
    if delivery.seed.is_some() {
        let suppressed = read.suppression(&delivery.channel, &delivery.contact)?;
        return Ok(suppressed.map(|found| {
            let reason = suppressed_word(&delivery.channel, &found.reason);
            Bar::End(DeliveryState::Suppressed, reason)
        }));
    }
    let person = read.survivor(delivery.profile)?;
    let may = may_contact(read, live, person, &delivery.channel, &delivery.contact, &delivery.topic)?;
    Ok(may.err().map(|reason| Bar::End(DeliveryState::Suppressed, reason)))
}

/// Why a program's message goes to nobody any more: it could not go out when it was due, since crowsnest or its line was down or
/// busy, and is later now than its program allows. What webhooks are told, calls and letters have moments of their own.
fn too_late(live: &Live, delivery: &Delivery, now: Time) -> Option<String> {
    let is_message = delivery.run.is_some() && [EMAIL, SMS].contains(&&*delivery.channel);
    let program = live.plan().version(&delivery.program, delivery.version).filter(|_| is_message)?;
    let late = delivery.late(now);
    (late > program.lateness()).then(|| {
        let before = delivery.reason.as_deref().filter(|_| delivery.state == DeliveryState::Queued);
        let before = before.map(|before| format!("; before that: {before}")).unwrap_or_default();
        format!("{}{before}", program.is_late(delivery.first_due.unwrap_or(delivery.due), late))
    })
}

/// Why the way that a delivery belongs to has ended, if it has: what it was for has happened, say. A way that came to its
/// end by itself has not: its last message may be tried again.
pub(super) fn way_ended(
    read: &(impl Read + ?Sized),
    delivery: &Delivery,
) -> Result<Option<String>, FlowError> {
    let Some(run) = delivery.run else { return Ok(None) };
    Ok(match read.run(run)? {
        Some(run) if matches!(run.state, RunState::Active | RunState::Finished) => None,
        Some(run) => Some(format!(
            "its way through the program has ended: {}",
            run.reason.unwrap_or_else(|| run.state.as_str().to_owned())
        )),
        None => Some("its way through the program is not on record any more".to_owned()),
    })
}

/// Asks what bars a claimed delivery now; the answer is what becomes of its hand-over then. Between its claim and its first
/// byte lie other messages, connections and slow servers: minutes, in which people unsubscribe.
pub(super) async fn last_word(engine: Engine, delivery: Delivery) -> Option<Outcome> {
    let asked = tokio::task::spawn_blocking(move || {
        fail_point!("last-word", |_| Err(FlowError::Broken("told to fail".into())));
        let (live, now) = (engine.live(), engine.now());
        let mut bar = None;
        engine.read(|read| {
            bar = Some(Circumstances::read(read).and_then(|all| barred(read, &live, &all, &delivery, now)));
            Ok(())
        })?;
        bar.transpose().map(Option::flatten)
    });
    match asked.await {
        Ok(Ok(bar)) => bar.map(|bar| Outcome::Withheld { reason: bar.into_reason() }),
        Ok(Err(error)) => Some(unasked(&error)),
        Err(error) => Some(unasked(&error)),
    }
}

/// Who cannot ask whether somebody said no does not send.
fn unasked(error: &dyn std::fmt::Display) -> Outcome {
    let reason = format!("it could not be asked once more whether this may go out: {error}");
    Outcome::Later { reason, asked: None, line_is_down: false }
}
