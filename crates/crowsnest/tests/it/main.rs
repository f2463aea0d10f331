//! The binary from outside: it runs as a process of its own, and is talked to as its users do. Files are named after what
//! they do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod browser;
mod canaries;
mod catalogues;
mod cdnow;
mod cli;
mod crash;
#[cfg(feature = "faults")]
mod deliveries;
mod demo;
mod dkim;
mod email_check;
mod example_pages;
mod explain;
mod feedback;
mod identity;
#[cfg(feature = "faults")]
mod launching;
mod letters;
mod looks;
mod mail_servers;
mod mailbox_page;
#[cfg(feature = "faults")]
mod matching;
mod overload;
mod policy;
mod programs;
mod quarantine;
mod returns;
mod sdk;
mod seeds;
mod segments;
mod sms;
mod stops;
mod stops_of_texts;
mod tracking;
mod unsubscribe;
mod webhook_pages;
mod webhooks;
mod wire;
mod world;
