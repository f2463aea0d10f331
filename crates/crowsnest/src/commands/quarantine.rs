//! `crowsnest quarantine`: what could not be taken in.

use crate::{
    client::{Connection, encoded},
    output::{self, text},
};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;

/// See what could not be taken in and why; correct it and drive it again.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crowsnest quarantine list --source till\n  crowsnest quarantine show qua_0c5v9g2m4x6q8 > row.txt\n  \
    crowsnest quarantine redrive qua_0c5v9g2m4x6q8 --with row.txt"
)]
pub struct Quarantine {
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
    /// List what waits.
    List {
        /// Of this source only.
        #[arg(long)]
        source: Option<String>,
        /// open, resolved, discarded or all.
        #[arg(long, default_value = "open")]
        state: String,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Print the bytes of one as they came; why it is here goes to standard error.
    Show {
        /// Its id.
        id: String,
    },
    /// Drive one again, or all that wait.
    Redrive {
        /// Its id.
        #[arg(required_unless_present = "all")]
        id: Option<String>,
        /// The corrected bytes, in a file.
        #[arg(long, value_name = "FILE", conflicts_with = "all")]
        with: Option<PathBuf>,
        /// All that wait, after a mapping or contract was changed.
        #[arg(long, conflicts_with = "id")]
        all: bool,
        /// With --all: of this source only.
        #[arg(long, requires = "all")]
        source: Option<String>,
    },
    /// Say that one is not needed. It is kept, marked.
    Discard {
        /// Its id.
        id: String,
    },
}

impl Quarantine {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match self.action {
            Action::List { source, state, limit } => {
                let items = list(&client, source.as_deref(), &state, limit, 0)?;
                if self.json {
                    output::json(&Value::from(items));
                    return Ok(());
                }
                let rows = items.iter().map(|item| {
                    let from = match item["feed"].as_str() {
                        Some(feed) => format!("{}/{feed}", text(item, "source")),
                        None => text(item, "source"),
                    };
                    [text(item, "id"), from, text(item, "place"), text(item, "reason")]
                });
                say!("{}", output::table(["id", "from", "place", "why"], &[], rows));
                if items.len() == limit {
                    say!("There may be more: raise --limit.");
                }
            }
            Action::Show { id } => {
                let item: Value = client.get(&format!("/api/v1/quarantine/{}", encoded(&id)))?;
                if self.json {
                    output::json(&item);
                } else {
                    eprintln!(
                        "{} {}: {}",
                        text(&item, "source"),
                        text(&item, "place"),
                        text(&item, "reason")
                    );
                    say!("{}", text(&item, "raw"));
                }
            }
            Action::Redrive { id: Some(id), with, .. } => {
                let corrected = match with {
                    Some(file) => std::fs::read(&file).with_context(|| file.display().to_string())?,
                    None => Vec::new(),
                };
                let answer: Value = client
                    .upload(&format!("/api/v1/quarantine/{}/redrive", encoded(&id)), corrected.as_slice())?;
                if self.json {
                    output::json(&answer);
                } else {
                    say!("taken in: {} new, {} here already", answer["accepted"], answer["duplicates"]);
                }
            }
            Action::Redrive { id: None, source, .. } => {
                let (mut taken, mut still) = (0_u64, Vec::new());
                loop {
                    // Those that stay are at the front of the list and are passed over.
                    let items = list(&client, source.as_deref(), "open", 500, still.len())?;
                    if items.is_empty() {
                        break;
                    }
                    for item in items {
                        let path = format!("/api/v1/quarantine/{}/redrive", text(&item, "id"));
                        match client.upload::<Value>(&path, std::io::empty()) {
                            Ok(_) => taken += 1,
                            Err(error) if error.is::<crate::client::Refusal>() => {
                                still.push(error.to_string())
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
                if self.json {
                    output::json(&serde_json::json!({ "taken_in": taken, "still": still }));
                } else {
                    say!("{taken} taken in; {} still cannot be", still.len());
                    for reason in still.iter().take(20) {
                        say!("  {reason}");
                    }
                }
            }
            Action::Discard { id } => {
                client
                    .post::<Value>(&format!("/api/v1/quarantine/{}/discard", encoded(&id)), &Value::Null)?;
                say!("{id} is discarded");
            }
        }
        Ok(())
    }
}

fn list(
    client: &crate::client::Client,
    source: Option<&str>,
    state: &str,
    limit: usize,
    offset: usize,
) -> anyhow::Result<Vec<Value>> {
    let mut path = format!("/api/v1/quarantine?limit={limit}&offset={offset}");
    if state != "all" {
        path.push_str(&format!("&state={}", encoded(state)));
    }
    if let Some(source) = source {
        path.push_str(&format!("&source={}", encoded(source)));
    }
    client.get(&path)
}
