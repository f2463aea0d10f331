//! What columns are about.

use super::FieldKind;
use crowsnest_linkage::fields::{detect, numbers_rows};
use rstest::rstest;

#[rstest]
#[case(
    FieldKind::Forename,
    "first_name FirstName Vorname given_name fname customer_first_name prénom nombre nome voornaam Kundenvorname first FIRST-NAME billing.firstName forenames"
)]
#[case(
    FieldKind::Surname,
    "last_name surname Nachname family_name lname nom apellidos apellido1 cognome achternaam customerLastName last Familienname"
)]
#[case(
    FieldKind::MaidenName,
    "maiden_name Geburtsname birth_name nom_de_naissance mädchenname previous_surname"
)]
#[case(
    FieldKind::FullName,
    "full_name fullName customer_name Nom_complet nombre_completo displayName cardholder_name"
)]
#[case(
    FieldKind::BirthDate,
    "dob date_of_birth birth_date BirthDate geburtsdatum Geburtstag geb_datum birth_year year_of_birth date_naissance fecha_nacimiento data_di_nascita geboortedatum customer_dob DOB"
)]
#[case(FieldKind::Gender, "gender sex Geschlecht sexe sexo sesso Anrede civilité")]
#[case(
    FieldKind::Email,
    "email e-mail E_Mail email_address mail EmailAddress correo courriel email2 customer_email primaryEmail"
)]
#[case(
    FieldKind::Phone,
    "phone phone2 mobile Handy landline tel tel_mobile Telefonnummer telefono telefoon cell_phone mobile_number home_phone phone_number telephone Rufnummer gsm"
)]
#[case(
    FieldKind::Street,
    "street address address_1 address_line_1 addr_street1 Straße strasse_hausnummer rue calle indirizzo straatnaam Anschrift adresse street_name shipping_address1"
)]
#[case(
    FieldKind::HouseNumber,
    "house_number HausNr street_number houseno numero_civico huisnummer Hausnummer"
)]
#[case(
    FieldKind::Unit,
    "unit flat apartment address_2 address_line_2 addressLine2 Adresszusatz street2 suite"
)]
#[case(
    FieldKind::Postcode,
    "postcode postal_code zip zip_code PLZ code_postal codigo_postal CAP billing_zip zip5 Postleitzahl"
)]
#[case(
    FieldKind::City,
    "city town Ort Stadt ville ciudad città suburb woonplaats address_city Wohnort locality"
)]
#[case(FieldKind::Region, "state region province county Bundesland kanton provincia")]
#[case(FieldKind::Country, "country country_code Land pays país paese")]
#[case(
    FieldKind::Identifier,
    "ssn soc_sec_id national_id loyalty_card account_no iban customer_no customer_id Kundennummer card_number passport_no member_id tax_id codice_fiscale loyaltyCardNumber device_id bsn"
)]
fn by_name(#[case] kind: FieldKind, #[case] names: &str) {
    for name in names.split(' ') {
        assert_eq!(detect(name, &[]), Some(kind), "{name}");
    }
}

#[rstest]
#[case("id record_id rec_id row_id row index uuid ID RecordID")]
#[case(
    "source brand channel created_at updated_at amount total_amount status customer_type notes newsletter email_opt_in last_login first_seen last_order_date order_count"
)]
#[case(
    "age blocking_number cluster_id household_id place_of_birth birth_place birth_month company product_name username middle_name address_3 mothers_maiden_name mother_name"
)]
#[case("latitude language currency score phone_verified col1 foo")]
fn not_for_matching(#[case] names: &str) {
    for name in names.split(' ') {
        assert_eq!(detect(name, &["7", "9", "12"]), None, "{name}");
    }
}

/// The columns of the FEBRL data sets, which many use to try such programs.
#[test]
fn columns_of_febrl() {
    let expected = [
        ("rec_id", None),
        ("given_name", Some(FieldKind::Forename)),
        ("surname", Some(FieldKind::Surname)),
        ("street_number", Some(FieldKind::HouseNumber)),
        ("address_1", Some(FieldKind::Street)),
        ("address_2", Some(FieldKind::Unit)),
        ("suburb", Some(FieldKind::City)),
        ("postcode", Some(FieldKind::Postcode)),
        ("state", Some(FieldKind::Region)),
        ("date_of_birth", Some(FieldKind::BirthDate)),
        ("age", None),
        ("phone_number", Some(FieldKind::Phone)),
        ("soc_sec_id", Some(FieldKind::Identifier)),
        ("blocking_number", None),
    ];
    for (name, kind) in expected {
        assert_eq!(detect(name, &[]), kind, "{name}");
        // As pandas reads them from the files.
        assert_eq!(detect(&format!(" {name}"), &[]), kind, "{name}");
    }
}

#[test]
fn a_name_is_a_surname_or_a_full_one_by_its_values() {
    assert_eq!(detect("Name", &["Müller", "Schmidt", "", "van Berg"]), Some(FieldKind::Surname));
    assert_eq!(detect("name", &["Anna Müller", "Schmidt, Peter", "Cher"]), Some(FieldKind::FullName));
    assert_eq!(detect("name", &[]), Some(FieldKind::FullName));
    assert_eq!(detect("title", &["Herr", "Frau", "Frau", ""]), Some(FieldKind::Gender));
    assert_eq!(detect("title", &["Dr.", "Prof.", "", "Dr."]), None);
}

#[rstest]
#[case(Some(FieldKind::Email), &["a.b@web.de", "c@gmx.de", "", "d.e@f.com", "g@h.org", "x@y.net"])]
#[case(Some(FieldKind::BirthDate), &["1984-03-12", "1990-01-30", "1955-12-01", "1971-07-07", "2001-02-03"])]
#[case(Some(FieldKind::Phone), &["+49 171 2345678", "0171 2345999", "030/123456", "+43 660 1234567", "(555) 123-4567"])]
#[case(Some(FieldKind::Gender), &["m", "f", "f", "m", "f", "", "m"])]
#[case(Some(FieldKind::Street), &["Hauptstr. 12", "12 High Street", "Birkenweg 3", "4 Main St", "Schlossallee 1"])]
#[case(Some(FieldKind::Forename), &["Anna", "Peter", "Robert", "Jürgen", "Kunigunde", "Xy"])]
#[case(Some(FieldKind::FullName), &["Anna Müller", "Peter Schmidt", "Robert Brown", "Jürgen Klein", "Maria Groß"])]
#[case(Some(FieldKind::Postcode), &["SW1A 1AA", "EC1A 1BB", "M1 1AE", "B33 8TH", "CR2 6XH"])]
#[case(None, &["19.99", "5.00", "1200.50", "7.25", "0.99"])]
#[case(None, &["2024-03-12", "2024-01-30", "2023-12-01", "2024-07-07", "2024-02-03"])]
#[case(None, &["2024-03-12T10:00:00Z", "1990-01-30T10:00:00Z", "1984-12-01T10:00:00Z", "1971-07-07T10:00:00Z", "1960-02-03T10:00:00Z"])]
#[case(None, &["1", "2", "3", "4", "5", "6"])]
#[case(None, &["1234567", "2345678", "3456789", "4567890", "5678901"])]
#[case(None, &["web", "app", "store", "web", "web"])]
#[case(None, &["lorem ipsum dolor", "sit amet", "consetetur sadipscing", "elitr sed", "diam nonumy"])]
fn by_values(#[case] expected: Option<FieldKind>, #[case] sample: &[&str]) {
    for name in ["column_7", "xyz", "", "Unnamed: 3x"] {
        assert_eq!(detect(name, sample), expected, "{name:?}");
    }
}

#[test]
fn what_numbers_the_rows_is_known_by_its_name_and_by_its_values() {
    for name in ["Row", "contact_id", "Lfd. Nr.", "leadNumber"] {
        assert!(numbers_rows(name, &["1", "2", "3"]), "{name}");
        assert!(!numbers_rows(name, &["1", "2", "2"]), "{name}: twice the same");
        assert!(!numbers_rows(name, &["1", "", "3"]), "{name}: one without");
        assert!(!numbers_rows(name, &[]), "{name}: nothing to see");
    }
    for name in ["person_id", "household_id", "cluster_id", "city", "amount"] {
        assert!(!numbers_rows(name, &["1", "2", "3"]), "{name}");
    }
}
