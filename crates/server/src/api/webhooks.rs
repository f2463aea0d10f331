//! Systems of ours that programs tell things.

use super::{because, deliveries::DeliveryView, templates::Tested};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, ErrorBody, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{
    Live,
    outward::{Courier, Replayed},
};
use crowsnest_model::{Duration, Time, definition::Webhook};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/webhooks", get(list))
        .route("/webhooks/{name}/test", post(test))
        .route("/webhooks/{name}/replay", post(replay_failed))
        .route("/webhooks/{name}/replay/{id}", post(replay))
}

/// A webhook. Its secret is in the environment, and nowhere here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookView {
    /// Its name.
    name: String,
    /// What people call it.
    title: String,
    /// Where it posts.
    url: String,
    /// Whether posts are signed.
    signed: bool,
    /// Whether addresses of private networks are allowed.
    allow_private: bool,
    /// How long a post may take.
    #[schema(value_type = String)]
    timeout: Duration,
    /// Why nothing can be posted to it: its secret is not in the environment of the server, or is none; nothing when all
    /// is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

impl WebhookView {
    fn new(webhook: &Webhook, courier: &Courier) -> Self {
        Self {
            name: webhook.name.clone(),
            title: webhook.title.clone().unwrap_or_else(|| webhook.name.clone()),
            url: webhook.url.clone(),
            signed: webhook.secret_env.is_some(),
            allow_private: webhook.allow_private,
            timeout: webhook.patience(),
            fault: courier.webhook_fault(webhook),
        }
    }
}

/// The webhooks, by name.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "programs", responses((status = 200, body = [WebhookView])), security(("admin" = [])))]
pub(crate) async fn list(_: Admin, State(app): State<App>) -> Json<Vec<WebhookView>> {
    let live = app.engine.live();
    let courier = app.dispatcher.courier();
    Json(live.workspace().webhooks.values().map(|webhook| WebhookView::new(webhook, courier)).collect())
}

/// Post a signed example to a webhook, about nobody, and say what came of it. It is tried once.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/test", tag = "programs", params(("name" = String, Path)),
    responses((status = 200, body = Tested), (status = 404, body = ErrorBody)), security(("admin" = [])))]
pub(crate) async fn test(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Tested>, ApiError> {
    let live = known(&app, &name)?;
    let outcome = app.dispatcher.courier().test_webhook(&live, &name, app.engine.now()).await;
    Ok(Json(outcome.into()))
}

/// The definitions in force, of which the webhook is one.
pub(crate) fn known(app: &App, name: &str) -> Result<Arc<Live>, ApiError> {
    let live = app.engine.live();
    if !live.workspace().webhooks.contains_key(name) {
        let known: Vec<&str> = live.workspace().webhooks.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            ": none is defined".to_owned()
        } else {
            format!("; defined: {}", known.join(", "))
        };
        let name: String = name.chars().take(100).collect();
        return Err(ApiError::not_found(format!("there is no webhook `{name}`{known}")));
    }
    Ok(live)
}

/// Why something is posted again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// For those who ask later.
    reason: String,
}

/// Which failed posts are posted again, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FailedAgain {
    /// For those who ask later.
    reason: String,
    /// Failed at this moment or later; all, if not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Failed before this moment; say the same again and what has failed anew since is left alone.
    #[schema(value_type = Option<String>, format = DateTime)]
    before: Option<Time>,
    /// Count them, and change nothing.
    #[serde(default)]
    preview: bool,
}

/// What posting many again came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedView {
    /// How many are posted again, or would be.
    replayed: u64,
    /// How many are not, since their way through the program has ended.
    ended: u64,
}

/// Post to a webhook once more what it was told, or was not: what was sent, has failed or has expired. Its `webhook-id` stays the same.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/replay/{id}", tag = "programs",
    params(("name" = String, Path), ("id" = String, Path)), request_body = Again,
    responses((status = 200, body = DeliveryView), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn replay(
    _: Admin,
    State(app): State<App>,
    Path((name, wanted)): Path<(String, String)>,
    Body(Again { reason }): Body<Again>,
) -> Result<Json<DeliveryView>, ApiError> {
    known(&app, &name)?;
    Ok(Json(app.engine.replay_post(name, id(&wanted)?, None, because(reason)?).await?.into()))
}

/// Post to a webhook once more all that it could not be told. Each keeps its `webhook-id`.
#[utoipa::path(post, path = "/api/v1/webhooks/{name}/replay", tag = "programs", params(("name" = String, Path)),
    request_body = FailedAgain,
    responses((status = 200, body = ReplayedView), (status = 404, body = ErrorBody)), security(("admin" = [])))]
pub(crate) async fn replay_failed(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(FailedAgain { reason, since, before, preview }): Body<FailedAgain>,
) -> Result<Json<ReplayedView>, ApiError> {
    known(&app, &name)?;
    let Replayed { replayed, ended } =
        app.engine.replay_failed_posts(&name, (since, before), because(reason)?, preview).await?;
    Ok(Json(ReplayedView { replayed, ended }))
}
