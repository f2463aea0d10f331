//! Webhooks: from what a program says to a signed post that its receiver has taken.
//!
//! [`told`] makes the message, [`Hook`] signs it by the Standard Webhooks specification, posts it and says what came of
//! it. Every connection is a new one, to an address that was looked up and checked for this post.

mod message;
mod post;
mod signature;

pub use message::{Told, budget_alarm, test, told};
pub use post::{Hook, Post, SetupError};
pub use signature::{SecretError, Signer};
