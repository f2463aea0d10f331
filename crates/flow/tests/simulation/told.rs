//! Events as they were told, and questions about them answered the slow way: by going through all of them.

use crate::ask::{Figure, Span};
use serde_json::{Value, json};

/// One event, told for the first time. Copies are told again as they stand here.
#[derive(Debug, Clone)]
pub struct Told {
    pub id: String,
    /// `None`: an identify event.
    pub name: Option<&'static str>,
    pub identifiers: Vec<(&'static str, String)>,
    pub time: i64,
    pub historical: bool,
    pub traits: Value,
    pub properties: Value,
    /// Whether they agree to offers by e-mail, when they say so.
    pub agrees: Option<bool>,
}

impl Told {
    pub fn text(&self, property: &str) -> Option<&str> {
        self.properties.get(property)?.as_str()
    }

    pub fn number(&self, property: &str) -> Option<f64> {
        self.properties.get(property)?.as_f64()
    }
}

/// The beginning of the second, minute, hour or day of a moment, each so many milliseconds long.
pub fn beginning(time: i64, of: i64) -> i64 {
    time - time.rem_euclid(of)
}

/// All events that a figure is about, as of `now`.
pub fn happened<'e>(events: &[&'e Told], figure: &Figure, now: i64) -> Vec<&'e Told> {
    let Figure { event: name, span, at_least, by, .. } = *figure;
    let floor = |time: i64| beginning(time, by);
    let inside = |event: &Told| {
        let time = floor(event.time);
        match span {
            Span::All => time <= now,
            Span::Within(from) => floor(now - from) < time && time <= floor(now),
            Span::Between(from, to) => floor(now - from) < time && time <= floor(now - to),
        }
    };
    let mut found: Vec<&Told> = events
        .iter()
        .copied()
        .filter(|event| event.name == Some(name) && inside(event))
        .filter(|event| at_least.is_none_or(|least| event.number("value").is_some_and(|n| n >= least as f64)))
        .collect();
    found.sort_by_key(|event| event.time);
    found
}

/// The numbers of a property; `None` when they are of several currencies.
pub fn numbers(events: &[&Told], property: &str) -> Option<Vec<f64>> {
    let with: Vec<&&Told> = events.iter().filter(|event| event.number(property).is_some()).collect();
    let mut currencies: Vec<&str> = with.iter().filter_map(|event| event.text("currency")).collect();
    currencies.sort_unstable();
    currencies.dedup();
    (currencies.len() < 2).then(|| with.iter().filter_map(|event| event.number(property)).collect())
}

/// How many different values of a property.
pub fn distinct(events: &[&Told], property: &str) -> usize {
    let mut values: Vec<String> =
        events.iter().filter_map(|event| event.properties.get(property)).map(Value::to_string).collect();
    values.sort_unstable();
    values.dedup();
    values.len()
}

/// What a trait is: what was said of the latest moment.
pub fn said<'e>(events: &[&'e Told], name: &str) -> Option<&'e Value> {
    let said = events.iter().filter(|event| event.traits.get(name).is_some());
    said.max_by_key(|event| event.time)?.traits.get(name)
}

pub fn nothing() -> Value {
    json!({})
}
