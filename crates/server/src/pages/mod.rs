//! The small pages: unsubscribing and preferences, and the API's description for people. Behind a [`login`], pages for people of
//! the house: [`mailbox`], [`webhooks`].

mod house;
pub(crate) mod login;
mod mailbox;
mod webhooks;

use crate::{App, api, body, error::ApiError};
use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use crowsnest_channels::{
    email::pages::{self, Done, TopicChoice, escape},
    links::Purpose,
};
use crowsnest_flow::Standing;
use crowsnest_model::{ConsentStatus, consent::EVERY_TOPIC};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(login::routes())
        .merge(mailbox::routes())
        .merge(webhooks::routes())
        .route("/", get(|| async { Redirect::temporary("/api/v1") }))
        .route("/api/v1", get(api_page))
        .route(pages::STYLE_PATH, get(style))
        .route("/u/{token}", get(unsubscribe_form).post(unsubscribe))
        .route("/p/{token}", get(preference_form).post(set_preferences))
}

/// A page that runs no script, is framed by nobody, and tells nobody where its reader came from.
fn page(status: StatusCode, html: String, policy: &'static str) -> Response {
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page for people of the house.
fn answered(status: StatusCode, html: String) -> Response {
    let mut response = page(status, html, pages::CONTENT_SECURITY_POLICY);
    response.headers_mut().insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    response
}

fn ours(html: String) -> Response {
    page(StatusCode::OK, html, pages::CONTENT_SECURITY_POLICY)
}

async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
    ];
    (headers, pages::style())
}

async fn api_page() -> Response {
    ours(api::describe::page())
}

/// Where the holder of a link stands; `None` for a link that is not ours, and the answer does not say which.
async fn standing(app: &App, purpose: Purpose, token: &str) -> Result<Option<Standing>, ApiError> {
    let Some(id) = app.dispatcher.courier().verify(purpose, token) else { return Ok(None) };
    let engine = app.engine.clone();
    let found = tokio::task::spawn_blocking(move || engine.standing(id))
        .await
        .map_err(|error| crowsnest_flow::FlowError::Broken(error.to_string()))??;
    Ok(found)
}

fn organisation(app: &App) -> String {
    app.engine.live().workspace().organisation.title.clone()
}

pub(crate) fn unknown_link(app: &App) -> Response {
    page(StatusCode::NOT_FOUND, pages::link_unknown(&organisation(app)), pages::CONTENT_SECURITY_POLICY)
}

fn preferences_of(app: &App, standing: &Standing) -> String {
    app.dispatcher.courier().preferences_path(standing.delivery.id)
}

/// Shows a form and changes nothing: scanners and previews follow links with GET and HEAD.
async fn unsubscribe_form(State(app): State<App>, Path(token): Path<String>) -> Result<Response, ApiError> {
    let Some(standing) = standing(&app, Purpose::Unsubscribe, &token).await? else {
        return Ok(unknown_link(&app));
    };
    let preferences = preferences_of(&app, &standing);
    Ok(ours(pages::unsubscribe(&organisation(&app), &format!("/u/{token}"), Some(&preferences))))
}

/// Acts, for people and for mailbox providers alike (RFC 8058): whatever is posted, it is an unsubscribe.
async fn unsubscribe(
    State(app): State<App>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(standing) = standing(&app, Purpose::Unsubscribe, &token).await? else {
        return Ok(unknown_link(&app));
    };
    let browser =
        headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let evidence = if browser {
        "the unsubscribe page of a message"
    } else {
        "one click in the mail program (RFC 8058)"
    };
    let claim = (standing.delivery.topic.clone(), ConsentStatus::Withdrawn);
    app.engine.set_consents(&standing.delivery, vec![claim], evidence).await?;
    let preferences = preferences_of(&app, &standing);
    Ok(ours(pages::done(&organisation(&app), Done::Unsubscribed, Some(&preferences))))
}

async fn preference_form(State(app): State<App>, Path(token): Path<String>) -> Result<Response, ApiError> {
    let Some(standing) = standing(&app, Purpose::Preferences, &token).await? else {
        return Ok(unknown_link(&app));
    };
    let topics: Vec<TopicChoice> = standing
        .topics
        .iter()
        .map(|(topic, granted)| TopicChoice {
            name: topic.name.clone(),
            title: topic.title.clone(),
            description: topic.description.clone(),
            wanted: *granted,
        })
        .collect();
    Ok(ours(pages::preferences(&organisation(&app), &format!("/p/{token}"), &topics)))
}

async fn set_preferences(
    State(app): State<App>,
    Path(token): Path<String>,
    body: Body,
) -> Result<Response, ApiError> {
    let fields = body::form(body).await?;
    let Some(standing) = standing(&app, Purpose::Preferences, &token).await? else {
        return Ok(unknown_link(&app));
    };
    let evidence = "the preference page";
    let (claims, done) = if fields.iter().any(|(name, value)| name == "everything" && value == "stop") {
        (vec![(EVERY_TOPIC.to_owned(), ConsentStatus::Withdrawn)], Done::Unsubscribed)
    } else {
        let claims = standing.topics.iter().map(|(topic, _)| {
            let chosen = fields.iter().any(|(name, value)| name == "topic" && *value == topic.name);
            (topic.name.clone(), if chosen { ConsentStatus::Granted } else { ConsentStatus::Withdrawn })
        });
        (claims.collect(), Done::Saved)
    };
    app.engine.set_consents(&standing.delivery, claims, evidence).await?;
    let preferences = preferences_of(&app, &standing);
    Ok(ours(pages::done(&organisation(&app), done, Some(&preferences))))
}
