//! What a broadcast would cost, about, and which budget would not carry it.

use super::Purse;
use crate::Live;
use crowsnest_model::{
    Amount, Time,
    definition::{BudgetPeriod, Send},
};
use crowsnest_store::{Read, StoreError};
use serde::Serialize;

/// What a broadcast would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// For how many messages: those of all recipients.
    pub messages: u64,
    /// What one of them costs; of a text, with the segments that it has on average.
    pub each: Amount,
    /// All together. Of texts about so much.
    pub amount: Amount,
    /// What those cost that the contact policy would let out now.
    pub now: MessagesCost,
    /// What the copies for seed lists cost, beside the recipients' messages.
    pub copies: MessagesCost,
    /// Of how many recipients the text was made; 0 where each message costs the same.
    pub sampled: u64,
    /// The budgets that would not carry it as they stand now.
    pub short: Vec<ShortBudget>,
}

/// What so many messages cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MessagesCost {
    /// How many.
    pub messages: u64,
    /// All together.
    pub amount: Amount,
}

/// A budget that does not carry all of a broadcast: the rest waits for its next days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShortBudget {
    /// Its name.
    pub budget: String,
    /// Over which days it is counted.
    pub per: BudgetPeriod,
    /// What is left of it.
    pub left: Amount,
    /// For about how many messages that is enough, after the copies for seed lists.
    pub messages: u64,
    /// Whether that is enough for those that the contact policy would let out now.
    pub carries_now: bool,
    /// When its next days begin.
    pub until: Time,
    /// When the rest expires, if that is before its next days begin: it does not go out then.
    pub expires: Option<Time>,
}

/// What is known of a broadcast's messages.
pub(crate) struct Expected {
    pub(crate) recipients: u64,
    /// Those of them whom the contact policy would let have it now.
    pub(crate) recipients_now: u64,
    pub(crate) copies: u64,
    /// How many texts were made to learn how many segments they have, and how many they have together.
    pub(crate) texts: u64,
    pub(crate) segments: u64,
    /// When its messages expire.
    pub(crate) expires: Option<Time>,
}

/// What a broadcast's messages would cost. `None` where the workspace does not say what messages of the channel cost.
pub(crate) fn estimate(
    read: &dyn Read,
    live: &Live,
    (program, send): (&str, &Send),
    expected: &Expected,
    now: Time,
) -> Result<Option<Estimate>, StoreError> {
    let Some(price) = live.workspace().organisation.cost(&send.channel) else { return Ok(None) };
    let cost = |messages: u64| {
        let mut amount = price.times(messages);
        if expected.texts > 0 {
            let micros = i128::from(price.micros) * i128::from(expected.segments) * i128::from(messages);
            amount.micros = i64::try_from(micros / i128::from(expected.texts)).unwrap_or(i64::MAX);
        }
        MessagesCost { messages, amount }
    };
    let all = cost(expected.recipients);
    let (of_now, copies) = (cost(expected.recipients_now), cost(expected.copies));
    let each = all.amount.shared_by(all.messages).unwrap_or(price);
    let purse = Purse::read(read, live, now)?;
    let service = live.is_service(&send.topic);
    let short = purse
        .standings
        .iter()
        .filter(|standing| standing.is_for(&send.channel, program, &send.topic, service))
        .filter(|standing| standing.spent.currency == price.currency && all.messages > 0)
        .filter_map(|standing| {
            // Copies are paid like all others, and due first.
            let mut after = standing.clone();
            after.add(copies.amount, copies.messages);
            let carries = |cost: MessagesCost| {
                cost.messages == 0 || after.budget.max.micros > 0 && after.left().micros >= cost.amount.micros
            };
            (!carries(all)).then(|| ShortBudget {
                budget: standing.budget.name.clone(),
                per: standing.budget.per,
                left: standing.left(),
                messages: after.room_for(each).min(all.messages),
                carries_now: carries(of_now),
                until: standing.span.ends,
                expires: expected.expires.filter(|expires| *expires <= standing.span.ends),
            })
        });
    let short = short.collect();
    let sampled = expected.texts;
    Ok(Some(Estimate {
        messages: all.messages,
        each,
        amount: all.amount,
        now: of_now,
        copies,
        sampled,
        short,
    }))
}
