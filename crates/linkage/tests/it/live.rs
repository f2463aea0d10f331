//! One record at a time gives the people that all at once give, whatever changes, goes, or is decided on the way.

use crate::world::{Dice, HEADER, file, linked, table, town};
use crowsnest_linkage::household::HomeModel;
use crowsnest_linkage::layout::{Intake, Layout};
use crowsnest_linkage::linkage::{Decision, Linkage};
use crowsnest_linkage::live::{Changes, Live, Person};
use crowsnest_linkage::review::{OpenQuestion, questions};
use crowsnest_linkage::table::Record;
use crowsnest_linkage::{Model, Settings};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

type People = BTreeSet<BTreeSet<String>>;
/// Two ids, the probability in 1/10,000, pairs, and whether they are taken for one.
type Asked = BTreeSet<(String, String, i64, u64, bool)>;

fn asked(a: &str, b: &str, probability: f32, pairs: u64, merged: bool) -> (String, String, i64, u64, bool) {
    let (a, b) = if a < b { (a, b) } else { (b, a) };
    (a.to_string(), b.to_string(), (probability * 1e4).round() as i64, pairs, merged)
}

fn batch(rows: &[String], model: &Model, settings: &Settings, decisions: &[Decision]) -> (People, Asked) {
    let text = file(rows.iter().map(String::as_str));
    let (table, linkage) = linked(&text, settings, Some(model.clone()), decisions);
    let mut people: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for record in 0..table.records() {
        people.entry(linkage.people[record]).or_default().insert(table.ids.get(record).to_string());
    }
    let questions = questions(&table, &linkage.doubts, usize::MAX);
    let asked = questions.iter().map(|q| asked(&q.a, &q.b, q.probability, q.pairs, q.merged)).collect();
    (people.into_values().collect(), asked)
}

/// A town of which all that can be learned is frozen.
static TOWN: LazyLock<Linkage> = LazyLock::new(|| {
    let town = town(1500, 11);
    linked(&file(town.iter().map(|n| n.row.as_str())), &Settings::default(), None, &[]).1
});
pub static MODEL: LazyLock<Model> = LazyLock::new(|| TOWN.model.clone());
pub static HOMES: LazyLock<HomeModel> = LazyLock::new(|| TOWN.homes.clone());

/// A running `Live`, and what a caller would know who only reads its changes.
pub struct Told {
    pub live: Live,
    intake: Intake,
    /// The row of each record that is known.
    rows: BTreeMap<Record, String>,
    decisions: Vec<Decision>,
    people: BTreeMap<Record, Person>,
    open: Vec<OpenQuestion>,
    /// All that was touched since somebody took it.
    pub touched: Vec<Record>,
}

impl Told {
    pub fn new(settings: &Settings) -> Self {
        let headers: Vec<String> = HEADER.split(',').map(str::to_string).collect();
        let mut layout = Layout { closed: true, ..MODEL.layout.clone() };
        Self {
            live: Live::new(MODEL.clone(), settings),
            intake: layout.add_file(&headers, &[], settings, &mut Vec::new()),
            rows: BTreeMap::new(),
            decisions: Vec::new(),
            people: BTreeMap::new(),
            open: Vec::new(),
            touched: Vec::new(),
        }
    }

    pub fn insert(&mut self, row: &str) -> Record {
        let fields: Vec<&str> = row.split(',').collect();
        let changes = self.live.insert(&self.intake, fields[0], 0, |i| fields.get(i).copied().unwrap_or(""));
        self.rows.insert(changes.record, row.to_string());
        self.hear(changes)
    }

    /// The record keeps its id, which is the first field.
    pub fn replace(&mut self, record: Record, row: &str) {
        let id = self.live.table.ids.get(record as usize).to_string();
        let row = format!("{id},{}", row.split_once(',').expect("fields").1);
        let fields: Vec<&str> = row.split(',').collect();
        let changes = self.live.replace(record, &self.intake, 0, |i| fields.get(i).copied().unwrap_or(""));
        self.rows.insert(record, row.clone());
        self.hear(changes);
    }

    pub fn remove(&mut self, record: Record) {
        self.rows.remove(&record);
        self.people.remove(&record);
        let changes = self.live.remove(record);
        self.hear(changes);
    }

    fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
        let changes = self.live.decide(decision);
        self.hear(changes);
    }

    fn undecide(&mut self, decision: Decision) {
        let of = |d: &Decision| (d.a.min(d.b), d.a.max(d.b), d.same);
        self.decisions.retain(|d| of(d) != of(&decision));
        let changes = self.live.undecide(decision);
        self.hear(changes);
    }

    fn hear(&mut self, changes: Changes) -> Record {
        for (record, before, now) in &changes.moved {
            assert_eq!(self.people.insert(*record, *now), Some(*before), "{record} is known");
        }
        if self.rows.contains_key(&changes.record) {
            self.people.insert(changes.record, changes.person);
        }
        let is_touched = |record: Record| changes.touched.binary_search(&record).is_ok();
        assert!(is_touched(changes.record));
        self.open.retain(|open| !(is_touched(open.a) && is_touched(open.b)));
        self.open.extend(changes.doubts);
        self.touched.extend(changes.touched);
        changes.record
    }

    pub fn left(&self) -> (Vec<String>, Vec<Decision>) {
        let place = |record: Record| self.rows.keys().position(|&r| r == record).map(|at| at as u32);
        let decisions = self
            .decisions
            .iter()
            .filter_map(|d| Some(Decision { a: place(d.a)?, b: place(d.b)?, same: d.same }));
        (self.rows.values().cloned().collect(), decisions.collect())
    }

    pub fn id(&self, record: Record) -> &str {
        self.live.table.ids.get(record as usize)
    }

    /// What the index says, and what its changes have told; they must be one.
    fn found(&self) -> (People, Asked) {
        let mut people: BTreeMap<Person, BTreeSet<String>> = BTreeMap::new();
        for (&record, &person) in &self.people {
            assert_eq!(person, self.live.person(record));
            assert_eq!(person, self.live.records_of(record)[0]);
            people.entry(person).or_default().insert(self.id(record).to_string());
        }
        assert_eq!(people.len(), people.values().collect::<BTreeSet<_>>().len());
        let of = |open: &OpenQuestion| {
            asked(self.id(open.a), self.id(open.b), open.probability(), open.pairs, open.merged)
        };
        let told: Asked = self.open.iter().map(of).collect();
        assert_eq!(told, self.live.open_questions().map(of).collect());
        (people.into_values().collect(), told)
    }
}

fn shuffled(rows: &[String], seed: u64) -> Vec<String> {
    let mut rows = rows.to_vec();
    let mut dice = Dice(seed);
    for i in (1..rows.len()).rev() {
        rows.swap(i, dice.roll(i + 1));
    }
    rows
}

fn one_by_one(rows: &[String], settings: &Settings) -> (People, Asked) {
    let mut told = Told::new(settings);
    rows.iter().for_each(|row| {
        told.insert(row);
    });
    told.found()
}

/// People, and what is asked without the ids.
fn unnamed((people, asked): (People, Asked)) -> (People, Vec<(i64, u64, bool)>) {
    let mut asked: Vec<_> = asked.into_iter().map(|(_, _, p, pairs, merged)| (p, pairs, merged)).collect();
    asked.sort_unstable();
    (people, asked)
}

/// The rows of a town, and some that say too little, several times over.
pub fn rows(seed: u64) -> Vec<String> {
    let mut rows: Vec<String> = town(150, seed).into_iter().map(|n| n.row).collect();
    rows.extend((0..4).map(|i| format!("w{i},Anna,,,,,,,,,,")));
    rows
}

/// Does something to somebody.
pub fn act(told: &mut Told, dice: &mut Dice, pool: &[String], next: &mut usize) {
    let known: Vec<Record> = told.rows.keys().copied().collect();
    let all = told.live.table.records();
    match dice.roll(20) {
        0..=7 => {
            let row = &pool[*next % pool.len()];
            // A new record, or one that says what another has said.
            told.insert(&format!("n{next},{}", row.split_once(',').expect("fields").1));
            *next += 1;
        }
        8..=11 if all > 0 => {
            // Now it says what somebody else says or will say; or it comes back.
            let row = &pool[dice.roll(pool.len())];
            told.replace(dice.roll(all) as u32, row);
        }
        12..=13 if !known.is_empty() => told.remove(known[dice.roll(known.len())]),
        14..=17 if known.len() > 1 => {
            let a = known[dice.roll(known.len())];
            // Of the same person, of two who say the same, of whom it is asked, or any two.
            let near = told.live.records_of(a);
            let asked = told.open.get(dice.roll(told.open.len().max(1))).map(|open| (open.a, open.b));
            let (a, b) = match (dice.roll(3), asked) {
                (0, Some(asked)) => asked,
                (1, _) => (a, near[dice.roll(near.len())]),
                _ => (a, known[dice.roll(known.len())]),
            };
            told.decide(Decision { a, b, same: dice.chance(50) });
        }
        18..=19 if !told.decisions.is_empty() => {
            told.undecide(told.decisions[dice.roll(told.decisions.len())]);
        }
        _ => {}
    }
}

/// Much happens to some records; after each while the people are those of what is left, linked at once.
fn what_is_left(seed: u64, match_threshold: f64, component_cap: usize) -> Result<(), TestCaseError> {
    // Blocks that never grow too large.
    let recipes = crowsnest_linkage::recipe::built_in()
        .into_iter()
        .map(|recipe| crowsnest_linkage::settings::RecipeSetting { cap: Some(10_000), ..recipe });
    let recipes = Some(recipes.collect());
    let settings = Settings { recipes, match_threshold, component_cap, ..Settings::default() };
    let pool: Vec<String> = rows(seed).into_iter().rev().take(70).collect();
    let (mut told, mut dice, mut next) = (Told::new(&settings), Dice(seed), 0);
    for round in 0..8 {
        for _ in 0..30 {
            act(&mut told, &mut dice, &pool, &mut next);
        }
        let (rows, decisions) = told.left();
        let (people, asked) = batch(&rows, &MODEL, &settings, &decisions);
        let found = told.found();
        prop_assert_eq!(&people, &found.0, "round {}", round);
        prop_assert_eq!(&asked, &found.1, "round {}", round);
        // Filled with all of it at once, it is the same.
        let table = table(&file(rows.iter().map(String::as_str)), &settings);
        let again = Live::of(table, MODEL.clone(), &settings, &decisions);
        let again: People = (0..rows.len() as u32)
            .map(|r| {
                again.records_of(r).iter().map(|&r| again.table.ids.get(r as usize).to_string()).collect()
            })
            .collect();
        prop_assert_eq!(&people, &again);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_order_gives_the_people_of_all_at_once(seed in 1u64..1_000_000, cap in 3usize..12) {
        // Small blocks, so that they are dissolved all the time.
        let recipes = crowsnest_linkage::recipe::built_in().into_iter().map(|recipe| {
            crowsnest_linkage::settings::RecipeSetting { cap: Some(cap), ..recipe }
        });
        let settings = Settings { recipes: Some(recipes.collect()), ..Settings::default() };
        let rows = rows(seed);
        let all = batch(&rows, &MODEL, &settings, &[]);
        prop_assert_eq!(&all, &one_by_one(&rows, &settings));
        // Of records that say the same, the first stands for all; which one that is, their order tells.
        let all = unnamed(all);
        prop_assert_eq!(&all, &unnamed(batch(&shuffled(&rows, seed), &MODEL, &settings, &[])));
        prop_assert_eq!(&all, &unnamed(one_by_one(&shuffled(&rows, seed + 1), &settings)));
    }

    #[test]
    fn whatever_happens_people_are_those_of_what_is_left(
        seed in 1u64..1_000_000,
        // From records of which few say enough, to components that have to be cut.
        match_threshold in prop::sample::select(vec![-1.0, 12.0]),
        component_cap in prop::sample::select(vec![4, 40]),
    ) {
        what_is_left(seed, match_threshold, component_cap)?;
    }
}

/// A cut component with decisions in it.
#[test]
fn people_are_those_of_what_is_left_where_components_are_cut() {
    what_is_left(310_299, 12.0, 4).unwrap();
}

/// What those two say is enough for one person, word for word.
const TWIN: &str = "Hanna,Wiesental,f,1970-03-04,hw@mail.de,,Amselweg,7,50667,Koeln,";

#[test]
fn who_was_told_from_one_who_says_the_same_is_a_person_of_their_own() {
    let settings = Settings::default();
    let mut told = Told::new(&settings);
    let [a, b, c] = ["a", "b", "c"].map(|id| told.insert(&format!("{id},{TWIN}")));
    assert_eq!(told.live.records_of(a), [a, b, c]);
    let decision = Decision { a, b, same: false };
    told.decide(decision);
    assert_ne!(told.live.person(a), told.live.person(b));
    let (rows, decisions) = told.left();
    let (people, asked) = batch(&rows, &MODEL, &settings, &decisions);
    // Nobody knows which of the two the third is.
    assert_eq!(people, ["a", "b", "c"].map(|id| BTreeSet::from([id.to_string()])).into());
    assert_eq!(asked.len(), 2);
    assert_eq!((people, asked), told.found());
    // An answer tells.
    told.decide(Decision { a: b, b: c, same: true });
    assert_eq!([told.live.records_of(a), told.live.records_of(b)], [vec![a], vec![b, c]]);
    told.undecide(decision);
    assert_eq!(told.live.records_of(a), [a, b, c]);
}

#[test]
fn what_is_decided_of_a_record_that_says_too_little_holds_for_it_alone() {
    let settings = Settings::default();
    let mut told = Told::new(&settings);
    let [a, b, c] = ["a", "b", "c"].map(|id| told.insert(&format!("{id},Anna,,,,,,,,,,")));
    let d = told.insert(&format!("d,{TWIN}"));
    told.decide(Decision { a, b: d, same: true });
    told.decide(Decision { a: b, b: c, same: true });
    let (rows, decisions) = told.left();
    assert_eq!(batch(&rows, &MODEL, &settings, &decisions), told.found());
    assert_eq!([told.live.records_of(a), told.live.records_of(b)], [vec![a, d], vec![b, c]]);
}

#[test]
fn a_record_that_comes_may_part_two_others() {
    // One of no birth date is taken for the only one of this name, until there are two.
    let mut told = Told::new(&Settings::default());
    let old = told.insert("a,Hanna,Wiesental,f,1950-03-04,,,Amselweg,7,50667,Koeln,");
    let either = told.insert("b,Hanna,Wiesental,f,,,,Amselweg,7,50667,Koeln,");
    assert_eq!(told.live.person(either), old);
    let fields: Vec<&str> = "c,Hanna,Wiesental,f,1979-11-23,,,Amselweg,7,50667,Koeln,".split(',').collect();
    let changes = told.live.insert(&told.intake, fields[0], 0, |i| fields.get(i).copied().unwrap_or(""));
    assert_eq!(changes.moved, [(either, old, either)]);
    assert_eq!(changes.touched, [old, either, changes.record]);
    // And is again, when one of them goes.
    assert_eq!(told.live.remove(changes.record).moved, [(either, either, old)]);
    assert!(!told.live.is_known(changes.record));
    assert!(told.live.records_of(changes.record).is_empty());
}

#[test]
fn why_two_were_not_compared() {
    let mut told = Told::new(&Settings::default());
    let a = told.insert(&format!("a,{TWIN}"));
    let b = told.insert("b,Hanna,Wiesenthal,f,1970-03-04,,,,,,,");
    let c = told.insert("c,Georg,Tannhauser,m,1981-12-01,,,Ringstrasse,9,20095,Hamburg,");
    assert!(told.live.same_block(a, b) && !told.live.same_block(a, c));
    assert!(told.live.score(a, b) > 0.0 && told.live.score(a, c) < 0.0);
    told.live.remove(b);
    assert!(!told.live.same_block(a, b));
    assert_eq!(told.live.score(a, b), f32::NEG_INFINITY);
    assert!(told.live.explain(a, b).lines.is_empty());
}
