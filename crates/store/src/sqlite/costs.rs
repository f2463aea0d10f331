//! What messages cost, in the embedded store.

use super::session::Session;
use crate::{
    Result, StoreError,
    costs::{Cost, ReadCosts, Spending, WriteCosts, amount},
};
use crowsnest_model::{DeliveryId, Time, delivery::Delivery, line::Line};
use jiff::civil::Date;
use rusqlite::params;

fn unreadable(what: &str) -> StoreError {
    StoreError::Document { what: "cost", fault: format!("`{what}` is no day or currency") }
}

impl ReadCosts for Session<'_> {
    fn cost(&self, delivery: DeliveryId) -> Result<Option<Cost>> {
        let found = self.all(
            "SELECT day, micros, currency FROM costs WHERE delivery = ?1",
            [delivery.0 as i64],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
        )?;
        let Some((day, micros, currency)) = found.into_iter().next() else { return Ok(None) };
        Ok(Some(Cost {
            amount: amount(micros, &currency).ok_or_else(|| unreadable(&currency))?,
            day: day.parse().map_err(|_| unreadable(&day))?,
        }))
    }

    fn spending(&self, first: Date, last: Date) -> Result<Vec<Spending>> {
        let rows = self.all(
            "SELECT channel, program, topic, currency, sum(micros), sum(messages) FROM spending
             WHERE day BETWEEN ?1 AND ?2 GROUP BY channel, program, topic, currency HAVING sum(messages) > 0",
            params![first.to_string(), last.to_string()],
            |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get::<_, String>(3)?,
                    row.get::<_, i64>(4)?,
                    row.get::<_, i64>(5)?,
                ))
            },
        )?;
        rows.into_iter()
            .map(|(channel, program, topic, currency, micros, messages)| {
                let amount = amount(micros, &currency).ok_or_else(|| unreadable(&currency))?;
                Ok(Spending { channel, program, topic, amount, messages: messages.unsigned_abs() })
            })
            .collect()
    }
}

impl WriteCosts for Session<'_> {
    fn put_cost(&mut self, delivery: &Delivery, cost: Option<Cost>) -> Result<()> {
        let before = self.cost(delivery.id)?;
        if before == cost {
            return Ok(());
        }
        for (cost, times) in [(before, -1), (cost, 1)] {
            let Some(Cost { day, amount }) = cost else { continue };
            self.connection
                .prepare_cached(
                    "INSERT INTO spending (day, channel, program, topic, currency, micros, messages)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                     ON CONFLICT (day, channel, program, topic, currency) DO UPDATE SET
                         micros = micros + excluded.micros, messages = messages + excluded.messages",
                )?
                .execute(params![
                    day.to_string(),
                    delivery.channel,
                    delivery.program,
                    delivery.topic,
                    amount.currency.to_string(),
                    amount.micros * times,
                    times
                ])?;
        }
        match cost {
            Some(Cost { day, amount }) => self
                .connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO costs (delivery, day, currency, micros) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    delivery.id.0 as i64,
                    day.to_string(),
                    amount.currency.to_string(),
                    amount.micros
                ])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM costs WHERE delivery = ?1")?
                .execute([delivery.id.0 as i64])?,
        };
        Ok(())
    }

    fn wake_waiting(&mut self, reason: &str, now: Time) -> Result<u64> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE deliveries SET due = ?2
                 WHERE state = 'queued' AND channel <> 'webhook' AND due > ?2 AND substr(reason, 1, length(?1)) = ?1",
            )?
            .execute(params![reason, now.0])?;
        Ok(changed as u64)
    }

    fn wake_first(&mut self, line: &Line, until: Time, reason: &str, now: Time) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "UPDATE deliveries SET due = ?4 WHERE id = (
                     SELECT id FROM (
                         SELECT id, reason FROM deliveries WHERE state = 'queued' AND line = ?1 AND due = ?2
                         ORDER BY id LIMIT 1000)
                     WHERE substr(reason, 1, length(?3)) = ?3 ORDER BY id LIMIT 1)",
            )?
            .execute(params![line.as_str(), until.0, reason, now.0])?;
        Ok(changed == 1)
    }
}
