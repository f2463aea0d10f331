use super::{Step, Trigger};
use crate::{Duration, Percent, definition::one_or_many};
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
    pub trigger: Trigger,
    /// What makes two triggers the same occasion: an expression over the event, such as `event.properties.cart_id`.
    /// An occasion happens once. Each event is its own when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occasion: Option<String>,
    /// How often one person may enter, beside that.
    #[serde(default, skip_serializing_if = "Reentry::is_always")]
    pub reentry: Reentry,
    /// Who may enter: a condition on the profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// The part of those who would enter for whom nothing is done, so that the effect can be seen. Drawn by lot, and the
    /// same for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Percent>,
    /// How late what was due may still be done, after a pause or an outage; 24h when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Duration>,
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

/// How often one person may enter a program. In a new version it counts what earlier versions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reentry {
    /// With every occasion, when they are not inside.
    #[default]
    Always,
    /// Once in their life.
    Once,
    /// Once in this span, counted from trigger to trigger.
    Every(Duration),
}

impl Reentry {
    fn is_always(&self) -> bool {
        *self == Self::Always
    }
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
    /// Nobody enters, and who is inside stands still, until it is live again.
    Paused,
}

impl ProgramState {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Live => "live",
            Self::Paused => "paused",
        }
    }
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
    /// The seed lists whose entries get a copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<String>,
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
