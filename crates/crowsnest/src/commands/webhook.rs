//! `crowsnest webhook`: the systems that programs tell things.

use crate::{
    client::{Connection, Refusal, encoded},
    output::{self, text},
};
use clap::{Args, Subcommand};
use serde_json::Value;

/// See the systems that programs tell things, and try whether they listen.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest webhook list\n  crowsnest webhook test crm")]
pub struct Webhook {
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
    /// List the webhooks.
    List,
    /// Post a signed example, about nobody, and say what came of it.
    Test {
        /// The webhook.
        name: String,
    },
}

impl Webhook {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match &self.action {
            Action::List => {
                let found: Vec<Value> = client.get("/api/v1/webhooks")?;
                if self.json {
                    output::json(&Value::from(found));
                    return Ok(());
                }
                let columns = ["name", "title", "url", "signed", "allow_private", "timeout"];
                let rows = found.iter().map(|hook| columns.map(|column| text(hook, column)));
                say!("{}", output::table(columns, &[], rows));
            }
            Action::Test { name } => {
                let path = format!("/api/v1/webhooks/{}/test", encoded(name));
                let tested: Value = client.post(&path, &Value::Null)?;
                if self.json {
                    output::json(&tested);
                } else {
                    say!("{}: {}", text(&tested, "outcome"), text(&tested, "detail"));
                }
                if tested["outcome"] != "accepted" {
                    return Err(Refusal {
                        status: 409,
                        code: "refused".into(),
                        message: format!("{name} did not take it"),
                        problems: Vec::new(),
                    }
                    .into());
                }
            }
        }
        Ok(())
    }
}
