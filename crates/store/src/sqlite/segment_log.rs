//! Who entered and left which segment, and why.
//!
//! One event often makes somebody enter several segments: what changed with it is one row. In which rows a segment is,
//! says a table of its own, which is written at the end of a commit, in its own order.

use super::{
    rows::{self, DOCUMENT_FORMAT},
    session::Session,
};
use crate::{Page, Result, SegmentChange, StoreError};
use crowsnest_model::{EventId, ProfileId};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

/// One change in a row: the number of the segment, whether it was entered, and why.
type Change<'t> = (i64, bool, std::borrow::Cow<'t, str>);

/// What of the log is still to be written.
#[derive(Debug, Default)]
pub(super) struct SegmentLog {
    /// The row to which changes of the same person at the same moment by the same event are added.
    open: Option<Entry>,
    /// Segments, and the rows in which they are.
    places: Vec<(i64, i64)>,
}

/// A row of the log.
#[derive(Debug)]
struct Entry {
    profile: i64,
    time: i64,
    event: Option<[u8; 16]>,
    /// Each is in it once, so that a row is one answer to whoever asks about one of them.
    segments: Vec<i64>,
    /// One byte of format, then the changes as MessagePack, one behind the other.
    changes: Vec<u8>,
}

/// Keeps a change. See [`crate::segments::WriteSegments::put_segment_change`].
pub(super) fn put(session: &Session<'_>, change: &SegmentChange) -> Result<()> {
    let segment = session.number_or_new(&change.segment)?;
    let (profile, time) = (change.profile.0 as i64, change.time.0);
    let event = change.event.map(|event| event.0.to_be_bytes());
    let mut log = session.segment_log.borrow_mut();
    let goes_on = log.open.as_ref().is_some_and(|open| {
        (open.profile, open.time, open.event) == (profile, time, event) && !open.segments.contains(&segment)
    });
    if !goes_on {
        log.close(session)?;
    }
    let open = log.open.get_or_insert_with(|| Entry {
        profile,
        time,
        event,
        segments: Vec::new(),
        changes: vec![DOCUMENT_FORMAT],
    });
    open.segments.push(segment);
    let entry: Change<'_> = (segment, change.entered, change.why.as_str().into());
    entry
        .serialize(&mut rmp_serde::Serializer::new(&mut open.changes))
        .map_err(|error| fault(error.to_string()))
}

impl SegmentLog {
    /// Writes the row that is open.
    fn close(&mut self, session: &Session<'_>) -> Result<()> {
        let Some(Entry { profile, time, event, segments, changes }) = self.open.take() else { return Ok(()) };
        let sql = "INSERT INTO segment_log (profile, time, event, changes) VALUES (?1, ?2, ?3, ?4)";
        session
            .hot(&session.statements.put_segment_change, sql)?
            .execute(params![profile, time, event, changes])?;
        let row = session.connection.last_insert_rowid();
        self.places.extend(segments.into_iter().map(|segment| (segment, row)));
        Ok(())
    }
}

/// The changes of a row, from the first to the last.
fn read_changes(stored: &[u8]) -> Result<Vec<Change<'static>>> {
    let Some((&DOCUMENT_FORMAT, mut rest)) = stored.split_first() else {
        return Err(fault("its format is not known".into()));
    };
    let mut changes = Vec::new();
    while !rest.is_empty() {
        let change = Change::deserialize(&mut rmp_serde::Deserializer::new(&mut rest));
        changes.push(change.map_err(|error| fault(error.to_string()))?);
    }
    Ok(changes)
}

fn fault(fault: String) -> StoreError {
    StoreError::Document { what: "change of segments", fault }
}

impl Session<'_> {
    /// Writes what there is to be written of the log. Whoever reads it or changes whose it is calls it before.
    pub(super) fn write_segment_log(&self) -> Result<()> {
        let mut log = self.segment_log.borrow_mut();
        log.close(self)?;
        if log.places.is_empty() {
            return Ok(());
        }
        log.places.sort_unstable();
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO segment_log_places (segment, seq) VALUES (?1, ?2)")?;
        for (segment, row) in log.places.drain(..) {
            insert.execute([segment, row])?;
        }
        Ok(())
    }

    /// Forgets what the log has of somebody.
    pub(super) fn forget_segment_log(&self, profile: ProfileId) -> Result<()> {
        self.write_segment_log()?;
        let person = profile.0 as i64;
        let mut find =
            self.connection.prepare_cached("SELECT seq, changes FROM segment_log WHERE profile = ?1")?;
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM segment_log_places WHERE segment = ?1 AND seq = ?2")?;
        let mut found = find.query([person])?;
        while let Some(row) = found.next()? {
            let seq: i64 = row.get(0)?;
            for (segment, _, _) in read_changes(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)? {
                delete.execute([segment, seq])?;
            }
        }
        self.connection.prepare_cached("DELETE FROM segment_log WHERE profile = ?1")?.execute([person])?;
        Ok(())
    }

    /// See [`crate::segments::ReadSegments::segment_changes`].
    pub(super) fn read_segment_log(
        &self,
        segment: Option<&str>,
        profile: Option<ProfileId>,
        page: Page,
    ) -> Result<Vec<SegmentChange>> {
        self.write_segment_log()?;
        let number = match segment.map(|name| self.number(name)).transpose()? {
            Some(None) => return Ok(Vec::new()),
            number => number.flatten(),
        };
        let mut statement;
        let mut found = match (profile, number) {
            (Some(profile), _) => {
                statement = self.connection.prepare_cached(
                    "SELECT profile, time, event, changes FROM segment_log WHERE profile = ?1 ORDER BY seq DESC",
                )?;
                statement.query([profile.0 as i64])?
            }
            (None, Some(number)) => {
                statement = self.connection.prepare_cached(
                    "SELECT profile, time, event, changes FROM segment_log_places AS place
                     JOIN segment_log AS log ON log.seq = place.seq
                     WHERE place.segment = ?1 ORDER BY place.seq DESC",
                )?;
                statement.query([number])?
            }
            (None, None) => {
                statement = self.connection.prepare_cached(
                    "SELECT profile, time, event, changes FROM segment_log ORDER BY seq DESC LIMIT ?1",
                )?;
                // Each row has one change at least.
                statement.query([page.limit.saturating_add(page.offset) as i64])?
            }
        };
        // Rows are read one by one, until the page is full.
        let (mut changes, mut passed) = (Vec::new(), 0);
        while changes.len() < page.limit
            && let Some(row) = found.next()?
        {
            let stored = read_changes(row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let wanted =
                stored.into_iter().rev().filter(|change| number.is_none_or(|number| change.0 == number));
            for change in wanted {
                if passed < page.offset {
                    passed += 1;
                } else if changes.len() < page.limit {
                    changes.push(self.segment_change(row, change)?);
                }
            }
        }
        Ok(changes)
    }

    fn segment_change(&self, row: &Row<'_>, (segment, entered, why): Change<'_>) -> Result<SegmentChange> {
        let event: Option<[u8; 16]> = row.get(2)?;
        Ok(SegmentChange {
            profile: ProfileId(rows::id(row, 0)?),
            segment: self.name(segment)?.to_string(),
            entered,
            time: rows::time(row, 1)?,
            event: event.map(|bytes| EventId(u128::from_be_bytes(bytes))),
            why: why.into_owned(),
        })
    }
}
