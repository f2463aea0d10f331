//! What has to be set up around e-mail.

use crate::{App, auth::Admin, error::ApiError};
use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/email/dns", get(dns))
}

/// A record that has to stand in the DNS.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordView {
    /// Its name.
    name: String,
    /// Its kind: `TXT`.
    kind: &'static str,
    /// What it says. The DNS takes it in strings of at most 255 characters.
    value: String,
    /// What it is for.
    purpose: &'static str,
}

/// What has to stand in the DNS for the e-mail of the definitions in force: the public halves of the keys that sign it.
#[utoipa::path(get, path = "/api/v1/email/dns", tag = "messages",
    responses((status = 200, body = [RecordView]), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn dns(_: Admin, State(app): State<App>) -> Result<Json<Vec<RecordView>>, ApiError> {
    let signers =
        app.dispatcher.courier().signers(&app.engine.live()).map_err(crowsnest_flow::FlowError::Refused)?;
    let records = signers.iter().map(|signer| RecordView {
        name: signer.record_name(),
        kind: "TXT",
        value: signer.record(),
        purpose: "by it receivers check the signature (DKIM)",
    });
    Ok(Json(records.collect()))
}
