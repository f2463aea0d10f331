//! The words of Crowsnest: ids, events, profiles, consents and definitions.
//!
//! Everything here is plain data. No IO, no clock, no randomness: time and entropy come in as arguments, so that the
//! same events always give the same state.

pub mod address;
pub mod amount;
pub mod consent;
pub mod contact;
pub mod definition;
pub mod delivery;
pub mod event;
pub mod household;
pub mod id;
pub mod identifier;
pub mod item;
pub mod line;
pub mod money;
pub mod percent;
pub mod profile;
pub mod quarantine;
pub mod sending;
pub mod series;
pub mod sms;
pub mod time;
mod written;

pub use amount::Amount;
pub use consent::{Consent, ConsentClaim, ConsentStatus};
pub use event::{Event, EventKind};
pub use id::{
    DecisionId, DeliveryId, EventId, HouseholdId, IdMaker, PrintRunId, ProfileId, QuarantineId, QuestionId,
    RunId, TaskId,
};
pub use identifier::{Identifier, Namespace};
pub use item::{InterestId, Item};
pub use money::Money;
pub use percent::Percent;
pub use profile::{Profile, Trait};
pub use series::{Series, SeriesId};
pub use sms::{Encoding, Segments};
pub use time::{Duration, Time};

/// A JSON object, in the order in which its members were written.
pub type Object = serde_json::Map<String, serde_json::Value>;
