//! How well households are found, and how well they can be: `homes people.csv truth.csv [settings as JSON]`.
//!
//! The truth has `record_id,person_id,household_id`. Households are made once of the people that were found and once of the true people,
//! which tells errors of the one layer from errors of the other. A household is *shown* where its members' records share anything at all,
//! be it through a third member: what no record shows, nobody can find. A pair is *placed* where some record of either says where they
//! live: a street, a postcode or a city.

use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::fields::FieldKind;
use crowsnest_linkage::household::households;
use crowsnest_linkage::linkage::link;
use crowsnest_linkage::model::Scale;
use crowsnest_linkage::score::Scorer;
use crowsnest_linkage::{Settings, Table, csv};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::time::Instant;

/// Who is who in truth, record by record.
struct Truth {
    person: Vec<u32>,
    /// The household of each person.
    homes: Vec<u32>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, truth, rest @ ..] = &arguments[..] else {
        return Err("usage: homes people.csv truth.csv [settings as JSON]".into());
    };
    let settings: Settings =
        rest.first().map_or(Ok(Settings::default()), |text| serde_json::from_str(text))?;
    let mut reader = csv::Reader::new(&settings);
    reader.read(input, File::open(input)?)?;
    let (mut table, _) = reader.finish();
    let linkage = link(&mut table, &settings, None, &[], &mut ());
    let truth = Truth::read(&table, &std::fs::read_to_string(truth)?)?;
    let shown = shown(&table, &truth);
    let true_pairs = pairs(&truth.homes);
    let placed = placed(&table, &truth);
    println!(
        "{true_pairs} pairs of people in truth, {} of them shown, {} placed",
        pairs(&shown),
        pairs(&placed)
    );
    println!(
        "{:<22} {:>7} {:>7} {:>7}   of what is shown: {:>7} {:>7}   placed: {:>7} {:>7}",
        "", "F1", "P", "R", "F1", "R", "F1", "R"
    );
    let say = |what: &str, found: &[u32]| {
        let found = of_people(&truth, found);
        let right = |truth: &[u32]| pairs(&truth.iter().zip(&found).collect::<Vec<_>>()) as f64;
        let precision = right(&truth.homes) / pairs(&found).max(1) as f64;
        let (recall, of_shown, of_placed) = (
            right(&truth.homes) / true_pairs as f64,
            right(&shown) / pairs(&shown) as f64,
            right(&placed) / pairs(&placed) as f64,
        );
        let f1 = |recall: f64| 2.0 * precision * recall / (precision + recall);
        let (all, known, said) = (f1(recall), f1(of_shown), f1(of_placed));
        println!(
            "{what:<22} {all:>7.4} {precision:>7.4} {recall:>7.4}                     {known:>7.4} {of_shown:>7.4}           {said:>7.4} {of_placed:>7.4}"
        );
    };
    say("people as found", &linkage.households);
    let (comparer, scale) = (Comparer::new(&table.layout), Scale::new(&linkage.model));
    let scorer = Scorer { table: &table, comparer: &comparer, scale: &scale };
    let begun = Instant::now();
    let (homes, ..) = households(&scorer, &linkage.model, None, &truth.person, truth.homes.len(), &settings);
    let seconds = begun.elapsed().as_secs_f64();
    say("true people", &homes);
    if let Ok(path) = std::env::var("HOMES_OUT") {
        let rows =
            homes.iter().enumerate().map(|(r, h)| format!("{},{},{h}\n", table.ids.get(r), truth.person[r]));
        std::fs::write(path, rows.collect::<String>())?;
    }
    println!("households took {seconds:.2} s");
    Ok(())
}

impl Truth {
    fn read(table: &Table, text: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut rows = HashMap::new();
        for line in text.lines().skip(1) {
            let mut cells = line.split(',');
            if let (Some(id), Some(person), Some(home)) = (cells.next(), cells.next(), cells.next()) {
                rows.insert(id, (person, home));
            }
        }
        let (mut people, mut places) = (HashMap::new(), HashMap::new());
        let mut truth = Self { person: Vec::new(), homes: Vec::new() };
        for record in 0..table.records() {
            let (person, home) = rows.get(table.ids.get(record)).ok_or("the truth lacks a record")?;
            let next = people.len() as u32;
            let person = *people.entry(*person).or_insert(next);
            let next_home = places.len() as u32;
            if person == next {
                truth.homes.push(*places.entry(*home).or_insert(next_home));
            }
            truth.person.push(person);
        }
        Ok(truth)
    }
}

/// Pairs within groups.
fn pairs<T: Ord>(labels: &[T]) -> u64 {
    let mut sizes: BTreeMap<&T, u64> = BTreeMap::new();
    labels.iter().for_each(|label| *sizes.entry(label).or_default() += 1);
    sizes.values().map(|n| n * (n - 1) / 2).sum()
}

/// Where most records of each person are.
fn of_people(truth: &Truth, found: &[u32]) -> Vec<u32> {
    let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    truth.person.iter().zip(found).for_each(|(&p, &h)| *counts.entry((p, h)).or_default() += 1);
    let mut best = vec![(0, 0); truth.homes.len()];
    for ((person, home), count) in counts {
        if count > best[person as usize].0 {
            best[person as usize] = (count, home);
        }
    }
    best.into_iter().map(|(_, home)| home).collect()
}

/// The true households of those of whom any record says where they live; each of the others by themselves.
fn placed(table: &Table, truth: &Truth) -> Vec<u32> {
    let kinds = [FieldKind::Street, FieldKind::Postcode, FieldKind::City];
    let slots: Vec<usize> = kinds.into_iter().flat_map(|kind| table.layout.slots_of_kind(kind)).collect();
    let mut homes: Vec<u32> = (0..truth.homes.len() as u32).map(|person| u32::MAX - person).collect();
    for (record, &person) in (0u32..).zip(&truth.person) {
        let row = table.row(table.node_of(record));
        if slots.iter().any(|&slot| row[slot] > 0) {
            homes[person as usize] = truth.homes[person as usize];
        }
    }
    homes
}

/// The true households, cut where nothing in the records holds them together.
fn shown(table: &Table, truth: &Truth) -> Vec<u32> {
    let layout = &table.layout;
    let slots = |kind| layout.slots_of_kind(kind);
    let (surnames, postcodes) = (slots(FieldKind::Surname), slots(FieldKind::Postcode));
    let mut keys: BTreeMap<(u32, usize, u32, u32), BTreeSet<u32>> = BTreeMap::new();
    for record in 0..table.records() {
        let person = truth.person[record];
        let home = truth.homes[person as usize];
        let row = table.row(table.node_of(record as u32));
        let mut put = |domain, a, b| {
            if a > 0 && b > 0 {
                keys.entry((home, domain, a, b)).or_default().insert(person);
            }
        };
        for (slot, &value) in row.iter().enumerate() {
            let own = layout.slots.get(slot).map(|s| (s.domain, layout.domains[s.domain].kind));
            match own {
                None => put(usize::MAX, value, 1),
                Some((d, FieldKind::Phone | FieldKind::Email | FieldKind::Identifier)) => put(d, value, 1),
                _ => {}
            }
        }
        surnames.iter().for_each(|&s| postcodes.iter().for_each(|&p| put(usize::MAX - 1, row[s], row[p])));
    }
    let mut groups: Vec<u32> = (0..truth.homes.len() as u32).collect();
    fn root(groups: &[u32], mut i: u32) -> u32 {
        while groups[i as usize] != i {
            i = groups[i as usize];
        }
        i
    }
    for people in keys.values() {
        let first = people.iter().next().map_or(0, |&p| root(&groups, p));
        for &person in people {
            let other = root(&groups, person);
            groups[other.max(first) as usize] = other.min(first);
        }
    }
    (0..truth.homes.len() as u32).map(|p| root(&groups, p)).collect()
}
