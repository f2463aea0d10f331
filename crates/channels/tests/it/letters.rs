//! Letters: addresses, the files of a print run, and what a proof shows.

use crowsnest_channels::letter::{
    Gauge, Letter, Paper, PostalAddress, PrintFiles, Printed, discard, is_finished, proof,
};
use crowsnest_model::{DeliveryId, EventId, Profile, ProfileId, Time, Trait, definition::AddressTraits};
use rstest::rstest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn person(traits: Value) -> Profile {
    let mut person = Profile::new(ProfileId(1), Time(0));
    for (name, value) in traits.as_object().unwrap() {
        let known = Trait {
            value: value.clone(),
            time: Time(0),
            source: "web".into(),
            event: EventId::of("web", "1"),
            third_party: false,
        };
        person.traits.insert(name.clone(), known);
    }
    person
}

fn address(traits: Value, home: &str) -> Result<PostalAddress, String> {
    PostalAddress::of(&person(traits), &AddressTraits::default(), home).map_err(|missing| missing.to_string())
}

#[rstest]
#[case::blanks_and_capitals(
    json!({ "first_name": " Ann\t", "last_name": "Carter", "street": "12  Harbor St,", "city": "Chicago\n", "state": "il",
        "postal_code": "60614" }),
    "US", "Ann Carter|12 Harbor St|Chicago, IL 60614", "ann carter, 12 harbor st, chicago, il 60614, us"
)]
#[case::a_number_lost_its_zero(
    json!({ "name": "Bo", "street": "1 Elm", "city": "Boston", "state": "MA", "postal_code": 2134 }),
    "US", "Bo|1 Elm|Boston, MA 02134", "bo, 1 elm, boston, ma 02134, us"
)]
#[case::the_postcode_first_and_the_country_last(
    json!({ "name": "Łukasz Ñandú", "street": "Dorfstraße 3", "street2": "2. OG", "city": "Köln", "postal_code": "50667",
        "country": "Deutschland" }),
    "US", "Łukasz Ñandú|Dorfstraße 3|2. OG|50667 Köln|GERMANY",
    "łukasz ñandú, dorfstraße 3, 2. og, 50667 köln, de"
)]
#[case::at_home_without_a_country(
    json!({ "name": "Eva", "street": "Weg 1", "city": "Bonn", "postal_code": "53111", "country": "DE" }),
    "DE", "Eva|Weg 1|53111 Bonn", "eva, weg 1, 53111 bonn, de"
)]
#[case::a_postcode_of_its_own_line(
    json!({ "name": "Jo", "street": "1 High Street", "city": "York", "postal_code": "yo1 7hh", "country": "UK" }),
    "US", "Jo|1 High Street|York|YO1 7HH|UNITED KINGDOM", "jo, 1 high street, york, yo1 7hh, gb"
)]
fn an_address_has_one_spelling(
    #[case] traits: Value,
    #[case] home: &str,
    #[case] lines: &str,
    #[case] contact: &str,
) {
    let address = address(traits, home).unwrap();
    assert_eq!(address.lines().join("|"), lines);
    assert_eq!(address.one_line(), contact);
}

#[rstest]
#[case(json!({}), "no letter address is known")]
#[case(json!({ "name": "Ann", "city": "Chicago" }), "no letter address is known: it lacks a street and a postcode")]
#[case(
    json!({ "street": "1 Elm", "city": "Boston", "postal_code": "02134" }),
    "no letter address is known: it lacks a name"
)]
#[case(
    json!({ "name": "Ann", "street": "x".repeat(500), "city": "Boston", "postal_code": "02134" }),
    "no letter address is known: it lacks a street"
)]
fn what_is_missing_is_named(#[case] traits: Value, #[case] expected: &str) {
    assert_eq!(address(traits, "US").unwrap_err(), expected);
}

fn letter(id: u64, name: &str, text: &str) -> Letter {
    let to =
        json!({ "name": name, "street": "1 Elm", "city": "Boston", "state": "MA", "postal_code": "02134" });
    Letter {
        id: DeliveryId(id),
        program: "welcome".into(),
        template: "hello".into(),
        topic: "offers".into(),
        from: "The Shop\n1 Quay\nBoston, MA 02110".into(),
        to: address(to, "US").unwrap(),
        date: "2026-03-02".into(),
        text: text.into(),
    }
}

const PRINTED: Printed<'static> = Printed { started: Time(0), program: None, checks: &["consent"] };

#[test]
fn files_are_whole_under_their_name_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let begin = || PrintFiles::begin(folder.path(), "prn_1", Paper::UsLetter).unwrap();
    let mut half = begin();
    half.add(&letter(1, "Ann", "Hello.")).unwrap();
    drop(half);
    assert!(!is_finished(folder.path(), "prn_1"));
    assert!(!folder.path().join("prn_1").exists());
    let mut files = begin();
    for (id, name, text) in [(1, "=cmd()", "Dear Ann,\n\n\"quoted\"; and; more"), (2, "@Bo", "-1")] {
        files.add(&letter(id, name, text)).unwrap();
    }
    assert_eq!(files.letters(), 2, "nothing is left of the first attempt");
    files.finish(PRINTED).unwrap();
    assert!(is_finished(folder.path(), "prn_1"));
    let done = folder.path().join("prn_1");
    let mut reader = csv::Reader::from_path(done.join("letters.csv")).unwrap();
    let column = |name: &str| reader.headers().unwrap().iter().position(|header| header == name).unwrap();
    let mut reader_again = csv::Reader::from_path(done.join("letters.csv")).unwrap();
    let (name, text, line3) = {
        let mut column = column;
        (column("name"), column("text"), column("line3"))
    };
    let rows: Vec<csv::StringRecord> = reader_again.records().collect::<Result<_, _>>().unwrap();
    let cells: Vec<&str> = rows.iter().flat_map(|row| [&row[name], &row[text], &row[line3]]).collect();
    assert_eq!(
        cells,
        [
            "'=cmd()",
            "Dear Ann,\n\n\"quoted\"; and; more",
            "Boston, MA 02134",
            "'@Bo",
            "'-1",
            "Boston, MA 02134"
        ],
        "no spreadsheet takes a cell for a formula"
    );
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(done.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["letters"], 2);
    for file in manifest["files"].as_array().unwrap() {
        let bytes = std::fs::read(done.join(file["name"].as_str().unwrap())).unwrap();
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&file["sha256"], &file["bytes"]), (&json!(hash), &json!(bytes.len())), "{file}");
    }
    discard(folder.path(), "prn_1").unwrap();
    assert!(is_finished(folder.path(), "prn_1"), "what has its name stays");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_proof_shows_names_as_they_are_written_and_says_what_it_cannot_show() {
    let shown = proof(&[letter(1, "Łukasz Ñandú Şağır Νίκος Иван", "Grüße")], Paper::A4).unwrap();
    assert!(shown.pdf.starts_with(b"%PDF-"));
    assert!(shown.not_shown.is_empty(), "{:?}", shown.not_shown);
    assert!(shown.pdf.len() < 60_000, "only what is used of the font is in it: {}", shown.pdf.len());
    let other = proof(&[letter(1, "李 שלום", "Hello")], Paper::A4).unwrap();
    let not_shown: String = other.not_shown.iter().collect();
    assert_eq!(not_shown, "ולםש李");
    let pages = |text: &str| {
        let pdf = proof(&[letter(1, "Ann", text)], Paper::UsLetter).unwrap().pdf;
        String::from_utf8_lossy(&pdf).matches("/Type /Page\n").count()
    };
    assert_eq!(pages("One line."), 1);
    assert_eq!(pages(&"A line of a long letter.\n".repeat(60)), 2);
    assert_eq!(pages(&"A line of a long letter.\n".repeat(6_000)), 10, "a proof has an end");
}

#[rstest]
#[case::as_on_the_envelope(
    "Ann Carter, 12 Harbor St, Apt 4, Chicago, IL 60614",
    "Ann Carter|12 Harbor St, Apt 4|Chicago|IL|60614|US"
)]
#[case::in_full(
    "Ann Carter,12  Harbor St,New York,New York 10001, USA",
    "Ann Carter|12 Harbor St|New York|New York|10001|US"
)]
#[case::without_a_state(
    "Ann Carter\n12 Harbor St\nChicago 60614",
    "Ann Carter|12 Harbor St|Chicago||60614|US"
)]
#[case::without_a_comma("Bo, 1 Elm, Sydney NSW 2000, Australia", "Bo|1 Elm|Sydney|NSW|2000|AU")]
#[case::the_postcode_first("Eva, Weg 1, 53111 Bonn, de", "Eva|Weg 1|Bonn||53111|DE")]
#[case::a_line_of_its_own("Jo, 1 High Street, York, YO1 7HH, gb", "Jo|1 High Street|York||YO1 7HH|GB")]
#[case::no_postcode("Jo, 1 High Street, Dublin 4, Ireland", "Jo|1 High Street|Dublin 4|||IE")]
fn a_line_is_read_as_an_address(#[case] line: &str, #[case] expected: &str) {
    let is_state = |text: &str| ["il", "nsw", "new york"].contains(&text.to_lowercase().as_str());
    let PostalAddress { name, street, postal_code, city, state, country, .. } =
        PostalAddress::of_line(line, "US", is_state).unwrap();
    assert_eq!([name, street, city, state, postal_code, country].join("|"), expected);
    for bad in ["", "Ann", "Ann, Chicago", ", , ,"] {
        assert_eq!(PostalAddress::of_line(bad, "US", is_state), None, "{bad}");
    }
}

#[test]
fn lines_that_are_too_long_are_named() {
    let long = "Dr. Maximiliane Alexandra von und zu Hohenstein-Wittgenstein";
    let word = "x".repeat(90);
    let letter = letter(1, long, &format!("Dear Ann,\n\n{word}"));
    let found = Gauge::new(Paper::UsLetter).unwrap().too_long(&letter);
    let lines: Vec<(&str, &str)> = found.iter().map(|one| (one.place, one.line.as_str())).collect();
    assert_eq!(
        lines,
        [("the address, beside the window", long), ("the text, over the edge of the page", word.as_str())]
    );
    let shown = proof(std::slice::from_ref(&letter), Paper::UsLetter).unwrap();
    assert_eq!(shown.too_long, found);
    let folder = tempfile::tempdir().unwrap();
    let mut files = PrintFiles::begin(folder.path(), "prn_1", Paper::UsLetter).unwrap();
    files.add(&letter).unwrap();
    assert_eq!(files.finish(PRINTED).unwrap().lines, found);
    let manifest = std::fs::read(folder.path().join("prn_1/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["too_long"]["letters"], 1);
    assert_eq!(manifest["too_long"]["lines"][0]["line"], long);
    let short = self::letter(2, "Ann", "Dear Ann,");
    assert_eq!(Gauge::new(Paper::A4).unwrap().too_long(&short), []);
}
