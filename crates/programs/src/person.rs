//! A person as conditions see them.

use crowsnest_model::Profile;
use crowsnest_rules::{EventView, Subject};
use serde_json::Value;

/// Answers what a person agreed to, by channel and topic; `None` when nobody ever said.
pub type Consents<'a> = dyn Fn(&str, &str) -> Option<bool> + 'a;

/// A person, perhaps with an event, as conditions see them.
pub struct Person<'a> {
    /// Who it is.
    pub profile: &'a Profile,
    /// The event, where there is one.
    pub event: Option<EventView<'a>>,
    /// What they agreed to.
    pub consents: &'a Consents<'a>,
}

impl Subject for Person<'_> {
    fn profile_trait(&self, name: &str) -> Option<&Value> {
        self.profile.value(name)
    }

    fn event(&self) -> Option<EventView<'_>> {
        self.event
    }

    fn consent(&self, channel: &str, topic: &str) -> Option<bool> {
        (self.consents)(channel, topic)
    }
}
