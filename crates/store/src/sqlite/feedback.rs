//! What came back on deliveries, in the embedded store.

use super::{rows, session::Session};
use crate::{
    Result, StoreError,
    feedback::{FeedbackSum, ReadFeedback, SoftBounces, Stopped, WriteFeedback},
};
use crowsnest_model::{
    DeliveryId, Time,
    delivery::{Delivery, Feedback},
};
use rusqlite::params;
use std::collections::BTreeMap;

impl ReadFeedback for Session<'_> {
    fn feedback_of(&self, delivery: DeliveryId) -> Result<Vec<FeedbackSum>> {
        let rows = self.all(
            "SELECT kind, first, last, times FROM feedback WHERE delivery = ?1",
            [delivery.0 as i64],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    rows::time(row, 1)?,
                    rows::time(row, 2)?,
                    row.get::<_, i64>(3)?,
                ))
            },
        )?;
        let sums = rows.into_iter().map(|(kind, first, last, times)| {
            let fault =
                || StoreError::Document { what: "feedback", fault: format!("`{kind}` is no kind of it") };
            Ok(FeedbackSum { kind: kind.parse().map_err(|()| fault())?, first, last, times: times as u64 })
        });
        let mut sums: Vec<FeedbackSum> = sums.collect::<Result<_>>()?;
        sums.sort_by_key(|sum| (sum.first, sum.kind));
        Ok(sums)
    }

    fn feedback_counts(&self, program: &str) -> Result<BTreeMap<String, u64>> {
        self.counts("SELECT kind, count(*) FROM feedback WHERE program = ?1 GROUP BY kind", [program])
    }

    fn stopped(&self, number: &str) -> Result<Option<Stopped>> {
        let row = self.one("SELECT confirmed, took FROM stopped WHERE number = ?1", [number], |row| {
            Ok((rows::time(row, 0)?, row.get::<_, String>(1)?))
        })?;
        row.map(|(confirmed, took)| {
            let fault = |error: serde_json::Error| StoreError::Document {
                what: "list of what STOP took",
                fault: error.to_string(),
            };
            Ok(Stopped { confirmed, took: serde_json::from_str(&took).map_err(fault)? })
        })
        .transpose()
    }
}

impl WriteFeedback for Session<'_> {
    fn put_feedback(&mut self, delivery: &Delivery, kind: Feedback, time: Time) -> Result<bool> {
        let times: i64 = self
            .connection
            .prepare_cached(
                "INSERT INTO feedback (delivery, kind, program, first, last, times) VALUES (?1, ?2, ?3, ?4, ?4, 1)
                 ON CONFLICT (delivery, kind) DO UPDATE SET
                     first = min(first, excluded.first), last = max(last, excluded.last), times = times + 1
                 RETURNING times",
            )?
            .query_row(params![delivery.id.0 as i64, kind.as_str(), delivery.program, time.0], |row| row.get(0))?;
        Ok(times == 1)
    }

    fn put_soft_bounce(&mut self, channel: &str, contact: &str, time: Time) -> Result<SoftBounces> {
        let (first, times) = self
            .connection
            .prepare_cached(
                "INSERT INTO soft_bounces (channel, contact, first, last, times) VALUES (?1, ?2, ?3, ?3, 1)
                 ON CONFLICT (channel, contact) DO UPDATE SET
                     first = min(first, excluded.first), last = max(last, excluded.last), times = times + 1
                 RETURNING first, times",
            )?
            .query_row(params![channel, contact, time.0], |row| {
                Ok((rows::time(row, 0)?, row.get::<_, i64>(1)?))
            })?;
        Ok(SoftBounces { first, times: times as u64 })
    }

    fn forget_soft_bounces(&mut self, channel: &str, contact: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM soft_bounces WHERE channel = ?1 AND contact = ?2")?
            .execute([channel, contact])?;
        Ok(())
    }

    fn put_stopped(&mut self, number: &str, stopped: Option<&Stopped>) -> Result<()> {
        let Some(Stopped { confirmed, took }) = stopped else {
            self.connection.prepare_cached("DELETE FROM stopped WHERE number = ?1")?.execute([number])?;
            return Ok(());
        };
        let took = serde_json::to_string(took).map_err(|error| StoreError::Document {
            what: "list of what STOP took",
            fault: error.to_string(),
        })?;
        self.connection
            .prepare_cached(
                "INSERT INTO stopped (number, confirmed, took) VALUES (?1, ?2, ?3)
                 ON CONFLICT (number) DO UPDATE SET confirmed = excluded.confirmed, took = excluded.took",
            )?
            .execute(params![number, confirmed.0, took])?;
        Ok(())
    }
}
