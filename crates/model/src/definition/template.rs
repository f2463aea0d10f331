use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `template: cart-reminder`: a message. Subject, MJML and text are Liquid templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    #[serde(rename = "template")]
    pub name: String,
    /// The channel, such as `email` or `sms`.
    pub channel: String,
    /// E-mail: the subject line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// E-mail: the line that mailboxes show beside the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// E-mail: the body, as MJML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mjml: Option<String>,
    /// The text. Of an e-mail it is the body for readers and mailboxes without HTML, of an SMS all of it.
    pub text: String,
}
