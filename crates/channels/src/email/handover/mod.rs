//! Handing a message to an SMTP server, and saying for certain what came of it.
//!
//! The stage at which something fails decides. Until the server has answered DATA with 354 it surely has nothing; from
//! the first byte of the message until its answer to the final dot, only that answer tells.

mod connection;
mod line_by_line;

use crate::Outcome;
use connection::{Endpoint, Failure, Open, Said};
use crowsnest_model::definition::SmtpAccount;
use lettre::{
    Address,
    transport::smtp::{
        commands::{Data, Mail, Rcpt, Rset},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

pub use connection::SetupError;

/// How many connections one transport has open at most; more hand-overs wait their turn.
const CONNECTIONS: usize = 16;
/// How long an idle connection is kept: servers close theirs after a minute or more.
const IDLE: Duration = Duration::from_secs(30);
/// How many messages go over one connection: some servers count.
const MESSAGES: u32 = 500;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the connection with its greeting, TLS and authentication.
    pub connect: Duration,
    /// For the answer to a command.
    pub command: Duration,
    /// For taking the message and the answer to its final dot. Short waits make unknown outcomes.
    pub message: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            command: Duration::from_secs(60),
            message: Duration::from_secs(300),
        }
    }
}

/// Hands messages to one SMTP server. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct SmtpTransport {
    shared: Arc<Shared>,
}

struct Shared {
    endpoint: Endpoint,
    timeouts: Timeouts,
    kept: Mutex<Vec<Kept>>,
    places: Semaphore,
}

/// A connection between two messages.
struct Kept {
    open: Open,
    messages: u32,
    since: Instant,
}

/// Who a message is from and to, in the words of SMTP.
struct Envelope {
    from: Address,
    to: Address,
}

impl Envelope {
    fn is_ascii(&self) -> bool {
        let ascii = |address: &Address| address.user().is_ascii() && address.domain().is_ascii();
        ascii(&self.from) && ascii(&self.to)
    }
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpTransport({})", self.shared.endpoint)
    }
}

impl SmtpTransport {
    /// For the server of this account. The password is the one that `password_env` names; reading it is the caller's.
    pub fn new(account: &SmtpAccount, password: Option<String>) -> Result<Self, SetupError> {
        Ok(Self::to(Endpoint::new(account, password)?, Timeouts::default()))
    }

    /// For the built-in mailbox: no TLS, nobody to authenticate to.
    pub fn plain(addr: SocketAddr) -> Self {
        Self::to(Endpoint::plain(addr), Timeouts::default())
    }

    /// The same server, with other patience.
    #[must_use]
    pub fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self::to(self.shared.endpoint.clone(), timeouts)
    }

    fn to(endpoint: Endpoint, timeouts: Timeouts) -> Self {
        let kept = Mutex::default();
        Self { shared: Arc::new(Shared { endpoint, timeouts, kept, places: Semaphore::new(CONNECTIONS) }) }
    }

    /// Connects, greets, secures, authenticates and leaves: whether messages could be handed over now.
    pub async fn check(&self) -> Result<(), String> {
        let open = self.shared.endpoint.open(self.shared.timeouts).await?;
        open.quit(self.shared.timeouts.command).await;
        Ok(())
    }

    /// Hands one message to one recipient over. `from` and `to` are addresses without names.
    pub async fn hand_over(&self, from: &str, to: &str, message: &[u8]) -> Outcome {
        self.hand_over_unless(from, to, message, std::future::ready(None)).await
    }

    /// As [`SmtpTransport::hand_over`], unless `last_word` has something against it. That is asked when the server waits for
    /// the first byte, so that neither a queue for a connection nor a slow server lies between its answer and the message.
    /// What it answers is the outcome then, and the line is closed: a message that never began is none.
    pub async fn hand_over_unless(
        &self,
        from: &str,
        to: &str,
        message: &[u8],
        last_word: impl Future<Output = Option<Outcome>> + Send,
    ) -> Outcome {
        let envelope = match (from.parse(), to.parse()) {
            (Ok(from), Ok(to)) => Envelope { from, to },
            (Err(error), _) => return refused(format!("the sender is not an address: {error}")),
            (_, Err(error)) => return refused(format!("the recipient is not an address: {error}")),
        };
        if has_bare_breaks(message) {
            return refused("the message has line breaks that are not CR LF".into());
        }
        let Ok(_place) = self.shared.places.acquire().await else {
            return line_is_down("the transport is closed".into());
        };
        if let Some(mut kept) = self.take_kept() {
            match self.announce(&mut kept.open, &envelope, message).await {
                // Closed while it was kept, so this message never left: begin again on a fresh connection.
                Err(Unready { failure: Failure::Broken(_), at_mail: true, .. }) => {}
                announced => return self.finish(kept, announced, message, last_word).await,
            }
        }
        match self.shared.endpoint.open(self.shared.timeouts).await {
            Ok(open) => {
                let mut fresh = Kept { open, messages: 0, since: Instant::now() };
                let announced = self.announce(&mut fresh.open, &envelope, message).await;
                self.finish(fresh, announced, message, last_word).await
            }
            Err(reason) => line_is_down(reason),
        }
    }

    /// MAIL, RCPT and DATA, up to the server's 354; in one go, where the server takes it so. No byte of the message leaves before
    /// all three are answered well.
    async fn announce(&self, open: &mut Open, envelope: &Envelope, message: &[u8]) -> Result<(), Unready> {
        let patience = self.shared.timeouts.command;
        let mail = mail(open, envelope, message).map_err(Unready::at_mail)?;
        let rcpt = Rcpt::new(envelope.to.clone(), Vec::new());
        if !open.pipelining {
            open.command(mail, patience).await.map_err(Unready::at_mail)?;
            open.command(rcpt, patience).await.map_err(Unready::later)?;
            return goes_on(open.command(Data, patience).await).map_err(Unready::later);
        }
        let mailed = open.command(format!("{mail}{rcpt}{Data}"), patience).await;
        if let Err(failure @ Failure::Broken(_)) = mailed {
            return Err(Unready::at_mail(failure));
        }
        let known = open.next_answer(patience).await;
        if let Err(failure @ Failure::Broken(_)) = known {
            return Err(Unready::later(failure));
        }
        let data = open.next_answer(patience).await;
        // It waits for a message that must not come: only the end of the connection tells it so.
        let waits = !matches!(data, Err(Failure::NotNow(_) | Failure::Never(_)));
        mailed.map_err(|failure| Unready { waits, ..Unready::at_mail(failure) })?;
        known.map_err(|failure| Unready { waits, ..Unready::later(failure) })?;
        goes_on(data).map_err(Unready::later)
    }

    /// The rest, when the server has answered to what was announced.
    async fn finish(
        &self,
        mut kept: Kept,
        announced: Result<(), Unready>,
        message: &[u8],
        last_word: impl Future<Output = Option<Outcome>> + Send,
    ) -> Outcome {
        if let Err(Unready { failure, at_mail, waits }) = announced {
            let outcome = match failure {
                Failure::Broken(reason) => {
                    return line_is_down(format!("before the message was sent: {reason}"));
                }
                // The sender is always ours: who takes none of it now takes nothing now.
                Failure::NotNow(reason) if at_mail => line_is_down(reason),
                Failure::NotNow(reason) => later(reason),
                Failure::Never(reason) => refused(reason),
            };
            if !waits {
                self.keep_after_reset(kept).await;
            }
            return outcome;
        }
        if let Some(stopped) = last_word.await {
            return stopped;
        }
        kept.messages += 1;
        match kept.open.message(message, self.shared.timeouts.message).await {
            Ok(said) if said.code.starts_with('2') => {
                self.keep(kept);
                Outcome::Accepted { response: format!("{} {}", said.code, said.text) }
            }
            Ok(said) => Outcome::Unknown {
                reason: format!("an answer out of turn after the message: {} {}", said.code, said.text),
            },
            Err(Failure::NotNow(reason)) => {
                self.keep(kept);
                later(reason)
            }
            Err(Failure::Never(reason)) => {
                self.keep(kept);
                refused(reason)
            }
            Err(Failure::Broken(reason)) if reason.starts_with("421") => line_is_down(reason),
            Err(Failure::Broken(reason)) => Outcome::Unknown {
                reason: format!("the line broke after the message was sent and before the answer: {reason}"),
            },
        }
    }

    /// The newest of the kept connections that is still young enough; older ones are dropped.
    fn take_kept(&self) -> Option<Kept> {
        let mut kept = self.lock();
        kept.retain(|connection| connection.since.elapsed() < IDLE);
        kept.pop()
    }

    fn keep(&self, mut kept: Kept) {
        if kept.messages < MESSAGES {
            kept.since = Instant::now();
            self.lock().push(kept);
        }
    }

    /// Keeps a connection on which an envelope was refused, if the server agrees to forget it.
    async fn keep_after_reset(&self, mut kept: Kept) {
        if kept.open.command(Rset, self.shared.timeouts.command).await.is_ok() {
            self.keep(kept);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing can panic while it is held; the connections inside are whole in any case.
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a server did not come to wait for the message.
struct Unready {
    failure: Failure,
    /// It was the first command that failed.
    at_mail: bool,
    /// The server waits for the message all the same.
    waits: bool,
}

impl Unready {
    fn at_mail(failure: Failure) -> Self {
        Self { failure, at_mail: true, waits: false }
    }

    fn later(failure: Failure) -> Self {
        Self { failure, at_mail: false, waits: false }
    }
}

/// MAIL, with what the envelope and the message need of the server.
fn mail(open: &Open, envelope: &Envelope, message: &[u8]) -> Result<Mail, Failure> {
    let mut parameters = Vec::new();
    if !envelope.is_ascii() {
        if !open.offers(Extension::SmtpUtfEight) {
            return Err(Failure::Never("the server takes no addresses outside ASCII (SMTPUTF8)".into()));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        if !open.offers(Extension::EightBitMime) {
            return Err(Failure::Never("the server takes no messages outside ASCII (8BITMIME)".into()));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(Mail::new(Some(envelope.from.clone()), parameters))
}

/// Whether the answer to DATA is the one after which the message may leave.
fn goes_on(answer: Result<Said, Failure>) -> Result<(), Failure> {
    match answer? {
        said if said.code == "354" => Ok(()),
        said => Err(Failure::Broken(format!("an answer out of turn to DATA: {} {}", said.code, said.text))),
    }
}

/// This message may be taken later; the line is well.
fn later(reason: String) -> Outcome {
    Outcome::Later { reason, asked: None, line_is_down: false }
}

/// No message would be taken now.
fn line_is_down(reason: String) -> Outcome {
    Outcome::Later { reason, asked: None, line_is_down: true }
}

fn refused(reason: String) -> Outcome {
    Outcome::Refused { reason }
}

/// A lone CR or LF means different things to different servers, so that one message could pass for two.
fn has_bare_breaks(message: &[u8]) -> bool {
    let mut before = 0;
    for &byte in message {
        if (byte == b'\n') != (before == b'\r') {
            return true;
        }
        before = byte;
    }
    before == b'\r'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_line_breaks_are_seen() {
        for (message, bare) in [
            ("a\r\nb\r\n", false),
            ("", false),
            ("a\nb", true),
            ("a\rb", true),
            ("a\r", true),
            ("\n", true),
            ("\r\r\n", true),
        ] {
            assert_eq!(has_bare_breaks(message.as_bytes()), bare, "{message:?}");
        }
    }
}
