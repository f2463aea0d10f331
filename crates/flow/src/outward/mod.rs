//! The way out: what is due is checked once more, written down as intended, handed over, and its outcome written.
//!
//! 1. `expire` — what has no point any more
//! 2. `wake` — runs whose time has come go on
//! 3. `claim` — due deliveries are checked next to the send (kill switch, freshness, suppression, consent, contact
//!    policy) and those that pass are written down as being sent, in one commit
//! 4. `render` and `hand_over` — outside of any commit
//! 5. `settle` — outcomes are written in one commit, and runs go on
//!
//! A process that dies between 3 and 5 leaves deliveries that are being sent; the next start calls their outcome
//! unknown, and nobody repeats them blindly.
//!
//! What comes back later (it bounced, was opened, was called spam) is heard by `feedback`: `returns` finds it in mail, and
//! `tracking` puts into messages what tells that they are read.
//!
//! What became of those is said by people of the house (`resolve`), who can look into the receiving server's log.
//!
//! What webhooks are told goes the same way beside the messages (`posts`). It concerns no contact point, and its receiver
//! knows a repetition for one, so that it is repeated rather than unknown.

mod circumstances;
mod claim;
mod contact;
mod courier;
mod dispatcher;
mod feedback;
mod forecast;
mod posts;
mod replay;
mod resolve;
mod resume;
mod returns;
mod settle;
mod tracking;

pub(crate) use circumstances::{release_fresh, release_switched};
pub(crate) use claim::{Claimed, claim};
pub(crate) use contact::{capped, is_reachable, may_contact};
pub use courier::{Courier, Environment, Preview, Transport};
pub use dispatcher::Dispatcher;
pub use feedback::{Heard, What};
pub(crate) use forecast::{Forecast, Message};
pub use replay::Replayed;
pub use resolve::{Resolved, Resolving, WhatBecame};
pub(crate) use resume::resume;
pub use returns::{Returns, ReturnsFolder, Understood};
pub(crate) use settle::interrupted;
pub use tracking::{Visit, Visits};
