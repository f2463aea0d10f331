//! How letters are sent.

use super::{ClockTime, Day, one_or_many};
use crate::Amount;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How letters are sent: they wait for a print run, which writes them to files for whoever prints them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterAccount {
    /// The sender's name and postal address, line by line.
    pub from: String,
    /// Which traits make the postal address.
    #[serde(default, skip_serializing_if = "AddressTraits::is_usual")]
    pub address: AddressTraits,
    /// Whether somebody has to have agreed to letters.
    #[serde(default, skip_serializing_if = "LetterConsent::is_usual")]
    pub consent: LetterConsent,
    /// When letters are printed; only by command when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub print: Option<PrintTimes>,
    /// What one letter costs, such as `0.85 USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
}

/// Which traits make the postal address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AddressTraits {
    /// The name: the values of these, in this order. When none of them is known, `name`.
    #[serde(deserialize_with = "one_or_many")]
    pub name: Vec<String>,
    /// The street and the number of the house.
    pub street: String,
    /// What comes beside the street, such as the number of the flat.
    pub street2: String,
    /// The postcode.
    pub postal_code: String,
    /// The city.
    pub city: String,
    /// The state or province.
    pub state: String,
    /// The country, as ISO 3166 or in words.
    pub country: String,
}

impl Default for AddressTraits {
    fn default() -> Self {
        Self {
            name: vec!["first_name".into(), "last_name".into()],
            street: "street".into(),
            street2: "street2".into(),
            postal_code: "postal_code".into(),
            city: "city".into(),
            state: "state".into(),
            country: "country".into(),
        }
    }
}

impl AddressTraits {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether somebody has to have agreed to letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterConsent {
    /// Who never agreed gets none.
    #[default]
    Asked,
    /// Who never objected may get some. Whether the law where they live allows that is for the organisation to know.
    UnlessWithdrawn,
}

impl LetterConsent {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// When letters are printed, in the workspace's time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrintTimes {
    /// On these days of the week; every day when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Day>,
    /// At this time of the day.
    pub at: ClockTime,
}
