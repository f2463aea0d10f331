//! What came while programs waited, in the embedded store.

use super::{rows, session::Session};
use crate::{
    Result,
    pending::{Pending, ReadPending, WritePending},
};
use crowsnest_model::ProfileId;
use rusqlite::{Row, params};

fn pending(row: &Row<'_>) -> rusqlite::Result<Pending> {
    Ok(Pending {
        seq: rows::id(row, 0)?,
        profile: ProfileId(rows::id(row, 1)?),
        program: row.get(2)?,
        occasion: row.get(3)?,
        cause: row.get(4)?,
    })
}

impl ReadPending for Session<'_> {
    fn pending(&self, of: Option<ProfileId>, limit: usize) -> Result<Vec<Pending>> {
        match of {
            Some(person) => self.all(
                "SELECT seq, profile, program, occasion, cause FROM pending
                 WHERE profile = ?1 ORDER BY seq LIMIT ?2",
                params![person.0 as i64, limit as i64],
                pending,
            ),
            None => self.all(
                "SELECT seq, profile, program, occasion, cause FROM pending
                 WHERE seq > 0 ORDER BY seq LIMIT ?1",
                [limit as i64],
                pending,
            ),
        }
    }
}

impl WritePending for Session<'_> {
    fn put_pending(&mut self, pending: &Pending) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO pending (profile, program, occasion, cause) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![pending.profile.0 as i64, pending.program, pending.occasion, pending.cause])?;
        Ok(())
    }

    fn remove_pending(&mut self, seq: u64) -> Result<bool> {
        let changed =
            self.connection.prepare_cached("DELETE FROM pending WHERE seq = ?1")?.execute([seq as i64])?;
        Ok(changed > 0)
    }
}
