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
    FlowError, Live,
    outward::{self, Preview, SeedCopy},
};
use crowsnest_model::{
    Duration, Object, Profile, ProfileId, Segments, contact,
    delivery::{EMAIL, LETTER, SMS},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/templates/{name}/preview", post(preview))
        .route("/templates/{name}/test", post(test))
        .route("/templates/{name}/test-seeds", post(test_seeds))
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

/// To which seed list a test is sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestSeedsRequest {
    /// The seed list.
    seeds: String,
    /// What the template may use of an event: `name` and `properties`.
    #[serde(default)]
    #[schema(value_type = Object)]
    event: Object,
}

/// What came of a test to a seed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeedTested {
    /// The seed, as `LIST/NAME`.
    seed: String,
    /// Where it was sent.
    to: String,
    #[serde(flatten)]
    tested: Tested,
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

/// Why a message could not be made. Whoever gave no event to a template that asks for one is told so first.
pub(super) fn because_of_event(live: &Live, template: &str, event: &Object, reason: String) -> String {
    match live.event_asked_for(template).filter(|_| event.is_empty()) {
        None => reason,
        Some(asked) => format!(
            "this message uses values of an event, and none was given. Give one as `event`, on the command line as \
             --event '{}'; without one: {reason}",
            serde_json::Value::Object(asked)
        ),
    }
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
    let (to, unreachable) = match live.contact(&profile, channel(&live, &name)) {
        Ok(to) => (to, None),
        Err(reason) => (String::new(), Some(reason)),
    };
    let made = app.dispatcher.courier().preview(&live, &name, &profile, &to, &request.event);
    let mut preview =
        made.map_err(|reason| unmade(because_of_event(&live, &name, &request.event, reason)))?;
    preview.faults.splice(0..0, unreachable);
    Ok(Json(preview))
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
        .map_err(|reason| unmade(because_of_event(&live, &name, &request.event, reason)))?;
    Ok(Json(tested.into()))
}

/// Send a message to each address of a seed list, marked as a test and made with the seed's own traits.
#[utoipa::path(post, path = "/api/v1/templates/{name}/test-seeds", tag = "messages", params(("name" = String, Path)),
    request_body = TestSeedsRequest, responses((status = 200, body = [SeedTested]),
        (status = 404, body = crate::error::ErrorBody), (status = 422, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn test_seeds(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(request): Body<TestSeedsRequest>,
) -> Result<Json<Vec<SeedTested>>, ApiError> {
    let TestSeedsRequest { seeds, event } = request;
    let live = app.engine.live();
    let lists = &live.workspace().seeds;
    if !lists.contains_key(&seeds) {
        return Err(FlowError::not_found("seed list", &seeds, lists.keys().map(String::as_str)).into());
    }
    let channel = channel(&live, &name);
    if channel == LETTER {
        let reason = "a letter is not sent as a test: look at its page, or at what a print run prints";
        return Err(unmade(reason.to_owned()));
    }
    let copies = live.copies([&seeds], channel);
    if copies.is_empty() {
        return Err(unmade(format!("no entry of the seed list `{seeds}` has an address for `{channel}`")));
    }
    let mut tests = Vec::with_capacity(copies.len());
    for (place, SeedCopy { seed, profile, contact }) in copies.into_iter().enumerate() {
        // Each has a moment of its own, and by it a Message-ID.
        let now = app.engine.now().plus(Duration(i64::try_from(place).unwrap_or_default()));
        let to = contact.clone().unwrap_or_default();
        let tested = match contact {
            Ok(to) => app.dispatcher.courier().send_test(&live, &name, &profile, &to, &event, now).await,
            Err(reason) => Err(reason),
        };
        let tested = match tested {
            Ok(tested) => tested.into(),
            Err(reason) => Outcome::Refused { reason: because_of_event(&live, &name, &event, reason) }.into(),
        };
        tests.push(SeedTested { seed, to, tested });
    }
    Ok(Json(tests))
}
