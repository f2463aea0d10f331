//! What could not be taken in: looked at, corrected, driven again.

use super::{Paging, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query, id},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::Receipt;
use crowsnest_model::{
    QuarantineId, Time,
    quarantine::{QuarantineState, Quarantined},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/quarantine", get(list))
        .route("/quarantine/{id}", get(one))
        .route("/quarantine/{id}/redrive", post(redrive))
        .route("/quarantine/{id}/discard", post(discard))
}

/// Something that could not be taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Item {
    #[schema(value_type = String)]
    id: QuarantineId,
    #[schema(value_type = String, format = DateTime)]
    received: Time,
    /// `open`, `resolved` or `discarded`.
    state: String,
    /// How often it was driven again.
    attempts: u32,
    source: String,
    feed: Option<String>,
    /// Line and column, XML path, or place in the batch.
    place: String,
    /// A short word for the kind of fault.
    code: String,
    /// What is wrong and what to do.
    reason: String,
    /// The bytes as they came, as text; bytes that are not UTF-8 are shown as replacement characters.
    raw: String,
    /// For a row of a CSV file: what is needed to read it again.
    header: Option<String>,
}

impl From<Quarantined> for Item {
    fn from(item: Quarantined) -> Self {
        Self {
            id: item.id,
            received: item.received,
            state: item.state.as_str().to_owned(),
            attempts: item.attempts,
            source: item.rejection.source,
            feed: item.rejection.feed,
            place: item.rejection.place,
            code: item.rejection.code,
            reason: item.rejection.reason,
            raw: String::from_utf8_lossy(&item.rejection.raw).into_owned(),
            header: item.rejection.header,
        }
    }
}

/// Which things are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Of this source.
    source: Option<String>,
    /// `open`, `resolved` or `discarded`; all if not said.
    state: Option<String>,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// After this many.
    offset: Option<usize>,
}

/// What waits in the quarantine, or was in it, the newest first.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "quarantine", params(Wanted),
    responses((status = 200, body = [Item])), security(("admin" = [])))]
pub(crate) async fn list(
    _: Admin,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<Item>>, ApiError> {
    let page = Paging { limit: wanted.limit, offset: wanted.offset }.page()?;
    let state = match wanted.state.as_deref() {
        None => None,
        Some("open") => Some(QuarantineState::Open),
        Some("resolved") => Some(QuarantineState::Resolved),
        Some("discarded") => Some(QuarantineState::Discarded),
        Some(other) => {
            return Err(ApiError::bad_request(
                "invalid-query",
                format!("`{other}` is not a state; expected open, resolved or discarded"),
            ));
        }
    };
    let found = read(&app, move |read| read.quarantine(wanted.source.as_deref(), state, page)).await?;
    Ok(Json(found.into_iter().map(Item::from).collect()))
}

/// One thing of the quarantine.
#[utoipa::path(get, path = "/api/v1/quarantine/{id}", tag = "quarantine", params(("id" = String, Path)),
    responses((status = 200, body = Item), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn one(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<Json<Item>, ApiError> {
    let id: QuarantineId = id(&wanted)?;
    let found = read(&app, move |read| read.quarantined(id)).await?;
    found
        .map(|item| Json(item.into()))
        .ok_or_else(|| ApiError::not_found(format!("{id} is not in the quarantine")))
}

/// What came of driving something again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Redriven {
    accepted: u64,
    duplicates: u64,
}

/// Drive something again: as it came, or as corrected by the body. It stays in the quarantine, with its new reason,
/// when it still cannot be read.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/redrive", tag = "quarantine", params(("id" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream", description = "The corrected bytes; empty for those that came."),
    responses((status = 200, body = Redriven), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn redrive(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
    corrected: Bytes,
) -> Result<Json<Redriven>, ApiError> {
    let corrected = (!corrected.is_empty()).then(|| corrected.to_vec());
    let Receipt { accepted, duplicates, .. } = app.engine.redrive(id(&wanted)?, corrected).await?;
    Ok(Json(Redriven { accepted, duplicates }))
}

/// Say that something is not needed. It is kept, marked.
#[utoipa::path(post, path = "/api/v1/quarantine/{id}/discard", tag = "quarantine", params(("id" = String, Path)),
    responses((status = 204), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn discard(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<axum::http::StatusCode, ApiError> {
    app.engine.discard(id(&wanted)?).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
