//! Contact points to which nothing is sent, whatever was agreed.

use super::{Paging, blocking, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use crowsnest_model::{
    Time, contact,
    delivery::{EMAIL, LETTER, PHONE, SMS},
};
use crowsnest_store::Suppression;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/suppressions", get(list))
        .route("/suppressions/{channel}/{contact}", axum::routing::put(suppress).delete(lift))
}

/// A contact point to which nothing is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuppressionView {
    channel: String,
    contact: String,
    /// Why.
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

impl From<Suppression> for SuppressionView {
    fn from(suppression: Suppression) -> Self {
        Self {
            channel: suppression.channel,
            contact: suppression.contact,
            reason: suppression.reason,
            since: suppression.time,
        }
    }
}

/// Why a contact point is suppressed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Because {
    /// In words: it stands beside every message that is left out for it.
    reason: String,
}

/// A contact point that is suppressed from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suppressed {
    channel: String,
    /// In the spelling by which it is known.
    contact: String,
    /// Of letters: how many people have this address now. With none it holds for whoever will have it.
    people: Option<u64>,
    /// Of letters, when nobody has it: the address of somebody that is most like it.
    nearest: Option<String>,
}

/// The channels that have contact points.
const CHANNELS: [&str; 4] = [EMAIL, LETTER, PHONE, SMS];

fn no_channel(other: &str) -> ApiError {
    let message = format!("`{other}` is not a channel with contact points; expected {}", CHANNELS.join(", "));
    ApiError::bad_request("invalid-channel", message)
}

/// Which contact points are asked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Suppressions {
    /// Of this channel; of all, if not said.
    channel: Option<String>,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// After this many.
    offset: Option<usize>,
}

/// A contact point in its one spelling.
fn spelled(app: &App, channel: &str, text: &str) -> Result<String, ApiError> {
    let spelled = match channel {
        EMAIL => contact::email(text),
        SMS | PHONE => contact::phone(text, None),
        // Name and address as one line, as it stands beside the delivery or on the envelope.
        LETTER => {
            return app.engine.letter_contact(text).ok_or_else(|| {
                ApiError::bad_request(
                    "invalid-contact",
                    "a name alone is no address: expected name, street and city, parted by commas, such as \
                     `Ann Carter, 12 Lake Street, Chicago IL 60614`",
                )
            });
        }
        other => return Err(no_channel(other)),
    };
    spelled.map_err(|error| ApiError::bad_request("invalid-contact", format!("the contact {error}")))
}

/// The contact points to which nothing is sent.
#[utoipa::path(get, path = "/api/v1/suppressions", tag = "messages", params(Suppressions),
    responses((status = 200, body = [SuppressionView]), (status = 400, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn list(
    _: Admin,
    State(app): State<App>,
    Query(Suppressions { channel, limit, offset }): Query<Suppressions>,
) -> Result<Json<Vec<SuppressionView>>, ApiError> {
    if let Some(other) = channel.as_deref().filter(|channel| !CHANNELS.contains(channel)) {
        return Err(no_channel(other));
    }
    let page = Paging { limit, offset }.page()?;
    let found = read(&app, move |read| read.suppressions(channel.as_deref(), page)).await?;
    Ok(Json(found.into_iter().map(SuppressionView::from).collect()))
}

/// Send nothing to a contact point any more, whatever was agreed. In force for every message that is not on the line.
/// Of letters it answers how many people have that address.
#[utoipa::path(put, path = "/api/v1/suppressions/{channel}/{contact}", tag = "messages",
    params(("channel" = String, Path), ("contact" = String, Path)), request_body = Because,
    responses((status = 200, body = Suppressed), (status = 400, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn suppress(
    _: Admin,
    State(app): State<App>,
    Path((channel, contact)): Path<(String, String)>,
    Body(because): Body<Because>,
) -> Result<Json<Suppressed>, ApiError> {
    let contact = spelled(&app, &channel, &contact)?;
    app.engine.set_suppression(&channel, &contact, Some(because.reason)).await?;
    let (mut people, mut nearest) = (None, None);
    if channel == LETTER {
        let asked = contact.clone();
        let residents = blocking(&app, move |engine| engine.residents(&asked)).await?;
        (people, nearest) = (Some(residents.people), residents.nearest);
    }
    Ok(Json(Suppressed { channel, contact, people, nearest }))
}

/// A contact point may be sent to again.
#[utoipa::path(delete, path = "/api/v1/suppressions/{channel}/{contact}", tag = "messages",
    params(("channel" = String, Path), ("contact" = String, Path)),
    responses((status = 204), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn lift(
    _: Admin,
    State(app): State<App>,
    Path((channel, contact)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    if app.engine.set_suppression(&channel, &spelled(&app, &channel, &contact)?, None).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("this contact point is not suppressed"))
    }
}
