//! One connection to an SMTP server: how it is made and secured, and what a command's answer means.

use super::{Timeouts, line_by_line::LineByLine};
use crowsnest_model::definition::{SmtpAccount, SmtpSecurity};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    commands::{Ehlo, Quit},
    extension::{ClientId, Extension},
};
use std::{
    error::Error as _,
    fmt::{self, Display},
    future::Future,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

/// Why an account cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A user name without a password.
    #[error(
        "the SMTP account has a username but no password: name its environment variable in `password_env` and set it"
    )]
    NoPassword,
    /// A password for nobody.
    #[error("the SMTP account has a password but no `username`")]
    NoUsername,
    /// The password would be readable on the way.
    #[error(
        "the SMTP account would send its password to `{0}` in the clear: use `security: starttls` or `security: tls`"
    )]
    PasswordInTheClear(String),
    /// The file of a certificate authority cannot be read.
    #[error("cannot read `ca_file` {path}: {source}")]
    CaFile {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("cannot set up TLS for `{host}`: {reason}")]
    Tls {
        /// The server.
        host: String,
        /// Why.
        reason: String,
    },
}

/// A server, and how to talk to it.
#[derive(Clone)]
pub(super) struct Endpoint {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
}

#[derive(Clone)]
enum Security {
    None,
    Starttls(TlsParameters),
    Tls(TlsParameters),
}

impl Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Endpoint {
    pub(super) fn plain(addr: SocketAddr) -> Self {
        Self { host: addr.ip().to_string(), port: addr.port(), security: Security::None, credentials: None }
    }

    pub(super) fn new(account: &SmtpAccount, password: Option<String>) -> Result<Self, SetupError> {
        let host = account.host.clone();
        let credentials = match (&account.username, password.filter(|password| !password.is_empty())) {
            (Some(username), Some(password)) => Some(Credentials::new(username.clone(), password)),
            (None, None) => None,
            (Some(_), None) => return Err(SetupError::NoPassword),
            (None, Some(_)) => return Err(SetupError::NoUsername),
        };
        let (security, usual_port) = match account.security {
            SmtpSecurity::None => (Security::None, 25),
            SmtpSecurity::Starttls => (Security::Starttls(tls(account)?), 587),
            SmtpSecurity::Tls => (Security::Tls(tls(account)?), 465),
        };
        if matches!(security, Security::None) && credentials.is_some() && !is_this_machine(&host) {
            return Err(SetupError::PasswordInTheClear(host));
        }
        Ok(Self { host, port: account.port.unwrap_or(usual_port), security, credentials })
    }

    /// Connects and gets ready to send. Whatever goes wrong here, no message has left.
    pub(super) async fn open(&self, timeouts: Timeouts) -> Result<Open, String> {
        match timeout(timeouts.connect, Box::pin(self.ready(timeouts.connect))).await {
            Ok(Ok(open)) => Ok(open),
            Ok(Err(reason)) => Err(format!("{self}: {reason}")),
            Err(_) => Err(format!("{self}: no connection within {} s", timeouts.connect.as_secs_f32())),
        }
    }

    async fn ready(&self, patience: Duration) -> Result<Open, String> {
        // The address literal of RFC 5321 for a client that has no name of its own.
        let hello = ClientId::Ipv4(std::net::Ipv4Addr::LOCALHOST);
        let in_words = |error: Error| Failure::from(error).to_string();
        let mut connection = if let Security::Tls(parameters) = &self.security {
            let server = (self.host.as_str(), self.port);
            AsyncSmtpConnection::connect_tokio1(
                server,
                Some(patience),
                &hello,
                Some(parameters.clone()),
                None,
            )
            .await
            .map_err(in_words)?
        } else {
            let stream = TcpStream::connect((self.host.as_str(), self.port))
                .await
                .map_err(|error| format!("cannot connect: {error}"))?;
            // The final dot is a small write after a large one; without this it waits for the peer's delayed
            // acknowledgement, forty milliseconds for each message.
            stream.set_nodelay(true).map_err(|error| format!("cannot connect: {error}"))?;
            AsyncSmtpConnection::connect_with_transport(Box::new(LineByLine::new(stream)), &hello)
                .await
                .map_err(in_words)?
        };
        if let Security::Starttls(parameters) = &self.security {
            if !connection.can_starttls() {
                return Err("the server does not offer STARTTLS, and `security: starttls` needs it".into());
            }
            connection.starttls(parameters.clone(), &hello).await.map_err(in_words)?;
        }
        if let Some(credentials) = &self.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await
                .map_err(|error| format!("authentication failed: {}", Failure::from(error)))?;
        }
        // Whoever has asked for TLS or for a name may offer more than before, and what the library read of it is not all.
        let offered = connection.command(Ehlo::new(hello)).await;
        let pipelining =
            offered.is_ok_and(|answer| answer.has_code(250) && says_pipelining(answer.message()));
        Ok(Open { connection, pipelining })
    }
}

fn says_pipelining<'a>(mut offered: impl Iterator<Item = &'a str>) -> bool {
    offered.any(|line| line.trim().eq_ignore_ascii_case("PIPELINING"))
}

fn tls(account: &SmtpAccount) -> Result<TlsParameters, SetupError> {
    let failed = |reason: Error| SetupError::Tls { host: account.host.clone(), reason: reason.to_string() };
    let mut builder = TlsParameters::builder(account.host.clone());
    if let Some(path) = &account.ca_file {
        let pem =
            std::fs::read(path).map_err(|source| SetupError::CaFile { path: PathBuf::from(path), source })?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(failed)?);
    }
    builder.build_rustls().map_err(failed)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// How a command failed.
pub(super) enum Failure {
    /// The server answered 4xx.
    NotNow(String),
    /// The server answered 5xx.
    Never(String),
    /// There was no answer, or none that can be understood. The connection is of no more use.
    Broken(String),
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNow(text) | Self::Never(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut text = error.status().map_or_else(|| error.to_string(), |code| code.to_string());
        if error.status().is_some()
            && let Some(said) = error.source()
        {
            text = format!("{text} {said}");
        }
        // 421: the server is closing this connection, whatever was asked.
        match error.status().map(|code| code.to_string()) {
            Some(code) if code == "421" => Self::Broken(text),
            Some(_) if error.is_transient() => Self::NotNow(text),
            Some(_) if error.is_permanent() => Self::Never(text),
            _ => Self::Broken(text),
        }
    }
}

/// A connection on which messages can be handed over.
pub(super) struct Open {
    connection: AsyncSmtpConnection,
    /// Commands may be sent before the answer to the one before (RFC 2920).
    pub(super) pipelining: bool,
}

/// A good answer: its code and text.
pub(super) struct Said {
    pub(super) code: String,
    pub(super) text: String,
}

impl Open {
    pub(super) fn offers(&self, extension: Extension) -> bool {
        self.connection.server_info().supports_feature(extension)
    }

    pub(super) async fn command(
        &mut self,
        command: impl Display,
        patience: Duration,
    ) -> Result<Said, Failure> {
        answer(self.connection.command(command), patience).await
    }

    /// The answer to a command that was sent along with one before it.
    pub(super) async fn next_answer(&mut self, patience: Duration) -> Result<Said, Failure> {
        answer(self.connection.read_response(), patience).await
    }

    /// The message, its final dot, and the server's answer.
    pub(super) async fn message(&mut self, message: &[u8], patience: Duration) -> Result<Said, Failure> {
        answer(self.connection.message(message), patience).await
    }

    /// Leaves politely; a server that does not answer is left all the same.
    pub(super) async fn quit(mut self, patience: Duration) {
        let _ = self.command(Quit, patience).await;
    }
}

async fn answer(
    command: impl Future<Output = Result<lettre::transport::smtp::response::Response, Error>>,
    patience: Duration,
) -> Result<Said, Failure> {
    match timeout(patience, command).await {
        Ok(Ok(response)) => {
            let text = response.message().collect::<Vec<_>>().join(" ");
            Ok(Said { code: response.code().to_string(), text })
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Failure::Broken(format!("no answer within {} s", patience.as_secs_f32()))),
    }
}
