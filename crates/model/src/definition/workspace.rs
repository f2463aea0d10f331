use super::{
    Broadcast, Budget, Catalogue, ContactPolicy, Contract, IdentityRules, LetterAccount, Metric, Program,
    SeedList, Segment, Segmentation, SendingLimits, SmsAccount, Source, Team, Template, Webhook, one_or_many,
};
use crate::{
    Amount, Percent,
    delivery::{EMAIL, LETTER, SMS},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that one workspace folder defines, by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Workspace {
    /// `workspace:` who it is for.
    pub organisation: Organisation,
    /// `identity:` how people are told apart.
    pub identity: IdentityRules,
    /// `topic:` what people can consent to.
    pub topics: BTreeMap<String, Topic>,
    /// `source:` systems that send data.
    pub sources: BTreeMap<String, Source>,
    /// `contract:` what events must look like.
    pub contracts: BTreeMap<String, Contract>,
    /// `catalogue:` things that people care about.
    pub catalogues: BTreeMap<String, Catalogue>,
    /// `template:` messages.
    pub templates: BTreeMap<String, Template>,
    /// `seeds:` addresses of the house which get copies of what customers get.
    pub seeds: BTreeMap<String, SeedList>,
    /// `metric:` what is computed of each person.
    pub metrics: BTreeMap<String, Metric>,
    /// `segment:` the people of whom a condition is true.
    pub segments: BTreeMap<String, Segment>,
    /// `segmentation:` segments of which everybody is in one at most.
    pub segmentations: BTreeMap<String, Segmentation>,
    /// `program:` triggers plus steps plus a goal.
    pub programs: BTreeMap<String, Program>,
    /// `broadcast:` one-off programs.
    pub broadcasts: BTreeMap<String, Broadcast>,
    /// `webhook:` systems of ours that programs tell things.
    pub webhooks: BTreeMap<String, Webhook>,
    /// `policy:` how much is too much, over all of them.
    pub policy: ContactPolicy,
}

/// `workspace: harbor-motors`: the organisation, and what is common to all of its definitions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organisation {
    /// The name of the workspace.
    #[serde(rename = "workspace")]
    pub name: String,
    /// What people call the organisation.
    pub title: String,
    /// The country of telephone numbers that come without one: ISO 3166, such as `US`.
    pub country: String,
    /// The time zone of dates that come without one: IANA, such as `America/Chicago`.
    pub time_zone: String,
    /// The currency of amounts that come without one: ISO 4217, such as `USD`.
    pub currency: String,
    /// Where people reach this installation; links in messages begin with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// How e-mail is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAccount>,
    /// How text messages are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsAccount>,
    /// How letters are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letters: Option<LetterAccount>,
    /// The part of the people who are held out of all programs, so that the effect of all together can be seen. Programs
    /// that send service messages only are not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Percent>,
    /// The brands, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub brands: BTreeMap<String, Brand>,
    /// By what else than source, brand and channel it is shown how many customers have in common, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, Dimension>,
    /// People of the house who are asked to do things, by name. While there is none, tasks may name any team, and nothing
    /// limits how much it is asked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, Team>,
    /// How much may be spent on messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<Budget>,
}

impl Organisation {
    /// What a message of a channel costs, as far as it is said; of a text, each of its segments.
    pub fn cost(&self, channel: &str) -> Option<Amount> {
        match channel {
            EMAIL => self.email.as_ref()?.cost,
            SMS => self.sms.as_ref()?.cost,
            LETTER => self.letters.as_ref()?.cost,
            _ => None,
        }
    }
}

/// A brand of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brand {
    /// What people call it.
    pub title: String,
}

/// Something by which customers are told apart and may be of several kinds at once, such as what they buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// What people call it.
    pub title: String,
    /// The segments that are its values: whoever is in one of them is known to that value.
    pub segments: Vec<String>,
}

/// The dimensions that every workspace has, by which it is shown how many customers have in common.
pub const DIMENSIONS: [&str; 4] = ["source", "brand", "channel", "reach"];

/// How e-mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailAccount {
    /// The sender: `Harbor Motors <hello@harbor-motors.example>`.
    pub from: String,
    /// Where answers go, if not to the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The postal address that the law wants at the foot of an offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_address: Option<String>,
    /// The SMTP server, or several in the order of preference: when one is down, the next is tried. Without one, everything goes
    /// to the built-in mailbox and nothing leaves the house.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub smtp: Vec<SmtpAccount>,
    /// The keys with which messages are signed (DKIM): one, or one of each kind.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub dkim: Vec<DkimKey>,
    /// What is heard of messages that are read; without it nothing is. Service messages are never tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Tracking>,
    /// How fast mail goes to whom; without it, as fast as it is taken. Of several that fit a domain the first counts.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub throttle: Vec<Throttle>,
    /// Where mail comes back; without it, to the sender, where nobody but people reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<Returns>,
    /// How many complaints and bounces are too many: then marketing messages stop by themselves.
    #[serde(default, skip_serializing_if = "SendingLimits::are_usual")]
    pub limits: SendingLimits,
    /// What one message costs, such as `0.0008 USD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Amount>,
}

/// How fast mail goes to some domains, which are paced together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// The domains of the addresses, such as `gmail.com`; `*` for all.
    pub domains: Vec<String>,
    /// So many messages in a minute at most.
    pub per_minute: u32,
}

impl Throttle {
    /// Every domain.
    pub const ALL: &'static str = "*";

    /// Whether it paces mail to a domain.
    pub fn paces(&self, domain: &str) -> bool {
        self.domains.iter().any(|named| named == Self::ALL || named.eq_ignore_ascii_case(domain))
    }
}

/// What is heard of messages that are read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracking {
    /// That a message was looked at, by a picture in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opens: bool,
    /// That a link was followed: it leads by way of us.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clicks: bool,
    /// Domains to which links lead by way of us also where they come from data, with all below them. Of other links only
    /// those do whose host stands in the template.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

/// Where mail comes back that could not be delivered, and mail that unsubscribes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Returns {
    /// A domain of its own whose mail Crowsnest gets: each message has its own address there.
    pub domain: String,
}

/// A key with which messages are signed, so that receivers can tell that they are from the domain that they name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// Under which name its public half stands in the DNS: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// The domain that signs; that of the sender, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// A file with the private key in PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
    /// The environment variable that holds the private key in PEM, instead of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
}

/// An SMTP server to hand e-mail to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmtpAccount {
    /// What it is called where it is named; its host name, if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its host name.
    pub host: String,
    /// Its port; 465 for `tls`, 587 for `starttls` and 25 for `none` when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is secured.
    #[serde(default)]
    pub security: SmtpSecurity,
    /// Who we are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The environment variable that holds the password; the password itself never stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// A PEM file with the certificate authority to trust besides the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

impl SmtpAccount {
    /// What it is called.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.host)
    }
}

/// How an SMTP connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// Plain at first, then TLS; refused when the server does not offer it.
    #[default]
    Starttls,
    /// Not at all; for a server on the same machine.
    None,
}

/// `topic: offers`: something that people can consent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
    #[serde(rename = "topic")]
    pub name: String,
    /// What people read on the preference page.
    pub title: String,
    /// One sentence more about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A service message, such as a password reset: it needs no consent, and unsubscribing does not stop it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub service: bool,
}
