//! What the last check would say of a message that is not there: whether it would go out, when, and why not.

use super::{
    Purse,
    circumstances::Circumstances,
    contact::{Before, Circle, may_contact},
    purse::Paid,
};
use crate::{FlowError, Live};
use crowsnest_model::{
    Profile, Time,
    definition::{FreshnessNeed, Send},
    delivery::HandedOver,
};
use crowsnest_programs::policy::{self, Facts};
use crowsnest_store::Read;

/// How often the contact policy is asked again for one message. A message waits for a few reasons, not for hundreds.
const ASKED_AT_MOST: usize = 100;

/// A message that might be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) program: &'a str,
    pub(crate) needs: &'a [FreshnessNeed],
    pub(crate) send: &'a Send,
    /// When it would be due.
    pub(crate) due: Time,
    pub(crate) expires: Option<Time>,
}

/// What would become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// When it would go out; `None` when it would not.
    pub(crate) goes: Option<Time>,
    /// Why not, or what it waits for, in words.
    pub(crate) reasons: Vec<String>,
    /// Its time to live would run out first, which ends the run that it belongs to.
    pub(crate) expires: bool,
}

impl Forecast {
    fn stays(reason: String, mut reasons: Vec<String>) -> Self {
        reasons.push(reason);
        Self { goes: None, reasons, expires: false }
    }

    fn expires(reason: String, reasons: Vec<String>) -> Self {
        Self { expires: true, ..Self::stays(reason, reasons) }
    }

    /// What a message would be held for, if things stood as they do at `now`.
    pub(crate) fn held(
        read: &dyn Read,
        live: &Live,
        program: &str,
        needs: &[FreshnessNeed],
        (channel, topic): (&str, &str),
        now: Time,
    ) -> Result<Option<String>, FlowError> {
        let circumstances = Circumstances::read(read)?;
        let held =
            circumstances.stopped(live, program, channel, topic).or_else(|| circumstances.stale(needs, now));
        Ok(held.map(|held| format!("it would be held if things stood as they do now: {held}")))
    }

    /// The same as [`Forecast::of`], and asks last whether there is money for it, as budgets stand now: nobody knows what others will
    /// spend before it. What is `supposed` is paid.
    pub(crate) fn with_budgets(
        read: &dyn Read,
        live: &Live,
        profile: &Profile,
        message: &Message<'_>,
        supposed: &[HandedOver],
        now: Time,
    ) -> Result<Self, FlowError> {
        let paid = Paid::of(message.program, message.send);
        let mut message = *message;
        let mut reasons: Vec<String> = Vec::new();
        for _ in 0..ASKED_AT_MOST {
            let asked = Self::of(read, live, profile, &message, supposed, now)?;
            for reason in asked.reasons {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
            let Some(at) = asked.goes else {
                return Ok(Self { goes: None, reasons, expires: asked.expires });
            };
            let mut purse = Purse::read(read, live, at)?;
            supposed.iter().for_each(|handed| purse.suppose_then(live, handed));
            let Some((until, reason)) = purse.no_room(live, paid) else {
                return Ok(Self { goes: Some(at), reasons, expires: false });
            };
            if let Some(reason) = purse.never(live, paid) {
                return Ok(match message.expires {
                    Some(_) => Self::expires(reason, reasons),
                    None => Self::stays(reason, reasons),
                });
            }
            reasons.push(format!("{reason}; there is money again at {until}"));
            message.due = until;
        }
        Ok(Self::stays("it is put off again and again".to_owned(), reasons))
    }

    /// Asks everything that is asked next to the send, except for money. Kill switches and feeds are as they stand at `now`, which is this
    /// moment: nobody knows how they will be. `supposed` are messages that would have gone out before.
    pub(crate) fn of(
        read: &dyn Read,
        live: &Live,
        profile: &Profile,
        message: &Message<'_>,
        supposed: &[HandedOver],
        now: Time,
    ) -> Result<Self, FlowError> {
        let Message { program, needs, send, due, expires } = *message;
        let mut reasons = Vec::new();
        let contact = match live.contact(profile, &send.channel) {
            Ok(contact) => contact,
            Err(reason) => return Ok(Self::stays(reason, reasons)),
        };
        if expires.is_some_and(|expires| expires <= due) {
            return Ok(Self::expires("its time to live ran out".to_owned(), reasons));
        }
        reasons.extend(Self::held(read, live, program, needs, (&send.channel, &send.topic), now)?);
        if let Err(reason) = may_contact(read, live, profile.id, &send.channel, &contact, &send.topic)? {
            return Ok(Self::stays(reason, reasons));
        }
        let policy = live.policy();
        if policy.is_empty() || policy.exempts(&send.topic) {
            return Ok(Self { goes: Some(due), reasons, expires: false });
        }
        let circle = Circle::of(read, policy, profile.id)?;
        let zone = profile.time_zone(live.zone());
        let mut at = due;
        for _ in 0..ASKED_AT_MOST {
            let mut before = match Before::read(read, policy, &circle, profile.id, at)? {
                Ok(before) => before,
                Err(fault) => return Ok(Self::stays(format!("it cannot be decided: {fault}"), reasons)),
            };
            before.suppose(supposed);
            let facts = Facts {
                now: at,
                zone: &zone,
                program,
                channel: &send.channel,
                topic: &send.topic,
                expires,
                person: &before.person,
                household: before.household(),
            };
            match policy::decide(policy, &facts) {
                policy::Verdict::Send => return Ok(Self { goes: Some(at), reasons, expires: false }),
                policy::Verdict::Wait { until, reason } => {
                    reasons.push(reason);
                    at = until;
                }
                policy::Verdict::Suppress(reason) => return Ok(Self::stays(reason, reasons)),
                policy::Verdict::Expire(reason) => return Ok(Self::expires(reason, reasons)),
            }
        }
        Ok(Self::stays("the contact policy puts it off again and again".to_owned(), reasons))
    }
}
