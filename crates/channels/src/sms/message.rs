//! A text message, and how it looks in the built-in mailbox.

use crowsnest_model::{DeliveryId, Segments, Time};
use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, Date},
    },
};
use std::time::{Duration, SystemTime};

/// The domain of telephone numbers in the built-in mailbox. No mail server takes mail for it.
pub const MAILBOX_DOMAIN: &str = "phone.invalid";

/// So much of a text is its subject in the built-in mailbox.
const SUBJECT: usize = 60;

/// A text message, ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// The number that it is from; nothing where a messaging service chooses it.
    pub from: Option<String>,
    /// The messaging service, where no number is given.
    pub service: Option<String>,
    /// The number that it goes to, in international form.
    pub to: String,
    /// What it says.
    pub text: String,
}

impl TextMessage {
    /// How long it is.
    pub fn segments(&self) -> Segments {
        Segments::of(&self.text)
    }

    /// Who it is from, for people.
    pub fn sender(&self) -> &str {
        self.from.as_deref().or(self.service.as_deref()).unwrap_or_default()
    }
}

/// A text as a mail to the built-in mailbox: sender, recipient, and the mail itself. Where it says that it is a text, nobody
/// takes it for a mail that was sent.
pub fn for_mailbox(
    text: &TextMessage,
    delivery: DeliveryId,
    date: Time,
) -> Result<(String, String, Vec<u8>), String> {
    let address = |local: &str| {
        let local: String = local.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').collect();
        Address::new(local, MAILBOX_DOMAIN).map_err(|error| error.to_string())
    };
    let (from, to) = (address(text.sender())?, address(&text.to)?);
    let one_line = text.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let beginning: String = one_line.chars().take(SUBJECT).collect();
    let more = if beginning.len() < one_line.len() { "…" } else { "" };
    let mail = Message::builder()
        .header(Date::new(SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(date.0).unwrap_or(0))))
        .from(Mailbox::new(None, from.clone()))
        .to(Mailbox::new(None, to.clone()))
        .message_id(Some(format!("<{delivery}@{MAILBOX_DOMAIN}>")))
        .subject(format!("SMS: {beginning}{more}"))
        .header(ContentType::TEXT_PLAIN)
        .body(text.text.clone())
        .map_err(|error| error.to_string())?;
    Ok((from.to_string(), to.to_string(), mail.formatted()))
}
