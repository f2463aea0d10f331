//! One touch of one person, inbound or outbound.

use crate::{ConsentClaim, EventId, Identifier, Object, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{fmt, str::FromStr, sync::Arc};

/// What an event says, in the words of the Segment specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// Something that was done; it has a name and properties.
    Track,
    /// Who somebody is; it has traits.
    Identify,
    /// A web page seen.
    Page,
    /// A screen of an app seen.
    Screen,
    /// Somebody belongs to an account.
    Group,
    /// Two identifiers are one person's.
    Alias,
}

impl EventKind {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Ok(match text {
            "track" => Self::Track,
            "identify" => Self::Identify,
            "page" => Self::Page,
            "screen" => Self::Screen,
            "group" => Self::Group,
            "alias" => Self::Alias,
            _ => return Err(()),
        })
    }
}

/// One touch, as it came: identifiers are not normalised, so that people can be derived again under other rules.
#[derive(Debug, Clone)]
pub struct Event {
    /// A hash of source and message id; copies have the same.
    pub id: EventId,
    /// The source that sent it.
    pub source: Arc<str>,
    /// What the source calls it, at most 100 characters.
    pub message_id: String,
    /// What it says.
    pub kind: EventKind,
    /// The name of a track event, page or screen.
    pub name: Option<String>,
    /// When it happened, by our clock.
    pub time: Time,
    /// When it came in.
    pub received: Time,
    /// Loaded as history: it changes profiles, but triggers nothing.
    pub historical: bool,
    /// By what the source knows the person.
    pub identifiers: Vec<Identifier>,
    /// For an alias: the identifier that `identifiers` are the same person as.
    pub previous: Option<Identifier>,
    /// What it says of the person.
    pub traits: Object,
    /// What it says of itself. A JSON object.
    pub properties: Option<Box<RawValue>>,
    /// The circumstances: page, device, campaign. A JSON object.
    pub context: Option<Box<RawValue>>,
    /// Consents given or withdrawn with it.
    pub consents: Vec<ConsentClaim>,
}

/// The part of an event that the store keeps as one JSON document beside its columns. Format 1.
#[derive(Serialize, Deserialize)]
struct Body<'a> {
    #[serde(rename = "messageId")]
    message_id: std::borrow::Cow<'a, str>,
    identifiers: std::borrow::Cow<'a, [Identifier]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<std::borrow::Cow<'a, Identifier>>,
    #[serde(default, skip_serializing_if = "object_is_empty")]
    traits: std::borrow::Cow<'a, Object>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    properties: Option<std::borrow::Cow<'a, RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    context: Option<std::borrow::Cow<'a, RawValue>>,
    #[serde(default, skip_serializing_if = "claims_are_empty")]
    consents: std::borrow::Cow<'a, [ConsentClaim]>,
}

fn object_is_empty(object: &Object) -> bool {
    object.is_empty()
}

fn claims_are_empty(claims: &[ConsentClaim]) -> bool {
    claims.is_empty()
}

/// What the store keeps of an event in columns.
#[derive(Debug, Clone)]
pub struct EventColumns {
    /// See [`Event::id`].
    pub id: EventId,
    /// See [`Event::source`].
    pub source: Arc<str>,
    /// See [`Event::kind`].
    pub kind: EventKind,
    /// See [`Event::name`].
    pub name: Option<String>,
    /// See [`Event::time`].
    pub time: Time,
    /// See [`Event::received`].
    pub received: Time,
    /// See [`Event::historical`].
    pub historical: bool,
}

impl Event {
    /// The document that the store keeps beside the columns. JSON of format 1.
    pub fn body(&self) -> Result<Vec<u8>, serde_json::Error> {
        use std::borrow::Cow::Borrowed;
        let capacity = 256
            + self.properties.as_ref().map_or(0, |p| p.get().len())
            + self.context.as_ref().map_or(0, |c| c.get().len());
        let mut out = Vec::with_capacity(capacity);
        serde_json::to_writer(
            &mut out,
            &Body {
                message_id: Borrowed(&self.message_id),
                identifiers: Borrowed(&self.identifiers),
                previous: self.previous.as_ref().map(Borrowed),
                traits: Borrowed(&self.traits),
                properties: self.properties.as_deref().map(Borrowed),
                context: self.context.as_deref().map(Borrowed),
                consents: Borrowed(&self.consents),
            },
        )?;
        Ok(out)
    }

    /// The event of these columns and this document.
    pub fn from_stored(columns: EventColumns, body: &[u8]) -> Result<Self, serde_json::Error> {
        let body: Body<'_> = serde_json::from_slice(body)?;
        Ok(Self {
            id: columns.id,
            source: columns.source,
            message_id: body.message_id.into_owned(),
            kind: columns.kind,
            name: columns.name,
            time: columns.time,
            received: columns.received,
            historical: columns.historical,
            identifiers: body.identifiers.into_owned(),
            previous: body.previous.map(std::borrow::Cow::into_owned),
            traits: body.traits.into_owned(),
            properties: body.properties.map(std::borrow::Cow::into_owned),
            context: body.context.map(std::borrow::Cow::into_owned),
            consents: body.consents.into_owned(),
        })
    }

    /// The properties, read. No properties are an empty object.
    pub fn properties_object(&self) -> Object {
        self.properties.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_stored_and_read_back() {
        let event = Event {
            id: EventId::of("web", "m-1"),
            source: "web".into(),
            message_id: "m-1".into(),
            kind: EventKind::Track,
            name: Some("Cart Updated".into()),
            time: Time(1_000),
            received: Time(2_000),
            historical: false,
            identifiers: vec![Identifier::new("email", "Ann@Example.com")],
            previous: None,
            traits: Object::new(),
            properties: Some(RawValue::from_string(r#"{"value":50}"#.into()).unwrap()),
            context: None,
            consents: vec![],
        };
        let columns = EventColumns {
            id: event.id,
            source: event.source.clone(),
            kind: event.kind,
            name: event.name.clone(),
            time: event.time,
            received: event.received,
            historical: event.historical,
        };
        let body = event.body().unwrap();
        assert_eq!(
            std::str::from_utf8(&body).unwrap(),
            r#"{"messageId":"m-1","identifiers":[{"namespace":"email","value":"Ann@Example.com"}],"properties":{"value":50}}"#
        );
        let back = Event::from_stored(columns, &body).unwrap();
        assert_eq!(format!("{back:?}"), format!("{event:?}"));
    }
}
