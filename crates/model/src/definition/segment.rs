use crate::series::Granularity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `metric: spend-365d`: a number or moment about each person, computed from their events and always up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name, used in conditions as `metric("spend-365d")`.
    #[serde(rename = "metric")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// An expression, such as `sum("Order Completed", "revenue", within("365d"))`.
    pub value: String,
    /// How finely moments are told apart in what it asks of events: `1s`, `1m`, `1h` or `1d` in UTC, in place of to the
    /// millisecond. It keeps a long window over the events of a busy customer small.
    #[serde(default, skip_serializing_if = "Granularity::is_exact")]
    pub granularity: Granularity,
}

impl Metric {
    /// What it means: when that changes, whatever names it has to be asked anew.
    pub fn meaning(&self) -> String {
        let Self { name, value, granularity, .. } = self;
        match granularity.is_exact() {
            true => format!("{name} = {value}"),
            false => format!("{name} = {value} by {}", granularity.span()),
        }
    }
}

/// `segment: lapsed`: the people of whom a condition is true just now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Its name, used in conditions as `segment("lapsed")`.
    #[serde(rename = "segment")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who is in it: a condition on the person.
    pub when: String,
}

/// `segmentation: life-stage`: segments of which everybody is in one at most: the first whose condition is true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Segmentation {
    /// Its name.
    #[serde(rename = "segmentation")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its segments, the first choice first.
    pub segments: Vec<SegmentOfSet>,
}

/// One segment of a segmentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentOfSet {
    /// Its name, used in conditions as `segment("newcomer")`.
    #[serde(rename = "segment")]
    pub name: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Who is in it, if they are in none before it. The last one may have none: everybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}
