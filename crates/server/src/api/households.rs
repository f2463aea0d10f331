//! Households: who lives with whom.

use super::blocking;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use crowsnest_flow::{EarlierHome, FormerMember, Household, Member};
use crowsnest_model::{HouseholdId, Identifier, ProfileId, Time};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/profiles/{id}/household", get(household))
}

/// A person's household.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HouseholdOfView {
    /// The person. After a merge, the survivor's id.
    #[schema(value_type = String)]
    profile: ProfileId,
    /// The id by which the household is known; null when they are of none.
    #[schema(value_type = Option<String>, example = "hsh_0c5v9g2m4x6q8")]
    id: Option<HouseholdId>,
    /// Who is of it, they among them.
    members: Vec<MemberView>,
    /// Who lived with them where they live now, and does so no more; those who left last come first.
    former: Vec<FormerView>,
    /// Where they lived before, the latest first.
    earlier: Vec<EarlierView>,
}

/// Somebody of a household.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    #[schema(value_type = String)]
    profile: ProfileId,
    /// By what they are known.
    #[schema(value_type = Vec<Object>)]
    identifiers: Vec<Identifier>,
    /// `adult`, `child`, or `unknown` when their age is not known.
    #[schema(value_type = String)]
    role: serde_json::Value,
    /// What their trait `account_role` says, when they share an account.
    account_role: Option<String>,
    /// Since when it is known that they are of it.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// By what it is known: an account, or what they were found to share.
    by: Vec<String>,
}

/// Somebody who was of a household.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormerView {
    #[schema(value_type = String)]
    profile: ProfileId,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Why it is over.
    ended: String,
}

/// A household of which somebody was.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EarlierView {
    #[schema(value_type = String)]
    id: HouseholdId,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Why it is over.
    ended: String,
}

impl From<Household> for HouseholdOfView {
    fn from(Household { profile, id, members, former, earlier }: Household) -> Self {
        let member = |Member { profile, identifiers, role, account_role, since, by }: Member| MemberView {
            profile,
            identifiers,
            role: json!(role),
            account_role,
            since,
            by,
        };
        let gone = |FormerMember { profile, since, until, ended }: FormerMember| FormerView {
            profile,
            since,
            until,
            ended,
        };
        let before =
            |EarlierHome { id, since, until, ended }: EarlierHome| EarlierView { id, since, until, ended };
        Self {
            profile,
            id,
            members: members.into_iter().map(member).collect(),
            former: former.into_iter().map(gone).collect(),
            earlier: earlier.into_iter().map(before).collect(),
        }
    }
}

/// A person's household: who is of it, since when and by what, who was, and where the person lived before.
#[utoipa::path(get, path = "/api/v1/profiles/{id}/household", tag = "people", params(("id" = String, Path)), responses(
    (status = 200, body = HouseholdOfView), (status = 404, body = crate::error::ErrorBody),
), security(("admin" = [])))]
pub(crate) async fn household(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
) -> Result<Json<HouseholdOfView>, ApiError> {
    let id: ProfileId = id(&person)?;
    let found = blocking(&app, move |engine| engine.household(id)).await?;
    Ok(Json(found.into()))
}
