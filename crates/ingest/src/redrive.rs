//! What waits in the quarantine, read again.

use crate::{
    FeedbackRow, ItemRow, Reading, SourceReader,
    fault::{Again, Fault},
    feed::{FeedReader, Row},
    wire::{self, Endpoint, Envelope, Sent},
};
use crowsnest_model::{Event, quarantine::Rejection};
use serde_json::value::RawValue;
use std::{borrow::Cow, sync::Arc};

/// What became of a thing that was read again.
#[derive(Debug, Default)]
pub struct Redriven {
    /// Events.
    pub events: Vec<Event>,
    /// What is true of items of catalogues.
    pub items: Vec<ItemRow>,
    /// What came back on messages.
    pub feedback: Vec<FeedbackRow>,
}

impl Redriven {
    /// Events alone.
    pub fn events(events: Vec<Event>) -> Self {
        Self { events, ..Self::default() }
    }
}

/// Reads a quarantined thing again: its own bytes, or `corrected` ones.
///
/// They are read as they were the first time: times are counted from the moment at which they first came, with the
/// context of their batch or the columns of their file. The events say `reading.received` for when they came in.
/// Everything must be readable; otherwise the rejection comes back with what is wrong now, and nothing is taken.
#[expect(
    clippy::result_large_err,
    reason = "the rejection is what the caller keeps, and driving again is rare"
)]
pub fn redrive(
    reader: &SourceReader,
    rejection: &Rejection,
    corrected: Option<&[u8]>,
    reading: Reading,
) -> Result<Redriven, Rejection> {
    let bytes = corrected.unwrap_or(&rejection.raw);
    let again = match rejection.header.as_deref().map(serde_json::from_str::<Again>) {
        Some(Ok(again)) => again,
        // Whatever is not known of the first reading is taken from this one.
        Some(Err(_)) | None => Again::of(reading),
    };
    let first = Reading { historical: again.historical || reading.historical, ..again.reading() };
    let read = match &rejection.feed {
        Some(feed) => rows(reader, feed, bytes, again, first),
        None if rejection.header.is_none() => body(reader, bytes, first).map(Redriven::events),
        None => item(reader, bytes, &again, first).map(Redriven::events),
    };
    match read {
        Ok(mut read) => {
            for event in &mut read.events {
                event.received = reading.received;
            }
            // A row that does not say when it was true was so when it first came.
            for item in &mut read.items {
                item.time.get_or_insert(first.received);
            }
            Ok(read)
        }
        Err(fault) => {
            Err(Rejection { code: fault.code.into_owned(), reason: fault.reason, ..rejection.clone() })
        }
    }
}

fn rows(
    reader: &SourceReader,
    feed: &str,
    bytes: &[u8],
    again: Again,
    reading: Reading,
) -> Result<Redriven, Fault> {
    let broken = |error: crate::feed::FeedError| Fault::new(error.code(), error.to_string());
    let mut read = Redriven::default();
    for row in FeedReader::kept(bytes, Arc::new(reader.clone()), feed, reading, again).map_err(broken)? {
        match row.map_err(broken)? {
            Row::Event(event) => read.events.push(event),
            Row::Item(item) => read.items.push(item),
            Row::Feedback(feedback) => read.feedback.push(*feedback),
            Row::Rejected(rejected) => return Err(of(&rejected)),
        }
    }
    if read.events.is_empty() && read.items.is_empty() && read.feedback.is_empty() {
        return Err(Fault::new("empty", "there is no row in the bytes"));
    }
    Ok(read)
}

fn item(reader: &SourceReader, bytes: &[u8], again: &Again, reading: Reading) -> Result<Vec<Event>, Fault> {
    let text = wire::text_of(bytes).map_err(|error| Fault::new(error.code(), error.to_string()))?;
    let raw_context: Option<&RawValue> = again.context.as_deref();
    let sent = Sent {
        at: again.sent_at.as_deref().map(Cow::Borrowed),
        context: raw_context.and_then(crate::json::members).unwrap_or_default(),
        raw_context,
    };
    let kind = again.kind.as_deref().and_then(|kind| kind.parse().ok());
    wire::read_item(text.trim(), kind, &sent, reader, reading).map(|event| vec![event])
}

/// A whole body of which not even the outer JSON could be read.
fn body(reader: &SourceReader, bytes: &[u8], reading: Reading) -> Result<Vec<Event>, Fault> {
    let broken = |error: wire::WireError| Fault::new(error.code(), error.to_string());
    let bytes = wire::inflate(bytes, wire::MAX_BODY).map_err(broken)?;
    match Envelope::parse(Endpoint::Batch, &bytes) {
        Ok(envelope) => {
            let batch = envelope.read(reader, reading);
            match batch.rejected.first() {
                None => Ok(batch.events),
                Some(rejected) => Err(of(rejected)),
            }
        }
        Err(wire::WireError::InvalidShape { .. }) => item(reader, &bytes, &Again::of(reading), reading),
        Err(error) => Err(broken(error)),
    }
}

/// What is wrong with one part of what was read again.
fn of(rejected: &Rejection) -> Fault {
    let reason = format!("{}: {}", rejected.place, rejected.reason);
    Fault::new(rejected.code.clone(), reason)
}
