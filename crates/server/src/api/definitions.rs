//! Definitions as text: looked at, compared, put in force.

use super::blocking;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body},
};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use crowsnest_flow::Applied;
use crowsnest_workspace::SourceFile;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/workspace", get(export).put(apply))
        .route("/workspace/diff", post(diff))
        .route("/workspace/schema", get(schema))
}

/// The files of a workspace.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    /// Each with its path and its text.
    #[schema(value_type = Vec<Object>)]
    files: Vec<SourceFile>,
}

/// What putting definitions in force did.
#[derive(Debug, Serialize)]
pub(crate) struct Put {
    #[serde(flatten)]
    applied: Applied,
    /// What keeps messages from being handed over by them, such as a secret that the server does not have.
    not_ready: Vec<String>,
}

/// The definitions in force, as files.
#[utoipa::path(get, path = "/api/v1/workspace", tag = "workspace", responses((status = 200, body = [Object])), security(("admin" = [])))]
pub(crate) async fn export(_: Admin, State(app): State<App>) -> Json<Vec<SourceFile>> {
    Json(app.engine.export())
}

/// What applying these files would change. Nothing is changed.
#[utoipa::path(post, path = "/api/v1/workspace/diff", tag = "workspace", request_body = Files,
    responses((status = 200, body = Object), (status = 422, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn diff(
    _: Admin,
    State(app): State<App>,
    Body(Files { files }): Body<Files>,
) -> Result<Json<Applied>, ApiError> {
    Ok(Json(blocking(&app, move |engine| engine.diff(&files)).await?))
}

/// Check these files and put them in force, all or nothing. What is not in them is taken out of force.
#[utoipa::path(put, path = "/api/v1/workspace", tag = "workspace", request_body = Files,
    responses((status = 200, body = Object), (status = 422, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn apply(
    _: Admin,
    State(app): State<App>,
    Body(Files { files }): Body<Files>,
) -> Result<Json<Put>, ApiError> {
    let applied = app.engine.apply(files).await?;
    let not_ready = app.dispatcher.courier().setup_faults(&app.engine.live());
    Ok(Json(Put { applied, not_ready }))
}

/// The JSON Schema of all kinds of definitions, for editors.
#[utoipa::path(get, path = "/api/v1/workspace/schema", tag = "workspace", responses((status = 200, body = Object)))]
pub(crate) async fn schema() -> Json<Value> {
    Json(crowsnest_workspace::json_schema())
}
