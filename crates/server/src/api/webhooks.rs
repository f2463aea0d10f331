//! Systems of ours that programs tell things.

use super::templates::Tested;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, ErrorBody},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::outward::Courier;
use crowsnest_model::{Duration, definition::Webhook};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/webhooks", get(list)).route("/webhooks/{name}/test", post(test))
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
    let live = app.engine.live();
    if !live.workspace().webhooks.contains_key(&name) {
        let known: Vec<&str> = live.workspace().webhooks.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none is defined".to_owned() } else { known.join(", ") };
        return Err(ApiError::not_found(format!("there is no webhook `{name}`; defined: {known}")));
    }
    let outcome = app.dispatcher.courier().test_webhook(&live, &name, app.engine.now()).await;
    Ok(Json(outcome.into()))
}
