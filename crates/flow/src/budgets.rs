//! Where budgets stand, for people of the house.

use crate::{
    Engine, FlowError,
    outward::{Purse, was_told},
};
use crowsnest_model::{Amount, Time};
use serde::Serialize;

/// Where a budget stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetReport {
    /// Its name.
    pub name: String,
    /// The channel that it is for, if it is for one.
    pub channel: Option<String>,
    /// The program or broadcast that it is for, if it is for one.
    pub program: Option<String>,
    /// The topic that it is for, if it is for one.
    pub topic: Option<String>,
    /// `day`, `week` or `month`.
    pub per: &'static str,
    /// Since when it is counted.
    pub since: Time,
    /// When the next days begin.
    pub until: Time,
    /// At most so much.
    pub max: Amount,
    /// What is spent, with what is being sent.
    pub spent: Amount,
    /// What is left.
    pub left: Amount,
    /// What will be spent by the end, if it goes on as it went so far.
    pub forecast: Amount,
    /// How many messages were paid of it.
    pub messages: u64,
    /// Whether the part is spent at which people want to be told, and they were.
    pub warned: bool,
}

impl Engine {
    /// Where all budgets stand. It blocks.
    pub fn budgets(&self) -> Result<Vec<BudgetReport>, FlowError> {
        let (live, now) = (self.live(), self.now());
        self.read(|read| {
            let purse = Purse::read(read, &live, now)?;
            let reports = purse.standings.into_iter().map(|standing| {
                let warned = was_told(read, &standing)?;
                let (left, forecast) = (standing.left(), standing.forecast(now));
                let budget = standing.budget;
                Ok(BudgetReport {
                    name: budget.name,
                    channel: budget.channel,
                    program: budget.program,
                    topic: budget.topic,
                    per: budget.per.as_str(),
                    since: standing.span.begins,
                    until: standing.span.ends,
                    max: budget.max,
                    spent: standing.spent,
                    left,
                    forecast,
                    messages: standing.messages,
                    warned,
                })
            });
            reports.collect()
        })
    }
}
