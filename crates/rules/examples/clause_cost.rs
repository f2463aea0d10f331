//! What evaluating a condition costs: `cargo run --release -p crowsnest-rules --example clause_cost`.

use crowsnest_model::{Duration, Series, SeriesId, Time};
use crowsnest_rules::{Condition, EventView, Remembered, Schema, SeriesSpec, Subject};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, hint::black_box, time::Instant};

const NOW: Time = Time(1_772_357_400_000);

struct Person {
    traits: BTreeMap<String, Value>,
    properties: Map<String, Value>,
    series: BTreeMap<SeriesId, Series>,
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
        NOW
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }

    fn series(&self, asked: &SeriesSpec) -> Remembered<'_> {
        self.series.get(&asked.id()).map_or(Remembered::Nothing, Remembered::Known)
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

/// Twenty events in the last twenty days, for each series that the condition asks about.
fn remember_twenty_of_each(person: &mut Person, condition: &Condition) {
    for spec in &condition.inputs().series {
        let series = person.series.entry(spec.id()).or_default();
        for day in 0..20 {
            let properties = Map::from_iter([
                ("revenue".to_owned(), json!(10.5 + day as f64)),
                ("currency".to_owned(), json!("EUR")),
            ]);
            let time = NOW.minus(Duration::days(day)).minus(Duration::hours(1));
            let event = EventView {
                name: spec.event(),
                kind: "track",
                properties: &properties,
                source: "web-shop",
                time,
            };
            if let Some(sample) = spec.sample(&event) {
                series.add(time, sample, spec.kept(), NOW);
            }
        }
    }
}

fn main() -> Result<(), crowsnest_rules::RuleError> {
    const ROUNDS: u32 = 2_000_000;
    let traits = (0..20).map(|n| (format!("trait_{n:02}"), json!(n)));
    let mut person = Person {
        traits: traits.chain([("tier".to_owned(), json!("gold"))]).collect(),
        properties: [("value".to_owned(), json!(75)), ("cart_id".to_owned(), json!("c-1"))]
            .into_iter()
            .collect(),
        series: BTreeMap::new(),
    };
    for text in [
        "profile.tier == \"gold\"",
        "profile.trait_07 >= 5",
        "profile.tier in [\"bronze\", \"silver\", \"gold\"]",
        "profile.tier.lowerAscii().startsWith(\"go\")",
        "event.name == \"Cart Updated\" && event.properties.value >= 50",
        "profile.tier == \"gold\" && consent(\"email\", \"offers\") && event.properties.value * 2 > 100",
        "count(\"Order Completed\", within(\"30d\")) >= 30",
        "sum(\"Order Completed\", \"revenue\", within(\"30d\")) > 10000",
        "count(\"Order Completed\", within(\"30d\")) >= 2 && sum(\"Order Completed\", \"revenue\", within(\"30d\")) > 100",
        "last(\"Order Completed\") < ago(\"90d\")",
        "unanswered(\"Cart Updated\", \"Order Completed\", within(\"45m\"), since(\"7d\"))",
        "hour(now()) >= 9 && weekday(now()) <= 5",
    ] {
        let condition = Condition::parse(text, &Schema::open())?;
        remember_twenty_of_each(&mut person, &condition);
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(black_box(&condition).evaluate(black_box(&person)));
        }
        println!("{:6.1} ns  {text}", start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS));
        if condition.inputs().time {
            const LOOKS: u32 = 20_000;
            let start = Instant::now();
            for _ in 0..LOOKS {
                black_box(black_box(&condition).next_change(black_box(&person)));
            }
            let each = start.elapsed().as_secs_f64() * 1e9 / f64::from(LOOKS);
            println!("{each:6.0} ns  when that next changes");
        }
    }
    Ok(())
}
