//! Where budgets stand, for people of the house.

use crate::{
    Engine, FlowError,
    outward::{Purse, was_told},
};
use crowsnest_model::{Amount, Time};
use crowsnest_store::{Read, StoreError};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

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
    /// Whether nothing is left, so that its messages wait.
    pub used_up: bool,
}

/// What the messages of a program or broadcast cost so far, in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spent {
    /// All together.
    pub amount: Amount,
    /// For how many messages.
    pub messages: u64,
}

/// What the messages of each program and broadcast cost so far, one for each currency.
pub fn spent_by_program(read: &dyn Read) -> Result<BTreeMap<String, Vec<Spent>>, StoreError> {
    let mut all: BTreeMap<String, Vec<Spent>> = BTreeMap::new();
    for one in read.spending(Date::MIN, Date::MAX)? {
        let known = all.entry(one.program).or_default();
        match known.iter_mut().find(|known| known.amount.currency == one.amount.currency) {
            Some(known) => {
                known.amount.micros = known.amount.micros.saturating_add(one.amount.micros);
                known.messages += one.messages;
            }
            None => known.push(Spent { amount: one.amount, messages: one.messages }),
        }
    }
    Ok(all)
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
                let used_up = standing.is_used_up();
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
                    used_up,
                })
            });
            reports.collect()
        })
    }
}
