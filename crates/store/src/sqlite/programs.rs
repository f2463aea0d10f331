//! What programs keep beside runs and timers: the steps that were taken, who may enter again, who stands still.

use super::{rows, session::Session};
use crate::{EventRow, EventSeq, Page, Result, RunStep, StoreError, Task, TaskFilter};
use crowsnest_model::{ProfileId, RunId, TaskId, Time};
use rusqlite::{OptionalExtension, Row, params};

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

const TASK: &str = "id, created, program, run, step, profile, title, team, note, done";

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: TaskId(rows::id(row, 0)?),
        created: rows::time(row, 1)?,
        program: row.get(2)?,
        run: RunId(rows::id(row, 3)?),
        step: row.get(4)?,
        profile: ProfileId(rows::id(row, 5)?),
        title: row.get(6)?,
        team: row.get(7)?,
        note: row.get(8)?,
        done: row.get::<_, Option<i64>>(9)?.map(Time),
    })
}

pub(super) fn put_task(session: &Session<'_>, task: &Task) -> Result<bool> {
    let changed = session
        .connection
        .prepare_cached(
            "INSERT OR IGNORE INTO tasks (id, created, program, run, step, profile, title, team, note, done)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            task.id.0 as i64,
            task.created.0,
            task.program,
            task.run.0 as i64,
            task.step,
            task.profile.0 as i64,
            task.title,
            task.team,
            task.note,
            task.done.map(|time| time.0)
        ])?;
    Ok(changed == 1)
}

pub(super) fn end_task(session: &Session<'_>, id: TaskId, done: Time) -> Result<Option<Task>> {
    session
        .connection
        .prepare_cached("UPDATE tasks SET done = ifnull(done, ?2) WHERE id = ?1")?
        .execute(params![id.0 as i64, done.0])?;
    let sql = format!("SELECT {TASK} FROM tasks WHERE id = ?1");
    session
        .connection
        .prepare_cached(&sql)?
        .query_row([id.0 as i64], task)
        .optional()
        .map_err(StoreError::from)
}

pub(super) fn tasks(session: &Session<'_>, filter: &TaskFilter, page: Page) -> Result<Vec<Task>> {
    let which = if filter.done { "done IS NOT NULL" } else { "done IS NULL" };
    let sql = format!(
        "SELECT {TASK} FROM tasks WHERE {which} AND (?1 IS NULL OR team = ?1) AND (?2 IS NULL OR profile = ?2)
         ORDER BY id DESC LIMIT ?3 OFFSET ?4"
    );
    let profile = filter.profile.map(|profile| profile.0 as i64);
    session.all(&sql, params![filter.team, profile, page.limit as i64, page.offset as i64], task)
}
