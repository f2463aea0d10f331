//! What the house asks of a store about deliveries: each is one message on one channel, from its intent to its outcome.

use crate::{
    Result,
    words::{DeliveryEntry, DeliveryFilter, HookCount, LineCount, Turns},
};
use crowsnest_model::{
    DeliveryId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, HandedOver},
    line::Line,
};
use std::collections::BTreeMap;

/// Why a message is called off of which the other one of two who turn out to be one person has had the like.
pub const HAD_BY_THE_OTHER: &str = "the same occasion of the same person has a message already";

/// What can be asked about deliveries.
pub trait ReadDeliveries {
    /// About whom a launch of a broadcast has decided, of the people from `first` to `last`, in the order of their ids; with
    /// whether it was queued for them, whatever became of that, or they were left out.
    fn launched(&self, broadcast: &str, first: ProfileId, last: ProfileId) -> Result<Vec<(ProfileId, bool)>>;
    /// For whom a launch of a broadcast has queued it to a contact point.
    fn launched_to(&self, broadcast: &str, contact: &str) -> Result<Option<ProfileId>>;
    /// A delivery.
    fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>>;
    /// The life of a delivery, entry by entry, the first one first.
    fn delivery_log(&self, id: DeliveryId) -> Result<Vec<DeliveryEntry>>;
    /// Deliveries, the newest first.
    fn deliveries(&self, filter: &DeliveryFilter, limit: usize) -> Result<Vec<Delivery>>;
    /// How many deliveries, of a program or of all, are in which state.
    fn delivery_counts(&self, program: Option<&str>) -> Result<BTreeMap<String, u64>>;
    /// How many deliveries of a program are in which state for which reason.
    fn delivery_reasons(&self, program: &str) -> Result<Vec<(String, Option<String>, u64)>>;
    /// The lines for which something is queued, with the moment at which the first of it is due, by name. It takes no longer
    /// when much is queued for one.
    fn lines_due(&self) -> Result<Vec<(Line, Time)>>;
    /// The first that is queued for a line, is due by `until` and has a reason that ends so.
    fn first_queued(&self, line: &Line, until: Time, reason: &str) -> Result<Option<Delivery>>;
    /// How much waits for each line, is due, and is being sent, by name.
    fn line_counts(&self, now: Time) -> Result<Vec<LineCount>>;
    /// How the posts to a webhook fare: what has failed since a moment, and since when the oldest waits.
    fn hook_count(&self, hook: &str, since: Time) -> Result<HookCount>;
    /// What is queued for a line and due, the earliest first; of what is due at the same moment, the smaller id.
    fn due_deliveries(&self, line: &Line, now: Time, limit: usize) -> Result<Vec<Delivery>>;
    /// A person's queued messages that are due, on whichever line, in the same order. What webhooks are told is none.
    fn due_deliveries_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>>;
    /// The next turns of a pace.
    fn turns(&self, pace: &str) -> Result<Turns>;
    /// What is being sent: its intent is written, its outcome is not. A call that is on a list is not on the line, and
    /// letters are known by their print run.
    fn sending_deliveries(&self) -> Result<Vec<Delivery>>;
    /// What was handed over to a person after a moment, or may have been, the earliest first.
    fn handed_over(&self, profile: ProfileId, after: Time) -> Result<Vec<HandedOver>>;
    /// The text message that was handed over last to a number, or may have been.
    fn last_texted(&self, number: &str) -> Result<Option<Delivery>>;
    /// Held deliveries of these programs.
    fn held_deliveries(&self, programs: &[&str]) -> Result<Vec<Delivery>>;
    /// Queued or held deliveries whose time to live has run out, and calls on lists.
    fn overdue_deliveries(&self, now: Time, limit: usize) -> Result<Vec<Delivery>>;
}

/// What can be written about deliveries.
pub trait WriteDeliveries {
    /// Queues a delivery. False when the same occasion has one already; then nothing is written.
    fn put_delivery(&mut self, delivery: &Delivery) -> Result<bool>;
    /// The next turns of a pace are these.
    fn put_turns(&mut self, pace: &str, turns: Turns) -> Result<()>;
    /// Changes a delivery's state, reason, due moment, turn, time to live, attempts and contact point. Becoming `sending` is the moment of handing over.
    fn update_delivery(&mut self, delivery: &Delivery) -> Result<()>;
    /// The states of deliveries that a cancelled run still has open, changed to `state`; a call on a list is.
    fn close_deliveries(&mut self, run: RunId, state: DeliveryState, reason: &str, now: Time) -> Result<u64>;
}
