//! What evaluating a condition costs: `cargo run --release -p crowsnest-rules --example clause_cost`.

use crowsnest_model::{SeriesId, Time};
use crowsnest_rules::{Condition, EventView, Remembered, Schema, Subject};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, hint::black_box, time::Instant};

struct Person {
    traits: BTreeMap<String, Value>,
    properties: Map<String, Value>,
}

impl Subject for Person {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.traits.get(name)
    }
    fn event(&self) -> Option<EventView<'_>> {
        Some(EventView {
            name: "Cart Updated",
            kind: "track",
            properties: &self.properties,
            source: "web-shop",
            time: Time(0),
        })
    }
    fn consent(&self, _: &str, _: &str) -> Option<bool> {
        Some(true)
    }

    fn now(&self) -> Time {
        Time(1_772_357_400_000)
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }

    fn series(&self, _: SeriesId) -> Remembered<'_> {
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

fn main() -> Result<(), crowsnest_rules::RuleError> {
    const ROUNDS: u32 = 2_000_000;
    let traits = (0..20).map(|n| (format!("trait_{n:02}"), json!(n)));
    let person = Person {
        traits: traits.chain([("tier".to_owned(), json!("gold"))]).collect(),
        properties: [("value".to_owned(), json!(75)), ("cart_id".to_owned(), json!("c-1"))]
            .into_iter()
            .collect(),
    };
    for text in [
        "profile.tier == \"gold\"",
        "profile.trait_07 >= 5",
        "profile.tier in [\"bronze\", \"silver\", \"gold\"]",
        "profile.tier.lowerAscii().startsWith(\"go\")",
        "event.name == \"Cart Updated\" && event.properties.value >= 50",
        "profile.tier == \"gold\" && consent(\"email\", \"offers\") && event.properties.value * 2 > 100",
    ] {
        let condition = Condition::parse(text, &Schema::open())?;
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(black_box(&condition).evaluate(black_box(&person)));
        }
        println!("{:6.1} ns  {text}", start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
    }
    Ok(())
}
