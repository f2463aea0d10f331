//! Letters and print runs in the embedded store.

use super::{rows, session::Session};
use crate::{
    Page, Result,
    letters::{PrintRun, ReadLetters, WriteLetters},
};
use crowsnest_model::{DeliveryId, HouseholdId, PrintRunId, ProfileId, Time, delivery::Delivery};
use rusqlite::{Row, params};

const RUN: &str = "id, started, finished, program, letters";

fn run(row: &Row<'_>) -> rusqlite::Result<PrintRun> {
    Ok(PrintRun {
        id: PrintRunId(rows::id(row, 0)?),
        started: rows::time(row, 1)?,
        finished: row.get::<_, Option<i64>>(2)?.map(Time),
        program: row.get(3)?,
        letters: row.get::<_, i64>(4)? as u64,
    })
}

impl ReadLetters for Session<'_> {
    fn due_letters(
        &self,
        now: Time,
        program: Option<&str>,
        after: Option<(Time, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE state = 'queued' AND channel = 'letter' AND due <= ?1
                 AND (due, id) > (?2, ?3) AND (?4 IS NULL OR program = ?4)
             ORDER BY due, id LIMIT ?5",
            rows::DELIVERY
        );
        let (due, id) = after.map_or((i64::MIN, i64::MIN), |(due, id)| (due.0, id.0 as i64));
        self.all(&sql, params![now.0, due, id, program, limit as i64], rows::delivery)
    }

    fn due_letters_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE profile = ?1 AND state = 'queued' AND channel = 'letter' AND due <= ?2
             ORDER BY due, id",
            rows::DELIVERY
        );
        self.all(&sql, params![profile.0 as i64, now.0], rows::delivery)
    }

    fn print_run(&self, id: PrintRunId) -> Result<Option<PrintRun>> {
        self.one(&format!("SELECT {RUN} FROM print_runs WHERE id = ?1"), [id.0 as i64], run)
    }

    fn print_runs(&self, page: Page) -> Result<Vec<PrintRun>> {
        let sql = format!("SELECT {RUN} FROM print_runs ORDER BY id DESC LIMIT ?1 OFFSET ?2");
        self.all(&sql, params![page.limit as i64, page.offset as i64], run)
    }

    fn open_print_runs(&self) -> Result<Vec<PrintRun>> {
        self.all(&format!("SELECT {RUN} FROM print_runs WHERE finished IS NULL ORDER BY id"), [], run)
    }

    fn being_printed(&self, run: PrintRunId, limit: usize) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries INDEXED BY deliveries_sending
             WHERE state = 'sending'
                 AND EXISTS (SELECT 1 FROM printed WHERE printed.delivery = deliveries.id AND printed.run = ?1)
             ORDER BY id LIMIT ?2",
            rows::DELIVERY
        );
        self.all(&sql, params![run.0 as i64, limit as i64], rows::delivery)
    }

    fn printed_of_each(&self, run: PrintRunId) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE id IN (
                 SELECT min(one.id) FROM printed JOIN deliveries AS one ON one.id = printed.delivery
                 WHERE printed.run = ?1 AND one.state = 'sending' AND one.seed IS NULL
                 GROUP BY one.program, one.version, one.template, one.topic)
             ORDER BY id",
            rows::DELIVERY
        );
        self.all(&sql, [run.0 as i64], rows::delivery)
    }

    fn printed_in(&self, run: PrintRunId) -> Result<u64> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM printed WHERE run = ?1")?
            .query_row([run.0 as i64], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn printed_for(
        &self,
        household: HouseholdId,
        program: &str,
        occasion: &str,
        run: PrintRunId,
    ) -> Result<Option<ProfileId>> {
        self.one(
            "SELECT d.profile FROM printed p JOIN deliveries d ON d.id = p.delivery
             WHERE p.household = ?1 AND d.program = ?2 AND (p.run = ?3 OR d.occasion = ?4)
                 AND d.state IN ('sending', 'sent', 'unknown') LIMIT 1",
            params![household.0 as i64, program, run.0 as i64, occasion],
            |row| rows::id(row, 0).map(ProfileId),
        )
    }
}

impl WriteLetters for Session<'_> {
    fn put_print_run(&mut self, run: &PrintRun) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO print_runs (id, started, finished, program, letters) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, letters = excluded.letters",
            )?
            .execute(params![
                run.id.0 as i64,
                run.started.0,
                run.finished.map(|time| time.0),
                run.program,
                run.letters as i64
            ])?;
        Ok(())
    }

    fn remove_print_run(&mut self, run: PrintRunId) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM print_runs WHERE id = ?1")?.execute([run.0 as i64])?;
        Ok(())
    }

    fn put_printed(
        &mut self,
        delivery: DeliveryId,
        run: PrintRunId,
        household: Option<HouseholdId>,
    ) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO printed (delivery, run, household) VALUES (?1, ?2, ?3)")?
            .execute(params![
                delivery.0 as i64,
                run.0 as i64,
                household.map(|household| household.0 as i64)
            ])?;
        Ok(())
    }

    fn remove_printed(&mut self, delivery: DeliveryId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM printed WHERE delivery = ?1")?
            .execute([delivery.0 as i64])?;
        Ok(())
    }
}
