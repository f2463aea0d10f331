//! What an event says about consent, settled on a contact point.

use crowsnest_model::{Consent, ConsentClaim, Event, Profile, contact, delivery::LETTER};

/// The consents that an event gives or takes back, each for a contact point in its one spelling; then the claims that
/// say nothing, because no contact point is known or the one that they name is not the person's.
///
/// A claim without a contact point is about the one that the event itself names, else about the person's. One that names
/// a contact point is believed only when that is among the event's identifiers or the person's own: whoever can append
/// events must not be able to speak for somebody else. What is agreed about letters is agreed by the person, wherever they
/// live: an objection holds after they have moved. `country` is that of telephone numbers that come without one.
pub fn consents_of(event: &Event, profile: &Profile, country: &str) -> (Vec<Consent>, Vec<ConsentClaim>) {
    let mut settled = Vec::new();
    let mut homeless = Vec::new();
    for claim in &event.consents {
        match contact_of(claim, event, profile, country) {
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

fn contact_of(claim: &ConsentClaim, event: &Event, profile: &Profile, country: &str) -> Option<String> {
    let spelling = |text: &str| match claim.channel.as_str() {
        "email" => contact::email(text).ok(),
        "sms" | "phone" => contact::phone(text, contact::country(country).ok()).ok(),
        _ => Some(text.trim().to_owned()),
    };
    if claim.channel == LETTER {
        return Some(profile.id.to_string());
    }
    let Some(named) = &claim.contact else {
        let namespace = if claim.channel == "sms" { "phone" } else { claim.channel.as_str() };
        return event
            .identifiers
            .iter()
            .filter(|identifier| identifier.namespace.as_str() == namespace)
            .find_map(|identifier| spelling(&identifier.value))
            .or_else(|| profile.contact(&claim.channel));
    };
    let named = spelling(named)?;
    let by_event = event.identifiers.iter().map(|identifier| identifier.value.as_str());
    let by_person = profile.goes_by().map(|link| link.value.as_str());
    let own = by_event.chain(by_person).any(|value| spelling(value).as_ref() == Some(&named))
        || profile.contact(&claim.channel).as_ref() == Some(&named);
    own.then_some(named)
}
