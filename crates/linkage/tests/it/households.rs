//! Who lives with whom.

use crate::world::{Dice, HEADER, at, file, linked, quality, town_with};
use crowsnest_linkage::{Linkage, Settings, Table, csv, settings::Role};
use std::fmt::Write;

fn at_home(rows: &[&str]) -> (Table, Linkage) {
    linked(&town_with(rows), &Settings::default(), None, &[])
}

/// Whether records, by their ids, are of one household.
fn one_home((table, linkage): &(Table, Linkage), ids: [&str; 2]) -> bool {
    let [a, b] = ids.map(|id| linkage.households[at(table, id) as usize]);
    a == b
}

#[test]
fn a_couple_of_one_surname_needs_no_more_than_the_address() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Amselweg,7,50667,Koeln,",
        "b,Robert,Wiesental,,1968-11-23,,0171 7654321,Amselweg,7,50667,Koeln,",
    ];
    assert!(one_home(&at_home(&rows), ["a", "b"]));
}

#[test]
fn a_couple_of_two_surnames_is_known_by_the_telephone_at_home() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,hanna@mail.de,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Robert,Tannhauser,,1968-11-23,,0221 7654321,Amselweg,7,50667,Koeln,",
    ];
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a", "b"]));
    let person = |id| linked.1.people[at(&linked.0, id) as usize];
    assert!(person("a") != person("b"));
}

#[test]
fn several_records_have_several_chances_to_show_it() {
    // No record of the one shares anything with the first record of the other.
    let rows = [
        "a1,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Amselweg,7,50667,Koeln,",
        "a2,Hanna,Wiesental,,1970-03-04,hanna@mail.de,0221 7654321,Bachweg,3,20095,Hamburg,",
        "b1,Robert,Tannhauser,,1968-11-23,rt@mail.de,0171 1112223,,,,,",
        "b2,Robert,Tannhauser,,1968-11-23,rt@mail.de,0221 7654321,Bachweg,3,20095,Hamburg,",
    ];
    assert!(one_home(&at_home(&rows), ["a1", "b1"]));
}

#[test]
fn in_a_large_building_only_families_live_together() {
    let names = ["Nord", "Sued", "Ost", "West", "Tal", "Berger", "Wald", "Moor", "Heide", "Busch"];
    let mut rows: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(i, name)| format!("n{i},Nils{i},{name}mann,,19{}-03-04,,,Turmweg,1,50667,Koeln,", 50 + i))
        .collect();
    rows.push("a,Hanna,Wiesental,,1970-03-04,,,Turmweg,1,50667,Koeln,".to_string());
    rows.push("b,Robert,Wiesental,,1968-11-23,,,Turmweg,1,50667,Koeln,".to_string());
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a", "b"]));
    for i in 1..names.len() {
        assert!(!one_home(&linked, ["n0", &format!("n{i}")]), "n0 and n{i}");
    }
}

#[test]
fn a_child_who_lives_elsewhere_is_of_another_household() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Robert,Wiesental,,1968-11-23,,0221 7654321,Amselweg,7,50667,Koeln,",
        "c,Paula,Wiesental,,1995-05-17,,0171 1112223,Ringstrasse,9,50667,Koeln,",
    ];
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a", "b"]));
    assert!(!one_home(&linked, ["a", "c"]) && !one_home(&linked, ["b", "c"]));
}

#[test]
fn a_child_of_separated_parents_does_not_bring_them_together_again() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Robert,Tannhauser,,1968-11-23,,040 1234567,Bachweg,3,20095,Hamburg,",
        "c1,Paula,Wiesental,,2005-05-17,paula@mail.de,0221 7654321,Amselweg,7,50667,Koeln,",
        "c2,Paula,Wiesental,,2005-05-17,paula@mail.de,0221 7654321,Amselweg,7,50667,Koeln,",
        "c3,Paula,Wiesental,,2005-05-17,paula@mail.de,040 1234567,Bachweg,3,20095,Hamburg,",
    ];
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a", "c1"]));
    assert!(one_home(&linked, ["c1", "c3"]));
    assert!(!one_home(&linked, ["a", "b"]));
}

#[test]
fn a_chain_of_people_who_followed_each_other_is_not_one_household() {
    // Each moved to where the one before had lived.
    let streets = ["Lerchenweg", "Finkenweg", "Starweg", "Meisenweg", "Dohlenweg", "Elsterweg", "Spechtweg"];
    let rows: Vec<String> = streets
        .windows(2)
        .enumerate()
        .flat_map(|(i, way)| {
            [0, 1].map(|nth| {
                let (name, street) = (["Nord", "Sued", "Ost", "West", "Tal", "Moor"][i], way[nth]);
                format!("n{i}{nth},Nils{i},{name}mann,,196{i}-03-04,n{i}@mail.de,,{street},1,50667,Koeln,")
            })
        })
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert!(!one_home(&at_home(&rows), ["n00", "n51"]));
}

#[test]
fn a_slip_in_the_postcode_is_no_other_home() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Amselweg,7,50667,Koeln,",
        "b,Robert,Wiesental,,1968-11-23,,0171 7654321,Amselweg,7,5067,Koeln,",
    ];
    assert!(one_home(&at_home(&rows), ["a", "b"]));
}

#[test]
fn of_two_names_behind_one_door_those_of_one_age_are_the_couple() {
    // Couples who kept their names, and lodgers of any age, in houses of two.
    let mut dice = Dice(11);
    let (mut rows, mut couples) = (Vec::new(), Vec::new());
    for house in 0..600 {
        let year = 1940 + dice.roll(60);
        let couple = house % 2 == 0;
        let other = if couple { year + dice.roll(5) } else { 1940 + (year - 1940 + 20 + dice.roll(20)) % 60 };
        let (named, landline) = (house / 2 % 10 < 7, house / 2 % 3 == 0);
        for (nth, year) in [year, other].into_iter().enumerate() {
            let surname = if couple && named { house } else { house + 600 * (nth + 1) };
            let phone =
                if couple && landline { format!("0221 {}", 5_000_000 + house) } else { String::new() };
            let surname: String = (surname * 79_193 % 999_983)
                .to_string()
                .bytes()
                .map(|digit| char::from(b'b' + (digit - b'0') * 2))
                .collect();
            rows.push(format!(
                "r{house}.{nth},Vor{},Na{surname},{},{year}-{:02}-{:02},,{phone},Weg{},{house},{},Koeln,",
                dice.roll(300),
                if nth == 0 { "f" } else { "m" },
                dice.roll(12) + 1,
                dice.roll(28) + 1,
                house % 40,
                50_000 + house
            ));
        }
        // Only those of two names, without a number in common.
        if !(couple && (named || landline)) {
            couples.push((house, couple));
        }
    }
    let linked = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
    let found = |couple: bool| {
        let of = couples.iter().filter(|(_, is)| *is == couple);
        let ids = of.clone().map(|(house, _)| [format!("r{house}.0"), format!("r{house}.1")]);
        let homes = ids.filter(|[a, b]| one_home(&linked, [a, b])).count();
        homes as f64 / of.count() as f64
    };
    let (couples, lodgers) = (found(true), found(false));
    assert!(couples > 0.9 && lodgers < 0.2, "couples {couples}, lodgers {lodgers}");
}

/// A town of families, in part of two surnames, and of towers in which everybody is alone; the household of each row.
fn families_and_towers(seed: u64, phones: bool) -> (String, Vec<usize>) {
    let mut dice = Dice(seed);
    let (mut rows, mut truth, mut homes) = (Vec::new(), Vec::new(), 0);
    let name = |n: usize| {
        format!(
            "{}{}",
            ["Nord", "Ost", "Berg", "Tal", "Wald", "Heide"][n % 6],
            ["mann", "er", "ler", "bauer"][n / 6 % 4]
        )
    };
    for house in 0..450 {
        let tower = house % 9 == 0;
        let (street, postcode) = (format!("{}weg", name(dice.roll(24))), 10_000 + dice.roll(400));
        let family = dice.roll(700);
        let (two_names, landline) = (dice.chance(25), format!("030 {}", 1_000_000 + house));
        for nth in 0..if tower { 14 } else { 1 + dice.roll(3) } {
            homes += usize::from(tower || nth == 0);
            let stranger = tower || two_names && nth == 1;
            let surname = if stranger { dice.roll(700) } else { family };
            let surname =
                format!("{}{}", name(surname), ["", "sohn", "stein", "feld", "au", "hof"][surname / 24 % 6]);
            let born = format!("{}-{:02}-{:02}", 1940 + dice.roll(65), dice.roll(12) + 1, dice.roll(28) + 1);
            let mobile = format!("0171 {}", 1_000_000 + dice.roll(9_000_000));
            let phone = if !phones {
                String::new()
            } else if !tower && dice.chance(50) {
                landline.clone()
            } else {
                mobile
            };
            rows.push(format!(
                "r{},Vor{},{surname},,{born},,{phone},{street},{house},{postcode},,",
                rows.len(),
                dice.roll(200)
            ));
            truth.push(homes);
        }
    }
    (file(rows.iter().map(String::as_str)), truth)
}

#[test]
fn families_are_told_from_towers_without_being_told_what_a_tower_is() {
    for seed in 1..4 {
        let (text, truth) = families_and_towers(seed, true);
        let (_, linkage) = linked(&text, &Settings::default(), None, &[]);
        let (precision, recall) = quality(&truth, &linkage.households);
        assert!(precision > 0.92 && recall > 0.9, "{seed}: precision {precision}, recall {recall}");
    }
}

#[test]
fn without_telephones_the_surnames_still_tell() {
    let (text, truth) = families_and_towers(5, false);
    let (_, linkage) = linked(&text, &Settings::default(), None, &[]);
    let (precision, recall) = quality(&truth, &linkage.households);
    assert!(precision > 0.9 && recall > 0.8, "precision {precision}, recall {recall}");
}

#[test]
fn a_household_has_whole_people() {
    let (_, linkage) = at_home(&[]);
    let mut home = vec![None; linkage.counts.people];
    for (&person, &household) in linkage.people.iter().zip(&linkage.households) {
        assert_eq!(*home[person as usize].get_or_insert(household), household);
    }
}

#[test]
fn twenty_thousand_of_one_name_at_one_address_take_no_time_and_a_warning_names_the_address() {
    // All pairs would be 200 million.
    let mut text = HEADER.to_string();
    for i in 0..20_000 {
        let _ = write!(
            text,
            "\nr{i},Vor{i},Wiesental,,19{:02}-{:02}-{:02},,,Heimweg,1,50667,Koeln,",
            i % 80 + 10,
            i % 12 + 1,
            i % 28 + 1
        );
    }
    let (_, linkage) = linked(&text, &Settings::default(), None, &[]);
    assert!(linkage.counts.households > 10_000, "{:?}", linkage.counts);
    assert!(
        linkage.warnings.iter().any(|w| w.column == "address" && w.message.contains("people share")),
        "{:?}",
        linkage.warnings
    );
}

/// The same with the moments of these records in one more column; what the town says has one for all.
fn at_home_as_of(rows: &[(&str, &str)], column: &str, settings: &Settings) -> (Table, Linkage) {
    let said: Vec<&str> = rows.iter().map(|(row, _)| *row).collect();
    let mut text = String::new();
    for (nth, line) in town_with(&said).lines().enumerate() {
        let moment = match nth {
            0 => column,
            _ => rows.iter().find(|(row, _)| *row == line).map_or("2019-05-05", |(_, moment)| moment),
        };
        text += &format!("{line},{moment}\n");
    }
    linked(&text, settings, None, &[])
}

/// Both were seen at one address, then each twice elsewhere.
const PARTED: [(&str, &str); 6] = [
    ("a1,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Amselweg,7,50667,Koeln,", "2015-02-01"),
    ("b1,Robert,Wiesental,,1968-11-23,rw@mail.de,,Amselweg,7,50667,Koeln,", "2015-06-30T10:00:00Z"),
    ("a2,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Bachweg,3,20095,Hamburg,", "1.2.2020"),
    ("a3,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Bachweg,3a,20095,Hamburg,", "3.4.23"),
    ("b2,Robert,Wiesental,,1968-11-23,rw@mail.de,,Ringstrasse,9,80331,Muenchen,", "1577880000"),
    ("b3,Robert,Wiesental,,1968-11-23,rw@mail.de,,Ringstr.,9,80331,Muenchen,", "2024-01-01 08:00"),
];

#[test]
fn who_has_moved_on_lives_with_nobody_of_before_where_records_say_when() {
    for column in ["updated_at", "Last Seen", "zuletzt geändert", "date", "As-Of"] {
        assert!(!one_home(&at_home_as_of(&PARTED, column, &Settings::default()), ["a1", "b1"]), "{column}");
    }
    // Not known by its name, and told not to be used.
    let mut settings = Settings::default();
    assert!(one_home(&at_home_as_of(&PARTED, "when", &settings), ["a1", "b1"]));
    settings.say("updated_at", Role::Ignore);
    assert!(one_home(&at_home_as_of(&PARTED, "updated_at", &settings), ["a1", "b1"]));
    settings.say("when", Role::AsOf);
    assert!(!one_home(&at_home_as_of(&PARTED, "when", &settings), ["a1", "b1"]));
}

#[test]
fn an_address_of_before_that_is_written_once_more_parts_nobody() {
    let mut rows = PARTED.to_vec();
    rows.truncate(2);
    rows.push(("a0,Hanna,Wiesental,,1970-03-04,hanna@mail.de,,Bachweg,3,20095,Hamburg,", "2012-01-01"));
    rows.push(("a4,Hanna,Wiesental,,1970-03-04,,,Bachweg,3,20095,Hamburg,", "2016-01-01"));
    rows.push(("a5,Hanna,Wiesental,,1970-03-04,,,Amselweg,7,50667,Koeln,", "2018-01-01"));
    assert!(one_home(&at_home_as_of(&rows, "updated_at", &Settings::default()), ["a1", "b1"]));
}

#[test]
fn who_was_not_heard_of_since_the_other_moved_may_have_come_along() {
    let rows = &PARTED[..4];
    assert!(one_home(&at_home_as_of(rows, "updated_at", &Settings::default()), ["a1", "b1"]));
}

#[test]
fn a_column_of_moments_without_one_is_named() {
    let mut settings = Settings::default();
    settings.say("remark", Role::AsOf);
    let mut reader = csv::Reader::new(&settings);
    let text = "id,first_name,remark\n1,Ann,soon\n2,Bob,9999-12-31\n3,Cid,1970-01-01\n4,Dee,2021-13-40\n";
    reader.read("people.csv", text.as_bytes()).unwrap();
    let (table, warnings) = reader.finish();
    assert!(table.as_of.is_empty());
    let said: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|said| said.starts_with("remark: no moment could be read")), "{said:?}");
}

#[test]
fn moments_are_read_as_systems_write_them() {
    let mut settings = Settings::default();
    settings.say("seen", Role::AsOf);
    let of = |country: &str, moment: &str| {
        let mut reader = csv::Reader::new(&settings);
        let text = format!("id,first_name,country,seen\n1,Ann,{country},{moment}\n");
        reader.read("people.csv", text.as_bytes()).unwrap();
        reader.finish().0.as_of.first().copied()
    };
    // 9 March 2021, 14:07 in Greenwich.
    let minute = Some(26_921_647);
    for moment in [
        "2021-03-09T14:07:00Z",
        "2021-03-09 14:07",
        "2021-03-09T16:07:33.120+02:00",
        "2021-03-09T09:07:00-0500",
        "09.03.2021 14:07",
        "9.3.21 14:07",
        "9 Mar 2021 2:07 PM",
        "1615298820",
        "1615298820000",
        "1615298820.25",
    ] {
        assert_eq!(of("", moment), minute, "{moment}");
    }
    let day = Some(26_921_647 - 14 * 60 - 7);
    for (country, moment) in [
        ("US", "03/09/2021"),
        ("GB", "09/03/2021"),
        ("", "20210309"),
        ("", "44264"),
        ("Atlantis", "9/3/2021"),
    ] {
        assert_eq!(of(country, moment), day, "{country} {moment}");
    }
    for nothing in
        ["", "never", "0000-00-00", "1900-01-01", "1970-01-01", "9999-12-31", "12:30", "2021-99-99"]
    {
        assert_eq!(of("", nothing), None, "{nothing}");
    }
}

/// A word that nobody knows, by its number.
fn word(number: usize) -> String {
    let digits = (number * 7_919 % 99_991).to_string();
    let syllables = digits
        .bytes()
        .map(|digit| ["ba", "de", "fi", "go", "lu", "ma", "ne", "ri", "so", "tu"][usize::from(digit - b'0')]);
    syllables.collect()
}

/// People who share an address that each of their records may have with a slip or with gaps, one in five of another name than the others;
/// and the household of each row.
fn families_with_slips(slips: usize, gaps: usize) -> (Vec<String>, Vec<usize>) {
    let mut dice = Dice(29);
    let (mut rows, mut homes) = (Vec::new(), Vec::new());
    for home in 0..900 {
        let (street, number, place) = (word(dice.roll(700)), dice.roll(200) + 1, dice.roll(250));
        for member in 0..[1, 1, 2, 2, 3, 4][dice.roll(6)] {
            let name = if member > 0 && dice.chance(20) { 1_000 + dice.roll(900) } else { 1_000 + home };
            let person = homes.len();
            let born = format!("{}-{:02}-{:02}", 1940 + dice.roll(65), dice.roll(12) + 1, dice.roll(28) + 1);
            for _ in 0..[1, 1, 2, 3][dice.roll(4)] {
                let said = [
                    format!("Vor{}", word(2_000 + person % 500)),
                    format!("Na{}", word(name)),
                    born.clone(),
                    format!("0171 {}", 5_000_000 + person),
                    format!("{street}weg"),
                    number.to_string(),
                    format!("{}", 40_000 + place * 37),
                    format!("{}stadt", word(3_000 + place)),
                ];
                let said = said.map(|text| {
                    let at = dice.roll(text.len().max(2) - 1) + 1;
                    match (dice.chance(gaps), dice.chance(slips)) {
                        (true, _) => String::new(),
                        (false, true) if text.len() > 1 => format!("{}{}", &text[..at], &text[at + 1..]),
                        _ => text,
                    }
                });
                let [forename, surname, born, phone, street, number, postcode, city] = said;
                let id = rows.len();
                rows.push(format!(
                    "r{id},{forename},{surname},,{born},,{phone},{street},{number},{postcode},{city},"
                ));
                homes.push(home);
            }
        }
    }
    (rows, homes)
}

#[test]
fn slips_and_gaps_in_addresses_hide_few_households() {
    for (slips, gaps, least) in [(10, 10, 0.95), (20, 15, 0.90), (30, 20, 0.80)] {
        let (rows, homes) = families_with_slips(slips, gaps);
        let (_, linkage) = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
        let (precision, recall) = quality(&homes, &linkage.households);
        let f1 = 2.0 * precision * recall / (precision + recall);
        assert!(f1 > least, "{slips} % slips, {gaps} % gaps: {f1:.3} ({precision:.3}, {recall:.3})");
    }
}

#[test]
fn slips_in_both_the_street_and_the_name_are_no_other_home() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,hanna@mail.de,,Kirschbaumallee,7,50667,Koeln,",
        "b,Robert,Wisental,m,1968-11-23,,0171 7654321,Kirschbamallee,7,50667,Koeln,",
        "c,Paul,Wiesentahl,m,1931-11-23,,0171 7654329,Kirschbaumallee,91,50668,Koeln,",
    ];
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a", "b"]));
    assert!(!one_home(&linked, ["a", "c"]));
}

#[test]
fn one_name_in_one_street_is_no_home_when_the_houses_or_the_flats_are_two() {
    let rows = [
        "a1,Rita,Vogelsang,f,1970-03-04,rita@mail.de,,Kirschbaumallee,88,50667,Koeln,",
        // A record that leaves the number out takes nothing back.
        "a2,Rita,Vogelsang,f,1970-03-04,rita@mail.de,,Kirschbaumallee,,50667,Koeln,",
        "b,Uwe,Vogelsang,m,1958-11-23,,0171 7654321,Kirschbaumallee,212,50667,Koeln,",
        "c,Beth,Tannhauser,f,1970-03-04,beth@mail.de,,Lerchenweg 7 Apt 12,,50667,Koeln,",
        "d,Carl,Tannhauser,m,1958-11-23,,0171 7654329,Lerchenweg 7 Apt 25,,50667,Koeln,",
    ];
    let linked = at_home(&rows);
    assert!(one_home(&linked, ["a1", "a2"]));
    assert!(!one_home(&linked, ["a1", "b"]));
    assert!(!one_home(&linked, ["c", "d"]));
}
