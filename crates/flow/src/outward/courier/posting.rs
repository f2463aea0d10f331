//! What a webhook is told by a delivery, for people to look at.

use super::{Courier, told};
use crate::{Live, outward::alarms};
use crowsnest_channels::webhook;
use crowsnest_model::{Profile, delivery::Delivery};
use serde_json::Value;

/// What a webhook is told by a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Posting {
    /// The body.
    pub body: Value,
    /// The headers; without their value those that may be a secret, or differ from try to try.
    pub headers: Vec<(String, Option<String>)>,
}

impl Courier {
    /// What a webhook is told by a delivery, as it would be posted now; `None` when that is not on record. An alarm is about nobody. While
    /// the webhook cannot be posted to, there are no headers.
    pub fn posting(&self, live: &Live, delivery: &Delivery, profile: Option<&Profile>) -> Option<Posting> {
        let of_person = profile.and_then(|profile| told(delivery, profile));
        let body = of_person.map(|told| webhook::told(&told)).or_else(|| alarms::told(delivery))?;
        let hook = live.workspace().webhooks.get(&delivery.contact).and_then(|hook| self.hook(hook).ok());
        let headers = hook.map(|hook| hook.headers_shown(&delivery.id.to_string())).unwrap_or_default();
        Some(Posting { body, headers })
    }
}
