//! Rows to words and back.

use super::session::Session;
use crate::{EventRow, LedgerEntry, LedgerKind, Result, RunRecord, RunState, StoreError};
use crowsnest_model::{
    DeliveryId, EventId, EventKind, HouseholdId, Profile, ProfileId, QuarantineId, RunId, Time,
    delivery::{Delivery, DeliveryState},
    event::EventColumns,
    quarantine::{QuarantineState, Quarantined, Rejection},
};
use rusqlite::{Row, types::Type};

/// The format of documents that this version writes.
pub(super) const DOCUMENT_FORMAT: u8 = 1;

/// So many bytes are enough for most people's documents, which then need not move while they grow.
const USUAL_PROFILE: usize = 1_024;

pub(super) const KINDS: [EventKind; 6] = [
    EventKind::Track,
    EventKind::Identify,
    EventKind::Page,
    EventKind::Screen,
    EventKind::Group,
    EventKind::Alias,
];

pub(super) fn kind_number(kind: EventKind) -> i64 {
    KINDS.iter().position(|k| *k == kind).unwrap_or_default() as i64
}

fn unknown_word<T>(index: usize, what: &str, word: &str) -> rusqlite::Result<T> {
    Err(rusqlite::Error::FromSqlConversionFailure(
        index,
        Type::Text,
        format!("`{word}` is not {what}").into(),
    ))
}

pub(super) fn encode_profile(profile: &Profile) -> Result<Vec<u8>> {
    let mut doc = Vec::with_capacity(USUAL_PROFILE);
    doc.push(DOCUMENT_FORMAT);
    rmp_serde::encode::write(&mut doc, profile)
        .map_err(|error| StoreError::Document { what: "profile", fault: error.to_string() })?;
    Ok(doc)
}

pub(super) fn decode_profile(doc: &[u8]) -> Result<Profile> {
    let fault = |fault: String| StoreError::Document { what: "profile", fault };
    match doc.split_first() {
        Some((&DOCUMENT_FORMAT, rest)) => {
            rmp_serde::from_slice(rest).map_err(|error| fault(error.to_string()))
        }
        Some((format, _)) => Err(fault(format!("its format is {format}, which this version does not know"))),
        None => Err(fault("it is empty".into())),
    }
}

pub(super) fn event_id(row: &Row<'_>, index: usize) -> rusqlite::Result<EventId> {
    let bytes: [u8; 16] = row.get(index)?;
    Ok(EventId(u128::from_be_bytes(bytes)))
}

pub(super) fn id(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(index).map(|id| id as u64)
}

pub(super) fn optional_id(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(index).map(|id| id.map(|id| id as u64))
}

pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<Time> {
    row.get(index).map(Time)
}

pub(super) const EVENT: &str = "id, source, kind, name, time, received, historical, body";

pub(super) fn event(session: &Session<'_>, row: &Row<'_>) -> Result<EventRow> {
    let kind: i64 = row.get(2)?;
    let name: Option<i64> = row.get(3)?;
    let stored: Vec<u8> = row.get(7)?;
    let body = match stored.split_first() {
        Some((&DOCUMENT_FORMAT, body)) => body.to_vec(),
        _ => return Err(StoreError::Document { what: "event", fault: "its format is not known".into() }),
    };
    Ok(EventRow {
        columns: EventColumns {
            id: event_id(row, 0)?,
            source: session.name(row.get(1)?)?,
            kind: usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind)).copied().ok_or_else(|| {
                StoreError::Document { what: "event", fault: format!("kind {kind} is not known") }
            })?,
            name: name.map(|name| session.name(name)).transpose()?.map(|name| name.to_string()),
            time: time(row, 4)?,
            received: time(row, 5)?,
            historical: row.get(6)?,
        },
        body,
    })
}

pub(super) fn ledger(session: &Session<'_>, row: &Row<'_>) -> Result<LedgerEntry> {
    let kind: i64 = row.get(2)?;
    let namespace: Option<i64> = row.get(5)?;
    Ok(LedgerEntry {
        time: time(row, 0)?,
        event: event_id(row, 1)?,
        kind: usize::try_from(kind).ok().and_then(|kind| LedgerKind::ALL.get(kind)).copied().ok_or_else(
            || StoreError::Document { what: "ledger entry", fault: format!("kind {kind} is not known") },
        )?,
        profile: ProfileId(id(row, 3)?),
        other: optional_id(row, 4)?.map(ProfileId),
        namespace: namespace.map(|number| session.name(number)).transpose()?.map(|name| name.to_string()),
        value: row.get(6)?,
        reason: row.get(7)?,
    })
}

pub(super) const RUN: &str =
    "id, program, version, profile, occasion, event, triggered, started, ended, state, reason, value, goal";

pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let state: String = row.get(9)?;
    let Some(state) = RunState::ALL.into_iter().find(|s| s.as_str() == state) else {
        return unknown_word(9, "a run's state", &state);
    };
    Ok(RunRecord {
        id: RunId(id(row, 0)?),
        program: row.get(1)?,
        version: row.get(2)?,
        profile: ProfileId(id(row, 3)?),
        occasion: row.get(4)?,
        event: event_id(row, 5)?,
        triggered: time(row, 6)?,
        started: time(row, 7)?,
        ended: row.get::<_, Option<i64>>(8)?.map(Time),
        state,
        reason: row.get(10)?,
        value: row.get(11)?,
        goal: row.get::<_, Option<i64>>(12)?.map(Time),
    })
}

pub(super) const DELIVERY: &str = "id, program, version, run, occasion, profile, household, channel, contact, \
     template, topic, state, reason, due, expires, attempts, created, updated, event, turn, seed, first_due";

pub(super) fn delivery_state(row: &Row<'_>, index: usize) -> rusqlite::Result<DeliveryState> {
    let state: String = row.get(index)?;
    match state.parse() {
        Ok(state) => Ok(state),
        Err(()) => unknown_word(index, "a delivery's state", &state),
    }
}

pub(super) fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state = delivery_state(row, 11)?;
    let event: String = row.get(18)?;
    Ok(Delivery {
        id: DeliveryId(id(row, 0)?),
        program: row.get(1)?,
        version: row.get(2)?,
        run: optional_id(row, 3)?.map(RunId),
        occasion: row.get(4)?,
        profile: ProfileId(id(row, 5)?),
        seed: row.get(20)?,
        household: optional_id(row, 6)?.map(HouseholdId),
        channel: row.get(7)?,
        contact: row.get(8)?,
        template: row.get(9)?,
        topic: row.get(10)?,
        state,
        reason: row.get(12)?,
        due: time(row, 13)?,
        first_due: row.get::<_, Option<i64>>(21)?.map(Time),
        expires: row.get::<_, Option<i64>>(14)?.map(Time),
        attempts: row.get(15)?,
        created: time(row, 16)?,
        updated: time(row, 17)?,
        turn: row.get::<_, Option<i64>>(19)?.map(Time),
        event: serde_json::from_str(&event)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(18, Type::Text, error.into()))?,
    })
}

pub(super) const QUARANTINED: &str =
    "id, received, state, attempts, source, feed, place, code, reason, raw, header";

pub(super) fn quarantined(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    let state: String = row.get(2)?;
    let all = [QuarantineState::Open, QuarantineState::Resolved, QuarantineState::Discarded];
    let Some(state) = all.into_iter().find(|s| s.as_str() == state) else {
        return unknown_word(2, "a quarantine state", &state);
    };
    Ok(Quarantined {
        id: QuarantineId(id(row, 0)?),
        received: time(row, 1)?,
        state,
        attempts: row.get(3)?,
        rejection: Rejection {
            source: row.get(4)?,
            feed: row.get(5)?,
            place: row.get(6)?,
            code: row.get(7)?,
            reason: row.get(8)?,
            raw: row.get(9)?,
            header: row.get(10)?,
        },
    })
}
