//! What has to be set up around e-mail.

use crate::{App, auth::Admin, error::ApiError};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    routing::{get, post},
};
use crowsnest_channels::email::{
    self,
    check::{Finding, Names, Subject},
    returns::LARGEST,
    sender_address,
};
use crowsnest_flow::{FlowError, outward::Understood};
use crowsnest_model::{DeliveryId, delivery::Feedback};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    let returns = post(returns).layer(DefaultBodyLimit::max(LARGEST));
    Router::new()
        .route("/email/dns", get(dns))
        .route("/email/check", get(check))
        .route("/email/returns", returns)
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
    let signers = app.dispatcher.courier().signers(&app.engine.live()).map_err(FlowError::Refused)?;
    let records = signers.iter().map(|signer| RecordView {
        name: signer.record_name(),
        kind: "TXT",
        value: signer.record(),
        purpose: "by it receivers check the signature (DKIM)",
    });
    Ok(Json(records.collect()))
}

/// What to look at.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckOptions {
    /// As if mail were from this domain, instead of the sender's.
    domain: Option<String>,
    /// Look up nothing while everything goes to the built-in mailbox.
    #[serde(default)]
    before_launch: bool,
}

/// Whether receivers will believe that mail is from its sender.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// The domain that people see.
    from: String,
    /// The SMTP servers; none when everything goes to the built-in mailbox.
    servers: Vec<String>,
    /// What was found.
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Finding>,
}

/// Ask the DNS whether receivers will believe that mail is from its sender: SPF, DKIM, DMARC, and where mail comes back. Each
/// finding has `what`, `name`, `level` (`ok`, `warning` or `problem`), `said`, and in `cure` what to write into the DNS.
#[utoipa::path(get, path = "/api/v1/email/check", tag = "messages", params(CheckOptions),
    responses((status = 200, body = CheckView), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn check(
    _: Admin,
    State(app): State<App>,
    Query(options): Query<CheckOptions>,
) -> Result<Json<CheckView>, ApiError> {
    let live = app.engine.live();
    let refused = |why: String| ApiError::from(FlowError::Refused(why));
    let Some(account) = live.workspace().organisation.email.as_ref() else {
        let why =
            "the workspace does not say from which address e-mail is sent; add `email: { from: … }` to it";
        return Err(refused(why.to_owned()));
    };
    let sender = sender_address(&account.from).map_err(|error| refused(error.to_string()))?;
    let of_sender = sender.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let from = options.domain.unwrap_or(of_sender);
    let servers: Vec<String> = account.smtp.iter().map(|smtp| smtp.host.clone()).collect();
    if options.before_launch && servers.is_empty() {
        return Ok(Json(CheckView { from, servers, findings: Vec::new() }));
    }
    let keys = app.dispatcher.courier().signers(&live).map_err(refused)?;
    let returns = account.returns.as_ref().map(|returns| returns.domain.as_str());
    let subject = Subject { from: &from, returns, servers: &servers, keys: &keys };
    let names = Names::new(app.dns).map_err(|silent| refused(silent.to_string()))?;
    let findings = email::check::check(&names, &subject).await;
    Ok(Json(CheckView { from, servers, findings }))
}

/// What a mail was understood to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnderstoodView {
    /// The message that it is about.
    #[schema(value_type = String)]
    delivery: DeliveryId,
    /// What was heard of it, such as `bounced_for_good`; nothing when nothing follows from the mail.
    #[schema(value_type = Option<String>)]
    heard: Option<Feedback>,
    /// Whether that is new; false for what was heard before.
    new: bool,
    /// What the mail is, when nothing follows from it.
    note: Option<String>,
}

impl From<Understood> for UnderstoodView {
    fn from(Understood { delivery, heard, new, note }: Understood) -> Self {
        Self { delivery, heard, new, note }
    }
}

/// Hear a mail that came back: a report of a bounce or a complaint, a note of absence, an answer. The body is the mail as it
/// came. Its message is found by an address of its own, or by the Message-ID of what the mail returns or answers.
#[utoipa::path(post, path = "/api/v1/email/returns", tag = "messages",
    request_body(content = String, content_type = "message/rfc822"),
    responses((status = 200, body = UnderstoodView), (status = 404, body = crate::error::ErrorBody),
        (status = 413, description = "More than 4 MiB."),
        (status = 422, body = crate::error::ErrorBody, description = "It is about no message of ours.")),
    security(("admin" = [])))]
pub(crate) async fn returns(
    _: Admin,
    State(app): State<App>,
    mail: Bytes,
) -> Result<Json<UnderstoodView>, ApiError> {
    Ok(Json(app.dispatcher.returns().hear(&mail).await?.into()))
}
