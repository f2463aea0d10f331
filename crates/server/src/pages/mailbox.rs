//! The built-in mailbox, with a browser: the same as `/api/v1/mailbox`.

use super::{
    house::{self, PageError, Zone},
    login::Session,
    page,
};
use crate::{
    App,
    api::mailbox::{file, read_mail, read_mailbox},
    error::ApiError,
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use crowsnest_channels::email::pages::{self, MAILBOX_PATH, Paging};
use serde::Deserialize;

/// Mails on one page.
const PAGE: usize = 50;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(MAILBOX_PATH, get(list))
        .route("/mailbox/{id}", get(one))
        .route("/mailbox/{id}/html", get(html))
        .route("/mailbox/{id}/raw", get(raw))
}

fn back(error: ApiError) -> PageError {
    PageError::of(error, (MAILBOX_PATH, "All mails"))
}

#[derive(Debug, Deserialize)]
struct Offset {
    #[serde(default)]
    offset: usize,
}

async fn list(
    session: Session,
    State(app): State<App>,
    Query(Offset { offset }): Query<Offset>,
) -> Result<Response, PageError> {
    let mails = read_mailbox(&app, move |mailbox| mailbox.list(true, PAGE, offset)).await.map_err(back)?;
    let paging = Paging { offset, limit: PAGE, total: app.mailbox.count() };
    let zone = Zone::of(&app);
    let body = pages::list(&mails, paging, |time| zone.moment(time));
    Ok(house::inside(&app, &session, "Built-in mailbox", &body))
}

async fn one(
    session: Session,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let mail = read_mail(&app, id).await.map_err(back)?;
    let zone = Zone::of(&app);
    let body = pages::mail(&mail, |time| zone.moment(time));
    Ok(house::inside(&app, &session, pages::or_none(&mail.summary.subject), &body))
}

/// The HTML of a mail alone: it is foreign, and gets no rights here.
async fn html(_: Session, State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageError> {
    let mail = read_mail(&app, id).await.map_err(back)?;
    let html = mail.html.ok_or_else(|| back(ApiError::not_found("this mail has no HTML part")))?;
    Ok(page(StatusCode::OK, html, pages::MAIL_CONTENT_SECURITY_POLICY))
}

async fn raw(_: Session, State(app): State<App>, Path(id): Path<String>) -> Result<Response, PageError> {
    Ok(file(read_mail(&app, id).await.map_err(back)?))
}
