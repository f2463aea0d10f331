//! Files of made-up customers.

use crowsnest_bench_identity::{
    generate::{Generate, Where, generate},
    level::Level,
    lists::Country,
    person::Person,
    society::Society,
    traps::{TRAPS, Trap, Traps},
};
use std::{
    collections::{HashMap, HashSet},
    fs,
    path::Path,
};

fn files(folder: &Path, seed: u64, level: Level, without: &[&str]) -> Generate {
    let what = Generate {
        records: 5000,
        seed,
        level,
        country: Where::Mixed,
        without: without.iter().map(|column| (*column).to_owned()).collect(),
        out: folder.join("people.csv"),
        truth: folder.join("truth.csv"),
        traps: Some(folder.join("traps.csv")),
    };
    generate(&what).expect("files");
    what
}

fn rows(path: &Path) -> Vec<HashMap<String, String>> {
    csv::Reader::from_path(path).expect("a file").deserialize().map(|row| row.expect("a row")).collect()
}

#[test]
fn the_same_seed_makes_the_same_files_and_another_seed_others() {
    let (one, again, other) = (tempfile::tempdir(), tempfile::tempdir(), tempfile::tempdir());
    let (one, again, other) = (one.expect("folder"), again.expect("folder"), other.expect("folder"));
    files(one.path(), 7, Level::Medium, &[]);
    files(again.path(), 7, Level::Medium, &[]);
    files(other.path(), 8, Level::Medium, &[]);
    for name in ["people.csv", "truth.csv", "traps.csv"] {
        let read = |folder: &Path| fs::read(folder.join(name)).expect("a file");
        assert_eq!(read(one.path()), read(again.path()), "{name}");
        assert_ne!(read(one.path()), read(other.path()), "{name}");
    }
}

#[test]
fn every_record_has_its_truth() {
    let folder = tempfile::tempdir().expect("folder");
    let what = files(folder.path(), 1, Level::Medium, &[]);
    let people = rows(&what.out);
    let truth = rows(&what.truth);
    assert_eq!(people.len(), 5000);
    let ids = |rows: &[HashMap<String, String>]| {
        rows.iter().map(|row| row["record_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&people), ids(&truth));
    assert_eq!(ids(&people).into_iter().collect::<HashSet<_>>().len(), 5000);
    let mut homes = HashMap::new();
    for row in &truth {
        let home = homes.entry(&row["person_id"]).or_insert(&row["household_id"]);
        assert_eq!(*home, &row["household_id"], "{} lives in one household", row["person_id"]);
    }
    // The matcher's file says nothing of it.
    assert!(
        people[0].keys().all(|column| !["person_id", "household_id", "traps"].contains(&column.as_str()))
    );
}

#[test]
fn nearly_half_of_the_people_have_one_record_and_none_has_more_than_twelve() {
    let folder = tempfile::tempdir().expect("folder");
    let what = files(folder.path(), 2, Level::Medium, &[]);
    let mut counts: HashMap<String, usize> = HashMap::new();
    for row in rows(&what.truth) {
        *counts.entry(row["person_id"].clone()).or_default() += 1;
    }
    let alone = counts.values().filter(|count| **count == 1).count() as f64 / counts.len() as f64;
    assert!((0.40..0.50).contains(&alone), "{alone}");
    assert!(counts.values().all(|count| *count <= 12));
}

#[test]
fn records_of_one_person_do_not_stand_together() {
    let folder = tempfile::tempdir().expect("folder");
    let what = files(folder.path(), 3, Level::Medium, &[]);
    let truth = rows(&what.truth);
    let beside = truth.windows(2).filter(|pair| pair[0]["person_id"] == pair[1]["person_id"]).count();
    assert!(beside < 20, "{beside}");
}

#[test]
fn columns_that_are_not_wanted_are_empty_and_nothing_else_changes() {
    let (all, some) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
    let all = rows(&files(all.path(), 4, Level::Medium, &[]).out);
    let some = rows(&files(some.path(), 4, Level::Medium, &["email", "phone", "updated_at"]).out);
    for (mut all, some) in all.into_iter().zip(some) {
        all.insert("email".into(), String::new());
        all.insert("phone".into(), String::new());
        all.insert("updated_at".into(), String::new());
        assert_eq!(all, some);
    }
}

#[test]
fn records_say_when_they_were_changed_and_some_say_nothing_or_junk() {
    let folder = tempfile::tempdir().expect("folder");
    let people = rows(&files(folder.path(), 8, Level::Medium, &[]).out);
    let share = |of: &dyn Fn(&HashMap<String, String>) -> bool| {
        people.iter().filter(|row| of(row)).count() as f64 / people.len() as f64
    };
    assert!((0.05..0.30).contains(&share(&|row| row["updated_at"].is_empty())));
    let junk = ["0000-00-00 00:00:00", "1970-01-01T00:00:00Z", "NULL", "31.12.9999"];
    assert!((0.002..0.03).contains(&share(&|row| junk.contains(&row["updated_at"].as_str()))));
    let form = |source: &str, sign: char| {
        let of = people.iter().filter(|row| row["source"] == source);
        of.filter(|row| row["updated_at"].contains(sign)).count()
    };
    assert!(form("web", 'T') > 0 && form("app", '1') > 0 && form("showroom", '.') > 0);
    assert_eq!(form("bought_list", '2'), 0);
}

#[test]
fn a_column_that_is_not_there_cannot_be_left_out() {
    let folder = tempfile::tempdir().expect("folder");
    let what = Generate { without: vec!["telephone".into()], ..files(folder.path(), 1, Level::Medium, &[]) };
    let error = generate(&what).expect_err("no such column").to_string();
    assert!(error.starts_with("--without telephone:") && error.contains("phone, landline"), "{error}");
}

#[test]
fn the_level_says_how_much_goes_wrong() {
    let count = |level: Level, trap: Trap| {
        let folder = tempfile::tempdir().expect("folder");
        let what = files(folder.path(), 5, level, &[]);
        let path = what.traps.expect("traps");
        rows(&path).iter().filter(|row| Traps::read(&row["traps"]).has(trap)).count()
    };
    for trap in [Trap::Typo, Trap::Nickname, Trap::Placeholder, Trap::SharedMailbox] {
        let [light, medium, heavy] =
            [Level::Light, Level::Medium, Level::Heavy].map(|level| count(level, trap));
        assert!(light < medium && medium < heavy, "{trap:?}: {light}, {medium}, {heavy}");
    }
}

#[test]
fn twins_share_the_birthday_and_a_son_his_father_s_name() {
    let mut society = Society::new(6, Level::Heavy, &[(Country::Us, 1.0)], 10_000);
    let (mut twins, mut namesakes) = (0, 0);
    for family in (0..3000).map(|_| society.family()) {
        for person in family.iter().filter(|person| person.traps.has(Trap::Twin)) {
            let other = family.iter().find(|other| other.id != person.id && other.born == person.born);
            assert!(other.is_some_and(|other| other.forename != person.forename), "{family:?}");
            twins += 1;
        }
        for person in family.iter().filter(|person| person.traps.has(Trap::NamesakeInFamily)) {
            let of_name = |other: &&Person| other.forename == person.forename && other.id != person.id;
            assert!(family.iter().find(of_name).is_some_and(|other| other.born != person.born), "{family:?}");
            namesakes += 1;
        }
    }
    assert!(twins > 20 && namesakes > 20, "{twins}, {namesakes}");
}

#[test]
fn a_mailbox_that_is_not_shared_is_nobody_else_s() {
    let mut society = Society::new(7, Level::Medium, &[(Country::De, 1.0)], 10_000);
    let mut owners: HashMap<String, u32> = HashMap::new();
    for person in (0..3000).flat_map(|_| society.family()) {
        let shared = [Trap::SharedMailbox, Trap::RoleMailbox].iter().any(|trap| person.traps.has(*trap));
        for mailbox in person.mailboxes.into_iter().filter(|_| !shared) {
            assert!(owners.insert(mailbox.clone(), person.id).is_none(), "{mailbox}");
        }
    }
    assert!(owners.len() > 3000);
}

#[test]
fn traps_are_read_as_they_were_written() {
    let mut traps = Traps::default();
    for (trap, _) in TRAPS {
        traps.add(trap);
        assert!(Traps::read(&traps.words()) == traps);
    }
}
