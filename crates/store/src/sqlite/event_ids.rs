//! Which events are here: by the first half of their ids.

use super::{rows, session::Session};
use crate::Result;
use crowsnest_model::EventId;
use rusqlite::OptionalExtension;

/// The numbers under which an event may stand, in the order in which they are tried: the first half of its id, and then,
/// should other events have it, those after it.
pub(super) fn numbers(event: EventId) -> impl Iterator<Item = i64> {
    let first = (event.0 >> 64) as i64;
    (0..=i64::MAX).map(move |more| first.wrapping_add(more))
}

impl Session<'_> {
    /// The event that stands under a number.
    pub(super) fn event_at(&self, number: i64) -> Result<Option<EventId>> {
        Ok(self
            .connection
            .prepare_cached("SELECT e.id FROM event_ids AS i JOIN events AS e USING (seq) WHERE i.id = ?1")?
            .query_row([number], |row| rows::event_id(row, 0))
            .optional()?)
    }

    /// The number under which an event stands, if it is here.
    pub(super) fn number_of_event(&self, event: EventId) -> Result<Option<i64>> {
        for number in numbers(event) {
            match self.event_at(number)? {
                None => break,
                Some(found) if found == event => return Ok(Some(number)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// The place that the next event gets.
    pub(super) fn next_event(&self) -> Result<i64> {
        if let Some(next) = self.next_event.get() {
            return Ok(next);
        }
        let highest: Option<i64> =
            self.connection.prepare_cached("SELECT max(seq) FROM events")?.query_row([], |row| row.get(0))?;
        let next = highest.unwrap_or_default() + 1;
        self.next_event.set(Some(next));
        Ok(next)
    }

    /// A place was taken.
    pub(super) fn took_event(&self, seq: i64) {
        self.next_event.set(Some(seq + 1));
    }
}
