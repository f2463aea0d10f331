//! How a sender stands, in the embedded store.

use super::session::Session;
use crate::{
    Result,
    sending::{ReadSending, WriteSending},
};
use crowsnest_model::{
    Time,
    sending::{Counted, SendingCounts},
};
use rusqlite::params;

/// The hour of a moment, counted since 1970.
fn hour(time: Time) -> i64 {
    time.0.div_euclid(3_600_000)
}

impl ReadSending for Session<'_> {
    fn sending_counts(&self, channel: &str, since: Time) -> Result<SendingCounts> {
        let sums = self.all(
            "SELECT what, times FROM sending_counts WHERE channel = ?1 AND hour >= ?2",
            params![channel, hour(since)],
            |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64)),
        )?;
        let mut counts = SendingCounts::default();
        for (what, times) in sums {
            if let Some(what) = Counted::ALL.into_iter().find(|known| known.as_str() == what) {
                counts.add(what, times);
            }
        }
        Ok(counts)
    }
}

impl WriteSending for Session<'_> {
    fn count_sending(&mut self, channel: &str, what: Counted, time: Time, more: u64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO sending_counts (channel, hour, what, times) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (channel, hour, what) DO UPDATE SET times = times + excluded.times",
            )?
            .execute(params![channel, hour(time), what.as_str(), more as i64])?;
        Ok(())
    }

    fn forget_sending_counts(&mut self, channel: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM sending_counts WHERE channel = ?1")?
            .execute([channel])?;
        Ok(())
    }
}
