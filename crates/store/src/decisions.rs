//! What is asked of a store about decisions on who is one person, and about telling two people apart again.

use crate::{EventRow, EventSeq, LedgerEntry, Page, Result};
use crowsnest_model::{DecisionId, DeliveryId, EventId, Identifier, ProfileId, RunId, Time};
use serde::{Deserialize, Serialize};

/// That somebody decided whether two people are one. It holds for whoever goes by these identifiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// When it was made.
    pub time: Time,
    /// Whether they are one.
    pub same: bool,
    /// Who decided.
    pub by: DecidedBy,
    /// Who they were then.
    pub people: [ProfileId; 2],
    /// Why, in their words.
    pub reason: String,
    /// The identifiers of the one and of the other.
    pub sides: [Vec<Identifier>; 2],
    /// Since when it does not count any more.
    pub withdrawn: Option<Time>,
}

/// Who decided whether two people are one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecidedBy {
    /// People of the house.
    People,
    /// Nobody: they are alike enough.
    Likeness {
        /// The version of the model that said so.
        model: String,
        /// How much speaks for it: log2 of the odds.
        bits: f64,
    },
}

/// What can be asked about decisions, and about all that was recorded of a person.
pub trait ReadDecisions {
    /// Decisions, the latest first.
    fn decisions(&self, page: Page) -> Result<Vec<Decision>>;
    /// All decisions that keep people apart and count.
    fn decisions_apart(&self) -> Result<Vec<Decision>>;
    /// All decisions of people of the house that count.
    fn decisions_by_people(&self) -> Result<Vec<Decision>>;
    /// Decisions about people who had one of these ids then, the earliest first.
    fn decisions_of(&self, people: &[ProfileId]) -> Result<Vec<Decision>>;
    /// The ledger of these people, in the order in which it was written.
    fn ledger_of(&self, people: &[ProfileId]) -> Result<Vec<LedgerEntry>>;
    /// A person's events in the order in which they came; `None` when they are more than `at_most`.
    fn events_in_order(
        &self,
        profile: ProfileId,
        at_most: usize,
    ) -> Result<Option<Vec<(EventSeq, EventRow)>>>;
}

/// What can be written about decisions, and to derive people again from their events.
pub trait WriteDecisions {
    /// Keeps a decision.
    fn put_decision(&mut self, decision: &Decision) -> Result<()>;
    /// A decision does not count any more.
    fn withdraw_decision(&mut self, id: DecisionId, time: Time) -> Result<()>;
    /// Forgets whatever is derived from a person's events, with the person: identifiers, households, runs, segments,
    /// timers, watched items, the ledger of `people` (theirs and of those whom they absorbed), ids that redirect. Their
    /// events lose their place too, to be put there again by [`crate::Unit::put_event`]; except for the events `made`,
    /// which programs made: these are as if they had never been. Deliveries and tasks stay; a delivery of a run steps aside
    /// under a name of its own until [`WriteDecisions::give_delivery`] gives it back.
    fn forget_person(&mut self, profile: ProfileId, people: &[ProfileId], made: &[EventId]) -> Result<()>;
    /// A consent that was derived from an event of this source and time is forgotten.
    fn forget_consents(&mut self, channel: &str, contact: &str, source: &str, time: Time) -> Result<()>;
    /// A delivery is this person's, by this run and occasion.
    fn give_delivery(
        &mut self,
        id: DeliveryId,
        profile: ProfileId,
        run: Option<RunId>,
        occasion: &str,
    ) -> Result<()>;
    /// The tasks of a person whose run is somebody else's now go along with it; calls go along with their delivery.
    fn give_tasks(&mut self, from: ProfileId) -> Result<()>;
    /// An id leads to somebody from now on.
    fn put_redirect(&mut self, from: ProfileId, to: ProfileId, time: Time) -> Result<()>;
}
