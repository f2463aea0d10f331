//! From one item to one event.

use super::{
    MAX_EVENT, Sent,
    call::{self, Call, Text},
    consent, words_of,
};
use crate::{Reading, SourceReader, fault::Fault, json, moment, nearest};
use crowsnest_model::{Event, EventId, EventKind, Identifier, Namespace, Object, Time};
use jiff::tz::TimeZone;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// The longest value of an identifier, in bytes.
pub(crate) const MAX_IDENTIFIER: usize = 512;
const MAX_MESSAGE_ID: usize = 100;

/// Reads one item. `one` is its kind if the path said it; an item of a batch says its own.
pub(crate) fn read_item(
    item: &str,
    one: Option<EventKind>,
    sent: &Sent<'_>,
    reader: &SourceReader,
    reading: Reading,
) -> Result<Event, Fault> {
    let size = item.len() + sent.raw_context.map_or(0, |context| context.get().len());
    if size >= MAX_EVENT {
        return Err(Fault::new(
            "too-large",
            format!("the event has {size} bytes: an event must be smaller than {MAX_EVENT} bytes"),
        ));
    }
    let mended = json::mend(item);
    let invalid = |error: &serde_json::Error| {
        let code = if error.is_data() { "invalid-shape" } else { "invalid-json" };
        Fault::new(code, format!("{} (column {} of the event)", words_of(error), error.column()))
    };
    json::check(&mended).map_err(|error| invalid(&error))?;
    let call: Call<'_> = serde_json::from_str(&mended).map_err(|error| invalid(&error))?;
    let kind = match one {
        Some(kind) => kind,
        None => kind_of(&call)?,
    };
    let event = Builder { call: &call, kind, item, sent, reader, reading }.event()?;
    reader.check_contract(&event)?;
    Ok(event)
}

fn kind_of(call: &Call<'_>) -> Result<EventKind, Fault> {
    const KINDS: [&str; 6] = ["track", "identify", "page", "screen", "group", "alias"];
    let Some(word) = call.kind.as_deref() else {
        return Err(Fault::new("type", format!("`type` is missing: expected {}", nearest::listed(KINDS))));
    };
    word.parse().map_err(|()| {
        let near = nearest::did_you_mean(word, KINDS);
        let known = nearest::listed(KINDS);
        Fault::new("type", format!("`{}` is not a type: expected {known}{near}", nearest::shown(word)))
    })
}

/// What is at hand while one event is put together.
struct Builder<'a> {
    call: &'a Call<'a>,
    kind: EventKind,
    item: &'a str,
    sent: &'a Sent<'a>,
    reader: &'a SourceReader,
    reading: Reading,
}

/// The parts of a context that say who it is about.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct About<'a> {
    #[serde(borrow, default)]
    traits: Option<&'a RawValue>,
    #[serde(borrow, default)]
    external_ids: Option<&'a RawValue>,
}

/// One of Segment's external ids.
#[derive(serde::Deserialize)]
struct ExternalId<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    collection: Option<Cow<'a, str>>,
}

impl Builder<'_> {
    fn event(&self) -> Result<Event, Fault> {
        let context = if self.sent.context.is_empty() {
            self.call.context.map(ToOwned::to_owned)
        } else {
            json::with_members(self.call.context, &self.sent.context)
        };
        let about = about(context.as_deref())?;
        let context_traits = object("context.traits", about.traits)?;
        let (traits, mut consents) = self.traits(&context_traits)?;
        let identifiers = self.identifiers(&traits, &context_traits, about.external_ids)?;
        if !self.reader.names_a_person(&identifiers) {
            return Err(Fault::new(
                "no-identifier",
                "nothing says who this is: expected `userId`, `anonymousId`, an e-mail address or telephone number \
                 among the traits, or an external id",
            ));
        }
        let name = self.name()?;
        let properties = self.properties()?;
        if let Some(status) =
            name.as_deref().filter(|_| self.kind == EventKind::Track).and_then(consent::said_by)
        {
            let described = object("properties", properties.as_deref())?;
            consents.push(consent::claim(&described, status, "properties")?);
        }
        let message_id = self.message_id()?;
        Ok(Event {
            id: EventId::of(&self.reader.name, &message_id),
            source: self.reader.name.clone(),
            message_id,
            kind: self.kind,
            name,
            time: self.time()?,
            received: self.reading.received,
            historical: self.reading.historical,
            previous: self.previous()?,
            identifiers,
            traits,
            properties,
            context,
            consents,
        })
    }

    /// The traits of the person, and the consents among them.
    fn traits(&self, context_traits: &Object) -> Result<(Object, Vec<crowsnest_model::ConsentClaim>), Fault> {
        if self.kind != EventKind::Identify {
            return Ok((context_traits.clone(), Vec::new()));
        }
        let mut traits = object("traits", self.call.traits)?;
        let consents = consent::take_from(&mut traits)?;
        Ok((traits, consents))
    }

    fn identifiers(
        &self,
        traits: &Object,
        context_traits: &Object,
        external_ids: Option<&RawValue>,
    ) -> Result<Vec<Identifier>, Fault> {
        let known = &self.reader.namespaces;
        let mut found = Vec::with_capacity(2);
        if let Some(id) = &self.call.user_id {
            add(&mut found, "userId", &known.user_id, id)?;
        }
        if let Some(id) = &self.call.anonymous_id {
            add(&mut found, "anonymousId", &known.anonymous_id, id)?;
        }
        if self.kind == EventKind::Group {
            let id = self.call.group_id.as_deref().ok_or_else(|| {
                Fault::new("no-group", "`groupId` is missing: a group call says which account it is about")
            })?;
            add(&mut found, "groupId", &known.account, id)?;
        }
        for (place, said) in [("traits", traits), ("context.traits", context_traits)] {
            for (name, namespace) in [("email", &known.email), ("phone", &known.phone)] {
                let value = match said.get(name) {
                    Some(serde_json::Value::String(text)) => text.clone(),
                    Some(serde_json::Value::Number(number)) => number.to_string(),
                    _ => continue,
                };
                if !value.trim().is_empty() {
                    add(&mut found, &format!("{place}.{name}"), namespace, &value)?;
                }
            }
        }
        if let Some(raw) = external_ids {
            let list: Option<Vec<ExternalId<'_>>> = serde_json::from_str(raw.get()).map_err(|error| {
                Fault::new(
                    "invalid-shape",
                    format!("`context.externalIds`: expected a list of {{id, type}}: {}", words_of(&error)),
                )
            })?;
            for external in list.into_iter().flatten() {
                let of_people = external.collection.as_deref().is_none_or(|collection| collection == "users");
                if let (true, Some(id), namespace @ 1..) =
                    (of_people, &external.id.0, external.kind.trim().len())
                {
                    if namespace > MAX_IDENTIFIER {
                        return Err(Fault::new("identifier", "`context.externalIds`: a `type` is too long"));
                    }
                    add(&mut found, "context.externalIds", &Namespace::new(external.kind.trim()), id)?;
                }
            }
        }
        Ok(found)
    }

    fn name(&self) -> Result<Option<String>, Fault> {
        match self.kind {
            EventKind::Track => match &self.call.event {
                Some(event) => Ok(Some(event.trim().to_owned())),
                None => {
                    Err(Fault::new("no-event-name", "`event` is missing: a track call names what happened"))
                }
            },
            EventKind::Page | EventKind::Screen => Ok(self.call.name.as_deref().map(str::to_owned)),
            EventKind::Identify | EventKind::Group | EventKind::Alias => Ok(None),
        }
    }

    fn properties(&self) -> Result<Option<Box<RawValue>>, Fault> {
        let said = match self.kind {
            // A group's traits are the account's, not the person's.
            EventKind::Group => self.call.traits,
            EventKind::Identify | EventKind::Alias => None,
            EventKind::Track | EventKind::Page | EventKind::Screen => self.call.properties,
        };
        let category = self
            .call
            .category
            .as_deref()
            .filter(|_| matches!(self.kind, EventKind::Page | EventKind::Screen));
        let Some(category) = category else { return Ok(said.map(ToOwned::to_owned)) };
        let category = serde_json::value::to_raw_value(category)
            .map_err(|error| Fault::new("invalid-shape", format!("`category`: {error}")))?;
        Ok(json::with_members(said, &[(Cow::Borrowed("category"), &category)]))
    }

    fn previous(&self) -> Result<Option<Identifier>, Fault> {
        if self.kind != EventKind::Alias {
            return Ok(None);
        }
        let id = self.call.previous_id.as_deref().ok_or_else(|| {
            Fault::new("no-previous", "`previousId` is missing: an alias call says who the person was before")
        })?;
        let mut previous = Vec::new();
        add(&mut previous, "previousId", &self.reader.namespaces.anonymous_id, id)?;
        Ok(previous.pop())
    }

    fn message_id(&self) -> Result<String, Fault> {
        match self.call.message_id.as_deref() {
            // A byte is never more than a character, so the count is only made for the few that are long.
            Some(id) if id.len() > MAX_MESSAGE_ID && id.chars().count() > MAX_MESSAGE_ID => Err(Fault::new(
                "message-id",
                format!(
                    "`messageId` has {} characters: at most {MAX_MESSAGE_ID} are taken",
                    id.chars().count()
                ),
            )),
            Some(id) => Ok(id.to_owned()),
            None => Ok(format!("sha256-{:x}", HexDigest(&Sha256::digest(self.item)))),
        }
    }

    fn time(&self) -> Result<Time, Fault> {
        let received = self.reading.received;
        let read = |name: &str, text: &str| {
            moment::iso(text, &TimeZone::UTC).ok_or_else(|| {
                Fault::new(
                    "date",
                    format!(
                        "`{name}`: `{}` is not a moment: expected ISO 8601, such as 2026-03-01T09:30:00.000Z",
                        nearest::shown(text)
                    ),
                )
            })
        };
        let (name, stamp) = match (&self.call.original_timestamp, &self.call.timestamp) {
            (Some(stamp), _) => ("originalTimestamp", stamp),
            (None, Some(stamp)) => ("timestamp", stamp),
            (None, None) => return Ok(received),
        };
        let stamp = read(name, stamp)?;
        let time = match self.sent.at.as_ref().or(self.call.sent_at.as_ref()) {
            Some(sent) => received.minus(read("sentAt", sent)?.since(stamp)),
            None => stamp,
        };
        let time = time.plus(self.reading.shift).min(received);
        if Time::RANGE.contains(&time) {
            Ok(time)
        } else {
            Err(Fault::new("date", format!("`{name}` lies before the year 1")))
        }
    }
}

/// Adds an identifier, unless the same is there already.
fn add(found: &mut Vec<Identifier>, field: &str, namespace: &Namespace, value: &str) -> Result<(), Fault> {
    if value.len() > MAX_IDENTIFIER {
        return Err(Fault::new(
            "identifier",
            format!("`{field}` has {} bytes: an identifier has at most {MAX_IDENTIFIER}", value.len()),
        ));
    }
    if !found.iter().any(|known| known.namespace == *namespace && known.value == value) {
        found.push(Identifier::new(namespace.clone(), value));
    }
    Ok(())
}

/// The parts of the context that say who it is about. A context that cannot have them is not read.
fn about(context: Option<&RawValue>) -> Result<About<'_>, Fault> {
    let Some(context) = context else { return Ok(About::default()) };
    let text = context.get();
    // A name may be written with escapes; then there is a backslash and a `u` somewhere.
    if !(text.contains("\"traits\"") || text.contains("\"externalIds\"") || text.contains("\\u")) {
        return Ok(About::default());
    }
    serde_json::from_str(text)
        .map_err(|error| Fault::new("invalid-shape", format!("`context`: {}", words_of(&error))))
}

/// An object, read, without nulls. Absent is empty.
fn object(name: &str, raw: Option<&RawValue>) -> Result<Object, Fault> {
    let shape = |what: String| Fault::new("invalid-shape", format!("`{name}`: {what}"));
    let Some(raw) = raw else { return Ok(Object::new()) };
    let Some(raw) = call::as_object(raw).map_err(shape)? else { return Ok(Object::new()) };
    let mut object: Object = serde_json::from_str(raw.get()).map_err(|error| shape(words_of(&error)))?;
    json::drop_nulls(&mut object);
    Ok(object)
}

/// Bytes in hexadecimal digits.
pub(crate) struct HexDigest<'a>(pub &'a [u8]);

impl std::fmt::LowerHex for HexDigest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
