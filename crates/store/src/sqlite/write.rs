//! What is written in one commit.

use super::{
    event_ids, programs,
    rows::{self, DOCUMENT_FORMAT},
    runs,
    session::Session,
};
use crate::{
    EventSeq, HAD_BY_THE_OTHER, ImportRecord, LaunchRecord, LedgerEntry, LedgerKind, Request, Result,
    RunRecord, RunState, RunStep, SourceCount, StoreError, StoredDocument, Suppression, Switch, Unit,
    WriteHomes,
};
use crowsnest_model::{
    Consent, Event, EventId, HouseholdId, Identifier, Profile, ProfileId, RunId, Time,
    quarantine::Quarantined,
};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

impl Unit for Session<'_> {
    fn claim(&mut self, event: EventId) -> Result<Option<EventSeq>> {
        let seq = self.next_event()?;
        for id in event_ids::numbers(event) {
            let inserted = self
                .hot(
                    &self.statements.claim,
                    "INSERT INTO event_ids (id, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute([id, seq])?;
            if inserted == 1 {
                self.took_event(seq);
                return Ok(Some(EventSeq(seq as u64)));
            }
            if self.event_at(id)? == Some(event) {
                break;
            }
        }
        Ok(None)
    }

    fn put_event(&mut self, place: EventSeq, profile: ProfileId, event: &Event, json: &[u8]) -> Result<()> {
        let source = self.number_or_new(&event.source)?;
        let name = event.name.as_deref().map(|name| self.number_or_new(name)).transpose()?;
        let mut body = Vec::with_capacity(json.len() + 1);
        body.push(DOCUMENT_FORMAT);
        body.extend_from_slice(json);
        self.hot(
            &self.statements.put_event,
            "INSERT INTO events (seq, id, profile, time, received, source, kind, name, historical, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            place.0 as i64,
            event.id.0.to_be_bytes(),
            profile.0 as i64,
            event.time.0,
            event.received.0,
            source,
            rows::kind_number(event.kind),
            name,
            event.historical,
            body
        ])?;
        Ok(())
    }

    fn put_profile(&mut self, profile: &Profile) -> Result<()> {
        self.hot(&self.statements.put_profile, "INSERT OR REPLACE INTO people (id, doc) VALUES (?1, ?2)")?
            .execute(params![profile.id.0 as i64, rows::encode_profile(profile)?])?;
        Ok(())
    }

    fn put_holder(&mut self, identifier: &Identifier, profile: ProfileId) -> Result<()> {
        let namespace = self.number_or_new(identifier.namespace.as_str())?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO identifiers (namespace, value, profile) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![namespace, identifier.value, profile.0 as i64])?;
        Ok(())
    }

    fn put_household_member(&mut self, household: HouseholdId, profile: ProfileId) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO households (household, profile) VALUES (?1, ?2)")?
            .execute(params![household.0 as i64, profile.0 as i64])?;
        Ok(())
    }

    fn merge(&mut self, survivor: ProfileId, other: ProfileId, time: Time) -> Result<Vec<RunId>> {
        self.give_skips(other, survivor)?;
        self.write_segment_log()?;
        let (to, from) = (survivor.0 as i64, other.0 as i64);
        let cancelled: Vec<Option<u64>> = self
            .connection
            .prepare_cached(
                "UPDATE deliveries AS mine SET state = 'cancelled', updated = ?3,
                        reason = ?4
                 WHERE profile = ?1 AND state IN ('queued', 'held') AND EXISTS (
                     SELECT 1 FROM deliveries AS theirs
                     WHERE theirs.program = mine.program AND theirs.profile = ?2
                       AND theirs.occasion = mine.occasion AND theirs.state IN ('sending', 'sent', 'bounced', 'unknown'))
                 RETURNING run",
            )?
            .query_map(params![to, from, time.0, HAD_BY_THE_OTHER], |row| rows::optional_id(row, 0))?
            .collect::<Result<_, _>>()?;
        self.give_stays(other, survivor, time)?;
        // Timers are found by their runs, since there are many and merges are frequent. A message that was left out for the
        // survivor does not stand in the way of what the other had: it steps aside. Whatever cannot move after that is an
        // occasion that the survivor has had too; it moves under a name of its own.
        for sql in [
            "UPDATE events SET profile = ?1 WHERE profile = ?2",
            "UPDATE OR IGNORE households SET profile = ?1 WHERE profile = ?2",
            "UPDATE match_records SET profile = ?1 WHERE profile = ?2",
            "UPDATE timers SET profile = ?1 WHERE run IN (SELECT id FROM runs WHERE profile = ?2)",
            "UPDATE OR IGNORE runs SET profile = ?1 WHERE profile = ?2",
            "UPDATE runs SET profile = ?1, occasion = occasion || '~' || id WHERE profile = ?2",
            "UPDATE deliveries AS mine SET occasion = occasion || '~' || id
             WHERE profile = ?1 AND state = 'suppressed' AND EXISTS (
                 SELECT 1 FROM deliveries AS theirs
                 WHERE theirs.program = mine.program AND theirs.profile = ?2 AND theirs.occasion = mine.occasion
                   AND theirs.state IN ('queued', 'held', 'sending', 'sent', 'bounced', 'unknown'))",
            // What never went out to the other must not stand in the way of what the survivor is to get yet.
            "UPDATE deliveries SET occasion = occasion || '~' || id
             WHERE profile = ?2 AND state IN ('cancelled', 'expired', 'suppressed')",
            "UPDATE OR IGNORE deliveries SET profile = ?1 WHERE profile = ?2",
            "UPDATE tasks SET profile = ?1 WHERE profile = ?2",
            "UPDATE redirects SET survivor = ?1 WHERE survivor = ?2",
            "UPDATE segment_log SET profile = ?1 WHERE profile = ?2",
            "INSERT INTO watchers (interest, key, profile, time)
             SELECT interest, key, ?1, time FROM watchers WHERE profile = ?2
             ON CONFLICT DO UPDATE SET time = max(time, excluded.time)",
        ] {
            self.connection.prepare_cached(sql)?.execute(params![to, from])?;
        }
        for sql in [
            "DELETE FROM households WHERE profile = ?1",
            "DELETE FROM looks WHERE profile = ?1",
            "DELETE FROM watchers WHERE profile = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([from])?;
        }
        self.connection
            .prepare_cached(
                "UPDATE deliveries SET state = 'cancelled', updated = ?2,
                        reason = ?3
                 WHERE profile = ?1 AND state IN ('queued', 'held')",
            )?
            .execute(params![from, time.0, HAD_BY_THE_OTHER])?;
        self.connection
            .prepare_cached(
                "UPDATE deliveries SET profile = ?1, occasion = occasion || '~' || id WHERE profile = ?2",
            )?
            .execute([to, from])?;
        self.connection.prepare_cached("DELETE FROM people WHERE id = ?1")?.execute([from])?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO redirects (absorbed, survivor, time) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![from, to, time.0])?;
        Ok(cancelled.into_iter().flatten().map(RunId).collect())
    }

    fn put_ledger(&mut self, entry: &LedgerEntry) -> Result<()> {
        let namespace = entry.namespace.as_deref().map(|name| self.number_or_new(name)).transpose()?;
        let kind = LedgerKind::ALL.iter().position(|kind| *kind == entry.kind).unwrap_or_default() as i64;
        self.connection
            .prepare_cached(
                "INSERT INTO ledger (time, event, kind, profile, other, namespace, value, reason)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                entry.time.0,
                entry.event.0.to_be_bytes(),
                kind,
                entry.profile.0 as i64,
                entry.other.map(|other| other.0 as i64),
                namespace,
                entry.value,
                entry.reason
            ])?;
        Ok(())
    }

    fn put_consent(&mut self, consent: &Consent) -> Result<bool> {
        use crate::Read;
        let before = self.consents(&consent.channel, &consent.contact)?;
        if before.iter().any(|other| other.topic == consent.topic && !consent.replaces(other)) {
            return Ok(false);
        }
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO consents (channel, contact, topic, status, time, source, evidence)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                consent.channel,
                consent.contact,
                consent.topic,
                consent.status.as_str(),
                consent.time.0,
                consent.source,
                consent.evidence
            ])?;
        Ok(true)
    }

    fn put_suppression(&mut self, suppression: &Suppression) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR IGNORE INTO suppressions (channel, contact, reason, time) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                suppression.channel,
                suppression.contact,
                suppression.reason,
                suppression.time.0
            ])?;
        Ok(())
    }

    fn lift_suppression(&mut self, channel: &str, contact: &str) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached("DELETE FROM suppressions WHERE channel = ?1 AND contact = ?2")?
            .execute([channel, contact])?;
        Ok(changed == 1)
    }

    fn put_run(&mut self, run: &RunRecord) -> Result<bool> {
        runs::put(self, run)
    }

    fn end_run(&mut self, id: RunId, state: RunState, ended: Time, reason: &str) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE runs SET state = ?2, ended = ?3, reason = ?4 WHERE id = ?1")?
            .execute(params![id.0 as i64, state.as_str(), ended.0, reason])?;
        self.put_timer(id, ProfileId(0), None)
    }

    fn reach_goal(
        &mut self,
        id: RunId,
        time: Time,
        now: Time,
        reason: &str,
        value: Option<f64>,
    ) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE runs SET goal = ?2, value = ?5,
                        ended = CASE WHEN state IN ('active', 'finished') THEN ?3 ELSE ended END,
                        reason = CASE WHEN state IN ('active', 'finished', 'held_out') THEN ?4 ELSE reason END,
                        state = CASE WHEN state IN ('active', 'finished') THEN 'goal' ELSE state END
                 WHERE id = ?1 AND goal IS NULL",
            )?
            .execute(params![id.0 as i64, time.0, now.0, reason, value])?;
        self.put_timer(id, ProfileId(0), None)
    }

    fn put_request(&mut self, request: &Request) -> Result<()> {
        runs::put_request(self, request)
    }

    fn put_run_step(&mut self, step: &RunStep) -> Result<()> {
        programs::put_run_step(self, step)
    }

    fn move_run(&mut self, id: RunId, version: u32) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE runs SET version = ?2 WHERE id = ?1")?
            .execute(params![id.0 as i64, version])?;
        Ok(())
    }

    fn park_timer(&mut self, run: RunId, profile: ProfileId, due: Time, program: &str) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO timers (run, due, profile, parked) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![run.0 as i64, due.0, profile.0 as i64, program])?;
        Ok(())
    }

    fn unpark_timers(&mut self, program: &str) -> Result<u64> {
        let changed = self
            .connection
            .prepare_cached("UPDATE timers SET parked = NULL WHERE parked = ?1")?
            .execute([program])?;
        Ok(changed as u64)
    }

    fn put_timer(&mut self, run: RunId, profile: ProfileId, due: Option<Time>) -> Result<()> {
        match due {
            Some(due) => self
                .connection
                .prepare_cached(
                    "INSERT INTO timers (run, due, profile) VALUES (?1, ?2, ?3)
                     ON CONFLICT (run) DO UPDATE SET due = excluded.due, profile = excluded.profile, parked = NULL",
                )?
                .execute(params![run.0 as i64, due.0, profile.0 as i64])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM timers WHERE run = ?1")?
                .execute([run.0 as i64])?,
        };
        Ok(())
    }

    fn put_quarantined(&mut self, item: &Quarantined) -> Result<bool> {
        let rejection = &item.rejection;
        let changed = self
            .connection
            .prepare_cached("UPDATE quarantine SET state = ?2, attempts = ?3, reason = ?4 WHERE id = ?1")?
            .execute(params![item.id.0 as i64, item.state.as_str(), item.attempts, rejection.reason])?;
        if changed > 0 {
            return Ok(false);
        }
        let changed = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO quarantine
                         (id, received, state, attempts, source, feed, place, code, reason, raw, header, digest)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                item.id.0 as i64,
                item.received.0,
                item.state.as_str(),
                item.attempts,
                rejection.source,
                rejection.feed,
                rejection.place,
                rejection.code,
                rejection.reason,
                rejection.raw,
                rejection.header,
                &Sha256::digest(&rejection.raw)[..16]
            ])?;
        Ok(changed == 1)
    }

    fn advance_watermark(&mut self, source: &str, complete_until: Time, now: Time) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "INSERT INTO watermarks (source, complete_until, updated) VALUES (?1, ?2, ?3)
                 ON CONFLICT (source) DO UPDATE SET complete_until = excluded.complete_until,
                                                    updated = excluded.updated
                 WHERE excluded.complete_until > watermarks.complete_until
                    OR watermarks.complete_until > excluded.updated",
            )?
            .execute(params![source, complete_until.0, now.0])?;
        Ok(changed == 1)
    }

    fn throw_switch(&mut self, switch: &Switch) -> Result<bool> {
        let thrown = self
            .connection
            .prepare_cached("INSERT OR IGNORE INTO switches (scope, since, reason) VALUES (?1, ?2, ?3)")?
            .execute(params![switch.scope, switch.since.0, switch.reason])?;
        Ok(thrown == 1)
    }

    fn reset_switch(&mut self, scope: &str) -> Result<bool> {
        let reset =
            self.connection.prepare_cached("DELETE FROM switches WHERE scope = ?1")?.execute([scope])?;
        Ok(reset == 1)
    }

    fn put_import(&mut self, import: &ImportRecord) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO imports
                     (time, source, feed, file, rows, accepted, duplicates, quarantined, complete_until)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                import.time.0,
                import.source,
                import.feed,
                import.file,
                import.rows as i64,
                import.accepted as i64,
                import.duplicates as i64,
                import.quarantined as i64,
                import.complete_until.map(|time| time.0)
            ])?;
        Ok(())
    }

    fn put_launch(&mut self, launch: &LaunchRecord) -> Result<()> {
        let counts = serde_json::to_string(&launch.counts)
            .map_err(|error| StoreError::Document { what: "launch", fault: error.to_string() })?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO launches (broadcast, version, launched, queued, until, after, identity, counts)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                launch.broadcast,
                launch.version,
                launch.launched.0,
                launch.queued.map(|time| time.0),
                launch.until.0 as i64,
                launch.after.map(|id| id.0 as i64),
                launch.identity as i64,
                counts
            ])?;
        Ok(())
    }

    fn put_document(&mut self, document: &StoredDocument) -> Result<u32> {
        let StoredDocument { kind, name, path, line, text, compiled, applied, .. } = document;
        let same: Option<u32> = self
            .connection
            .prepare_cached(
                "UPDATE documents SET path = ?3, text = ?4, line = ?6
                 WHERE kind = ?1 AND name = ?2 AND live = 1 AND compiled = ?5 RETURNING version",
            )?
            .query_row(params![kind, name, path, text, compiled, line], |row| row.get(0))
            .optional()?;
        if let Some(version) = same {
            return Ok(version);
        }
        self.retire_document(kind, name, *applied)?;
        let last: u32 = self
            .connection
            .prepare_cached("SELECT ifnull(max(version), 0) FROM documents WHERE kind = ?1 AND name = ?2")?
            .query_row([kind, name], |row| row.get(0))?;
        self.connection
            .prepare_cached(
                "INSERT INTO documents (kind, name, version, path, line, text, compiled, live, applied)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8)",
            )?
            .execute(params![kind, name, last + 1, path, line, text, compiled, applied.0])?;
        Ok(last + 1)
    }

    fn retire_document(&mut self, kind: &str, name: &str, time: Time) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE documents SET live = 0, retired = ?3 WHERE kind = ?1 AND name = ?2 AND live = 1",
            )?
            .execute(params![kind, name, time.0])?;
        Ok(())
    }

    fn count_source(&mut self, counts: &SourceCount) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO source_counts (source, events, duplicates, quarantined) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (source) DO UPDATE SET events = events + excluded.events,
                     duplicates = duplicates + excluded.duplicates,
                     quarantined = quarantined + excluded.quarantined",
            )?
            .execute(params![
                counts.source,
                counts.events as i64,
                counts.duplicates as i64,
                counts.quarantined as i64
            ])?;
        Ok(())
    }

    fn count(&mut self, name: &str, more: i64) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT INTO counters (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            )?
            .execute(params![name, more])?;
        Ok(())
    }

    fn put_setting(&mut self, name: &str, value: &str) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)")?
            .execute([name, value])?;
        Ok(())
    }
}
