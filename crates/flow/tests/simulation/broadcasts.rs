//! One-off mailings: who should have got them, asked of everybody one after the other.

use crate::{
    ask::{Ask, Asked},
    compare::segments_of,
    definitions::Definitions,
    people::People,
    world::World,
};
use crowsnest_model::delivery::DeliveryState;
use std::collections::{BTreeMap, BTreeSet};

/// What should come of a launch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// How many the audience is.
    pub audience: u64,
    /// The addresses of those who agree to offers.
    pub addresses: BTreeSet<String>,
}

impl Recipients {
    pub fn of(ask: &Ask, people: &People, definitions: &Definitions, now: i64) -> Self {
        let metrics = |name: &str| definitions.metrics.get(name).cloned();
        let mut found = Self::default();
        for human in people.all.iter().flatten() {
            let agrees = people.agrees(human);
            let asked = Asked {
                events: &human.events(&people.told),
                now,
                segments: &segments_of(human, people, definitions, now),
                programs: &human.programs(),
                agrees,
                metrics: &metrics,
            };
            if ask.answer(&asked) == Some(true) {
                found.audience += 1;
                found.addresses.extend(human.address().filter(|_| agrees == Some(true)));
            }
        }
        found
    }
}

/// Everybody who was to get a broadcast was sent it once, and nobody else was.
pub fn compare(world: &World, launched: &BTreeMap<String, Recipients>) -> Result<(), String> {
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for delivery in world.deliveries() {
        if delivery.state == DeliveryState::Sent && delivery.run.is_none() {
            sent.entry(delivery.program).or_default().push(delivery.contact);
        }
    }
    for (name, expected) in launched {
        let mut found = sent.remove(name).unwrap_or_default();
        found.sort();
        if !found.iter().eq(&expected.addresses) {
            return Err(format!(
                "{name} was sent to {found:?} and should have been to {:?}",
                expected.addresses
            ));
        }
    }
    if sent.is_empty() { Ok(()) } else { Err(format!("nobody launched {:?}", sent.keys())) }
}
