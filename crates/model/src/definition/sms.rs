use crate::{Amount, Duration, definition::AddressError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// How text messages are sent, and what is done when people answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsAccount {
    /// The number that texts are from, in international form: `+13125550100`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The messaging service of the gateway that chooses the number, instead of one: `MG…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The gateway; without one, everything goes to the built-in mailbox and nothing leaves the house.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<SmsGateway>,
    /// The languages in which people answer.
    #[serde(default = "english")]
    pub languages: Vec<Language>,
    /// What happens when somebody wants nothing more.
    #[serde(default)]
    pub stop: OnStop,
    /// What happens when somebody wants it again.
    #[serde(default)]
    pub start: OnStart,
    /// What is answered to HELP; the organisation's name and how to stop, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// How many segments a text may have at the most.
    #[serde(default = "three")]
    pub max_segments: u32,
    /// What one segment costs, such as `0.0083 USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
}

fn english() -> Vec<Language> {
    vec![Language::En]
}

fn three() -> u32 {
    3
}

/// A gateway with the interface of Twilio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmsGateway {
    /// Where it is; `https://api.twilio.com`, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Who we are there: `AC…`.
    pub account: String,
    /// The environment variable that holds the account's token; the token itself never stands in a file.
    pub token_env: String,
    /// Also at an address of a private network or of this machine, which is refused otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
}

impl SmsGateway {
    /// Where gateways are of which nothing else is said.
    pub const USUAL_URL: &str = "https://api.twilio.com";
    /// How long handing a text over may take, from the look-up of the name to the answer.
    pub const PATIENCE: Duration = Duration::seconds(15);

    /// Where it is, read: an address without a query.
    pub fn address(&self) -> Result<Url, AddressError> {
        let url = AddressError::check(self.url.as_deref().unwrap_or(Self::USUAL_URL))?;
        match url.query() {
            None => Ok(url),
            Some(_) => Err(AddressError::NotAnAddress),
        }
    }
}

/// A language that people answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
    /// Spanish.
    Es,
    /// French.
    Fr,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Portuguese.
    Pt,
}

/// What happens when somebody answers that they want nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnStop {
    /// What is turned off.
    #[serde(default)]
    pub turns_off: TurnsOff,
    /// What is answered, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}

/// What is turned off for somebody who wants nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TurnsOff {
    /// Every topic by SMS to this number.
    Sms,
    /// Every topic on every channel, to all contact points of the person.
    #[default]
    EveryChannel,
}

/// What happens when somebody answers that they want texts again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnStart {
    /// What is answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
}
