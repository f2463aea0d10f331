//! Who is one person and who is not.

use crate::world::{at, file, linked, quality, singles, town, town_with, why};
use crowsnest_linkage::Settings;

/// Whether two records, by their ids, came out as one person; and as one household.
fn together(rows: &[&str], a: &str, b: &str) -> (bool, bool) {
    let (mut table, linkage) = linked(&town_with(rows), &Settings::default(), None, &[]);
    let (a, b) = (at(&table, a) as usize, at(&table, b) as usize);
    println!("{}", why(&mut table, &linkage, a as u32, b as u32));
    (linkage.people[a] == linkage.people[b], linkage.households[a] == linkage.households[b])
}

#[test]
fn a_town_comes_out_nearly_as_it_is() {
    let town = town(1500, 3);
    let (_, linkage) = linked(&file(town.iter().map(|n| n.row.as_str())), &Settings::default(), None, &[]);
    let truth: Vec<usize> = town.iter().map(|n| n.person).collect();
    let (precision, recall) = quality(&truth, &linkage.people);
    assert!(precision > 0.97, "precision {precision}");
    assert!(recall > 0.95, "recall {recall}");
}

#[test]
fn a_couple_is_two_people_of_one_household() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,wiesental@mail.de,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Robert,Wiesental,m,1968-11-23,wiesental@mail.de,0221 7654321,Amselweg,7,50667,Koeln,",
    ];
    assert_eq!(together(&rows, "a", "b"), (false, true));
}

#[test]
fn twins_are_two_people_of_one_household() {
    let rows = [
        "a,Lena,Wiesental,f,1999-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Paula,Wiesental,f,1999-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
    ];
    assert_eq!(together(&rows, "a", "b"), (false, true));
}

#[test]
fn father_and_son_of_one_name_are_two_people() {
    let rows = [
        "a,Robert,Wiesental,m,1950-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Robert,Wiesental,m,1979-08-21,,0221 7654321,Amselweg,7,50667,Koeln,",
    ];
    assert_eq!(together(&rows, "a", "b"), (false, true));
}

#[test]
fn a_card_lent_to_a_friend_makes_nobody_one() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,,,Amselweg,7,50667,Koeln,777000111",
        "b,Georg,Tannhauser,m,1981-12-01,,,Ringstrasse,9,20095,Hamburg,777000111",
    ];
    assert!(!together(&rows, "a", "b").0);
}

#[test]
fn swapped_names_are_still_the_person() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,,0171 5551234,Amselweg,7,50667,Koeln,",
        "b,Wiesental,Hanna,f,1970-03-04,,,Amselweg,7,50667,Koeln,",
    ];
    assert!(together(&rows, "a", "b").0);
}

#[test]
fn swapped_names_with_a_slip_are_still_the_person() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,,0171 5551234,Amselweg,7,50667,Koeln,",
        "b,Wiesentall,Hanna,f,1970-03-04,,,Amselweg,7,50667,Koeln,",
    ];
    assert!(together(&rows, "a", "b").0);
}

#[test]
fn where_people_have_no_relatives_a_changed_name_and_birthday_are_slips() {
    let rows = [
        "a,Hanna,Wiesental,,1970-03-04,,,Amselweg,7,50667,Koeln,777000111",
        "b,Robert,Wiesental,,1968-11-23,,,Amselweg,7,50667,Koeln,777000111",
    ];
    // Where there are families, they share a card.
    assert_eq!(together(&rows, "a", "b"), (false, true));
    let alone = singles(700, 5);
    let text = file(alone.iter().map(|n| n.row.as_str()).chain(rows));
    let (mut table, linkage) = linked(&text, &Settings::default(), None, &[]);
    let (a, b) = (at(&table, "a"), at(&table, "b"));
    println!("{}", why(&mut table, &linkage, a, b));
    assert_eq!(linkage.people[a as usize], linkage.people[b as usize]);
}

#[test]
fn in_a_source_without_duplicates_nobody_is_twice() {
    let row = |id: &str, source: &str| {
        format!(
            "{id},{source},Hanna,Wiesental,1970-03-04,hanna70@mail.de,0171 5551234,Amselweg,7,50667,Koeln"
        )
    };
    let header =
        "record_id,source,first_name,last_name,date_of_birth,email,phone,street,house_number,postcode,city";
    // The shop and the till each have her twice, word for word.
    let rows = [row("a", "shop"), row("b", "shop"), row("c", "till"), row("d", "till")];
    let mut text = header.to_string();
    for noted in town(600, 3) {
        let cells: Vec<&str> = noted.row.split(',').collect();
        let [id, forename, surname, _, born, email, phone, street, number, postcode, city, _] = cells[..]
        else {
            panic!("twelve cells")
        };
        text += &format!(
            "\n{id},till,{forename},{surname},{born},{email},{phone},{street},{number},{postcode},{city}"
        );
    }
    for row in &rows {
        text = format!("{text}\n{row}");
    }
    let people = |unique: &[&str]| {
        let settings = Settings {
            unique_sources: unique.iter().map(|s| s.to_string()).collect(),
            ..Settings::default()
        };
        let (table, linkage) = linked(&text, &settings, None, &[]);
        ["a", "b", "c", "d"].map(|id| linkage.people[at(&table, id) as usize])
    };
    let [a, b, c, d] = people(&[]);
    assert!(a == b && b == c && c == d, "{:?}", [a, b, c, d]);
    let [a, b, c, d] = people(&["shop"]);
    assert!(a != b, "the shop has nobody twice");
    // Which of the shop's two they are, nobody can say; somebody is asked.
    assert!(c == d, "the till may have: {:?}", [a, b, c, d]);
    let [a, b, c, d] = people(&["shop", "till"]);
    assert!(a != b && c != d, "{:?}", [a, b, c, d]);
}

#[test]
fn a_telephone_number_given_to_a_stranger_makes_nobody_one() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,,0171 5551234,Amselweg,7,50667,Koeln,",
        "b,Georg,Tannhauser,m,1981-12-01,,0171 5551234,Ringstrasse,9,20095,Hamburg,",
    ];
    assert_eq!(together(&rows, "a", "b"), (false, false));
}

#[test]
fn who_moved_and_married_is_known_by_the_mailbox_and_the_birthday() {
    let rows = [
        "a,Hanna,Wiesental,f,1970-03-04,hanna70@mail.de,,Amselweg,7,50667,Koeln,",
        "b,Hanna,Tannhauser,f,1970-03-04,hanna70@mail.de,,Ringstrasse,9,20095,Hamburg,",
    ];
    assert!(together(&rows, "a", "b").0);
}

#[test]
fn a_birthday_that_many_have_says_little() {
    // As a form fills it in that nobody fills in.
    let mut rows: Vec<String> = Vec::new();
    for (i, name) in ["Maier", "Vogel", "Lang", "Pohl", "Otto", "Graf"].iter().cycle().take(90).enumerate() {
        rows.push(format!("x{i},Peter{i},{name}{i},m,1970-01-01,,,,,,,"));
    }
    rows.push("a,Peter,Maier,m,1970-01-01,,,,,,,".to_string());
    rows.push("b,Peter,Maier,m,1970-01-01,,,Lindenweg,3,04109,Leipzig,".to_string());
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    assert!(!together(&rows, "a", "b").0);
}

#[test]
fn a_record_that_may_be_either_twin_is_left_alone_and_shown() {
    let rows = [
        "a,Lena,Wiesental,f,1999-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "b,Paula,Wiesental,f,1999-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
        "c,,Wiesental,f,1999-03-04,,0221 7654321,Amselweg,7,50667,Koeln,",
    ];
    let (table, linkage) = linked(&town_with(&rows), &Settings::default(), None, &[]);
    let [a, b, c] = ["a", "b", "c"].map(|id| at(&table, id));
    let person = |r: u32| linkage.people[r as usize];
    assert!(person(a) != person(b) && person(c) != person(a) && person(c) != person(b));
    let c = table.node_of(c);
    assert!(linkage.doubts.iter().any(|d| (d.a == c || d.b == c) && !d.merged));
}

#[test]
fn many_twins_in_a_small_file_are_not_one_person_each_with_two_names() {
    let surnames =
        ["Wiesental", "Tannhauser", "Lindemann", "Kirchhoff", "Brunner", "Seeberg", "Falkner", "Moosbach"];
    let forenames =
        ["Hanna", "Robert", "Lena", "Paula", "Georg", "Oskar", "Frieda", "Tilman", "Svenja", "Konrad"];
    let (mut rows, mut truth, mut person) = (Vec::new(), Vec::new(), 0);
    for house in 0..40 {
        // Both parents, and twins who share all that parents give them.
        let born = [1960 + house % 20, 1962 + house % 20, 1990 + house % 20, 1990 + house % 20];
        for (nth, born) in born.into_iter().enumerate() {
            let forename = forenames[(house * 7 + nth * 3) % forenames.len()];
            let surname = format!("{}{}", surnames[house % 8], ["", "er", "mann", "s", "ow"][house / 8]);
            let day = if nth < 2 { house % 25 + nth + 1 } else { house % 25 + 3 };
            for copy in 0..2 {
                let phone = if copy == 0 { format!("0221 {}", 700_000 + house * 37) } else { String::new() };
                rows.push(format!(
                    "r{},{forename},{surname},,{born}-{:02}-{day:02},familie{house}@mail.de,{phone},Amselweg,{},{},Koeln,",
                    rows.len(),
                    house % 12 + 1,
                    house + 1,
                    50_600 + house
                ));
                truth.push(person);
            }
            person += 1;
        }
    }
    let (_, linkage) = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
    let (precision, recall) = quality(&truth, &linkage.people);
    assert!(precision > 0.98 && recall > 0.95, "precision {precision}, recall {recall}");
}
