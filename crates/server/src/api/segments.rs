//! Segments and metrics.

use super::{Paging, blocking, read};
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
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/segments", get(list))
        .route("/segments/overlap", get(overlap))
        .route("/segments/{name}", get(one))
        .route("/segments/{name}/members", get(members))
        .route("/segments/{name}/changes", get(changes))
        .route("/metrics", get(metrics))
        .route("/building", get(building))
        .route("/profiles/{id}/segments", get(standings))
        .route("/profiles/{id}/metrics", get(values))
}

/// All segments: who is in each, in a sentence, and how many.
#[utoipa::path(get, path = "/api/v1/segments", tag = "segments",
    responses((status = 200, body = [Object])), security(("admin" = [])))]
pub(crate) async fn list(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let all = blocking(&app, |engine| engine.segments()).await?;
    Ok(Json(json!(all)))
}

/// One segment.
#[utoipa::path(get, path = "/api/v1/segments/{name}", tag = "segments", params(("name" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn one(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    known(&app, &name)?;
    let all = blocking(&app, |engine| engine.segments()).await?;
    let found = all.into_iter().find(|segment| segment.segment == name);
    found
        .map(|segment| Json(json!(segment)))
        .ok_or_else(|| ApiError::not_found(format!("there is no segment {name}")))
}

/// Which members are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Members {
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// Those after this profile id.
    after: Option<String>,
}

/// A member of a segment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Member {
    #[schema(value_type = String)]
    profile: ProfileId,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// The members of a segment, in the order of their ids.
#[utoipa::path(get, path = "/api/v1/segments/{name}/members", tag = "segments",
    params(("name" = String, Path), Members), responses((status = 200, body = [Member]),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn members(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Members { limit, after }): Query<Members>,
) -> Result<Json<Vec<Member>>, ApiError> {
    known(&app, &name)?;
    let limit = Paging { limit, offset: None }.page()?.limit;
    let after: Option<ProfileId> = after.as_deref().map(id).transpose()?;
    let found = read(&app, move |read| read.members(&name, after, limit)).await?;
    Ok(Json(found.into_iter().map(|(profile, since)| Member { profile, since }).collect()))
}

/// Who entered and left a segment, when and why, the latest first.
#[utoipa::path(get, path = "/api/v1/segments/{name}/changes", tag = "segments",
    params(("name" = String, Path), Paging), responses((status = 200, body = [Object]),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn changes(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Value>, ApiError> {
    known(&app, &name)?;
    let page = paging.page()?;
    let found = read(&app, move |read| read.segment_changes(Some(&name), None, page)).await?;
    Ok(Json(json!(found)))
}

/// Which two segments are compared.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Two {
    /// One segment.
    one: String,
    /// The other.
    other: String,
}

/// How many people are in one segment, in another, and in both.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overlap {
    one: u64,
    other: u64,
    both: u64,
}

/// How many people are in both of two segments.
#[utoipa::path(get, path = "/api/v1/segments/overlap", tag = "segments", params(Two),
    responses((status = 200, body = Overlap), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn overlap(
    _: Admin,
    State(app): State<App>,
    Query(Two { one, other }): Query<Two>,
) -> Result<Json<Overlap>, ApiError> {
    known(&app, &one)?;
    known(&app, &other)?;
    let found = read(&app, move |read| {
        Ok(Overlap {
            both: read.overlap(&one, &other)?,
            one: read.member_count(&one)?,
            other: read.member_count(&other)?,
        })
    })
    .await?;
    Ok(Json(found))
}

/// All metrics, and how each is computed.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "segments",
    responses((status = 200, body = [Object])), security(("admin" = [])))]
pub(crate) async fn metrics(_: Admin, State(app): State<App>) -> Json<Value> {
    Json(json!(app.engine.metrics()))
}

/// How far the reading of recorded events for new definitions is; null when everything is built.
#[utoipa::path(get, path = "/api/v1/building", tag = "segments",
    responses((status = 200, body = Option<Object>)), security(("admin" = [])))]
pub(crate) async fn building(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let found = blocking(&app, |engine| engine.building()).await?;
    Ok(Json(json!(found)))
}

/// Where a person stands with each segment, and why, with their values.
#[utoipa::path(get, path = "/api/v1/profiles/{id}/segments", tag = "segments", params(("id" = String, Path)),
    responses((status = 200, body = [Object]), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn standings(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id: ProfileId = id(&person)?;
    let found = blocking(&app, move |engine| engine.standings_in_segments(id)).await?;
    found
        .map(|found| Json(json!(found)))
        .ok_or_else(|| ApiError::not_found(format!("there is no profile {id}")))
}

/// What each metric is for a person.
#[utoipa::path(get, path = "/api/v1/profiles/{id}/metrics", tag = "segments", params(("id" = String, Path)),
    responses((status = 200, body = [Object]), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn values(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let id: ProfileId = id(&person)?;
    let found = blocking(&app, move |engine| engine.metrics_of(id)).await?;
    found
        .map(|found| Json(json!(found)))
        .ok_or_else(|| ApiError::not_found(format!("there is no profile {id}")))
}

fn known(app: &App, segment: &str) -> Result<(), ApiError> {
    let live = app.engine.live();
    if live.segments().get(segment).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = live.segments().all().iter().map(|segment| segment.name.as_str()).collect();
    Err(crowsnest_flow::FlowError::not_found("segment", segment, names).into())
}
