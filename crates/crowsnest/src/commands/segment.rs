//! `crowsnest segment` and `metric`: who is in what just now, why, and what is computed of people.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, count, text},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// See segments: who is in them, since when and why, and who entered and left.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest segment list\n  crowsnest segment changes lapsed\n  \
    crowsnest segment overlap vip lapsed\n  crowsnest segment why email=ann.carter@example.org lapsed")]
pub struct Segment {
    #[command(subcommand)]
    action: Action,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the segments, who is in each in a sentence, and how many.
    List,
    /// List the members of a segment.
    Members {
        /// The segment.
        name: String,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Those after this profile id.
        #[arg(long)]
        after: Option<String>,
    },
    /// List who entered and left a segment, the latest first.
    Changes {
        /// The segment.
        name: String,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Count who is in both of two segments.
    Overlap {
        /// One segment.
        one: String,
        /// The other.
        other: String,
    },
    /// Say whether a customer is in a segment and why, with their values; in all segments when none is named.
    Why {
        /// An identifier as namespace=value, or a profile id.
        who: String,
        /// The segment.
        name: Option<String>,
    },
}

/// See metrics: how each is computed, and what it is for a customer.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest metric\n  crowsnest metric --of email=ann.carter@example.org")]
pub struct Metric {
    /// A customer: an identifier as namespace=value, or a profile id.
    #[arg(long)]
    of: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Segment {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let path = match &self.action {
            Action::List => "/api/v1/segments".into(),
            Action::Members { name, limit, after } => {
                let after = after.as_ref().map(|id| format!("&after={}", encoded(id))).unwrap_or_default();
                format!("/api/v1/segments/{}/members?limit={limit}{after}", encoded(name))
            }
            Action::Changes { name, limit } => {
                format!("/api/v1/segments/{}/changes?limit={limit}", encoded(name))
            }
            Action::Overlap { one, other } => {
                format!("/api/v1/segments/overlap?one={}&other={}", encoded(one), encoded(other))
            }
            Action::Why { who, name } => {
                // A segment that does not exist is a mistake to be told, not an empty answer.
                if let Some(name) = name {
                    client.get::<Value>(&format!("/api/v1/segments/{}", encoded(name)))?;
                }
                format!("/api/v1/profiles/{}/segments", super::profile::id_of(&client, who)?)
            }
        };
        let mut found: Value = client.get(&path)?;
        if let (Action::Why { name: Some(name), .. }, Some(all)) = (&self.action, found.as_array_mut()) {
            all.retain(|standing| standing["segment"] == name.as_str());
        }
        if self.json {
            output::json(&found);
            return Ok(());
        }
        let all = found.as_array().cloned().unwrap_or_default();
        match &self.action {
            Action::List => list(&client, &all)?,
            Action::Members { .. } => {
                let rows = all.iter().map(|member| [text(member, "profile"), text(member, "since")]);
                say!("{}", output::table(["profile", "since"], &[], rows));
            }
            Action::Changes { .. } => {
                let rows = all.iter().map(|change| {
                    let what = if change["entered"] == true { "entered" } else { "left" };
                    let by = if change["event"].is_null() { "time or definition" } else { "event" };
                    [
                        text(change, "time"),
                        text(change, "profile"),
                        what.into(),
                        by.into(),
                        text(change, "why"),
                    ]
                });
                say!("{}", output::table(["time", "profile", "", "by", "why"], &[], rows));
            }
            Action::Overlap { one, other } => {
                let rows = [
                    [one.clone(), count(&found["one"])],
                    [other.clone(), count(&found["other"])],
                    ["both".into(), count(&found["both"])],
                ];
                say!("{}", output::table(["segment", "people"], &[1], rows));
            }
            Action::Why { .. } => all.iter().for_each(why),
        }
        Ok(())
    }
}

fn list(client: &Client, segments: &[Value]) -> anyhow::Result<()> {
    let rows = segments.iter().map(|segment| {
        let members = if segment["ready"] == true { count(&segment["members"]) } else { "building".into() };
        [text(segment, "segmentation"), text(segment, "segment"), members, text(segment, "sentence")]
    });
    say!("{}", output::table(["of", "segment", "people", "who is in it"], &[2], rows));
    building(client)
}

/// Says how far the reading of recorded events for new definitions is.
fn building(client: &Client) -> anyhow::Result<()> {
    let progress: Value = client.get("/api/v1/building")?;
    if !progress.is_null() {
        let what = match progress["pass"].as_str() {
            Some("series") => "recorded events are read",
            Some("date") => "people are given the moments of programs",
            _ => "people are asked",
        };
        say!(
            "New definitions are being built: {what}, {} of {} people.",
            progress["done"],
            progress["total"]
        );
    }
    Ok(())
}

fn why(standing: &Value) {
    let name = text(standing, "segment");
    match (standing["building"] == true, standing["member"] == true) {
        (true, _) => say!("{name}: is being built, so nobody knows yet"),
        (false, true) => say!("{name}: is in it since {}", text(standing, "since")),
        (false, false) => say!("{name}: is not in it"),
    }
    output::clauses(&standing["clauses"], "  ");
}

impl Metric {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let path = match &self.of {
            Some(who) => format!("/api/v1/profiles/{}/metrics", super::profile::id_of(&client, who)?),
            None => "/api/v1/metrics".into(),
        };
        let found: Vec<Value> = client.get(&path)?;
        if self.json {
            output::json(&json!(found));
            return Ok(());
        }
        if self.of.is_some() {
            let rows = found.iter().map(|metric| {
                let value = match (&metric["building"], &metric["value"]) {
                    (Value::Bool(true), _) => "building".into(),
                    (_, Value::Null) => "not known".into(),
                    _ => text(metric, "value"),
                };
                [text(metric, "metric"), value, text(metric, "title")]
            });
            say!("{}", output::table(["metric", "value", "title"], &[1], rows));
            return Ok(());
        }
        let rows = found.iter().map(|metric| {
            let state = if metric["ready"] == true { "ready" } else { "building" };
            [text(metric, "metric"), state.into(), text(metric, "value"), text(metric, "title")]
        });
        say!("{}", output::table(["metric", "state", "value", "title"], &[], rows));
        building(&client)
    }
}
