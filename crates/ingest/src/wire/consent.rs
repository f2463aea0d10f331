//! Consents on the wire: the trait `consents`, and the track events that give or withdraw one.

use crate::fault::Fault;
use crowsnest_model::{ConsentClaim, ConsentStatus, Object, consent::EVERY_TOPIC};
use serde_json::Value;

/// The track event that gives a consent.
const GRANTED: &str = "Consent Granted";
/// The track event that withdraws one.
const WITHDRAWN: &str = "Consent Withdrawn";

/// What a track event of this name says about the consent that its properties describe.
pub(super) fn said_by(event: &str) -> Option<ConsentStatus> {
    match event {
        GRANTED => Some(ConsentStatus::Granted),
        WITHDRAWN => Some(ConsentStatus::Withdrawn),
        _ => None,
    }
}

/// Takes the trait `consents` out of the traits of an identify call.
pub(super) fn take_from(traits: &mut Object) -> Result<Vec<ConsentClaim>, Fault> {
    let Some(value) = traits.shift_remove("consents") else { return Ok(Vec::new()) };
    let Value::Array(list) = value else {
        return Err(Fault::new("consent", "`traits.consents`: expected a list of {channel, topic, status}"));
    };
    list.iter()
        .enumerate()
        .map(|(index, entry)| {
            let place = format!("traits.consents[{index}]");
            let Value::Object(entry) = entry else {
                return Err(Fault::new("consent", format!("`{place}`: expected {{channel, topic, status}}")));
            };
            let status = match (entry.get("status"), entry.get("granted")) {
                (Some(Value::String(word)), None) if word == "granted" => ConsentStatus::Granted,
                (Some(Value::String(word)), None) if word == "withdrawn" => ConsentStatus::Withdrawn,
                (None, Some(Value::Bool(true))) => ConsentStatus::Granted,
                (None, Some(Value::Bool(false))) => ConsentStatus::Withdrawn,
                _ => {
                    return Err(Fault::new(
                        "consent",
                        format!(
                            "`{place}`: expected either `status`, which is `granted` or `withdrawn`, or `granted`, \
                             which is true or false"
                        ),
                    ));
                }
            };
            claim(entry, status, &place)
        })
        .collect()
}

/// The claim that `object` describes.
pub(super) fn claim(object: &Object, status: ConsentStatus, place: &str) -> Result<ConsentClaim, Fault> {
    let text = |name: &str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)),
        Some(_) => Err(Fault::new("consent", format!("`{place}.{name}`: expected a text"))),
    };
    Ok(ConsentClaim {
        channel: text("channel")?.ok_or_else(|| {
            Fault::new("consent", format!("`{place}.channel` is missing: expected a channel, such as email"))
        })?,
        contact: text("contact")?,
        topic: text("topic")?.unwrap_or_else(|| EVERY_TOPIC.to_owned()),
        status,
        evidence: text("evidence")?,
    })
}
