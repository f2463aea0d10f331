//! Why somebody got something from a program, and somebody else did not; and what a program would do with somebody.

use super::{Paging, blocking};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{FlowError, Trial};
use crowsnest_model::{Object, ProfileId, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/programs/{name}/explain", get(explain)).route("/programs/{name}/test", post(test))
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
    /// At most this many runs, events and changes of a segment, the latest; 50, if not said, and 1,000 at most. How many
    /// more there are is answered too.
    limit: Option<usize>,
}

/// How many are told of unless somebody asks for more.
const LIMIT: usize = 50;

/// Why a person is or was in a program, or is not: runs with steps and messages, events that began nothing, and why.
#[utoipa::path(get, path = "/api/v1/programs/{name}/explain", tag = "programs", params(("name" = String, Path), Asked),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn explain(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Asked { profile, at, limit }): Query<Asked>,
) -> Result<Json<Value>, ApiError> {
    let person: ProfileId = id(&profile)?;
    let limit = Paging { limit: Some(limit.unwrap_or(LIMIT)), offset: None }.page()?.limit;
    let found = blocking(&app, move |engine| engine.explain_program(&name, person, at, limit)).await?;
    Ok(Json(json!(found)))
}

/// On whom a program is tried, and with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialRequest {
    /// The person's profile id.
    profile: String,
    /// The properties of the event that begins it; those of the person's latest such event, if not said.
    #[schema(value_type = Option<Object>)]
    event: Option<Object>,
    /// Of a program that begins with a change of an item: the item's key; that of the item that the person watched last, if
    /// not said.
    item: Option<String>,
    /// The fields that the item had before, where they were others; nothing is known of it before, if not said.
    #[schema(value_type = Option<Object>)]
    before: Option<Object>,
    /// Segments that they are supposed to have entered, whatever the conditions say, beside the one that the program begins
    /// with.
    #[serde(default)]
    enters: Vec<String>,
    /// Segments that they are supposed to have left.
    #[serde(default)]
    leaves: Vec<String>,
    /// When that is supposed to happen; if not said, now, or when its date or schedule next comes due.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
}

/// Walk a person through a program with a simulated clock. Nothing is written, and nothing is sent.
#[utoipa::path(post, path = "/api/v1/programs/{name}/test", tag = "programs", params(("name" = String, Path)),
    request_body = TrialRequest, responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn test(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(TrialRequest { profile, event, item, before, enters, leaves, at }): Body<TrialRequest>,
) -> Result<Json<Value>, ApiError> {
    if let Some(both) = enters.iter().find(|name| leaves.contains(name)) {
        let reason = format!("{both} cannot be both entered and left: name it once");
        return Err(FlowError::Refused(reason).into());
    }
    let entered = enters.into_iter().map(|name| (name, true));
    let segments = entered.chain(leaves.into_iter().map(|name| (name, false))).collect();
    let trial = Trial { person: id(&profile)?, properties: event, item, before, segments, at };
    let dispatcher = app.dispatcher.clone();
    let tried = blocking(&app, move |engine| engine.try_program(dispatcher.courier(), &name, trial)).await?;
    Ok(Json(json!(tried)))
}
