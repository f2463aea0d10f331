//! The built-in mailbox, for programs. People look at `/mailbox`.

use super::Paging;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query},
    pages::{read_mail, read_mailbox},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use crowsnest_channels::email::{Mail, MailSummary};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/mailbox", get(list)).route("/mailbox/{id}", get(one))
}

/// What the built-in mailbox got, the newest first.
#[utoipa::path(get, path = "/api/v1/mailbox", tag = "messages", params(Paging), responses((status = 200, body = [Object])), security(("admin" = [])))]
pub(crate) async fn list(
    _: Admin,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<MailSummary>>, ApiError> {
    let page = paging.page()?;
    Ok(Json(read_mailbox(&app, move |mailbox| mailbox.list(true, page.limit, page.offset)).await?))
}

/// One mail of it, with its headers and parts.
#[utoipa::path(get, path = "/api/v1/mailbox/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn one(
    _: Admin,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Mail>, ApiError> {
    Ok(Json(read_mail(&app, id).await?))
}
