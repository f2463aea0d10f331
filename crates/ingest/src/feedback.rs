//! What a row of a file says of a message that was sent.

use crowsnest_model::{DeliveryId, Time, delivery::Feedback, quarantine::Rejection};

/// What a row of a file says came back on a message.
#[derive(Debug, Clone)]
pub struct FeedbackRow {
    /// The message.
    pub delivery: DeliveryId,
    /// What makes the row the only one: the same is heard once.
    pub id: String,
    /// When it happened.
    pub time: Time,
    /// What.
    pub what: Feedback,
    /// Why, as whoever delivered it says it; may be empty.
    pub said: String,
    /// What goes to the quarantine should there be no such message.
    pub unknown: Rejection,
}
