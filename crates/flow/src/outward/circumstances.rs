//! What is in force at a moment for all that is due: watermarks and kill switches; what is held for them and released.

use crate::{FlowError, Live};
use crowsnest_model::{Duration, Time, definition::FreshnessNeed, delivery::DeliveryState};
use crowsnest_store::{Read, Switch, Unit, Watermark};
use std::collections::HashMap;

/// How far a watermark may be ahead of our clock before it is not believed.
const CLOCKS_DIFFER: Duration = Duration::minutes(1);

/// What the scope of a switch for the marketing messages of a channel begins with.
pub(crate) const CHANNEL_SCOPE: &str = "channel:";

/// The scope of a switch for the marketing messages of a channel.
pub(super) fn channel_scope(channel: &str) -> String {
    format!("{CHANNEL_SCOPE}{channel}")
}

/// What is in force at this moment for all deliveries of a claim.
pub(super) struct Circumstances {
    watermarks: HashMap<String, Watermark>,
    switches: Vec<Switch>,
}

impl Circumstances {
    pub(super) fn read(read: &(impl Read + ?Sized)) -> Result<Self, FlowError> {
        Ok(Self {
            watermarks: read.watermarks()?.into_iter().map(|mark| (mark.source.clone(), mark)).collect(),
            switches: read.switches()?,
        })
    }

    /// Why the feeds that a program needs are not fresh enough; `None` when they are.
    pub(super) fn stale(&self, needs: &[FreshnessNeed], now: Time) -> Option<String> {
        needs.iter().find_map(|need| match self.watermarks.get(&need.source) {
            None => Some(format!("{} has never said up to when it is complete", need.source)),
            // A clock that was ahead said so: nobody knows up to when it is complete, until it says so again.
            Some(mark) if mark.complete_until > now.plus(CLOCKS_DIFFER) => Some(format!(
                "{} says that it is complete until {}, which has not come",
                need.source, mark.complete_until
            )),
            Some(mark) => {
                let lag = now.since(mark.complete_until);
                (lag > need.max_lag).then(|| {
                    format!(
                        "{} is complete until {} only, and may lag {} at most",
                        need.source,
                        mark.complete_until,
                        need.max_lag.in_words()
                    )
                })
            }
        })
    }

    /// Why a message is not sent just now: somebody has stopped or paused its program, or its channel is stopped.
    pub(super) fn stopped(&self, live: &Live, program: &str, channel: &str, topic: &str) -> Option<String> {
        let thrown = |scope: &str| self.switches.iter().find(|switch| switch.scope == scope);
        if thrown("*").is_some() {
            return Some("the kill switch for all is thrown".to_owned());
        }
        if thrown(program).is_some() {
            return Some("the program's kill switch is thrown".to_owned());
        }
        if live.plan().is_paused(program) {
            return Some(super::resume::PAUSED.to_owned());
        }
        let switch = thrown(&channel_scope(channel)).filter(|_| !live.is_service(topic))?;
        let why = switch.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Some(format!("the kill switch for marketing messages by {channel} is thrown{why}"))
    }
}

/// A source's watermark moved: what was held for it and is fresh now is queued again. True when anything was.
pub(crate) fn release_fresh(
    unit: &mut dyn Unit,
    live: &Live,
    source: &str,
    now: Time,
) -> Result<bool, FlowError> {
    let programs = live.programs_needing(source);
    if programs.is_empty() {
        return Ok(false);
    }
    let names: Vec<&str> = programs.iter().map(String::as_str).collect();
    release(unit, live, &names, now)
}

/// A kill switch was reset: what was held for it is queued again.
pub(crate) fn release_switched(unit: &mut dyn Unit, live: &Live, now: Time) -> Result<bool, FlowError> {
    let names: Vec<&str> = live.ever_named().iter().map(String::as_str).collect();
    release(unit, live, &names, now)
}

fn release(unit: &mut dyn Unit, live: &Live, programs: &[&str], now: Time) -> Result<bool, FlowError> {
    let held = unit.held_deliveries(programs)?;
    if held.is_empty() {
        return Ok(false);
    }
    let mut released = false;
    let circumstances = Circumstances::read(unit)?;
    for mut delivery in held {
        let needs = live.requires_fresh(&delivery.program, delivery.version).unwrap_or_default();
        let still = circumstances
            .stopped(live, &delivery.program, &delivery.channel, &delivery.topic)
            .or_else(|| circumstances.stale(needs, now));
        if let Some(still) = still {
            if kind_of(delivery.reason.as_deref()) != kind_of(Some(&still)) {
                delivery.reason = Some(still);
                delivery.updated = now;
                unit.update_delivery(&delivery)?;
            }
            continue;
        }
        let held_for = delivery.reason.take().unwrap_or_default();
        delivery.state = DeliveryState::Queued;
        delivery.reason = Some(format!("released; it was held: {held_for}"));
        delivery.mean_for(now);
        delivery.updated = now;
        unit.update_delivery(&delivery)?;
        released = true;
    }
    Ok(released)
}

/// What a reason to hold is about: a switch, or a source. While that stays the same, it is not written again, however
/// often a watermark moves.
fn kind_of(reason: Option<&str>) -> Option<&str> {
    reason.and_then(
        |reason| if reason.contains("kill switch") { Some(reason) } else { reason.split(' ').next() },
    )
}
