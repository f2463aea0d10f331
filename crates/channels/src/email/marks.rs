//! By what machines know of which kind a message is: mail programs, providers who count complaints, and those that answer by
//! themselves. Whatever names hold, they cannot add a header.

use super::sender_address;
use base64::{Engine, engine::general_purpose::STANDARD};

/// More characters of a title than this do not help to know a list.
const TITLE: usize = 100;

/// The largest list identifier (RFC 2919, section 3).
const IDENTIFIER: usize = 255;

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The program or broadcast.
    pub program: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// What people read of the topic.
    pub title: &'a str,
    /// The channel.
    pub channel: &'a str,
    /// The workspace.
    pub workspace: &'a str,
    /// The sender.
    pub from: &'a str,
    /// It is a service message: of no list from which anybody could go.
    pub service: bool,
}

/// The marks of a message. Without any it is only not written by a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    headers: Vec<(&'static str, String)>,
}

impl Marks {
    /// The marks of a message.
    ///
    /// `Feedback-ID` is by what providers group complaints (Google's form, the sender last), `List-Id` (RFC 2919) by what mail
    /// programs sort, and `Precedence` what older programs that answer for somebody look at.
    pub fn of(about: &About<'_>) -> Self {
        let feedback = [about.program, about.topic, about.channel, about.workspace].map(label).join(":");
        let mut headers = vec![("Feedback-ID", feedback)];
        if !about.service {
            headers.extend(list_id(about).map(|id| ("List-Id", id)));
            headers.push(("Precedence", "bulk".to_owned()));
        }
        Self { headers }
    }

    /// The headers, each on lines of its own.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        // Nobody is at hand who could read an answer of a machine (RFC 3834).
        let by_itself = ("Auto-Submitted", "auto-generated".to_owned());
        self.headers.iter().cloned().chain([by_itself])
    }
}

/// `"Offers" <offers.acme.example>`; nothing when the sender's domain cannot stand there.
fn list_id(about: &About<'_>) -> Option<String> {
    let sender = sender_address(about.from).ok()?;
    let domain = sender.rsplit_once('@')?.1.to_ascii_lowercase();
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
    let identifier = format!("{}.{domain}", label(about.topic).replace('.', "-").to_ascii_lowercase());
    (identifier.len() <= IDENTIFIER && domain.bytes().all(fits))
        .then(|| format!("{}<{identifier}>", phrase(about.title)))
}

/// A name of which only what may stand everywhere is left.
fn label(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    name.chars().take(TITLE).map(safe).collect()
}

/// A title as words in front of an address, with the blank after them: quoted, or encoded when it has other letters.
fn phrase(title: &str) -> String {
    let clean = |c: char| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c };
    let title: String = title.chars().take(TITLE).map(clean).collect();
    let title = title.trim();
    if title.is_empty() {
        return String::new();
    }
    if title.is_ascii() {
        return format!("\"{}\" ", title.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut words = String::new();
    let mut part = String::new();
    for c in title.chars() {
        // Encoded, a line has 76 characters at most, with the name of the header (RFC 2047).
        if part.len() + c.len_utf8() > 39 {
            words.push_str(&encoded(&std::mem::take(&mut part)));
        }
        part.push(c);
    }
    words + &encoded(&part)
}

/// A word, folded after it so that no line is longer than encoded ones may be.
fn encoded(part: &str) -> String {
    format!("=?utf-8?B?{}?=\r\n ", STANDARD.encode(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About<'static> {
        About {
            program: "spring",
            topic: "offers",
            title: "Offers",
            channel: "email",
            workspace: "harbor-motors",
            from: "Harbor Motors <hello@Harbor-Motors.example>",
            service: false,
        }
    }

    fn written(about: &About<'_>) -> Vec<String> {
        Marks::of(about).headers().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn machines_know_what_it_is() {
        assert_eq!(
            written(&about()),
            [
                "Feedback-ID: spring:offers:email:harbor-motors",
                "List-Id: \"Offers\" <offers.harbor-motors.example>",
                "Precedence: bulk",
                "Auto-Submitted: auto-generated",
            ]
        );
        assert_eq!(
            written(&About { service: true, topic: "orders", ..about() }),
            ["Feedback-ID: spring:orders:email:harbor-motors", "Auto-Submitted: auto-generated"],
            "of a service message nobody can go"
        );
        let other = written(&About { title: "Angebote für Käufer", topic: "2.offers", ..about() });
        assert_eq!(
            other[1],
            "List-Id: =?utf-8?B?QW5nZWJvdGUgZsO8ciBLw6R1ZmVy?=\r\n <2-offers.harbor-motors.example>"
        );
    }

    #[test]
    fn no_name_can_add_a_header_or_another_list() {
        let inject = "x\r\nBcc: v@example.com\r\n\r\n<script>";
        for text in [inject, "a\u{2028}b: c", "\"> <evil.example", "a:b:c", "ü\r\nBcc: v@example.com", ""] {
            let hostile =
                About { program: text, topic: text, title: text, channel: text, workspace: text, ..about() };
            for line in written(&hostile) {
                let (name, value) = line.split_once(": ").unwrap();
                assert!(["Feedback-ID", "List-Id", "Precedence", "Auto-Submitted"].contains(&name), "{line}");
                assert!(
                    value.is_ascii() && value.replace("\r\n ", "").chars().all(|c| !c.is_control()),
                    "{line}"
                );
                if name == "Feedback-ID" {
                    assert_eq!(value.matches(':').count(), 3, "{line}");
                }
                if name == "List-Id" {
                    assert!(value.ends_with(".harbor-motors.example>"), "{line}");
                }
            }
        }
        let long = "ü".repeat(5_000);
        let lines = written(&About { title: &long, ..about() });
        assert!(lines.iter().flat_map(|line| line.split("\r\n")).all(|line| line.len() <= 78), "{lines:?}");
        let elsewhere = written(&About { from: "nobody", ..about() });
        assert!(
            elsewhere.iter().all(|line| !line.starts_with("List-Id")),
            "a sender without a domain has no list"
        );
    }
}
