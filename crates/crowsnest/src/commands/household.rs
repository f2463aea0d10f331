//! `crowsnest household`: with whom a customer lives.

use super::profile::id_of;
use crate::{
    client::Connection,
    output::{self, text},
};
use clap::Args;
use serde_json::Value;

/// Show with whom a customer lives or shares an account, since when, by what that is known, and who did before.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  crowsnest household email=ann.carter@example.org\n  crowsnest household prf_0c5v9g2m4x6q8 --json"
)]
pub struct Household {
    /// An identifier as namespace=value, or a profile id.
    who: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Household {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let id = id_of(&client, &self.who)?;
        let household: Value = client.get(&format!("/api/v1/profiles/{id}/household"))?;
        if self.json {
            output::json(&household);
            return Ok(());
        }
        let all = |name: &str| household[name].as_array().cloned().unwrap_or_default();
        match household["id"].as_str() {
            Some(id) => {
                say!("Household {id} of {}.", all("members").len());
                let rows = all("members").into_iter().map(|member| {
                    let role = match text(&member, "account_role") {
                        of if of.is_empty() => text(&member, "role"),
                        of => format!("{}, {of}", text(&member, "role")),
                    };
                    [
                        text(&member, "profile"),
                        known_by(&member),
                        role,
                        text(&member, "since"),
                        in_a_row(&member["by"]),
                    ]
                });
                say!("\n{}", output::table(["member", "known by", "role", "since", "by"], &[], rows));
            }
            None => say!("{id} shares no account, and was not found to live with anybody."),
        }
        let former = all("former");
        if !former.is_empty() {
            let rows = former.iter().map(|gone| {
                [text(gone, "profile"), text(gone, "since"), text(gone, "until"), text(gone, "ended")]
            });
            say!("\n{}", output::table(["lived there", "since", "until", "why not any more"], &[], rows));
        }
        let earlier = all("earlier");
        if !earlier.is_empty() {
            let rows = earlier.iter().map(|home| {
                [text(home, "id"), text(home, "since"), text(home, "until"), text(home, "ended")]
            });
            say!("\n{}", output::table(["earlier home", "since", "until", "why not any more"], &[], rows));
        }
        Ok(())
    }
}

/// The first of the identifiers of a member.
fn known_by(member: &Value) -> String {
    let first = &member["identifiers"][0];
    if first.is_null() {
        String::new()
    } else {
        format!("{}={}", text(first, "namespace"), text(first, "value"))
    }
}

fn in_a_row(words: &Value) -> String {
    let words: Vec<&str> = words.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    words.join("; ")
}
