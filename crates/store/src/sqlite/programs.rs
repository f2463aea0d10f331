//! What programs keep beside runs and timers: the steps that were taken, who may enter again, who stands still.

use super::{rows, session::Session};
use crate::{EventRow, EventSeq, Result, RunStep};
use crowsnest_model::{ProfileId, RunId, Time};
use rusqlite::params;

pub(super) fn run_log(session: &Session<'_>, run: RunId) -> Result<Vec<RunStep>> {
    session.all(
        "SELECT run, time, step, outcome FROM run_log WHERE run = ?1 ORDER BY seq",
        [run.0 as i64],
        |row| {
            Ok(RunStep {
                run: RunId(rows::id(row, 0)?),
                time: rows::time(row, 1)?,
                step: row.get(2)?,
                outcome: row.get(3)?,
            })
        },
    )
}

pub(super) fn put_run_step(session: &Session<'_>, step: &RunStep) -> Result<()> {
    session
        .connection
        .prepare_cached("INSERT INTO run_log (run, time, step, outcome) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![step.run.0 as i64, step.time.0, step.step, step.outcome])?;
    Ok(())
}

pub(super) fn entered_between(
    session: &Session<'_>,
    program: &str,
    profile: ProfileId,
    after: Time,
    before: Time,
) -> Result<Option<Time>> {
    // What came too late was over when it began: nobody was in the program by it.
    let latest: Option<i64> = session
        .connection
        .prepare_cached(
            "SELECT max(triggered) FROM runs
             WHERE program = ?1 AND profile = ?2 AND NOT (state = 'expired' AND ended = started)
               AND triggered > ?3 AND triggered < ?4",
        )?
        .query_row(params![program, profile.0 as i64, after.0, before.0], |row| row.get(0))?;
    Ok(latest.map(Time))
}

pub(super) fn active_runs(
    session: &Session<'_>,
    program: &str,
    after: RunId,
    limit: usize,
) -> Result<Vec<(RunId, ProfileId, u32)>> {
    session.all(
        "SELECT id, profile, version FROM runs
         WHERE program = ?1 AND state = 'active' AND id > ?2 ORDER BY id LIMIT ?3",
        params![program, after.0 as i64, limit as i64],
        |row| Ok((RunId(rows::id(row, 0)?), ProfileId(rows::id(row, 1)?), row.get(2)?)),
    )
}

pub(super) fn parked(session: &Session<'_>) -> Result<Vec<String>> {
    session.all("SELECT DISTINCT parked FROM timers WHERE parked IS NOT NULL", [], |row| row.get(0))
}

pub(super) fn events_called(
    session: &Session<'_>,
    name: &str,
    received: Time,
    after: EventSeq,
    limit: usize,
) -> Result<Vec<(EventSeq, ProfileId, EventRow)>> {
    let Some(number) = session.number(name)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {}, seq, profile FROM events
         WHERE seq > ?1 AND name = ?2 AND received >= ?3 AND historical = 0 ORDER BY seq LIMIT ?4",
        rows::EVENT
    );
    let mut statement = session.connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![after.0 as i64, number, received.0, limit as i64])?;
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        let (seq, profile) = (EventSeq(rows::id(row, 8)?), ProfileId(rows::id(row, 9)?));
        events.push((seq, profile, rows::event(session, row)?));
    }
    Ok(events)
}
