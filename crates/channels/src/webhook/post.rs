//! One post: signed, sent, and what its answer means.
//!
//! Redirects are not followed, no proxy is asked, nothing is compressed, and no connection is used twice.

use super::{
    connect::{Endpoint, Resolve, SystemResolver, Unconnected},
    signature::{SecretError, Signer},
};
use crate::Outcome;
use crowsnest_model::{
    Duration, Time,
    definition::{AddressError, Webhook},
};
use http_body_util::{BodyExt, Full};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use std::{
    fmt,
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, crypto,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use url::Host;

/// So much of an answer's body is read at most.
const MOST_READ: usize = 4 * 1024;
/// So much of it is quoted.
const MOST_QUOTED: usize = 200;
/// The head of an answer has at most so many bytes and headers.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;

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
    /// The file of a certificate authority cannot be used.
    #[error("cannot use `ca_file` {path}: {reason}")]
    CaFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
}

/// A webhook, ready to be posted to.
#[derive(Clone)]
pub struct Hook {
    endpoint: Endpoint,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// Path and query.
    target: String,
    headers: HeaderMap,
    signer: Option<Signer>,
    patience: std::time::Duration,
    resolver: Arc<dyn Resolve>,
}

/// Path, query and headers may hold secrets.
impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({}, …)", self.endpoint)
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

/// An answer, as far as its head.
struct Answered {
    response: Response<Incoming>,
    /// Drives the connection while the body is read, and ends with it.
    _connection: JoinSet<()>,
}

impl Hook {
    /// Of a definition; posts are signed if there is a secret.
    pub fn new(definition: &Webhook, secret: Option<&str>) -> Result<Self, SetupError> {
        let url = definition.address()?;
        let host = match url.host() {
            Some(Host::Domain(name)) => Host::Domain(name.to_owned()),
            Some(Host::Ipv4(address)) => Host::Ipv4(address),
            Some(Host::Ipv6(address)) => Host::Ipv6(address),
            None => return Err(AddressError::NotAnAddress.into()),
        };
        let port = url.port_or_known_default().ok_or(AddressError::NotAnAddress)?;
        let tls = match url.scheme() {
            "https" => Some((connector(definition.ca_file.as_deref())?, server_name(&host)?)),
            _ => None,
        };
        let named = url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
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
        Ok(Self {
            endpoint: Endpoint { host, port, allow_private: definition.allow_private },
            tls,
            target: format!("{}{query}", url.path()),
            headers,
            signer: secret.map(Signer::new).transpose()?,
            patience: definition.patience().to_std(),
            resolver: Arc::new(SystemResolver),
        })
    }

    /// With somebody else who knows the addresses of names.
    #[must_use]
    pub fn resolving_by(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Posts, and says what came of it. Whatever went wrong on the way may be tried again: by its id the receiver knows
    /// a repetition for one.
    pub async fn post(&self, post: &Post) -> Outcome {
        let deadline = Instant::now() + self.patience;
        let later = |reason: String| Outcome::Later { reason, asked: None, line_is_down: true };
        match timeout_at(deadline, Box::pin(self.exchange(post))).await {
            Ok(Ok(answered)) => outcome(answered, post.time, deadline).await,
            Ok(Err(Unconnected::NotAllowed(reason))) => Outcome::Refused { reason },
            Ok(Err(Unconnected::NotNow(reason))) => later(reason),
            Err(_) => {
                let patience = self.patience.as_secs_f32();
                later(format!("{}: no answer within {patience} s", self.endpoint))
            }
        }
    }

    async fn exchange(&self, post: &Post) -> Result<Answered, Unconnected> {
        let request = self.request(post)?;
        let stream = self.endpoint.connect(&*self.resolver, self.patience).await?;
        match &self.tls {
            None => self.speak(stream, request).await,
            Some((connector, name)) => {
                let secured = connector.connect(name.clone(), stream).await;
                let secured = secured.map_err(|error| self.broken("TLS", &error))?;
                self.speak(secured, request).await
            }
        }
    }

    fn request(&self, post: &Post) -> Result<Request<Full<Bytes>>, Unconnected> {
        let unmade = |error: &dyn fmt::Display| Unconnected::NotAllowed(format!("cannot be posted: {error}"));
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

    async fn speak(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Answered, Unconnected> {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broken("HTTP", &error))?;
        let mut driven = JoinSet::new();
        driven.spawn(async move {
            // Its error is also the answer's.
            let _ = connection.await;
        });
        let response =
            sender.send_request(request).await.map_err(|error| self.broken("no whole answer", &error))?;
        Ok(Answered { response, _connection: driven })
    }

    fn broken(&self, what: &str, error: &dyn fmt::Display) -> Unconnected {
        Unconnected::NotNow(format!("{}: {what}: {error}", self.endpoint))
    }
}

/// What an answer means. Its body is quoted where it may say what is wrong, and only its beginning.
async fn outcome(mut answered: Answered, now: Time, deadline: Instant) -> Outcome {
    let status = answered.response.status();
    if status.is_success() {
        return Outcome::Accepted { response: status.to_string() };
    }
    let asked = answered.response.headers().get(RETRY_AFTER).and_then(|value| asked(value, now));
    let quote = beginning(answered.response.body_mut(), deadline).await;
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

/// The wait that a receiver asks for: in seconds, or until a moment.
fn asked(value: &HeaderValue, now: Time) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::seconds(i64::from(seconds)));
    }
    let until: SystemTime = httpdate::parse_http_date(text).ok()?;
    let until = i64::try_from(until.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    Some(Time(until).since(now)).filter(|wait| wait.0 > 0)
}

/// The beginning of an answer's body, as one line.
async fn beginning(body: &mut Incoming, deadline: Instant) -> String {
    let mut read = Vec::new();
    while read.len() < MOST_READ {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else { break };
        let Ok(data) = frame.into_data() else { break };
        read.extend_from_slice(data.get(..MOST_READ - read.len()).unwrap_or(&data));
    }
    let text = String::from_utf8_lossy(&read);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(MOST_QUOTED).collect()
}

fn server_name(host: &Host) -> Result<ServerName<'static>, SetupError> {
    match host {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|error| SetupError::Tls(error.to_string()))
        }
        Host::Ipv4(address) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*address).into())),
    }
}

fn connector(ca_file: Option<&str>) -> Result<TlsConnector, SetupError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let fault = |reason: &dyn fmt::Display| SetupError::CaFile {
            path: PathBuf::from(path),
            reason: reason.to_string(),
        };
        let found = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))?;
        let mut count = 0;
        for certificate in found {
            roots.add(certificate.map_err(|error| fault(&error))?).map_err(|error| fault(&error))?;
            count += 1;
        }
        if count == 0 {
            return Err(fault(&"there is no certificate in it"));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
