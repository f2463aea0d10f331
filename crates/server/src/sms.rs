//! What the gateway of text messages tells us, signed: what people text, and what became of texts of ours. The addresses stand
//! open; what is not signed with the account's token is answered 403, whatever it says.

use crate::{
    App, body,
    error::{ApiError, Query, id},
};
use axum::{
    Router,
    extract::{FromRequest, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use crowsnest_channels::sms::receiving::{Became, Form, Inbound, SIGNATURE, answer};
use crowsnest_flow::outward::Knock;
use serde::Deserialize;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/sms/messages", post(message)).route("/sms/status", post(status))
}

/// A form that the gateway signed.
pub(crate) struct Signed(Form);

impl FromRequest<App> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let form = Form::parse(&body::form_bytes(body).await?);
        let signature =
            parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let live = app.engine.live();
        if app.dispatcher.courier().is_from_gateway(&live, Knock { target, form: &form, signature }) {
            return Ok(Self(form));
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "not-signed",
            "this is not signed by the gateway of the workspace: the signature is made with the token of `sms.gateway` over \
             `public_url`, this path and the form",
        ))
    }
}

/// Somebody texted. What is answered goes back to them.
#[utoipa::path(post, path = "/sms/messages", tag = "collect",
    responses((status = 200, description = "What is answered, as TwiML.", content_type = "text/xml", body = String),
        (status = 403, description = "It is not signed by the gateway.", body = crate::error::ErrorBody)))]
pub(crate) async fn message(State(app): State<App>, Signed(form): Signed) -> Result<Response, ApiError> {
    let text = Inbound::of(&form).ok_or_else(|| {
        ApiError::bad_request("invalid-body", "this is no text: it has no `MessageSid` and no `From`")
    })?;
    let said = app.engine.hear_text(text).await?;
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, answer(said.as_deref())).into_response())
}

/// Which text something is said of.
#[derive(Debug, Deserialize)]
pub(crate) struct About {
    delivery: String,
}

/// What became of a text of ours.
#[utoipa::path(post, path = "/sms/status", tag = "collect", params(("delivery" = String, Query, description = "The message.")),
    responses((status = 204, description = "It is heard."),
        (status = 403, description = "It is not signed by the gateway.", body = crate::error::ErrorBody)))]
pub(crate) async fn status(
    State(app): State<App>,
    Query(About { delivery }): Query<About>,
    Signed(form): Signed,
) -> Result<StatusCode, ApiError> {
    // What says nothing that is known here changes nothing.
    if let Some(became) = Became::of(&form) {
        let sid = form.get("MessageSid").or_else(|| form.get("SmsSid")).unwrap_or_default();
        app.engine.hear_receipt(id(&delivery)?, sid, became).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
