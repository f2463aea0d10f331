//! Changes of identity, as others are told, in the embedded store.

use super::{rows, session::Session};
use crate::{
    EventRow, Result, StoreError,
    identity::{IdentityChange, IdentityChangeKind, ReadIdentity, WriteIdentity},
};
use crowsnest_model::{DecisionId, EventId, Identifier, ProfileId};
use rusqlite::{Row, params};

fn change(row: &Row<'_>) -> Result<IdentityChange> {
    let kind: i64 = row.get(2)?;
    let event: Option<[u8; 16]> = row.get(5)?;
    let kinds = IdentityChangeKind::ALL;
    Ok(IdentityChange {
        cursor: rows::id(row, 0)?,
        time: rows::time(row, 1)?,
        kind: usize::try_from(kind).ok().and_then(|kind| kinds.get(kind)).copied().ok_or_else(|| {
            StoreError::Document { what: "change of identity", fault: format!("kind {kind} is not known") }
        })?,
        survivor: ProfileId(rows::id(row, 3)?),
        absorbed: ProfileId(rows::id(row, 4)?),
        event: event.map(|bytes| EventId(u128::from_be_bytes(bytes))),
        decision: rows::optional_id(row, 6)?.map(DecisionId),
        anonymous: row.get(7)?,
        reason: row.get(8)?,
    })
}

impl ReadIdentity for Session<'_> {
    fn identity_changes(&self, after: u64, limit: usize) -> Result<Vec<IdentityChange>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, time, kind, survivor, absorbed, event, decision, anonymous, reason FROM identity_changes
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut found = statement.query(params![after, limit as i64])?;
        let mut changes = Vec::new();
        while let Some(row) = found.next()? {
            changes.push(change(row)?);
        }
        Ok(changes)
    }

    fn identity_change_of(&self, absorbed: ProfileId) -> Result<Option<IdentityChange>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, time, kind, survivor, absorbed, event, decision, anonymous, reason FROM identity_changes
             WHERE absorbed = ?1 ORDER BY seq DESC LIMIT 1",
        )?;
        let mut found = statement.query([absorbed.0 as i64])?;
        found.next()?.map(change).transpose()
    }

    fn last_identity_change(&self) -> Result<u64> {
        let last = self.one("SELECT max(seq) FROM identity_changes", [], |row| rows::optional_id(row, 0))?;
        Ok(last.flatten().unwrap_or_default())
    }

    fn sharers(&self, identifiers: &[&Identifier]) -> Result<Vec<Vec<ProfileId>>> {
        let mut sharers = Vec::with_capacity(identifiers.len());
        let mut statement = self.connection.prepare_cached(
            "SELECT profile FROM sharers WHERE namespace = ?1 AND value = ?2 ORDER BY profile",
        )?;
        for identifier in identifiers {
            sharers.push(match self.number(identifier.namespace.as_str())? {
                Some(namespace) => statement
                    .query_map(params![namespace, identifier.value], |row| rows::id(row, 0).map(ProfileId))?
                    .collect::<Result<_, _>>()?,
                None => Vec::new(),
            });
        }
        Ok(sharers)
    }

    fn event(&self, id: EventId) -> Result<Option<EventRow>> {
        let Some(number) = self.number_of_event(id)? else { return Ok(None) };
        let sql = format!(
            "SELECT {} FROM events WHERE seq = (SELECT seq FROM event_ids WHERE id = ?1)",
            rows::EVENT
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query([number])?;
        Ok(match found.next()? {
            Some(row) => Some(rows::event(self, row)?),
            None => None,
        })
    }
}

impl WriteIdentity for Session<'_> {
    fn put_sharer(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()> {
        let namespace = self.number_or_new(identifier.namespace.as_str())?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO sharers (namespace, value, profile) VALUES (?1, ?2, ?3)")?
            .execute(params![namespace, identifier.value, profile.0 as i64])?;
        Ok(())
    }

    fn remove_sharer(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()> {
        let Some(namespace) = self.number(identifier.namespace.as_str())? else { return Ok(()) };
        self.connection
            .prepare_cached("DELETE FROM sharers WHERE namespace = ?1 AND value = ?2 AND profile = ?3")?
            .execute(params![namespace, identifier.value, profile.0 as i64])?;
        Ok(())
    }

    fn put_identity_change(&mut self, change: &IdentityChange) -> Result<()> {
        let kind = IdentityChangeKind::ALL.iter().position(|kind| *kind == change.kind).unwrap_or_default();
        self.connection
            .prepare_cached(
                "INSERT INTO identity_changes
                     (time, kind, survivor, absorbed, event, decision, anonymous, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                change.time.0,
                kind as i64,
                change.survivor.0 as i64,
                change.absorbed.0 as i64,
                change.event.map(|event| event.0.to_be_bytes()),
                change.decision.map(|decision| decision.0 as i64),
                change.anonymous,
                change.reason
            ])?;
        Ok(())
    }
}
