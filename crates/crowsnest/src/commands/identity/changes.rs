//! `crowsnest identity changes`: who turned out to be one person, and who was told apart, for systems that follow.

use crate::{
    client::{Client, Connection, Refusal, Unreachable, encoded},
    output::{self, text},
};
use clap::Args;
use serde_json::Value;
use std::time::Duration;

/// How long to wait for more when there was none.
const PAUSE: Duration = Duration::from_secs(1);

/// List merges and splits in the order in which they were written.
///
/// Each has a cursor: with `--after` and the last one that you have read you miss nothing and see nothing twice.
#[derive(Debug, Args)]
pub struct Changes {
    /// The cursor of the last change that you have read; from the first one on, if not given.
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// At most this many.
    #[arg(long, default_value_t = 100, conflicts_with = "follow")]
    limit: usize,
    /// Go on, and print what comes, a line each (with --json a JSON object), until you stop it.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    connection: Connection,
}

fn page(client: &Client, after: &str, limit: usize) -> anyhow::Result<Vec<Value>> {
    client.get(&format!("/api/v1/identity/changes?after={}&limit={limit}", encoded(after)))
}

fn row(change: &Value) -> [String; 6] {
    let kind = match change["anonymous"] == true {
        true => format!("{} (anonymous)", text(change, "kind")),
        false => text(change, "kind"),
    };
    let [cursor, time, survivor, absorbed, reason] =
        ["cursor", "time", "survivor", "absorbed", "reason"].map(|name| text(change, name));
    [cursor, time, kind, survivor, absorbed, reason]
}

/// Whether the server is not there just now.
fn is_away(error: &anyhow::Error) -> bool {
    error.is::<Unreachable>() || error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 503)
}

impl Changes {
    /// Runs it.
    pub fn run(self, json: bool) -> anyhow::Result<()> {
        let mut after = self.after.unwrap_or_else(|| "0".to_owned());
        if !self.follow {
            let changes = page(&self.connection.client()?, &after, self.limit)?;
            if json {
                output::json(&Value::Array(changes));
                return Ok(());
            }
            let head = ["cursor", "time", "what", "survivor", "absorbed", "why"];
            say!("{}", output::table(head, &[], changes.iter().map(row)));
            return Ok(());
        }
        let ask = |after: &str| page(&self.connection.client()?, after, 1_000);
        let mut waits = false;
        // A server that was never reached is a mistake; one that is started anew is waited for, and nothing is missed.
        let mut next = ask(&after).map(Some)?;
        loop {
            let changes = match next.take().map_or_else(|| ask(&after), Ok) {
                Err(error) if is_away(&error) => {
                    if !std::mem::replace(&mut waits, true) {
                        eprintln!("{error:#}; waiting for it");
                    }
                    std::thread::sleep(PAUSE);
                    continue;
                }
                changes => changes?,
            };
            waits = false;
            for change in &changes {
                if json {
                    say!("{change}");
                } else {
                    say!("{}", row(change).join("  "));
                }
                after = text(change, "cursor");
            }
            if changes.is_empty() {
                std::thread::sleep(PAUSE);
            }
        }
    }
}
