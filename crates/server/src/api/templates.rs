//! Messages, looked at before they are sent.

use super::read;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use crowsnest_channels::Outcome;
use crowsnest_flow::{
    Live,
    outward::{self, Preview},
};
use crowsnest_model::{
    Object, Profile, ProfileId, Segments, contact,
    delivery::{EMAIL, SMS},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/templates/{name}/preview", post(preview))
        .route("/templates/{name}/test", post(test))
}

/// For whom a message is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewRequest {
    /// The person whose traits are used.
    pub(super) profile: String,
    /// What the template may use of an event: `name` and `properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) event: Object,
}

/// To whom a test is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestRequest {
    /// The address, one of your own; of an SMS the number, in international form.
    to: String,
    /// The person whose traits are used.
    profile: String,
    /// What the template may use of an event: `name` and `properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    event: Object,
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tested {
    /// `accepted`, `later`, `refused` or `unknown`.
    outcome: &'static str,
    /// What the receiving server said, or what happened.
    detail: String,
    /// SMS: how long it is: `encoding`, `count` of segments, `units`, and the characters that force UCS-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    segments: Option<Segments>,
}

impl From<outward::Tested> for Tested {
    fn from(tested: outward::Tested) -> Self {
        Self { segments: tested.segments, ..tested.outcome.into() }
    }
}

impl From<Outcome> for Tested {
    fn from(outcome: Outcome) -> Self {
        let (outcome, detail) = match outcome {
            Outcome::Accepted { response } => ("accepted", response),
            Outcome::Later { reason, .. } => ("later", reason),
            Outcome::Withheld { reason } | Outcome::Refused { reason } => ("refused", reason),
            Outcome::Unknown { reason } => ("unknown", reason),
        };
        Self { outcome, detail, segments: None }
    }
}

pub(super) async fn person(app: &App, wanted: &str) -> Result<Profile, ApiError> {
    let id: ProfileId = id(wanted)?;
    read(app, move |read| read.profile(read.survivor(id)?))
        .await?
        .ok_or_else(|| ApiError::not_found(format!("there is no profile {id}")))
}

/// The channel of a template; that of e-mail where there is none, so that what makes the message says so.
fn channel<'l>(live: &'l Live, template: &str) -> &'l str {
    live.workspace().templates.get(template).map_or(EMAIL, |template| &template.channel)
}

pub(super) fn unmade(reason: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "template", reason)
}

/// A message as a person would get it. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/templates/{name}/preview", tag = "messages", params(("name" = String, Path)),
    request_body = PreviewRequest, responses((status = 200, body = Object), (status = 422, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn preview(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(request): Body<PreviewRequest>,
) -> Result<Json<Preview>, ApiError> {
    let profile = person(&app, &request.profile).await?;
    let live = app.engine.live();
    let to = profile.contact(channel(&live, &name)).unwrap_or_default();
    app.dispatcher.courier().preview(&live, &name, &profile, &to, &request.event).map(Json).map_err(unmade)
}

/// Send a message to an address of your own, marked as a test.
#[utoipa::path(post, path = "/api/v1/templates/{name}/test", tag = "messages", params(("name" = String, Path)),
    request_body = TestRequest, responses((status = 200, body = Tested), (status = 422, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn test(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(request): Body<TestRequest>,
) -> Result<Json<Tested>, ApiError> {
    let profile = person(&app, &request.profile).await?;
    let live = app.engine.live();
    let to = match channel(&live, &name) {
        SMS => contact::phone(&request.to, None),
        _ => contact::email(&request.to),
    };
    let to = to.map_err(|error| ApiError::bad_request("invalid-address", format!("`to` {error}")))?;
    let now = app.engine.now();
    let tested = app
        .dispatcher
        .courier()
        .send_test(&live, &name, &profile, &to, &request.event, now)
        .await
        .map_err(unmade)?;
    Ok(Json(tested.into()))
}
