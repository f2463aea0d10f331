//! What people of the house do with programs: let somebody in, move those inside, let in those who were missed, see why.

use super::read;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{Admission, CaughtUp, Moved};
use crowsnest_model::{Identifier, Object, RunId, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/programs/{name}/enter", post(enter))
        .route("/programs/{name}/move", post(move_runs))
        .route("/programs/{name}/catch-up", post(catch_up))
        .route("/runs/{id}/log", get(log))
}

/// Who is to enter, and by what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entrant {
    /// `email`, `phone`, `user_id`, `anonymous_id`, `loyalty_id`, or a namespace of the workspace.
    namespace: String,
    /// The value, in any spelling.
    value: String,
    /// What makes two requests the same; the same enters once. Each request is its own when not given.
    occasion: Option<String>,
    /// What conditions and templates see as the properties of an event.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Object,
}

/// What became of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AdmissionView {
    /// `entered`, `held_out`, `not`, or `waits` while what the program asks about is still being built: then it is decided
    /// once that is built.
    outcome: String,
    /// Why not.
    reason: Option<String>,
}

/// Let a person into a program. Of its rules all count but the trigger.
#[utoipa::path(post, path = "/api/v1/programs/{name}/enter", tag = "programs", params(("name" = String, Path)), request_body = Entrant,
    responses((status = 200, body = AdmissionView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn enter(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(Entrant { namespace, value, occasion, properties }): Body<Entrant>,
) -> Result<Json<AdmissionView>, ApiError> {
    let identifier = Identifier::new(namespace.as_str(), value);
    let (outcome, reason) = match app.engine.enter_program(&name, &identifier, occasion, properties).await? {
        Admission::Entered => ("entered", None),
        Admission::HeldOut(reason) => ("held_out", Some(reason)),
        Admission::Waits(reason) => ("waits", Some(reason)),
        Admission::Not(reason) => ("not", Some(reason)),
    };
    Ok(Json(AdmissionView { outcome: outcome.to_owned(), reason }))
}

/// From which version people are moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveFrom {
    /// The version that they are on.
    from: u32,
}

/// What moving came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MovedView {
    /// The version that they are on now.
    to: u32,
    moved: u64,
    /// Those who finish on their version, since the newest does not have the step at which they are.
    stayed: u64,
}

/// Move the people inside of a program from one version to the newest.
#[utoipa::path(post, path = "/api/v1/programs/{name}/move", tag = "programs", params(("name" = String, Path)), request_body = MoveFrom,
    responses((status = 200, body = MovedView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn move_runs(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(MoveFrom { from }): Body<MoveFrom>,
) -> Result<Json<MovedView>, ApiError> {
    let Moved { to, moved, stayed } = app.engine.move_runs(&name, from).await?;
    Ok(Json(MovedView { to, moved, stayed }))
}

/// Who was missed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Missed {
    /// Events that came in at or after this moment are looked at; of a program by date or by schedule, what came due after it.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// Also when the program's time to live has run out.
    #[serde(default)]
    whenever: bool,
    /// Only say what would be.
    #[serde(default)]
    dry_run: bool,
}

/// What came of it, or would come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaughtUpView {
    /// The events that were looked at; of a program by date or by schedule, what came due.
    events: u64,
    entered: u64,
    held_out: u64,
    /// How many did not enter, by the reason.
    not: BTreeMap<String, u64>,
}

/// Let in those who were missed while the program was a draft or paused.
#[utoipa::path(post, path = "/api/v1/programs/{name}/catch-up", tag = "programs", params(("name" = String, Path)), request_body = Missed,
    responses((status = 200, body = CaughtUpView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn catch_up(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(Missed { since, whenever, dry_run }): Body<Missed>,
) -> Result<Json<CaughtUpView>, ApiError> {
    let CaughtUp { events, entered, held_out, not } =
        app.engine.catch_up(&name, since, whenever, dry_run).await?;
    Ok(Json(CaughtUpView { events, entered, held_out, not }))
}

/// A step that a run has taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunStepView {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Its path in the definition, from 0: `2`, or `2.a.0` for the first step of the way `a` of the third.
    step: String,
    /// What came of it, in words.
    outcome: String,
}

/// The steps that a run has taken, the first one first.
#[utoipa::path(get, path = "/api/v1/runs/{id}/log", tag = "programs", params(("id" = String, Path)),
    responses((status = 200, body = [RunStepView])), security(("admin" = [])))]
pub(crate) async fn log(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<Json<Vec<RunStepView>>, ApiError> {
    let run: RunId = id(&wanted)?;
    let found = read(&app, move |read| read.run_log(run)).await?;
    let view = |step: crowsnest_store::RunStep| RunStepView {
        time: step.time,
        step: step.step,
        outcome: step.outcome,
    };
    Ok(Json(found.into_iter().map(view).collect()))
}
