//! Bringing a store's format up to date.

use crate::{Result, StoreError};
use rusqlite::{Connection, TransactionBehavior};

/// What makes each format out of the one before it. Never changed once released, only added to.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql")];

/// Brings the format up to date, each step in a transaction of its own with the number that says it is done.
pub(super) fn bring_up_to_date(connection: &mut Connection) -> Result<()> {
    let known = MIGRATIONS.len() as i64;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if found > known {
            return Err(StoreError::TooNew { found, known });
        }
        let Some(step) = usize::try_from(found).ok().and_then(|done| MIGRATIONS.get(done)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}
