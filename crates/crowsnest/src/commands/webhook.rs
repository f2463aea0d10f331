//! `crowsnest webhook`: the systems that programs tell things.

use crate::{
    client::{Connection, Refusal, encoded},
    output::{self, count, text},
};
use anyhow::bail;
use clap::{Args, Subcommand};
use crowsnest_model::Time;
use serde_json::{Value, json};

/// See the systems that programs tell things, try whether they listen, and tell them again.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest webhook list\n  crowsnest webhook test crm\n  \
    crowsnest webhook show crm --state failed\n  \
    crowsnest webhook replay crm dlv_0c5v9g2m4x6q8 --reason 'their database was restored'\n  \
    crowsnest webhook replay crm --failed --since 2026-03-01T09:30:00Z --reason 'they were down' --preview")]
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
    /// Show what a webhook was told, the newest first, and what came of it.
    Show {
        /// The webhook.
        name: String,
        /// In this state: queued, held, sending, sent, failed, cancelled, expired.
        #[arg(long)]
        state: Option<String>,
        /// Changed at this moment or later, such as 2026-03-01T09:30:00Z.
        #[arg(long, value_name = "MOMENT")]
        since: Option<Time>,
        /// Older than this one: the last of the page before.
        #[arg(long, value_name = "DELIVERY")]
        before: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Post again what a webhook was told, under the same `webhook-id`: one delivery, or all that failed.
    #[command(override_usage = "crowsnest webhook replay NAME DELIVERY --reason WHY\n       \
        crowsnest webhook replay NAME --failed [--since MOMENT] [--before MOMENT] [--preview] --reason WHY")]
    Replay {
        /// The webhook.
        name: String,
        /// The id of the delivery.
        #[arg(required_unless_present = "failed", conflicts_with = "failed")]
        delivery: Option<String>,
        /// All that it could not be told.
        #[arg(long)]
        failed: bool,
        /// Of all: failed at this moment or later, such as 2026-03-01T09:30:00Z.
        #[arg(long, value_name = "MOMENT", conflicts_with = "delivery")]
        since: Option<Time>,
        /// Of all: failed before this moment.
        #[arg(long, value_name = "MOMENT", conflicts_with = "delivery")]
        before: Option<Time>,
        /// Why, for those who ask later.
        #[arg(long, value_name = "WHY")]
        reason: String,
        /// Of all: count them, and change nothing.
        #[arg(long, conflicts_with = "delivery")]
        preview: bool,
    },
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
            Action::Show { name, state, since, before, limit } => {
                let since = since.map(|since| since.to_string());
                let mut query = vec![("webhook", name.as_str())];
                query.extend(state.as_deref().map(|state| ("state", state)));
                query.extend(since.as_deref().map(|since| ("since", since)));
                query.extend(before.as_deref().map(|before| ("before", before)));
                let query: Vec<String> =
                    query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
                let path = format!("/api/v1/deliveries?limit={limit}&{}", query.join("&"));
                let found: Vec<Value> = client.get(&path)?;
                if self.json {
                    output::json(&Value::from(found));
                    return Ok(());
                }
                let columns = ["id", "updated", "program", "state", "attempts", "reason"];
                let rows = found.iter().map(|delivery| columns.map(|column| text(delivery, column)));
                say!("{}", output::table(columns, &[4], rows));
            }
            Action::Replay { name, delivery: Some(delivery), reason, .. } => {
                let path = format!("/api/v1/webhooks/{}/replay/{}", encoded(name), encoded(delivery));
                let queued: Value = client.post(&path, &json!({ "reason": reason }))?;
                if self.json {
                    output::json(&queued);
                } else {
                    say!(
                        "{} is {}: {}",
                        text(&queued, "id"),
                        text(&queued, "state"),
                        text(&queued, "reason")
                    );
                }
            }
            Action::Replay { name, failed: true, since, before, reason, preview, .. } => {
                let body = json!({ "reason": reason, "since": since, "before": before, "preview": preview });
                let done: Value =
                    client.post(&format!("/api/v1/webhooks/{}/replay", encoded(name)), &body)?;
                if self.json {
                    output::json(&done);
                    return Ok(());
                }
                match preview {
                    true => {
                        say!(
                            "{} would be posted again. This is a preview; nothing was changed.",
                            count(&done["replayed"])
                        );
                    }
                    false => say!("{} posted again.", output::count_of(&done["replayed"], "is", "are")),
                }
                if done["ended"] != 0 {
                    let not = output::count_of(&done["ended"], "is not", "are not");
                    say!("{not}, since the way through the program has ended.");
                }
            }
            Action::Replay { .. } => bail!("name a delivery, or say --failed"),
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
