//! Countries as addresses name them, and the order of lines in each.

/// Where the postcode stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `10115 Berlin`
    PostcodeCity,
    /// `Chicago, IL 60614`
    CityStatePostcode,
    /// `Wellington 6011`
    CityPostcode,
    /// The city, and the postcode below it.
    CityThenPostcode,
}
use Order::{CityPostcode, CityStatePostcode, CityThenPostcode, PostcodeCity};

/// A country: its code of two and of three letters, its name on an envelope, how it may be written besides, and its order.
/// Countries that are not here are taken as they are written.
const COUNTRIES: [(&str, &str, &str, &[&str], Order); 58] = [
    ("AE", "ARE", "United Arab Emirates", &["uae"], CityPostcode),
    ("AR", "ARG", "Argentina", &[], PostcodeCity),
    ("AT", "AUT", "Austria", &["österreich", "oesterreich"], PostcodeCity),
    ("AU", "AUS", "Australia", &[], CityStatePostcode),
    ("BE", "BEL", "Belgium", &["belgique", "belgië", "belgien"], PostcodeCity),
    ("BG", "BGR", "Bulgaria", &[], PostcodeCity),
    ("BR", "BRA", "Brazil", &["brasil"], CityStatePostcode),
    ("CA", "CAN", "Canada", &[], CityStatePostcode),
    ("CH", "CHE", "Switzerland", &["schweiz", "suisse", "svizzera"], PostcodeCity),
    ("CL", "CHL", "Chile", &[], PostcodeCity),
    ("CN", "CHN", "China", &[], PostcodeCity),
    ("CO", "COL", "Colombia", &[], CityPostcode),
    ("CY", "CYP", "Cyprus", &[], PostcodeCity),
    ("CZ", "CZE", "Czechia", &["czech republic", "česko"], PostcodeCity),
    ("DE", "DEU", "Germany", &["deutschland", "brd"], PostcodeCity),
    ("DK", "DNK", "Denmark", &["danmark"], PostcodeCity),
    ("EE", "EST", "Estonia", &["eesti"], PostcodeCity),
    ("ES", "ESP", "Spain", &["españa", "espana"], PostcodeCity),
    ("FI", "FIN", "Finland", &["suomi"], PostcodeCity),
    ("FR", "FRA", "France", &[], PostcodeCity),
    (
        "GB",
        "GBR",
        "United Kingdom",
        &["uk", "great britain", "england", "scotland", "wales"],
        CityThenPostcode,
    ),
    ("GR", "GRC", "Greece", &["hellas"], PostcodeCity),
    ("HK", "HKG", "Hong Kong", &[], CityPostcode),
    ("HR", "HRV", "Croatia", &["hrvatska"], PostcodeCity),
    ("HU", "HUN", "Hungary", &["magyarország"], PostcodeCity),
    ("IE", "IRL", "Ireland", &["éire"], CityThenPostcode),
    ("IL", "ISR", "Israel", &[], CityPostcode),
    ("IN", "IND", "India", &[], CityPostcode),
    ("IS", "ISL", "Iceland", &["ísland"], PostcodeCity),
    ("IT", "ITA", "Italy", &["italia"], PostcodeCity),
    ("JP", "JPN", "Japan", &[], CityStatePostcode),
    ("KR", "KOR", "South Korea", &["korea"], CityPostcode),
    ("LI", "LIE", "Liechtenstein", &[], PostcodeCity),
    ("LT", "LTU", "Lithuania", &["lietuva"], PostcodeCity),
    ("LU", "LUX", "Luxembourg", &["luxemburg"], PostcodeCity),
    ("LV", "LVA", "Latvia", &["latvija"], PostcodeCity),
    ("MT", "MLT", "Malta", &[], CityThenPostcode),
    ("MX", "MEX", "Mexico", &["méxico"], PostcodeCity),
    ("NL", "NLD", "Netherlands", &["nederland", "holland", "the netherlands"], PostcodeCity),
    ("NO", "NOR", "Norway", &["norge"], PostcodeCity),
    ("NZ", "NZL", "New Zealand", &[], CityPostcode),
    ("PE", "PER", "Peru", &["perú"], CityPostcode),
    ("PL", "POL", "Poland", &["polska"], PostcodeCity),
    ("PT", "PRT", "Portugal", &[], PostcodeCity),
    ("RO", "ROU", "Romania", &["românia"], PostcodeCity),
    ("RS", "SRB", "Serbia", &["srbija"], PostcodeCity),
    ("RU", "RUS", "Russia", &["russian federation"], CityThenPostcode),
    ("SA", "SAU", "Saudi Arabia", &[], CityPostcode),
    ("SE", "SWE", "Sweden", &["sverige"], PostcodeCity),
    ("SG", "SGP", "Singapore", &[], CityPostcode),
    ("SI", "SVN", "Slovenia", &["slovenija"], PostcodeCity),
    ("SK", "SVK", "Slovakia", &["slovensko"], PostcodeCity),
    ("TR", "TUR", "Turkey", &["türkiye"], PostcodeCity),
    ("TW", "TWN", "Taiwan", &[], CityPostcode),
    ("UA", "UKR", "Ukraine", &[], CityThenPostcode),
    (
        "US",
        "USA",
        "United States",
        &["united states of america", "america", "u.s.", "u.s.a."],
        CityStatePostcode,
    ),
    ("VN", "VNM", "Vietnam", &[], CityPostcode),
    ("ZA", "ZAF", "South Africa", &[], CityThenPostcode),
];

/// Countries in which an address may have no postcode.
const NO_POSTCODE: [&str; 4] = ["AE", "HK", "IE", "QA"];

/// The code of a country, however it is written; itself, in capitals, when it is not known.
pub(super) fn code(text: &str) -> String {
    let lower = text.to_lowercase();
    let is = |(two, three, name, others, _): &&(&str, &str, &str, &[&str], Order)| {
        two.eq_ignore_ascii_case(text)
            || three.eq_ignore_ascii_case(text)
            || name.eq_ignore_ascii_case(text)
            || others.contains(&lower.as_str())
    };
    COUNTRIES.iter().find(is).map_or_else(|| text.to_uppercase(), |known| known.0.to_owned())
}

/// Whether a country is known by this code or name.
pub(super) fn is_known(text: &str) -> bool {
    let code = code(text);
    COUNTRIES.iter().any(|known| known.0 == code)
}

/// The name of a country for an envelope, by its code.
pub(super) fn name(code: &str) -> String {
    COUNTRIES.iter().find(|known| known.0 == code).map_or(code, |known| known.2).to_uppercase()
}

/// The order of lines in a country, by its code.
pub(super) fn order(code: &str) -> Order {
    COUNTRIES.iter().find(|known| known.0 == code).map_or(PostcodeCity, |known| known.4)
}

/// Whether an address there needs a postcode.
pub(super) fn needs_postcode(code: &str) -> bool {
    !NO_POSTCODE.contains(&code)
}
