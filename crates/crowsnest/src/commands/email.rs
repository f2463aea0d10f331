//! `crowsnest email`: what has to be set up around e-mail.

use crate::{
    client::Connection,
    output::{self, text},
};
use clap::{Args, Subcommand};
use serde_json::Value;

/// See what has to be set up around e-mail.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest email dns")]
pub struct Email {
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
    /// Show what has to stand in the DNS, so that receivers can check what is sent.
    Dns,
}

impl Email {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let Action::Dns = self.action;
        let records: Vec<Value> = client.get("/api/v1/email/dns")?;
        if self.json {
            output::json(&Value::Array(records));
            return Ok(());
        }
        if records.is_empty() {
            say!("Nothing is signed here: `email:` in the `workspace:` document names no `dkim` key.");
        }
        for record in &records {
            say!("{} {} — {}:", text(record, "kind"), text(record, "name"), text(record, "purpose"));
            say!("{}\n", text(record, "value"));
        }
        Ok(())
    }
}
