//! SMS: from a text to a telephone, by way of a gateway with the interface of Twilio.
//!
//! [`TextMessage`] is what is sent, [`Gateway`] hands it over and says what came of it, [`receiving`] reads what the gateway
//! says afterwards, and [`wanted`] what people mean who answer. Without a gateway, [`for_mailbox`] makes a mail of a text for
//! the built-in mailbox.

mod handover;
mod message;
pub mod receiving;
mod words;

pub use handover::{Gateway, SetupError, reaches_nobody, unsubscribed_there};
pub use message::{MAILBOX_DOMAIN, TextMessage, for_mailbox};
pub use words::{Wanted, wanted};
