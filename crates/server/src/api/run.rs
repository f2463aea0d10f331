//! Keeping it running: backups, and what is wrong.

use super::blocking;
use crate::{App, auth::Admin, error::ApiError};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use crowsnest_channels::email::DkimSigner;
use crowsnest_flow::FlowError;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/backups", post(backup)).route("/transport", get(transport))
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

/// Where e-mail goes, and whether all of that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransportView {
    /// All of it answers.
    ok: bool,
    /// Where e-mail goes, and what is wrong there.
    detail: String,
}

/// Ask the servers that e-mail is handed to whether they would take any.
#[utoipa::path(get, path = "/api/v1/transport", tag = "run", responses((status = 200, body = TransportView)), security(("admin" = [])))]
pub(crate) async fn transport(_: Admin, State(app): State<App>) -> Json<TransportView> {
    let live = app.engine.live();
    let signed = match app.dispatcher.courier().signers(&live) {
        Ok(signers) if signers.is_empty() => String::new(),
        Ok(signers) => {
            let keys: Vec<String> = signers.iter().map(DkimSigner::record_name).collect();
            format!(", signed by {}", keys.join(" and "))
        }
        Err(detail) => return Json(TransportView { ok: false, detail }),
    };
    let (mut ok, mut said) = (true, Vec::new());
    for relay in app.dispatcher.courier().relays(&live) {
        let fault = match relay.transport {
            Ok(transport) => transport.check().await.err(),
            Err(fault) => Some(fault),
        };
        ok &= fault.is_none();
        said.push(match fault {
            None => format!("{} takes e-mail{signed}", relay.name),
            Some(fault) => format!("{}: {fault}", relay.name),
        });
    }
    Json(TransportView { ok, detail: said.join("; ") })
}
