//! What a program does, step by step.

use super::{Send, WebhookStep};
use crate::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt};

/// One thing that a program does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Wait this long, counted from the trigger or from the end of the step before.
    Wait(Duration),
    /// Wait until something happens, but not for ever.
    WaitUntil(WaitUntil),
    /// Go the first way whose condition holds.
    Branch(Vec<Arm>),
    /// Give each person one of several ways by lot. The same person always gets the same.
    Split(BTreeMap<String, Share>),
    /// Send a message.
    Send(Send),
    /// Change traits of the person.
    Set(BTreeMap<String, SetValue>),
    /// Ask people of the house to do something.
    Task(TaskStep),
    /// Tell a system of ours, by a webhook.
    Webhook(WebhookStep),
    /// Enter another program.
    Enter(String),
    /// Leave the program, for this reason.
    Exit(String),
}

impl Step {
    /// The word by which a definition names it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Wait(_) => "wait",
            Self::WaitUntil(_) => "wait_until",
            Self::Branch(_) => "branch",
            Self::Split(_) => "split",
            Self::Send(_) => "send",
            Self::Set(_) => "set",
            Self::Task(_) => "task",
            Self::Webhook(_) => "webhook",
            Self::Enter(_) => "enter",
            Self::Exit(_) => "exit",
        }
    }

    /// The steps within it.
    pub fn within(&self) -> impl Iterator<Item = &[Step]> {
        let (arms, shares) = match self {
            Self::Branch(arms) => (Some(arms), None),
            Self::Split(shares) => (None, Some(shares)),
            _ => (None, None),
        };
        let arms = arms.into_iter().flatten().map(Arm::steps);
        arms.chain(shares.into_iter().flatten().map(|(_, share)| &*share.steps))
    }

    /// Every step of a list, with those within them.
    pub fn all(steps: &[Step]) -> Vec<&Step> {
        let mut all = Vec::new();
        for step in steps {
            all.push(step);
            step.within().for_each(|within| all.extend(Self::all(within)));
        }
        all
    }
}

/// Something for people of the house to do about the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskStep {
    /// What is to be done.
    pub title: String,
    /// By whom.
    pub team: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// It is a telephone call, which the person must have agreed to. Nothing else is a contact with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
    /// How important it is beside what else the team is asked, from 1, which comes first, to 9.
    #[serde(default = "middle", skip_serializing_if = "is_middle")]
    pub priority: u8,
    /// After this long on the way there is no point in it any more; as long as the program's `ttl` lasts when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Duration>,
}

/// A telephone call. Everything that stands against a message stands against it, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The consent topic that it is about.
    pub topic: String,
    /// How often it is tried when nobody answers, each time on another day.
    #[serde(default = "three", skip_serializing_if = "is_three")]
    pub tries: u32,
}

fn middle() -> u8 {
    5
}

fn is_middle(priority: &u8) -> bool {
    *priority == middle()
}

fn three() -> u32 {
    3
}

fn is_three(tries: &u32) -> bool {
    *tries == three()
}

/// A wait for an event, or for a condition on the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitUntil {
    /// The event that ends the wait, from whichever source it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// With `event`, which events count; without, a condition on the person that ends the wait when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The longest wait, counted as that of `wait`.
    pub limit: Duration,
    /// What happens when the limit is reached.
    #[serde(default)]
    pub on_limit: OnLimit,
}

/// What happens when a wait reaches its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnLimit {
    /// The next step is taken.
    #[default]
    Continue,
    /// The person leaves the program.
    Exit,
}

/// One way of a branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    /// A condition on the person and the event that began the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What is done when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Step>>,
    /// What is done when no condition holds. Alone, and last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Vec<Step>>,
}

impl Arm {
    /// What is done on this way.
    pub fn steps(&self) -> &[Step] {
        self.steps.as_deref().or(self.otherwise.as_deref()).unwrap_or_default()
    }
}

/// One way of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Its part of the people, against the sum of all weights.
    pub weight: u32,
    /// What is done; nothing when not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// What a trait becomes: a value, or `{ from: <expression> }` over the person and the event that began the run.
#[derive(Debug, Clone, PartialEq)]
pub enum SetValue {
    /// This value.
    Value(serde_json::Value),
    /// What the expression gives.
    From(String),
}

impl Serialize for SetValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::From(text) => BTreeMap::from([("from", text)]).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SetValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> de::Visitor<'de> for Either {
            type Value = SetValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, true, false, a list, or `{ from: an expression }`")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<SetValue, E> {
                Ok(SetValue::Value(value.into()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<SetValue, E> {
                Ok(SetValue::Value(value.into()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<SetValue, E> {
                Ok(SetValue::Value(value.into()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<SetValue, E> {
                Ok(SetValue::Value(value.into()))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<SetValue, E> {
                Ok(SetValue::Value(value.into()))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<SetValue, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element::<serde_json::Value>()? {
                    all.push(one);
                }
                Ok(SetValue::Value(all.into()))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<SetValue, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct From {
                    from: String,
                }
                From::deserialize(de::value::MapAccessDeserializer::new(map))
                    .map(|it| SetValue::From(it.from))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for SetValue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SetValue".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A value, or `{ from: <expression> }` over the person and the event that began the run.",
            "anyOf": [
                { "type": ["string", "number", "boolean", "array"] },
                {
                    "type": "object",
                    "properties": { "from": { "type": "string" } },
                    "required": ["from"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
