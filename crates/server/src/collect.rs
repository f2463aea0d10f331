//! What SDKs send. Clients of others must work here unchanged, see the comments for what each of them forces.

use crate::{App, auth::WriteKey, body, error::ApiError};
use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, Method},
    routing::post,
};
use crowsnest_flow::Receipt;
use crowsnest_ingest::{
    Reading, SourceReader,
    wire::{self, Endpoint, Envelope, WireError},
};
use crowsnest_model::Duration;
use serde::Serialize;
use std::sync::Arc;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    // The browser's SDK sends an Authorization header from any page: any origin may append events with a write key.
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::any())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([Method::POST, Method::OPTIONS])
        .max_age(std::time::Duration::from_secs(86_400));
    // A method of its own for the preflight: what no handler takes never comes through the layer.
    Router::new()
        .route("/v1/{endpoint}", post(collect).options(preflight))
        .route("/api/s/{endpoint}", post(collect).options(preflight))
        .layer(cors)
}

/// The layer answers before this does.
async fn preflight() -> axum::http::StatusCode {
    axum::http::StatusCode::NO_CONTENT
}

/// What a client is answered. The status is exactly 200: one client takes 202 as failure and sends again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collected {
    /// Always true here.
    success: bool,
    /// New events.
    accepted: u64,
    /// Events that were here already.
    duplicates: u64,
    /// Events that wait in the quarantine, each with its reason.
    quarantined: u64,
}

/// Collect events.
#[utoipa::path(
    post, path = "/v1/{endpoint}", tag = "collect",
    params(("endpoint" = String, Path, description = "identify, track, page, screen, group, alias, batch, import, \
        or the short forms i, t, p, s, g, a, b. `/api/s/{endpoint}` is the same for Jitsu's script.")),
    request_body(content = Object, description = "As Segment's SDKs send it, gzipped or not, of any content type."),
    responses(
        (status = 200, body = Collected, description = "Durable and acted on."),
        (status = 400, body = crate::error::ErrorBody, description = "Not JSON, or nobody is named."),
        (status = 401, body = crate::error::ErrorBody, description = "No source has this write key."),
        (status = 413, body = crate::error::ErrorBody, description = "More than 4 MiB or 2,500 events."),
        (status = 503, body = crate::error::ErrorBody, description = "Overloaded; see Retry-After."),
    ),
    security(("write_key" = []))
)]
pub(crate) async fn collect(
    State(app): State<App>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Collected>, ApiError> {
    let endpoint = Endpoint::from_path(&endpoint).ok_or_else(|| {
        ApiError::not_found(
            "expected identify, track, page, screen, group, alias, batch or import after /v1/",
        )
    })?;
    let received = app.engine.now();
    let body = body::read(body, wire::MAX_BODY).await?;
    // The content type is never looked at: SDKs send text/plain, and gzip as a form.
    let json = match wire::inflate(&body, wire::MAX_BODY) {
        Ok(json) => json,
        Err(error) => return Err(unreadable(&app, &headers, error, &body).await),
    };
    let envelope = match Envelope::parse(endpoint, &json) {
        Ok(envelope) => envelope,
        Err(error) => return Err(unreadable(&app, &headers, error, &json).await),
    };
    let reader = open(&app, &headers, envelope.write_key())?;
    let single = matches!(endpoint, Endpoint::One(_));
    let batch = envelope.read(&reader, Reading { received, shift: Duration(0), historical: false });
    let refused =
        batch.rejected.first().filter(|_| single).map(|first| (first.code.clone(), first.reason.clone()));
    let Receipt { accepted, duplicates, quarantined } = app.engine.take_in(batch).await?;
    match refused {
        // It waits in the quarantine; the client must not send it again, and its developer should see why.
        Some((code, reason)) => Err(ApiError::bad_request(&code, reason)),
        None => Ok(Json(Collected { success: true, accepted, duplicates, quarantined })),
    }
}

/// Keeps a body that cannot be read, if its headers say whose it is: the client will not send it again, and somebody
/// may correct it. What is too large is the client's to send in smaller pieces.
async fn unreadable(app: &App, headers: &HeaderMap, error: WireError, body: &[u8]) -> ApiError {
    if matches!(error, WireError::TooLarge { .. } | WireError::TooMany { .. }) {
        return error.into();
    }
    let reader = match open(app, headers, None) {
        Ok(reader) => reader,
        // Without a known key in the headers, nobody knows whose it is; what is wrong with it is said all the same.
        Err(_) if WriteKey::of_headers(headers).is_none() => return error.into(),
        Err(refused) => return refused,
    };
    let rejection = error.rejection(&reader.source().name, body);
    let batch = wire::Batch { events: Vec::new(), rejected: vec![rejection] };
    match app.engine.take_in(batch).await {
        Ok(_) => error.into(),
        Err(failed) => failed.into(),
    }
}

/// The source that a write key opens.
fn open(app: &App, headers: &HeaderMap, in_body: Option<&str>) -> Result<Arc<SourceReader>, ApiError> {
    let given = WriteKey::of_headers(headers)
        .or_else(|| in_body.map(WriteKey::of_body))
        .ok_or_else(ApiError::unknown_key)?;
    let live = app.engine.live();
    let reader = live
        .source_of_key(&given.key)
        .and_then(|source| live.reader(source))
        .ok_or_else(ApiError::unknown_key)?;
    // A source without a secret takes whatever follows the colon: Jitsu's script always sends something.
    match &reader.source().secret {
        Some(secret) if given.secret.as_ref() != Some(secret) => Err(ApiError::unknown_key()),
        _ => Ok(reader.clone()),
    }
}
