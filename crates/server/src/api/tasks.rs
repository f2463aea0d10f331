//! What programs ask people of the house to do.

use super::{Paging, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_model::{ProfileId, TaskId, Time};
use crowsnest_store::{Task, TaskFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/tasks", get(list)).route("/tasks/{id}/done", post(done))
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
    /// When it was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    done: Option<Time>,
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let Task { id, created, program, profile, title, team, note, done, .. } = task;
        Self { id, created, program, profile, title, team, note, done }
    }
}

/// Which tasks are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Of this team.
    team: Option<String>,
    /// Those that are done, rather than those that are open.
    #[serde(default)]
    done: bool,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// After this many.
    offset: Option<usize>,
}

/// The tasks, the newest first.
#[utoipa::path(get, path = "/api/v1/tasks", tag = "programs", params(Wanted), responses((status = 200, body = [TaskView])), security(("admin" = [])))]
pub(crate) async fn list(
    _: Admin,
    State(app): State<App>,
    Query(Wanted { team, done, limit, offset }): Query<Wanted>,
) -> Result<Json<Vec<TaskView>>, ApiError> {
    let page = Paging { limit, offset }.page()?;
    let filter = TaskFilter { done, team, profile: None };
    let found = read(&app, move |read| read.tasks(&filter, page)).await?;
    Ok(Json(found.into_iter().map(TaskView::from).collect()))
}

/// A task is done. Said again, the first time counts.
#[utoipa::path(post, path = "/api/v1/tasks/{id}/done", tag = "programs", params(("id" = String, Path)),
    responses((status = 200, body = TaskView), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn done(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<Json<TaskView>, ApiError> {
    let task: TaskId = id(&wanted)?;
    Ok(Json(app.engine.end_task(task).await?.into()))
}
