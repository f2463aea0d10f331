//! What the house asks of a store about what messages cost.

use crate::Result;
use crowsnest_model::{Amount, DeliveryId, Time, delivery::Delivery, line::Line, money::Currency};
use jiff::civil::Date;

/// What a message costs, and on which day it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The day, in the organisation's time zone when it was handed over.
    pub day: Date,
    /// How much.
    pub amount: Amount,
}

/// What messages of one kind cost together, over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// The channel.
    pub channel: String,
    /// The program or broadcast.
    pub program: String,
    /// The topic.
    pub topic: String,
    /// How much, in one currency.
    pub amount: Amount,
    /// How many messages.
    pub messages: u64,
}

/// What can be asked about costs.
pub trait ReadCosts {
    /// What a delivery costs; `None` when it was not handed over, or costs nothing.
    fn cost(&self, delivery: DeliveryId) -> Result<Option<Cost>>;
    /// What was spent from one day to another, both included: by channel, program, topic and currency.
    fn spending(&self, first: Date, last: Date) -> Result<Vec<Spending>>;
}

/// What can be written about costs.
pub trait WriteCosts {
    /// A delivery costs this, whatever it cost before; `None` for nothing. What is spent follows in the same commit.
    fn put_cost(&mut self, delivery: &Delivery, cost: Option<Cost>) -> Result<()>;
    /// What is queued and has a reason that begins so is due now. Answers how many that are.
    fn wake_waiting(&mut self, reason: &str, now: Time) -> Result<u64>;
    /// The first of what is queued on a line until just this moment, for a reason that begins so, is due now. True when there is
    /// one, as far as it is among the first thousand that wait until then.
    fn wake_first(&mut self, line: &Line, until: Time, reason: &str, now: Time) -> Result<bool>;
}

/// An amount out of a row.
pub(crate) fn amount(micros: i64, currency: &str) -> Option<Amount> {
    Some(Amount { micros, currency: Currency::parse(currency).ok()? })
}
