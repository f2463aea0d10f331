//! Deliveries in the embedded store.

use super::{lists, rows, session::Session};
use crate::{
    DeliveryEntry, DeliveryFilter, HookCount, LineCount, Result, StoreError, Turns,
    deliveries::{ReadDeliveries, WriteDeliveries},
};
use crowsnest_model::{
    DeliveryId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, HandedOver},
    line::Line,
};
use rusqlite::params;
use std::collections::BTreeMap;

/// Whether a message was to be sent when it began: whom a launch leaves out, theirs begins as suppressed.
const WAS_QUEUED: &str = "(state <> 'suppressed' OR EXISTS (
    SELECT 1 FROM delivery_log AS entry WHERE entry.delivery = deliveries.id AND entry.state = 'queued'))";

impl ReadDeliveries for Session<'_> {
    fn launched(&self, broadcast: &str, first: ProfileId, last: ProfileId) -> Result<Vec<(ProfileId, bool)>> {
        let sql = format!(
            "SELECT profile, {was_queued} FROM deliveries
             WHERE program = ?1 AND profile BETWEEN ?2 AND ?3 AND occasion = 'launch' ORDER BY profile",
            was_queued = WAS_QUEUED
        );
        self.all(&sql, params![broadcast, first.0 as i64, last.0 as i64], |row| {
            Ok((ProfileId(rows::id(row, 0)?), row.get(1)?))
        })
    }

    fn launched_to(&self, broadcast: &str, contact: &str) -> Result<Option<ProfileId>> {
        // Of two that turned out to be one person's, one has an occasion of its own, and went to its address all the same.
        let sql = format!(
            "SELECT profile FROM deliveries
             WHERE program = ?1 AND contact = ?2 AND run IS NULL AND channel <> 'webhook'
                 AND seed IS NULL AND (occasion = 'launch' OR occasion GLOB 'launch~*') AND {was_queued}
             LIMIT 1",
            was_queued = WAS_QUEUED
        );
        self.one(&sql, [broadcast, contact], |row| rows::id(row, 0).map(ProfileId))
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        let sql = format!("SELECT {} FROM deliveries WHERE id = ?1", rows::DELIVERY);
        self.one(&sql, [id.0 as i64], rows::delivery)
    }

    fn delivery_log(&self, id: DeliveryId) -> Result<Vec<DeliveryEntry>> {
        self.all(
            "SELECT time, state, reason FROM delivery_log WHERE delivery = ?1 ORDER BY seq",
            [id.0 as i64],
            |row| {
                Ok(DeliveryEntry {
                    time: rows::time(row, 0)?,
                    state: rows::delivery_state(row, 1)?,
                    reason: row.get(2)?,
                })
            },
        )
    }

    fn deliveries(&self, filter: &DeliveryFilter, limit: usize) -> Result<Vec<Delivery>> {
        lists::deliveries(self, filter, limit)
    }

    fn delivery_counts(&self, program: Option<&str>) -> Result<BTreeMap<String, u64>> {
        let mut all = match program {
            Some(program) => self.counts(
                "SELECT state, count(*) FROM deliveries WHERE program = ?1 GROUP BY state",
                [program],
            )?,
            None => self.counts("SELECT state, count(*) FROM deliveries GROUP BY state", [])?,
        };
        // All are counted in an index, and the few copies of seeds taken off again.
        let copies = self.all(
            "SELECT state, count(*) FROM deliveries INDEXED BY deliveries_of_seeds
             WHERE seed IS NOT NULL AND program >= ?1 AND (?2 OR program = ?1) GROUP BY program, state",
            params![program.unwrap_or_default(), program.is_none()],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64)),
        )?;
        for (state, copies) in copies {
            if let Some(number) = all.get_mut(&state) {
                *number = number.saturating_sub(copies);
            }
        }
        all.retain(|_, number| *number > 0);
        Ok(all)
    }

    fn delivery_reasons(&self, program: &str) -> Result<Vec<(String, Option<String>, u64)>> {
        self.all(
            "SELECT state, reason, count(*) FROM deliveries WHERE program = ?1 AND seed IS NULL
             GROUP BY state, reason ORDER BY count(*) DESC, state, reason",
            [program],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)),
        )
    }

    fn lines_due(&self) -> Result<Vec<(Line, Time)>> {
        let names = self.steps("SELECT min(line) FROM deliveries WHERE state = 'queued' AND line > ?1")?;
        let mut due = Vec::with_capacity(names.len());
        for name in names {
            let first: Option<i64> = self
                .connection
                .prepare_cached("SELECT min(due) FROM deliveries WHERE state = 'queued' AND line = ?1")?
                .query_row([&name], |row| row.get(0))?;
            due.extend(first.map(|first| (Line::named(name), Time(first))));
        }
        Ok(due)
    }

    fn first_queued(&self, line: &Line, until: Time, reason: &str) -> Result<Option<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'queued' AND line = ?1 AND due <= ?2
                 AND substr(reason, -length(?3)) = ?3
             ORDER BY due, id LIMIT 1",
            rows::DELIVERY
        );
        self.one(&sql, params![line.as_str(), until.0, reason], rows::delivery)
    }

    fn line_counts(&self, now: Time) -> Result<Vec<LineCount>> {
        let none =
            |line: String| LineCount { line: Line::named(line), queued: 0, due: 0, sending: 0, next: None };
        let mut counts: BTreeMap<String, LineCount> = BTreeMap::new();
        let queued = self.all(
            "SELECT line, count(*), count(*) FILTER (WHERE due <= ?1), min(due) FROM deliveries
             WHERE state = 'queued' GROUP BY line",
            [now.0],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    rows::time(row, 3)?,
                ))
            },
        )?;
        for (line, queued, due, next) in queued {
            let count = counts.entry(line.clone()).or_insert_with(|| none(line));
            (count.queued, count.due, count.next) = (queued as u64, due as u64, Some(next));
        }
        for (line, sending) in
            self.counts("SELECT line, count(*) FROM deliveries WHERE state = 'sending' GROUP BY line", [])?
        {
            counts.entry(line.clone()).or_insert_with(|| none(line)).sending = sending;
        }
        Ok(counts.into_values().collect())
    }

    fn hook_count(&self, hook: &str, since: Time) -> Result<HookCount> {
        let mut oldest: Option<i64> = None;
        for state in [DeliveryState::Queued, DeliveryState::Held] {
            // Ids are in the order of time.
            let first: Option<i64> = self.one(
                "SELECT created FROM deliveries WHERE channel = 'webhook' AND contact = ?1 AND state = ?2
                 ORDER BY id LIMIT 1",
                params![hook, state.as_str()],
                |row| row.get(0),
            )?;
            oldest = [oldest, first].into_iter().flatten().min();
        }
        let failed: Option<i64> = self.one(
            "SELECT count(*) FROM deliveries WHERE channel = 'webhook' AND contact = ?1 AND state = 'failed' AND updated >= ?2",
            params![hook, since.0],
            |row| row.get(0),
        )?;
        Ok(HookCount { failed: failed.unwrap_or(0) as u64, oldest: oldest.map(Time) })
    }

    fn due_deliveries(&self, line: &Line, now: Time, limit: usize) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'queued' AND line = ?1 AND due <= ?2
             ORDER BY due, id LIMIT ?3",
            rows::DELIVERY
        );
        self.all(&sql, params![line.as_str(), now.0, limit as i64], rows::delivery)
    }

    fn due_deliveries_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE profile = ?1 AND state = 'queued' AND channel NOT IN ('webhook', 'phone', 'letter')
                 AND due <= ?2
             ORDER BY due, id",
            rows::DELIVERY
        );
        self.all(&sql, params![profile.0 as i64, now.0], rows::delivery)
    }

    fn turns(&self, pace: &str) -> Result<Turns> {
        let known = self.one("SELECT broadcasts, others FROM turns WHERE pace = ?1", [pace], |row| {
            Ok(Turns { broadcasts: row.get(0)?, others: row.get(1)? })
        })?;
        Ok(known.unwrap_or_default())
    }

    fn sending_deliveries(&self) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'sending' AND channel NOT IN ('phone', 'letter') ORDER BY id",
            rows::DELIVERY
        );
        self.all(&sql, [], rows::delivery)
    }

    fn handed_over(&self, profile: ProfileId, after: Time) -> Result<Vec<HandedOver>> {
        self.all(
            "SELECT id, handed_over, program, channel, topic FROM deliveries
             WHERE profile = ?1 AND handed_over > ?2 AND state IN ('sending', 'sent', 'unknown')
                 AND channel <> 'webhook'
             ORDER BY handed_over, id",
            params![profile.0 as i64, after.0],
            |row| {
                Ok(HandedOver {
                    delivery: DeliveryId(rows::id(row, 0)?),
                    time: rows::time(row, 1)?,
                    program: row.get(2)?,
                    channel: row.get(3)?,
                    topic: row.get(4)?,
                })
            },
        )
    }

    fn last_texted(&self, number: &str) -> Result<Option<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries
             WHERE channel = 'sms' AND state IN ('sending', 'sent', 'unknown') AND contact = ?1 AND seed IS NULL
             ORDER BY handed_over DESC LIMIT 1",
            rows::DELIVERY
        );
        self.one(&sql, [number], rows::delivery)
    }

    fn held_deliveries(&self, programs: &[&str]) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE program = ?1 AND state = 'held' ORDER BY id",
            rows::DELIVERY
        );
        let mut held = Vec::new();
        for program in programs {
            held.extend(self.all(&sql, [program], rows::delivery)?);
        }
        Ok(held)
    }

    fn overdue_deliveries(&self, now: Time, limit: usize) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries
             WHERE (state IN ('queued', 'held') OR state = 'sending' AND channel = 'phone') AND expires IS NOT NULL
                 AND expires <= ?1
             ORDER BY expires LIMIT ?2",
            rows::DELIVERY
        );
        self.all(&sql, params![now.0, limit as i64], rows::delivery)
    }
}

impl WriteDeliveries for Session<'_> {
    fn put_delivery(&mut self, delivery: &Delivery) -> Result<bool> {
        let event = serde_json::to_string(&delivery.event)
            .map_err(|error| StoreError::Document { what: "delivery", fault: error.to_string() })?;
        let changed = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO deliveries (id, program, version, run, occasion, profile, household, channel,
                     contact, template, topic, state, reason, due, expires, attempts, created, updated, event, turn, handed_over, seed,
                     first_due)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                         CASE WHEN ?12 IN ('sending', 'sent', 'unknown') THEN ?18 END, ?21, ?22)",
            )?
            .execute(params![
                delivery.id.0 as i64,
                delivery.program,
                delivery.version,
                delivery.run.map(|run| run.0 as i64),
                delivery.occasion,
                delivery.profile.0 as i64,
                delivery.household.map(|household| household.0 as i64),
                delivery.channel,
                delivery.contact,
                delivery.template,
                delivery.topic,
                delivery.state.as_str(),
                delivery.reason,
                delivery.due.0,
                delivery.expires.map(|time| time.0),
                delivery.attempts,
                delivery.created.0,
                delivery.updated.0,
                event,
                delivery.turn.map(|turn| turn.0),
                delivery.seed,
                delivery.first_due.map(|time| time.0)
            ])?;
        Ok(changed == 1)
    }

    fn update_delivery(&mut self, delivery: &Delivery) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, reason = ?3, due = ?4, attempts = ?5, updated = ?6,
                        contact = ?7, turn = ?8, expires = ?9, first_due = ?10,
                        handed_over = CASE WHEN ?2 IN ('sending', 'sent', 'unknown')
                                            AND state NOT IN ('sending', 'sent', 'unknown')
                                           THEN ?6 ELSE handed_over END
                 WHERE id = ?1",
            )?
            .execute(params![
                delivery.id.0 as i64,
                delivery.state.as_str(),
                delivery.reason,
                delivery.due.0,
                delivery.attempts,
                delivery.updated.0,
                delivery.contact,
                delivery.turn.map(|turn| turn.0),
                delivery.expires.map(|time| time.0),
                delivery.first_due.map(|time| time.0)
            ])?;
        Ok(())
    }

    fn put_turns(&mut self, pace: &str, turns: Turns) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO turns (pace, broadcasts, others) VALUES (?1, ?2, ?3)")?
            .execute(params![pace, turns.broadcasts, turns.others])?;
        Ok(())
    }

    fn close_deliveries(&mut self, run: RunId, state: DeliveryState, reason: &str, now: Time) -> Result<u64> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, reason = ?3, updated = ?4
                 WHERE run = ?1 AND (state IN ('queued', 'held') OR state = 'sending' AND channel = 'phone')",
            )?
            .execute(params![run.0 as i64, state.as_str(), reason, now.0])?;
        Ok(changed as u64)
    }
}
