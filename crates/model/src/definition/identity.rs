use super::Matching;
use crate::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap};

/// `identity: people`: who is one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentityRules {
    /// The name of the rules.
    #[serde(rename = "identity")]
    pub name: String,
    /// The rules per namespace. Those that are not named here keep their usual rule.
    #[serde(default)]
    pub namespaces: BTreeMap<String, NamespaceRule>,
    /// Values that are never anybody's identifier, in any namespace; `*` stands for any characters. Added to the
    /// usual ones (`-1`, `0`, `null`, `none`, `n/a`, `undefined`, `unknown`, `anonymous`, `test@test.com`, …).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
    /// People who are alike are found, too; only if this is there, `matching: {}` at the least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<Matching>,
}

/// How identifiers of one namespace are used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamespaceRule {
    /// When identifiers of one event disagree about who it is, the one with the lowest priority gives way.
    pub priority: i32,
    /// How many values one person may have; more are somebody else's. Absent: any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// The limit counts values last seen within this time; for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Duration>,
    /// One person has one value, and two values are always two people: a limit of 1, for ever.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// A browser or device: it is whoever's who identified themselves on it last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub device: bool,
    /// Shared by a household (an account, a policy): it groups people and never makes them one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub household: bool,
    /// Values that are never anybody's, in this namespace; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<String>,
}

impl Default for IdentityRules {
    fn default() -> Self {
        Self { name: "people".into(), namespaces: BTreeMap::new(), blocked: Vec::new(), matching: None }
    }
}

impl IdentityRules {
    /// The rule of a namespace: the workspace's, else the usual one, else that of a custom namespace.
    pub fn rule(&self, namespace: &str) -> Cow<'_, NamespaceRule> {
        match self.namespaces.get(namespace) {
            Some(rule) => Cow::Borrowed(rule),
            None => Cow::Owned(NamespaceRule::usual(namespace)),
        }
    }

    /// Whether anything makes a household of people: an account that they share, or that they are found to live together.
    pub fn knows_households(&self) -> bool {
        self.rule("account").household
            || self.namespaces.values().any(|rule| rule.household)
            || self.matching.as_ref().is_some_and(|matching| matching.households)
    }
}

impl NamespaceRule {
    /// The rule of a namespace about which the workspace says nothing.
    pub fn usual(namespace: &str) -> Self {
        let rule = |priority, limit, window| Self {
            priority,
            limit,
            window,
            unique: false,
            device: false,
            household: false,
            blocked: Vec::new(),
        };
        match namespace {
            "user_id" => Self { unique: true, ..rule(100, None, None) },
            "loyalty_id" => rule(80, Some(3), None),
            "email" => rule(60, Some(5), None),
            "phone" => rule(50, Some(5), None),
            "account" => Self { household: true, ..rule(40, None, None) },
            "anonymous_id" => Self { device: true, ..rule(10, Some(50), Some(Duration::days(90))) },
            _ => rule(30, Some(5), None),
        }
    }
}
