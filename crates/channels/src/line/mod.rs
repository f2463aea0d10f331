//! One request on a line of its own: to an address that was looked up and checked for it, and to nowhere else.
//!
//! Redirects are not followed, no proxy is asked, nothing is compressed, and no connection is used twice. What goes wrong
//! says whether the other side may have the request already: only one that broke may have it there.

mod connect;

pub use connect::{Resolve, Resolving, SystemResolver};

use connect::{Endpoint, Unconnected};
use crowsnest_model::{Duration, Time};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{HeaderValue, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    fmt,
    future::{Future, ready},
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, timeout_at},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore, crypto,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use url::{Host, Url};

/// The head of an answer has at most so many bytes and headers.
const LONGEST_HEAD: usize = 16 * 1024;
const MOST_HEADERS: usize = 100;
/// So much of an answer's body is quoted.
const MOST_QUOTED: usize = 200;

/// Why there can be no line at all.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// There is no host to connect to.
    #[error("there is no host in the address")]
    NoHost,
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

/// What became of a request that was not answered.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It must not be sent there.
    NotAllowed(String),
    /// The other side surely has nothing of it.
    NotSent(String),
    /// The line broke, or nothing came, when the other side may have it.
    Broken(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::NotAllowed(reason) | Self::NotSent(reason) | Self::Broken(reason)) = self;
        f.write_str(reason)
    }
}

/// Where requests go, and how.
#[derive(Clone)]
pub(crate) struct Line {
    endpoint: Endpoint,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    patience: std::time::Duration,
    resolver: Arc<dyn Resolve>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// A connection that nothing was said on yet.
enum Connected {
    Plain(TcpStream),
    Secured(Box<TlsStream<TcpStream>>),
}

/// An answer, as far as its head.
pub(crate) struct Answered {
    response: Response<Incoming>,
    deadline: Instant,
    /// Drives the connection while the body is read, and ends with it.
    _connection: JoinSet<()>,
}

impl Line {
    /// To the host of a URL. `patience` is for all of a request, from the look-up of the name to the answer.
    pub(crate) fn new(
        url: &Url,
        allow_private: bool,
        ca_file: Option<&str>,
        patience: Duration,
    ) -> Result<Self, LineError> {
        let host = match url.host() {
            Some(Host::Domain(name)) => Host::Domain(name.to_owned()),
            Some(Host::Ipv4(address)) => Host::Ipv4(address),
            Some(Host::Ipv6(address)) => Host::Ipv6(address),
            None => return Err(LineError::NoHost),
        };
        let port = url.port_or_known_default().ok_or(LineError::NoHost)?;
        let tls = match url.scheme() {
            "https" => Some((connector(ca_file)?, server_name(&host)?)),
            _ => None,
        };
        Ok(Self {
            endpoint: Endpoint { host, port, allow_private },
            tls,
            patience: patience.to_std(),
            resolver: Arc::new(SystemResolver),
        })
    }

    /// With somebody else who knows the addresses of names.
    pub(crate) fn resolving_by(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// With another patience.
    pub(crate) fn waiting(self, patience: Duration) -> Self {
        Self { patience: patience.to_std(), ..self }
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answered, Failure> {
        match self.exchange_unless(request, ready(None::<Infallible>)).await? {
            Ok(answered) => Ok(answered),
            Err(never) => match never {},
        }
    }

    /// As [`Line::exchange`], unless `last_word` has something against it, which is answered then. That is asked when the
    /// other side is there to hear the request: to find it and to agree on TLS may take long.
    pub(crate) async fn exchange_unless<W>(
        &self,
        request: Request<Full<Bytes>>,
        last_word: impl Future<Output = Option<W>> + Send,
    ) -> Result<Result<Answered, W>, Failure> {
        let deadline = Instant::now() + self.patience;
        match self.connect(deadline).await? {
            Connected::Plain(stream) => Box::pin(self.speak(stream, request, last_word, deadline)).await,
            Connected::Secured(stream) => Box::pin(self.speak(stream, request, last_word, deadline)).await,
        }
    }

    /// Finds the other side, connects, agrees on TLS, and leaves without a word.
    pub(crate) async fn reach(&self) -> Result<(), Failure> {
        self.connect(Instant::now() + self.patience).await.map(drop)
    }

    async fn connect(&self, deadline: Instant) -> Result<Connected, Failure> {
        let silent = || format!("{self}: no answer within {} s", self.patience.as_secs_f32());
        let connected = timeout_at(deadline, self.endpoint.connect(&*self.resolver, self.patience)).await;
        let stream = match connected {
            Ok(Ok(stream)) => stream,
            Ok(Err(Unconnected::NotAllowed(reason))) => return Err(Failure::NotAllowed(reason)),
            Ok(Err(Unconnected::NotNow(reason))) => return Err(Failure::NotSent(reason)),
            Err(_) => return Err(Failure::NotSent(silent())),
        };
        let Some((connector, name)) = &self.tls else { return Ok(Connected::Plain(stream)) };
        match timeout_at(deadline, connector.connect(name.clone(), stream)).await {
            Ok(Ok(secured)) => Ok(Connected::Secured(Box::new(secured))),
            Ok(Err(error)) => Err(Failure::NotSent(format!("{self}: TLS: {error}"))),
            Err(_) => Err(Failure::NotSent(silent())),
        }
    }

    async fn speak<W>(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
        last_word: impl Future<Output = Option<W>> + Send,
        deadline: Instant,
    ) -> Result<Result<Answered, W>, Failure> {
        let handshake = http1::Builder::new()
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .handshake(TokioIo::new(stream))
            .await;
        let (mut sender, connection) =
            handshake.map_err(|error| Failure::NotSent(format!("{self}: HTTP: {error}")))?;
        let mut driven = JoinSet::new();
        driven.spawn(async move {
            // Its error is also the answer's.
            let _ = connection.await;
        });
        if let Some(stopped) = last_word.await {
            return Ok(Err(stopped));
        }
        match timeout_at(deadline, sender.try_send_request(request)).await {
            Ok(Ok(response)) => Ok(Ok(Answered { response, deadline, _connection: driven })),
            Ok(Err(mut failed)) => {
                // What is given back was never begun to be written.
                let given_back = failed.take_message().is_some();
                let reason = format!("{self}: no whole answer: {}", failed.into_error());
                Err(if given_back { Failure::NotSent(reason) } else { Failure::Broken(reason) })
            }
            Err(_) => {
                let patience = self.patience.as_secs_f32();
                Err(Failure::Broken(format!("{self}: no answer within {patience} s")))
            }
        }
    }
}

impl Answered {
    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The wait that it asks for: in seconds, or until a moment.
    pub(crate) fn retry_after(&self, now: Time) -> Option<Duration> {
        asked(self.response.headers().get(RETRY_AFTER)?, now)
    }

    /// The beginning of its body, at most so many bytes of it; less if it is cut off or does not come in time.
    pub(crate) async fn beginning(&mut self, most: usize) -> Vec<u8> {
        let mut read = Vec::new();
        while read.len() < most {
            let Ok(Some(Ok(frame))) = timeout_at(self.deadline, self.response.body_mut().frame()).await
            else {
                break;
            };
            let Ok(data) = frame.into_data() else { break };
            read.extend_from_slice(data.get(..most - read.len()).unwrap_or(&data));
        }
        read
    }
}

fn asked(value: &HeaderValue, now: Time) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::seconds(i64::from(seconds)));
    }
    let until: SystemTime = httpdate::parse_http_date(text).ok()?;
    let until = i64::try_from(until.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    Some(Time(until).since(now)).filter(|wait| wait.0 > 0)
}

/// Bytes of an answer as one short line, to be quoted.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ").chars().take(MOST_QUOTED).collect()
}

fn server_name(host: &Host) -> Result<ServerName<'static>, LineError> {
    match host {
        Host::Domain(name) => {
            ServerName::try_from(name.clone()).map_err(|error| LineError::Tls(error.to_string()))
        }
        Host::Ipv4(address) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*address).into())),
        Host::Ipv6(address) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*address).into())),
    }
}

fn connector(ca_file: Option<&str>) -> Result<TlsConnector, LineError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(path) = ca_file {
        let fault = |reason: &dyn fmt::Display| LineError::CaFile {
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
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| LineError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
