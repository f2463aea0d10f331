//! Tasks in the embedded store.

use super::{rows, session::Session};
use crate::{Page, ReadTasks, Result, StoreError, Task, TaskFilter, TaskState, WriteTasks};
use crowsnest_model::{DeliveryId, ProfileId, RunId, TaskId, Time, delivery::Delivery};
use rusqlite::{Row, params, types::Type};

const TASK: &str = "tasks.id, tasks.created, tasks.program, tasks.run, tasks.step, tasks.profile, tasks.title, tasks.team, \
    tasks.note, tasks.priority, tasks.call, tasks.attempt, tasks.state, tasks.reason, tasks.due, tasks.expires, tasks.day, \
    tasks.ended, tasks.outcome, tasks.remark";

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let broken = |column: usize, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, format!("no {what}").into())
    };
    let state: String = row.get(12)?;
    let day: Option<String> = row.get(16)?;
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
        priority: row.get(9)?,
        call: rows::optional_id(row, 10)?.map(DeliveryId),
        attempt: row.get(11)?,
        state: state.parse().map_err(|()| broken(12, "state of a task"))?,
        reason: row.get(13)?,
        due: rows::time(row, 14)?,
        expires: row.get::<_, Option<i64>>(15)?.map(Time),
        day: day.map(|day| day.parse().map_err(|_| broken(16, "day"))).transpose()?,
        ended: row.get::<_, Option<i64>>(17)?.map(Time),
        outcome: row.get(18)?,
        remark: row.get(19)?,
    })
}

impl ReadTasks for Session<'_> {
    fn task(&self, id: TaskId) -> Result<Option<Task>> {
        self.one(&format!("SELECT {TASK} FROM tasks WHERE id = ?1"), [id.0 as i64], task)
    }

    fn tasks(&self, filter: &TaskFilter, page: Page) -> Result<Vec<Task>> {
        let (day, order) = match filter.state {
            TaskState::Open => ("<=", "day, priority, id"),
            TaskState::Queued => ("<=", "due, priority, id"),
            TaskState::Done | TaskState::Withdrawn => ("=", "ended DESC, id DESC"),
        };
        let sql = format!(
            "SELECT {TASK} FROM tasks WHERE state = '{}' AND (?1 IS NULL OR team = ?1) AND (?2 IS NULL OR profile = ?2)
                 AND (?3 IS NULL OR day {day} ?3)
             ORDER BY {order} LIMIT ?4 OFFSET ?5",
            filter.state.as_str()
        );
        let (profile, day) =
            (filter.profile.map(|profile| profile.0 as i64), filter.day.map(|day| day.to_string()));
        self.all(&sql, params![filter.team, profile, day, page.limit as i64, page.offset as i64], task)
    }

    fn teams_waiting(&self, now: Time) -> Result<Vec<String>> {
        self.all(
            "SELECT DISTINCT team FROM tasks WHERE state = 'queued' AND due <= ?1 ORDER BY team",
            [now.0],
            |row| row.get(0),
        )
    }

    fn due_tasks(&self, team: &str, now: Time, programs: &[String], limit: usize) -> Result<Vec<Task>> {
        let programs = serde_json::to_string(programs)
            .map_err(|error| StoreError::Document { what: "list of programs", fault: error.to_string() })?;
        let sql = format!(
            "SELECT {TASK} FROM tasks LEFT JOIN deliveries ON deliveries.id = tasks.call
             WHERE tasks.state = 'queued' AND tasks.team = ?1 AND tasks.due <= ?2
                 AND (tasks.call IS NULL OR deliveries.state = 'queued')
             ORDER BY ifnull((SELECT key FROM json_each(?3) WHERE value = tasks.program), json_array_length(?3)),
                 tasks.priority, tasks.id
             LIMIT ?4"
        );
        self.all(&sql, params![team, now.0, programs, limit as i64], task)
    }

    fn tasks_since(&self, team: &str, since: Time) -> Result<u64> {
        let done = self.one(
            "SELECT count(*) FROM tasks WHERE state = 'done' AND team = ?1 AND ended >= ?2",
            params![team, since.0],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(done.unwrap_or_default() as u64 + self.task_count(team, TaskState::Open)?)
    }

    fn task_count(&self, team: &str, state: TaskState) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM tasks WHERE state = '{}' AND team = ?1", state.as_str());
        Ok(self.one(&sql, [team], |row| row.get::<_, i64>(0))?.unwrap_or_default() as u64)
    }

    fn teams_with(&self, state: TaskState) -> Result<Vec<String>> {
        let sql = format!("SELECT DISTINCT team FROM tasks WHERE state = '{}' ORDER BY team", state.as_str());
        self.all(&sql, [], |row| row.get(0))
    }

    fn lists_left(&self) -> Result<Vec<String>> {
        self.all("SELECT team FROM lists_left ORDER BY team", [], |row| row.get(0))
    }

    fn calls_to(&self, number: &str) -> Result<Vec<Delivery>> {
        let sql = format!(
            "SELECT {} FROM deliveries WHERE channel = 'phone' AND state IN ('queued', 'held', 'sending')
                 AND contact = ?1
             ORDER BY id",
            rows::DELIVERY
        );
        self.all(&sql, [number], rows::delivery)
    }
}

impl WriteTasks for Session<'_> {
    fn put_task(&mut self, task: &Task) -> Result<bool> {
        let changed = self
            .connection
            .prepare_cached(
                "INSERT OR IGNORE INTO tasks (id, created, program, run, step, profile, title, team, note, priority, call,
                     attempt, state, reason, due, expires, day, ended, outcome, remark)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
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
                task.priority,
                task.call.map(|call| call.0 as i64),
                task.attempt,
                task.state.as_str(),
                task.reason,
                task.due.0,
                task.expires.map(|time| time.0),
                task.day.map(|day| day.to_string()),
                task.ended.map(|time| time.0),
                task.outcome,
                task.remark
            ])?;
        Ok(changed == 1)
    }

    fn update_task(&mut self, task: &Task) -> Result<()> {
        self.connection
            .prepare_cached(
                "UPDATE tasks SET state = ?2, reason = ?3, due = ?4, day = ?5, ended = ?6, outcome = ?7, remark = ?8
                 WHERE id = ?1",
            )?
            .execute(params![
                task.id.0 as i64,
                task.state.as_str(),
                task.reason,
                task.due.0,
                task.day.map(|day| day.to_string()),
                task.ended.map(|time| time.0),
                task.outcome,
                task.remark
            ])?;
        Ok(())
    }

    fn forget_lists_left(&mut self) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM lists_left")?.execute([])?;
        Ok(())
    }

    fn wake_tasks(&mut self, team: Option<&str>, reason: &str, now: Time) -> Result<u64> {
        const WAIT: &str = "state = 'queued' AND (?1 IS NULL OR team = ?1) AND due > ?3 AND substr(reason, 1, length(?2)) = ?2";
        let others = format!("UPDATE tasks SET due = ?3 WHERE {WAIT} AND call IS NULL");
        // Their tasks follow.
        let calls = format!(
            "UPDATE deliveries SET due = ?3
             WHERE state = 'queued' AND id IN (SELECT call FROM tasks WHERE {WAIT} AND call IS NOT NULL)"
        );
        let mut woken = 0;
        for sql in [others, calls] {
            woken += self.connection.prepare_cached(&sql)?.execute(params![team, reason, now.0])?;
        }
        Ok(woken as u64)
    }
}
