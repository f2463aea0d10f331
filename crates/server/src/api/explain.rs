//! Why somebody got something from a program, and somebody else did not.

use super::blocking;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use crowsnest_model::{ProfileId, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/programs/{name}/explain", get(explain))
}

/// Whose way is explained, and as of when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The person's profile id.
    profile: String,
    /// From what was recorded up to this moment; now, if not said.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
}

/// Why a person is or was in a program, or is not: runs with steps and messages, events that began nothing, and why.
#[utoipa::path(get, path = "/api/v1/programs/{name}/explain", tag = "programs", params(("name" = String, Path), Asked),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn explain(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Asked { profile, at }): Query<Asked>,
) -> Result<Json<Value>, ApiError> {
    let person: ProfileId = id(&profile)?;
    let found = blocking(&app, move |engine| engine.explain_program(&name, person, at)).await?;
    Ok(Json(json!(found)))
}
