//! Things whose price changes, and the programs that tell those who watch them: found by going through everybody's events.

use crate::{chance::Chance, told::Told};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A program that begins with a change of a thing, for those who looked at it not long ago, and ends at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchText {
    pub name: String,
    event: &'static str,
    within: i64,
    /// Only when it got cheaper.
    cheaper: bool,
}

/// A price that was told.
#[derive(Debug, Clone)]
pub struct Priced {
    pub key: String,
    pub before: Option<i64>,
    pub price: i64,
    pub time: i64,
}

impl WatchText {
    /// What every shop here has.
    pub const CATALOGUE: &str = "catalogue: things\nfields:\n  price: { type: number, required: true }\n";

    pub fn random(chance: &mut Chance, name: &str, events: &[&'static str]) -> Self {
        Self {
            name: name.into(),
            event: *chance.pick(events),
            within: *chance.pick(&[2 * HOUR, 3 * DAY, 30 * DAY, 200 * DAY]),
            cheaper: chance.percent(50),
        }
    }

    pub fn text(&self) -> String {
        let when = if self.cheaper { "  when: item.price < before.price\n" } else { "" };
        format!(
            "program: {}\nlateness: 3650d\ntrigger:\n  catalogue: things\n{when}  watched: {{ event: {}, item: \
             event.properties.sku, within: {}h }}\nsteps: [{{ exit: done }}]\n",
            self.name,
            self.event,
            self.within / HOUR
        )
    }

    /// The occasion that a price is for somebody with these events, if it is one.
    pub fn occasion(&self, priced: &Priced, events: &[&Told]) -> Option<String> {
        let Priced { key, before, price, time } = priced;
        let meant = match before {
            None => !self.cheaper,
            Some(before) => price < before || !self.cheaper && price != before,
        };
        let watches = |event: &&Told| {
            event.name == Some(self.event)
                && event.text("sku") == Some(key)
                && event.time >= time - self.within
        };
        (meant && events.iter().any(watches))
            .then(|| format!("catalogue:things:{key}:{}", crowsnest_model::Time(*time)))
    }
}

/// The programs of this kind, by name.
pub type Watching = BTreeMap<String, WatchText>;
