//! Ways to reach a person: the same files in each channel's folder.
//!
//! * [`email`]: templates, messages, the handover to an SMTP server, and the built-in mailbox.
//! * [`links`]: signed links for messages, without personal data in them.

pub mod email;
pub mod links;
