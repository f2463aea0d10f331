//! Households of people who change are those that all people at once would give.

use crate::live::{HOMES, MODEL, Told, act, rows};
use crate::world::{Dice, file, linked};
use crowsnest_linkage::Settings;
use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::household::live::{Homes, Household};
use crowsnest_linkage::household::{HomeModel, households};
use crowsnest_linkage::live::Person;
use crowsnest_linkage::model::{Rarities, Scale};
use crowsnest_linkage::recipe::built_in;
use crowsnest_linkage::score::Scorer;
use crowsnest_linkage::settings::RecipeSetting;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// The records of each household.
type Households = BTreeSet<BTreeSet<String>>;

fn batch(told: &Told, settings: &Settings) -> Households {
    let (rows, decisions) = told.left();
    let text = file(rows.iter().map(String::as_str));
    let (mut table, linkage) = linked(&text, settings, Some(MODEL.clone()), &decisions);
    table.forget_rarity();
    MODEL.rate(&mut table, &Rarities::new(&MODEL));
    let (comparer, scale) = (Comparer::new(&table.layout), Scale::new(&MODEL));
    let scorer = Scorer { table: &table, comparer: &comparer, scale: &scale };
    let count = linkage.counts.people;
    let (found, ..) = households(&scorer, &MODEL, Some(HOMES.clone()), &linkage.people, count, settings);
    let mut homes: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for (record, home) in found.into_iter().enumerate() {
        homes.entry(home).or_default().insert(table.ids.get(record).to_string());
    }
    homes.into_values().collect()
}

/// What a caller knows who only hears who moved.
#[derive(Default)]
struct Heard {
    homes: BTreeMap<Person, Household>,
}

impl Heard {
    fn update(&mut self, homes: &mut Homes, told: &mut Told) {
        let touched = std::mem::take(&mut told.touched);
        for moved in homes.update(&told.live, &touched) {
            let before = match moved.now {
                Some(now) => self.homes.insert(moved.person, now),
                None => self.homes.remove(&moved.person),
            };
            assert_eq!(before, moved.before);
        }
    }

    fn households(&self, homes: &Homes, told: &Told) -> Households {
        let mut found: BTreeMap<Household, Vec<Person>> = BTreeMap::new();
        for (&person, &home) in &self.homes {
            assert_eq!(homes.home(person), Some(home));
            found.entry(home).or_default().push(person);
        }
        for (home, people) in &found {
            assert_eq!((homes.members(*home), people[0]), (&people[..], *home));
        }
        let ids = |person: &Person| {
            let records = told.live.records_of(*person).into_iter();
            records.map(|record| told.id(record).to_string()).collect::<Vec<_>>()
        };
        found.into_values().map(|people| people.iter().flat_map(ids).collect()).collect()
    }
}

/// Blocks of candidates that never grow too large: those stay dissolved, which is another story.
fn settings(household_cap: usize, household_threshold: f64) -> Settings {
    let recipes = built_in().into_iter().map(|recipe| RecipeSetting { cap: Some(10_000), ..recipe });
    Settings { recipes: Some(recipes.collect()), household_cap, household_threshold, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn whatever_happens_households_are_those_of_who_is_left(
        seed in 1u64..1_000_000,
        // Things that are soon too common, and people who soon hang together in too large a component.
        cap in prop::sample::select(vec![1, 2, 8]),
        threshold in prop::sample::select(vec![0.0, -4.5]),
    ) {
        let settings = settings(cap, threshold);
        let mut pool: Vec<String> = rows(seed).into_iter().rev().take(150).collect();
        // A house that many come to and leave, some of them of one name.
        let mut dice = Dice(seed);
        for i in 0..60 {
            let name = ["Turm", "Wolken", "Kratz", "Hoch", "Eng"][dice.roll(5)];
            let born = 1940 + i;
            pool.insert(dice.roll(pool.len()), format!(
                "t{i},Nils{i},{name}mann,,{born}-03-04,,0221 {:07},Turmweg,1,50667,Koeln,", dice.roll(20),
            ));
        }
        let (mut told, mut next) = (Told::new(&settings), 0);
        let (mut homes, mut heard) = (Homes::of(&told.live, HOMES.clone(), &settings), Heard::default());
        for round in 0..10 {
            for _ in 0..15 {
                for _ in 0..=dice.roll(4) {
                    act(&mut told, &mut dice, &pool, &mut next);
                }
                heard.update(&mut homes, &mut told);
            }
            let all = batch(&told, &settings);
            prop_assert_eq!(&all, &heard.households(&homes, &told), "round {}", round);
            // Filled with all of it at once, it is the same.
            let again = Homes::of(&told.live, HOMES.clone(), &settings);
            let again = Heard { homes: heard.homes.keys().map(|&p| (p, again.home(p).expect("a home"))).collect() }
                .households(&again, &told);
            prop_assert_eq!(&all, &again);
        }
    }
}

#[test]
fn a_chain_that_grows_too_long_is_cut_for_all_of_it() {
    // So low that all who share anything hang together.
    let settings = settings(8, -8.0);
    let mut told = Told::new(&settings);
    let (mut homes, mut heard) = (Homes::of(&told.live, HOMES.clone(), &settings), Heard::default());
    let mut sizes = Vec::new();
    let mut check = |told: &mut Told| {
        heard.update(&mut homes, told);
        let all = batch(told, &settings);
        assert_eq!(all, heard.households(&homes, told));
        sizes.push(all.iter().map(BTreeSet::len).max());
    };
    // Each shares a number with the one before and an address with the one after, or the other way round.
    let row = |i: usize| {
        let (number, house) = (i / 2, i.div_ceil(2));
        let name = ["Nord", "Sued", "Ost", "West", "Tal", "Berg"][i % 6];
        let (year, day) = (1930 + i, 1 + i % 28);
        format!(
            "r{i},Nils,{name}{i}mann,,{year}-03-{day:02},,0171 55{number:05},Weg{house}gasse,{house},50667,Koeln,"
        )
    };
    let records: Vec<u32> = (0..64).map(|i| told.insert(&row(i))).collect();
    check(&mut told);
    // One end goes, until the rest is small enough.
    for &record in &records[..4] {
        told.remove(record);
        check(&mut told);
    }
    // They come back, at the other end of the order.
    for i in (0..4).rev() {
        told.replace(records[i], &row(i));
        check(&mut told);
    }
    // It breaks in the middle.
    told.remove(records[30]);
    check(&mut told);
    // What is short enough is grouped at ease, what is not, strictly.
    assert!(sizes[3] < sizes[4] && sizes[5] < sizes[4] && sizes.last() > Some(&sizes[5]), "{sizes:?}");
}

#[test]
fn who_comes_to_a_house_of_many_is_compared_with_few() {
    let settings = Settings::default();
    let mut told = Told::new(&settings);
    let row = |i: usize| {
        let (name, year, month, day) = (["Nord", "Ost"][i % 2], 1930 + i % 70, 1 + i / 70, 1 + i % 28);
        format!("r{i},Nils{i},{name}mann{i},,{year}-{month:02}-{day:02},,,Turmweg,1,50667,Koeln,")
    };
    (0..500).for_each(|i| {
        told.insert(&row(i));
    });
    let mut homes = Homes::of(&told.live, HOMES.clone(), &settings);
    let before = homes.compared();
    told.touched.clear();
    let record = told.insert(&row(500));
    homes.update(&told.live, &told.touched);
    assert!(homes.home(told.live.person(record)).is_some());
    assert!(homes.compared() - before < 40, "{}", homes.compared() - before);
}

#[test]
fn what_was_learned_can_be_kept() {
    let text = serde_json::to_string(&*HOMES).expect("JSON");
    assert_eq!(serde_json::from_str::<HomeModel>(&text).expect("what was learned"), *HOMES);
}
