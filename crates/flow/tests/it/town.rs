//! A small town: people who are compared with each other.

use crate::world::*;
use serde_json::{Value, json};

pub const MATCHING: &str = "identity: people\nmatching: {}\n";

pub fn known(id: &str, namespace: &str, value: &str, traits: Value) -> Touch {
    identify(id).by(namespace, value).traits(traits)
}

/// People whom nobody knows, so that there is something to learn from.
pub fn strangers(count: usize) -> Vec<Touch> {
    let forenames = [
        "Maria", "James", "Olga", "Peter", "Ines", "Tom", "Greta", "Hugo", "Nora", "Ivan", "Lena", "Omar",
        "Paula",
    ];
    let surnames = [
        "Miller", "Okafor", "Schmidt", "Rossi", "Dubois", "Novak", "Larsen", "Moreau", "Silva", "Kowalski",
        "Tanaka",
    ];
    let streets =
        ["Oak Street", "Main Street", "Lake Road", "Hill Lane", "Park Avenue", "Mill Road", "Bridge Street"];
    (0..count)
        .map(|i| {
            let traits = json!({
                "first_name": forenames[i * 7 % forenames.len()], "last_name": surnames[i * 5 % surnames.len()],
                "birthday": format!("19{:02}-{:02}-{:02}", 40 + i * 13 % 60, 1 + i * 5 % 12, 1 + i * 11 % 28),
                "phone": format!("+1312555{:04}", 1000 + i * 37),
                "address": {"street": format!("{} {}", 1 + i * 17 % 90, streets[i * 3 % streets.len()]),
                            "postal_code": format!("606{:02}", i * 7 % 60), "city": "Chicago"},
            });
            known(&format!("stranger-{i}"), "loyalty_id", &format!("S-{i}"), traits)
        })
        .collect()
}

/// Everybody who is to be compared is compared.
pub async fn matched(world: &World) {
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.match_everybody()).await.unwrap().unwrap();
}
