//! `crowsnest program`: how programs run, and their kill switches.

use crate::{
    client::{Connection, encoded},
    output::{self, count, text},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// See how programs run, who is in them and why; stop and resume them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest program list\n  crowsnest program runs abandoned-cart\n  \
    crowsnest program explain abandoned-cart --profile email=ann.carter@lakemail.example\n  \
    crowsnest program test abandoned-cart --profile email=ann.carter@lakemail.example --enters big-spenders\n  \
    crowsnest program stop abandoned-cart\n  crowsnest program stop --all")]
pub struct Program {
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
    /// List the programs with their runs, messages, and what came back on them.
    List,
    /// List who is or was in a program, and why it ended for them.
    Runs {
        /// The program.
        name: String,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Count the messages of a program or broadcast by state and kind of reason.
    Reasons {
        /// The program or broadcast.
        name: String,
    },
    /// Show the steps that a run has taken, and what came of each.
    Log {
        /// The run's id.
        run: String,
    },
    /// Say why a customer is or was in a program, or is not, from what was recorded.
    Explain {
        /// The program.
        name: String,
        /// The customer: an identifier as namespace=value, or a profile id.
        #[arg(long)]
        profile: String,
        /// As of this moment, such as 2026-03-01T09:30:00Z; now, if not said.
        #[arg(long)]
        at: Option<String>,
        /// At most this many runs, events and changes of a segment, the latest.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Walk a customer through a program with a simulated clock. Nothing is written, and nothing is sent.
    Test {
        /// The program; a draft will do.
        name: String,
        /// The customer: an identifier as namespace=value, or a profile id.
        #[arg(long)]
        profile: String,
        /// The properties of the event that begins it, a JSON object; those of their latest such event, if not said.
        #[arg(long)]
        event: Option<String>,
        /// Of a program that begins with a change of an item: its key; that of the item that they watched last, if not said.
        #[arg(long)]
        item: Option<String>,
        /// The fields that the item had before, where they were others: a JSON object.
        #[arg(long)]
        before: Option<String>,
        /// Suppose that they have entered this segment, whatever its condition says. A program that begins with a segment
        /// supposes its own without this.
        #[arg(long, value_name = "SEGMENT")]
        enters: Vec<String>,
        /// Suppose that they have left this segment.
        #[arg(long, value_name = "SEGMENT")]
        leaves: Vec<String>,
        /// When that happens, such as 2026-03-01T09:30:00Z; if not said, now, or when its date or schedule next comes due.
        #[arg(long)]
        at: Option<String>,
    },
    /// Let a person in, by request. Of the program's rules all count but the trigger.
    Enter {
        /// The program.
        name: String,
        /// Who, such as `email=ann@example.org`.
        #[arg(value_parser = pair)]
        identifier: (String, String),
        /// What makes two requests the same; the same enters once.
        #[arg(long)]
        occasion: Option<String>,
        /// What conditions and templates see as the properties of an event: a JSON object.
        #[arg(long, default_value = "{}")]
        properties: String,
    },
    /// Move the people inside to the newest version: to the step at the same place, if there is one.
    Move {
        /// The program.
        name: String,
        /// The version that they are on.
        #[arg(long)]
        from: u32,
    },
    /// Let in those who were missed while the program was a draft or paused.
    CatchUp {
        /// The program.
        name: String,
        /// Look at the events that came in, or what came due by date or schedule, after this moment, such as 2026-03-01T09:30:00Z.
        #[arg(long)]
        since: String,
        /// Also when the program's time to live has run out.
        #[arg(long)]
        whenever: bool,
        /// Only say what would be.
        #[arg(long)]
        dry_run: bool,
    },
    /// Throw the kill switch: nothing is sent from now on.
    Stop {
        /// The program or broadcast.
        #[arg(required_unless_present_any = ["all", "channel"])]
        name: Option<String>,
        /// Everything.
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// All marketing messages of a channel, such as email; service messages go on.
        #[arg(long, conflicts_with_all = ["name", "all"])]
        channel: Option<String>,
    },
    /// Reset the kill switch: what it held goes out, if its time to live has not run out.
    Resume {
        /// The program or broadcast.
        #[arg(required_unless_present_any = ["all", "channel"])]
        name: Option<String>,
        /// The switch for everything.
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// The switch for all marketing messages of a channel. Complaints and bounces are counted anew from then on.
        #[arg(long, conflicts_with_all = ["name", "all"])]
        channel: Option<String>,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (namespace, value) =
        text.split_once('=').ok_or("expected a namespace and a value, such as email=ann@example.org")?;
    Ok((namespace.to_owned(), value.to_owned()))
}

fn states(value: &Value) -> String {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(state, number)| format!("{} {}", count(number), state.replace('_', " ")))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Program {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let (path, show): (String, fn(&[Value])) = match &self.action {
            Action::List => ("/api/v1/programs".into(), |programs| {
                let rows = programs.iter().map(|program| {
                    let state = match &program["waits_for"] {
                        _ if program["switched_off"] == true => "stopped".into(),
                        Value::String(waits_for) => format!("waits: {waits_for}"),
                        _ => text(program, "state"),
                    };
                    [
                        text(program, "program"),
                        format!("v{}", program["version"]),
                        state,
                        states(&program["runs"]),
                        states(&program["deliveries"]),
                        states(&program["feedback"]),
                        cost(&program["cost"]),
                    ]
                });
                let heads = ["program", "version", "state", "runs", "messages", "came back", "cost"];
                say!("{}", output::table(heads, &[], rows));
            }),
            Action::Runs { name, limit } => {
                (format!("/api/v1/programs/{}/runs?limit={limit}", encoded(name)), |runs| {
                    let rows = runs.iter().map(|run| {
                        [
                            text(run, "id"),
                            text(run, "profile"),
                            text(run, "triggered"),
                            text(run, "state"),
                            text(run, "reason"),
                        ]
                    });
                    say!("{}", output::table(["run", "profile", "triggered", "state", "why"], &[], rows));
                })
            }
            Action::Reasons { name } => (format!("/api/v1/programs/{}/reasons", encoded(name)), |reasons| {
                let rows = reasons.iter().map(|reason| {
                    [
                        count(&reason["count"]),
                        text(reason, "state"),
                        text(reason, "reason"),
                        text(reason, "example"),
                    ]
                });
                say!("{}", output::table(["messages", "state", "because", "such as"], &[0], rows));
            }),
            Action::Log { run } => (format!("/api/v1/runs/{}/log", encoded(run)), |steps| {
                let rows =
                    steps.iter().map(|step| [text(step, "time"), text(step, "step"), text(step, "outcome")]);
                say!("{}", output::table(["time", "step", "what came of it"], &[], rows));
            }),
            Action::Explain { name, profile, at, limit } => {
                let person = super::profile::id_of(&client, profile)?;
                let at = at.as_ref().map(|at| format!("&at={}", encoded(at))).unwrap_or_default();
                let path =
                    format!("/api/v1/programs/{}/explain?profile={person}{at}&limit={limit}", encoded(name));
                let found: Value = client.get(&path)?;
                if self.json {
                    output::json(&found)
                } else {
                    super::explain::show(&found)
                }
                return Ok(());
            }
            Action::Test { name, profile, event, item, before, enters, leaves, at } => {
                let read = |option: &str, text: &Option<String>| -> anyhow::Result<Option<Value>> {
                    let read = text.as_deref().map(serde_json::from_str).transpose();
                    read.map_err(|error| anyhow::anyhow!("--{option} is not JSON: {error}"))
                };
                let (event, before) = (read("event", event)?, read("before", before)?);
                let person = super::profile::id_of(&client, profile)?;
                let trial = json!({
                    "profile": person, "event": event, "item": item, "before": before,
                    "enters": enters, "leaves": leaves, "at": at,
                });
                let tried: Value =
                    client.post(&format!("/api/v1/programs/{}/test", encoded(name)), &trial)?;
                if self.json {
                    output::json(&tried)
                } else {
                    super::trial::show(&tried)
                }
                return Ok(());
            }
            Action::Enter { name, identifier: (namespace, value), occasion, properties } => {
                let properties: Value = serde_json::from_str(properties)
                    .map_err(|error| anyhow::anyhow!("--properties is not JSON: {error}"))?;
                let entrant = json!({
                    "namespace": namespace, "value": value, "occasion": occasion, "properties": properties,
                });
                let path = format!("/api/v1/programs/{}/enter", encoded(name));
                let answer: Value = client.post(&path, &entrant)?;
                if self.json {
                    output::json(&answer);
                } else if answer["reason"].is_null() {
                    say!("{}", text(&answer, "outcome"));
                } else {
                    say!("{}: {}", text(&answer, "outcome"), text(&answer, "reason"));
                }
                return Ok(());
            }
            Action::Move { name, from } => {
                let path = format!("/api/v1/programs/{}/move", encoded(name));
                let answer: Value = client.post(&path, &json!({ "from": from }))?;
                if self.json {
                    output::json(&answer);
                } else {
                    let stayed = output::count_of(&answer["stayed"], "finishes", "finish");
                    say!("{} moved to version {}; {stayed} on theirs", count(&answer["moved"]), answer["to"]);
                }
                return Ok(());
            }
            Action::CatchUp { name, since, whenever, dry_run } => {
                let path = format!("/api/v1/programs/{}/catch-up", encoded(name));
                let missed = json!({ "since": since, "whenever": whenever, "dry_run": dry_run });
                let answer: Value = client.post(&path, &missed)?;
                if self.json {
                    output::json(&answer);
                    return Ok(());
                }
                let would = if *dry_run { " would be" } else { "" };
                let events = output::count_of(&answer["events"], "event", "events");
                let entered = count(&answer["entered"]);
                say!("{events}; {entered}{would} entered, {}{would} held out", count(&answer["held_out"]));
                for (reason, number) in answer["not"].as_object().into_iter().flatten() {
                    say!("{} not: {reason}", count(number));
                }
                return Ok(());
            }
            Action::Stop { name, channel, .. } => {
                let (scope, what) = scope(name.as_deref(), channel.as_deref());
                client.put::<Value>(&format!("/api/v1/switches/{}", encoded(&scope)), &Value::Null)?;
                say!("stopped: {what}");
                return Ok(());
            }
            Action::Resume { name, channel, .. } => {
                let (scope, what) = scope(name.as_deref(), channel.as_deref());
                client.delete::<Value>(&format!("/api/v1/switches/{}", encoded(&scope)))?;
                say!("resumed: {what}");
                return Ok(());
            }
        };
        let answer: Vec<Value> = client.get(&path)?;
        if self.json {
            output::json(&Value::from(answer));
            return Ok(());
        }
        show(&answer);
        if matches!(self.action, Action::List) {
            for switch in client.get::<Vec<Value>>("/api/v1/switches")? {
                // Those of programs stand in their rows.
                if let Some(channel) = text(&switch, "scope").strip_prefix("channel:") {
                    say!("\n{}", channel_stopped(channel, &switch));
                }
            }
        }
        Ok(())
    }
}

/// What messages cost: all together, each, and for a goal.
fn cost(costs: &Value) -> String {
    let of = |cost: &Value| {
        let mut said = vec![output::amount(&cost["amount"])];
        for (key, word) in [("each", "a message"), ("per_goal", "a goal")] {
            if cost[key].is_string() {
                said.push(format!("{} {word}", output::amount(&cost[key])));
            }
        }
        said.join("; ")
    };
    costs.as_array().into_iter().flatten().map(of).collect::<Vec<_>>().join("\n")
}

/// The scope of a kill switch, and what it is about in words.
fn scope(name: Option<&str>, channel: Option<&str>) -> (String, String) {
    match (name, channel) {
        (Some(name), _) => (name.to_owned(), name.to_owned()),
        (None, Some(channel)) => (format!("channel:{channel}"), format!("marketing messages by {channel}")),
        (None, None) => ("*".to_owned(), "everything".to_owned()),
    }
}

/// That the marketing messages of a channel are stopped, since when and why.
pub(super) fn channel_stopped(channel: &str, switch: &Value) -> String {
    let why = switch["reason"].as_str().map_or_else(String::new, |reason| format!(" by itself: {reason}"));
    format!("marketing messages by {channel} are stopped since {}{why}", text(switch, "since"))
}
