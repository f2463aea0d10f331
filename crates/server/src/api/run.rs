//! Keeping it running: backups, and what is wrong.

use super::blocking;
use crate::{App, auth::Admin, error::ApiError};
use axum::{Json, Router, extract::State, routing::post};
use crowsnest_flow::FlowError;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/backups", post(backup))
}

/// A backup that was written.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BackupView {
    /// The file, on the server's machine.
    file: String,
    /// Its size.
    bytes: u64,
}

/// Write a backup of the store into the data folder, as of one moment, while everything goes on.
#[utoipa::path(post, path = "/api/v1/backups", tag = "run", responses((status = 200, body = BackupView)), security(("admin" = [])))]
pub(crate) async fn backup(_: Admin, State(app): State<App>) -> Result<Json<BackupView>, ApiError> {
    let view = blocking(&app, |engine| {
        let folder = engine.data().join("backups");
        let io = |error: std::io::Error| FlowError::Refused(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(io)?;
        let file = folder.join(format!("crowsnest-{}.db", engine.now().0));
        engine.readers().backup(&file, |_, _| {})?;
        let bytes = std::fs::metadata(&file).map_err(io)?.len();
        Ok(BackupView { file: file.display().to_string(), bytes })
    })
    .await?;
    Ok(Json(view))
}
