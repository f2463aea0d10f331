//! The quarantine: looked at, corrected, driven again, or discarded.

use crate::{Engine, FlowError, Receipt, inward, outward::hear_rows};
use crowsnest_ingest::{Reading, Redriven};
use crowsnest_model::{
    Duration, Event, EventId, EventKind, QuarantineId, Time,
    event::EventColumns,
    quarantine::{QuarantineState, Rejection},
};
use serde::{Deserialize, Serialize};

/// What is needed beside the document of an event that was read and could not be taken in.
#[derive(Serialize, Deserialize)]
struct Columns {
    kind: EventKind,
    name: Option<String>,
    time: Time,
    received: Time,
    historical: bool,
}

/// The header with which such an event waits in the quarantine.
pub(crate) fn kept_columns(event: &Event) -> String {
    let Event { kind, name, time, received, historical, .. } = event;
    let (kind, time, received, historical) = (*kind, *time, *received, *historical);
    serde_json::to_string(&Columns { kind, name: name.clone(), time, received, historical })
        .unwrap_or_default()
}

/// The event of a document that waits with its columns; `None` for anything else.
fn kept_event(rejection: &Rejection, document: &[u8]) -> Option<Event> {
    let id: EventId = rejection.place.parse().ok()?;
    let Columns { kind, name, time, received, historical } =
        serde_json::from_str(rejection.header.as_deref()?).ok()?;
    let source = rejection.source.as_str().into();
    let columns = EventColumns { id, source, kind, name, time, received, historical };
    Event::from_stored(columns, document).ok()
}

impl Engine {
    /// Reads a quarantined thing again, as it came or as corrected, and takes it in if it can be read now.
    ///
    /// What cannot be read stays in the quarantine with the new reason.
    pub async fn redrive(&self, id: QuarantineId, corrected: Option<Vec<u8>>) -> Result<Receipt, FlowError> {
        let mut item = self
            .read(|read| read.quarantined(id))?
            .ok_or_else(|| FlowError::not_found("quarantined item", &id.to_string(), []))?;
        if item.state != QuarantineState::Open {
            return Err(FlowError::Refused(format!("{id} is {} already", item.state.as_str())));
        }
        let live = self.live();
        let source = &item.rejection.source;
        let reader = live.reader(source).ok_or_else(|| {
            FlowError::not_found("source", source, live.workspace().sources.keys().map(String::as_str))
        })?;
        let reading = Reading { received: item.received, shift: Duration(0), historical: false };
        item.attempts += 1;
        if let Ok(event) = item.rejection.place.parse::<EventId>()
            && self.read(|read| read.seen(event))?
        {
            return Err(FlowError::Refused(format!(
                "the event of {id} was taken in; only what its reason says was left out. Say it in a new event, and \
                 discard this"
            )));
        }
        let document = corrected.as_deref().unwrap_or(&item.rejection.raw);
        let read = match kept_event(&item.rejection, document) {
            Some(event) => Ok(Redriven::events(vec![event])),
            None => crowsnest_ingest::redrive(reader, &item.rejection, corrected.as_deref(), reading),
        };
        match read {
            Ok(Redriven { events, items, feedback }) => {
                let (rows, words) = (items.len() as u64, feedback.len() as u64);
                let incoming = inward::prepare(&live, events, Vec::new());
                self.commit(move |work| {
                    let mut receipts = work.take_in(std::slice::from_ref(&incoming))?;
                    let changed = work.take_in_rows(&item.rejection.source, items, item.received)?;
                    let (heard, unknown) = hear_rows(work, &item.rejection.source, feedback)?;
                    if let Some(unknown) = unknown.first() {
                        let reason = &unknown.reason;
                        let message = format!("{} still cannot be taken in: {reason}", item.id);
                        return Err(FlowError::Refused(message));
                    }
                    if let Some(receipt) = receipts.first_mut() {
                        receipt.accepted += changed + heard;
                        receipt.duplicates += rows - changed + words - heard;
                    }
                    item.state = QuarantineState::Resolved;
                    work.unit.put_quarantined(&item)?;
                    Ok(receipts.first().copied().unwrap_or_default())
                })
                .await
            }
            Err(still) => {
                let reason = still.reason.clone();
                item.rejection.reason = still.reason;
                self.commit(move |work| Ok(work.unit.put_quarantined(&item).map(drop)?)).await?;
                Err(FlowError::Refused(format!("{id} still cannot be taken in: {reason}")))
            }
        }
    }

    /// Says that a quarantined thing is not needed. It is kept, marked.
    pub async fn discard(&self, id: QuarantineId) -> Result<(), FlowError> {
        self.commit(move |work| {
            let mut item = work
                .unit
                .quarantined(id)?
                .ok_or_else(|| FlowError::not_found("quarantined item", &id.to_string(), []))?;
            if item.state != QuarantineState::Open {
                return Err(FlowError::Refused(format!("{id} is {} already", item.state.as_str())));
            }
            item.state = QuarantineState::Discarded;
            work.unit.put_quarantined(&item)?;
            Ok(())
        })
        .await
    }
}
