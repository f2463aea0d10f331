//! One-off mailings.

use super::{blocking, read};
use crate::{App, auth::Admin, error::ApiError};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{Audience, FlowError, LaunchReport};
use crowsnest_model::{Object, Time};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/broadcasts", get(broadcasts))
        .route("/broadcasts/{name}/preview", get(preview))
        .route("/broadcasts/{name}/copies", get(copies))
        .route("/broadcasts/{name}/launch", post(launch))
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
}

/// The broadcasts.
#[utoipa::path(get, path = "/api/v1/broadcasts", tag = "broadcasts", responses((status = 200, body = [BroadcastView])), security(("admin" = [])))]
pub(crate) async fn broadcasts(
    _: Admin,
    State(app): State<App>,
) -> Result<Json<Vec<BroadcastView>>, ApiError> {
    let live = app.engine.live();
    let views = read(&app, move |read| {
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
                })
            })
            .collect()
    })
    .await?;
    Ok(Json(views))
}

/// Who would get it, and how many would not for which reason. Nothing is sent.
#[utoipa::path(get, path = "/api/v1/broadcasts/{name}/preview", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn preview(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Audience>, ApiError> {
    Ok(Json(blocking(&app, move |engine| engine.preview_audience(&name)).await?))
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

/// Launch it. It happens once.
#[utoipa::path(post, path = "/api/v1/broadcasts/{name}/launch", tag = "broadcasts", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 409, body = crate::error::ErrorBody, description = "It was launched before.")),
    security(("admin" = [])))]
pub(crate) async fn launch(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<LaunchReport>, ApiError> {
    Ok(Json(app.engine.launch(&name).await?))
}
