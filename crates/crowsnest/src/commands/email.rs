//! `crowsnest email`: what has to be set up around e-mail.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use clap::{Args, Subcommand};
use serde_json::Value;

/// See what has to be set up around e-mail.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest email dns\n  crowsnest email check")]
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
    /// Ask the DNS whether receivers will believe that mail is from its sender: SPF, DKIM, DMARC, and where mail comes back.
    #[command(after_help = "Exit code 1 when there is a problem.")]
    Check {
        /// As if mail were from this domain, instead of the sender's.
        #[arg(long)]
        domain: Option<String>,
    },
}

impl Email {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        if let Action::Check { domain } = &self.action {
            return check(&client, domain.as_deref(), self.json);
        }
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

fn check(client: &Client, domain: Option<&str>, json: bool) -> anyhow::Result<()> {
    let asked = domain.map_or_else(String::new, |domain| format!("?domain={}", encoded(domain)));
    let answer: Value = client.get(&format!("/api/v1/email/check{asked}"))?;
    if json {
        output::json(&answer);
    }
    let findings = answer["findings"].as_array().map_or(&[][..], Vec::as_slice);
    let problems = findings.iter().filter(|finding| finding["level"] == "problem").count();
    for finding in findings.iter().filter(|_| !json) {
        say!("{:8} {}", text(finding, "level"), in_words(finding));
        if let Some(cure) = finding["cure"].as_str() {
            say!("         {cure}");
        }
    }
    anyhow::ensure!(problems == 0, "{problems} of {} findings are problems", findings.len());
    Ok(())
}

/// A finding of the check: what, where, and what about it.
pub(super) fn in_words(finding: &Value) -> String {
    format!("{} {}: {}", text(finding, "what"), text(finding, "name"), text(finding, "said"))
}
