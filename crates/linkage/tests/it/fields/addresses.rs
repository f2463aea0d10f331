//! Streets, numbers of houses, flats, postcodes and places.

use super::{Customs, FieldKind, level, read, value, value_in};
use crowsnest_linkage::fields::{Key, keys};
use rstest::rstest;

#[rstest]
#[case("Hauptstraße 12", "Hauptstr. 12")]
#[case("Hauptstrasse 12a", "HAUPTSTR.12 A")]
#[case("Haupt-Str. 12", "Haupt Straße 12")]
#[case("HauptstraÃŸe 12", "Hauptstr12")]
#[case("12 High Street", "12 High St")]
#[case("12 High Street, Flat 3", "Flat 3, 12 High St.")]
#[case("12 rue de la Paix", "12, r. de la Paix")]
#[case("Via Roma, 12", "Via Roma 12")]
#[case("Contrada Nuova, 8, 28802 Verbania", "Contrada Nuova 8")]
#[case("Trift, 8, 1010 Wien", "Trift 8")]
#[case("V.le Europa 3", "Viale Europa 3")]
#[case("C/ Mayor 5", "Calle Mayor, 5")]
#[case("Kerkstraat 5", "Kerkstr. 5")]
#[case("Birkenweg 3", "Birken Weg 3")]
#[case("Am Alten Markt 3 b", "Am alten Markt 3b")]
#[case("Straße des 17. Juni 135", "Strasse des 17. Juni 135")]
#[case("5th Ave 12", "12 Fifth Avenue")]
#[case("PO Box 123", "P.O. Box 123")]
#[case("Postfach 12 34", "Postfach 1234")]
#[case("c/o Meier, Hauptstr. 12", "Hauptstr. 12")]
#[case("Rose Cottage, 12 High Street", "12 High Street")]
#[case("Hauptstr. 12\n10115 Berlin", "Hauptstraße 12")]
#[case("Hauptstr. 12 3. OG", "Hauptstr. 12")]
#[case("St. Johns Road 4", "4 Saint Johns Rd")]
#[case("123 N Main St", "123 North Main Street")]
#[case("123 Main St N", "123 Main Street North")]
#[case("Dr.-Karl-Renner-Ring 3", "Doktor Karl Renner Ring 3")]
#[case("Goethestr. 7 Hinterhaus", "Goethestraße 7")]
#[case("Hauptstr. Nr. 7", "Hauptstr. 7")]
#[case("Rowes Lane", "rowes ln")]
#[case("4 Main", "4 Main St")]
#[case("canningstreet 4", "4 canning street")]
#[case("Steinpl. 4", "Steinplatz 4")]
#[case("Unit 3, 45 Smith St", "Unit 3/45 Smith Street")]
#[case("Flat 12A Rose House 45 London Road", "45 London Road")]
// Slips in the sort of street.
#[case("Bergstvasse 18", "Bergstraße 18")]
#[case("BLUMENSTRABE 3", "Blumenstr. 3")]
#[case("WELLINGTON DIRVE 3", "3 Wellington Drive")]
#[case("43 1st 5treet", "43 1st St")]
#[case("The Ave 3", "3 The Avenue")]
#[case("12", "12")]
fn one_house_in_many_spellings(#[case] a: &str, #[case] b: &str) {
    assert_eq!(level(FieldKind::Street, a, b), "same street and number");
}

#[rstest]
#[case("Hauptstr. 12", "Hauptstraße", "same street, number alike or missing")]
#[case("Hauptstr. 12", "Hauptstr. 12a", "same street, number alike or missing")]
#[case("Hauptstr. 12-14", "Hauptstr. 14", "same street, number alike or missing")]
#[case("Hauptstr. 12", "Hauptstr. 21", "same street, number alike or missing")]
#[case("Mariahilfer Str. 12/3/4", "Mariahilferstraße 12", "same street, number alike or missing")]
#[case("2/10 High Street", "10 High Street", "same street, number alike or missing")]
#[case("Apt 5, 12 High St", "12 High St Apt 6", "same street, number alike or missing")]
#[case("Hauptstr. 12", "Hauptstr. 14", "same street, other number")]
#[case("PO Box 123", "PO Box 987", "same street, other number")]
#[case("Hauptstr. 12", "Haupstr. 12", "slip in the street or not known, same number")]
#[case("Königsallee 7", "Konigsallee 7", "slip in the street or not known, same number")]
#[case("10 Downing Street London SW1A 2AA", "10 Downing St", "slip in the street or not known, same number")]
#[case("Old Rectory Church Lane", "Church Ln", "slip in the street or not known, same number")]
#[case("12 Main St", "12 Main Ave", "slip in the street or not known, same number")]
#[case("Hauptstr. 12", "Haupstr. 99", "different")]
#[case("Hauptstr. 12", "Goethestr. 12", "different")]
#[case("12 High Street", "12 Low Street", "different")]
fn two_streets(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Street, a, b), expected);
}

#[rstest]
#[case(FieldKind::HouseNumber, "12a", "Nr. 12 A", "same")]
#[case(FieldKind::HouseNumber, "12.0", "12", "same")]
#[case(FieldKind::HouseNumber, "12", "12a", "alike")]
#[case(FieldKind::HouseNumber, "158", "185", "alike")]
#[case(FieldKind::HouseNumber, "12", "120", "alike")]
#[case(FieldKind::HouseNumber, "12", "14", "different")]
#[case(FieldKind::HouseNumber, "1", "10", "different")]
#[case(FieldKind::Unit, "Apt. 5", "# 5", "same")]
#[case(FieldKind::Unit, "brentwood vlge", "brentwood village", "one slip")]
#[case(FieldKind::Unit, "Apt. 5", "Apt. 6", "different")]
#[case(FieldKind::Postcode, "D-10115", "10115", "same")]
#[case(FieldKind::Postcode, "SW1A 1AA", "sw1a1aa", "same")]
#[case(FieldKind::Postcode, "80331-1234", "80331.0", "same")]
#[case(FieldKind::Postcode, "10115", "10151", "one slip")]
#[case(FieldKind::Postcode, "01067", "1067", "one slip")]
#[case(FieldKind::Postcode, "SW1A 1AA", "SW1A 2BB", "same area")]
#[case(FieldKind::Postcode, "10115", "10199", "same area")]
#[case(FieldKind::Postcode, "10115", "80331", "different")]
#[case(FieldKind::City, "München", "Munich", "same")]
#[case(FieldKind::City, "St. Gallen", "Sankt Gallen", "same")]
#[case(FieldKind::City, "10115 Berlin", "BERLIN", "same")]
#[case(FieldKind::City, "Frankfurt am Main", "Frankfurt a. M.", "slip, short form or part")]
#[case(FieldKind::City, "Frankfurt/Main", "Frankfurt", "slip, short form or part")]
#[case(FieldKind::City, "N. Sydney", "North Sydney", "same")]
#[case(FieldKind::City, "s-Gravenhage", "Den Haag", "same")]
#[case(FieldKind::City, "Lond0n", "LONDON E17", "same")]
#[case(FieldKind::City, "London", "Londn", "slip, short form or part")]
#[case(FieldKind::City, "Bad Homburg", "Bad Nauheim", "different")]
#[case(FieldKind::Region, "California", "CA", "same")]
#[case(FieldKind::Region, "NSW", "New South Wales", "same")]
#[case(FieldKind::Region, "NC", "ND", "different")]
#[case(FieldKind::Country, "Deutschland", "DE", "same")]
#[case(FieldKind::Country, "U.S.A.", "United States", "same")]
#[case(FieldKind::Country, "UK", "FR", "different")]
fn two_parts_of_an_address(
    #[case] kind: FieldKind,
    #[case] a: &str,
    #[case] b: &str,
    #[case] expected: &str,
) {
    assert_eq!(level(kind, a, b), expected);
}

#[test]
fn a_nought_that_a_table_calculator_took_is_put_back() {
    assert_eq!(&*value_in("DE", FieldKind::Postcode, "1067").clean, "01067");
    assert_eq!(&*value_in("CH", FieldKind::Postcode, "8000").clean, "8000");
}

#[test]
fn nowhere() {
    for (kind, raw) in [
        (FieldKind::Street, "-"),
        (FieldKind::Street, "unbekannt"),
        (FieldKind::Postcode, "00000"),
        (FieldKind::Postcode, "99999"),
        (FieldKind::Postcode, "xxxxx"),
        (FieldKind::City, "n/a"),
        (FieldKind::City, "12345"),
        (FieldKind::Country, "unknown"),
    ] {
        assert_eq!(read(kind, raw, &Customs::default()), None, "{kind:?} {raw}");
    }
}

#[test]
fn a_street_is_found_by_its_door_and_without_its_number() {
    let found_by = |raw: &str, wanted: Key| {
        let mut all = Vec::new();
        keys(FieldKind::Street, &value(FieldKind::Street, raw), &mut |key, hash| {
            if key == wanted {
                all.push(hash);
            }
        });
        all
    };
    assert_eq!(found_by("Königstr. 12", Key::Door), found_by("12 Konigstrasse, Apt 4", Key::Door));
    assert_ne!(found_by("Königstr. 12", Key::Door), found_by("Königstr. 14", Key::Door));
    assert_eq!(found_by("Königstr. 12", Key::Prefix), found_by("Königstraße", Key::Prefix));
    assert_eq!(found_by("Hauptstr. 12", Key::Exact), found_by("Hauptstraße 12", Key::Exact));
}
