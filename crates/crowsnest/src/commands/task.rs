//! `crowsnest task`: what programs ask people of the house to do.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::path::PathBuf;

/// See what programs ask people of the house to do, whom to call, and say what came of it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  crowsnest task list --team sales --day today
  crowsnest task export --team sales --day today --out calls.csv
  crowsnest task done tsk_0sa44z8wg0004 --outcome no-answer
  crowsnest task teams")]
pub struct Task {
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
    /// List the tasks that are open.
    List {
        #[command(flatten)]
        which: Which,
        /// Those that are done, rather than those that are open.
        #[arg(long, conflicts_with = "queued")]
        done: bool,
        /// Those that wait for their moment or for room on a list, rather than those that are open.
        #[arg(long)]
        queued: bool,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Say that a task is done, and what came of a call.
    Done {
        /// Its id.
        id: String,
        /// Of a call: reached, no-answer, wrong-number, do-not-call, or one of the team's own words.
        #[arg(long)]
        outcome: Option<String>,
        /// What else there is to say.
        #[arg(long)]
        note: Option<String>,
    },
    /// Write the tasks that are open into a file for a spreadsheet.
    Export {
        #[command(flatten)]
        which: Which,
        /// The format.
        #[arg(long, value_enum, default_value_t = Format::Csv)]
        format: Format,
        /// The file; printed when not given.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// List the teams: what they can do in a day, and what they have to do.
    Teams,
}

#[derive(Debug, Args)]
struct Which {
    /// Of this team only.
    #[arg(long)]
    team: Option<String>,
    /// Of the list of this day only, such as 2026-11-23 or today, with what is left of the days before.
    #[arg(long)]
    day: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table.
    Csv,
    /// As the API has it.
    Json,
}

impl Which {
    fn query(&self) -> String {
        let part = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("&{name}={}", encoded(value))).unwrap_or_default()
        };
        part("team", &self.team) + &part("day", &self.day)
    }
}

impl Task {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match &self.action {
            Action::List { which, done, queued, limit } => {
                self.list(&client, which, (*done, *queued), *limit)
            }
            Action::Done { id, outcome, note } => {
                let said = json!({ "outcome": outcome, "note": note });
                let task: Value = client.post(&format!("/api/v1/tasks/{}/done", encoded(id)), &said)?;
                if self.json {
                    output::json(&task);
                } else {
                    let recorded =
                        task["outcome"].as_str().map(|word| format!(" ({word})")).unwrap_or_default();
                    say!("done: {}{recorded}", text(&task, "title"));
                    // What was said first stays on record, and a stop counts all the same.
                    if outcome.as_deref() == Some("do-not-call") && task["outcome"] != "do-not-call" {
                        say!("{}", text(&task, "reason"));
                    }
                }
                Ok(())
            }
            Action::Export { which, format, out } => {
                let format = if *format == Format::Csv { "csv" } else { "json&limit=1000" };
                let path = format!("/api/v1/tasks?format={format}{}", which.query());
                let written = client.get_text(&path)?;
                match out {
                    Some(file) => std::fs::write(file, written)
                        .with_context(|| format!("{} cannot be written", file.display()))?,
                    None => say!("{}", written.trim_end()),
                }
                Ok(())
            }
            Action::Teams => self.teams(&client),
        }
    }

    fn list(
        &self,
        client: &Client,
        which: &Which,
        (done, queued): (bool, bool),
        limit: usize,
    ) -> anyhow::Result<()> {
        let state = match (done, queued) {
            (true, _) => "done",
            (_, true) => "queued",
            _ => "open",
        };
        let path = format!("/api/v1/tasks?state={state}&limit={limit}{}", which.query());
        let found: Vec<Value> = client.get(&path)?;
        if self.json {
            output::json(&Value::from(found));
            return Ok(());
        }
        let [first, second, last] = match state {
            "done" => ["day", "outcome", "remark"],
            "queued" => ["due", "their_time", "reason"],
            _ => ["day", "their_time", "not_now"],
        };
        let columns = ["id", first, "team", "name", "number", "title", "note", "why", second, last];
        let rows = found.iter().map(|task| columns.map(|column| text(task, column)));
        say!("{}", output::table(columns, &[], rows));
        Ok(())
    }

    fn teams(&self, client: &Client) -> anyhow::Result<()> {
        let teams: Vec<Value> = client.get("/api/v1/teams")?;
        if self.json {
            output::json(&Value::from(teams));
            return Ok(());
        }
        let columns = ["team", "title", "capacity", "day", "open", "done", "queued"];
        let rows = teams.iter().map(|team| columns.map(|column| text(team, column)));
        say!("{}", output::table(columns, &[], rows));
        Ok(())
    }
}
