//! Foreign bytes to events: SDK bodies, CSV, JSON lines and XML, contracts, reasons for quarantine.
//!
//! Pure: nothing here opens a file or a socket, or reads a clock. Bytes come in through a slice or a [`std::io::Read`]
//! that somebody else opened; the moment at which they came is part of the [`Reading`]. What cannot become an
//! [`Event`](crowsnest_model::Event) becomes a [`Rejection`](crowsnest_model::quarantine::Rejection) that says where, why
//! and what to do, and keeps the bytes so that [`redrive`] can read them again.

mod contract;
mod fault;
pub mod feed;
mod feedback;
mod item;
mod json;
mod moment;
mod nearest;
mod redrive;
mod source;
pub mod wire;

pub use feedback::FeedbackRow;
pub use item::{ItemRow, check_item};
pub use redrive::{Redriven, redrive};
pub use source::{SourceError, SourceReader};

use crowsnest_model::{Duration, Time};

/// The circumstances of a reading, which the bytes themselves do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// When the bytes came in, by our clock.
    pub received: Time,
    /// Added to every event time: sample data replayed as if just recorded. Zero normally.
    pub shift: Duration,
    /// What is read is history: it changes profiles but triggers nothing.
    pub historical: bool,
}
