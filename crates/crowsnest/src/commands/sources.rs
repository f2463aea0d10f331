//! `crowsnest sources` and `stats`: what comes in, and how much there is.

use crate::{
    client::Connection,
    output::{self, count, text},
};
use clap::Args;
use serde_json::Value;

/// List the sources: write keys, feeds, how much they sent, how fresh they are.
#[derive(Debug, Args)]
pub struct Sources {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Show how much there is of everything.
#[derive(Debug, Args)]
pub struct Stats {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Sources {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let sources: Vec<Value> = self.connection.client()?.get("/api/v1/sources")?;
        if self.json {
            output::json(&Value::from(sources));
            return Ok(());
        }
        let rows = sources.iter().map(|source| {
            let feeds: Vec<&str> =
                source["feeds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            [
                text(source, "source"),
                text(source, "write_key"),
                feeds.join(", "),
                count(&source["events"]),
                count(&source["duplicates"]),
                count(&source["quarantined"]),
                text(source, "complete_until"),
            ]
        });
        let head = ["source", "write key", "feeds", "events", "copies", "quarantined", "complete until"];
        say!("{}", output::table(head, &[3, 4, 5], rows));
        Ok(())
    }
}

impl Stats {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let stats: Value = self.connection.client()?.get("/api/v1/stats")?;
        if self.json {
            output::json(&stats);
            return Ok(());
        }
        let told = [
            ("events", "events"),
            ("duplicates", "duplicates"),
            ("quarantined", "quarantined, ever"),
            ("quarantine_open", "in quarantine, open"),
            ("people", "people"),
            ("households", "households"),
        ];
        let mut rows: Vec<[String; 2]> =
            told.into_iter().map(|(name, words)| [words.to_owned(), count(&stats[name])]).collect();
        for (state, number) in stats["deliveries"].as_object().into_iter().flatten() {
            rows.push([format!("messages {state}"), count(number)]);
        }
        say!("{}", output::table(["what", "how many"], &[1], rows));
        Ok(())
    }
}
