//! What somebody may change by a signed link: their own consents, and nothing else.

use crate::{
    Engine, FlowError, OWN_SOURCE,
    inward::{Incoming, Prepared},
};
use crowsnest_model::{
    Consent, ConsentClaim, ConsentStatus, DeliveryId, Event, EventId, EventKind, Identifier, Object, Time,
    consent, definition::Topic, delivery::Delivery,
};
use crowsnest_store::{Read, StoreError};

/// Where a contact point stands: what its holder sees on the preference page.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The message whose link was followed.
    pub delivery: Delivery,
    /// The topics, and whether the contact point may be used for each.
    pub topics: Vec<(Topic, bool)>,
}

impl Engine {
    /// Where the contact point of a delivery stands; `None` for a delivery that is not there, or is no customer's. It blocks.
    pub fn standing(&self, id: DeliveryId) -> Result<Option<Standing>, FlowError> {
        let live = self.live();
        self.read(|read| {
            // A copy for the house itself is nobody's: its links change nothing.
            let Some(delivery) = read.delivery(id)?.filter(|found| found.seed.is_none()) else {
                return Ok(None);
            };
            let consents = read.consents(&delivery.channel, &delivery.contact)?;
            let topics = live
                .workspace()
                .topics
                .values()
                .filter(|topic| !topic.service)
                .map(|topic| {
                    let granted = consent::in_force(&consents, &topic.name)
                        .is_some_and(|found| found.status == ConsentStatus::Granted);
                    (topic.clone(), granted)
                })
                .collect();
            Ok(Some(Standing { delivery, topics }))
        })
    }

    /// Keeps what the holder of a delivery's contact point says about topics, with its evidence. In force for every
    /// message that is not on the line yet when this answers.
    pub async fn set_consents(
        &self,
        delivery: &Delivery,
        claims: Vec<(String, ConsentStatus)>,
        evidence: &str,
    ) -> Result<(), FlowError> {
        if claims.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let time = self.read(|read| latest_word(read, delivery, now))?;
        let said: Vec<String> = claims.iter().map(|(topic, status)| format!("{topic}={status}")).collect();
        // One moment, one contact point, the same words: sent twice it is the same event.
        let message_id =
            format!("{}-{}-{}", delivery.id, time.0, EventId::of("topics", &said.join(",")).0 as u32);
        let event = event_of(delivery, claims, evidence, message_id, (time, now));
        let prepared = Prepared::of(delivery.profile, event)
            .map_err(|error| FlowError::Broken(format!("an event cannot be written: {error}")))?;
        self.take_in_prepared(Incoming { events: vec![prepared], rejected: Vec::new() }).await?;
        Ok(())
    }
}

/// What the holder of a delivery's contact point says about topics, as an event: when, and when it was heard.
pub(crate) fn event_of(
    delivery: &Delivery,
    claims: Vec<(String, ConsentStatus)>,
    evidence: &str,
    message_id: String,
    (time, received): (Time, Time),
) -> Event {
    let withdrawn = claims.iter().any(|(_, status)| *status == ConsentStatus::Withdrawn);
    Event {
        id: EventId::of(OWN_SOURCE, &message_id),
        source: OWN_SOURCE.into(),
        message_id,
        kind: EventKind::Track,
        name: Some(if withdrawn { "Consent Withdrawn" } else { "Consent Granted" }.to_owned()),
        time,
        received,
        historical: false,
        identifiers: vec![Identifier::new(namespace(&delivery.channel), delivery.contact.clone())],
        previous: None,
        traits: Object::new(),
        properties: serde_json::value::to_raw_value(&serde_json::json!({
            "channel": delivery.channel, "program": delivery.program, "delivery": delivery.id,
        }))
        .ok(),
        context: None,
        consents: claims
            .into_iter()
            .map(|(topic, status)| ConsentClaim {
                channel: delivery.channel.clone(),
                contact: Some(delivery.contact.clone()),
                topic,
                status,
                evidence: Some(evidence.to_owned()),
            })
            .collect(),
    }
}

/// The moment of what the holder of a delivery's contact point says now: it is the latest word, also when a clock that was ahead
/// dated an earlier one later.
pub(crate) fn latest_word<R: Read + ?Sized>(
    read: &R,
    delivery: &Delivery,
    now: Time,
) -> Result<Time, StoreError> {
    let person = read.survivor(delivery.profile)?;
    let known = crate::outward::what_was_agreed(read, person, &delivery.channel, &delivery.contact)?;
    Ok(after_all(&known, now))
}

/// A moment after all that was said.
pub(crate) fn after_all(known: &[Consent], now: Time) -> Time {
    let latest = known.iter().map(|known| known.time).max();
    latest.map_or(now, |latest| now.max(Time(latest.0.saturating_add(1))))
}

/// The namespace of identifiers in which a channel's contact points are.
pub(crate) fn namespace(channel: &str) -> &str {
    if channel == "sms" { "phone" } else { channel }
}
