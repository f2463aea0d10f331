//! What webhooks are told of budgets that come to their end: a delivery to nobody, written in the commit that spends.
//!
//! It is unique by its budget, days, part and maximum, so it is posted for each of them once, under one id. No kill switch and
//! no contact policy is asked: people of the house are told, not customers.

use super::Claimed;
use crate::{FlowError, inward::Working};
use crowsnest_channels::webhook;
use crowsnest_model::{
    DeliveryId, Profile, ProfileId,
    delivery::{Delivery, DeliveryState, WEBHOOK},
};
use crowsnest_programs::BudgetStanding;
use serde_json::{Value, json};

/// What stands in the place of the program's name, which no program can have.
const BUDGET: &str = "budget:";

/// Whether a delivery is an alarm.
pub(super) fn is_alarm(delivery: &Delivery) -> bool {
    delivery.channel == WEBHOOK
        && delivery.profile == ProfileId::NOBODY
        && delivery.program.starts_with(BUDGET)
}

/// Queues the alarm of a budget, unless it has been.
pub(super) fn queue(work: &mut Working<'_>, standing: &BudgetStanding) -> Result<(), FlowError> {
    let BudgetStanding { budget, span, spent, .. } = standing;
    let (Some(webhook), Some(warn)) = (&budget.webhook, budget.warn) else { return Ok(()) };
    let about = json!({
        "budget": budget.name,
        "channel": budget.channel,
        "program": budget.program,
        "topic": budget.topic,
        "per": budget.per,
        "since": span.begins,
        "until": span.ends,
        "warn": warn,
        "max": budget.max,
        "spent": spent,
    });
    let Value::Object(event) = about else { return Ok(()) };
    work.something_due |= work.unit.put_delivery(&Delivery {
        id: DeliveryId(work.ids.next(work.now)),
        program: format!("{BUDGET}{}", budget.name),
        version: 0,
        run: None,
        occasion: format!("{} {warn} {}", span.first, budget.max),
        profile: ProfileId::NOBODY,
        seed: None,
        household: None,
        channel: WEBHOOK.into(),
        contact: webhook.clone(),
        template: webhook.clone(),
        topic: String::new(),
        state: DeliveryState::Queued,
        reason: None,
        due: work.now,
        first_due: None,
        expires: None,
        attempts: 0,
        turn: None,
        created: work.now,
        updated: work.now,
        event,
    })?;
    Ok(())
}

/// Writes the intent to post an alarm.
pub(super) fn claim(work: &mut Working<'_>, mut delivery: Delivery) -> Result<Claimed, FlowError> {
    delivery.state = DeliveryState::Sending;
    delivery.attempts += 1;
    delivery.reason = Some(format!("attempt {}", delivery.attempts));
    delivery.updated = work.now;
    work.unit.update_delivery(&delivery)?;
    Ok(Claimed { profile: Profile::new(ProfileId::NOBODY, work.now), delivery, most_parts: 1 })
}

/// What is posted.
pub(super) fn told(delivery: &Delivery) -> Option<Value> {
    is_alarm(delivery).then(|| webhook::budget_alarm(&delivery.event, delivery.created))
}
