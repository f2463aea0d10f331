//! E-mail addresses and telephone numbers.

use super::{Customs, FieldKind, level, read, value, value_in};
use rstest::rstest;

#[rstest]
#[case("Anna.Schmidt+shop@GoogleMail.com", "annaschmidt@gmail.com", "same")]
#[case("Anna <anna@web.de>", "mailto:ANNA@web.de", "same")]
#[case("anna.schmidt (at) web.de", "anna.schmidt@web.de", "same")]
#[case("anna.schmidt@web.de; a@b.de", " anna.schmidt@web.de.", "same")]
#[case("info@firma.de", "INFO@firma.de", "same")]
#[case("anna.schmidt@web.de", "annaschmidt@gmx.de", "same mailbox at another domain")]
#[case("eichbauer.birgit@gmx.de", "birgit.eichbauer@web.de", "same mailbox at another domain")]
#[case("peter1984@web.de", "peter1984@gmx.de", "same mailbox at another domain")]
#[case("peter@gmail.com", "peter@gmail.con", "one or two slips")]
#[case("anna.schmidt@web.de", "anna.schmitd@web.de", "one or two slips")]
#[case("anna.schmidt@web.de", "annaschmidt@web.de", "one or two slips")]
#[case("jbailey31@web.de", "jbailey37@web.de", "one or two slips")]
#[case("jbailey31@web.de", "jbailey13@web.de", "one or two slips")]
#[case("jbailey31@web.de", "jbailey96@web.de", "different")]
#[case("pricelady18@web.de", "bricelady11@web.de", "different")]
#[case("anna.schmidt.web.de", "anna.schmidt@web.de", "one or two slips")]
// Mailboxes that many have say nothing elsewhere.
#[case("info@firma.de", "info@verein.org", "different")]
#[case("sales2@firma.de", "sales2@verein.org", "different")]
#[case("peter@web.de", "peter@gmx.net", "different")]
#[case("tim@web.de", "tom@web.de", "different")]
#[case("anna.schmidt@web.de", "peter.kowalski@web.de", "different")]
fn two_addresses(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Email, a, b), expected);
}

#[rstest]
#[case("test@test.com")]
#[case("noreply@firma.de")]
#[case("no-reply@firma.de")]
#[case("anna@example.com")]
#[case("none@none.com")]
#[case("a@a.de")]
#[case("xxx@web.de")]
#[case("unknown@web.de")]
#[case("@web.de")]
#[case("-")]
#[case("keine")]
#[case("Anna")]
fn nobodys_address(#[case] raw: &str) {
    assert_eq!(read(FieldKind::Email, raw, &Customs::default()), None);
}

#[rstest]
#[case("+49 171 2345678", "0171/2345678", "same")]
#[case("0049171 2345678", "+49 (0)171-2345678", "same")]
#[case("491712345678", "1712345678", "same")]
#[case("+491712345678.0", "0171 234 56 78", "same")]
#[case("(555) 123-4567 x12", "+1 555 123 4567", "same")]
#[case("1-555-123-4567", "555.123.4567 ext. 9", "same")]
#[case("020 7946 0018", "+44 20 7946 0018", "same")]
#[case("+39 06 1234567", "061234567", "same")]
#[case("0171 2345678 / 030 9876543", "01712345678", "same")]
#[case("+353 87 1234567", "087 123 4567", "same")]
#[case("0171 2345678", "0172 2345678", "last seven digits the same, or one slip")]
#[case("02079460018", "02079460081", "last seven digits the same, or one slip")]
#[case("02079460018", "0207946018", "last seven digits the same, or one slip")]
#[case("+49 171 2345678", "+43 171 2345678", "last seven digits the same, or one slip")]
#[case("0171 2345678", "0171 9845678", "different")]
fn two_numbers(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Phone, a, b), expected);
}

#[rstest]
#[case("DE", "0171 2345678", "+491712345678")]
#[case("DE", "171 2345678", "+491712345678")]
#[case("Germany", "0171 2345678", "+491712345678")]
#[case("uk", "07700 900123", "+447700900123")]
#[case("nowhere", "0171 2345678", "1712345678")]
#[case("DE", "+43 660 1234567", "+436601234567")]
#[case("US", "(555) 123-4567", "+15551234567")]
#[case("US", "011 49 171 2345678", "+491712345678")]
#[case("IT", "06 1234567", "+39061234567")]
#[case("GB", "07700 900123", "+447700900123")]
#[case("FR", "06 12 34 56 78", "+33612345678")]
#[case("", "06 12 34 56 78", "612345678")]
fn by_the_customs_of_a_country(#[case] country: &str, #[case] raw: &str, #[case] expected: &str) {
    assert_eq!(&*value_in(country, FieldKind::Phone, raw).clean, expected);
}

#[rstest]
#[case("110")]
#[case("0000000")]
#[case("1111111111")]
#[case("0171 1111111")]
#[case("12345678")]
#[case("0123456789")]
#[case("987654321")]
#[case("4.91712E+11")]
#[case("123456789012345678901234567890")]
#[case("keine")]
fn nobodys_number(#[case] raw: &str) {
    assert_eq!(read(FieldKind::Phone, raw, &Customs::default()), None);
}

#[rstest]
#[case("DE-123 456 789", "de123456789", "same")]
#[case("00123987", "123987.0", "same")]
#[case("A1239871", "A1239817", "one slip")]
#[case("A1239871", "A123987", "one slip")]
#[case("1234", "1235", "different")]
#[case("A1239871", "B9939871", "different")]
fn two_identifiers(#[case] a: &str, #[case] b: &str, #[case] expected: &str) {
    assert_eq!(level(FieldKind::Identifier, a, b), expected);
}

#[rstest]
#[case("000000")]
#[case("123456")]
#[case("1234567890")]
#[case("n/a")]
fn nobodys_identifier(#[case] raw: &str) {
    assert_eq!(read(FieldKind::Identifier, raw, &Customs::default()), None);
}

#[rstest]
#[case("", "Herr", "male")]
#[case("", "M", "male")]
#[case("", "Mrs.", "female")]
#[case("", "weiblich", "female")]
#[case("", "2", "female")]
#[case("", "v", "female")]
#[case("ES", "M", "female")]
#[case("", "divers", "other")]
fn gender(#[case] country: &str, #[case] raw: &str, #[case] expected: &str) {
    assert_eq!(&*value_in(country, FieldKind::Gender, raw).clean, expected);
}

#[test]
fn gender_unknown() {
    for raw in ["u", "0", "9", "n/a", "", "Firma"] {
        assert_eq!(read(FieldKind::Gender, raw, &Customs::default()), None, "{raw}");
    }
    assert_ne!(value(FieldKind::Gender, "m").clean, value(FieldKind::Gender, "f").clean);
}
