//! Data that nobody would call good: no panic, linear time, and a warning that names the column.

use crate::world::{HEADER, file, linked};
use crowsnest_linkage::{Settings, csv};
use std::fmt::Write;

#[test]
fn no_rows_no_columns_and_no_file() {
    for text in ["", "\n", "a,b\n", HEADER, "a,b\n1,2\n3,4\n", "record_id\nr1\nr2\n"] {
        let (table, linkage) = linked(text, &Settings::default(), None, &[]);
        assert_eq!(linkage.people.len(), table.records());
    }
}

#[test]
fn rows_of_a_file_without_a_known_column_say_nothing_and_others_keep_theirs() {
    let settings = Settings::default();
    let mut reader = csv::Reader::new(&settings);
    reader.read("odd", "record_id,zzz\no1,1\no2,2\no3,3\n".as_bytes()).expect("it can be read");
    let text =
        file(["r1,Hanna,Wiesental,f,1970-03-04,hw@mail.de,,,,,,", "r2,Otto,Kernbach,m,1981-01-09,,,,,,,"]);
    reader.read("people", text.as_bytes()).expect("it can be read");
    let (table, _) = reader.finish();
    let said = |record: usize| table.row(table.node_of(record as u32)).iter().filter(|&&id| id > 0).count();
    let found: Vec<(&str, usize)> = (0..table.records()).map(|i| (table.ids.get(i), said(i))).collect();
    assert_eq!(found, [("o1", 0), ("o2", 0), ("o3", 0), ("r1", 5), ("r2", 4)]);
}

#[test]
fn identical_rows_are_one_person_and_quickly() {
    let mut text = HEADER.to_string();
    for i in 0..50_000 {
        let _ = write!(
            text,
            "\nr{i},Hanna,Wiesental,f,1970-03-04,hw@mail.de,0171 5551234,Amselweg,7,50667,Koeln,12345678"
        );
    }
    let (_, linkage) = linked(&text, &Settings::default(), None, &[]);
    assert_eq!(linkage.counts.nodes, 1);
}

#[test]
fn people_without_a_word_on_them_are_not_one_person() {
    let rows: Vec<String> = (0..1000).map(|i| format!("r{i},,,,,,,,,,,")).collect();
    let (_, linkage) = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
    assert_eq!(linkage.counts.people, 1000);
}

#[test]
fn ten_thousand_at_one_address_are_no_household() {
    let names = ["Berg", "Stein", "Wald", "Feld", "Bach", "See", "Tal", "Moor", "Heide", "Busch"];
    let rows: Vec<String> = (0..10_000)
        .map(|i| {
            let name = format!("{}{}", names[i % 10], names[i / 10 % 10].to_lowercase());
            format!(
                "r{i},Vor{},{name}{},,19{:02}-{:02}-{:02},,,Heimweg,1,50667,Koeln,",
                i % 97,
                i % 89,
                i % 80 + 10,
                i % 12 + 1,
                i % 28 + 1
            )
        })
        .collect();
    let (_, linkage) = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
    assert!(linkage.counts.compared < 10_000 * 400, "{:?}", linkage.counts);
    assert!(linkage.counts.households > 1000, "{:?}", linkage.counts);
}

#[test]
fn a_column_with_one_value_says_nothing_and_is_named() {
    let town = crate::world::town(500, 1);
    let rows: Vec<String> = town
        .iter()
        .map(|n| {
            let mut fields: Vec<&str> = n.row.split(',').collect();
            fields[5] = "info@shop.de";
            fields[6] = "0221 1234567";
            fields.join(",")
        })
        .collect();
    let (_, linkage) = linked(&file(rows.iter().map(String::as_str)), &Settings::default(), None, &[]);
    assert!(linkage.warnings.iter().any(|w| w.column == "phone"), "{:?}", linkage.warnings);
    assert!(linkage.counts.people > 450, "{:?}", linkage.counts);
}

#[test]
fn ragged_rows_other_separators_and_other_encodings_are_read() {
    let text = "record_id;first_name;last_name;email\nr1;J\u{f6}rg;M\u{fc}ller;jm@mail.de\nr2;Hanna\nr3;A;B;c@d.de;too;many\n";
    let latin1: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let mut reader = csv::Reader::new(&Settings::default());
    reader.read("people.csv", &latin1[..]).expect("read");
    let (table, warnings) = reader.finish();
    assert_eq!(table.records(), 3);
    let forename = table.layout.slots_of_kind(crowsnest_linkage::fields::FieldKind::Forename)[0];
    let value = table.dictionary(forename).value(table.row(table.node_of(0))[forename]);
    assert!(!value.clean.contains('\u{fffd}'), "{value:?}");
    assert!(warnings.iter().any(|w| w.message.contains("rows")), "{warnings:?}");
    assert!(warnings.iter().any(|w| w.message.contains("encoding")), "{warnings:?}");
}

#[test]
fn records_are_called_by_the_column_that_numbers_them_whatever_its_name() {
    let text = "lead_ref,first_name,last_name,email\nL-7,Hanna,Wiesental,hw@mail.de\nL-9,Robert,Tannhauser,rt@mail.de\n";
    let (table, _) = linked(text, &Settings::default(), None, &[]);
    assert_eq!([table.ids.get(0), table.ids.get(1)], ["L-7", "L-9"]);
}

#[test]
fn names_that_nothing_has_are_named_with_those_that_there_are() {
    use crowsnest_linkage::settings::{ColumnSetting, Role};
    let warnings = |settings: &Settings, text: &str| {
        let mut reader = csv::Reader::new(settings);
        reader.read("shop", text.as_bytes()).expect("it can be read");
        reader.finish().1.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let column = |name: &str| ColumnSetting { name: name.into(), role: Role::Ignore };
    let settings = Settings {
        columns: vec![column("Note"), column("kunde")],
        unique_sources: vec!["shop".into(), "till".into()],
        country: Some("Deutschland".into()),
        ..Settings::default()
    };
    let text = "record_id,surname,note\nr1,Berg,x\nr2,Wald,y\n";
    assert_eq!(
        warnings(&settings, text),
        [
            "kunde: no file has such a column, so what is said of it does nothing; they have record_id, surname, note",
            "till: no record is of this source, in which nobody is twice; they are of shop",
        ]
    );
    let settings = Settings { country: Some("Atlantis".into()), ..Settings::default() };
    assert!(warnings(&settings, text)[0].starts_with("Atlantis: no country of this name or code is known"));
    let twice = "record_id,surname\nr1,Berg\nr2,Wald\nr1,Tal\nr1,Tal\n";
    assert_eq!(
        warnings(&Settings::default(), twice),
        [
            "record_id: 2 records have the id of another one (the first: r1), so that who is who cannot be told by it; make ids unique over all files"
        ]
    );
}
