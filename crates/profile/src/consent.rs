//! What an event says about consent, settled on a contact point.

use crowsnest_model::{Consent, ConsentClaim, Event, Profile, contact};

/// The consents that an event gives or takes back, each for a contact point in its one spelling; then those that say
/// nothing, because no contact point is known, as claims.
///
/// A claim without a contact point is about the one that the event itself names, else about the person's.
pub fn consents_of(event: &Event, profile: &Profile) -> (Vec<Consent>, Vec<ConsentClaim>) {
    let mut settled = Vec::new();
    let mut homeless = Vec::new();
    for claim in &event.consents {
        let spelling = |text: &str| match claim.channel.as_str() {
            "email" => contact::email(text).ok(),
            "sms" | "phone" => contact::phone(text, None).ok(),
            _ => Some(text.trim().to_owned()),
        };
        let namespace = if claim.channel == "sms" { "phone" } else { claim.channel.as_str() };
        let named_by_event = || {
            event
                .identifiers
                .iter()
                .filter(|identifier| identifier.namespace.as_str() == namespace)
                .find_map(|identifier| spelling(&identifier.value))
        };
        let contact = match &claim.contact {
            Some(contact) => spelling(contact),
            None => named_by_event().or_else(|| profile.contact(&claim.channel)),
        };
        match contact {
            Some(contact) => settled.push(Consent {
                channel: claim.channel.clone(),
                contact,
                topic: claim.topic.clone(),
                status: claim.status,
                time: event.time,
                source: event.source.to_string(),
                evidence: claim.evidence.clone(),
            }),
            None => homeless.push(claim.clone()),
        }
    }
    (settled, homeless)
}
