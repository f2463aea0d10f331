//! The workspace of these tests, and short forms of what they compare.

use crowsnest_ingest::{
    ItemRow, Reading, SourceReader,
    feed::{FeedError, FeedReader, Row},
    wire::{Batch, Endpoint, Envelope},
};
use crowsnest_model::{Duration, Event, Time, definition::Workspace, quarantine::Rejection};
use serde_json::{Value, json};
use std::{io::Read, sync::Arc};

/// When everything comes in.
pub fn received() -> Time {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub fn reading() -> Reading {
    Reading { received: received(), shift: Duration(0), historical: false }
}

/// A workspace whose source `shop` has the feed `f`.
pub fn workspace(feed: Value) -> Workspace {
    serde_json::from_value(json!({
        "organisation": {
            "workspace": "harbor", "title": "Harbor", "country": "US",
            "time_zone": "America/Chicago", "currency": "USD"
        },
        "identity": { "identity": "people" },
        "topics": {}, "templates": {}, "programs": {}, "broadcasts": {},
        "contracts": { "retail": {
            "contract": "retail", "unknown_events": "quarantine",
            "events": {
                "Order Completed": { "properties": {
                    "order_id": { "type": "text", "required": true },
                    "revenue": { "type": "number", "minimum": 0, "maximum": 1000000 },
                    "tier": { "type": "text", "enum": ["gold", "silver"] },
                    "card": { "type": "text", "enum": ["x"], "class": "sensitive" },
                    "items": { "type": "list" }
                } },
                "Cart Updated": {}
            },
            "traits": {
                "age": { "type": "integer" }, "city": { "type": "text" },
                "email": { "type": "email", "required": true }, "since": { "type": "date" }
            }
        } },
        "catalogues": { "cars": { "catalogue": "cars", "fields": {
            "title": { "type": "text" }, "price": { "type": "number", "required": true, "minimum": 1 },
            "available": { "type": "boolean" }, "since": { "type": "date" }
        } } },
        "sources": {
            "web": { "source": "web" },
            "strict": { "source": "strict", "contract": "retail" },
            "shop": { "source": "shop", "feeds": { "f": feed } }
        }
    }))
    .unwrap()
}

pub fn reader(source: &str) -> SourceReader {
    SourceReader::new(&workspace(json!({ "format": "csv", "identifiers": { "user_id": "id" } })), source)
        .unwrap()
}

/// Reads a body that came to the source `web`.
pub fn post(endpoint: Endpoint, body: &str) -> Batch {
    Envelope::parse(endpoint, body.as_bytes()).unwrap().read(&reader("web"), reading())
}

/// Reads one item of a batch.
pub fn item(source: &str, item: &Value) -> Result<Event, Rejection> {
    let body = json!({ "batch": [item] }).to_string();
    let mut batch =
        Envelope::parse(Endpoint::Batch, body.as_bytes()).unwrap().read(&reader(source), reading());
    match batch.events.pop() {
        Some(event) => Ok(event),
        None => Err(batch.rejected.remove(0)),
    }
}

pub fn open<R: Read>(feed: Value, file: R) -> Result<FeedReader<R>, FeedError> {
    let reader = SourceReader::new(&workspace(feed), "shop").unwrap();
    FeedReader::new(file, Arc::new(reader), "f", reading())
}

/// Every row of a file.
pub fn rows(feed: Value, file: &[u8]) -> Vec<Row> {
    open(feed, file).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every row in short: the event, or place and code of the rejection.
pub fn short(row: &Row) -> String {
    match row {
        Row::Event(event) => short_event(event),
        Row::Item(ItemRow { catalogue, key, fields, time, .. }) => {
            let time = time.map_or_else(String::new, |time| format!("|{time}"));
            format!("{catalogue} {key}|{}{time}", Value::Object(fields.clone()))
        }
        Row::Feedback(row) => format!("{} {} {} {}", row.delivery, row.what, row.id, row.said),
        Row::Rejected(rejected) => format!("! {}: {}", rejected.place, rejected.code),
    }
}

/// `name|time|namespace=value …|{traits}|{properties}`, with what is empty left out.
pub fn short_event(event: &Event) -> String {
    let mut parts = vec![event.name.clone().unwrap_or_else(|| event.kind.to_string())];
    if event.time != received() {
        parts.push(event.time.to_string());
    }
    let identifiers: Vec<String> =
        event.identifiers.iter().map(|id| format!("{}={}", id.namespace, id.value)).collect();
    parts.push(identifiers.join(" "));
    if !event.traits.is_empty() {
        parts.push(Value::Object(event.traits.clone()).to_string());
    }
    if let Some(properties) = &event.properties {
        parts.push(properties.get().to_owned());
    }
    for claim in &event.consents {
        let contact = claim.contact.as_deref().map_or_else(String::new, |contact| format!(" at {contact}"));
        parts.push(format!("{} {}/{}{contact}", claim.status, claim.channel, claim.topic));
    }
    parts.join("|")
}
