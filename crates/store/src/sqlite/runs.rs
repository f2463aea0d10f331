//! Runs of programs.

use super::{lists::newest, rows, session::Session, skips};
use crate::{Page, Request, Result, RunRecord, RunState, StoreError};
use crowsnest_model::{ProfileId, RunId};
use rusqlite::{Params, params};
use std::collections::BTreeMap;

/// Keeps a run. See [`crate::Unit::put_run`].
pub(super) fn put(session: &Session<'_>, run: &RunRecord) -> Result<bool> {
    if run.state == RunState::Skipped {
        return skips::put(session, run);
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
    session.forget_skip(run)?;
    Ok(true)
}

impl Session<'_> {
    fn runs_of(&self, rest: &str, params: impl Params) -> Result<Vec<RunRecord>> {
        self.all(&format!("SELECT {} FROM {rest}", rows::RUN), params, rows::run)
    }
}

/// A run.
pub(super) fn one(session: &Session<'_>, id: RunId) -> Result<Option<RunRecord>> {
    Ok(session.runs_of("runs WHERE id = ?1", [id.0 as i64])?.pop())
}

/// Keeps what began a run.
pub(super) fn put_request(session: &Session<'_>, request: &Request) -> Result<()> {
    let properties = serde_json::to_string(&request.properties)
        .map_err(|error| StoreError::Document { what: "request", fault: error.to_string() })?;
    session
        .connection
        .prepare_cached("INSERT OR REPLACE INTO requests (run, occasion, properties) VALUES (?1, ?2, ?3)")?
        .execute(params![request.run.0 as i64, request.occasion, properties])?;
    Ok(())
}

/// What began a person's runs and is no event of theirs.
pub(super) fn requests_of(session: &Session<'_>, profile: ProfileId) -> Result<Vec<Request>> {
    let sql = "SELECT run, occasion, properties FROM requests WHERE run IN (SELECT id FROM runs WHERE profile = ?1) ORDER BY run";
    let rows = session.all(sql, [profile.0 as i64], |row| {
        Ok((RunId(rows::id(row, 0)?), row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let request = |(run, occasion, properties): (RunId, String, String)| {
        let properties = serde_json::from_str(&properties)
            .map_err(|error| StoreError::Document { what: "request", fault: error.to_string() })?;
        Ok(Request { run, occasion, properties })
    };
    rows.into_iter().map(request).collect()
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
            all.extend(session.skips_of_person(profile, number)?);
        }
        (Some(program), None) => {
            all = session.skips_of_program(number.unwrap_or_default(), most)?;
            for state in RunState::ALL.into_iter().filter(|state| *state != RunState::Skipped) {
                let rest = "runs WHERE program = ?1 AND state = ?2 ORDER BY id DESC LIMIT ?3";
                all.extend(session.runs_of(rest, params![program, state.as_str(), most])?);
            }
        }
        (None, None) => {
            all = session.runs_of("runs ORDER BY id DESC LIMIT ?1", params![most])?;
            let mut last = None;
            while let Some(next) = next_program(session, last)? {
                all.extend(session.skips_of_program(next, most)?);
                last = Some(next);
            }
        }
    }
    Ok(newest(all, |run| run.id.0, page))
}

/// The number of the program behind `last` that has skipped somebody.
fn next_program(session: &Session<'_>, last: Option<i64>) -> Result<Option<i64>> {
    session.write_skips()?;
    let next = session.one(
        "SELECT min(program) FROM skip_places WHERE program > ?1",
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
    session.write_skips()?;
    let skipped = session
        .one("SELECT count(*) FROM skip_places WHERE program = ?1", [number], |row| row.get::<_, i64>(0))?;
    if let Some(skipped) = skipped.filter(|count| *count > 0) {
        counts.insert(RunState::Skipped.as_str().to_owned(), skipped as u64);
    }
    Ok(counts)
}
