//! One post: signed, sent, and what its answer means.

use super::signature::{SecretError, Signer};
use crate::{
    Outcome,
    line::{Answered, Failure, Line, LineError, Resolve, quoted},
};
use crowsnest_model::{
    Time,
    definition::{AddressError, Webhook},
};
use http_body_util::Full;
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT},
};
use std::{fmt, sync::Arc};

/// So much of an answer's body is read at most.
const MOST_READ: usize = 4 * 1024;

/// Why a webhook cannot be posted to at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// Its address is none.
    #[error("the `url` of the webhook {0}")]
    Address(#[from] AddressError),
    /// Its secret is none.
    #[error("the secret of the webhook {0}")]
    Secret(#[from] SecretError),
    /// A header that cannot be sent.
    #[error("the header `{0}` of the webhook cannot be sent")]
    Header(String),
    /// There can be no line to it.
    #[error(transparent)]
    Line(#[from] LineError),
}

/// A webhook, ready to be posted to.
#[derive(Clone)]
pub struct Hook {
    line: Line,
    /// Path and query.
    target: String,
    headers: HeaderMap,
    signer: Option<Signer>,
}

/// Path, query and headers may hold secrets.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({}, …)", self.line)
    }
}

/// What is posted.
#[derive(Debug, Clone)]
pub struct Post {
    /// The same at each try, so that a receiver knows a repetition for one.
    pub id: String,
    /// This moment.
    pub time: Time,
    /// The message, as JSON.
    pub body: Vec<u8>,
}

impl Hook {
    /// Of a definition; posts are signed if there is a secret.
    pub fn new(definition: &Webhook, secret: Option<&str>) -> Result<Self, SetupError> {
        let url = definition.address()?;
        let host = url.host_str().ok_or(AddressError::NotAnAddress)?;
        let named = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut headers = HeaderMap::new();
        let value = |name: &str, text: &str| {
            HeaderValue::from_str(text).map_err(|_| SetupError::Header(name.to_owned()))
        };
        for (name, text) in &definition.headers {
            let bad = |_| SetupError::Header(name.clone());
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(bad)?, value(name, text)?);
        }
        headers.insert(HOST, value("host", &named)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("Crowsnest/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let ca_file = definition.ca_file.as_deref();
        Ok(Self {
            line: Line::new(&url, definition.allow_private, ca_file, definition.patience())?,
            target: format!("{}{query}", url.path()),
            headers,
            signer: secret.map(Signer::new).transpose()?,
        })
    }

    /// With somebody else who knows the addresses of names.
    #[must_use]
    pub fn resolving_by(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { line: self.line.resolving_by(resolver), ..self }
    }

    /// Posts, and says what came of it. Whatever went wrong on the way may be tried again: by its id the receiver knows
    /// a repetition for one.
    pub async fn post(&self, post: &Post) -> Outcome {
        let request = match self.request(post) {
            Ok(request) => request,
            Err(reason) => return Outcome::Refused { reason },
        };
        match self.line.exchange(request).await {
            Ok(answered) => outcome(answered, post.time).await,
            Err(Failure::NotAllowed(reason)) => Outcome::Refused { reason },
            Err(Failure::NotSent(reason) | Failure::Broken(reason)) => {
                Outcome::Later { reason, asked: None, line_is_down: true }
            }
        }
    }

    /// Whether its receiver is found, may be posted to, and takes connections. Nothing is posted: whether it listens, a test says.
    pub async fn reach(&self) -> Result<(), String> {
        self.line.reach().await.map_err(|failure| failure.to_string())
    }

    /// The headers of a post, for people. Those of the definition may be secrets, the moment is that of each try, and the signature would
    /// be taken for one: of these there is the name alone.
    pub fn headers_shown(&self, id: &str) -> Vec<(String, Option<String>)> {
        let plain = [HOST, CONTENT_TYPE, USER_AGENT];
        let shown = |name: &HeaderName, value: &HeaderValue| {
            let value = plain.contains(name).then(|| String::from_utf8_lossy(value.as_bytes()).into_owned());
            (name.as_str().to_owned(), value)
        };
        let mut headers: Vec<_> = self.headers.iter().map(|(name, value)| shown(name, value)).collect();
        headers.push(("webhook-id".to_owned(), Some(id.to_owned())));
        headers.push(("webhook-timestamp".to_owned(), None));
        headers.extend(self.signer.as_ref().map(|_| ("webhook-signature".to_owned(), None)));
        headers
    }

    fn request(&self, post: &Post) -> Result<Request<Full<Bytes>>, String> {
        let unmade = |error: &dyn fmt::Display| format!("cannot be posted: {error}");
        let mut request = Request::post(&self.target)
            .body(Full::from(post.body.clone()))
            .map_err(|error| unmade(&error))?;
        *request.headers_mut() = self.headers.clone();
        let seconds = post.time.0.div_euclid(1_000);
        let ours = [
            ("webhook-id", Some(post.id.clone())),
            ("webhook-timestamp", Some(seconds.to_string())),
            ("webhook-signature", self.signer.as_ref().map(|by| by.sign(&post.id, seconds, &post.body))),
        ];
        for (name, value) in ours {
            let Some(value) = value else { continue };
            let value = HeaderValue::try_from(value).map_err(|error| unmade(&error))?;
            request.headers_mut().insert(HeaderName::from_static(name), value);
        }
        Ok(request)
    }
}

/// What an answer means. Its body is quoted where it may say what is wrong, and only its beginning.
async fn outcome(mut answered: Answered, now: Time) -> Outcome {
    let status = answered.status();
    if status.is_success() {
        return Outcome::Accepted { response: status.to_string() };
    }
    let asked = answered.retry_after(now);
    let quote = quoted(&answered.beginning(MOST_READ).await);
    let said = if quote.is_empty() { String::new() } else { format!(": {quote}") };
    let reason = match status {
        StatusCode::GONE => format!("{status}: its receiver wants nothing more; remove the webhook{said}"),
        _ if status.is_redirection() => format!("{status}: redirects are not followed{said}"),
        _ => format!("{status}{said}"),
    };
    match status {
        // What stands before the receiver, or the receiver as a whole, takes nothing just now.
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Outcome::Later { reason, asked, line_is_down: true },
        StatusCode::REQUEST_TIMEOUT => Outcome::Later { reason, asked, line_is_down: false },
        _ if status.is_server_error() => Outcome::Later { reason, asked, line_is_down: false },
        _ => Outcome::Refused { reason },
    }
}
