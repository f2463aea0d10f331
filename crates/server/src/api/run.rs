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
use std::collections::BTreeMap;
use tokio::task::JoinSet;
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

/// Where messages go, and whether all of that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransportView {
    /// All of it answers.
    ok: bool,
    /// Where e-mail goes, and what is wrong there.
    detail: String,
    /// Where text messages go, if the workspace sends any. The gateway is asked for the account: nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    sms: Option<ReachView>,
    /// The webhooks, each by its name. Their receivers are connected to: nothing is posted.
    webhooks: BTreeMap<String, ReachView>,
}

/// Whether messages can be handed over there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReachView {
    /// They can be, as far as is known.
    ok: bool,
    /// Where they go, or what stands in the way.
    detail: String,
}

impl From<Result<String, String>> for ReachView {
    fn from(found: Result<String, String>) -> Self {
        match found {
            Ok(detail) => Self { ok: true, detail },
            Err(detail) => Self { ok: false, detail },
        }
    }
}

/// Ask the servers and gateways that messages are handed to whether they would take any.
#[utoipa::path(get, path = "/api/v1/transport", tag = "run", responses((status = 200, body = TransportView)), security(("admin" = [])))]
pub(crate) async fn transport(_: Admin, State(app): State<App>) -> Json<TransportView> {
    let live = app.engine.live();
    // All at once: who does not answer lets the others not wait.
    let mut reached = JoinSet::new();
    for webhook in live.workspace().webhooks.values().cloned() {
        let dispatcher = app.dispatcher.clone();
        reached.spawn(async move {
            let found = dispatcher.courier().reach_webhook(&webhook).await;
            (webhook.name, ReachView::from(found.map(|()| "can be posted to".to_owned())))
        });
    }
    let (email, sms) = tokio::join!(email(&app), app.dispatcher.courier().sms(&live));
    let ReachView { ok, detail } = email.into();
    let webhooks = reached.join_all().await.into_iter().collect();
    Json(TransportView { ok, detail, sms: sms.map(ReachView::from), webhooks })
}

/// Where e-mail goes, asked; or what is wrong there.
async fn email(app: &App) -> Result<String, String> {
    let live = app.engine.live();
    let signers = app.dispatcher.courier().signers(&live)?;
    let keys: Vec<String> = signers.iter().map(DkimSigner::record_name).collect();
    let signed = if keys.is_empty() { String::new() } else { format!(", signed by {}", keys.join(" and ")) };
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
    let said = said.join("; ");
    if ok { Ok(said) } else { Err(said) }
}
