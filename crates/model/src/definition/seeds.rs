//! Seed lists: addresses of the house itself, which get a copy of what customers get.

use crate::{
    Object,
    delivery::{EMAIL, LETTER, SMS},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `seeds: inbox-check`: addresses of the house itself, which get a copy of what customers get where a `send` names the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedList {
    /// Its name.
    #[serde(rename = "seeds")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who gets a copy.
    pub entries: Vec<Seed>,
}

impl SeedList {
    /// The most entries of a list: they all get their copies at once, before anybody else.
    pub const MOST: usize = 200;
}

/// One who gets a copy, on each channel of which it has an address. No customer: not counted, not asked, not tracked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Seed {
    /// What it is called where its copies are listed, such as `Ann at Gmail`.
    pub name: String,
    /// Where its e-mails go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Where its text messages go: a telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Where its letters go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SeedAddress>,
    /// What templates find where a customer's traits would be, such as `first_name`.
    #[serde(default, skip_serializing_if = "Object::is_empty")]
    pub traits: Object,
}

impl Seed {
    /// Whether it gets copies of what is sent on a channel.
    pub fn is_on(&self, channel: &str) -> bool {
        match channel {
            EMAIL => self.email.is_some(),
            SMS => self.phone.is_some(),
            LETTER => self.address.is_some(),
            _ => false,
        }
    }
}

/// Where a seed's letters go. To whom is said by the traits that say it of customers; without them, by the seed's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeedAddress {
    /// The street and the number of the house.
    pub street: String,
    /// What comes beside the street, such as the number of the flat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub street2: Option<String>,
    /// The postcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// The city.
    pub city: String,
    /// The state or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The country, as ISO 3166 or in words; that of the workspace when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}
