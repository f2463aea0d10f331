//! Handing a text over to a gateway, and what its answer means.
//!
//! The interface knows no repetition: whatever breaks after the request was begun has an unknown outcome, and is not tried
//! again.

use super::TextMessage;
use crate::{
    Outcome,
    line::{Answered, Failure, Line, LineError, quoted},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use crowsnest_model::{
    Time,
    definition::{AddressError, SmsGateway},
};
use http_body_util::Full;
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT},
    http::request::Builder,
};
use serde::Deserialize;
use std::{
    fmt,
    future::{Future, ready},
};
use url::form_urlencoded::Serializer;

/// So much of an answer is read at most.
const MOST_READ: usize = 16 * 1024;

/// The gateway's codes for numbers that no text ever reaches: no number, not reachable, not of a mobile telephone.
const NOBODY: [u32; 5] = [21_211, 21_214, 21_217, 21_265, 21_614];
/// The gateway's code for somebody who told it that they want nothing more.
const UNSUBSCRIBED: u32 = 21_610;
/// The gateway's codes for what is wrong with us and can be put right while the texts wait: who we are, too much at once,
/// an account that is not active.
const OURS: [u32; 5] = [20_003, 20_005, 20_429, 14_107, 30_001];

/// Why nothing can be handed over to a gateway at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its address is none.
    #[error("the `url` of the gateway {0}")]
    Address(#[from] AddressError),
    /// There can be no line to it.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The account or token cannot be sent.
    #[error("the account or token of the gateway cannot be sent")]
    Credentials,
}

/// A gateway, ready to be handed texts.
#[derive(Clone)]
pub struct Gateway {
    line: Line,
    host: HeaderValue,
    authorization: HeaderValue,
    /// The path of the account, without an ending.
    account: String,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({}, …)", self.line)
    }
}

/// What a gateway answers, as far as it matters.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    sid: Option<String>,
    status: Option<serde_json::Value>,
    code: Option<u32>,
    message: Option<String>,
}

impl Gateway {
    /// Of a definition, with the account's token.
    pub fn new(definition: &SmsGateway, token: &str) -> Result<Self, SetupError> {
        let url = definition.address()?;
        let host = url.host_str().ok_or(AddressError::NotAnAddress)?;
        let named = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut authorization = HeaderValue::try_from(format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{token}", definition.account))
        ))
        .map_err(|_| SetupError::Credentials)?;
        authorization.set_sensitive(true);
        Ok(Self {
            line: Line::new(&url, definition.allow_private, None, SmsGateway::PATIENCE)?,
            host: HeaderValue::try_from(named).map_err(|_| AddressError::NotAnAddress)?,
            authorization,
            account: format!(
                "{}/2010-04-01/Accounts/{}",
                url.path().trim_end_matches('/'),
                definition.account
            ),
        })
    }

    /// With another patience than the usual one.
    #[must_use]
    pub fn waiting(self, patience: crowsnest_model::Duration) -> Self {
        Self { line: self.line.waiting(patience), ..self }
    }

    /// Asks for the account itself, by which nothing is sent and nothing changes. In words: whether the gateway takes our account and
    /// token; as an error, what would keep a text from being taken.
    pub async fn check(&self) -> Result<&'static str, String> {
        let request = self.signed(Request::get(format!("{}.json", self.account))).body(Full::default());
        let request = request.map_err(|error| format!("cannot be asked: {error}"))?;
        let answered = self.line.exchange(request).await.map_err(|failure| failure.to_string())?;
        let (status, answer, reason) = read(answered).await;
        let state = answer.status.as_ref().and_then(serde_json::Value::as_str).unwrap_or("active");
        match status {
            _ if status.is_success() && state != "active" => Err(format!("the account is `{state}`")),
            _ if status.is_success() => Ok("it takes the account and its token"),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(format!("it refuses the account or its token: {reason}"))
            }
            // Who only takes messages has no such page.
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                Ok("it answers, but does not say whether it takes the account and its token")
            }
            _ if status.is_redirection() => Err(format!("{reason}: redirects are not followed")),
            _ => Err(format!("it does not say whether it takes the account and its token: {reason}")),
        }
    }

    /// Hands a text over, and says what came of it. What becomes of it later is told to `callback`.
    pub async fn hand_over(&self, text: &TextMessage, callback: Option<&str>, now: Time) -> Outcome {
        self.hand_over_unless(text, callback, now, ready(None)).await
    }

    /// As [`Gateway::hand_over`], unless `last_word` has something against it, which is what came of it then. That is asked
    /// when the gateway is there to hear the text, before a byte of it is written.
    pub async fn hand_over_unless(
        &self,
        text: &TextMessage,
        callback: Option<&str>,
        now: Time,
        last_word: impl Future<Output = Option<Outcome>> + Send,
    ) -> Outcome {
        let request = match self.request(text, callback) {
            Ok(request) => request,
            Err(error) => return Outcome::Refused { reason: format!("cannot be handed over: {error}") },
        };
        match self.line.exchange_unless(request, last_word).await {
            Ok(Err(stopped)) => stopped,
            Ok(Ok(answered)) => outcome(answered, now).await,
            Err(Failure::NotAllowed(reason)) => Outcome::Refused { reason },
            Err(Failure::NotSent(reason)) => Outcome::Later { reason, asked: None, line_is_down: true },
            Err(Failure::Broken(reason)) => Outcome::Unknown { reason },
        }
    }

    fn request(
        &self,
        text: &TextMessage,
        callback: Option<&str>,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        let mut form = Serializer::new(String::new());
        form.append_pair("To", &text.to).append_pair("Body", &text.text);
        let fields = [
            ("From", text.from.as_deref()),
            ("MessagingServiceSid", text.service.as_deref()),
            ("StatusCallback", callback),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        self.signed(Request::post(format!("{}/Messages.json", self.account)))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form.finish()))
    }

    /// A request with what says who we are.
    fn signed(&self, request: Builder) -> Builder {
        request
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.authorization)
            .header(USER_AGENT, concat!("Crowsnest/", env!("CARGO_PKG_VERSION")))
            .header(ACCEPT, "application/json")
    }
}

/// What an answer means: accepted, refused with the gateway's code, or to be tried again.
async fn outcome(answered: Answered, now: Time) -> Outcome {
    let asked = answered.retry_after(now);
    let (status, answer, reason) = read(answered).await;
    if status.is_success() {
        let sid = answer.sid.unwrap_or_default();
        let state = answer.status.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        return Outcome::Accepted { response: format!("{status} {state} {sid}").trim_end().to_owned() };
    }
    match status {
        // Somebody between us and the gateway does not know what became of the request.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Outcome::Unknown { reason },
        // Whatever the text is: we are not let in, or nothing is taken just now.
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::SERVICE_UNAVAILABLE => Outcome::Later { reason, asked, line_is_down: true },
        _ if answer.code.is_some_and(|code| OURS.contains(&code)) => {
            Outcome::Later { reason, asked, line_is_down: true }
        }
        _ if status.is_redirection() => {
            let reason = format!("{reason}: redirects are not followed");
            Outcome::Later { reason, asked, line_is_down: true }
        }
        StatusCode::REQUEST_TIMEOUT => Outcome::Later { reason, asked, line_is_down: false },
        _ if status.is_client_error() => Outcome::Refused { reason },
        _ => Outcome::Later { reason, asked, line_is_down: false },
    }
}

/// An answer, and what it says in words: what is wrong, if its status is not one of success.
async fn read(mut answered: Answered) -> (StatusCode, Answer, String) {
    let status = answered.status();
    let body = answered.beginning(MOST_READ).await;
    let answer: Answer = serde_json::from_slice(&body).unwrap_or_default();
    let said = match &answer.message {
        Some(message) => quoted(message.as_bytes()),
        None => quoted(&body),
    };
    // The code goes first, where `code_of` finds it.
    let reason = match answer.code {
        Some(code) => format!("{code}: {said} ({status})"),
        None if said.is_empty() => status.to_string(),
        None => format!("{status}: {said}"),
    };
    (status, answer, reason)
}

fn code_of(reason: &str) -> Option<u32> {
    reason.split_once(':')?.0.parse().ok()
}

/// Whether a text was refused with a code that says that none will ever reach this number.
pub fn reaches_nobody(reason: &str) -> bool {
    code_of(reason).is_some_and(|code| NOBODY.contains(&code) || code == UNSUBSCRIBED)
}

/// Whether a text was refused because its receiver told the gateway that they want nothing more. They may want it again.
pub fn unsubscribed_there(reason: &str) -> bool {
    code_of(reason) == Some(UNSUBSCRIBED)
}
