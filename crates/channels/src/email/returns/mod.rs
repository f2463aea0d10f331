//! What comes back by mail: reports of bounces (DSN, RFC 3464), of complaints (ARF, RFC 5965), notes of absence, answers.
//!
//! [`ReturnAddresses`] makes the addresses to which it comes and knows them again; [`read`] says what a mail is and which
//! message it is about. Nothing is decided here about deliveries, and nobody is believed: an address is signed, the rest of
//! a mail anybody can write.

mod mime;
mod status;
mod words;

use crate::links::{LinkSigner, Purpose};
use crowsnest_model::{DeliveryId, Time};
use mail_parser::MessageParser;
use mime::{Fields, Part};
use sha2::{Digest, Sha256};
use status::Status;

pub use status::reaches_nobody;

/// The largest mail that is read, in bytes.
pub const LARGEST: usize = 4 * 1024 * 1024;

/// The most of what the other side said that is kept, in characters.
const SAID: usize = 300;
/// The longest id of a report; a longer one is made short.
const ID: usize = 200;
/// How deep the text of an answer is looked for.
const DEPTH: usize = 4;
/// The most addresses and ids of a mail that are looked at.
const CLUES: usize = 50;

/// An address of the domain to which mail comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// The sender of a message's envelope.
    To(DeliveryId),
    /// Where one writes to stop messages like this one.
    Unsubscribes(DeliveryId),
    /// Where mailbox providers report complaints.
    Complaints,
}

/// The addresses of the domain to which mail comes back.
#[derive(Debug, Clone, Copy)]
pub struct ReturnAddresses<'a> {
    /// The domain.
    pub domain: &'a str,
    /// Who signs.
    pub signer: &'a LinkSigner,
}

impl ReturnAddresses<'_> {
    /// From where a message is sent, as its envelope has it: servers return it there.
    pub fn sender(&self, delivery: DeliveryId) -> String {
        format!("b-{}@{}", self.signer.address_token(Purpose::Return, delivery), self.domain)
    }

    /// Where one writes to stop messages like this one.
    pub fn unsubscribing(&self, delivery: DeliveryId) -> String {
        format!("u-{}@{}", self.signer.address_token(Purpose::UnsubscribeByMail, delivery), self.domain)
    }

    /// Where mailbox providers report complaints.
    pub fn complaints(&self) -> String {
        format!("complaints@{}", self.domain)
    }

    /// What an address is for, if it is one of these and its signature is right.
    pub fn read(&self, address: &str) -> Option<Returned> {
        let (local, domain) = address.rsplit_once('@')?;
        if !domain.eq_ignore_ascii_case(self.domain) {
            return None;
        }
        let local = local.to_ascii_lowercase();
        if local == "complaints" {
            return Some(Returned::Complaints);
        }
        if let Some(token) = local.strip_prefix("b-") {
            return self.signer.verify_address(Purpose::Return, token).map(Returned::To);
        }
        let token = local.strip_prefix("u-")?;
        self.signer.verify_address(Purpose::UnsubscribeByMail, token).map(Returned::Unsubscribes)
    }
}

/// What a mail is that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What makes it one of its kind: its Message-ID, or what is made of its content.
    pub id: String,
    /// When it was written, if it says so.
    pub date: Option<Time>,
    /// What it says.
    pub said: Said,
    /// To whom it came, as its head says.
    pub to: Vec<String>,
    /// Addresses of the message that it returns: its sender's, and those that unsubscribe from it.
    pub original: Vec<String>,
    /// Deliveries that it names by the Message-ID of what it returns or answers. Anybody can write them.
    pub names: Vec<DeliveryId>,
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The message reached nobody.
    Bounced {
        /// There is no such mailbox.
        for_good: bool,
        /// What the other side said.
        said: String,
    },
    /// Somebody called it spam.
    Complained {
        /// Who says so.
        said: String,
    },
    /// Somebody answered.
    Replied {
        /// Nothing more is wanted.
        unsubscribes: bool,
        /// A machine did, for somebody who is away.
        by_machine: bool,
    },
    /// Nothing that anything follows from.
    Nothing {
        /// What it is.
        note: String,
    },
}

/// Reads a mail. Whatever its bytes are, it is something: at worst an answer.
pub fn read(mail: &[u8]) -> Report {
    let mail = mail.get(..LARGEST).unwrap_or(mail);
    let whole = Part::read(mail);
    let head = MessageParser::default().parse_headers(mail);
    let subject = head.as_ref().and_then(|head| head.subject()).unwrap_or_default();
    let parts = whole.parts();
    let mut clues = Clues::default();
    clues.of_head(&whole.fields);
    for part in &parts {
        match part.kind().as_str() {
            "message/rfc822" | "message/global" => clues.of_original(&Part::read(part.body).fields),
            "text/rfc822-headers" | "message/global-headers" => {
                clues.of_original(&Fields::read(&part.text()))
            }
            "message/feedback-report" => clues.of_complaint(&Fields::read(&part.text())),
            _ => {}
        }
    }
    let said = if whole.kind() == "multipart/report" {
        report(&whole, &parts)
    } else {
        loose(&whole, subject).unwrap_or_else(|| answer(&whole, subject))
    };
    let date = head
        .as_ref()
        .and_then(|head| head.date())
        .map(|date| Time(date.to_timestamp().saturating_mul(1_000)));
    Report { id: id(&whole), date, said, to: clues.to, original: clues.original, names: clues.names }
}

/// What it is known by when it comes again.
fn id(mail: &Part<'_>) -> String {
    let named = mail.fields.get("message-id").map(|id| id.trim_matches(['<', '>', ' ']));
    if let Some(id) = named.filter(|id| (1..=ID).contains(&id.len()) && !id.contains(char::is_control)) {
        return id.to_owned();
    }
    // Servers on the way add fields at its head: who wrote it, when and what stays.
    let mut digest = Sha256::new();
    for name in ["message-id", "from", "date", "subject"] {
        digest.update(mail.fields.get(name).unwrap_or_default());
        digest.update([0]);
    }
    digest.update(mail.body);
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// What a report is of: delivery, complaints, or something else.
fn report(whole: &Part<'_>, parts: &[Part<'_>]) -> Said {
    let part = |kinds: &[&str]| parts.iter().find(|part| kinds.contains(&part.kind().as_str()));
    if let Some(part) = part(&["message/delivery-status", "message/global-delivery-status"]) {
        return delivery_status(&part.text());
    }
    if let Some(part) = part(&["message/feedback-report"]) {
        return complaint(&Fields::read(&part.text()));
    }
    let kind = whole.parameter("report-type").unwrap_or_else(|| "unknown".to_owned());
    Said::Nothing { note: short(&format!("a report of the kind {kind}")) }
}

/// A report on delivery: what became of it for each recipient.
fn delivery_status(text: &str) -> Said {
    let text = text.replace("\r\n", "\n");
    let groups = text.split("\n\n").map(Fields::read).filter(|group| !group.is_empty());
    let mut failed: Option<(bool, String)> = None;
    let mut other = None;
    for group in groups.take(CLUES) {
        let Some(action) = group.get("action") else { continue };
        let action = action.split([' ', ';', '(']).next().unwrap_or_default().to_ascii_lowercase();
        if action != "failed" {
            other = Some(action);
            continue;
        }
        let status = group.get("status").unwrap_or_default();
        let diagnostic = group.get("diagnostic-code").unwrap_or_default();
        let said = match diagnostic.split_once(';') {
            Some((kind, said)) if !kind.trim().contains(' ') => said.trim(),
            _ => diagnostic,
        };
        let for_good = status::is_for_good(Status::at(status), said);
        let said = if said.is_empty() { status } else { said };
        // A list or a forwarding fails for one of several: the address is gone only if nobody was there.
        failed = Some(match failed {
            None => (for_good, short(said)),
            Some((before, first)) => (before && for_good, first),
        });
    }
    match (failed, other) {
        (Some((for_good, said)), _) => Said::Bounced { for_good, said },
        (None, Some(action)) => Said::Nothing { note: short(&format!("a report that it was {action}")) },
        (None, None) => Said::Nothing { note: "a report on delivery that names no recipient".to_owned() },
    }
}

/// A report of a complaint.
fn complaint(fields: &Fields) -> Said {
    let kind = fields.get("feedback-type").unwrap_or_default().to_ascii_lowercase();
    if kind != "abuse" {
        return Said::Nothing { note: short(&format!("a report of feedback of the type {kind}")) };
    }
    let from = ["user-agent", "reporting-mta", "source"].into_iter().find_map(|name| fields.get(name));
    Said::Complained { said: short(from.unwrap_or("a mailbox provider")) }
}

/// A mail that a server returns in a form of its own.
fn loose(whole: &Part<'_>, subject: &str) -> Option<Said> {
    let from = whole.fields.get("from").unwrap_or_default().to_ascii_lowercase();
    let by_server =
        ["mailer-daemon", "postmaster@", "mail delivery sub"].iter().any(|word| from.contains(word));
    let names_recipients = whole.fields.get("x-failed-recipients").is_some();
    let is_returned = names_recipients || by_server && words::is_returned(subject);
    if !is_returned {
        return None;
    }
    let text = text(whole, 0);
    // What stands below is the message that came back, in which anything may stand.
    let line = text.lines().take(60).find(|line| Status::in_answer(line).is_some());
    let for_good = line.is_some_and(reaches_nobody);
    Some(Said::Bounced { for_good, said: short(line.unwrap_or(subject)) })
}

/// An answer, of a machine or of somebody.
fn answer(whole: &Part<'_>, subject: &str) -> Said {
    let fields = &whole.fields;
    let submitted = fields.get("auto-submitted").map(|how| how.split(';').next().unwrap_or_default().trim());
    let precedence = fields.get("precedence").unwrap_or_default().to_ascii_lowercase();
    let marks =
        ["x-autoreply", "x-autorespond", "x-autoresponse", "x-auto-response-suppress", "x-auto-reply-from"];
    let by_machine = submitted.is_some_and(|how| !how.eq_ignore_ascii_case("no"))
        || ["auto_reply", "auto-reply", "bulk", "junk", "list"].contains(&precedence.as_str())
        || marks.iter().any(|mark| fields.get(mark).is_some())
        || words::is_away(subject);
    let unsubscribes = !by_machine && words::says_stop(subject, &text(whole, 0));
    Said::Replied { unsubscribes, by_machine }
}

/// The first text of a mail.
fn text(part: &Part<'_>, depth: usize) -> String {
    let kind = part.kind();
    if kind.starts_with("text/") {
        return part.text();
    }
    if depth >= DEPTH {
        return String::new();
    }
    let parts = part.parts();
    let first =
        parts.iter().find(|part| part.kind().starts_with("text/") || part.kind().starts_with("multipart/"));
    first.map(|part| text(part, depth + 1)).unwrap_or_default()
}

/// One line of bounded length.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SAID).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// By what the message is found that a mail is about.
#[derive(Debug, Default)]
struct Clues {
    to: Vec<String>,
    original: Vec<String>,
    names: Vec<DeliveryId>,
}

impl Clues {
    fn of_head(&mut self, fields: &Fields) {
        for name in ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc"] {
            fields.all(name).for_each(|value| addresses(value, &mut self.to));
        }
        for name in ["in-reply-to", "references"] {
            fields.all(name).for_each(|value| self.named(value));
        }
    }

    fn of_original(&mut self, fields: &Fields) {
        for name in ["return-path", "list-unsubscribe"] {
            fields.all(name).for_each(|value| addresses(value, &mut self.original));
        }
        fields.all("message-id").for_each(|value| self.named(value));
    }

    fn of_complaint(&mut self, fields: &Fields) {
        fields.all("original-mail-from").for_each(|value| addresses(value, &mut self.original));
    }

    /// Deliveries by whose id messages are named: `<dlv_…@domain>`.
    fn named(&mut self, value: &str) {
        for word in value.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',')) {
            let id = word.split('@').next().and_then(|id| id.to_ascii_lowercase().parse().ok());
            if let Some(id) = id.filter(|id| !self.names.contains(id) && self.names.len() < CLUES) {
                self.names.push(id);
            }
        }
    }
}

/// Whatever looks like an address in a field.
fn addresses(value: &str, found: &mut Vec<String>) {
    let between =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | ':' | '"' | '(' | ')' | '?');
    let addresses = value.split(between).filter(|word| word.contains('@') && word.len() <= 320);
    found.extend(addresses.take(CLUES.saturating_sub(found.len())).map(str::to_owned));
}
