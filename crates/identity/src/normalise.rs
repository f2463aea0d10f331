//! One spelling for each identifier.

use crate::blocked::Blocked;
use crowsnest_model::{
    Identifier, Namespace, contact,
    definition::{IdentityRules, NamespaceRule},
};
use std::{borrow::Cow, collections::HashMap};

/// The longest value that an identifier may have, in bytes.
const MAX_VALUE: usize = 256;

/// What an identifier is once it is normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normal {
    /// It names a person.
    Person(Identifier),
    /// It names a household: an account, a policy.
    Household(Identifier),
    /// It is nobody's; why, in words.
    Nobody(String),
}

/// Normalises identifiers by the rules of a workspace.
#[derive(Debug, Clone)]
pub struct Normaliser {
    rules: IdentityRules,
    blocked: Blocked,
    by_namespace: HashMap<Namespace, Blocked>,
    country: Option<String>,
}

impl Normaliser {
    /// For these rules; telephone numbers without a country code are taken as `country`'s.
    pub fn new(rules: &IdentityRules, country: &str) -> Self {
        Self {
            blocked: Blocked::with_usual(&rules.blocked),
            by_namespace: rules
                .namespaces
                .iter()
                .map(|(name, rule)| (Namespace::new(name), Blocked::only(&rule.blocked)))
                .collect(),
            country: (!country.is_empty()).then(|| country.to_owned()),
            rules: rules.clone(),
        }
    }

    /// The rule of a namespace.
    pub fn rule(&self, namespace: &Namespace) -> Cow<'_, NamespaceRule> {
        self.rules.rule(namespace.as_str())
    }

    /// The one spelling of an identifier, or why it is nobody's.
    pub fn normalise(&self, raw: &Identifier) -> Normal {
        let namespace = &raw.namespace;
        let pattern = |value: &str| {
            self.blocked
                .pattern_for(value)
                .or_else(|| self.by_namespace.get(namespace).and_then(|blocked| blocked.pattern_for(value)))
                .map(|pattern| Normal::Nobody(format!("{namespace} is a blocked value (`{pattern}`)")))
        };
        if let Some(nobody) = pattern(&raw.value) {
            return nobody;
        }
        let value = match namespace.as_str() {
            "email" => contact::email(&raw.value).map_err(|error| error.to_string()),
            "phone" => self.phone(&raw.value),
            _ => Ok(raw.value.trim().to_owned()),
        };
        let value = match value {
            Ok(value) if value.len() > MAX_VALUE => {
                return Normal::Nobody(format!("{namespace} is longer than {MAX_VALUE} bytes"));
            }
            Ok(value) => value,
            Err(fault) => return Normal::Nobody(format!("{namespace} {fault}")),
        };
        if value != raw.value
            && let Some(nobody) = pattern(&value)
        {
            return nobody;
        }
        let identifier = Identifier { namespace: namespace.clone(), value };
        if self.rule(namespace).household {
            Normal::Household(identifier)
        } else {
            Normal::Person(identifier)
        }
    }

    fn phone(&self, text: &str) -> Result<String, String> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        // 000-000-0000, 999 9999: what people type to get past a form.
        let last_seven = &digits[digits.len().saturating_sub(7)..];
        if last_seven.len() == 7 && last_seven.iter().all(|digit| *digit == last_seven[0]) {
            return Err("is one digit repeated, as people type to get past a form".into());
        }
        let country = self.country.as_deref().and_then(|code| contact::country(code).ok());
        contact::phone(text, country).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_get_one_spelling_or_are_nobodys() {
        let normaliser = Normaliser::new(&IdentityRules::default(), "US");
        let person = |namespace: &str, value: &str| Normal::Person(Identifier::new(namespace, value));
        for (namespace, value, expected) in [
            ("email", " Ann@Example.ORG", person("email", "ann@example.org")),
            ("phone", "(312) 555-0142", person("phone", "+13125550142")),
            ("user_id", " U-17 ", person("user_id", "U-17")),
            ("account", "HM-1001", Normal::Household(Identifier::new("account", "HM-1001"))),
        ] {
            assert_eq!(normaliser.normalise(&Identifier::new(namespace, value)), expected);
        }
        for (namespace, value, why) in [
            ("user_id", "null", "blocked"),
            ("user_id", "-1", "blocked"),
            ("email", "test@test.com", "blocked"),
            ("email", "ann", "there is no @"),
            ("phone", "000-000-0000", "one digit repeated"),
            ("phone", "12", "expected 6 to 20 digits"),
        ] {
            match normaliser.normalise(&Identifier::new(namespace, value)) {
                Normal::Nobody(reason) => assert!(reason.contains(why), "{reason}"),
                other => panic!("{value} became {other:?}"),
            }
        }
    }
}
