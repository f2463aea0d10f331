//! A message on paper: RFC 5322 bytes from what a letter says.

use super::Marks;
use crowsnest_model::{DeliveryId, Time};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Date, HeaderName, HeaderValue},
    },
};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};

/// Everything that a message says. Composing the same letter twice gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The sender: `Harbor Motors <hello@harbor-motors.example>`.
    pub from: String,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<String>,
    /// The recipient's address, without a name.
    pub to: String,
    /// The subject line.
    pub subject: String,
    /// The body as HTML.
    pub html: String,
    /// The body as plain text.
    pub text: String,
    /// The message's id, the same each time it is tried; see [`message_id`].
    pub message_id: String,
    /// Where one click unsubscribes: an `https` URL, or `http` on this machine. `None` for service messages.
    pub unsubscribe_url: Option<String>,
    /// An address beside it, mail to which unsubscribes.
    pub unsubscribe_mail: Option<String>,
    /// By what machines know of which kind it is.
    pub marks: Marks,
    /// When it was written.
    pub date: Time,
}

/// Why a letter cannot be made into a message. Names the part, never what it holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Not an address, or not a name with an address.
    #[error("`{field}` is not an address: {reason}")]
    Address {
        /// Which part of the letter.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A line break or another control character where a header is to stand.
    #[error("`{field}` has a line break or another control character in it")]
    Control {
        /// Which part of the letter.
        field: &'static str,
    },
    /// Not a message id.
    #[error("the message id is not of the form <name@domain>")]
    MessageId,
    /// Not a URL that a mailbox provider may post to.
    #[error(
        "the unsubscribe link is neither an https URL nor http on this machine, or has a forbidden character"
    )]
    UnsubscribeUrl,
    /// The library that writes messages refused it.
    #[error("the message could not be written: {0}")]
    Write(String),
}

/// The message id of a delivery from this sender: `<dlv_…@domain>`, the same for each try.
pub fn message_id(delivery: DeliveryId, from: &str) -> Result<String, ComposeError> {
    let sender = mailbox("from", from)?;
    Ok(format!("<{delivery}@{}>", sender.email.domain()))
}

/// The address alone of a sender such as `Harbor Motors <hello@harbor-motors.example>`: who the envelope is from.
pub fn sender_address(from: &str) -> Result<String, ComposeError> {
    Ok(mailbox("from", from)?.email.to_string())
}

/// Writes the message: `multipart/alternative` with the text first, and one-click unsubscribing (RFC 8058).
pub fn compose(letter: &Letter) -> Result<Vec<u8>, ComposeError> {
    no_controls("subject", &letter.subject)?;
    let from = mailbox("from", &letter.from)?;
    no_controls("to", &letter.to)?;
    let to: Address = letter
        .to
        .parse()
        .map_err(|error: lettre::address::AddressError| address_error("to", error.to_string()))?;
    let date = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(letter.date.0).unwrap_or(0));
    let mut builder = Message::builder()
        .header(Date::new(date))
        .from(from)
        .to(Mailbox::new(None, to))
        .subject(letter.subject.as_str());
    if let Some(reply_to) = &letter.reply_to {
        builder = builder.reply_to(mailbox("reply_to", reply_to)?);
    }
    if !is_message_id(&letter.message_id) {
        return Err(ComposeError::MessageId);
    }
    builder =
        builder.raw_header(exact(HeaderName::new_from_ascii_str("Message-ID"), letter.message_id.clone()));
    if let Some(url) = &letter.unsubscribe_url {
        if !may_be_posted_to(url) {
            return Err(ComposeError::UnsubscribeUrl);
        }
        let mut ways = format!("<{url}>");
        if let Some(address) = &letter.unsubscribe_mail {
            let address = plain("unsubscribe_mail", address)?;
            ways.push_str(&format!(", <mailto:{address}?subject=unsubscribe>"));
        }
        builder = builder
            .raw_header(exact(HeaderName::new_from_ascii_str("List-Unsubscribe"), ways))
            .raw_header(exact(
                HeaderName::new_from_ascii_str("List-Unsubscribe-Post"),
                "List-Unsubscribe=One-Click".to_owned(),
            ));
    }
    for (name, value) in letter.marks.headers() {
        builder = builder.raw_header(exact(HeaderName::new_from_ascii_str(name), value));
    }
    let body = MultiPart::alternative()
        .boundary(boundary(letter))
        .singlepart(lettre::message::SinglePart::plain(letter.text.clone()))
        .singlepart(lettre::message::SinglePart::html(letter.html.clone()));
    let message = builder.multipart(body).map_err(|error| ComposeError::Write(error.to_string()))?;
    Ok(message.formatted())
}

/// A header whose value has been checked and must stand there to the letter, not folded or encoded.
fn exact(name: HeaderName, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(name, value.clone(), value)
}

/// What separates the parts. It depends on all that they hold, so no content can contain its own boundary.
fn boundary(letter: &Letter) -> String {
    let digest = Sha256::new()
        .chain_update(&letter.message_id)
        .chain_update([0])
        .chain_update(&letter.text)
        .chain_update([0])
        .chain_update(&letter.html)
        .finalize();
    let digits: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("crowsnest-{digits}")
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, ComposeError> {
    no_controls(field, text)?;
    text.parse().map_err(|error: lettre::address::AddressError| address_error(field, error.to_string()))
}

/// An address that may stand in a URL as it is.
fn plain<'a>(field: &'static str, text: &'a str) -> Result<&'a str, ComposeError> {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.' | b'@');
    match text.parse::<Address>() {
        Ok(_) if text.bytes().all(fits) => Ok(text),
        Ok(_) => Err(address_error(field, "it has characters that a link cannot have".into())),
        Err(error) => Err(address_error(field, error.to_string())),
    }
}

fn address_error(field: &'static str, reason: String) -> ComposeError {
    ComposeError::Address { field, reason }
}

fn no_controls(field: &'static str, text: &str) -> Result<(), ComposeError> {
    // U+2028 and U+2029 are line breaks too, to some readers.
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) { Err(ComposeError::Control { field }) } else { Ok(()) }
}

fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let allowed =
        |c: u8| c.is_ascii_graphic() && !matches!(c, b'<' | b'>' | b'(' | b')' | b'"' | b'\\' | b',');
    inner.and_then(|inner| inner.split_once('@')).is_some_and(|(name, domain)| {
        let fits = |part: &str| !part.is_empty() && part.bytes().all(|c| allowed(c) && c != b'@');
        text.len() <= 250 && fits(name) && fits(domain)
    })
}

fn may_be_posted_to(url: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_graphic() && !matches!(c, b'<' | b'>' | b'"' | b'\\' | b',' | b'`');
    if url.len() > 900 || !url.bytes().all(allowed) {
        return false;
    }
    let host = |rest: &str| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        let port = authority.rfind(':').filter(|at| !authority.get(*at..).unwrap_or_default().contains(']'));
        authority.get(..port.unwrap_or(authority.len())).unwrap_or_default().to_owned()
    };
    if let Some(rest) = url.strip_prefix("https://") {
        return !host(rest).is_empty();
    }
    url.strip_prefix("http://")
        .is_some_and(|rest| matches!(host(rest).as_str(), "localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            from: "Harbor Motors <hello@harbor-motors.example>".into(),
            reply_to: Some("service@harbor-motors.example".into()),
            to: "ann@example.com".into(),
            subject: "Käse, Ann?".into(),
            html: "<!doctype html><html><body><p>Grüße, Ann</p></body></html>".into(),
            text: "Grüße, Ann\n.\nBye\n".into(),
            message_id: message_id(DeliveryId(42), "Harbor Motors <hello@harbor-motors.example>").unwrap(),
            unsubscribe_url: Some("https://crowsnest.example/u/1abc".into()),
            unsubscribe_mail: None,
            marks: Marks::default(),
            date: "2026-03-01T09:30:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn a_letter_becomes_a_message() {
        let first = compose(&letter()).unwrap();
        assert_eq!(first, compose(&letter()).unwrap(), "the same letter gives the same bytes");
        insta::assert_snapshot!(String::from_utf8(first).unwrap().replace("\r\n", "\n"));
    }

    #[test]
    fn one_click_headers_stand_there_exactly_or_not_at_all() {
        let text = |letter: &Letter| String::from_utf8(compose(letter).unwrap()).unwrap();
        let with = text(&letter());
        assert!(with.contains("\r\nList-Unsubscribe: <https://crowsnest.example/u/1abc>\r\n"));
        assert!(with.contains("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
        let both = text(&Letter { unsubscribe_mail: Some("u-1abc@returns.example".into()), ..letter() });
        let ways = "<https://crowsnest.example/u/1abc>, <mailto:u-1abc@returns.example?subject=unsubscribe>";
        assert!(both.contains(&format!("\r\nList-Unsubscribe: {ways}\r\n")), "{both}");
        for address in ["u-1@x.example>\r\nBcc: y@x.example", "u?cc=y@x.example", "nobody", ""] {
            assert!(
                compose(&Letter { unsubscribe_mail: Some(address.into()), ..letter() }).is_err(),
                "{address}"
            );
        }
        let without = text(&Letter { unsubscribe_url: None, ..letter() });
        assert!(!without.contains("List-Unsubscribe"));
        for (url, good) in [
            ("https://a.example/u/1", true),
            ("http://localhost:8080/u/1", true),
            ("http://127.0.0.1/u/1", true),
            ("http://[::1]:8080/u/1", true),
            ("http://a.example/u/1", false),
            ("http://127.0.0.1.evil.example/u/1", false),
            ("http://localhost@evil.example/u/1", false),
            ("https://", false),
            ("javascript:alert(1)", false),
            ("mailto:a@b.co", false),
            ("https://a.example/\r\nBcc: x@y.example", false),
            ("https://a.example/>, <https://b.example", false),
        ] {
            let result = compose(&Letter { unsubscribe_url: Some(url.into()), ..letter() });
            assert_eq!(result.is_ok(), good, "{url}");
        }
    }

    #[test]
    fn senders_are_names_with_addresses() {
        for (from, address) in [
            ("Harbor Motors <hello@harbor-motors.example>", Some("hello@harbor-motors.example")),
            ("\"Motors, Harbor\" <hello@harbor-motors.example>", Some("hello@harbor-motors.example")),
            ("Häfen & Söhne <hello@harbor-motors.example>", Some("hello@harbor-motors.example")),
            ("hello@harbor-motors.example", Some("hello@harbor-motors.example")),
            ("Harbor Motors", None),
            ("", None),
        ] {
            assert_eq!(sender_address(from).ok().as_deref(), address, "{from}");
        }
    }

    #[test]
    fn nothing_in_a_letter_can_add_a_header() {
        let inject = "x\r\nBcc: victim@example.com";
        let cases: [(&str, Letter); 6] = [
            ("subject", Letter { subject: inject.into(), ..letter() }),
            ("subject, bare line feed", Letter { subject: "x\nBcc: v@example.com".into(), ..letter() }),
            ("to", Letter { to: format!("a@b.co{inject}"), ..letter() }),
            ("from", Letter { from: format!("{inject} <a@b.co>"), ..letter() }),
            ("reply_to", Letter { reply_to: Some(format!("a@b.co{inject}")), ..letter() }),
            ("message_id", Letter { message_id: format!("<a@b{inject}>"), ..letter() }),
        ];
        for (what, letter) in cases {
            assert!(compose(&letter).is_err(), "{what}");
        }
        let hostile =
            Letter { text: inject.into(), html: "--crowsnest-\r\n\r\n.\r\nMAIL FROM:<>".into(), ..letter() };
        let bytes = compose(&hostile).unwrap();
        let head = String::from_utf8(bytes).unwrap().split("\r\n\r\n").next().unwrap().to_owned();
        assert!(!head.contains("Bcc"), "{head}");
    }
}
