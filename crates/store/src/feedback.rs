//! What the house asks of a store about what comes back on deliveries after they were handed over.

use crate::Result;
use crowsnest_model::{
    DeliveryId, Time,
    delivery::{Delivery, Feedback},
};
use serde::{Deserialize, Serialize};
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

/// That somebody texted that they want nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// When that was confirmed last.
    pub confirmed: Time,
    /// What it took, so that it can be given back.
    pub took: Vec<Agreement>,
}

/// What had been agreed to for a contact point.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Agreement {
    /// The channel.
    pub channel: String,
    /// The contact point.
    pub contact: String,
    /// The topic.
    pub topic: String,
}

/// What can be asked about feedback.
pub trait ReadFeedback {
    /// What came back on a delivery, in the order in which it first came.
    fn feedback_of(&self, delivery: DeliveryId) -> Result<Vec<FeedbackSum>>;
    /// Of how many deliveries of a program something came back, by what.
    fn feedback_counts(&self, program: &str) -> Result<BTreeMap<String, u64>>;
    /// Whether somebody texted from this number that they want nothing more, and has not said otherwise.
    fn stopped(&self, number: &str) -> Result<Option<Stopped>>;
}

/// What can be written about feedback.
pub trait WriteFeedback {
    /// Something came back on a delivery. Answers whether it is the first of its kind.
    fn put_feedback(&mut self, delivery: &Delivery, kind: Feedback, time: Time) -> Result<bool>;
    /// A message came back from a contact point for a reason that may pass. Answers how many did, this one included.
    fn put_soft_bounce(&mut self, channel: &str, contact: &str, time: Time) -> Result<SoftBounces>;
    /// A contact point gave a sign of life.
    fn forget_soft_bounces(&mut self, channel: &str, contact: &str) -> Result<()>;
    /// Somebody texted from this number that they want nothing more, or that they want it again.
    fn put_stopped(&mut self, number: &str, stopped: Option<&Stopped>) -> Result<()>;
}
