//! Decisions on who is one person, and forgetting what is derived of one, in the embedded store.

use super::{event_ids, rows, session::Session};
use crate::{
    EventRow, EventSeq, LedgerEntry, Page, Result,
    decisions::{DecidedBy, Decision, ReadDecisions, WriteDecisions},
};
use crowsnest_model::{DecisionId, DeliveryId, EventId, Identifier, ProfileId, RunId, Time};
use rusqlite::params;

const DECISION: &str = "id, time, same, reason, withdrawn, one, other, model, bits";

impl Session<'_> {
    fn read_decisions(&self, rest: &str, values: impl rusqlite::Params) -> Result<Vec<Decision>> {
        let sql = format!("SELECT {DECISION} FROM decisions {rest}");
        let mut decisions = self.all(&sql, values, |row| {
            let model: Option<String> = row.get(7)?;
            Ok(Decision {
                id: DecisionId(rows::id(row, 0)?),
                time: rows::time(row, 1)?,
                same: row.get(2)?,
                by: match model {
                    Some(model) => DecidedBy::Likeness { model, bits: row.get(8)? },
                    None => DecidedBy::People,
                },
                people: [ProfileId(rows::id(row, 5)?), ProfileId(rows::id(row, 6)?)],
                reason: row.get(3)?,
                withdrawn: row.get::<_, Option<i64>>(4)?.map(Time),
                sides: [Vec::new(), Vec::new()],
            })
        })?;
        for decision in &mut decisions {
            let named = self.all(
                "SELECT side, namespace, value FROM decision_sides WHERE decision = ?1",
                [decision.id.0 as i64],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
            )?;
            for (side, namespace, value) in named {
                let identifier = Identifier::new(&*self.name(namespace)?, value);
                decision.sides[usize::from(side != 0)].push(identifier);
            }
        }
        Ok(decisions)
    }
}

impl ReadDecisions for Session<'_> {
    fn decisions(&self, page: Page) -> Result<Vec<Decision>> {
        self.read_decisions("ORDER BY id DESC LIMIT ?1 OFFSET ?2", [page.limit as i64, page.offset as i64])
    }

    fn decisions_apart(&self) -> Result<Vec<Decision>> {
        self.read_decisions("WHERE same = 0 AND withdrawn IS NULL ORDER BY id", [])
    }

    fn decisions_by_people(&self) -> Result<Vec<Decision>> {
        self.read_decisions("WHERE model IS NULL AND withdrawn IS NULL ORDER BY id", [])
    }

    fn decisions_of(&self, people: &[ProfileId]) -> Result<Vec<Decision>> {
        let mut found = Vec::new();
        for person in people {
            found.extend(self.read_decisions("WHERE one = ?1", [person.0 as i64])?);
            found.extend(self.read_decisions("WHERE other = ?1", [person.0 as i64])?);
        }
        found.sort_by_key(|decision| decision.id);
        found.dedup_by_key(|decision| decision.id);
        Ok(found)
    }

    fn ledger_of(&self, people: &[ProfileId]) -> Result<Vec<LedgerEntry>> {
        let mut entries = Vec::new();
        for person in people {
            let mut statement = self.connection.prepare_cached(
                "SELECT time, event, kind, profile, other, namespace, value, reason, seq FROM ledger
                 WHERE profile = ?1",
            )?;
            let mut found = statement.query([person.0 as i64])?;
            while let Some(row) = found.next()? {
                entries.push((row.get::<_, i64>(8)?, rows::ledger(self, row)?));
            }
        }
        entries.sort_by_key(|(seq, _)| *seq);
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    fn events_in_order(
        &self,
        profile: ProfileId,
        at_most: usize,
    ) -> Result<Option<Vec<(EventSeq, EventRow)>>> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM events WHERE profile = ?1")?
            .query_row([profile.0 as i64], |row| row.get(0))?;
        if count as usize > at_most {
            return Ok(None);
        }
        let sql = format!("SELECT {}, seq FROM events WHERE profile = ?1", rows::EVENT);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query([profile.0 as i64])?;
        let mut events = Vec::new();
        while let Some(row) = found.next()? {
            events.push((EventSeq(rows::id(row, 8)?), rows::event(self, row)?));
        }
        events.sort_by_key(|(seq, _)| *seq);
        Ok(Some(events))
    }
}

impl WriteDecisions for Session<'_> {
    fn put_decision(&mut self, decision: &Decision) -> Result<()> {
        let (model, bits) = match &decision.by {
            DecidedBy::People => (None, None),
            DecidedBy::Likeness { model, bits } => (Some(model), Some(bits)),
        };
        self.connection
            .prepare_cached(
                "INSERT INTO decisions (id, time, same, reason, one, other, model, bits)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                decision.id.0 as i64,
                decision.time.0,
                decision.same,
                decision.reason,
                decision.people[0].0 as i64,
                decision.people[1].0 as i64,
                model,
                bits
            ])?;
        for (side, identifiers) in (0_i64..).zip(&decision.sides) {
            for identifier in identifiers {
                let namespace = self.number_or_new(identifier.namespace.as_str())?;
                self.connection
                    .prepare_cached(
                        "INSERT OR IGNORE INTO decision_sides (decision, side, namespace, value)
                         VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![decision.id.0 as i64, side, namespace, identifier.value])?;
            }
        }
        Ok(())
    }

    fn withdraw_decision(&mut self, id: DecisionId, time: Time) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE decisions SET withdrawn = ifnull(withdrawn, ?2) WHERE id = ?1")?
            .execute([id.0 as i64, time.0])?;
        Ok(())
    }

    fn forget_person(&mut self, profile: ProfileId, people: &[ProfileId], made: &[EventId]) -> Result<()> {
        use crate::{Read, identity::WriteIdentity, segments::WriteSegments};
        // While they are gone, their places must not be given to others.
        self.next_event()?;
        self.forget_skips(profile)?;
        self.forget_segment_log(profile)?;
        if let Some(known) = self.profile(profile)? {
            for link in &known.identifiers {
                let Some(namespace) = self.number(link.namespace.as_str())? else { continue };
                self.connection
                    .prepare_cached(
                        "DELETE FROM identifiers WHERE namespace = ?1 AND value = ?2 AND profile = ?3",
                    )?
                    .execute(params![namespace, link.value, profile.0 as i64])?;
            }
            for link in &known.shared {
                self.remove_sharer(&link.identifier(), profile)?;
            }
            for segment in known.segments.keys() {
                self.put_membership(segment, profile, None)?;
            }
        }
        for event in made {
            for number in event_ids::numbers(*event) {
                let found = self.event_at(number)?;
                if found == Some(*event) {
                    self.connection
                        .prepare_cached("DELETE FROM event_ids WHERE id = ?1")?
                        .execute([number])?;
                }
                if found.is_none() || found == Some(*event) {
                    break;
                }
            }
        }
        for sql in [
            "DELETE FROM run_log WHERE run IN (SELECT id FROM runs WHERE profile = ?1)",
            "DELETE FROM timers WHERE run IN (SELECT id FROM runs WHERE profile = ?1)",
            "DELETE FROM requests WHERE run IN (SELECT id FROM runs WHERE profile = ?1)",
            "DELETE FROM runs WHERE profile = ?1",
            "UPDATE deliveries SET occasion = occasion || '~' || id, run = NULL
             WHERE profile = ?1 AND run IS NOT NULL",
            "DELETE FROM events WHERE profile = ?1",
            "DELETE FROM households WHERE profile = ?1",
            "DELETE FROM looks WHERE profile = ?1",
            "DELETE FROM watchers WHERE profile = ?1",
            "DELETE FROM redirects WHERE survivor = ?1",
            "DELETE FROM match_records WHERE profile = ?1",
            "DELETE FROM people WHERE id = ?1",
        ] {
            self.connection.prepare_cached(sql)?.execute([profile.0 as i64])?;
        }
        for person in people {
            self.connection
                .prepare_cached("DELETE FROM ledger WHERE profile = ?1")?
                .execute([person.0 as i64])?;
        }
        Ok(())
    }

    fn forget_consents(&mut self, channel: &str, contact: &str, source: &str, time: Time) -> Result<()> {
        self.connection
            .prepare_cached(
                "DELETE FROM consents WHERE channel = ?1 AND contact = ?2 AND source = ?3 AND time = ?4",
            )?
            .execute(params![channel, contact, source, time.0])?;
        Ok(())
    }

    fn give_delivery(
        &mut self,
        id: DeliveryId,
        profile: ProfileId,
        run: Option<RunId>,
        occasion: &str,
    ) -> Result<()> {
        self.connection
            .prepare_cached("UPDATE deliveries SET profile = ?2, run = ?3, occasion = ?4 WHERE id = ?1")?
            .execute(params![id.0 as i64, profile.0 as i64, run.map(|run| run.0 as i64), occasion])?;
        Ok(())
    }

    fn give_tasks(&mut self, from: ProfileId) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE tasks SET profile = coalesce((SELECT profile FROM deliveries WHERE id = tasks.call),
                     (SELECT profile FROM runs WHERE id = tasks.run), profile)
                 WHERE profile = ?1",
            )?
            .execute([from.0 as i64])?;
        Ok(())
    }

    fn put_redirect(&mut self, from: ProfileId, to: ProfileId, time: Time) -> Result<()> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO redirects (absorbed, survivor, time) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![from.0 as i64, to.0 as i64, time.0])?;
        Ok(())
    }
}
