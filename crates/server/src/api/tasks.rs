//! What programs ask people of the house to do, and the teams that are asked.

use super::{Paging, blocking};
use crate::{
    app::App,
    auth::Admin,
    csv,
    error::{ApiError, Query, id},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use crowsnest_flow::outward::{Listed, TaskDone};
use crowsnest_model::{DeliveryId, ProfileId, TaskId, Time};
use crowsnest_store::{Page, Task, TaskFilter, TaskState};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::{IntoParams, ToSchema};

/// So many tasks are in a table at most: more are no list of a day.
const MOST_ROWS: usize = 10_000;

/// The columns of the table.
const COLUMNS: [&str; 14] = [
    "id",
    "day",
    "try",
    "name",
    "number",
    "title",
    "note",
    "why",
    "their_time",
    "not_now",
    "program",
    "profile",
    "state",
    "outcome",
];

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/tasks", get(list)).route("/tasks/{id}/done", post(done)).route("/teams", get(teams))
}

/// Something that a program asks people of the house to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    #[schema(value_type = String)]
    id: TaskId,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    program: String,
    /// Whom it is about.
    #[schema(value_type = String)]
    profile: ProfileId,
    title: String,
    team: String,
    note: Option<String>,
    /// From 1, which comes first, to 9.
    priority: u8,
    /// `queued`, `open`, `done` or `withdrawn`.
    #[schema(value_type = String)]
    state: TaskState,
    /// Why it waits, or was withdrawn; of a call that is done, that they said afterwards that they do not want to be called.
    reason: Option<String>,
    /// Not on a list before this moment.
    #[schema(value_type = String, format = DateTime)]
    due: Time,
    /// No point in it after this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    /// The day on whose list it came.
    #[schema(format = Date)]
    day: Option<String>,
    /// The delivery of which it is a try, if it is a call.
    #[schema(value_type = Option<String>)]
    call: Option<DeliveryId>,
    /// Which try of the call, from 1.
    attempt: u32,
    /// When it was done, or withdrawn.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended: Option<Time>,
    /// What came of the call.
    outcome: Option<String>,
    /// What people of the house say about it.
    remark: Option<String>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let Task { id, created, program, profile, title, team, note, priority, state, reason, .. } = task;
        let Task { due, expires, call, attempt, ended, outcome, remark, .. } = task;
        let day = task.day.map(|day| day.to_string());
        Self {
            id,
            created,
            program,
            profile,
            title,
            team,
            note,
            priority,
            state,
            reason,
            due,
            expires,
            day,
            call,
            attempt,
            ended,
            outcome,
            remark,
        }
    }
}

/// A task, with what whoever does it has to know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedView {
    #[serde(flatten)]
    task: TaskView,
    /// What the person is called.
    name: Option<String>,
    /// The number to call; nothing for what is no call.
    number: Option<String>,
    /// Why: the program, and what began it.
    why: String,
    /// What time it is where the person is.
    their_time: String,
    /// Why they must not be called just now: a kill switch, or quiet hours.
    not_now: Option<String>,
}

impl From<Listed> for ListedView {
    fn from(listed: Listed) -> Self {
        let Listed { task, name, number, why, their_time, not_now, .. } = listed;
        Self { task: task.into(), name, number, why, their_time, not_now }
    }
}

/// Which tasks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Of this team.
    team: Option<String>,
    /// In this state: `open` if not said, `queued`, `done` or `withdrawn`.
    state: Option<String>,
    /// Of the list of this day, such as 2026-11-23, or of `today` where the team is; those that are open, also what is left
    /// of the days before.
    day: Option<String>,
    /// `json` if not said; `csv` is a table of all of them for a spreadsheet, without those that must not be called since a
    /// kill switch is thrown or their program is paused.
    format: Option<String>,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// After this many.
    offset: Option<usize>,
}

fn unreadable(message: String) -> ApiError {
    ApiError::bad_request("invalid-query", message)
}

impl Wanted {
    fn filter(&self, app: &App) -> Result<TaskFilter, ApiError> {
        let state = match self.state.as_deref() {
            None => TaskState::Open,
            Some(word) => word.parse().map_err(|()| {
                let known = TaskState::ALL.map(TaskState::as_str).join(", ");
                unreadable(format!("`state` is `{word}`: expected one of {known}"))
            })?,
        };
        let day = match self.day.as_deref() {
            None => None,
            Some("today") => Some(app.engine.day_of(self.team.as_deref())),
            Some(day) => Some(day.parse().map_err(|_| {
                unreadable(format!("`day` is `{day}`: expected a day such as 2026-11-23, or `today`"))
            })?),
        };
        Ok(TaskFilter { state, team: self.team.clone(), profile: None, day })
    }

    fn is_table(&self) -> Result<bool, ApiError> {
        match self.format.as_deref() {
            None | Some("json") => Ok(false),
            Some("csv") => Ok(true),
            Some(other) => Err(unreadable(format!("`format` is `{other}`: expected `json` or `csv`"))),
        }
    }
}

/// The tasks: those that wait or are open in the order in which they are to be done, others the latest first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "tasks", params(Wanted), responses((status = 200, body = [ListedView]), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn list(
    _: Admin,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ApiError> {
    let (filter, is_table) = (wanted.filter(&app)?, wanted.is_table()?);
    if let Some(team) = filter.team.clone() {
        blocking(&app, move |engine| engine.known_team(&team)).await?;
    }
    let page = match is_table {
        true => Page { limit: MOST_ROWS, offset: 0 },
        false => Paging { limit: wanted.limit, offset: wanted.offset }.page()?,
    };
    let found = blocking(&app, move |engine| engine.worklist(&filter, page)).await?;
    if is_table {
        return Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8")], table(&found)).into_response());
    }
    Ok(Json(found.into_iter().map(ListedView::from).collect::<Vec<_>>()).into_response())
}

fn table(found: &[Listed]) -> String {
    let row = |listed: &Listed| -> Vec<Cow<'static, str>> {
        let Listed { task, name, number, why, their_time, not_now, .. } = listed.clone();
        let said = |text: Option<String>| Cow::from(text.unwrap_or_default());
        vec![
            task.id.to_string().into(),
            said(task.day.map(|day| day.to_string())),
            task.attempt.to_string().into(),
            said(name),
            said(number),
            task.title.into(),
            said(task.note),
            why.into(),
            their_time.into(),
            said(not_now),
            task.program.into(),
            task.profile.to_string().into(),
            task.state.as_str().into(),
            said(task.outcome),
        ]
    };
    csv::table(&COLUMNS, found.iter().filter(|listed| !listed.stopped).map(row))
}

/// What is said of a task that is done.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Done {
    /// Of a call: `reached`, `no-answer`, `wrong-number`, `do-not-call`, or one of the team's own words.
    #[serde(default)]
    outcome: Option<String>,
    /// What else there is to say.
    #[serde(default)]
    note: Option<String>,
}

/// A task is done. Said again, it changes nothing; another outcome is refused, but `do-not-call` counts whenever it is said.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/done", tag = "tasks", params(("id" = String, Path)), request_body = Option<Done>,
    responses((status = 200, body = TaskView), (status = 404, body = crate::error::ErrorBody), (status = 409, body = crate::error::ErrorBody), (status = 422, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn done(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
    said: Bytes,
) -> Result<Json<TaskView>, ApiError> {
    let task: TaskId = id(&wanted)?;
    // That it is done says the address alone.
    let said: Option<Done> = match said.is_empty() {
        true => None,
        false => serde_json::from_slice(&said).map_err(|error| {
            ApiError::bad_request("invalid-body", format!("the body is not what was expected: {error}"))
        })?,
    };
    let Done { outcome, note } = said.unwrap_or_default();
    Ok(Json(app.engine.end_task(task, TaskDone { outcome, remark: note }).await?.into()))
}

/// How a team stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamView {
    team: String,
    title: Option<String>,
    /// At most this many tasks are on its list of a day; nothing for a team that is not declared.
    capacity: Option<u32>,
    /// The day that it is where the team is.
    #[schema(format = Date)]
    day: String,
    /// How many tasks are on its list.
    open: u64,
    /// How many were done today.
    done: u64,
    /// How many wait for their moment, or for room on a list.
    queued: u64,
}

/// The teams, with what they can do and what they have to do.
#[utoipa::path(get, path = "/api/v1/teams", tag = "tasks", responses((status = 200, body = [TeamView])), security(("admin" = [])))]
pub(crate) async fn teams(_: Admin, State(app): State<App>) -> Result<Json<Vec<TeamView>>, ApiError> {
    let teams = blocking(&app, |engine| engine.teams()).await?;
    let view = |standing: crowsnest_flow::outward::TeamStanding| {
        let crowsnest_flow::outward::TeamStanding { team, title, capacity, day, open, done, queued } =
            standing;
        TeamView { team, title, capacity, day, open, done, queued }
    };
    Ok(Json(teams.into_iter().map(view).collect()))
}
