//! Programs: how they run, who is in them and why, and their kill switches.

use super::{
    Paging, blocking,
    budgets::{CostView, costs},
    read,
};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, put},
};
use crowsnest_flow::{FlowError, spent_by_program};
use crowsnest_model::{ProfileId, RunId, Time};
use crowsnest_store::{RunRecord, Switch};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/programs", get(programs))
        .route("/programs/{name}/runs", get(runs))
        .route("/programs/{name}/reasons", get(reasons))
        .route("/switches", get(switches))
        .route("/switches/{scope}", put(throw).delete(reset))
}

/// A program and how it runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgramView {
    program: String,
    title: Option<String>,
    version: u32,
    /// `draft`, `live` or `paused`.
    state: String,
    /// What it asks about and is still being built; until then it decides about nobody, and then about all who came.
    waits_for: Option<String>,
    /// Its kill switch, or that for all, is thrown.
    switched_off: bool,
    /// Runs by state.
    runs: BTreeMap<String, u64>,
    /// Deliveries by state.
    deliveries: BTreeMap<String, u64>,
    /// Of how many deliveries something came back, by what: `opened`, `clicked`, `bounced_for_good` and so on.
    feedback: BTreeMap<String, u64>,
    /// What its messages cost, one for each currency; none where nothing is said of prices.
    cost: Vec<CostView>,
}

/// The programs.
#[utoipa::path(get, path = "/api/v1/programs", tag = "programs", responses((status = 200, body = [ProgramView])), security(("admin" = [])))]
pub(crate) async fn programs(_: Admin, State(app): State<App>) -> Result<Json<Vec<ProgramView>>, ApiError> {
    let live = app.engine.live();
    let waiting = blocking(&app, |engine| engine.waiting_programs()).await?;
    let views = read(&app, move |read| {
        let switches = read.switches()?;
        let spent = spent_by_program(read)?;
        live.workspace()
            .programs
            .values()
            .map(|program| {
                let name = &program.name;
                let runs = read.run_counts(name)?;
                let goals = runs.get("goal").copied().unwrap_or(0);
                Ok(ProgramView {
                    program: name.clone(),
                    title: program.title.clone(),
                    version: live.version("program", name).unwrap_or(1),
                    state: program.state.as_str().to_owned(),
                    waits_for: waiting.get(name).cloned(),
                    switched_off: switches.iter().any(|switch| switch.scope == "*" || switch.scope == *name),
                    cost: costs(spent.get(name), goals),
                    runs,
                    deliveries: read.delivery_counts(Some(name))?,
                    feedback: read.feedback_counts(name)?,
                })
            })
            .collect()
    })
    .await?;
    Ok(Json(views))
}

/// One person's way through a program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunInfo {
    #[schema(value_type = String)]
    id: RunId,
    version: u32,
    #[schema(value_type = String)]
    profile: ProfileId,
    occasion: String,
    #[schema(value_type = String, format = DateTime)]
    triggered: Time,
    #[schema(value_type = String, format = DateTime)]
    started: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended: Option<Time>,
    /// `active`, `finished`, `goal`, `cancelled`, `expired`, `skipped` or `held_out`.
    state: String,
    /// Why, in words.
    reason: Option<String>,
    /// What the goal was worth.
    value: Option<f64>,
    /// When what it is for happened, also to those who were held out or called off.
    #[schema(value_type = Option<String>, format = DateTime)]
    goal: Option<Time>,
}

impl From<RunRecord> for RunInfo {
    fn from(run: RunRecord) -> Self {
        Self {
            id: run.id,
            version: run.version,
            profile: run.profile,
            occasion: run.occasion,
            triggered: run.triggered,
            started: run.started,
            ended: run.ended,
            state: run.state.as_str().to_owned(),
            reason: run.reason,
            value: run.value,
            goal: run.goal,
        }
    }
}

/// Who is or was in a program, the newest first.
#[utoipa::path(get, path = "/api/v1/programs/{name}/runs", tag = "programs", params(("name" = String, Path), Paging),
    responses((status = 200, body = [RunInfo])), security(("admin" = [])))]
pub(crate) async fn runs(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<RunInfo>>, ApiError> {
    let page = paging.page()?;
    let live = app.engine.live();
    let found = read(&app, {
        let name = name.clone();
        move |read| read.runs(Some(&name), None, page)
    })
    .await?;
    if found.is_empty() && !live.workspace().programs.contains_key(&name) {
        let known = live.workspace().programs.keys().map(String::as_str);
        return Err(FlowError::not_found("program", &name, known).into());
    }
    Ok(Json(found.into_iter().map(RunInfo::from).collect()))
}

/// How many deliveries of a program are in a state for a kind of reason.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonView {
    state: String,
    /// The reason; of several that differ in figures or names, what they have in common, with … for the rest.
    reason: Option<String>,
    /// Of several that differ, the most frequent.
    #[serde(skip_serializing_if = "Option::is_none")]
    example: Option<String>,
    count: u64,
}

/// Deliveries of a program or broadcast by state and kind of reason, the most frequent first.
#[utoipa::path(get, path = "/api/v1/programs/{name}/reasons", tag = "programs", params(("name" = String, Path)),
    responses((status = 200, body = [ReasonView])), security(("admin" = [])))]
pub(crate) async fn reasons(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Vec<ReasonView>>, ApiError> {
    let found = blocking(&app, move |engine| engine.delivery_reasons(&name)).await?;
    let view = |(state, kind, count): (String, Option<crowsnest_flow::ReasonCount>, u64)| {
        let (reason, example) = kind.map_or((None, None), |kind| (Some(kind.reason), kind.example));
        ReasonView { state, reason, example, count }
    };
    Ok(Json(found.into_iter().map(view).collect()))
}

/// A kill switch that is thrown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchView {
    /// A program or broadcast, `channel:email` for all marketing messages by e-mail, or `*` for all.
    scope: String,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// `people`, or `crowsnest` when too much came back.
    by: &'static str,
    /// Why Crowsnest threw it.
    reason: Option<String>,
}

impl From<Switch> for SwitchView {
    fn from(switch: Switch) -> Self {
        let by = if switch.reason.is_some() { "crowsnest" } else { "people" };
        Self { scope: switch.scope, since: switch.since, by, reason: switch.reason }
    }
}

/// The kill switches that are thrown.
#[utoipa::path(get, path = "/api/v1/switches", tag = "programs", responses((status = 200, body = [SwitchView])), security(("admin" = [])))]
pub(crate) async fn switches(_: Admin, State(app): State<App>) -> Result<Json<Vec<SwitchView>>, ApiError> {
    let found = read(&app, |read| read.switches()).await?;
    Ok(Json(found.into_iter().map(SwitchView::from).collect()))
}

/// Throw a kill switch: nothing of the program or broadcast, with `channel:email` no marketing message by e-mail, or with `*`
/// nothing at all, is sent from now on.
#[utoipa::path(put, path = "/api/v1/switches/{scope}", tag = "programs", params(("scope" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn throw(
    _: Admin,
    State(app): State<App>,
    Path(scope): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine.set_switch(&scope, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reset a kill switch: what it held goes out, if its time to live has not run out. After that of a channel, complaints and
/// bounces are counted anew.
#[utoipa::path(delete, path = "/api/v1/switches/{scope}", tag = "programs", params(("scope" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn reset(
    _: Admin,
    State(app): State<App>,
    Path(scope): Path<String>,
) -> Result<StatusCode, ApiError> {
    app.engine.set_switch(&scope, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
