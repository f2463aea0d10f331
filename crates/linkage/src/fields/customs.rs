//! How a country writes dates, telephone numbers and addresses.

use super::place;

/// A country's customs. [`Customs::default`] does without a country: it reads what can be read of numbers, dates and
/// addresses of Germany, Austria, Switzerland, Britain, Ireland, the United States, Canada, Australia, France, the
/// Netherlands, Spain and Italy without being told which.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customs {
    /// The calling code that numbers without one have; 0 if it is not known.
    pub(crate) dialling: u16,
    /// How many digits a postcode has, if all have as many and some begin with a nought.
    pub(crate) postcode: usize,
    /// Is 4/7/1980 the 7th of April?
    pub(crate) month_first: bool,
    /// May a surname be two words (García López)?
    pub(crate) two_surnames: bool,
    /// Is `m` a woman and `v` a man (mujer, varón)?
    pub(crate) mujer: bool,
}

impl Customs {
    /// The customs of a country by its ISO code of two letters or its name (`DE`, `Deutschland`); those of no country if it
    /// is not known.
    pub fn for_country(code: &str) -> Self {
        let code =
            place::read_country(code).map(|country| country.clean.to_ascii_uppercase()).unwrap_or_default();
        Self {
            dialling: CALLING.iter().find(|(country, _)| *country == code).map_or(0, |(_, calling)| *calling),
            postcode: if matches!(code.as_str(), "DE" | "US" | "FR" | "ES" | "IT") { 5 } else { 0 },
            // Liberia and Micronesia write so too; nobody else does.
            month_first: code == "US",
            two_surnames: matches!(code.as_str(), "ES" | "MX" | "AR" | "CL" | "CO" | "PE"),
            mujer: matches!(code.as_str(), "ES" | "MX" | "AR" | "CL" | "CO" | "PE"),
        }
    }

    /// The same customs, with the month before the day in dates such as 4/7/1980, or not. Whether a column is written so is
    /// what [`month_first`](super::month_first) says.
    pub fn with_month_first(mut self, month_first: bool) -> Self {
        self.month_first = month_first;
        self
    }
}

/// Calling codes of the countries that a customer of a European or American shop is likely to be from.
#[rustfmt::skip]
const CALLING: &[(&str, u16)] = &[
    ("AT", 43), ("AU", 61), ("BE", 32), ("BG", 359), ("BR", 55), ("CA", 1), ("CH", 41), ("CZ", 420), ("DE", 49), ("DK", 45),
    ("EE", 372), ("ES", 34), ("FI", 358), ("FR", 33), ("GB", 44), ("GR", 30), ("HR", 385), ("HU", 36), ("IE", 353),
    ("IN", 91), ("IT", 39), ("LI", 423), ("LT", 370), ("LU", 352), ("LV", 371), ("MT", 356), ("MX", 52), ("NL", 31), ("NO", 47),
    ("NZ", 64), ("PL", 48), ("PT", 351), ("RO", 40), ("SE", 46), ("SI", 386), ("SK", 421), ("TR", 90), ("UA", 380),
    ("US", 1), ("ZA", 27),
];
