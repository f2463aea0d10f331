//! Measures how long reading, comparing and keys take for each kind, on typical values: `cargo run --release -p
//! crowsnest-linkage --example field_speed`.

use crowsnest_linkage::fields::{Customs, FieldKind, Value, compare, keys, read};
use std::{hint::black_box, time::Instant};

const SAMPLES: &[(FieldKind, &[&str])] = &[
    (
        FieldKind::Forename,
        &["Katharina", "Kathi", "Hans-Peter", "Jürgen", "JUERGEN", "Bob", "Maximilian", "J."],
    ),
    (
        FieldKind::Surname,
        &["Müller", "MUELLER", "van der Berg", "Schmidt-Rottluff", "Schmitt", "O'Brien", "Kowalski"],
    ),
    (FieldKind::FullName, &["Dr. Anna Müller", "Müller, Anna", "Robert Smith Jr.", "DUPONT Jean-Marie"]),
    (FieldKind::BirthDate, &["1984-03-12", "12.03.1984", "3/12/1984", "19840321"]),
    (
        FieldKind::Email,
        &["anna.schmidt@web.de", "annaschmidt+shop@gmail.com", "info@example-firma.de", "a.schmitt@web.de"],
    ),
    (FieldKind::Phone, &["+49 171 2345678", "0171/2345687", "(555) 123-4567 x12", "030 123456"]),
    (FieldKind::Street, &["Hauptstraße 12a", "12 High Street, Flat 3", "Haupstr. 12", "12, rue de la Paix"]),
    (FieldKind::City, &["Frankfurt am Main", "München", "London", "Saint-Denis"]),
    (FieldKind::Identifier, &["DE-123 456 789", "de123456798", "A1239871"]),
];

fn main() {
    let customs = Customs::default();
    println!("{:<14}{:>12}{:>12}{:>12}", "kind", "read ns", "compare ns", "keys ns");
    for (kind, raw) in SAMPLES {
        let values: Vec<Value> = raw.iter().filter_map(|raw| read(*kind, raw, &customs)).collect();
        let rounds = 20_000;
        let start = Instant::now();
        for _ in 0..rounds {
            raw.iter().for_each(|raw| drop(black_box(read(*kind, black_box(raw), &customs))));
        }
        let reading = start.elapsed().as_nanos() / (rounds * raw.len() as u128);
        let start = Instant::now();
        for _ in 0..rounds {
            for a in &values {
                values.iter().for_each(|b| {
                    black_box(compare(*kind, black_box(a), black_box(b)));
                });
            }
        }
        let comparing = start.elapsed().as_nanos() / (rounds * (values.len() * values.len()) as u128);
        let start = Instant::now();
        for _ in 0..rounds {
            values.iter().for_each(|value| {
                keys(*kind, value, &mut |key, hash| {
                    black_box((key, hash));
                })
            });
        }
        let keying = start.elapsed().as_nanos() / (rounds * values.len() as u128);
        println!("{:<14}{reading:>12}{comparing:>12}{keying:>12}", kind.word());
    }
}
