//! Messages of unknown outcome: what became of them, said by people of the house.

use super::{bars::way_ended, purse::give_back, standing};
use crate::{Engine, FlowError, inward::Working};
use crowsnest_model::{
    DeliveryId, Time,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::DeliveryFilter;
use serde::{Deserialize, Serialize};

/// So many are resolved in one commit, so that nobody else waits long.
const AT_ONCE: usize = 200;

/// What became of a message of unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhatBecame {
    /// It went out.
    Sent,
    /// It did not go out, and shall not.
    Failed,
    /// It did not go out, and shall: it is checked and handed over again.
    Again,
}

/// Which messages of unknown outcome are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resolving {
    /// Of this program or broadcast.
    pub program: Option<String>,
    /// Of unknown outcome since this moment or later.
    pub since: Option<Time>,
    /// Of unknown outcome since before this moment.
    pub before: Option<Time>,
    /// Count them, and change nothing.
    pub preview: bool,
}

/// What resolving many came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Resolved {
    /// How many were resolved, or would be.
    pub resolved: u64,
    /// How many stay as they are: their way through the program has ended, so that they are not sent again.
    pub ended: u64,
}

impl Engine {
    /// Says what became of a message of unknown outcome.
    pub async fn resolve_delivery(
        &self,
        id: DeliveryId,
        became: WhatBecame,
        reason: String,
    ) -> Result<Delivery, FlowError> {
        self.commit(move |work| {
            let Some(mut delivery) = work.unit.delivery(id)? else {
                return Err(FlowError::NotFound { kind: "delivery", name: id.to_string(), hint: None });
            };
            if delivery.state != DeliveryState::Unknown {
                return Err(FlowError::Refused(format!(
                    "what became of {id} is known: it is {}. Only messages of unknown outcome can be resolved",
                    delivery.state
                )));
            }
            if let Some(ended) = why_not(work, &delivery, became)? {
                return Err(FlowError::Refused(format!("{id} is not sent again: {ended}")));
            }
            resolve(work, &mut delivery, became, &reason)?;
            Ok(delivery)
        })
        .await
    }

    /// Says what became of many messages of unknown outcome.
    pub async fn resolve_deliveries(
        &self,
        which: Resolving,
        became: WhatBecame,
        reason: String,
    ) -> Result<Resolved, FlowError> {
        if let Some(program) = &which.program {
            self.live().must_be_named(program)?;
        }
        let mut all = Resolved::default();
        let mut last = None;
        loop {
            let filter = DeliveryFilter {
                program: which.program.clone(),
                state: Some(DeliveryState::Unknown.as_str().to_owned()),
                before: last,
                seeds: true,
                ..DeliveryFilter::default()
            };
            let (which, reason) = (which.clone(), reason.clone());
            let (oldest, some) = self
                .commit(move |work| {
                    let page = work.unit.deliveries(&filter, AT_ONCE)?;
                    let oldest = page.last().map(|delivery| delivery.id);
                    let mut some = Resolved::default();
                    for mut delivery in page {
                        if which.since.is_some_and(|since| delivery.updated < since)
                            || which.before.is_some_and(|before| delivery.updated >= before)
                        {
                            continue;
                        }
                        if why_not(work, &delivery, became)?.is_some() {
                            some.ended += 1;
                            continue;
                        }
                        some.resolved += 1;
                        if !which.preview {
                            resolve(work, &mut delivery, became, &reason)?;
                        }
                    }
                    Ok((oldest, some))
                })
                .await?;
            all.resolved += some.resolved;
            all.ended += some.ended;
            match oldest {
                Some(oldest) => last = Some(oldest),
                None => return Ok(all),
            }
        }
    }
}

/// Why a message is not sent again: what it was for has happened meanwhile, say.
fn why_not(work: &Working<'_>, delivery: &Delivery, became: WhatBecame) -> Result<Option<String>, FlowError> {
    match became {
        WhatBecame::Again => way_ended(&*work.unit, delivery),
        WhatBecame::Sent | WhatBecame::Failed => Ok(None),
    }
}

fn resolve(
    work: &mut Working<'_>,
    delivery: &mut Delivery,
    became: WhatBecame,
    reason: &str,
) -> Result<(), FlowError> {
    delivery.state = match became {
        WhatBecame::Sent => DeliveryState::Sent,
        WhatBecame::Failed => DeliveryState::Failed,
        WhatBecame::Again => DeliveryState::Queued,
    };
    delivery.reason = Some(match became {
        WhatBecame::Sent => format!("it went out, as people of the house say: {reason}"),
        WhatBecame::Failed => format!("it did not go out, as people of the house say: {reason}"),
        WhatBecame::Again => format!("it is sent again, as people of the house decided: {reason}"),
    });
    if became != WhatBecame::Sent {
        give_back(work, delivery)?;
    } else if delivery.seed.is_none() {
        // A copy says nothing of how we stand with customers.
        standing::sent(work, &delivery.channel, 1)?;
    }
    if became == WhatBecame::Again {
        delivery.mean_for(work.now);
        work.something_due = true;
    }
    delivery.updated = work.now;
    Ok(work.unit.update_delivery(delivery)?)
}
