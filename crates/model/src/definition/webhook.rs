//! A system of ours that programs tell things.

use crate::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt};
use url::Url;

/// `webhook: crm`: an address to which programs post, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Its name.
    #[serde(rename = "webhook")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where to post: `https://crm.example/hooks/crowsnest`.
    pub url: String,
    /// The environment variable that holds the secret with which posts are signed, `whsec_…`; the secret itself never
    /// stands in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_env: Option<String>,
    /// Headers that every post has besides those of its own. They are read by everybody who reads the definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Also to addresses of private networks and of this machine, which are refused otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_private: bool,
    /// How long a post may take, from the look-up of the name to the answer; 10s when not given, 30s at the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// A PEM file with the certificate authority to trust besides the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// Why nothing can be posted to an address, in words that can be shown. They do not repeat it: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a URL with a host.
    #[error("is not an address: expected https:// or http:// and a host")]
    NotAnAddress,
    /// A user name or password in it.
    #[error("has a user name or password in it, where logs show them: sign with `secret_env` instead")]
    Credentials,
    /// A `#` and what is behind it.
    #[error("has a `#`, and what is behind that is never sent: remove it")]
    Fragment,
}

impl AddressError {
    /// Reads an address, or says why it is none.
    pub(super) fn check(text: &str) -> Result<Url, Self> {
        let url = Url::parse(text).map_err(|_| Self::NotAnAddress)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(Self::NotAnAddress);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Self::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Self::Fragment);
        }
        Ok(url)
    }
}

/// Why a header cannot be given, in words that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a name of HTTP.
    #[error("is not the name of a header: expected letters, digits and `-`, such as X-Tenant")]
    Name,
    /// We set it.
    #[error("is set by Crowsnest itself")]
    Ours,
    /// The value cannot be sent.
    #[error("has a value that cannot be sent: expected one line of ASCII, without spaces around it")]
    Value,
}

impl Webhook {
    /// How long a post may take when nothing is said.
    pub const USUAL_TIMEOUT: Duration = Duration::seconds(10);
    /// How long a post may take at the most.
    pub const LONGEST_TIMEOUT: Duration = Duration::seconds(30);

    /// How long a post may take.
    pub fn patience(&self) -> Duration {
        self.timeout.unwrap_or(Self::USUAL_TIMEOUT).clamp(Duration(1), Self::LONGEST_TIMEOUT)
    }

    /// Where to post, read. A host that is a number in any spelling is an address of IP here.
    pub fn address(&self) -> Result<Url, AddressError> {
        AddressError::check(&self.url)
    }

    /// Checks a header that every post is to have.
    pub fn check_header(name: &str, value: &str) -> Result<(), HeaderError> {
        const OURS: [&str; 13] = [
            "accept",
            "accept-encoding",
            "connection",
            "content-encoding",
            "content-length",
            "content-type",
            "expect",
            "host",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "user-agent",
        ];
        let token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 100 || !name.chars().all(token) {
            return Err(HeaderError::Name);
        }
        let lower = name.to_ascii_lowercase();
        if OURS.contains(&&*lower) || lower.starts_with("webhook-") || lower.starts_with("proxy-") {
            return Err(HeaderError::Ours);
        }
        let printable = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if !printable || value.trim() != value || value.is_empty() {
            return Err(HeaderError::Value);
        }
        Ok(())
    }
}

/// What a step tells a system of ours: the name of the webhook alone, or with a body.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WebhookStep {
    /// The webhook.
    pub to: String,
    /// What it is told: names, each with an expression over the person and the event that began the run. What gives nothing
    /// is left out. Nothing else of the person goes out but their id.
    #[serde(default)]
    pub body: BTreeMap<String, String>,
}

impl Serialize for WebhookStep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Long<'a> {
            to: &'a str,
            body: &'a BTreeMap<String, String>,
        }
        match self.body.is_empty() {
            true => self.to.serialize(serializer),
            false => Long { to: &self.to, body: &self.body }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for WebhookStep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShortOrLong;
        impl<'de> de::Visitor<'de> for ShortOrLong {
            type Value = WebhookStep;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "the name of a webhook, or a mapping such as { to: crm, body: { plan: profile.plan } }",
                )
            }
            fn visit_str<E: de::Error>(self, to: &str) -> Result<WebhookStep, E> {
                Ok(WebhookStep { to: to.to_owned(), body: BTreeMap::new() })
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<WebhookStep, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Long {
                    to: String,
                    #[serde(default)]
                    body: BTreeMap<String, String>,
                }
                Long::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|Long { to, body }| WebhookStep { to, body })
            }
        }
        deserializer.deserialize_any(ShortOrLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(url: &str) -> Webhook {
        serde_json::from_value(serde_json::json!({ "webhook": "crm", "url": url })).unwrap()
    }

    #[test]
    fn an_address_is_http_without_credentials_and_a_number_is_an_ip_address() {
        for (url, expected) in [
            ("ftp://crm.example/", AddressError::NotAnAddress),
            ("crm.example/hook", AddressError::NotAnAddress),
            ("file:///etc/passwd", AddressError::NotAnAddress),
            ("https://user@crm.example/", AddressError::Credentials),
            ("https://:word@crm.example/", AddressError::Credentials),
            ("https://crm.example/#x", AddressError::Fragment),
        ] {
            let found = hook(url).address();
            assert_eq!(found, Err(expected), "{url}");
        }
        for number in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1"] {
            let url = hook(&format!("http://{number}/")).address().unwrap();
            assert_eq!(url.host(), Some(url::Host::Ipv4(std::net::Ipv4Addr::LOCALHOST)), "{number}");
        }
    }

    #[test]
    fn headers_cannot_split_the_request_or_take_the_place_of_ours() {
        assert_eq!(Webhook::check_header("X-Tenant", "harbor motors"), Ok(()));
        for name in
            ["Host", "webhook-signature", "Content-Length", "Transfer-Encoding", "Proxy-Authorization"]
        {
            assert_eq!(Webhook::check_header(name, "x"), Err(HeaderError::Ours), "{name}");
        }
        for name in ["", "a b", "a:", "a\r\nb", "ä"] {
            assert_eq!(Webhook::check_header(name, "x"), Err(HeaderError::Name), "{name}");
        }
        for value in ["", " x", "a\r\nX: y", "ü", "a\0"] {
            assert_eq!(Webhook::check_header("X-A", value), Err(HeaderError::Value), "{value:?}");
        }
    }

    #[test]
    fn a_step_has_a_short_form_and_a_long_one() {
        let short: WebhookStep = serde_json::from_str(r#""crm""#).unwrap();
        assert_eq!(serde_json::to_string(&short).unwrap(), r#""crm""#);
        let text = r#"{"to":"crm","body":{"plan":"profile.plan"}}"#;
        let long: WebhookStep = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&long).unwrap(), text);
    }
}
