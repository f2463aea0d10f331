//! `crowsnest deliveries`: messages and where they are in their lives.

use super::profile::id_of;
use crate::{
    client::{Client, Connection, encoded},
    output::{self, count, text},
};
use anyhow::bail;
use clap::{Args, Subcommand, ValueEnum};
use crowsnest_model::Time;
use serde_json::{Value, json};

/// See messages, why they are where they are, and say what became of those of unknown outcome.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crowsnest deliveries list --program abandoned-cart --state suppressed\n  \
    crowsnest deliveries show dlv_0c5v9g2m4x6q8\n  \
    crowsnest deliveries lines\n  \
    crowsnest deliveries resolve dlv_0c5v9g2m4x6q8 --as sent --reason 'in the relay’s log at 9:31'\n  \
    crowsnest deliveries resolve --all --program spring --as again --reason 'the relay lost its queue' --preview"
)]
pub struct Deliveries {
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
    /// List messages, the newest first.
    List {
        /// Of this program or broadcast.
        #[arg(long)]
        program: Option<String>,
        /// In this state: queued, held, sending, sent, bounced, failed, unknown, suppressed, cancelled, expired.
        #[arg(long)]
        state: Option<String>,
        /// To this customer: an identifier as namespace=value, or a profile id.
        #[arg(long)]
        profile: Option<String>,
        /// Older than this one: the last of the page before.
        #[arg(long, value_name = "DELIVERY")]
        before: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show the life of one message: when it was held, released, tried, and why.
    Show {
        /// Its id.
        id: String,
    },
    /// Show the lines: what waits for each channel and webhook, and whether it is left alone after faults.
    Lines,
    /// Say what became of a message of unknown outcome, or of many.
    ///
    /// The line broke when the receiving server may already have taken it, so that nothing repeats it by itself. The server’s
    /// log knows: the Message-ID is the id of the delivery.
    Resolve {
        /// Its id.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<String>,
        /// All of unknown outcome, unless narrowed.
        #[arg(long)]
        all: bool,
        /// What became of it.
        #[arg(long = "as", value_name = "WHAT")]
        became: WhatBecame,
        /// How that is known, for those who ask later.
        #[arg(long)]
        reason: String,
        /// Of all: those of this program or broadcast.
        #[arg(long, conflicts_with = "id")]
        program: Option<String>,
        /// Of all: of unknown outcome since this moment or later, such as 2026-03-01T09:30:00Z.
        #[arg(long, conflicts_with = "id", value_name = "MOMENT")]
        since: Option<Time>,
        /// Of all: of unknown outcome since before this moment.
        #[arg(long, conflicts_with = "id", value_name = "MOMENT")]
        before: Option<Time>,
        /// Of all: count them, and change nothing.
        #[arg(long, conflicts_with = "id")]
        preview: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WhatBecame {
    /// It went out.
    Sent,
    /// It did not go out, and shall not.
    Failed,
    /// It did not go out, and shall: it is checked and handed over again.
    Again,
}

impl WhatBecame {
    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Again => "again",
        }
    }
}

impl Deliveries {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.action {
            Action::List { program, state, profile, before, limit } => {
                let profile = profile.map(|who| id_of(&client, &who)).transpose()?;
                let mut path = format!("/api/v1/deliveries?limit={limit}");
                let asked =
                    [("program", program), ("state", state), ("profile", profile), ("before", before)];
                for (name, value) in asked.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
                    path.push_str(&format!("&{name}={}", encoded(value)));
                }
                let found: Vec<Value> = client.get(&path)?;
                if self.json {
                    output::json(&Value::Array(found));
                    return Ok(());
                }
                let rows = found.iter().map(|delivery| {
                    let what = format!("{}\n{}", text(delivery, "id"), text(delivery, "program"));
                    let state = format!("{}\n{}", text(delivery, "state"), text(delivery, "updated"));
                    [what, to(delivery), state, text(delivery, "reason")]
                });
                say!("{}", output::table(["message", "to", "state, since", "why"], &[], rows));
                if found.len() == limit
                    && let Some(last) = found.last()
                {
                    say!("There may be more: --before {}", text(last, "id"));
                }
            }
            Action::Show { id } => {
                let delivery: Value = client.get(&format!("/api/v1/deliveries/{}", encoded(&id)))?;
                if self.json {
                    output::json(&delivery);
                } else {
                    show(&delivery);
                }
            }
            Action::Lines => {
                let lines: Vec<Value> = client.get("/api/v1/deliveries/lines")?;
                if self.json {
                    output::json(&Value::Array(lines));
                } else {
                    show_lines(&lines);
                }
            }
            Action::Resolve { id: Some(id), became, reason, .. } => {
                let body = json!({ "as": became.word(), "reason": reason });
                let delivery: Value =
                    client.post(&format!("/api/v1/deliveries/{}/resolve", encoded(&id)), &body)?;
                if self.json {
                    output::json(&delivery);
                } else {
                    say!(
                        "{} is {}: {}",
                        text(&delivery, "id"),
                        text(&delivery, "state"),
                        text(&delivery, "reason")
                    );
                }
            }
            Action::Resolve { all: true, became, reason, program, since, before, preview, .. } => {
                let body = json!({
                    "as": became.word(), "reason": reason, "program": program, "since": since, "before": before, "preview": preview,
                });
                return resolve_all(&client, &body, self.json);
            }
            Action::Resolve { .. } => bail!("name a message, or say --all"),
        }
        Ok(())
    }
}

/// Where it goes, and for which seed it is a copy.
fn to(delivery: &Value) -> String {
    match delivery["seed"].as_str() {
        Some(seed) => format!("{}\nseed {seed}", text(delivery, "to")),
        None => text(delivery, "to"),
    }
}

fn show(delivery: &Value) {
    let [id, program, template, topic, channel, to] =
        ["id", "program", "template", "topic", "channel", "to"].map(|name| text(delivery, name));
    let profile = match delivery["seed"].as_str() {
        Some(seed) => format!("seed {seed}"),
        None => text(delivery, "profile"),
    };
    say!("{id} of {program} by {channel} to {to} ({profile}), template {template}, topic {topic}");
    let log = delivery["log"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = log.iter().map(|entry| ["time", "state", "reason"].map(|name| text(entry, name)));
    say!("{}", output::table(["since", "state", "why"], &[], rows));
    let feedback = delivery["feedback"].as_array().map_or(&[][..], Vec::as_slice);
    if !feedback.is_empty() {
        let rows = feedback.iter().map(|one| {
            [text(one, "kind").replace('_', " "), text(one, "first"), text(one, "last"), count(&one["times"])]
        });
        say!("{}", output::table(["what came back", "first", "last", "times"], &[3], rows));
    }
    if delivery["state"] == "unknown" {
        say!(
            "Look for <{id}@…> in the receiving server’s log. Then: crowsnest deliveries resolve {id} --as sent|failed|again --reason …"
        );
    }
}

fn show_lines(lines: &[Value]) {
    let rows = lines.iter().map(|line| {
        let numbers = ["queued", "due", "sending"].map(|name| count(&line[name]));
        let [queued, due, sending] = numbers;
        [text(line, "line"), text(line, "state"), queued, due, sending, next_on(line)]
    });
    say!("{}", output::table(["line", "state", "waiting", "due", "on the line", "next"], &[2, 3, 4], rows));
    for way in lines.iter().flat_map(|line| line["ways"].as_array().into_iter().flatten()) {
        if way["state"] != "open" {
            say!("{}", closed(way));
        }
    }
}

/// When something goes on a line next: what is due on a closed one waits until one delivery tries it.
fn next_on(line: &Value) -> String {
    let tried = line["ways"].as_array().into_iter().flatten().filter_map(|way| way["until"].as_str()).min();
    match tried {
        Some(tried) if line["state"] == "closed" => tried.to_owned(),
        _ => text(line, "next"),
    }
}

/// What is to say of a way that is closed.
pub(super) fn closed(way: &Value) -> String {
    let next = match way["until"].as_str() {
        Some(until) => format!("one delivery tries it at {until}"),
        None => "one delivery tries it now".to_owned(),
    };
    format!("{} is left alone since {}, {next}: {}", text(way, "way"), text(way, "since"), text(way, "fault"))
}

fn resolve_all(client: &Client, body: &Value, as_json: bool) -> anyhow::Result<()> {
    let done: Value = client.post("/api/v1/deliveries/resolve", body)?;
    if as_json {
        output::json(&done);
        return Ok(());
    }
    let number = |name: &str| count(&done[name]);
    match body["preview"] == true {
        true => say!("{} would be resolved. This is a preview; nothing was changed.", number("resolved")),
        false => say!("{} resolved.", number("resolved")),
    }
    if done["ended"] != 0 {
        let not = output::count_of(&done["ended"], "is not", "are not");
        say!("{not} sent again, since the way through the program has ended.");
    }
    Ok(())
}
