//! Mail that comes back, by whichever way: which message it is about, and who is believed.
//!
//! At the open door (SMTP, LMTP) anybody may knock, so only what is signed counts: the address to which a mail came, or in a
//! complaint an address of the message that it returns. Only servers that had the message know those. In the house (over HTTP with the
//! administrator's token, in the watched folder) the Message-ID of the message is enough.

use super::{Courier, Heard, What};
use crate::{Engine, FlowError, watched::Watched};
use crowsnest_channels::email::{
    receiving::{Incoming, Receiver, Taken},
    returns::{LARGEST, Report, ReturnAddresses, Returned, Said, read},
};
use crowsnest_model::{DeliveryId, delivery::Feedback};
use fail::fail_point;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::Arc,
};

/// So often one thing is heard of one message. Whoever has its address could go on for ever.
const MOST: u64 = 100;

/// Who reads the mail that comes back. As a [`Receiver`], it is the one behind the open door.
#[derive(Debug, Clone)]
pub struct Returns {
    engine: Engine,
    courier: Arc<Courier>,
}

/// What was understood of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The message that it is about.
    pub delivery: DeliveryId,
    /// What was heard of it; nothing when nothing follows from the mail.
    pub heard: Option<Feedback>,
    /// Whether that is new: false for what was heard before.
    pub new: bool,
    /// What the mail is, when nothing follows from it.
    pub note: Option<String>,
}

impl Returns {
    pub(super) fn new(engine: Engine, courier: Arc<Courier>) -> Self {
        Self { engine, courier }
    }

    /// Hears a mail that was brought by somebody of the house.
    pub async fn hear(&self, mail: &[u8]) -> Result<Understood, FlowError> {
        if mail.len() > LARGEST {
            let message = format!("the mail has {} bytes: at most {LARGEST} are read", mail.len());
            return Err(FlowError::Invalid(message));
        }
        let report = read(mail);
        let live = self.engine.live();
        let addresses = self.courier.returns(&live);
        let signed = |texts: &[String]| {
            texts.iter().find_map(|text| addresses.and_then(|addresses| about(addresses.read(text)?)))
        };
        let found = signed(&report.to)
            .or_else(|| signed(&report.original).map(|(delivery, _)| (delivery, false)))
            .or_else(|| report.names.first().map(|delivery| (*delivery, false)));
        let (delivery, unsubscribes) = found.ok_or_else(|| {
            FlowError::Invalid(
                "this mail is about no message of ours: neither an address that belongs to one nor the Message-ID of \
                 one stands where a report or an answer has it"
                    .to_owned(),
            )
        })?;
        self.hear_about(delivery, unsubscribes, &report).await
    }

    async fn hear_about(
        &self,
        delivery: DeliveryId,
        unsubscribes: bool,
        report: &Report,
    ) -> Result<Understood, FlowError> {
        let nothing = |note| Understood { delivery, heard: None, new: false, note: Some(note) };
        let what = match what(&report.said, unsubscribes) {
            Ok(what) => what,
            Err(note) => return Ok(nothing(note)),
        };
        let kind = what.kind();
        if self.is_heard_out(delivery, kind).await? {
            return Ok(nothing(format!("{kind} more than {MOST} times")));
        }
        let time = report.date.unwrap_or_else(|| self.engine.now());
        let new = self.engine.hear(delivery, Heard { id: report.id.clone(), time, what }).await?;
        fail_point!("returned-after", |_| std::process::abort());
        Ok(Understood { delivery, heard: Some(kind), new, note: None })
    }

    /// Whether more of a kind came back on a message than can be meant.
    async fn is_heard_out(&self, delivery: DeliveryId, kind: Feedback) -> Result<bool, FlowError> {
        let engine = self.engine.clone();
        let read = move || engine.read(|read| read.feedback_of(delivery));
        let sums = tokio::task::spawn_blocking(read).await;
        let sums = sums.map_err(|error| FlowError::Broken(error.to_string()))??;
        Ok(sums.iter().any(|sum| sum.kind == kind && sum.times >= MOST))
    }

    /// Hears a mail that came through the open door, for one of its recipients.
    async fn hear_signed(&self, recipient: &str, report: &Report) -> Taken {
        let found = {
            let live = self.engine.live();
            self.courier.returns(&live).and_then(|addresses| signed(&addresses, recipient, report))
        };
        let Some((delivery, unsubscribes)) = found else {
            return Taken::Never("5.7.1 only what comes back on a message of ours is taken here".to_owned());
        };
        match self.hear_about(delivery, unsubscribes, report).await {
            Ok(understood) => {
                let heard = understood.heard.map_or("nothing to hear".to_owned(), |heard| heard.to_string());
                tracing::debug!(%delivery, heard, new = understood.new, "mail came back");
                Taken::Kept(format!("2.0.0 {delivery}: {heard}"))
            }
            Err(FlowError::NotFound { .. }) => {
                Taken::Never("5.1.6 this message is not known any more".to_owned())
            }
            Err(error) => {
                tracing::warn!(%error, %delivery, "mail that came back cannot be heard now");
                Taken::Later("4.3.0 it cannot be heard now, try again".to_owned())
            }
        }
    }
}

impl Receiver for Returns {
    fn knows(&self, recipient: &str) -> bool {
        let live = self.engine.live();
        self.courier.returns(&live).is_some_and(|addresses| addresses.read(recipient).is_some())
    }

    async fn receive(&self, mail: Incoming) -> Vec<Taken> {
        let report = read(&mail.content);
        let mut taken = Vec::with_capacity(mail.to.len());
        for recipient in &mail.to {
            taken.push(self.hear_signed(recipient, &report).await);
        }
        taken
    }
}

/// The folder in which somebody of the house puts mail that came back, one file for each: `returns/` of the engine's data folder.
#[derive(Debug)]
pub struct ReturnsFolder {
    returns: Returns,
    watched: Watched,
}

impl ReturnsFolder {
    /// Watches it, making it if it is not there.
    pub fn open(returns: Returns) -> io::Result<Self> {
        let watched = Watched::open(returns.engine.data(), "returns")?;
        Ok(Self { returns, watched })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.watched.folder()
    }

    /// Hears the mails that are whole. What may pass is tried again at the next look.
    pub async fn look(&mut self) -> io::Result<()> {
        for path in self.watched.settled()? {
            let heard = match read_bounded(&path) {
                Ok(mail) => self.returns.hear(&mail).await,
                Err(error) => Err(FlowError::Feed(error.to_string())),
            };
            let failed = match heard {
                Ok(_) => None,
                Err(error @ (FlowError::Invalid(_) | FlowError::NotFound { .. } | FlowError::Feed(_))) => {
                    Some(error.to_string())
                }
                Err(error) => return Err(io::Error::other(error)),
            };
            let file = path.strip_prefix(self.watched.folder()).unwrap_or(&path);
            self.watched.move_away(file, failed.as_ref())?;
        }
        Ok(())
    }
}

/// A file, and a byte more than is read of a mail.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut mail)?;
    Ok(mail)
}

/// The delivery that an address belongs to, and whether writing there unsubscribes.
fn about(returned: Returned) -> Option<(DeliveryId, bool)> {
    match returned {
        Returned::To(delivery) => Some((delivery, false)),
        Returned::Unsubscribes(delivery) => Some((delivery, true)),
        Returned::Complaints => None,
    }
}

/// The same of a mail to this recipient, by what is signed alone.
fn signed(addresses: &ReturnAddresses<'_>, recipient: &str, report: &Report) -> Option<(DeliveryId, bool)> {
    match addresses.read(recipient)? {
        Returned::Complaints if matches!(report.said, Said::Complained { .. }) => {
            let original = report.original.iter().find_map(|text| about(addresses.read(text)?));
            original.map(|(delivery, _)| (delivery, false))
        }
        returned => about(returned),
    }
}

/// What is heard of a mail, or what it is when nothing follows from it.
fn what(said: &Said, unsubscribes: bool) -> Result<What, String> {
    match said {
        // Whoever writes there wants nothing more, whatever the mail program puts on top; only servers do not write for people.
        Said::Replied { .. } if unsubscribes => Ok(What::Replied { unsubscribes: true, by_machine: false }),
        Said::Bounced { .. } | Said::Complained { .. } if unsubscribes => {
            Err("a report on a mail that nobody of us has sent".to_owned())
        }
        Said::Bounced { for_good, said } => Ok(What::Bounced { for_good: *for_good, said: said.clone() }),
        Said::Complained { said } => Ok(What::Complained { said: said.clone() }),
        Said::Replied { unsubscribes, by_machine } => {
            Ok(What::Replied { unsubscribes: *unsubscribes, by_machine: *by_machine })
        }
        Said::Nothing { note } => Err(note.clone()),
    }
}
