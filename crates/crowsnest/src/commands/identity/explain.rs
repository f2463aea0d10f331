//! `crowsnest identity explain`: why two are one person, or why not.

use crate::{
    client::{Connection, encoded},
    output::{self, text},
};
use clap::Args;
use serde_json::Value;

/// Say whether two are one person, and why, or why not.
///
/// Of one person: the shortest chain of links and merges from the one to the other, each with its reason. Of two: what stands
/// between them, and what they share.
#[derive(Debug, Args)]
pub struct Explain {
    /// The one: an identifier as namespace=value, or a profile id, also one that somebody had before.
    one: String,
    /// The other.
    other: String,
    #[command(flatten)]
    connection: Connection,
}

impl Explain {
    /// Runs it.
    pub fn run(self, json: bool) -> anyhow::Result<()> {
        let path =
            format!("/api/v1/identity/explain?one={}&other={}", encoded(&self.one), encoded(&self.other));
        let told: Value = self.connection.client()?.get(&path)?;
        if json {
            output::json(&told);
            return Ok(());
        }
        say!("{}", text(&told, "summary"));
        for list in ["chain", "between"] {
            let steps = told[list].as_array().map_or(&[][..], Vec::as_slice);
            if steps.is_empty() {
                continue;
            }
            let rows = steps.iter().map(|step| {
                let by = match step["decision"].as_str() {
                    Some(decision) => decision.to_owned(),
                    None => format!("{} {}", text(step, "source"), text(step, "event")),
                };
                [text(step, "from"), text(step, "to"), text(step, "kind"), text(step, "time"), by]
            });
            say!("\n{}", output::table(["from", "to", "what", "when", "by"], &[], rows));
            say!();
            steps.iter().for_each(|step| say!("{}", text(step, "sentence")));
        }
        let shared: Vec<String> = told["shared"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|shared| format!("{} ({})", text(shared, "field"), text(shared, "value")))
            .collect();
        if !shared.is_empty() {
            say!("\nKnown of both alike: {}.", shared.join(", "));
        }
        let alike = &told["alike"];
        if !alike.is_null() {
            let certainty = alike["certainty"].as_f64().unwrap_or(0.0) * 100.0;
            say!(
                "\nWhat the two say now, by itself: one person with a certainty of {:.1} % (model {}):",
                (certainty * 10.0).floor() / 10.0,
                text(alike, "model")
            );
            let rows = alike["evidence"].as_array().into_iter().flatten().map(|line| {
                let bits = line["bits"].as_f64().unwrap_or(0.0);
                [text(line, "field"), text(line, "finding"), format!("{bits:+.2}")]
            });
            say!("{}", output::table(["field", "finding", "bits"], &[2], rows));
        }
        let decisions = told["decisions"].as_array().into_iter().flatten();
        for decision in decisions.filter_map(|decision| decision["id"].as_str()) {
            say!("{decision} keeps them apart. `crowsnest identity join` decides otherwise.");
        }
        Ok(())
    }
}
