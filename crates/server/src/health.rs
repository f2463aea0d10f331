//! Whether it lives, whether it works, and its numbers.

use crate::{App, api::blocking, auth::Admin, error::ApiError};
use axum::{Json, Router, extract::State, routing::get};
use crowsnest_model::sending::Counted;
use serde_json::{Value, json};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "run", responses((status = 200, description = "It lives.")))]
pub(crate) async fn healthz() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The store answers, and the writer writes.
#[utoipa::path(get, path = "/readyz", tag = "run", responses(
    (status = 200, description = "It works."),
    (status = 503, description = "It does not; the message says why."),
))]
pub(crate) async fn readyz(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let engine = app.engine.clone();
    engine.probe().await.map_err(|error| {
        ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "not-ready", error.to_string())
    })?;
    Ok(Json(json!({ "status": "ok" })))
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "run",
    responses((status = 200, description = "Prometheus text format.")), security(("admin" = [])))]
pub(crate) async fn metrics(_: Admin, State(app): State<App>) -> Result<String, ApiError> {
    for sender in blocking(&app, |engine| engine.senders()).await? {
        for what in Counted::ALL {
            metrics::gauge!("crowsnest_sending", "channel" => sender.channel.clone(), "what" => what.as_str())
                .set(sender.counts.of(what) as f64);
        }
        metrics::gauge!("crowsnest_sending_standing", "channel" => sender.channel)
            .set(f64::from(sender.standing.degree()));
    }
    Ok(app.metrics.render())
}
