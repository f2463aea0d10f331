//! What the house asks of a store about what comes back on deliveries after they were handed over.

use crate::Result;
use crowsnest_model::{
    DeliveryId, Time,
    delivery::{Delivery, Feedback},
};
use std::collections::BTreeMap;

/// What came back on a delivery, of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedbackSum {
    /// What.
    pub kind: Feedback,
    /// When it came first.
    pub first: Time,
    /// When it came last.
    pub last: Time,
    /// How often.
    pub times: u64,
}

/// Messages that came back from a contact point one after the other, without a sign of life between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftBounces {
    /// When the first of them came back.
    pub first: Time,
    /// How many.
    pub times: u64,
}

/// What can be asked about feedback.
pub trait ReadFeedback {
    /// What came back on a delivery, in the order in which it first came.
    fn feedback_of(&self, delivery: DeliveryId) -> Result<Vec<FeedbackSum>>;
    /// Of how many deliveries of a program something came back, by what.
    fn feedback_counts(&self, program: &str) -> Result<BTreeMap<String, u64>>;
}

/// What can be written about feedback.
pub trait WriteFeedback {
    /// Something came back on a delivery. Answers whether it is the first of its kind.
    fn put_feedback(&mut self, delivery: &Delivery, kind: Feedback, time: Time) -> Result<bool>;
    /// A message came back from a contact point for a reason that may pass. Answers how many did, this one included.
    fn put_soft_bounce(&mut self, channel: &str, contact: &str, time: Time) -> Result<SoftBounces>;
    /// A contact point gave a sign of life.
    fn forget_soft_bounces(&mut self, channel: &str, contact: &str) -> Result<()>;
}
