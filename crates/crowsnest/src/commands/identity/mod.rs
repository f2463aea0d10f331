//! `crowsnest identity`: who is one person, and who is not.

mod changes;
mod explain;
mod link;
mod review;

use super::profile::id_of;
use crate::{
    client::Connection,
    output::{self, text},
};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// Say who is one person, and who is not.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    crowsnest identity link people.csv --out clusters.csv\n  \
    crowsnest identity split email=ann@example.org --merged prf_0c5v9g2m4x6q8 --reason 'two sisters' --preview\n  \
    crowsnest identity split user_id=u-17 --identifier loyalty_id=L-9 --reason \"her husband's card\"\n  \
    crowsnest identity join user_id=u-17 email=ann.old@example.org --reason 'she told us'\n  \
    crowsnest identity review\n  \
    crowsnest identity decide qst_0c5v9g2m4x6q8 same --reason 'moved in March'\n  \
    crowsnest identity decisions\n  \
    crowsnest identity explain email=ann@example.org loyalty_id=L-9\n  \
    crowsnest identity changes --after 1041")]
pub struct Identity {
    #[command(subcommand)]
    action: Action,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    Link(link::Link),
    /// Tell somebody apart who was taken for one person.
    ///
    /// Traits, segments, metrics, consents and programs of both become what they would have been; what was sent stays on
    /// record with whoever has its contact point. Later events do not make them one again. `crowsnest profile WHO --why`
    /// shows what made them one.
    Split {
        /// The person: an identifier as namespace=value, or a profile id.
        who: String,
        /// The id of whoever was merged into them and goes their own way again.
        #[arg(
            long,
            value_name = "PROFILE",
            conflicts_with = "identifier",
            required_unless_present = "identifier"
        )]
        merged: Option<String>,
        /// By what somebody else goes, as namespace=value; may be given several times.
        #[arg(long, value_name = "NAMESPACE=VALUE")]
        identifier: Vec<String>,
        /// Why, for those who ask later.
        #[arg(long)]
        reason: String,
        /// Show what it would come to, and write nothing.
        #[arg(long)]
        preview: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Make two people one. A split takes it back.
    Join {
        /// One of them: an identifier as namespace=value, or a profile id.
        who: String,
        /// The other one.
        other: String,
        /// Why, for those who ask later.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    Review(review::Review),
    Decide(review::Decide),
    /// Where finding people who are alike stands on the server.
    Standing {
        #[command(flatten)]
        connection: Connection,
    },
    Explain(explain::Explain),
    Changes(changes::Changes),
    /// List who was decided to be one person, and who not to be.
    Decisions {
        /// At most this many, the latest first.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        /// After this many.
        #[arg(long, value_name = "N", default_value_t = 0)]
        offset: usize,
        #[command(flatten)]
        connection: Connection,
    },
}

impl Identity {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        match self.action {
            Action::Link(link) => link.run(self.json)?,
            Action::Review(review) => review.run(self.json)?,
            Action::Decide(decide) => decide.run(self.json)?,
            Action::Standing { connection } => review::standing(&connection.client()?, self.json)?,
            Action::Explain(explain) => explain.run(self.json)?,
            Action::Changes(changes) => changes.run(self.json)?,
            Action::Split { who, merged, identifier, reason, preview, connection } => {
                let client = connection.client()?;
                let identifiers =
                    identifier.iter().map(|one| named(one)).collect::<anyhow::Result<Vec<_>>>()?;
                let body = json!({
                    "merged": merged, "identifiers": identifiers, "reason": reason, "preview": preview,
                });
                let path = format!("/api/v1/profiles/{}/split", id_of(&client, &who)?);
                let split: Value = client.post(&path, &body)?;
                if self.json {
                    output::json(&split);
                    return Ok(());
                }
                show(&split);
                if preview {
                    say!("This is a preview; nothing was written. Without --preview it is done.");
                }
            }
            Action::Join { who, other, reason, connection } => {
                let client = connection.client()?;
                let body = json!({ "other": id_of(&client, &other)?, "reason": reason });
                let path = format!("/api/v1/profiles/{}/join", id_of(&client, &who)?);
                let joined: Value = client.post(&path, &body)?;
                if self.json {
                    output::json(&joined);
                    return Ok(());
                }
                let (profile, absorbed) = (text(&joined, "profile"), text(&joined, "absorbed"));
                say!("{profile} is the one person from now on, and {absorbed} leads there.");
                for decision in joined["withdrawn"].as_array().into_iter().flatten().filter_map(Value::as_str)
                {
                    say!("{decision}, which had kept them apart, counts no more.");
                }
                say!("To take it back: crowsnest identity split {profile} --merged {absorbed} --reason …");
            }
            Action::Decisions { limit, offset, connection } => {
                let path = format!("/api/v1/identity/decisions?limit={limit}&offset={offset}");
                let decisions: Value = connection.client()?.get(&path)?;
                if self.json {
                    output::json(&decisions);
                    return Ok(());
                }
                show_decisions(&decisions, limit, offset);
            }
        }
        Ok(())
    }
}

fn named(text: &str) -> anyhow::Result<Value> {
    let (namespace, value) = text.split_once('=').with_context(|| {
        format!("`{text}` is not an identifier; write namespace=value, such as email=ann@example.org")
    })?;
    Ok(json!({ "namespace": namespace.trim(), "value": value.trim() }))
}

fn identifiers(all: &Value) -> String {
    let all = all.as_array().into_iter().flatten();
    all.map(|one| format!("{}={}", text(one, "namespace"), text(one, "value"))).collect::<Vec<_>>().join("\n")
}

fn show_decisions(decisions: &Value, limit: usize, offset: usize) {
    let decisions = decisions.as_array().map_or(&[][..], Vec::as_slice);
    let rows = decisions.iter().map(|decision| {
        let side = |side: usize| identifiers(&decision["sides"][side]);
        let says = match (decision["same"] == true, decision["withdrawn"].is_null()) {
            (_, false) => "(counts no more)",
            (true, true) => "are one with",
            (false, true) => "are not",
        };
        let by = if decision["by"] == "people" { "by people" } else { "by likeness" };
        [
            format!("{}\n{}\n{by}", text(decision, "id"), text(decision, "time")),
            format!("{}\n{says}\n{}", side(0), side(1)),
            text(decision, "reason"),
        ]
    });
    say!("{}", output::table(["decision", "these", "why"], &[], rows));
    if decisions.len() == limit {
        say!("There may be more: --offset {}", offset + limit);
    }
}

fn show(split: &Value) {
    let names = |all: &Value| {
        let names: Vec<&str> = all.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        names.join("\n")
    };
    let rows = split["people"].as_array().into_iter().flatten().map(|person| {
        let traits: Vec<String> = person["traits"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect();
        [
            text(person, "profile"),
            output::count(&person["events"]),
            identifiers(&person["identifiers"]),
            traits.join("\n"),
            names(&person["segments"]),
            names(&person["programs"]),
        ]
    });
    say!(
        "{}",
        output::table(["person", "events", "identifiers", "traits", "segments", "programs"], &[1], rows)
    );
    if let Some(decision) = split["decision"].as_str() {
        say!("{decision} keeps them apart from now on.");
    }
}
