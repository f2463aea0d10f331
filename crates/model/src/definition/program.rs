use crate::{Duration, definition::one_or_many};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `program: abandoned-cart`: a trigger plus steps plus a goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    #[serde(rename = "program")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it takes anybody in.
    #[serde(default)]
    pub state: ProgramState,
    /// What begins it.
    pub trigger: EventMatch,
    /// What makes two triggers the same occasion: an expression over the event, such as `event.properties.cart_id`.
    /// An occasion happens once. Each event is its own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occasion: Option<String>,
    /// Who may enter: a condition on the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// What ends it in mid-wait, from whichever source it comes.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub cancel_on: Vec<EventMatch>,
    /// The feeds without which nothing is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires_fresh: Vec<FreshnessNeed>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// Whether a program takes anybody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProgramState {
    /// It is being written: checked, but nobody enters.
    Draft,
    /// People enter.
    #[default]
    Live,
}

/// An event, by name and condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventMatch {
    /// The name of the event.
    pub event: String,
    /// A condition on the event and the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Trigger only: how long after the event there is any point in going on; then the run expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// A source that must be up to date before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FreshnessNeed {
    /// The source.
    pub source: String,
    /// How old its watermark may be.
    pub max_lag: Duration,
}

/// What a program is for. Reaching it ends the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The name of the event.
    pub event: String,
    /// A condition on the event and the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How long after the trigger it still counts.
    pub within: Duration,
    /// What it is worth: an expression over the event, such as `event.properties.revenue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// One thing that a program does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Step {
    /// Wait this long, counted from the trigger or from the end of the step before.
    Wait(Duration),
    /// Send a message.
    Send(Send),
}

/// A message to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// The channel, such as `email`.
    pub channel: String,
    /// The template.
    pub template: String,
    /// The consent topic.
    pub topic: String,
}

/// `broadcast: spring-offer`: a one-off mailing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Broadcast {
    /// Its name.
    #[serde(rename = "broadcast")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who gets it: a condition on the profile.
    pub audience: String,
    /// Who counts as one.
    #[serde(default)]
    pub one_per: OnePer,
    /// Which member of a household gets it: conditions, the most important first. Then whoever was last active.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefer: Vec<String>,
    /// The feeds without which nothing is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires_fresh: Vec<FreshnessNeed>,
    /// What is sent.
    pub send: Send,
    /// How long after its launch there is any point in sending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// Who counts as one recipient. One contact point never gets a broadcast twice, whatever this says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnePer {
    /// People who share an account get one.
    #[default]
    Household,
    /// Everybody gets one.
    Person,
}
