use crate::{Amount, Percent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much may be spent on messages in some time. Where there is none, there is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Only messages on this channel; on all that cost something when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only messages of this program or broadcast; of all together when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Only messages about this topic; about all together when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// From when to when it is counted, in the organisation's time zone.
    pub per: BudgetPeriod,
    /// At most this much; a message that would pass it waits for the next period. `0` allows none at all.
    pub max: Amount,
    /// When this part of it is spent, somebody is told, once a period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warn: Option<Percent>,
    /// The webhook that is told then, besides the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// Service messages count and wait, too; they are exempt when not given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub service: bool,
}

/// From when to when a budget is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BudgetPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first of a month to its last.
    Month,
}

impl BudgetPeriod {
    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}
