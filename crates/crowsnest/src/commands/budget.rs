//! `crowsnest budget`: what may be spent on messages, and what was.

use crate::{
    client::Connection,
    output::{self, text},
};
use clap::{Args, Subcommand};
use serde_json::Value;

/// What may be spent on messages, and what was.
#[derive(Debug, Args)]
#[command(after_help = "Example: crowsnest budget list")]
pub struct Budget {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Where each budget stands: what is spent and left, and what it comes to if it goes on like this.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Budget {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let What::List { json, connection } = self.command;
        let found: Vec<Value> = connection.client()?.get("/api/v1/budgets")?;
        if json {
            output::json(&Value::from(found));
            return Ok(());
        }
        let rows = found.iter().map(|budget| {
            ["name", "per", "max", "spent", "left", "forecast", "until"].map(|key| match key {
                "max" | "spent" | "left" | "forecast" => output::amount(&budget[key]),
                _ => text(budget, key),
            })
        });
        let heads = ["budget", "per", "max", "spent", "left", "by the end", "until"];
        say!("{}", output::table(heads, &[2, 3, 4, 5], rows));
        Ok(())
    }
}
