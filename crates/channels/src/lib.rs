//! Ways to reach a person: the same files in each channel's folder.
//!
//! * [`template`]: what messages are made of, on each channel.
//! * [`email`]: messages, the handover to an SMTP server, and the built-in mailbox.
//! * [`sms`]: text messages, handed over to a gateway, and what comes back from there.
//! * [`letter`]: postal addresses, and the files of a print run.
//! * [`webhook`]: signed posts to systems of ours.
//! * [`mod@line`]: requests to elsewhere, each on a line of its own.
//! * [`spreadsheet`]: cells of the tables that go with them.
//! * [`links`]: signed links for messages, without personal data in them.
//!
//! What came of a handover is an [`Outcome`] on each, and [`retry_after`] says when to try again.

pub mod email;
pub mod letter;
pub mod line;
pub mod links;
mod outcome;
pub mod sms;
pub mod spreadsheet;
pub mod template;
pub mod webhook;
mod words;

pub use outcome::{Outcome, retry_after};
