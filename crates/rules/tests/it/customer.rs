//! A customer of whom events are recorded, remembered as the house would remember them.

use crowsnest_model::{Series, SeriesId, Time};
use crowsnest_rules::{Condition, EventView, Remembered, SeriesSpec, Subject, Truth};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

thread_local! {
    /// How often series were looked at.
    pub static LOOKS: Cell<usize> = const { Cell::new(0) };
}

/// An event as it was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub at: Time,
    pub name: String,
    pub properties: Map<String, Value>,
}

impl Recorded {
    pub fn view(&self) -> EventView<'_> {
        EventView {
            name: &self.name,
            kind: "track",
            properties: &self.properties,
            source: "shop",
            time: self.at,
        }
    }
}

/// Somebody, at some moment.
#[derive(Debug, Clone)]
pub struct Customer {
    pub now: Time,
    pub zone: TimeZone,
    pub traits: Map<String, Value>,
    pub events: Vec<Recorded>,
    pub series: BTreeMap<SeriesId, Series>,
    pub building: bool,
    pub segments: BTreeSet<String>,
    pub programs: BTreeSet<String>,
    pub household: Vec<Customer>,
}

pub fn time(text: &str) -> Time {
    text.parse().unwrap()
}

impl Customer {
    pub fn new(now: &str) -> Self {
        Self {
            now: time(now),
            zone: TimeZone::UTC,
            traits: Map::new(),
            events: Vec::new(),
            series: BTreeMap::new(),
            building: false,
            segments: BTreeSet::new(),
            programs: BTreeSet::new(),
            household: Vec::new(),
        }
    }

    pub fn did(mut self, at: &str, name: &str, properties: Value) -> Self {
        let properties = crate::person::object(properties);
        self.events.push(Recorded { at: time(at), name: name.into(), properties });
        self
    }

    pub fn with_trait(mut self, name: &str, value: Value) -> Self {
        self.traits.insert(name.into(), value);
        self
    }

    pub fn building(mut self) -> Self {
        self.building = true;
        self
    }

    /// The same customer, with the series that a condition asks about.
    pub fn remembering(&self, condition: &Condition) -> Self {
        let mut customer = self.clone();
        for spec in &condition.inputs().series {
            for event in &self.events {
                if let Some(sample) = spec.sample(&event.view()) {
                    let series = customer.series.entry(spec.id()).or_default();
                    series.add(event.at, sample, spec.kept(), self.now);
                }
            }
        }
        customer.household = self.household.iter().map(|member| member.remembering(condition)).collect();
        customer
    }

    /// The same, when so much was remembered that moments are told apart by so many milliseconds only.
    pub fn remembering_coarsely(&self, condition: &Condition, grain: i64) -> Self {
        let mut customer = self.clone();
        for spec in &condition.inputs().series {
            let mut series = Series { grain, ..Series::default() };
            for event in &self.events {
                if let Some(sample) = spec.sample(&event.view()) {
                    series.add(event.at, sample, spec.kept(), self.now);
                }
            }
            customer.series.insert(spec.id(), series);
        }
        customer
    }

    /// The same, when each event was taken in as it came, by one of two people who turned out to be one.
    pub fn remembering_as_it_came(&self, condition: &Condition) -> Self {
        let mut customer = self.clone();
        for spec in &condition.inputs().series {
            let mut parts = [Series::default(), Series::default()];
            for (place, event) in self.events.iter().enumerate() {
                if let Some(sample) = spec.sample(&event.view()) {
                    parts[place % 2].add(event.at, sample, spec.kept(), event.at.min(self.now));
                }
            }
            let [mut whole, other] = parts;
            whole.absorb(other);
            whole.tidy(spec.kept(), self.now);
            if whole != Series::default() {
                customer.series.insert(spec.id(), whole);
            }
        }
        customer
    }

    pub fn ask(&self, condition: &Condition) -> Truth {
        condition.evaluate(self)
    }
}

impl Subject for Customer {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.traits.get(name)
    }

    fn event(&self) -> Option<EventView<'_>> {
        None
    }

    fn consent(&self, _: &str, _: &str) -> Option<bool> {
        None
    }

    fn now(&self) -> Time {
        self.now
    }

    fn zone(&self) -> TimeZone {
        self.zone.clone()
    }

    fn series(&self, asked: &SeriesSpec) -> Remembered<'_> {
        LOOKS.set(LOOKS.get() + 1);
        if self.building {
            return Remembered::Building;
        }
        self.series.get(&asked.id()).map_or(Remembered::Nothing, Remembered::Known)
    }

    fn in_segment(&self, name: &str) -> Option<bool> {
        (!self.building).then(|| self.segments.contains(name))
    }

    fn in_program(&self, name: &str) -> Option<bool> {
        Some(self.programs.contains(name))
    }

    fn each_member(&self, question: &mut dyn FnMut(&dyn Subject)) -> bool {
        if self.household.is_empty() {
            return false;
        }
        question(self);
        for member in &self.household {
            question(member);
        }
        true
    }
}
