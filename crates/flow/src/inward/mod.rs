//! The way in: events to one commit.
//!
//! The stages, in order. The first runs before the queue, on the caller's thread; the others run on the writer's, for
//! everything that has queued up, as one commit:
//!
//! 1. [`prepare`] — identifiers get their one spelling; the document that is kept is written
//! 2. `dedupe` — a copy of an event that is here changes nothing
//! 3. `identify` — whose is it? People are found, made, merged; the ledger says why. Of what several may go by, `meant` says who is meant
//! 4. `fold` — traits and moments change the profile
//! 5. `agree` — consents are settled on contact points
//! 6. `keep` — the event itself; then segments are asked again, and who comes due by date is let into programs
//! 7. `leave` — programs that the event ends
//! 8. `go_on` — runs that waited for the event, or for what it changed
//! 9. `enter` — programs that the event begins
//!
//! then, once for the batch: profiles are written, watermarks and counts move, what a watermark releases is released.

mod alike;
mod announce;
mod asked;
mod contact_points;
mod dates;
mod enrol;
mod homes;
mod identify;
mod items;
mod meant;
mod prepare;
mod replay;
mod segments;
mod working;

pub(crate) use announce::{event_of, supposed};
pub use enrol::Admission;
pub(crate) use enrol::{CATALOGUE, Cause, Enrolment, Obstacle, REQUEST, Serving};
pub(crate) use items::tell_watchers;
pub use prepare::{Incoming, Prepared, prepare};
pub(crate) use replay::{Recorded, identifier_of};
pub(crate) use segments::{Occurrence, look};
pub(crate) use working::{Loaded, Receipts, UNREADABLE, Working};

use serde::Serialize;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Receipt {
    /// New events.
    pub accepted: u64,
    /// Events that were here already.
    pub duplicates: u64,
    /// What went to the quarantine.
    pub quarantined: u64,
}

impl std::ops::AddAssign for Receipt {
    fn add_assign(&mut self, more: Self) {
        self.accepted += more.accepted;
        self.duplicates += more.duplicates;
        self.quarantined += more.quarantined;
    }
}
