//! Households that were found, in the embedded store.

use super::{rows, session::Session};
use crate::{
    Result,
    homes::{ReadHomes, Stay, WriteHomes},
};
use crowsnest_model::{HouseholdId, ProfileId, Time};
use rusqlite::{OptionalExtension, Row, params};

fn stay(row: &Row<'_>) -> rusqlite::Result<Stay> {
    Ok(Stay {
        household: HouseholdId(rows::id(row, 0)?),
        profile: ProfileId(rows::id(row, 1)?),
        since: rows::time(row, 2)?,
        until: row.get::<_, Option<i64>>(3)?.map(Time),
        reason: row.get(4)?,
        ended: row.get(5)?,
    })
}

impl ReadHomes for Session<'_> {
    fn home_of(&self, profile: ProfileId) -> Result<Option<HouseholdId>> {
        Ok(self
            .connection
            .prepare_cached("SELECT household FROM homes WHERE profile = ?1 AND until IS NULL")?
            .query_row([profile.0 as i64], |row| rows::id(row, 0).map(HouseholdId))
            .optional()?)
    }

    fn living_in(&self, household: HouseholdId) -> Result<Vec<ProfileId>> {
        let mut members = self.all(
            "SELECT profile FROM homes WHERE household = ?1 AND until IS NULL",
            [household.0 as i64],
            |row| rows::id(row, 0).map(ProfileId),
        )?;
        members.sort_unstable();
        Ok(members)
    }

    fn at_home(&self, after: Option<ProfileId>, limit: usize) -> Result<Vec<ProfileId>> {
        let after = after.map_or(i64::MIN, |id| id.0 as i64);
        self.all(
            "SELECT profile FROM homes WHERE until IS NULL AND profile > ?1 ORDER BY profile LIMIT ?2",
            params![after, limit as i64],
            |row| rows::id(row, 0).map(ProfileId),
        )
    }

    fn stays_in(&self, household: HouseholdId) -> Result<Vec<Stay>> {
        self.all(
            "SELECT household, profile, since, until, reason, ended FROM homes WHERE household = ?1 ORDER BY seq",
            [household.0 as i64],
            stay,
        )
    }

    fn stays_of(&self, profile: ProfileId) -> Result<Vec<Stay>> {
        self.all(
            "SELECT household, profile, since, until, reason, ended FROM homes WHERE profile = ?1 ORDER BY seq",
            [profile.0 as i64],
            stay,
        )
    }
}

impl WriteHomes for Session<'_> {
    fn begin_stay(
        &mut self,
        household: HouseholdId,
        profile: ProfileId,
        since: Time,
        reason: &str,
    ) -> Result<()> {
        use crate::Unit;
        self.connection
            .prepare_cached("INSERT INTO homes (household, profile, since, reason) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![household.0 as i64, profile.0 as i64, since.0, reason])?;
        self.put_household_member(household, profile)
    }

    fn end_stay(&mut self, profile: ProfileId, until: Time, ended: &str) -> Result<bool> {
        let Some(household) = self.home_of(profile)? else { return Ok(false) };
        self.connection
            .prepare_cached(
                "UPDATE homes SET until = max(since, ?2), ended = ?3 WHERE profile = ?1 AND until IS NULL",
            )?
            .execute(params![profile.0 as i64, until.0, ended])?;
        self.connection
            .prepare_cached("DELETE FROM households WHERE household = ?1 AND profile = ?2")?
            .execute([household.0 as i64, profile.0 as i64])?;
        Ok(true)
    }

    fn give_stays(&mut self, from: ProfileId, to: ProfileId, time: Time) -> Result<()> {
        if self.home_of(to)?.is_some() {
            self.end_stay(from, time, "turned out to be one person with somebody")?;
        }
        self.connection
            .prepare_cached("UPDATE homes SET profile = ?1 WHERE profile = ?2")?
            .execute([to.0 as i64, from.0 as i64])?;
        Ok(())
    }
}
