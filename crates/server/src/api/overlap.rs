//! Who is known to which source, brand and channel, in which combinations, and what those people are worth.

use super::blocking;
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query},
};
use axum::{Json, Router, extract::State, routing::get};
use crowsnest_flow::OverlapQuery;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/overlap", get(overlap))
}

/// How many combinations are told one by one unless somebody asks for more.
const TOP: usize = 20;

/// Which overlaps are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// By which dimensions, with commas between: `source`, `brand`, `channel`, `reach`, or declared ones. All, if neither
    /// these nor segments are named.
    by: Option<String>,
    /// Also by these segments, with commas between, as one dimension more.
    segments: Option<String>,
    /// A metric that says what somebody is worth.
    money: Option<String>,
    /// Tell at most this many combinations of each dimension one by one, those with most people; 20 if not said, 1,000 at the
    /// most. The others are summed up.
    top: Option<usize>,
}

/// Overlap: how many people are known to which sources, brands and channels, alone and together, and what they are worth.
///
/// Everybody is looked at, as of one moment. Money has its currency, and amounts of several currencies are told beside each
/// other and never added.
#[utoipa::path(get, path = "/api/v1/overlap", tag = "people", params(Asked),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody),
    (status = 422, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn overlap(
    _: Admin,
    State(app): State<App>,
    Query(Asked { by, segments, money, top }): Query<Asked>,
) -> Result<Json<Value>, ApiError> {
    let names = |list: Option<String>| {
        let list = list.unwrap_or_default();
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let top = top.unwrap_or(TOP);
    if top > super::MOST {
        return Err(ApiError::bad_request(
            "invalid-query",
            format!("`top` is {top}: expected at most {}", super::MOST),
        ));
    }
    let query = OverlapQuery { by: names(by), segments: names(segments), money, top };
    let report = blocking(&app, move |engine| engine.overlap(&query)).await?;
    Ok(Json(json!(report)))
}
