//! Who is one person with whom: what changes of that, for other systems, and why it is so, for people.

use super::{Paging, blocking, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query, id},
};
use axum::{Json, Router, extract::State, routing::get};
use crowsnest_flow::Asked;
use crowsnest_model::{DecisionId, EventId, Identifier, ProfileId, Time};
use crowsnest_store::IdentityChange;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/identity/changes", get(changes)).route("/identity/explain", get(explain))
}

/// From where on changes are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct After {
    /// The cursor of the last change that was read; from the first one on, if not said.
    after: Option<String>,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
}

/// That an id leads to somebody else from now on, or is somebody of its own again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// Its place. Whoever asks for what comes after it misses nothing and sees nothing twice.
    cursor: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// `merged`: `absorbed` leads to `survivor` from now on. `split`: `absorbed` is somebody of their own again, and not
    /// `survivor`. `moved`: `absorbed` led to somebody else, and leads to `survivor` now.
    kind: String,
    #[schema(value_type = String)]
    survivor: ProfileId,
    #[schema(value_type = String)]
    absorbed: ProfileId,
    /// Of a merge: one of the two was known by devices alone, such as a browser before its log-in.
    anonymous: bool,
    /// Why, in words.
    reason: String,
    /// The event that led to it, if one did.
    #[schema(value_type = Option<String>)]
    event: Option<EventId>,
    /// The decision that led to it, if one did.
    #[schema(value_type = Option<String>)]
    decision: Option<DecisionId>,
}

impl From<IdentityChange> for ChangeView {
    fn from(change: IdentityChange) -> Self {
        let IdentityChange { cursor, time, kind, survivor, absorbed, event, decision, anonymous, reason } =
            change;
        let (cursor, kind) = (cursor.to_string(), kind.as_str().to_owned());
        Self { cursor, time, kind, survivor, absorbed, anonymous, reason, event, decision }
    }
}

/// Merges and splits in the order in which they were written, for systems that follow. Remember the cursor of the last one
/// that was worked off, and ask for those after it.
#[utoipa::path(get, path = "/api/v1/identity/changes", tag = "people", params(After),
    responses((status = 200, body = [ChangeView]), (status = 400, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn changes(
    _: Admin,
    State(app): State<App>,
    Query(After { after, limit }): Query<After>,
) -> Result<Json<Vec<ChangeView>>, ApiError> {
    let limit = Paging { limit, offset: None }.page()?.limit;
    let after = after.as_deref().unwrap_or("0");
    let unknown = |why: &str| ApiError::bad_request("unknown-cursor", format!("the cursor `{after}` {why}"));
    let place: u64 = after.parse().map_err(|_| unknown("is none that was given out: expected a number"))?;
    let (changes, last) =
        read(&app, move |read| Ok((read.identity_changes(place, limit)?, read.last_identity_change()?)))
            .await?;
    if place > last {
        return Err(unknown(&format!(
            "is later than the last change, {last}: these data are older than what was read, as after a backup was \
             restored; read from the first one on"
        )));
    }
    Ok(Json(changes.into_iter().map(ChangeView::from).collect()))
}

/// Of which two it is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Two {
    /// An identifier as namespace=value, or a profile id, also one that somebody had before.
    one: String,
    /// The same of the other.
    other: String,
}

/// Whether two are one person, and why: the chain of links and merges from one to the other; or what stands between them,
/// and what they share.
#[utoipa::path(get, path = "/api/v1/identity/explain", tag = "people", params(Two),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn explain(
    _: Admin,
    State(app): State<App>,
    Query(Two { one, other }): Query<Two>,
) -> Result<Json<Value>, ApiError> {
    let (one, other) = (asked(&one)?, asked(&other)?);
    let told = blocking(&app, move |engine| engine.same_person(one, other)).await?;
    Ok(Json(json!(told)))
}

fn asked(text: &str) -> Result<Asked, ApiError> {
    Ok(match text.split_once('=') {
        Some((namespace, value)) => Asked::Identifier(Identifier::new(namespace.trim(), value.trim())),
        None => Asked::Profile(id(text.trim())?),
    })
}
