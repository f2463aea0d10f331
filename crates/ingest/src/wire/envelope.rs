//! The outer JSON of a body. Its items stay raw, so that one bad item never sinks the rest.

use super::{Batch, Endpoint, MAX_BODY, MAX_EVENTS, Sent, WireError, call, read_item, text_of, words_of};
use crate::{Reading, SourceReader, fault::Again, json};
use crowsnest_model::EventKind;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A body whose outer JSON has been read.
#[derive(Debug)]
pub struct Envelope<'a> {
    write_key: Option<Cow<'a, str>>,
    /// For a body that is one event: its kind.
    one: Option<EventKind>,
    import: bool,
    items: Vec<&'a str>,
    sent: Sent<'a>,
}

/// The one thing in a single call that is not about its event.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Keyed<'a> {
    #[serde(borrow, default)]
    write_key: Option<&'a RawValue>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outer<'a> {
    #[serde(borrow, default)]
    write_key: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sent_at: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    batch: Option<Items<'a>>,
}

/// The items of a batch, as far as a batch may go; all are counted.
struct Items<'a> {
    first: Vec<&'a RawValue>,
    count: usize,
}

impl<'de: 'a, 'a> Deserialize<'de> for Items<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`batch` to be a list of events")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut first = Vec::new();
                while first.len() < MAX_EVENTS {
                    match seq.next_element::<&RawValue>()? {
                        Some(item) => first.push(item),
                        None => return Ok(Items { count: first.len(), first }),
                    }
                }
                let mut count = first.len();
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Items { first, count })
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'a> Envelope<'a> {
    /// Reads the outer JSON of a body that came, decompressed, to `endpoint`.
    pub fn parse(endpoint: Endpoint, body: &'a [u8]) -> Result<Self, WireError> {
        if body.len() > MAX_BODY {
            return Err(WireError::TooLarge { limit: MAX_BODY });
        }
        let text = text_of(body)?;
        if text.trim_start().as_bytes().first() == Some(&b'[') {
            // Said here, because a struct can also be read from a list of its fields.
            serde_json::from_str::<IgnoredAny>(text).map_err(|error| WireError::json(&error))?;
            return Err(WireError::InvalidShape { what: "expected a JSON object, but a list came".into() });
        }
        let import = endpoint == Endpoint::Import;
        if let Endpoint::One(kind) = endpoint {
            // The item is the whole body: its `sentAt` and `context` are its own.
            let keyed: Keyed<'a> = serde_json::from_str(text).map_err(|error| WireError::json(&error))?;
            let (write_key, items) = (short_text(keyed.write_key), vec![text.trim()]);
            return Ok(Self { write_key, one: Some(kind), import, items, sent: Sent::default() });
        }
        let outer: Outer<'a> = serde_json::from_str(text).map_err(|error| WireError::json(&error))?;
        let write_key = short_text(outer.write_key);
        let items = outer.batch.ok_or_else(|| WireError::InvalidShape {
            what: "expected a batch: an object with the member `batch`, a list of events".into(),
        })?;
        if items.count > MAX_EVENTS {
            return Err(WireError::TooMany { count: items.count, limit: MAX_EVENTS });
        }
        let raw_context = match outer.context {
            Some(raw) => call::as_object(raw)
                .map_err(|what| WireError::InvalidShape { what: format!("`context`: {what}") })?,
            None => None,
        };
        let sent = Sent {
            at: match outer.sent_at {
                None => None,
                Some(raw) => {
                    serde_json::from_str::<call::Text<'a>>(raw.get())
                        .map_err(|error| WireError::InvalidShape {
                            what: format!("`sentAt`: {}", words_of(&error)),
                        })?
                        .0
                }
            },
            context: raw_context.and_then(json::members).unwrap_or_default(),
            raw_context,
        };
        let items = items.first.into_iter().map(RawValue::get).collect();
        Ok(Self { write_key, one: None, import, items, sent })
    }

    /// The write key in the body, if there is one.
    pub fn write_key(&self) -> Option<&str> {
        self.write_key.as_deref()
    }

    /// How many events the body has, good and bad.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no event in the body.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Reads every item: each becomes an event or a rejection.
    pub fn read(self, reader: &SourceReader, reading: Reading) -> Batch {
        let reading = Reading { historical: reading.historical || self.import, ..reading };
        let mut batch = Batch { events: Vec::with_capacity(self.items.len()), rejected: Vec::new() };
        for (index, item) in self.items.iter().enumerate() {
            match read_item(item, self.one, &self.sent, reader, reading) {
                Ok(event) => batch.events.push(event),
                Err(fault) => {
                    let place = match self.one {
                        Some(_) => "body".to_owned(),
                        None => format!("batch[{index}]"),
                    };
                    let again = Again {
                        kind: self.one.map(|kind| kind.as_str().to_owned()),
                        sent_at: self.sent.at.as_deref().map(str::to_owned),
                        // A context that is too large by itself made every item too large: no use in keeping it.
                        context: self
                            .sent
                            .raw_context
                            .filter(|context| context.get().len() < super::MAX_EVENT)
                            .map(ToOwned::to_owned),
                        ..Again::of(reading)
                    };
                    batch.rejected.push(fault.rejection(
                        &reader.name,
                        None,
                        &place,
                        item.as_bytes(),
                        again.write(),
                    ));
                }
            }
        }
        batch
    }
}

/// A text that is written as one; anything else is no key, and the body is judged without it.
fn short_text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    raw.and_then(|raw| serde_json::from_str::<call::Text<'_>>(raw.get()).ok()).and_then(|text| text.0)
}
