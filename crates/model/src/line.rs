//! A destination with a queue of its own.

use crate::delivery::{Delivery, WEBHOOK};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A destination with a queue of its own: a channel to people, such as `email`, or a webhook, `webhook:NAME`. What waits
/// for one waits for no other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Line(String);

impl Line {
    /// The line of what goes to a contact point on a channel.
    pub fn of(channel: &str, contact: &str) -> Self {
        match channel {
            WEBHOOK => Self(format!("{WEBHOOK}:{contact}")),
            _ => Self(channel.to_owned()),
        }
    }

    /// One that was written down by its name.
    pub fn named(name: String) -> Self {
        Self(name)
    }

    /// The webhook, if it leads to one.
    pub fn webhook(&self) -> Option<&str> {
        self.0.strip_prefix(WEBHOOK)?.strip_prefix(':')
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Delivery {
    /// The line on which it goes.
    pub fn line(&self) -> Line {
        Line::of(&self.channel, &self.contact)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_webhook_has_a_line_and_each_channel_one_for_all() {
        assert_eq!(Line::of("webhook", "crm").webhook(), Some("crm"));
        assert_eq!(Line::of("email", "ann@x.org"), Line::of("email", "bob@x.org"));
        assert_eq!(Line::of("email", "crm").webhook(), None);
        assert_eq!(Line::named("webhook:crm".into()), Line::of("webhook", "crm"));
    }
}
