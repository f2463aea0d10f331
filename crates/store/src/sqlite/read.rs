//! What can be asked of the store.

use super::{lists, programs, rows, runs, session::Session};
use crate::{
    EventRow, EventSeq, ImportRecord, LaunchRecord, LedgerEntry, Page, Read, Request, Result, RunRecord,
    RunStep, SourceCount, StoredDocument, Suppression, Switch, Watermark,
};
use crowsnest_model::{
    Consent, ConsentStatus, EventId, HouseholdId, Identifier, Profile, ProfileId, QuarantineId, RunId, Time,
    quarantine::{QuarantineState, Quarantined},
};
use rusqlite::{OptionalExtension, Params, Row, ToSql, params};
use std::collections::{BTreeMap, BTreeSet};

impl Session<'_> {
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_map(params, read)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.connection.prepare_cached(sql)?.query_row(params, read).optional()?)
    }

    pub(super) fn counts(&self, sql: &str, params: impl Params) -> Result<BTreeMap<String, u64>> {
        Ok(self
            .all(sql, params, |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)? as u64)))?
            .into_iter()
            .collect())
    }

    fn event_rows(&self, sql: &str, params: impl Params) -> Result<Vec<EventRow>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = statement.query(params)?;
        let mut events = Vec::new();
        while let Some(row) = found.next()? {
            events.push(rows::event(self, row)?);
        }
        Ok(events)
    }
}

fn launch(row: &Row<'_>) -> rusqlite::Result<LaunchRecord> {
    let counts: String = row.get(7)?;
    Ok(LaunchRecord {
        broadcast: row.get(0)?,
        version: row.get(1)?,
        launched: rows::time(row, 2)?,
        queued: row.get::<_, Option<i64>>(3)?.map(Time),
        until: rows::id(row, 4).map(ProfileId)?,
        after: rows::optional_id(row, 5)?.map(ProfileId),
        identity: rows::id(row, 6)?,
        counts: serde_json::from_str(&counts).unwrap_or_default(),
    })
}

impl Read for Session<'_> {
    fn holders(&self, identifiers: &[&Identifier]) -> Result<Vec<Option<ProfileId>>> {
        let mut holders = Vec::with_capacity(identifiers.len());
        let mut statement = self
            .connection
            .prepare_cached("SELECT profile FROM identifiers WHERE namespace = ?1 AND value = ?2")?;
        for identifier in identifiers {
            let holder = match self.number(identifier.namespace.as_str())? {
                Some(namespace) => statement
                    .query_row(params![namespace, identifier.value], |row| rows::id(row, 0))
                    .optional()?,
                None => None,
            };
            holders.push(holder.map(ProfileId));
        }
        Ok(holders)
    }

    fn seen(&self, event: EventId) -> Result<bool> {
        Ok(self.number_of_event(event)?.is_some())
    }

    fn profile(&self, id: ProfileId) -> Result<Option<Profile>> {
        let mut statement = self.hot(&self.statements.profile, "SELECT doc FROM people WHERE id = ?1")?;
        let mut found = statement.query([id.0 as i64])?;
        match found.next()? {
            Some(row) => {
                let doc = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                rows::decode_profile(doc).map(Some)
            }
            None => Ok(None),
        }
    }

    fn survivor(&self, id: ProfileId) -> Result<ProfileId> {
        let survivor =
            self.one("SELECT survivor FROM redirects WHERE absorbed = ?1", [id.0 as i64], |row| {
                rows::id(row, 0)
            })?;
        Ok(survivor.map_or(id, ProfileId))
    }

    fn absorbed(&self, id: ProfileId) -> Result<Vec<ProfileId>> {
        self.all(
            "SELECT absorbed FROM redirects WHERE survivor = ?1 ORDER BY absorbed",
            [id.0 as i64],
            |row| rows::id(row, 0).map(ProfileId),
        )
    }

    fn people_after(&self, after: Option<ProfileId>, limit: usize) -> Result<Vec<Profile>> {
        self.each_after(after, limit)?.into_iter().map(|(_, profile)| profile).collect()
    }

    fn each_after(
        &self,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<(ProfileId, Result<Profile>)>> {
        let after = after.map_or(i64::MIN, |id| id.0 as i64);
        let mut statement = self
            .connection
            .prepare_cached("SELECT doc, id FROM people WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut found = statement.query(params![after, limit as i64])?;
        let mut people = Vec::new();
        while let Some(row) = found.next()? {
            let doc = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
            people.push((ProfileId(rows::id(row, 1)?), rows::decode_profile(doc)));
        }
        Ok(people)
    }

    fn household(&self, id: HouseholdId) -> Result<Vec<ProfileId>> {
        self.all("SELECT profile FROM households WHERE household = ?1", [id.0 as i64], |row| {
            rows::id(row, 0).map(ProfileId)
        })
    }

    fn sharing(&self, id: ProfileId, at_most: usize) -> Result<Option<Vec<ProfileId>>> {
        let mut people = BTreeSet::from([id]);
        let (mut to_ask, mut asked) = (vec![id], BTreeSet::new());
        while let Some(person) = to_ask.pop() {
            let accounts: Vec<i64> =
                self.all("SELECT household FROM households WHERE profile = ?1", [person.0 as i64], |row| {
                    row.get(0)
                })?;
            for account in accounts {
                if !asked.insert(account) {
                    continue;
                }
                let members = self.all(
                    "SELECT profile FROM households WHERE household = ?1 LIMIT ?2",
                    params![account, at_most as i64 + 1],
                    |row| rows::id(row, 0).map(ProfileId),
                )?;
                to_ask.extend(members.into_iter().filter(|member| people.insert(*member)));
                if people.len() > at_most {
                    return Ok(None);
                }
            }
        }
        Ok(Some(people.into_iter().collect()))
    }

    fn consents(&self, channel: &str, contact: &str) -> Result<Vec<Consent>> {
        self.all(
            "SELECT topic, status, time, source, evidence FROM consents WHERE channel = ?1 AND contact = ?2",
            [channel, contact],
            |row| {
                let status: String = row.get(1)?;
                Ok(Consent {
                    channel: channel.to_owned(),
                    contact: contact.to_owned(),
                    topic: row.get(0)?,
                    // Whatever is not plainly a grant is not one.
                    status: if status == "granted" {
                        ConsentStatus::Granted
                    } else {
                        ConsentStatus::Withdrawn
                    },
                    time: rows::time(row, 2)?,
                    source: row.get(3)?,
                    evidence: row.get(4)?,
                })
            },
        )
    }

    fn suppression(&self, channel: &str, contact: &str) -> Result<Option<Suppression>> {
        self.one(
            "SELECT reason, time FROM suppressions WHERE channel = ?1 AND contact = ?2",
            [channel, contact],
            |row| {
                Ok(Suppression {
                    channel: channel.to_owned(),
                    contact: contact.to_owned(),
                    reason: row.get(0)?,
                    time: rows::time(row, 1)?,
                })
            },
        )
    }

    fn suppressions(&self, channel: Option<&str>, page: Page) -> Result<Vec<Suppression>> {
        self.all(
            "SELECT channel, contact, reason, time FROM suppressions WHERE ?3 IS NULL OR channel = ?3
             ORDER BY channel, contact LIMIT ?1 OFFSET ?2",
            params![page.limit as i64, page.offset as i64, channel],
            |row| {
                Ok(Suppression {
                    channel: row.get(0)?,
                    contact: row.get(1)?,
                    reason: row.get(2)?,
                    time: rows::time(row, 3)?,
                })
            },
        )
    }

    fn events(&self, profile: ProfileId, page: Page) -> Result<Vec<EventRow>> {
        let sql = format!(
            "SELECT {} FROM events WHERE profile = ?1 ORDER BY time DESC, seq DESC LIMIT ?2 OFFSET ?3",
            rows::EVENT
        );
        self.event_rows(&sql, params![profile.0 as i64, page.limit as i64, page.offset as i64])
    }

    fn people_with_events(
        &self,
        names: &[&str],
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<ProfileId>> {
        let numbers = self.numbers(names)?;
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let places = vec!["?"; numbers.len()].join(", ");
        // Read along the index, from which nobody has to go to the events themselves.
        let sql = format!(
            "SELECT DISTINCT profile FROM events INDEXED BY events_by_profile
             WHERE profile > ? AND name IN ({places}) ORDER BY profile LIMIT {limit}"
        );
        let after = after.map_or(i64::MIN, |id| id.0 as i64);
        let mut values: Vec<&dyn ToSql> = vec![&after];
        values.extend(numbers.iter().map(|number| number as &dyn ToSql));
        self.all(&sql, &*values, |row| rows::id(row, 0).map(ProfileId))
    }

    fn events_named(&self, profile: ProfileId, names: &[&str], since: Time) -> Result<Vec<EventRow>> {
        let numbers = self.numbers(names)?;
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let places = vec!["?"; numbers.len()].join(", ");
        let sql = format!(
            "SELECT {} FROM events WHERE profile = ? AND time >= ? AND name IN ({places}) ORDER BY time, seq",
            rows::EVENT
        );
        let person = profile.0 as i64;
        let mut values: Vec<&dyn ToSql> = vec![&person, &since.0];
        values.extend(numbers.iter().map(|number| number as &dyn ToSql));
        self.event_rows(&sql, &*values)
    }

    fn ledger(&self, profile: ProfileId, page: Page) -> Result<Vec<LedgerEntry>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT time, event, kind, profile, other, namespace, value, reason FROM ledger
             WHERE profile = ?1 OR profile IN (SELECT absorbed FROM redirects WHERE survivor = ?1)
             ORDER BY seq DESC LIMIT ?2 OFFSET ?3",
        )?;
        let mut found = statement.query(params![profile.0 as i64, page.limit as i64, page.offset as i64])?;
        let mut entries = Vec::new();
        while let Some(row) = found.next()? {
            entries.push(rows::ledger(self, row)?);
        }
        Ok(entries)
    }

    fn had_occasion(&self, program: &str, profile: ProfileId, occasion: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM runs WHERE program = ?1 AND profile = ?2 AND occasion = ?3";
        let mut statement = self.hot(&self.statements.had_occasion, sql)?;
        Ok(statement.exists(params![program, profile.0 as i64, occasion])?)
    }

    fn entered_between(
        &self,
        program: &str,
        profile: ProfileId,
        after: Time,
        before: Time,
    ) -> Result<Option<Time>> {
        programs::entered_between(self, program, profile, after, before)
    }

    fn requests_of(&self, profile: ProfileId) -> Result<Vec<Request>> {
        runs::requests_of(self, profile)
    }

    fn run_log(&self, run: RunId) -> Result<Vec<RunStep>> {
        programs::run_log(self, run)
    }

    fn active_runs(&self, program: &str, after: RunId, limit: usize) -> Result<Vec<(RunId, ProfileId, u32)>> {
        programs::active_runs(self, program, after, limit)
    }

    fn parked(&self) -> Result<Vec<String>> {
        programs::parked(self)
    }

    fn events_called(
        &self,
        name: &str,
        received: Time,
        after: EventSeq,
        limit: usize,
    ) -> Result<Vec<(EventSeq, ProfileId, EventRow)>> {
        programs::events_called(self, name, received, after, limit)
    }

    fn run(&self, id: RunId) -> Result<Option<RunRecord>> {
        runs::one(self, id)
    }

    fn runs(&self, program: Option<&str>, profile: Option<ProfileId>, page: Page) -> Result<Vec<RunRecord>> {
        runs::list(self, program, profile, page)
    }

    fn run_counts(&self, program: &str) -> Result<BTreeMap<String, u64>> {
        runs::counts(self, program)
    }

    fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<(Time, ProfileId, RunId)>> {
        self.all(
            "SELECT due, profile, run FROM timers WHERE parked IS NULL AND due <= ?1 ORDER BY due, run LIMIT ?2",
            params![now.0, limit as i64],
            |row| Ok((rows::time(row, 0)?, ProfileId(rows::id(row, 1)?), RunId(rows::id(row, 2)?))),
        )
    }

    fn next_due(&self) -> Result<Option<Time>> {
        let mut next: Option<i64> = None;
        for sql in [
            "SELECT min(due) FROM deliveries WHERE state = 'queued' AND line = 'phone'",
            "SELECT min(expires) FROM deliveries
             WHERE (state IN ('queued', 'held') OR state = 'sending' AND channel = 'phone') AND expires IS NOT NULL",
            "SELECT min(due) FROM tasks WHERE state = 'queued' AND call IS NULL",
            "SELECT min(due) FROM timers WHERE parked IS NULL",
            "SELECT min(due) FROM looks",
            "SELECT min(due) FROM item_changes WHERE due IS NOT NULL",
            "SELECT min(time) FROM lists_left",
        ] {
            let found: Option<i64> = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            next = match (next, found) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        Ok(next.map(Time))
    }

    fn quarantine(
        &self,
        source: Option<&str>,
        state: Option<QuarantineState>,
        page: Page,
    ) -> Result<Vec<Quarantined>> {
        lists::quarantine(self, source, state, page)
    }

    fn quarantine_count(&self, state: QuarantineState) -> Result<u64> {
        let count =
            self.one("SELECT count(*) FROM quarantine WHERE state = ?1", [state.as_str()], |row| {
                row.get::<_, i64>(0)
            })?;
        Ok(count.unwrap_or_default() as u64)
    }

    fn quarantined(&self, id: QuarantineId) -> Result<Option<Quarantined>> {
        let sql = format!("SELECT {} FROM quarantine WHERE id = ?1", rows::QUARANTINED);
        self.one(&sql, [id.0 as i64], rows::quarantined)
    }

    fn watermarks(&self) -> Result<Vec<Watermark>> {
        self.all("SELECT source, complete_until, updated FROM watermarks ORDER BY source", [], |row| {
            Ok(Watermark {
                source: row.get(0)?,
                complete_until: rows::time(row, 1)?,
                updated: rows::time(row, 2)?,
            })
        })
    }

    fn switches(&self) -> Result<Vec<Switch>> {
        self.all("SELECT scope, since, reason FROM switches ORDER BY scope", [], |row| {
            Ok(Switch { scope: row.get(0)?, since: rows::time(row, 1)?, reason: row.get(2)? })
        })
    }

    fn imports(&self, page: Page) -> Result<Vec<ImportRecord>> {
        self.all(
            "SELECT time, source, feed, file, rows, accepted, duplicates, quarantined, complete_until
             FROM imports ORDER BY id DESC LIMIT ?1 OFFSET ?2",
            params![page.limit as i64, page.offset as i64],
            |row| {
                Ok(ImportRecord {
                    time: rows::time(row, 0)?,
                    source: row.get(1)?,
                    feed: row.get(2)?,
                    file: row.get(3)?,
                    rows: rows::id(row, 4)?,
                    accepted: rows::id(row, 5)?,
                    duplicates: rows::id(row, 6)?,
                    quarantined: rows::id(row, 7)?,
                    complete_until: row.get::<_, Option<i64>>(8)?.map(Time),
                })
            },
        )
    }

    fn launch(&self, broadcast: &str) -> Result<Option<LaunchRecord>> {
        self.one(
            "SELECT broadcast, version, launched, queued, until, after, identity, counts FROM launches WHERE broadcast = ?1",
            [broadcast],
            launch,
        )
    }

    fn unfinished_launches(&self) -> Result<Vec<LaunchRecord>> {
        self.all(
            "SELECT broadcast, version, launched, queued, until, after, identity, counts FROM launches WHERE queued IS NULL",
            [],
            launch,
        )
    }

    fn documents(&self, all_versions: bool) -> Result<Vec<StoredDocument>> {
        self.all(
            "SELECT kind, name, version, path, text, live, applied, compiled, line, retired FROM documents
             WHERE live OR ?1 ORDER BY kind, name, version",
            [all_versions],
            |row| {
                Ok(StoredDocument {
                    kind: row.get(0)?,
                    name: row.get(1)?,
                    version: row.get(2)?,
                    path: row.get(3)?,
                    text: row.get(4)?,
                    live: row.get(5)?,
                    applied: rows::time(row, 6)?,
                    compiled: row.get(7)?,
                    line: row.get(8)?,
                    retired: row.get::<_, Option<i64>>(9)?.map(Time),
                })
            },
        )
    }

    fn counter(&self, name: &str) -> Result<u64> {
        let value =
            self.one("SELECT value FROM counters WHERE name = ?1", [name], |row| row.get::<_, i64>(0))?;
        Ok(value.unwrap_or(0).max(0) as u64)
    }

    fn household_count(&self) -> Result<u64> {
        let members: Vec<(i64, i64)> =
            self.all("SELECT household, profile FROM households", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut shared = crowsnest_model::household::Groups::default();
        for (household, profile) in &members {
            shared.join(ProfileId(*profile as u64), HouseholdId(*household as u64));
        }
        Ok(self.counter("people")?.saturating_sub(shared.people()) + shared.groups())
    }

    fn source_counts(&self) -> Result<Vec<SourceCount>> {
        self.all(
            "SELECT source, events, duplicates, quarantined FROM source_counts ORDER BY source",
            [],
            |row| {
                Ok(SourceCount {
                    source: row.get(0)?,
                    events: rows::id(row, 1)?,
                    duplicates: rows::id(row, 2)?,
                    quarantined: rows::id(row, 3)?,
                })
            },
        )
    }

    fn setting(&self, name: &str) -> Result<Option<String>> {
        self.one("SELECT value FROM settings WHERE name = ?1", [name], |row| row.get(0))
    }
}
