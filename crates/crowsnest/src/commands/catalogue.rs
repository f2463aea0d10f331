//! `crowsnest catalogue`: things that people care about, and what is true of each.

use crate::{
    client::{Connection, encoded},
    output::{self, count, text},
};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// See catalogues and their items, and say what is true of one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest catalogue items cars\n  \
                        crowsnest catalogue put cars HM-7 '{\"title\": \"Dory\", \"price\": 18900}'")]
pub struct Catalogue {
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
    /// List the catalogues, with what is known of an item.
    List,
    /// List the items of a catalogue, in the order of their keys.
    Items {
        /// The catalogue.
        name: String,
        /// Those after this key.
        #[arg(long)]
        after: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show an item.
    Show {
        /// The catalogue.
        name: String,
        /// The item's key.
        key: String,
    },
    /// Say what is true of an item. An older word than the one that is known changes nothing.
    Put {
        /// The catalogue.
        name: String,
        /// The item's key.
        key: String,
        /// All of its fields: a JSON object.
        fields: String,
        /// When that was true, such as 2026-03-01T09:30:00Z; now, if not said.
        #[arg(long)]
        time: Option<String>,
    },
    /// Say that an item is gone. It stays on record as gone.
    Remove {
        /// The catalogue.
        name: String,
        /// The item's key.
        key: String,
        /// As of when, such as 2026-03-01T09:30:00Z; now, if not said.
        #[arg(long)]
        time: Option<String>,
    },
}

fn address(name: &str, key: &str) -> String {
    format!("/api/v1/catalogues/{}/items/{}", encoded(name), encoded(key))
}

impl Catalogue {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let answer: Value = match &self.action {
            Action::List => client.get("/api/v1/catalogues")?,
            Action::Items { name, after, limit } => {
                let after =
                    after.as_ref().map(|after| format!("&after={}", encoded(after))).unwrap_or_default();
                client.get(&format!("/api/v1/catalogues/{}/items?limit={limit}{after}", encoded(name)))?
            }
            Action::Show { name, key } => client.get(&address(name, key))?,
            Action::Put { name, key, fields, time } => {
                let fields: Value = serde_json::from_str(fields)
                    .map_err(|error| anyhow::anyhow!("the fields are not JSON: {error}"))?;
                client.put(&address(name, key), &json!({ "fields": fields, "time": time }))?
            }
            Action::Remove { name, key, time } => {
                let time = time.as_ref().map(|time| format!("?time={}", encoded(time))).unwrap_or_default();
                client.delete(&format!("{}{time}", address(name, key)))?
            }
        };
        if self.json {
            output::json(&answer);
            return Ok(());
        }
        match &self.action {
            Action::List => {
                let rows = answer.as_array().into_iter().flatten().map(|one| {
                    let fields = one["fields"].as_object().into_iter().flatten();
                    let fields: Vec<&str> = fields.map(|(name, _)| name.as_str()).collect();
                    let (name, title) = (text(one, "catalogue"), text(one, "title"));
                    [name, title, count(&one["items"]), fields.join(", "), text(one, "listed_until")]
                });
                say!(
                    "{}",
                    output::table(["catalogue", "title", "items", "fields", "listed until"], &[2], rows)
                );
            }
            Action::Items { .. } => {
                let rows = answer.as_array().into_iter().flatten().map(|item| {
                    let gone = if item["gone"] == true { "gone" } else { "" };
                    [text(item, "key"), gone.to_owned(), text(item, "time"), text(item, "fields")]
                });
                say!("{}", output::table(["key", "", "as of", "fields"], &[], rows));
            }
            Action::Show { .. } => show(&answer),
            Action::Put { .. } | Action::Remove { .. } => {
                if answer["changed"] != true {
                    say!("nothing has changed: it was known, or a later word is");
                }
                show(&answer["item"]);
            }
        }
        Ok(())
    }
}

fn show(item: &Value) {
    let gone = if item["gone"] == true { ", gone" } else { "" };
    say!("{}{gone}, as of {} from {}", text(item, "key"), text(item, "time"), text(item, "source"));
    for (name, value) in item["fields"].as_object().into_iter().flatten() {
        say!("  {name}: {value}");
    }
}
