use crate::Percent;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `matching:` in the `identity:` document: people who are alike are found, though no identifier says that they are one.
///
/// What agreement and disagreement weigh is learned from the people themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// Two who are one person with at least this certainty are made one at once.
    pub merge_above: Percent,
    /// Two who are one person with at least this certainty, and less than `merge_above`, are put before people of the
    /// house.
    pub review_above: Percent,
    /// Whether anybody is made one without being asked for; `false` puts them all before people of the house.
    pub automatic: bool,
    /// Whether households are found, too: people who live together, though they share no account.
    pub households: bool,
    /// What traits are about, where their names do not tell; `ignore` for what is not to be compared. A field of an
    /// object has its path: `address.line2`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, MatchField>,
    /// What two must have in common to be compared at all: one of these, each of which may be several things together.
    /// Without it, the built-in ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blocking: Vec<BTreeMap<MatchField, MatchKey>>,
}

impl Default for Matching {
    fn default() -> Self {
        Self {
            merge_above: Percent::of(99),
            review_above: Percent::of(20),
            automatic: true,
            households: true,
            fields: BTreeMap::new(),
            blocking: Vec::new(),
        }
    }
}

/// What a trait is about, and so how it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchField {
    /// Given names.
    Forename,
    /// The family name.
    Surname,
    /// The family name before a marriage.
    MaidenName,
    /// Forename and surname in one.
    FullName,
    /// A date of birth, or its year.
    BirthDate,
    /// Male, female or other.
    Gender,
    /// An e-mail address.
    Email,
    /// A telephone number of any sort.
    Phone,
    /// A street, with or without the number of the house.
    Street,
    /// The number of a house.
    HouseNumber,
    /// A flat, suite or floor.
    Unit,
    /// A postcode.
    Postcode,
    /// A city, town or suburb.
    City,
    /// A state, county or province.
    Region,
    /// A country.
    Country,
    /// The number of a card, an account, a passport.
    Identifier,
    /// Anything else that is to be compared as text.
    Other,
    /// Not compared.
    Ignore,
}

/// What of a field two must have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchKey {
    /// The whole value.
    Exact,
    /// The whole value without spaces and written-out umlauts.
    Plain,
    /// How it sounds.
    Phonetic,
    /// How it begins.
    Prefix,
    /// The full forename behind a short form.
    Canonical,
    /// One word of several.
    Word,
    /// All words in the order of the alphabet.
    Sorted,
    /// The year of a date.
    Year,
    /// The day and month of a date, in either order.
    MonthDay,
    /// An e-mail address up to the `@`.
    LocalPart,
    /// The last seven digits.
    Digits7,
    /// The street with the number of the house.
    Door,
}

impl MatchField {
    /// What of a field two can have in common; nothing of what is not compared by itself: a full name is taken apart into
    /// forename and surname.
    pub fn keys(self) -> &'static [MatchKey] {
        use MatchKey::{
            Canonical, Digits7, Door, Exact, LocalPart, MonthDay, Phonetic, Plain, Prefix, Sorted, Word, Year,
        };
        match self {
            Self::Forename => &[Exact, Plain, Phonetic, Prefix, Canonical, Word, Sorted],
            Self::Surname | Self::MaidenName => &[Exact, Plain, Phonetic, Prefix, Word, Sorted],
            Self::BirthDate => &[Exact, Year, MonthDay],
            Self::Email => &[Exact, Phonetic, LocalPart],
            Self::Phone => &[Exact, Digits7],
            Self::Street => &[Exact, Plain, Phonetic, Prefix, Word, Door],
            Self::Postcode => &[Exact, Prefix],
            Self::City | Self::Other => &[Exact, Plain, Phonetic, Word],
            Self::Gender | Self::Unit | Self::Region | Self::Country | Self::Identifier => &[Exact],
            Self::FullName | Self::HouseNumber | Self::Ignore => &[],
        }
    }
}
