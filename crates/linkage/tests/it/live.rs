//! One record at a time gives the people that all at once give.

use crate::world::{Dice, HEADER, file, linked, town};
use crowsnest_linkage::layout::Layout;
use crowsnest_linkage::live::Live;
use crowsnest_linkage::{Model, Settings};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type People = BTreeSet<BTreeSet<String>>;

fn batch(rows: &[String], model: &Model, settings: &Settings) -> People {
    let (table, linkage) = linked(&file(rows.iter().map(String::as_str)), settings, Some(model.clone()), &[]);
    let mut people: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for record in 0..table.records() {
        people.entry(linkage.people[record]).or_default().insert(table.ids.get(record).to_string());
    }
    people.into_values().collect()
}

fn one_by_one(rows: &[String], model: &Model, settings: &Settings) -> People {
    let mut live = Live::new(model.clone(), settings);
    let headers: Vec<String> = HEADER.split(',').map(str::to_string).collect();
    let mut layout = Layout { closed: true, ..model.layout.clone() };
    let intake = layout.add_file(&headers, &[], settings, &mut Vec::new());
    for row in rows {
        let fields: Vec<&str> = row.split(',').collect();
        let changes = live.insert(&intake, fields[0], 0, |i| fields.get(i).copied().unwrap_or(""));
        assert!(live.records_of(changes.record).contains(&changes.record));
    }
    (0..rows.len() as u32)
        .map(|r| live.records_of(r).iter().map(|&r| live.table.ids.get(r as usize).to_string()).collect())
        .collect()
}

fn shuffled(rows: &[String], seed: u64) -> Vec<String> {
    let mut rows = rows.to_vec();
    let mut dice = Dice(seed);
    for i in (1..rows.len()).rev() {
        rows.swap(i, dice.roll(i + 1));
    }
    rows
}

fn model(settings: &Settings) -> Model {
    let town = town(1500, 11);
    linked(&file(town.iter().map(|n| n.row.as_str())), settings, None, &[]).1.model
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_gives_the_people_of_all_at_once(seed in 1u64..1_000_000, cap in 3usize..12) {
        // Small blocks, so that they are dissolved all the time.
        let settings = Settings { block_cap: cap, ..Settings::default() };
        let model = model(&settings);
        let mut rows: Vec<String> = town(150, seed).into_iter().map(|n| n.row).collect();
        // And some that say too little, several times over.
        rows.extend((0..4).map(|i| format!("w{i},Anna,,,,,,,,,,")));
        let all = batch(&rows, &model, &settings);
        prop_assert_eq!(&all, &batch(&shuffled(&rows, seed), &model, &settings));
        prop_assert_eq!(&all, &one_by_one(&rows, &model, &settings));
        prop_assert_eq!(&all, &one_by_one(&shuffled(&rows, seed + 1), &model, &settings));
    }
}
