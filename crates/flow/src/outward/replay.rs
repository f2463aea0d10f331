//! What webhooks were told, told again: because people of the house say so, under the same id, by which a receiver knows a repetition.

use crate::{Engine, FlowError, inward::Working};
use crowsnest_model::{
    DeliveryId, Time,
    delivery::{Delivery, DeliveryState, WEBHOOK},
};
use crowsnest_store::{DeliveryFilter, RunState};
use serde::Serialize;

/// So many are queued anew in one commit, so that nobody else waits long.
const AT_ONCE: usize = 200;

/// What posting many again came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Replayed {
    /// How many are posted again, or would be.
    pub replayed: u64,
    /// How many stay as they are: their way through the program was ended, so that nobody has to hear of it.
    pub ended: u64,
}

impl Engine {
    /// Posts again what a webhook was told, or was not: what has come to its end, whichever that was. A second call while it waits is
    /// refused; and one by somebody who saw it when it had last changed at another moment, `as_seen`, so that a form that is sent
    /// twice posts once.
    pub async fn replay_post(
        &self,
        webhook: String,
        id: DeliveryId,
        as_seen: Option<Time>,
        reason: String,
    ) -> Result<Delivery, FlowError> {
        self.commit(move |work| {
            let Some(mut delivery) = work
                .unit
                .delivery(id)?
                .filter(|delivery| delivery.channel == WEBHOOK && delivery.contact == webhook)
            else {
                return Err(no_post(work, &webhook, id)?);
            };
            if as_seen.is_some_and(|seen| delivery.updated != seen) {
                return Err(FlowError::Refused(format!(
                    "{id} has changed since you looked at it: nothing is posted again; look once more"
                )));
            }
            if !matches!(delivery.state, DeliveryState::Sent | DeliveryState::Failed | DeliveryState::Expired)
            {
                return Err(FlowError::Refused(format!(
                    "{id} is {}: only what was sent, has failed or has expired can be posted again",
                    delivery.state
                )));
            }
            if let Some(ended) = why_not(work, &delivery)? {
                return Err(FlowError::Refused(format!("{id} is not posted again: {ended}")));
            }
            replay(work, &mut delivery, &reason)?;
            Ok(delivery)
        })
        .await
    }

    /// Posts again all that a webhook could not be told, since a moment and until before another if they are said. Counts them alone if
    /// `preview` says so. Said again with the same `before`, it leaves alone what has failed anew since.
    pub async fn replay_failed_posts(
        &self,
        webhook: &str,
        (since, before): (Option<Time>, Option<Time>),
        reason: String,
        preview: bool,
    ) -> Result<Replayed, FlowError> {
        let mut all = Replayed::default();
        let mut last = None;
        loop {
            let filter = DeliveryFilter {
                webhook: Some(webhook.to_owned()),
                state: Some(DeliveryState::Failed.as_str().to_owned()),
                since,
                before: last,
                ..DeliveryFilter::default()
            };
            let reason = reason.clone();
            let (oldest, some) = self
                .commit(move |work| {
                    let page = work.unit.deliveries(&filter, AT_ONCE)?;
                    let oldest = page.last().map(|delivery| delivery.id);
                    let mut some = Replayed::default();
                    for mut delivery in page {
                        if before.is_some_and(|before| delivery.updated >= before) {
                            continue;
                        }
                        if why_not(work, &delivery)?.is_some() {
                            some.ended += 1;
                            continue;
                        }
                        some.replayed += 1;
                        if !preview {
                            replay(work, &mut delivery, &reason)?;
                        }
                    }
                    Ok((oldest, some))
                })
                .await?;
            all.replayed += some.replayed;
            all.ended += some.ended;
            match oldest {
                Some(oldest) => last = Some(oldest),
                None => return Ok(all),
            }
        }
    }
}

/// That a webhook has no such delivery; of one that is another's, which.
fn no_post(work: &Working<'_>, webhook: &str, id: DeliveryId) -> Result<FlowError, FlowError> {
    let hint = match work.unit.delivery(id)? {
        Some(delivery) if delivery.channel == WEBHOOK => {
            format!("it went to the webhook `{}`, not to `{webhook}`", delivery.contact)
        }
        Some(delivery) => {
            format!(
                "it is a message of the channel {}: only what webhooks were told is posted again",
                delivery.channel
            )
        }
        None => format!("`crowsnest webhook show {webhook}` lists what `{webhook}` was told"),
    };
    Ok(FlowError::NotFound { kind: "delivery to this webhook", name: id.to_string(), hint: Some(hint) })
}

/// Why something is not told again: what it was for was called off.
fn why_not(work: &Working<'_>, delivery: &Delivery) -> Result<Option<String>, FlowError> {
    let Some(run) = delivery.run else { return Ok(None) };
    Ok(match work.unit.run(run)? {
        Some(run) if matches!(run.state, RunState::Active | RunState::Finished) => None,
        Some(run) => Some(format!(
            "its way through the program has ended: {}",
            run.reason.unwrap_or_else(|| run.state.as_str().to_owned())
        )),
        None => Some("its way through the program is not on record any more".to_owned()),
    })
}

fn replay(work: &mut Working<'_>, delivery: &mut Delivery, reason: &str) -> Result<(), FlowError> {
    delivery.state = DeliveryState::Queued;
    delivery.reason = Some(format!("it is posted again, as people of the house decided: {reason}"));
    delivery.mean_for(work.now);
    delivery.updated = work.now;
    // It has as many attempts as before, and people know that it is late.
    delivery.attempts = 0;
    delivery.expires = None;
    work.something_due = true;
    Ok(work.unit.update_delivery(delivery)?)
}
