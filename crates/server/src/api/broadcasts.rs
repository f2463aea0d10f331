//! One-off mailings.

use super::budgets::{CostView, costs};
use super::{blocking, read};
use crate::{App, auth::Admin, error::ApiError};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    routing::get,
};
use crowsnest_flow::{BroadcastPreview, Came, FlowError, LaunchReport, spent_by_program};
use crowsnest_model::{Object, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/broadcasts", get(broadcasts))
        .route("/broadcasts/{name}/preview", get(preview))
        .route("/broadcasts/{name}/copies", get(copies))
        .route("/broadcasts/{name}/launch", get(launched).post(launch))
        .route("/broadcasts/{name}/deliveries", get(came))
}

/// A broadcast and where it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BroadcastView {
    broadcast: String,
    title: Option<String>,
    /// The audience's condition as a sentence.
    audience: String,
    /// What is sent.
    template: String,
    #[schema(value_type = Option<String>, format = DateTime)]
    launched: Option<Time>,
    /// Deliveries by state.
    deliveries: BTreeMap<String, u64>,
    /// What its messages cost, one for each currency; none where nothing is said of prices.
    cost: Vec<CostView>,
}

/// The broadcasts.
#[utoipa::path(get, path = "/api/v1/broadcasts", tag = "broadcasts", responses((status = 200, body = [BroadcastView])), security(("admin" = [])))]
pub(crate) async fn broadcasts(
    _: Admin,
    State(app): State<App>,
) -> Result<Json<Vec<BroadcastView>>, ApiError> {
    let live = app.engine.live();
    let views = read(&app, move |read| {
        let spent = spent_by_program(read)?;
        live.workspace()
            .broadcasts
            .values()
            .map(|broadcast| {
                let audience = live.broadcast(&broadcast.name).map(|ready| ready.audience().sentence());
                Ok(BroadcastView {
                    broadcast: broadcast.name.clone(),
                    title: broadcast.title.clone(),
                    audience: audience.unwrap_or_default(),
                    template: broadcast.send.template.clone(),
                    launched: read.launch(&broadcast.name)?.map(|launch| launch.launched),
                    deliveries: read.delivery_counts(Some(&broadcast.name))?,
                    cost: costs(spent.get(&broadcast.name), 0),
                })
            })
            .collect()
    })
    .await?;
    Ok(Json(views))
}

/// Who would get it, and how many would not for which reason; which messages cannot be made (`unmade`), what all would cost, and
/// whether it was launched already. Where `waits` says that something is still being built, the numbers are not final. Nothing is sent.
#[utoipa::path(get, path = "/api/v1/broadcasts/{name}/preview", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn preview(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<BroadcastPreview>, ApiError> {
    let dispatcher = app.dispatcher.clone();
    Ok(Json(blocking(&app, move |engine| engine.preview_broadcast(&name, dispatcher.courier())).await?))
}

/// A copy that a seed gets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CopyView {
    /// The seed, as `LIST/NAME`.
    seed: String,
    /// Where it goes.
    to: String,
    /// Why it would not be sent as it is.
    faults: Vec<String>,
}

/// The copies that its seed lists get, made on trial. Nothing is sent.
#[utoipa::path(get, path = "/api/v1/broadcasts/{name}/copies", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = [CopyView]), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn copies(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Vec<CopyView>>, ApiError> {
    let live = app.engine.live();
    let known = &live.workspace().broadcasts;
    let Some(broadcast) = known.get(&name) else {
        return Err(FlowError::not_found("broadcast", &name, known.keys().map(String::as_str)).into());
    };
    let send = &broadcast.send;
    let copies = live.copies(&send.seeds, &send.channel).into_iter().map(|copy| {
        let (to, mut faults) = match copy.contact {
            Ok(to) => (to, Vec::new()),
            Err(reason) => (String::new(), vec![reason]),
        };
        let courier = app.dispatcher.courier();
        match courier.preview(&live, &send.template, &copy.profile, &to, &Object::new()) {
            Ok(preview) => faults.extend(preview.faults),
            Err(reason) => faults.push(reason),
        }
        CopyView { seed: copy.seed, to, faults }
    });
    Ok(Json(copies.collect()))
}

/// How a launch is answered.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct HowToLaunch {
    /// Answer when the whole audience was looked at; else at once.
    #[serde(default = "waits")]
    #[param(default = true)]
    wait: bool,
}

fn waits() -> bool {
    true
}

/// Launch it. It happens once. The first messages go out at once; the answer comes when everybody was looked at, unless it is not waited for,
/// or it has to wait: for what it asks of people and is still being built, say, or for room on the disk. Then `stopped` says
/// for what, and it goes on by itself.
#[utoipa::path(post, path = "/api/v1/broadcasts/{name}/launch", tag = "broadcasts", params(("name" = String, Path), HowToLaunch),
    responses((status = 200, body = Object), (status = 409, body = crate::error::ErrorBody, description = "It was launched before.")),
    security(("admin" = [])))]
pub(crate) async fn launch(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(how): Query<HowToLaunch>,
) -> Result<Json<LaunchReport>, ApiError> {
    let report =
        if how.wait { app.engine.launch(&name).await? } else { app.engine.launch_and_leave(&name).await? };
    Ok(Json(report))
}

/// What its launch did, or has done so far: `queued` is null while people are still looked at, and `stopped` says since when and why it
/// does not go on just now.
#[utoipa::path(get, path = "/api/v1/broadcasts/{name}/launch", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody, description = "It has not been launched.")),
    security(("admin" = [])))]
pub(crate) async fn launched(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<LaunchReport>, ApiError> {
    Ok(Json(blocking(&app, move |engine| engine.launch_report(&name)).await?))
}

/// What came of a launched broadcast's messages so far.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameView {
    /// How many messages to recipients are in which state.
    states: BTreeMap<String, u64>,
    /// The same of those that did not just go out, by state and reason, the most frequent first. Those who were left out at the
    /// launch are in its audience, and not here.
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<(String, String, u64)>,
    /// What they cost so far, with the copies for seed lists; one for each currency.
    cost: Vec<CostView>,
}

/// What came of its messages so far: how many are in which state, why, and what they cost.
#[utoipa::path(get, path = "/api/v1/broadcasts/{name}/deliveries", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = CameView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody, description = "It has not been launched.")),
    security(("admin" = [])))]
pub(crate) async fn came(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<CameView>, ApiError> {
    let Came { states, reasons, cost } = blocking(&app, move |engine| engine.broadcast_came(&name)).await?;
    Ok(Json(CameView { states, reasons, cost: costs(Some(&cost), 0) }))
}
