use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `template: cart-reminder`: a message. Subject, MJML and text are Liquid templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    #[serde(rename = "template")]
    pub name: String,
    /// The channel, such as `email`.
    pub channel: String,
    /// E-mail: the subject line.
    pub subject: String,
    /// E-mail: the line that mailboxes show beside the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// E-mail: the body, as MJML.
    pub mjml: String,
    /// E-mail: the body as plain text, for readers and mailboxes without HTML.
    pub text: String,
}
