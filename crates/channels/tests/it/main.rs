//! The crate from outside: templates, the handover to servers that misbehave, and the built-in mailbox.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod check;
mod handover;
mod letters;
mod mailbox;
mod receiving;
mod returns;
mod sink;
mod sms;
mod templates;
mod tls;
mod webhooks;
