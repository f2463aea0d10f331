//! Who is one person, and who is not: what people of the house decide.

use super::{Paging, because, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{Joined, Split, SplitBy, SplitPerson};
use crowsnest_model::{DecisionId, Identifier, ProfileId, Time};
use crowsnest_store::{DecidedBy, Decision};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/profiles/{id}/split", post(split))
        .route("/profiles/{id}/join", post(join))
        .route("/identity/decisions", get(decisions))
}

/// How somebody is to be told apart.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitWanted {
    /// The id of whoever was merged into them and goes their own way again.
    merged: Option<String>,
    /// By what somebody else goes. Either this or `merged`.
    #[serde(default)]
    identifiers: Vec<IdentifierView>,
    /// Why, for those who ask later.
    reason: String,
    /// Show what it would come to, and write nothing.
    #[serde(default)]
    preview: bool,
}

/// By what somebody is known.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct IdentifierView {
    namespace: String,
    value: String,
}

impl From<Identifier> for IdentifierView {
    fn from(identifier: Identifier) -> Self {
        Self { namespace: identifier.namespace.to_string(), value: identifier.value }
    }
}

pub(super) fn views(identifiers: Vec<Identifier>) -> Vec<IdentifierView> {
    identifiers.into_iter().map(IdentifierView::from).collect()
}

/// What telling two people apart comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SplitView {
    /// The person who was taken for one.
    #[schema(value_type = String)]
    profile: ProfileId,
    /// The decision that keeps them apart; none in a preview.
    #[schema(value_type = Option<String>)]
    decision: Option<DecisionId>,
    /// The identifiers of the one side and of the other.
    sides: Vec<Vec<IdentifierView>>,
    /// Who they are.
    people: Vec<SplitPersonView>,
}

/// One of those who were taken for one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SplitPersonView {
    /// Their id; the one that they had before, where there was one.
    #[schema(value_type = String)]
    profile: ProfileId,
    /// On which side of the decision they are: 0 or 1; none when it names neither.
    side: Option<u8>,
    events: u64,
    identifiers: Vec<IdentifierView>,
    #[schema(value_type = Object)]
    traits: BTreeMap<String, serde_json::Value>,
    /// The segments that they are in, and since when.
    #[schema(value_type = BTreeMap<String, String>)]
    segments: BTreeMap<String, Time>,
    /// The programs that they are in, and the moment that let them in.
    #[schema(value_type = BTreeMap<String, String>)]
    programs: BTreeMap<String, Time>,
}

impl From<SplitPerson> for SplitPersonView {
    fn from(person: SplitPerson) -> Self {
        let SplitPerson { profile, side, events, identifiers, traits, segments, programs } = person;
        Self { profile, side, events, identifiers: views(identifiers), traits, segments, programs }
    }
}

impl From<Split> for SplitView {
    fn from(split: Split) -> Self {
        Self {
            profile: split.profile,
            decision: split.decision,
            sides: split.sides.into_iter().map(views).collect(),
            people: split.people.into_iter().map(SplitPersonView::from).collect(),
        }
    }
}

/// Tells somebody apart who was taken for one person. Everything that is derived from events becomes what it would have been;
/// what was sent stays on record. Later events do not make them one again.
#[utoipa::path(post, path = "/api/v1/profiles/{id}/split", tag = "people", params(("id" = String, Path)),
    request_body = SplitWanted,
    responses((status = 200, body = SplitView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn split(
    _: Admin,
    State(app): State<App>,
    Path(profile): Path<String>,
    Body(wanted): Body<SplitWanted>,
) -> Result<Json<SplitView>, ApiError> {
    let profile: ProfileId = id(&profile)?;
    let reason = because(wanted.reason)?;
    let by = match (wanted.merged, wanted.identifiers) {
        (Some(merged), named) if named.is_empty() => SplitBy::Merged(id(&merged)?),
        (None, named) if !named.is_empty() => SplitBy::Identifiers(
            named.iter().map(|one| Identifier::new(one.namespace.as_str(), one.value.as_str())).collect(),
        ),
        _ => {
            return Err(ApiError::bad_request(
                "split-by",
                "say either `merged`, the id of whoever was merged into them, or `identifiers`, by which somebody else goes",
            ));
        }
    };
    let split = app.engine.split(profile, by, reason, wanted.preview).await?;
    Ok(Json(split.into()))
}

/// With whom somebody is one person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinWanted {
    /// The other one's id.
    other: String,
    /// Why, for those who ask later.
    reason: String,
}

/// What making two people one comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JoinView {
    /// The one person.
    #[schema(value_type = String)]
    profile: ProfileId,
    /// The id that leads to them from now on.
    #[schema(value_type = String)]
    absorbed: ProfileId,
    /// The decision.
    #[schema(value_type = String)]
    decision: DecisionId,
    /// Decisions that had kept them apart, and count no more.
    #[schema(value_type = Vec<String>)]
    withdrawn: Vec<DecisionId>,
}

/// Makes two people one. A split takes it back.
#[utoipa::path(post, path = "/api/v1/profiles/{id}/join", tag = "people", params(("id" = String, Path)),
    request_body = JoinWanted,
    responses((status = 200, body = JoinView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn join(
    _: Admin,
    State(app): State<App>,
    Path(profile): Path<String>,
    Body(wanted): Body<JoinWanted>,
) -> Result<Json<JoinView>, ApiError> {
    let reason = because(wanted.reason)?;
    let Joined { profile, absorbed, decision, withdrawn } =
        app.engine.join(id(&profile)?, id(&wanted.other)?, reason).await?;
    Ok(Json(JoinView { profile, absorbed, decision, withdrawn }))
}

/// That somebody decided whether two people are one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    #[schema(value_type = String)]
    id: DecisionId,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Whether they are one.
    same: bool,
    /// `people` of the house, or `likeness`: they are alike enough.
    by: &'static str,
    /// The version of the model that found them alike.
    model: Option<String>,
    /// How much spoke for it: log2 of the odds.
    bits: Option<f64>,
    /// Who they were then.
    #[schema(value_type = Vec<String>)]
    people: [ProfileId; 2],
    reason: String,
    /// The identifiers of the one side and of the other.
    sides: Vec<Vec<IdentifierView>>,
    /// Since when it does not count any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    withdrawn: Option<Time>,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        let Decision { id, time, same, by, people, reason, sides, withdrawn } = decision;
        let (by, model, bits) = match by {
            DecidedBy::People => ("people", None, None),
            DecidedBy::Likeness { model, bits } => ("likeness", Some(model), Some(bits)),
        };
        Self {
            id,
            time,
            same,
            by,
            model,
            bits,
            people,
            reason,
            sides: sides.into_iter().map(views).collect(),
            withdrawn,
        }
    }
}

/// Who was decided to be one person or not, the latest decision first.
#[utoipa::path(get, path = "/api/v1/identity/decisions", tag = "people", params(Paging),
    responses((status = 200, body = [DecisionView])), security(("admin" = [])))]
pub(crate) async fn decisions(
    _: Admin,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<DecisionView>>, ApiError> {
    let page = paging.page()?;
    let decisions = read(&app, move |read| read.decisions(page)).await?;
    Ok(Json(decisions.into_iter().map(DecisionView::from).collect()))
}
