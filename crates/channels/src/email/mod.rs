//! E-mail: from a template to a message in somebody's mailbox.
//!
//! [`CompiledTemplate`](crate::template::CompiledTemplate) makes the content, [`compose`] the message, [`DkimSigner`] signs it, [`SmtpTransport`] hands it over and says what
//! came of it. [`tracked`] is what is put into messages so that reading them can be heard, and [`machine`] tells who of those
//! that come is no person. [`returns`] reads what comes back as mail. [`receiving`] takes mail in, for [`Mailbox`], the
//! receiving end of a fresh installation, and for what comes back. [`check`] asks the DNS whether all this will be believed.

pub mod check;
mod dkim;
mod handover;
mod machines;
mod mailbox;
mod marks;
mod message;
pub mod pages;
pub mod receiving;
pub mod returns;
pub mod tracked;

pub use dkim::{DkimSigner, KeyError};
pub use handover::{SetupError, SmtpTransport, Timeouts};
pub use machines::machine;
pub use mailbox::{Mail, MailSummary, Mailbox};
pub use marks::{About, Marks};
pub use message::{ComposeError, Letter, compose, message_id, sender_address};
