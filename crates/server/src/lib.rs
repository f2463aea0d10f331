//! HTTP: routes, extractors, the error table, the OpenAPI document and the small pages.
//!
//! - `collect` — what SDKs send; opened by a write key
//! - [`api`] — `/api/v1`, opened by the administrator's token
//! - `pages` — unsubscribing and preferences, the API's description for people; and, behind a login, the built-in mailbox and what
//!   webhooks were told
//! - `visits` — links that are followed and pictures that are looked at, in messages
//! - `sms` — what the gateway of text messages tells us, signed by it
//! - `health` — `/healthz`, `/readyz`, `/metrics`

pub mod api;
mod app;
mod auth;
mod body;
mod collect;
mod csv;
mod error;
mod health;
mod pages;
mod serve;
mod sms;
mod visits;

pub use app::{App, Parts};
pub use auth::AdminToken;
pub use serve::{Limits, serve};

use axum::{
    Router,
    http::{HeaderValue, header},
};
use tower_http::set_header::SetResponseHeaderLayer;

/// All routes.
pub fn router(app: App) -> Router {
    Router::new()
        .merge(collect::routes())
        .merge(api::routes())
        .merge(pages::routes())
        .merge(visits::routes())
        .merge(sms::routes())
        .merge(health::routes())
        .fallback(error::no_route)
        .method_not_allowed_fallback(error::no_method)
        // No browser may take an answer for something else than it says it is.
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .with_state(app)
}
