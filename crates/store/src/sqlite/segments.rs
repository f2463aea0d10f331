//! Segments in the embedded store.

use super::{rows, segment_log, session::Session};
use crate::{
    Page, Result,
    segments::{Build, ReadSegments, SegmentChange, WriteSegments},
};
use crowsnest_model::{ProfileId, Time};
use rusqlite::params;

/// A membership that is to be written, by the numbers of the segment and the person; without a moment it ends.
#[derive(Debug)]
pub(super) struct PutMembership {
    place: (i64, i64),
    since: Option<i64>,
}

impl Session<'_> {
    /// Writes the memberships that were put, in the order of the store, where neighbours lie together: those of one commit are
    /// of many people and segments in turn. Whoever reads memberships calls it before.
    pub(super) fn write_memberships(&self) -> Result<()> {
        let mut puts = self.memberships.take();
        if puts.is_empty() {
            return Ok(());
        }
        // Of several puts in one place the last counts.
        puts.sort_by_key(|put| put.place);
        let mut insert = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO memberships (segment, profile, since) VALUES (?1, ?2, ?3)",
        )?;
        let mut delete =
            self.connection.prepare_cached("DELETE FROM memberships WHERE segment = ?1 AND profile = ?2")?;
        for of_one_place in puts.chunk_by(|one, other| one.place == other.place) {
            let Some(PutMembership { place: (segment, profile), since }) = of_one_place.last() else {
                continue;
            };
            match since {
                Some(since) => insert.execute([segment, profile, since])?,
                None => delete.execute([segment, profile])?,
            };
        }
        Ok(())
    }
}

impl ReadSegments for Session<'_> {
    fn members(
        &self,
        segment: &str,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<(ProfileId, Time)>> {
        self.write_memberships()?;
        let Some(number) = self.number(segment)? else { return Ok(Vec::new()) };
        self.all(
            "SELECT profile, since FROM memberships WHERE segment = ?1 AND profile > ?2 ORDER BY profile LIMIT ?3",
            params![number, after.map_or(i64::MIN, |id| id.0 as i64), limit as i64],
            |row| Ok((ProfileId(rows::id(row, 0)?), rows::time(row, 1)?)),
        )
    }

    fn member_count(&self, segment: &str) -> Result<u64> {
        self.write_memberships()?;
        let Some(number) = self.number(segment)? else { return Ok(0) };
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM memberships WHERE segment = ?1")?
            .query_row([number], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn overlap(&self, one: &str, other: &str) -> Result<u64> {
        self.write_memberships()?;
        let (Some(one), Some(other)) = (self.number(one)?, self.number(other)?) else { return Ok(0) };
        let count: i64 = self
            .connection
            .prepare_cached(
                "SELECT count(*) FROM memberships AS a JOIN memberships AS b
                 ON b.segment = ?2 AND b.profile = a.profile WHERE a.segment = ?1",
            )?
            .query_row([one, other], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn segment_changes(
        &self,
        segment: Option<&str>,
        profile: Option<ProfileId>,
        page: Page,
    ) -> Result<Vec<SegmentChange>> {
        self.read_segment_log(segment, profile, page)
    }

    fn due_looks(&self, now: Time, limit: usize) -> Result<Vec<(Time, ProfileId)>> {
        self.all(
            "SELECT due, profile FROM looks WHERE due <= ?1 ORDER BY due, profile LIMIT ?2",
            params![now.0, limit as i64],
            |row| Ok((rows::time(row, 0)?, ProfileId(rows::id(row, 1)?))),
        )
    }

    fn builds(&self) -> Result<Vec<Build>> {
        self.all("SELECT kind, name, meaning, started, finished FROM builds", [], |row| {
            Ok(Build {
                kind: row.get(0)?,
                name: row.get(1)?,
                meaning: row.get(2)?,
                started: rows::time(row, 3)?,
                finished: row.get::<_, Option<i64>>(4)?.map(Time),
            })
        })
    }
}

impl WriteSegments for Session<'_> {
    fn put_membership(&mut self, segment: &str, profile: ProfileId, since: Option<Time>) -> Result<()> {
        let place = (self.number_or_new(segment)?, profile.0 as i64);
        let since = since.map(|since| since.0);
        self.memberships.borrow_mut().push(PutMembership { place, since });
        Ok(())
    }

    fn put_segment_change(&mut self, change: &SegmentChange) -> Result<()> {
        segment_log::put(self, change)
    }

    fn put_look(&mut self, profile: ProfileId, due: Option<Time>) -> Result<()> {
        match due {
            Some(due) => self
                .hot(
                    &self.statements.put_look,
                    // Replacing the row would take four times as long, for the sake of its index.
                    "INSERT INTO looks (profile, due) VALUES (?1, ?2)
                     ON CONFLICT (profile) DO UPDATE SET due = excluded.due",
                )?
                .execute(params![profile.0 as i64, due.0])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM looks WHERE profile = ?1")?
                .execute([profile.0 as i64])?,
        };
        Ok(())
    }

    fn put_build(&mut self, build: &Build) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO builds (kind, name, meaning, started, finished) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                build.kind,
                build.name,
                build.meaning,
                build.started.0,
                build.finished.map(|time| time.0)
            ])?;
        Ok(())
    }

    fn remove_build(&mut self, kind: &str, name: &str) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM builds WHERE kind = ?1 AND name = ?2")?
            .execute([kind, name])?;
        if kind == "segment" {
            self.write_memberships()?;
            let number: Option<i64> = self.number(name)?;
            if let Some(number) = number {
                self.connection
                    .prepare_cached("DELETE FROM memberships WHERE segment = ?1")?
                    .execute([number])?;
            }
        }
        if let ("interest", Some(id)) = (kind, crowsnest_model::InterestId::from_name(name)) {
            self.forget_interest(id)?;
        }
        Ok(())
    }
}
