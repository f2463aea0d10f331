//! What the house asks of a store about deliveries: each is one message on one channel, from its intent to its outcome.

use crate::{
    Result,
    words::{DeliveryEntry, DeliveryFilter},
};
use crowsnest_model::{
    DeliveryId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, HandedOver},
};
use std::collections::BTreeMap;

/// What can be asked about deliveries.
pub trait ReadDeliveries {
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
    /// Queued messages that are due, the earliest first; of those due at the same moment, the smaller id. What webhooks
    /// are told is none.
    fn due_deliveries(&self, now: Time, limit: usize) -> Result<Vec<Delivery>>;
    /// A person's queued messages that are due, in the same order.
    fn due_deliveries_of(&self, profile: ProfileId, now: Time) -> Result<Vec<Delivery>>;
    /// The webhooks for which something is queued, with the moment at which the first of it is due, by name.
    fn hooks_due(&self) -> Result<Vec<(String, Time)>>;
    /// What is queued for a webhook and due, in the same order.
    fn due_deliveries_to(&self, hook: &str, now: Time, limit: usize) -> Result<Vec<Delivery>>;
    /// What is being sent: its intent is written, its outcome is not.
    fn sending_deliveries(&self) -> Result<Vec<Delivery>>;
    /// What was handed over to a person after a moment, or may have been, the earliest first.
    fn handed_over(&self, profile: ProfileId, after: Time) -> Result<Vec<HandedOver>>;
    /// Held deliveries of these programs.
    fn held_deliveries(&self, programs: &[&str]) -> Result<Vec<Delivery>>;
    /// Queued or held deliveries whose time to live has run out.
    fn overdue_deliveries(&self, now: Time, limit: usize) -> Result<Vec<Delivery>>;
}

/// What can be written about deliveries.
pub trait WriteDeliveries {
    /// Queues a delivery. False when the same occasion has one already; then nothing is written.
    fn put_delivery(&mut self, delivery: &Delivery) -> Result<bool>;
    /// Changes a delivery's state, reason, due moment, time to live and attempts. Becoming `sending` is the moment of handing over.
    fn update_delivery(&mut self, delivery: &Delivery) -> Result<()>;
    /// The states of deliveries that a cancelled run still has open, changed to `state`.
    fn close_deliveries(&mut self, run: RunId, state: DeliveryState, reason: &str, now: Time) -> Result<u64>;
}
