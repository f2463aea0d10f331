//! Catalogues and their items.

use super::{Paging, blocking};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use crowsnest_model::{Object, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/catalogues", get(list))
        .route("/catalogues/{name}/items", get(items))
        .route("/catalogues/{name}/items/{key}", get(one).put(put).delete(remove))
}

/// All catalogues, with what is known of an item, and how many there are.
#[utoipa::path(get, path = "/api/v1/catalogues", tag = "catalogues", responses((status = 200, body = [Object])),
    security(("admin" = [])))]
pub(crate) async fn list(_: Admin, State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let all = blocking(&app, |engine| engine.catalogues()).await?;
    Ok(Json(json!(all)))
}

/// Which items are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Items {
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// Those after this key.
    after: Option<String>,
}

/// The items of a catalogue in the order of their keys, those that are gone among them.
#[utoipa::path(get, path = "/api/v1/catalogues/{name}/items", tag = "catalogues",
    params(("name" = String, Path), Items), responses((status = 200, body = [Object]),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn items(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(Items { limit, after }): Query<Items>,
) -> Result<Json<Value>, ApiError> {
    let limit = Paging { limit, offset: None }.page()?.limit;
    let found = blocking(&app, move |engine| engine.items(&name, after.as_deref(), limit)).await?;
    Ok(Json(json!(found)))
}

/// One item, even if it is gone.
#[utoipa::path(get, path = "/api/v1/catalogues/{name}/items/{key}", tag = "catalogues",
    params(("name" = String, Path), ("key" = String, Path)), responses((status = 200, body = Object),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn one(
    _: Admin,
    State(app): State<App>,
    Path((name, key)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let found = blocking(&app, move |engine| engine.item(&name, &key)).await?;
    Ok(Json(json!(found)))
}

/// What is true of an item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemBody {
    /// All of its fields, as the catalogue declares them.
    #[schema(value_type = Object)]
    fields: Object,
    /// When that was true; now, if not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
}

/// Say what is true of an item. An older word than the one that is known, and the same again, change nothing.
#[utoipa::path(put, path = "/api/v1/catalogues/{name}/items/{key}", tag = "catalogues",
    params(("name" = String, Path), ("key" = String, Path)), request_body = ItemBody,
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody),
    (status = 422, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn put(
    _: Admin,
    State(app): State<App>,
    Path((name, key)): Path<(String, String)>,
    Body(ItemBody { fields, time }): Body<ItemBody>,
) -> Result<Json<Value>, ApiError> {
    let put = app.engine.put_item(&name, &key, fields, time).await?;
    Ok(Json(json!(put)))
}

/// As of when an item is gone.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Removed {
    /// When; now, if not said.
    #[param(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
}

/// Say that an item is gone. It stays on record as gone.
#[utoipa::path(delete, path = "/api/v1/catalogues/{name}/items/{key}", tag = "catalogues",
    params(("name" = String, Path), ("key" = String, Path), Removed), responses((status = 200, body = Object),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn remove(
    _: Admin,
    State(app): State<App>,
    Path((name, key)): Path<(String, String)>,
    Query(Removed { time }): Query<Removed>,
) -> Result<Json<Value>, ApiError> {
    let put = app.engine.remove_item(&name, &key, time).await?;
    Ok(Json(json!(put)))
}
