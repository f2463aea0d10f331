//! Forenames, surnames and full names.

use super::{Customs, FieldKind, level, read, value};
use crowsnest_linkage::fields::{Key, keys, split_full_name};
use rstest::rstest;

#[rstest]
// However it is typed.
#[case("Jürgen", "  JUERGEN ", "same")]
#[case("Dr. Anna", "anna", "same")]
#[case("Frau Dr. Anna", "Anna", "same")]
#[case("JÃ¼rgen", "Jürgen", "same")]
#[case("J&uuml;rgen", "J&#252;rgen", "same")]
#[case("Ju\u{308}rgen", "Jürgen", "same")]
#[case("Anna\u{200b}", "An\u{ad}na", "same")]
#[case("Anna-Maria", "Annamaria", "same")]
#[case("Иван", "Ivan", "same")]
#[case("José", "Jose", "same")]
// Short forms, in any of several languages; two short forms of one name, too.
#[case("Bob", "Robert", "short form of the same name")]
#[case("Bobby", "Rob", "short form of the same name")]
#[case("Liesel", "Elisabeth", "short form of the same name")]
#[case("Uschi", "Ursula", "short form of the same name")]
#[case("Pepe", "José", "short form of the same name")]
#[case("Beppe", "Giuseppe", "short form of the same name")]
#[case("Kasia", "Katarzyna", "short form of the same name")]
#[case("Jaap", "Jacobus", "short form of the same name")]
#[case("Alex", "Alexandra", "short form of the same name")]
#[case("Alex", "Alexander", "short form of the same name")]
#[case("Mohammed", "Muhammad", "short form of the same name")]
// ... but what they share does not make two names one.
#[case("Alexander", "Alexandra", "one slip or sounds alike")]
#[case("J.", "Johanna", "initial of the other")]
#[case("J. R.", "John Robert", "initial of the other")]
#[case("Maria Luise", "Luise", "one of several names shared")]
#[case("Hans-Peter", "Peter Hans", "one of several names shared")]
#[case("John R.", "John", "one of several names shared")]
#[case("Sebastian", "Sebastain", "one slip or sounds alike")]
#[case("Philipp", "Filip", "one slip or sounds alike")]
#[case("Kai", "Kay", "one slip or sounds alike")]
#[case("Björn", "Bjorn", "one slip or sounds alike")]
#[case("Marlene", "Marlies", "similar")]
#[case("Tim", "Tom", "different")]
#[case("Jan", "Ian", "different")]
#[case("Anna", "Klaus", "different")]
#[case("Robert Jr.", "Robert Sr.", "different")]
fn two_forenames(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Forename, a, b), expected);
}

#[rstest]
#[case("Müller", "MUELLER", "same")]
#[case("O'Brien", "O Brien", "same")]
#[case("O’Brien", "OBRIEN", "same")]
#[case("McDonald", "Mc Donald", "same")]
#[case("D'Angelo", "Dangelo", "same")]
#[case("Weiß", "WEISS", "same")]
#[case("Yılmaz", "Yilmaz", "same")]
#[case("Smith Jr.", "Smith", "same")]
// As scanners read.
#[case("5umwell", "SUMWELL", "same")]
#[case("Smith", "Srnith", "one slip or sounds alike")]
#[case("van der Berg", "Berg", "part of a double name")]
#[case("Müller-Lüdenscheidt", "Lüdenscheidt", "part of a double name")]
#[case("Müller Schmidt", "Schmidt-Mueller", "part of a double name")]
#[case("Müller geb. Schmidt", "Schmidt", "part of a double name")]
#[case("García López", "García", "part of a double name")]
#[case("Müller", "MULLER", "one slip or sounds alike")]
#[case("Schmidt", "Schmitt", "one slip or sounds alike")]
#[case("Meier", "Mayr", "one slip or sounds alike")]
#[case("Maier", "Meyer", "one slip or sounds alike")]
#[case("Brown", "Braun", "one slip or sounds alike")]
#[case("Sørensen", "Sorensen", "one slip or sounds alike")]
#[case("Kowalski", "Kowalsky", "one slip or sounds alike")]
#[case("Thompson", "Tompson", "one slip or sounds alike")]
#[case("Wagner-Schmidt", "Schmid", "similar")]
#[case("van der Berg", "van der Vaart", "different")]
#[case("Meier", "Mohr", "different")]
#[case("Smith Jr.", "Smith Sr.", "different")]
#[case("Na", "Ka", "different")]
fn two_surnames(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Surname, a, b), expected);
    assert_eq!(level(FieldKind::MaidenName, a, b), expected);
}

#[rstest]
#[case("Dr. Hans Müller", "Müller, Hans", "same")]
#[case("DUPONT Jean", "Jean Dupont", "same")]
#[case("Smith, John, Jr.", "Mr John Smith Jr", "same")]
#[case("Smith, John, Jr.", "John Smith Sr.", "same forename, other surname")]
#[case("Müller Hans", "Hans Müller", "same names in another order")]
#[case("Bob Smith", "Robert Smith", "same surname, forename short, initial or shared")]
#[case("Ludwig van Beethoven", "L. van Beethoven", "same surname, forename short, initial or shared")]
#[case("Robert Smith", "Robet Smyth", "both alike")]
#[case("Anna Müller-Schmidt", "Anna Schmidt", "both alike")]
#[case("Anna Smith", "Peter Smith", "same surname, other forename")]
#[case("Anna Smith", "Anna Kowalski", "same forename, other surname")]
#[case("Anna Smith", "Peter Kowalski", "different")]
fn two_full_names(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::FullName, a, b), expected);
}

#[rstest]
#[case("", "Prof. Dr. Anna Maria Müller", ("anna maria", "mueller"))]
#[case("", "Müller-Schmidt, Anna", ("anna", "mueller schmidt"))]
#[case("", "Ludwig van Beethoven", ("ludwig", "van beethoven"))]
#[case("", "Dupont, Dr.", ("", "dupont"))]
#[case("", "Madonna", ("", "madonna"))]
#[case("", "Smith, John, Jr.", ("john", "smith jr"))]
#[case("", "John Smith Jr.", ("john", "smith jr"))]
#[case("", "Smith Jr., John", ("john", "smith jr"))]
#[case("", "", ("", ""))]
#[case("", "n/a", ("", ""))]
#[case("", "Gabriel García Márquez", ("gabriel garcia", "marquez"))]
#[case("ES", "Gabriel García Márquez", ("gabriel", "garcia marquez"))]
fn a_full_name_has_two_halves(#[case] country: &str, #[case] raw: &str, #[case] expected: (&str, &str)) {
    let (forename, surname) = split_full_name(raw, &Customs::for_country(country));
    assert_eq!((forename.as_str(), surname.as_str()), expected);
}

#[rstest]
#[case("")]
#[case("  \t ")]
#[case("-")]
#[case("n/a")]
#[case("N.A.")]
#[case("NA")]
#[case("NaN")]
#[case("NULL")]
#[case("(null)")]
#[case("Unknown")]
#[case("unbekannt")]
#[case("keine Angabe")]
#[case("k.A.")]
#[case("non renseigné")]
#[case("XX")]
#[case("xxxx")]
#[case("aaaa")]
#[case("????")]
#[case("12345")]
#[case("asdf")]
#[case("\u{feff}\u{0}")]
fn what_says_nothing_is_nobody(#[case] raw: &str) {
    for kind in [FieldKind::Forename, FieldKind::Surname, FieldKind::FullName] {
        assert_eq!(read(kind, raw, &Customs::default()), None, "{kind:?}");
    }
}

#[rstest]
#[case("Nan")]
#[case("Ng")]
#[case("Ka")]
#[case("Herr")]
#[case("Junior")]
#[case("Null-Meyer")]
fn what_only_looks_like_nothing_is_a_name(#[case] raw: &str) {
    value(FieldKind::Surname, raw);
    value(FieldKind::Forename, raw);
}

/// The keys of one sort that a value has.
fn found_by(kind: FieldKind, raw: &str, wanted: Key) -> Vec<u64> {
    let mut all = Vec::new();
    keys(kind, &value(kind, raw), &mut |key, hash| {
        if key == wanted {
            all.push(hash);
        }
    });
    all
}

#[rstest]
#[case(FieldKind::Forename, Key::Canonical, "Bob", "Robert")]
#[case(FieldKind::Forename, Key::Canonical, "Alex", "Alexandra")]
#[case(FieldKind::Forename, Key::Phonetic, "Philipp", "Filip")]
#[case(FieldKind::Forename, Key::Prefix, "Johanna", "Jutta")]
#[case(FieldKind::Surname, Key::Phonetic, "Meier", "Mayr")]
#[case(FieldKind::Surname, Key::Phonetic, "Müller-Lüdenscheidt", "Miller")]
#[case(FieldKind::Surname, Key::Phonetic, "van der Berg", "Berck")]
#[case(FieldKind::Surname, Key::Plain, "Müller", "MULLER")]
#[case(FieldKind::Surname, Key::Exact, "Mc Donald", "MCDONALD")]
#[case(FieldKind::Surname, Key::Sorted, "Müller-Schmidt", "Schmidt Müller")]
#[case(FieldKind::FullName, Key::Canonical, "Bob Smith", "Smyth, Robert")]
#[case(FieldKind::FullName, Key::Sorted, "Hans Müller", "Müller Hans")]
fn candidates_meet_at_a_key(#[case] kind: FieldKind, #[case] key: Key, #[case] a: &str, #[case] b: &str) {
    let (a, b) = (found_by(kind, a, key), found_by(kind, b, key));
    assert!(a.iter().any(|hash| b.contains(hash)), "{a:?} {b:?}");
}

#[rstest]
#[case(Key::Phonetic, "Müller", "Schmidt")]
#[case(Key::Phonetic, "Meier", "Maurer")]
#[case(Key::Exact, "Müller", "Muller")]
fn others_do_not(#[case] key: Key, #[case] a: &str, #[case] b: &str) {
    let (a, b) = (found_by(FieldKind::Surname, a, key), found_by(FieldKind::Surname, b, key));
    assert!(!a.iter().any(|hash| b.contains(hash)), "{a:?} {b:?}");
}

/// Equal text is the same value, so that father and son must not have it.
#[test]
fn generations_are_values_of_their_own() {
    let clean = |raw| value(FieldKind::Surname, raw).clean;
    assert_ne!(clean("Smith Jr."), clean("Smith Sr."));
    assert_eq!(clean("Smith II"), clean("Smith, Junior"));
    assert_eq!(
        found_by(FieldKind::Surname, "Smith Jr.", Key::Exact),
        found_by(FieldKind::Surname, "Smith", Key::Exact)
    );
}

/// Forenames in the surname's column are found there: the hash is of the text alone.
#[test]
fn names_in_the_wrong_column_have_the_same_hash() {
    let exact = |kind| found_by(kind, "Thomas", Key::Exact);
    assert_eq!(exact(FieldKind::Forename), exact(FieldKind::Surname));
}

/// Stored indexes and machines must agree.
#[test]
fn hashes_are_the_same_everywhere() {
    assert_eq!(found_by(FieldKind::Surname, "Müller", Key::Exact), [4_746_451_196_615_618_827]);
    assert_eq!(found_by(FieldKind::Surname, "Müller", Key::Phonetic), [2_127_597_847_276_705_615]);
}
