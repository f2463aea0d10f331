//! What comes back on a message after it was handed over, from whichever side: a mail server, a gateway, a link that was
//! followed. Each becomes an event of the person, changes the delivery and says what the contact point is worth, in one
//! commit. Heard twice it is one.

use super::{CallOutcome, seeds, standing};
use crate::{
    Engine, FlowError, OWN_SOURCE,
    inward::{Prepared, Working},
    preferences::{latest_word, namespace},
};
use crowsnest_ingest::FeedbackRow;
use crowsnest_model::{
    ConsentClaim, ConsentStatus, DeliveryId, Duration, Event, EventId, EventKind, Identifier, Object,
    Profile, Time,
    consent::EVERY_TOPIC,
    delivery::{Delivery, DeliveryState, EMAIL, Feedback, LETTER, PHONE, SMS, WEBHOOK},
    profile::Link,
    quarantine::Rejection,
};
use crowsnest_store::Suppression;
use serde::Deserialize;
use serde_json::json;

/// After so many messages that came back for reasons that may pass, one after the other, nothing is sent any more.
const SOFT_BOUNCES: u64 = 5;

/// If it went on for so long: a mailbox that is full over a weekend is none that nobody reads.
const SOFT_FOR: Duration = Duration::days(7);

/// How we know of somebody that they do not want to be called.
pub(super) const NO_CALLS: &str = "said on the telephone that they do not want to be called";

/// What was heard of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What makes it one of its kind: the Message-ID of a report, the moment of a click. The same is heard once.
    pub id: String,
    /// When it happened.
    pub time: Time,
    /// What.
    pub what: What,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// It was looked at.
    Opened {
        /// By a machine of the receiver's, which says nothing of a person.
        #[serde(default)]
        by_machine: bool,
    },
    /// A link in it was followed.
    Clicked {
        /// Where it leads.
        url: String,
        /// By a machine of the receiver's.
        #[serde(default)]
        by_machine: bool,
    },
    /// It arrived: the receiver's side says so.
    Delivered,
    /// It reached nobody.
    Bounced {
        /// It never will: there is no such mailbox.
        for_good: bool,
        /// What the other side said.
        said: String,
    },
    /// Somebody called it spam.
    Complained {
        /// Who says so: the mailbox provider.
        said: String,
    },
    /// Somebody answered.
    Replied {
        /// It says that nothing more is wanted.
        #[serde(default)]
        unsubscribes: bool,
        /// By a machine: somebody is out of the office.
        #[serde(default)]
        by_machine: bool,
    },
    /// People of the house called.
    #[serde(skip_deserializing)]
    Called {
        /// What came of it.
        outcome: CallOutcome,
    },
}

impl What {
    /// What a word of a file means, with the reason that stands beside it.
    fn said_by(kind: Feedback, said: String) -> Self {
        match kind {
            Feedback::Opened => Self::Opened { by_machine: false },
            Feedback::OpenedByMachine => Self::Opened { by_machine: true },
            Feedback::Clicked => Self::Clicked { url: said, by_machine: false },
            Feedback::ClickedByMachine => Self::Clicked { url: said, by_machine: true },
            Feedback::BouncedForGood => Self::Bounced { for_good: true, said },
            Feedback::BouncedForNow => Self::Bounced { for_good: false, said },
            Feedback::Complained => Self::Complained { said },
            Feedback::Replied => Self::Replied { unsubscribes: false, by_machine: false },
            Feedback::RepliedByMachine => Self::Replied { unsubscribes: false, by_machine: true },
            Feedback::Delivered => Self::Delivered,
            Feedback::Answered => Self::Called { outcome: CallOutcome::Reached(said) },
            Feedback::Missed => Self::Called { outcome: CallOutcome::NoAnswer },
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Feedback {
        match self {
            Self::Opened { by_machine: false } => Feedback::Opened,
            Self::Opened { by_machine: true } => Feedback::OpenedByMachine,
            Self::Clicked { by_machine: false, .. } => Feedback::Clicked,
            Self::Clicked { by_machine: true, .. } => Feedback::ClickedByMachine,
            Self::Delivered => Feedback::Delivered,
            Self::Bounced { for_good: true, .. } => Feedback::BouncedForGood,
            Self::Bounced { for_good: false, .. } => Feedback::BouncedForNow,
            Self::Complained { .. } => Feedback::Complained,
            Self::Replied { by_machine: true, unsubscribes: false } => Feedback::RepliedByMachine,
            Self::Replied { .. } => Feedback::Replied,
            Self::Called { outcome } => match outcome {
                CallOutcome::Reached(_) | CallOutcome::DoNotCall => Feedback::Answered,
                CallOutcome::NoAnswer => Feedback::Missed,
                CallOutcome::WrongNumber => Feedback::BouncedForGood,
            },
        }
    }

    /// Whether somebody wants nothing more, and how they said it.
    fn withdraws(&self, channel: &str) -> Option<&'static str> {
        match self {
            Self::Complained { .. } => Some(match channel {
                EMAIL => "called it spam",
                LETTER => "refused the letter",
                _ => "complained about it",
            }),
            Self::Replied { unsubscribes: true, .. } => Some("answered that nothing more is wanted"),
            Self::Called { outcome: CallOutcome::DoNotCall } => Some(NO_CALLS),
            _ => None,
        }
    }

    /// The name of the event, as the specification of events for e-mail has it; nothing for what a machine did.
    fn event_name(&self, channel: &str) -> Option<String> {
        let what = match self.kind() {
            Feedback::Opened => "Opened",
            Feedback::Delivered => "Delivered",
            Feedback::Clicked => "Link Clicked",
            Feedback::BouncedForGood if matches!(self, Self::Called { .. }) => "Reached Wrong Number",
            Feedback::BouncedForGood | Feedback::BouncedForNow => "Bounced",
            Feedback::Answered => "Answered",
            Feedback::Missed => "Missed",
            Feedback::Complained if channel == LETTER => "Complained About",
            Feedback::Complained => "Marked as Spam",
            Feedback::Replied => "Replied",
            Feedback::OpenedByMachine | Feedback::ClickedByMachine | Feedback::RepliedByMachine => {
                return None;
            }
        };
        let channel = match channel {
            EMAIL => "Email",
            SMS => "SMS",
            PHONE => "Call",
            LETTER => "Letter",
            other => other,
        };
        Some(format!("{channel} {what}"))
    }
}

impl Engine {
    /// Hears what came back on a delivery. False when it was heard before.
    pub async fn hear(&self, id: DeliveryId, heard: Heard) -> Result<bool, FlowError> {
        self.commit(move |work| {
            let Some(delivery) = work.unit.delivery(id)? else {
                return Err(FlowError::NotFound { kind: "delivery", name: id.to_string(), hint: None });
            };
            hear(work, delivery, heard)
        })
        .await
    }
}

/// Hears what rows of a source's file say. Answers how many were new, and those of which there is no message.
pub(crate) fn hear_rows(
    work: &mut Working<'_>,
    source: &str,
    rows: Vec<FeedbackRow>,
) -> Result<(u64, Vec<Rejection>), FlowError> {
    let mut heard = 0;
    let mut unknown = Vec::new();
    for row in rows {
        // What a webhook is told reaches no person.
        let found = work.unit.delivery(row.delivery)?.filter(|delivery| delivery.channel != WEBHOOK);
        let Some(delivery) = found else {
            unknown.push(row.unknown);
            continue;
        };
        let (what, id) = (What::said_by(row.what, row.said), format!("{source}:{}", row.id));
        heard += u64::from(hear(work, delivery, Heard { id, time: row.time, what })?);
    }
    Ok((heard, unknown))
}

pub(super) fn hear(work: &mut Working<'_>, mut delivery: Delivery, heard: Heard) -> Result<bool, FlowError> {
    if delivery.seed.is_some() {
        return seeds::heard(work, delivery, &heard);
    }
    let kind = heard.what.kind();
    let time = match heard.what.withdraws(&delivery.channel) {
        // What somebody says now is their latest word, whatever the clock says of whoever passed it on.
        Some(_) => latest_word(&*work.unit, &delivery, work.now)?,
        // Clocks of others are wrong by years; nothing comes back before it was written, or later than now.
        None => heard.time.max(delivery.created).min(work.now),
    };
    // An event is claimed once. What a machine did is none, and counts each time.
    if let Some(name) = heard.what.event_name(&delivery.channel) {
        let person = work.unit.survivor(delivery.profile)?;
        work.load(person)?;
        let of = match work.people.get(&person).map(|loaded| &loaded.profile) {
            // A postal address tells nobody apart: it is theirs by what they go by.
            Some(profile) if delivery.channel == LETTER => known_by(profile),
            _ => Some(Identifier::new(namespace(&delivery.channel), delivery.contact.clone())),
        };
        let event = event(&delivery, &heard, kind, name, of, time, work.now)?;
        if work.unit.event(event.id)?.is_some() {
            return Ok(false);
        }
        let prepared = Prepared::of(person, event).map_err(broken)?;
        work.take_in_our_own(&prepared)?;
    }
    if delivery.state == DeliveryState::Unknown {
        // Now it is known that it went out, see below.
        standing::sent(work, &delivery.channel, 1)?;
    }
    if work.unit.put_feedback(&delivery, kind, time)? {
        standing::heard(work, &delivery, kind)?;
    }
    let (channel, contact) = (delivery.channel.clone(), delivery.contact.clone());
    match &heard.what {
        What::Bounced { for_good: true, said } => {
            suppress(work, &channel, &contact, format!("it bounced: {said}"))?;
        }
        What::Bounced { for_good: false, said } => {
            let bounces = work.unit.put_soft_bounce(&channel, &contact, time)?;
            if bounces.times >= SOFT_BOUNCES && time.since(bounces.first) >= SOFT_FOR {
                let reason = format!("it bounced {} times since {}: {said}", bounces.times, bounces.first);
                suppress(work, &channel, &contact, reason)?;
            }
        }
        What::Called { outcome: CallOutcome::WrongNumber } => {
            let reason = "it is a wrong number, as people of the house say".to_owned();
            suppress(work, &channel, &contact, reason)?;
        }
        _ if kind.is_by_machine() => {}
        _ => work.unit.forget_soft_bounces(&channel, &contact)?,
    }
    let state = match (&heard.what, delivery.state) {
        (What::Bounced { said, .. }, DeliveryState::Sent | DeliveryState::Unknown) => {
            Some((DeliveryState::Bounced, said.clone()))
        }
        // Whatever else comes back shows that it arrived.
        (What::Bounced { .. }, _) => None,
        (_, DeliveryState::Unknown) => Some((DeliveryState::Sent, format!("it arrived: {kind}"))),
        _ => None,
    };
    if let Some((state, reason)) = state {
        delivery.state = state;
        delivery.reason = Some(reason);
        delivery.updated = work.now;
        work.unit.update_delivery(&delivery)?;
    }
    Ok(true)
}

/// What somebody goes by, the last seen first, and a device only if there is nothing else.
fn known_by(profile: &Profile) -> Option<Identifier> {
    let latest = |link: &&Link| (link.namespace.as_str() != "anonymous_id", link.last_seen);
    profile.identifiers.iter().max_by_key(latest).map(Link::identifier)
}

/// Nothing is sent there any more. The first reason stands: false when there is one.
pub(crate) fn suppress(
    work: &mut Working<'_>,
    channel: &str,
    contact: &str,
    reason: String,
) -> Result<bool, FlowError> {
    let new = work.unit.suppression(channel, contact)?.is_none();
    if new {
        if channel == PHONE {
            work.numbers.insert(contact.to_owned());
        }
        let (channel, contact) = (channel.to_owned(), contact.to_owned());
        work.unit.put_suppression(&Suppression { channel, contact, reason, time: work.now })?;
    }
    Ok(new)
}

/// What makes an event of what was heard the only one.
pub(super) fn message_id(delivery: &Delivery, kind: Feedback, id: &str) -> String {
    format!("{}-{kind}-{id}", delivery.id)
}

/// What was heard, as an event of the person.
fn event(
    delivery: &Delivery,
    heard: &Heard,
    kind: Feedback,
    name: String,
    of: Option<Identifier>,
    time: Time,
    now: Time,
) -> Result<Event, FlowError> {
    let message_id = message_id(delivery, kind, &heard.id);
    let mut properties = json!({
        "delivery": delivery.id, "program": delivery.program, "template": delivery.template, "topic": delivery.topic,
        "channel": delivery.channel,
    });
    match &heard.what {
        What::Clicked { url, .. } => properties["url"] = url.clone().into(),
        What::Bounced { for_good, said } => {
            properties["for_good"] = (*for_good).into();
            properties["reason"] = said.clone().into();
        }
        What::Complained { said } => properties["reason"] = said.clone().into(),
        What::Replied { unsubscribes, .. } => properties["unsubscribes"] = (*unsubscribes).into(),
        What::Opened { .. } | What::Delivered => {}
        What::Called { outcome } => {
            properties["outcome"] = outcome.word().into();
            properties["try"] = delivery.attempts.into();
        }
    }
    let claim = |evidence: &str| ConsentClaim {
        channel: delivery.channel.clone(),
        contact: Some(delivery.contact.clone()),
        topic: EVERY_TOPIC.to_owned(),
        status: ConsentStatus::Withdrawn,
        evidence: Some(format!("{evidence} ({})", delivery.id)),
    };
    Ok(Event {
        id: EventId::of(OWN_SOURCE, &message_id),
        source: OWN_SOURCE.into(),
        message_id,
        kind: EventKind::Track,
        name: Some(name),
        time,
        received: now,
        historical: false,
        identifiers: of.into_iter().collect(),
        previous: None,
        traits: Object::new(),
        properties: Some(serde_json::value::to_raw_value(&properties).map_err(broken)?),
        context: None,
        consents: heard.what.withdraws(&delivery.channel).map(claim).into_iter().collect(),
    })
}

pub(super) fn broken(error: serde_json::Error) -> FlowError {
    FlowError::Broken(format!("an event cannot be written: {error}"))
}
