//! The way out: what is due is checked once more, written down as intended, handed over, and its outcome written.
//!
//! 1. `expire` — what has no point any more
//! 2. `wake` — runs whose time has come go on
//! 3. `claim` — what is due for lines that have room (`rooms`) is checked next to the send (kill switch, freshness, suppression, consent, contact
//!    policy, budgets) and those that pass are written down as being sent, in one commit
//! 4. `render` and `hand_over` — outside of any commit; what bars a message is asked once more (`bars`) when the server waits
//!    for its first byte, since people unsubscribe meanwhile
//! 5. `settle` — outcomes are written as they become known, those of one moment in one commit, and runs go on
//!
//! `lines` does this for all lines side by side, so that none waits for another; and what fails again and again for its own
//! sake is left alone for a while (`circuits`).
//!
//! A process that dies between 3 and 5 leaves deliveries that are being sent; the next start calls their outcome
//! unknown, and nobody repeats them blindly.
//!
//! What comes back later (it bounced, was opened, was called spam) is heard by `feedback`: `returns` finds it in mail, and
//! `tracking` puts into messages what tells that they are read.
//!
//! What comes back by SMS is heard by `texted`: receipts of the gateway, and what people text.
//!
//! What became of those is said by people of the house (`resolve`), who can look into the receiving server's log.
//!
//! Letters wait for a print run (`letters`), which claims them by the same checks and settles them when their files are whole.
//!
//! Copies for the house's own addresses (`seeds`) go the same way, and are no customer's.
//!
//! Calls are made by people of the house: they are handed over by coming onto a team's list (`lists`), and what came of them
//! is said by whoever made them (`calls`).
//!
//! What webhooks are told goes the same way. It concerns no contact point, and its receiver knows a repetition for one, so
//! that it is repeated rather than unknown.

mod alarms;
mod bars;
mod calls;
mod circuits;
mod circumstances;
mod claim;
mod contact;
mod courier;
mod dispatcher;
mod estimate;
mod feedback;
mod forecast;
mod letters;
mod lines;
mod lists;
mod pace;
mod purse;
mod relays;
mod replay;
mod resolve;
mod resume;
mod returns;
mod rooms;
mod secrets;
pub(crate) mod seeds;
mod settle;
mod spelt;
mod standing;
mod texted;
mod tracking;
mod worklist;

pub use calls::{CallOutcome, TaskDone};
pub use circuits::WayState;
pub(crate) use circumstances::{CHANNEL_SCOPE, release_fresh, release_switched};
pub(crate) use claim::Claimed;
pub(crate) use contact::{capped, is_reachable, may_contact, what_was_agreed};
pub use courier::{Courier, Knock, Posting, Preview, Tested};
pub(crate) use dispatcher::until;
pub use dispatcher::{Dispatcher, LineStanding};
pub use estimate::{Estimate, MessagesCost, ShortBudget};
pub(crate) use estimate::{Expected, estimate};
pub(crate) use feedback::hear_rows;
pub(crate) use feedback::suppress;
pub use feedback::{Heard, What};
pub(crate) use forecast::{Forecast, Message};
pub use letters::{LetterFile, PrintPreview, PrintReport, PrintedLetters, Residents, Unmade};
pub(crate) use letters::{Printing, contact_of, recover};
pub(crate) use lists::{notice_room, recheck_calls};
pub(crate) use purse::{Purse, run_ends, was_told};
pub use relays::Relay;
pub use replay::Replayed;
pub use resolve::{Resolved, Resolving, WhatBecame};
pub(crate) use resume::resume;
pub use returns::{Returns, ReturnsFolder, Understood};
pub use secrets::Environment;
pub use seeds::SeedCopy;
pub(crate) use settle::interrupted;
pub(crate) use spelt::spell_anew;
pub use standing::SenderStanding;
pub(crate) use standing::begin_anew;
pub use tracking::{Visit, Visits};
pub use worklist::{Listed, TeamStanding};
