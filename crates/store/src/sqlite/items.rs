//! Items of catalogues, and those who watch them, in the embedded store.

use super::{rows, session::Session};
use crate::{
    Result, StoreError,
    items::{ItemChange, ReadItems, WriteItems},
};
use crowsnest_model::{InterestId, Item, Object, ProfileId, Time};
use rusqlite::{OptionalExtension, Row, params, types::Type};

const ITEM: &str = "key, fields, time, source, listed, missing";

fn object(row: &Row<'_>, index: usize) -> rusqlite::Result<Object> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, error.into()))
}

fn text(object: &Object) -> Result<String> {
    serde_json::to_string(object)
        .map_err(|error| StoreError::Document { what: "item", fault: error.to_string() })
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let moment = |index| row.get::<_, Option<i64>>(index).map(|time| time.map(Time));
    Ok(Item {
        key: row.get(0)?,
        fields: object(row, 1)?,
        time: moment(2)?,
        source: row.get(3)?,
        listed: moment(4)?,
        missing: moment(5)?,
    })
}

fn change(row: &Row<'_>) -> rusqlite::Result<ItemChange> {
    Ok(ItemChange {
        seq: rows::id(row, 0)?,
        program: row.get(1)?,
        catalogue: row.get(2)?,
        key: row.get(3)?,
        time: rows::time(row, 4)?,
        seen: object(row, 5)?,
        after: rows::optional_id(row, 6)?.map(ProfileId),
    })
}

impl Session<'_> {
    /// Forgets who watches by an interest.
    pub(super) fn forget_interest(&self, interest: InterestId) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM watchers WHERE interest = ?1")?
            .execute([interest.0 as i64])?;
        Ok(())
    }
}

impl ReadItems for Session<'_> {
    fn item(&self, catalogue: &str, key: &str) -> Result<Option<Item>> {
        let sql = format!("SELECT {ITEM} FROM items WHERE catalogue = ?1 AND key = ?2");
        self.connection
            .prepare_cached(&sql)?
            .query_row([catalogue, key], item)
            .optional()
            .map_err(StoreError::from)
    }

    fn items(&self, catalogue: &str, after: Option<&str>, limit: usize) -> Result<Vec<Item>> {
        let sql = format!(
            "SELECT {ITEM} FROM items WHERE catalogue = ?1 AND key > ?2 AND time IS NOT NULL ORDER BY key LIMIT ?3"
        );
        // No key is empty.
        self.all(&sql, params![catalogue, after.unwrap_or_default(), limit as i64], item)
    }

    fn item_count(&self, catalogue: &str) -> Result<u64> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM items WHERE catalogue = ?1 AND gone = 0")?
            .query_row([catalogue], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn listed_until(&self, catalogue: &str) -> Result<Option<Time>> {
        self.connection
            .prepare_cached("SELECT until FROM item_lists WHERE catalogue = ?1")?
            .query_row([catalogue], |row| rows::time(row, 0))
            .optional()
            .map_err(StoreError::from)
    }

    fn unlisted(&self, catalogue: &str, moment: Time, limit: usize) -> Result<Vec<Item>> {
        let sql = format!(
            "SELECT {ITEM} FROM items WHERE catalogue = ?1 AND gone = 0 AND listed < ?2 ORDER BY listed LIMIT ?3"
        );
        self.all(&sql, params![catalogue, moment.0, limit as i64], item)
    }

    fn due_item_changes(&self, now: Time, limit: usize) -> Result<Vec<ItemChange>> {
        self.all(
            "SELECT seq, program, catalogue, key, time, seen, after FROM item_changes
             WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, seq LIMIT ?2",
            params![now.0, limit as i64],
            change,
        )
    }

    fn watchers(
        &self,
        interest: InterestId,
        key: &str,
        since: Time,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<ProfileId>> {
        let after = after.map_or(i64::MIN, |id| id.0 as i64);
        self.all(
            "SELECT profile FROM watchers
             WHERE interest = ?1 AND key = ?2 AND profile > ?3 AND time >= ?4 ORDER BY profile LIMIT ?5",
            params![interest.0 as i64, key, after, since.0, limit as i64],
            |row| Ok(ProfileId(rows::id(row, 0)?)),
        )
    }

    fn watched_before(
        &self,
        interest: InterestId,
        before: Time,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>> {
        self.all(
            "SELECT DISTINCT key FROM watchers
             WHERE interest = ?1 AND key > ?2 AND time < ?3 ORDER BY key LIMIT ?4",
            params![interest.0 as i64, after.unwrap_or_default(), before.0, limit as i64],
            |row| row.get(0),
        )
    }
}

impl WriteItems for Session<'_> {
    fn put_item(&mut self, catalogue: &str, item: &Item) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO items (catalogue, key, fields, time, source, listed, missing, gone)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                catalogue,
                item.key,
                text(&item.fields)?,
                item.time.map(|time| time.0),
                item.source,
                item.listed.map(|time| time.0),
                item.missing.map(|time| time.0),
                item.gone()
            ])?;
        Ok(())
    }

    fn put_item_list(&mut self, catalogue: &str, until: Time) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO item_lists (catalogue, until) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET until = max(until, excluded.until)",
            )?
            .execute(params![catalogue, until.0])?;
        Ok(())
    }

    fn put_item_change(&mut self, change: &ItemChange, due: Option<Time>) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO item_changes (program, catalogue, key, time, seen, due, after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                change.program,
                change.catalogue,
                change.key,
                change.time.0,
                text(&change.seen)?,
                due.map(|due| due.0),
                change.after.map(|id| id.0 as i64)
            ])?;
        Ok(())
    }

    fn move_item_change(&mut self, seq: u64, after: ProfileId) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE item_changes SET after = ?2 WHERE seq = ?1")?
            .execute([seq as i64, after.0 as i64])?;
        Ok(())
    }

    fn park_item_change(&mut self, seq: u64) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE item_changes SET due = NULL WHERE seq = ?1")?
            .execute([seq as i64])?;
        Ok(())
    }

    fn unpark_item_changes(&mut self, due: Time) -> Result<u64> {
        let changed = self
            .connection
            .prepare_cached("UPDATE item_changes SET due = ?1 WHERE due IS NULL")?
            .execute([due.0])?;
        Ok(changed as u64)
    }

    fn remove_item_change(&mut self, seq: u64) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM item_changes WHERE seq = ?1")?.execute([seq as i64])?;
        Ok(())
    }

    fn put_watcher(&mut self, interest: InterestId, key: &str, profile: ProfileId, time: Time) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO watchers (interest, key, profile, time) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET time = max(time, excluded.time)",
            )?
            .execute(params![interest.0 as i64, key, profile.0 as i64, time.0])?;
        Ok(())
    }

    fn forget_watchers(&mut self, interest: InterestId, key: &str, before: Time) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM watchers WHERE interest = ?1 AND key = ?2 AND time < ?3")?
            .execute(params![interest.0 as i64, key, before.0])?;
        Ok(())
    }
}
