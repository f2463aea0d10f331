//! Runs of programs, and who was skipped.

use super::{lists::newest, rows, session::Session};
use crate::{Page, Result, RunRecord, RunState};
use crowsnest_model::{ProfileId, RunId};
use rusqlite::{Params, Row, params, types::Value};
use std::{collections::BTreeMap, sync::Arc};

/// Keeps a run. See [`crate::Unit::put_run`].
pub(super) fn put(session: &Session<'_>, run: &RunRecord) -> Result<bool> {
    if run.state == RunState::Skipped {
        return put_skip(session, run);
    }
    let changed = session
        .connection
        .prepare_cached(
            "INSERT OR IGNORE INTO runs (id, program, version, profile, occasion, event, triggered, started,
                                         ended, state, reason, value, goal)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            run.id.0 as i64,
            run.program,
            run.version,
            run.profile.0 as i64,
            run.occasion,
            run.event.0.to_be_bytes(),
            run.triggered.0,
            run.started.0,
            run.ended.map(|time| time.0),
            run.state.as_str(),
            run.reason,
            run.value,
            run.goal.map(|time| time.0)
        ])?;
    if changed == 0 {
        return Ok(false);
    }
    if let Some(program) = session.number(&run.program)? {
        session
            .connection
            .prepare_cached("DELETE FROM skips WHERE profile = ?1 AND program = ?2 AND occasion = ?3")?
            .execute(params![run.profile.0 as i64, program, run.occasion])?;
    }
    Ok(true)
}

fn put_skip(session: &Session<'_>, run: &RunRecord) -> Result<bool> {
    let reason = run.reason.as_deref().unwrap_or_default();
    let (person, program) = (run.profile.0 as i64, session.number_or_new(&run.program)?);
    let known: Option<(u32, Value)> = session.one(
        "SELECT version, reason FROM skips WHERE profile = ?1 AND program = ?2 AND occasion = ?3",
        params![person, program, run.occasion],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    // Skipped again for the same reason: the record says since when. A page is not written for that.
    if let Some((version, said)) = &known
        && *version == run.version
        && *in_words(session, said)? == *reason
    {
        return Ok(false);
    }
    let had = session.one(
        "SELECT 1 FROM runs WHERE profile = ?1 AND program = ?2 AND occasion = ?3",
        params![person, run.program, run.occasion],
        |_| Ok(()),
    )?;
    if had.is_some() {
        return Ok(false);
    }
    let reason = match said_of_many(session, run, reason)? {
        Some(number) => Value::Integer(number),
        None => Value::Text(reason.to_owned()),
    };
    // Two statements rather than one that can do both: for that one SQLite would keep a journal of its own each time.
    let sql = match known {
        None => {
            "INSERT INTO skips (profile, program, occasion, id, version, event, triggered, started, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
        Some(_) => {
            "UPDATE skips SET id = ?4, version = ?5, event = ?6, triggered = ?7, started = ?8, reason = ?9
             WHERE profile = ?1 AND program = ?2 AND occasion = ?3"
        }
    };
    session.connection.prepare_cached(sql)?.execute(params![
        person,
        program,
        run.occasion,
        run.id.0 as i64,
        run.version,
        run.event.0.to_be_bytes(),
        run.triggered.0,
        run.started.0,
        reason,
    ])?;
    Ok(true)
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

impl Session<'_> {
    fn skips(&self, rest: &str, params: impl Params) -> Result<Vec<RunRecord>> {
        let mut statement = self.connection.prepare_cached(&format!("SELECT {SKIP} FROM {rest}"))?;
        let mut found = statement.query(params)?;
        let mut skips = Vec::new();
        while let Some(row) = found.next()? {
            skips.push(skip(self, row)?);
        }
        Ok(skips)
    }

    fn runs_of(&self, rest: &str, params: impl Params) -> Result<Vec<RunRecord>> {
        self.all(&format!("SELECT {} FROM {rest}", rows::RUN), params, rows::run)
    }
}

/// The newest runs of a program, a person or both, or of all; those who were skipped are among them.
pub(super) fn list(
    session: &Session<'_>,
    program: Option<&str>,
    profile: Option<ProfileId>,
    page: Page,
) -> Result<Vec<RunRecord>> {
    let most = page.limit.saturating_add(page.offset) as i64;
    let number = program.map(|program| session.number(program)).transpose()?.map(Option::unwrap_or_default);
    let mut all;
    match (program, profile) {
        (_, Some(profile)) => {
            let person = profile.0 as i64;
            let rest = "runs WHERE profile = ?1 AND (?2 IS NULL OR program = ?2) ORDER BY id DESC LIMIT ?3";
            all = session.runs_of(rest, params![person, program, most])?;
            let rest = "skips WHERE profile = ?1 AND (?2 IS NULL OR program = ?2) ORDER BY id DESC LIMIT ?3";
            all.extend(session.skips(rest, params![person, number, most])?);
        }
        (Some(program), None) => {
            let rest = "skips WHERE program = ?1 ORDER BY id DESC LIMIT ?2";
            all = session.skips(rest, params![number, most])?;
            for state in RunState::ALL.into_iter().filter(|state| *state != RunState::Skipped) {
                let rest = "runs WHERE program = ?1 AND state = ?2 ORDER BY id DESC LIMIT ?3";
                all.extend(session.runs_of(rest, params![program, state.as_str(), most])?);
            }
        }
        (None, None) => {
            all = session.runs_of("runs ORDER BY id DESC LIMIT ?1", params![most])?;
            let mut last = None;
            while let Some(next) = next_program(session, last)? {
                let rest = "skips WHERE program = ?1 ORDER BY id DESC LIMIT ?2";
                all.extend(session.skips(rest, params![next, most])?);
                last = Some(next);
            }
        }
    }
    Ok(newest(all, |run| run.id.0, page))
}

/// The number of the program behind `last` that has skipped somebody.
fn next_program(session: &Session<'_>, last: Option<i64>) -> Result<Option<i64>> {
    let next = session.one(
        "SELECT min(program) FROM skips WHERE program > ?1",
        [last.unwrap_or(i64::MIN)],
        |row| row.get::<_, Option<i64>>(0),
    )?;
    Ok(next.flatten())
}

/// How many runs of a program there are by state.
pub(super) fn counts(session: &Session<'_>, program: &str) -> Result<BTreeMap<String, u64>> {
    let mut counts =
        session.counts("SELECT state, count(*) FROM runs WHERE program = ?1 GROUP BY state", [program])?;
    let number = session.number(program)?.unwrap_or_default();
    let skipped =
        session.one("SELECT count(*) FROM skips WHERE program = ?1", [number], |row| row.get::<_, i64>(0))?;
    if let Some(skipped) = skipped.filter(|count| *count > 0) {
        counts.insert(RunState::Skipped.as_str().to_owned(), skipped as u64);
    }
    Ok(counts)
}
