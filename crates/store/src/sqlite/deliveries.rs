//! Deliveries in the embedded store.

use super::{lists, rows, session::Session};
use crate::{
    DeliveryEntry, DeliveryFilter, Result, StoreError,
    deliveries::{ReadDeliveries, WriteDeliveries},
};
use crowsnest_model::{
    DeliveryId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, HandedOver},
};
use rusqlite::params;
use std::collections::BTreeMap;

impl ReadDeliveries for Session<'_> {
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
        match program {
            Some(program) => self.counts(
                "SELECT state, count(*) FROM deliveries WHERE program = ?1 GROUP BY state",
                [program],
            ),
            None => self.counts("SELECT state, count(*) FROM deliveries GROUP BY state", []),
        }
    }

    fn delivery_reasons(&self, program: &str) -> Result<Vec<(String, Option<String>, u64)>> {
        self.all(
            "SELECT state, reason, count(*) FROM deliveries WHERE program = ?1
             GROUP BY state, reason ORDER BY count(*) DESC, state, reason",
            [program],
            |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)),
        )
    }

    fn due_deliveries(&self, now: Time, limit: usize) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'queued' AND channel <> 'webhook' AND due <= ?1
             ORDER BY due, id LIMIT ?2",
            rows::DELIVERY
        );
        self.all(&sql, params![now.0, limit as i64], rows::delivery)
    }

    fn due_deliveries_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE profile = ?1 AND state = 'queued' AND channel <> 'webhook' AND due <= ?2
             ORDER BY due, id",
            rows::DELIVERY
        );
        self.all(&sql, params![profile.0 as i64, now.0], rows::delivery)
    }

    fn hooks_due(&self) -> Result<Vec<(String, Time)>> {
        let names = self.steps(
            "SELECT min(contact) FROM deliveries WHERE state = 'queued' AND channel = 'webhook' AND contact > ?1",
        )?;
        let mut due = Vec::with_capacity(names.len());
        for name in names {
            let first: Option<i64> = self
                .connection
                .prepare_cached(
                    "SELECT min(due) FROM deliveries WHERE state = 'queued' AND channel = 'webhook' AND contact = ?1",
                )?
                .query_row([&name], |row| row.get(0))?;
            due.extend(first.map(|first| (name, Time(first))));
        }
        Ok(due)
    }

    fn due_deliveries_to(&self, hook: &str, now: Time, limit: usize) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'queued' AND channel = 'webhook' AND contact = ?1 AND due <= ?2
             ORDER BY due, id LIMIT ?3",
            rows::DELIVERY
        );
        self.all(&sql, params![hook, now.0, limit as i64], rows::delivery)
    }

    fn sending_deliveries(&self) -> Result<Vec<Delivery>> {
        let sql = format!("SELECT {} FROM deliveries WHERE state = 'sending' ORDER BY id", rows::DELIVERY);
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
             WHERE state IN ('queued', 'held') AND expires IS NOT NULL AND expires <= ?1 ORDER BY expires LIMIT ?2",
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
                     contact, template, topic, state, reason, due, expires, attempts, created, updated, event, handed_over)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,
                         CASE WHEN ?12 IN ('sending', 'sent', 'unknown') THEN ?18 END)",
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
                event
            ])?;
        Ok(changed == 1)
    }

    fn update_delivery(&mut self, delivery: &Delivery) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, reason = ?3, due = ?4, attempts = ?5, updated = ?6, expires = ?7,
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
                delivery.expires.map(|time| time.0)
            ])?;
        Ok(())
    }

    fn close_deliveries(&mut self, run: RunId, state: DeliveryState, reason: &str, now: Time) -> Result<u64> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?2, reason = ?3, updated = ?4
                 WHERE run = ?1 AND state IN ('queued', 'held')",
            )?
            .execute(params![run.0 as i64, state.as_str(), reason, now.0])?;
        Ok(changed as u64)
    }
}
