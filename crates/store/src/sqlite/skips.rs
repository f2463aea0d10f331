//! Who was skipped by programs, and why: most of what programs have to say.
//!
//! One commit asks of each person once what is on record, and writes what changed at its end, in the order of the table, where
//! neighbours lie together: most events that begin a program are those of people whom several programs skip.

use super::{rows, session::Session};
use crate::{Read, Result, RunRecord, RunState};
use crowsnest_model::{ProfileId, RunId};
use foldhash::fast::RandomState;
use rusqlite::{Params, Row, params, types::Value};
use std::{collections::HashMap, sync::Arc};

/// What is on record of the people whom a commit is about, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Skips(HashMap<i64, OnRecord, RandomState>);

/// One person's, as far as it was asked for.
#[derive(Debug, Default)]
struct OnRecord {
    has_runs: Option<bool>,
    occasions: Vec<Occasion>,
}

/// All skips of one occasion.
#[derive(Debug)]
struct Occasion {
    name: String,
    skips: Vec<Skip>,
}

#[derive(Debug)]
struct Skip {
    /// The number of its name.
    program: i64,
    version: u32,
    /// Words, or the number of words.
    reason: Value,
    /// The rest of it, when it has still to be written.
    unwritten: Option<Unwritten>,
}

#[derive(Debug)]
struct Unwritten {
    /// The table has no such row yet.
    is_new: bool,
    id: i64,
    event: [u8; 16],
    triggered: i64,
    started: i64,
}

impl OnRecord {
    fn skip(&mut self, program: i64, occasion: &str) -> Option<&mut Skip> {
        let occasion = self.occasions.iter_mut().find(|known| known.name == occasion)?;
        occasion.skips.iter_mut().find(|skip| skip.program == program)
    }
}

/// Keeps that somebody was skipped. See [`crate::Unit::put_run`].
pub(super) fn put(session: &Session<'_>, run: &RunRecord) -> Result<bool> {
    let reason = run.reason.as_deref().unwrap_or_default();
    let (person, program) = (run.profile.0 as i64, session.number_or_new(&run.program)?);
    let mut all = session.skips.borrow_mut();
    let known = all.0.entry(person).or_default();
    if !known.occasions.iter().any(|known| known.name == run.occasion) {
        known.occasions.push(read(session, person, &run.occasion)?);
    }
    // Skipped again for the same reason: the record says since when. A page is not written for that.
    if let Some(skip) = known.skip(program, &run.occasion)
        && skip.version == run.version
        && *in_words(session, &skip.reason)? == *reason
    {
        return Ok(false);
    }
    let has_runs = match known.has_runs {
        Some(has) => has,
        None => {
            let sql = "SELECT 1 FROM runs WHERE profile = ?1 LIMIT 1";
            session.hot(&session.statements.any_run, sql)?.exists([person])?
        }
    };
    known.has_runs = Some(has_runs);
    if has_runs && session.had_occasion(&run.program, run.profile, &run.occasion)? {
        return Ok(false);
    }
    let reason = match said_of_many(session, run, reason)? {
        Some(number) => Value::Integer(number),
        None => Value::Text(reason.to_owned()),
    };
    let mut unwritten = Unwritten {
        is_new: true,
        id: run.id.0 as i64,
        event: run.event.0.to_be_bytes(),
        triggered: run.triggered.0,
        started: run.started.0,
    };
    if let Some(skip) = known.skip(program, &run.occasion) {
        unwritten.is_new = skip.unwritten.as_ref().is_some_and(|before| before.is_new);
        *skip = Skip { program, version: run.version, reason, unwritten: Some(unwritten) };
    } else if let Some(occasion) = known.occasions.iter_mut().find(|known| known.name == run.occasion) {
        occasion.skips.push(Skip { program, version: run.version, reason, unwritten: Some(unwritten) });
    }
    Ok(true)
}

/// What the table has of one occasion of a person.
fn read(session: &Session<'_>, person: i64, occasion: &str) -> Result<Occasion> {
    let sql = "SELECT program, version, reason FROM skips WHERE profile = ?1 AND occasion = ?2";
    let mut statement = session.hot(&session.statements.skips_of_occasion, sql)?;
    let skips = statement.query_map(params![person, occasion], |row| {
        Ok(Skip { program: row.get(0)?, version: row.get(1)?, reason: row.get(2)?, unwritten: None })
    })?;
    Ok(Occasion { name: occasion.to_owned(), skips: skips.collect::<Result<_, _>>()? })
}

/// The words that stand in a record, or for which a number stands there.
fn in_words(session: &Session<'_>, said: &Value) -> Result<Arc<str>> {
    match said {
        Value::Integer(number) => session.name(*number),
        Value::Text(words) => Ok(words.as_str().into()),
        _ => Ok("".into()),
    }
}

/// The number of words that a program says of many, such as who its audience is. What it says of one person after another is
/// taken for that; words with that person's own dates in them are not, and would fill the table of names.
fn said_of_many(session: &Session<'_>, run: &RunRecord, reason: &str) -> Result<Option<i64>> {
    if let Some(number) = session.number(reason)? {
        return Ok(Some(number));
    }
    if session.is_said_again(&run.program, reason, run.profile) {
        return session.number_or_new(reason).map(Some);
    }
    Ok(None)
}

impl Session<'_> {
    /// Writes what there is to be written of everybody. Whoever reads the table calls it before.
    pub(super) fn write_skips(&self) -> Result<()> {
        let mut all = self.skips.borrow_mut();
        if all.0.is_empty() {
            return Ok(());
        }
        let mut people: Vec<(i64, OnRecord)> = all.0.drain().collect();
        people.sort_unstable_by_key(|(person, _)| *person);
        people.into_iter().try_for_each(|(person, known)| self.write_skips_of(person, known))
    }

    /// Writes what there is to be written of one person, and forgets what is on record of them: somebody else changes it.
    pub(super) fn settle_skips(&self, person: ProfileId) -> Result<()> {
        let person = person.0 as i64;
        match self.skips.borrow_mut().0.remove(&person) {
            Some(known) => self.write_skips_of(person, known),
            None => Ok(()),
        }
    }

    fn write_skips_of(&self, person: i64, mut known: OnRecord) -> Result<()> {
        known.occasions.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for Occasion { name, mut skips } in known.occasions {
            skips.sort_unstable_by_key(|skip| skip.program);
            for Skip { program, version, reason, unwritten } in skips {
                let Some(Unwritten { is_new, id, event, triggered, started }) = unwritten else { continue };
                // Two statements rather than one that can do both: for that one SQLite would keep a journal of its own
                // each time.
                let sql = if is_new {
                    "INSERT INTO skips (profile, program, occasion, id, version, event, triggered, started, reason)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
                } else {
                    "UPDATE skips SET id = ?4, version = ?5, event = ?6, triggered = ?7, started = ?8, reason = ?9
                     WHERE profile = ?1 AND program = ?2 AND occasion = ?3"
                };
                let row = params![person, program, name, id, version, event, triggered, started, reason];
                self.connection.prepare_cached(sql)?.execute(row)?;
            }
        }
        Ok(())
    }

    /// Somebody has a run now: that they were skipped on this occasion is not so any more.
    pub(super) fn forget_skip(&self, run: &RunRecord) -> Result<()> {
        self.settle_skips(run.profile)?;
        if let Some(program) = self.number(&run.program)? {
            self.connection
                .prepare_cached("DELETE FROM skips WHERE profile = ?1 AND program = ?2 AND occasion = ?3")?
                .execute(params![run.profile.0 as i64, program, run.occasion])?;
        }
        Ok(())
    }

    /// The records that a question finds.
    pub(super) fn skips_of(&self, rest: &str, params: impl Params) -> Result<Vec<RunRecord>> {
        self.write_skips()?;
        let mut statement = self.connection.prepare_cached(&format!("SELECT {SKIP} FROM {rest}"))?;
        let mut found = statement.query(params)?;
        let mut skips = Vec::new();
        while let Some(row) = found.next()? {
            skips.push(skip(self, row)?);
        }
        Ok(skips)
    }
}

const SKIP: &str = "id, program, version, profile, occasion, event, triggered, started, reason";

fn skip(session: &Session<'_>, row: &Row<'_>) -> Result<RunRecord> {
    let started = rows::time(row, 7)?;
    let reason = in_words(session, &row.get(8)?)?.to_string();
    Ok(RunRecord {
        id: RunId(rows::id(row, 0)?),
        program: session.name(row.get(1)?)?.to_string(),
        version: row.get(2)?,
        profile: ProfileId(rows::id(row, 3)?),
        occasion: row.get(4)?,
        event: rows::event_id(row, 5)?,
        triggered: rows::time(row, 6)?,
        started,
        ended: Some(started),
        state: RunState::Skipped,
        reason: Some(reason),
        value: None,
        goal: None,
    })
}
