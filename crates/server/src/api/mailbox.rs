//! The built-in mailbox, for programs. People look at `/mailbox`.

use super::Paging;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use crowsnest_channels::email::{Mail, MailSummary, Mailbox};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/mailbox", get(list))
        .route("/mailbox/{id}", get(one))
        .route("/mailbox/{id}/raw", get(raw))
}

pub(crate) async fn read_mail(app: &App, id: String) -> Result<Mail, ApiError> {
    read_mailbox(app, move |mailbox| mailbox.read(&id))
        .await?
        .ok_or_else(|| ApiError::not_found("there is no such mail in the built-in mailbox"))
}

pub(crate) async fn read_mailbox<T: Send + 'static>(
    app: &App,
    read: impl FnOnce(&Mailbox) -> std::io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let mailbox = app.mailbox.clone();
    tokio::task::spawn_blocking(move || read(&mailbox))
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .map_err(|error| {
            ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "mailbox",
                format!("the mailbox cannot be read: {error}"),
            )
        })
}

/// A mail as the file that it is: text, whatever is in it.
pub(crate) fn file(mail: Mail) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, mail.raw).into_response()
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

/// One mail of it as it came, in the form of RFC 5322.
#[utoipa::path(get, path = "/api/v1/mailbox/{id}/raw", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn raw(
    _: Admin,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    Ok(file(read_mail(&app, id).await?))
}
