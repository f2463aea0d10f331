//! What a broadcast would cost, about, and which budget would not carry it.

use super::{Purse, courier::data_of};
use crate::{Live, live::LiveTemplate};
use crowsnest_model::{
    Amount, Object, ProfileId, Segments, Time,
    definition::{BudgetPeriod, Send},
    delivery::SMS,
};
use crowsnest_store::{Read, StoreError};
use serde::Serialize;
use serde_json::json;

/// So many recipients' texts are made to learn how many segments they have.
pub(crate) const SAMPLED: usize = 200;

/// How long the token is with which the links of a message end.
const TOKEN: usize = 33;

/// What a broadcast would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// For how many messages.
    pub messages: u64,
    /// What one of them costs; of a text, with the segments that it has on average.
    pub each: Amount,
    /// All together. Of texts about so much.
    pub amount: Amount,
    /// Of how many recipients the text was made; 0 where each message costs the same.
    pub sampled: u64,
    /// The budgets that would not carry it as they stand now.
    pub short: Vec<ShortBudget>,
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
    /// For about how many messages that is enough.
    pub messages: u64,
    /// When its next days begin.
    pub until: Time,
}

/// What a message to each of so many recipients would cost, `sample` being some of them. `None` where the workspace does not
/// say what messages of the channel cost.
pub(crate) fn estimate(
    read: &dyn Read,
    live: &Live,
    (program, send): (&str, &Send),
    messages: u64,
    sample: &[ProfileId],
    now: Time,
) -> Result<Option<Estimate>, StoreError> {
    let Some(price) = live.workspace().organisation.cost(&send.channel) else { return Ok(None) };
    let (mut amount, mut sampled) = (price.times(messages), 0);
    if send.channel == SMS {
        let mut segments = 0;
        for person in sample {
            let Some(profile) = read.profile(*person)? else { continue };
            // One that cannot be made costs nothing; the send says why.
            if let Some(count) = segments_of(live, &send.template, &profile) {
                segments += count;
                sampled += 1;
            }
        }
        if sampled > 0 {
            let micros = i128::from(price.micros) * i128::from(segments) * i128::from(messages);
            amount.micros = i64::try_from(micros / i128::from(sampled)).unwrap_or(i64::MAX);
        }
    }
    let each = amount.shared_by(messages).unwrap_or(price);
    let purse = Purse::read(read, live, now)?;
    let service = live.is_service(&send.topic);
    let short = purse
        .standings
        .iter()
        .filter(|standing| standing.is_for(&send.channel, program, &send.topic, service))
        .filter(|standing| standing.spent.currency == amount.currency && messages > 0)
        .filter(|standing| standing.budget.max.micros == 0 || standing.left().micros < amount.micros)
        .map(|standing| ShortBudget {
            budget: standing.budget.name.clone(),
            per: standing.budget.per,
            left: standing.left(),
            messages: standing.room_for(each).min(messages),
            until: standing.span.ends,
        });
    Ok(Some(Estimate { messages, each, amount, sampled, short: short.collect() }))
}

/// How many segments the text of a person has. Its links are made up, as long as they would be.
fn segments_of(live: &Live, template: &str, profile: &crowsnest_model::Profile) -> Option<u64> {
    let Some(LiveTemplate::Sms(compiled)) = live.template(template) else { return None };
    let organisation = &live.workspace().organisation;
    let mut data = data_of(profile, &Object::new());
    let base = organisation.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    let link = |page: &str| format!("{base}/{page}/{}", "x".repeat(TOKEN));
    data["organisation"] = json!({ "title": organisation.title, "postal_address": "" });
    data["links"] = json!({ "unsubscribe": link("u"), "preferences": link("p") });
    let text = compiled.render(&data).ok().filter(|text| !text.is_empty())?;
    u64::try_from(Segments::of(&text).count).ok()
}
