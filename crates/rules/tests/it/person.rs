//! One person and one event, made from JSON.

use crowsnest_model::Time;
use crowsnest_rules::{EventView, Remembered, SeriesSpec, Subject};
use serde_json::{Map, Value, json};

/// What is known in a test.
#[derive(Debug, Clone)]
pub struct Person {
    pub traits: Map<String, Value>,
    pub event: Option<Map<String, Value>>,
    pub event_name: &'static str,
    pub consents: Vec<(&'static str, &'static str, bool)>,
}

/// The members of a JSON object.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is not an object"),
    }
}

impl Person {
    /// The customer of the examples.
    pub fn ann() -> Self {
        Self {
            traits: object(json!({
                "tier": "gold", "city": "New Haven", "points": 120, "balance": 49.5, "vip": true, "dog": null,
                "tags": ["boats", "sails"], "scores": [1, 2.5], "mixed": [null, 1],
                "address": {"city": "Oslo", "zip": "0150"}, "first name": "Ann", "renews": "2026-03-01T09:30:00Z",
                "huge": i64::MAX, "beyond": 18_446_744_073_709_551_615_u64, "empty": "", "word": "éa",
            })),
            event: Some(object(
                json!({"value": 75, "cart_id": "c-1", "items": [{"sku": "a"}], "coupon code": "X"}),
            )),
            event_name: "Cart Updated",
            consents: vec![("email", "offers", true), ("sms", "offers", false)],
        }
    }
}

impl Subject for Person {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.traits.get(name)
    }

    fn event(&self) -> Option<EventView<'_>> {
        self.event.as_ref().map(|properties| EventView {
            name: self.event_name,
            kind: "track",
            properties,
            source: "web-shop",
            time: Time(1_772_357_400_000),
        })
    }

    fn consent(&self, channel: &str, topic: &str) -> Option<bool> {
        self.consents.iter().find(|(c, t, _)| *c == channel && *t == topic).map(|(_, _, yes)| *yes)
    }

    fn now(&self) -> Time {
        Time(1_772_357_400_000)
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }

    fn series(&self, _: &SeriesSpec) -> Remembered<'_> {
        Remembered::Nothing
    }

    fn in_segment(&self, _: &str) -> Option<bool> {
        None
    }

    fn in_program(&self, _: &str) -> Option<bool> {
        None
    }

    fn each_member(&self, _: &mut dyn FnMut(&dyn Subject)) -> bool {
        false
    }
}
