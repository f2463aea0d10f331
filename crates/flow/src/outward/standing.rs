//! How we stand as a sender on each channel: counted with what comes back, in the same commit, and stopped in it when it is too much.
//!
//! Mailbox providers turn away everything of a sender of whom too many complain. So past the limits a switch is thrown for the marketing
//! messages of the channel; service messages go on. People of the house reset it, and from then on it is counted
//! anew: what was sent before does not throw it again.

use super::circumstances::channel_scope;
use crate::{Engine, FlowError, Live, inward::Working};
use crowsnest_model::{
    Time,
    definition::SendingLimits,
    delivery::{CHANNELS, Delivery, DeliveryState, Feedback},
    sending::{Counted, SendingCounts},
};
use crowsnest_programs::policy::{Standing, standing};
use crowsnest_store::{Read, Switch, Unit};

/// How we stand on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderStanding {
    /// The channel.
    pub channel: String,
    /// What was counted within the limits' time, or since it was last begun anew.
    pub counts: SendingCounts,
    /// What is too much.
    pub limits: SendingLimits,
    /// What follows.
    pub standing: Standing,
    /// Since when its marketing messages are stopped, by whomever.
    pub stopped: Option<Time>,
}

impl Engine {
    /// How we stand on each channel.
    pub fn senders(&self) -> Result<Vec<SenderStanding>, FlowError> {
        let (live, now) = (self.live(), self.now());
        let senders = self.read(|read| {
            let switches = read.switches()?;
            let mut senders = Vec::with_capacity(CHANNELS.len());
            for channel in CHANNELS {
                let limits = live.sending_limits(channel);
                let counts = read.sending_counts(channel, now.minus(limits.over))?;
                let scope = channel_scope(channel);
                let switch = switches.iter().find(|switch| switch.scope == scope);
                let by_counts = standing(&limits, &counts);
                let standing = match switch.and_then(|switch| switch.reason.clone()) {
                    Some(reason) => Standing::Stopped(reason),
                    None => by_counts,
                };
                let (channel, stopped) = (channel.to_owned(), switch.map(|switch| switch.since));
                senders.push(SenderStanding { channel, counts, limits, standing, stopped });
            }
            Ok(senders)
        })?;
        Ok(senders)
    }
}

/// So many messages were taken.
pub(super) fn sent(work: &mut Working<'_>, channel: &str, messages: u64) -> Result<(), FlowError> {
    Ok(work.unit.count_sending(channel, Counted::Message, work.now, messages)?)
}

/// A message went out and bounced, which is known at once: a server said that it reaches nobody.
pub(super) fn bounced(work: &mut Working<'_>, channel: &str) -> Result<(), FlowError> {
    sent(work, channel, 1)?;
    count(work, channel, Counted::Bounce)
}

/// Something came back on a message for the first time. `delivery` is as it was before that.
pub(super) fn heard(work: &mut Working<'_>, delivery: &Delivery, kind: Feedback) -> Result<(), FlowError> {
    let channel = &delivery.channel;
    let what = match (kind, delivery.state) {
        (Feedback::Complained, _) => Counted::Complaint,
        // Of one that has bounced or was refused it is known.
        (kind, DeliveryState::Sent | DeliveryState::Unknown) if kind.is_bounce() => Counted::Bounce,
        _ => return Ok(()),
    };
    // What went out before counting began anew is not counted any more, so that late complaints do not stop what comes after.
    let since = begun(&*work.unit, channel)?;
    if since.is_some_and(|since| delivery.updated < since) {
        return Ok(());
    }
    count(work, channel, what)
}

/// Counts one more, and stops the channel's marketing messages when that is one too many.
fn count(work: &mut Working<'_>, channel: &str, what: Counted) -> Result<(), FlowError> {
    let limits = work.live.sending_limits(channel);
    let mut counts = work.unit.sending_counts(channel, work.now.minus(limits.over))?;
    let before = standing(&limits, &counts);
    work.unit.count_sending(channel, what, work.now, 1)?;
    counts.add(what, 1);
    match standing(&limits, &counts) {
        Standing::Stopped(reason) => {
            let scope = channel_scope(channel);
            let switch = Switch { scope, since: work.now, reason: Some(reason.clone()) };
            if work.unit.throw_switch(&switch)? {
                tracing::error!(channel, reason, "marketing messages are stopped");
            }
        }
        Standing::Warned(reason) if before == Standing::Good => {
            tracing::warn!(channel, reason, "close to where marketing messages stop");
        }
        Standing::Warned(_) | Standing::Good => {}
    }
    Ok(())
}

/// Counting begins anew.
pub(crate) fn begin_anew(unit: &mut dyn Unit, channel: &str, now: Time) -> Result<(), FlowError> {
    unit.forget_sending_counts(channel)?;
    Ok(unit.put_setting(&begun_setting(channel), &now.0.to_string())?)
}

/// When counting was last begun anew.
fn begun(read: &(impl Read + ?Sized), channel: &str) -> Result<Option<Time>, FlowError> {
    let since = read.setting(&begun_setting(channel))?;
    Ok(since.and_then(|since| since.parse().ok()).map(Time))
}

fn begun_setting(channel: &str) -> String {
    format!("sending_counted_since:{channel}")
}

impl Live {
    /// What is too much on a channel.
    pub(crate) fn sending_limits(&self, channel: &str) -> SendingLimits {
        let email = self.workspace().organisation.email.as_ref().filter(|_| channel == "email");
        email.map(|account| account.limits.clone()).unwrap_or_default()
    }
}
