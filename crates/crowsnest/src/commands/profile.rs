//! `crowsnest profile`: one customer.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use clap::Args;
use serde_json::Value;

/// So much of what an event says is shown in a line.
const LONGEST_DETAIL: usize = 70;

/// Show a customer: who they are, what they agreed to, what happened.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest profile email=ann.carter@example.org\n  \
    crowsnest profile phone='(312) 555-0142' --timeline\n  crowsnest profile prf_0c5v9g2m4x6q8 --why")]
pub struct Profile {
    /// An identifier as namespace=value, or a profile id.
    who: String,
    /// Show all touches, in and out.
    #[arg(long)]
    timeline: bool,
    /// Show why these identifiers are one person's.
    #[arg(long)]
    why: bool,
    /// At most this many touches or reasons.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Profile {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let profile: Value = client.get(&path_of(&self.who))?;
        let id = text(&profile, "id");
        let part =
            |part: &str| client.get::<Value>(&format!("/api/v1/profiles/{id}/{part}?limit={}", self.limit));
        if self.json {
            let mut all = profile;
            if self.timeline {
                all["timeline"] = part("timeline")?;
            }
            if self.why {
                all["ledger"] = part("ledger")?;
            }
            output::json(&all);
            return Ok(());
        }
        show(&profile);
        if self.timeline {
            let touches = part("timeline")?;
            let rows = touches.as_array().into_iter().flatten().map(|touch| {
                let arrow = if touch["direction"] == "out" { "→ out" } else { "← in" };
                let detail = match touch["direction"].as_str() {
                    Some("out") => format!("{} {}", text(touch, "state"), text(touch, "reason")),
                    _ => touch["properties"].as_object().filter(|p| !p.is_empty()).map_or_else(
                        || {
                            touch["traits"]
                                .as_object()
                                .map(|traits| serde_json::json!(traits).to_string())
                                .unwrap_or_default()
                        },
                        |properties| serde_json::json!(properties).to_string(),
                    ),
                };
                let name = format!("{} {}", text(touch, "kind"), text(touch, "name"));
                let detail = output::beginning(&detail, LONGEST_DETAIL);
                [text(touch, "time"), arrow.into(), text(touch, "source"), name, detail]
            });
            say!("\n{}", output::table(["time", "", "source", "what", "detail"], &[], rows));
        }
        if self.why {
            let entries = part("ledger")?;
            let rows = entries.as_array().into_iter().flatten().map(|entry| {
                let identifier = format!("{} {}", text(entry, "namespace"), text(entry, "value"));
                [
                    text(entry, "time"),
                    text(entry, "kind"),
                    identifier,
                    text(entry, "other"),
                    text(entry, "reason"),
                ]
            });
            say!("\n{}", output::table(["time", "kind", "identifier", "other", "why"], &[], rows));
        }
        Ok(())
    }
}

/// Where a customer is found who is named by an identifier as namespace=value, or by a profile id.
pub fn path_of(who: &str) -> String {
    match who.split_once('=') {
        Some((namespace, value)) => format!(
            "/api/v1/profiles/lookup?namespace={}&value={}",
            encoded(namespace.trim()),
            encoded(value.trim())
        ),
        None => format!("/api/v1/profiles/{}", encoded(who)),
    }
}

/// The id of a customer who is named by an identifier or by the id itself.
pub fn id_of(client: &Client, who: &str) -> anyhow::Result<String> {
    let profile: Value = client.get(&path_of(who))?;
    Ok(text(&profile, "id"))
}

fn show(profile: &Value) {
    say!(
        "{}  {} {}, {} to {}",
        text(profile, "id"),
        profile["events"],
        if profile["events"] == 1 { "event" } else { "events" },
        text(profile, "first_seen"),
        text(profile, "last_seen")
    );
    let all = |name: &str| profile[name].as_array().cloned().unwrap_or_default();
    let identifiers = all("identifiers")
        .into_iter()
        .map(|link| [text(&link, "namespace"), text(&link, "value"), text(&link, "last_seen")]);
    say!("\n{}", output::table(["identifier", "value", "last seen"], &[], identifiers));
    let shared: Vec<_> = all("identifiers")
        .into_iter()
        .chain(all("shared"))
        .filter_map(|link| {
            let with = link["shared_with"].as_array()?.iter().filter_map(Value::as_str);
            let with = with.collect::<Vec<_>>().join(", ");
            Some([text(&link, "namespace"), text(&link, "value"), with])
        })
        .collect();
    if !shared.is_empty() {
        say!("\n{}", output::table(["shared", "value", "with"], &[], shared));
    }
    let traits = profile["traits"].as_object().cloned().unwrap_or_default();
    let rows = traits.iter().map(|(name, known)| {
        let source = if known["third_party"] == true {
            format!("{} (bought)", text(known, "source"))
        } else {
            text(known, "source")
        };
        [name.clone(), text(known, "value"), source, text(known, "time")]
    });
    say!("\n{}", output::table(["trait", "value", "source", "as of"], &[], rows));
    let consents = all("consents");
    if !consents.is_empty() {
        let rows = consents.iter().map(|consent| {
            [
                text(consent, "channel"),
                text(consent, "contact"),
                text(consent, "topic"),
                text(consent, "status"),
                text(consent, "time"),
                text(consent, "evidence"),
            ]
        });
        say!(
            "\n{}",
            output::table(["channel", "contact", "topic", "consent", "since", "evidence"], &[], rows)
        );
    }
    if let Some(household) = profile["household"].as_object() {
        let members: Vec<&str> =
            household["members"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        say!(
            "\nHousehold {} of {}: {}",
            household["id"].as_str().unwrap_or_default(),
            members.len(),
            members.join(", ")
        );
    }
    for (segment, since) in profile["segments"].as_object().into_iter().flatten() {
        say!("In the segment {segment} since {}", since.as_str().unwrap_or_default());
    }
    for run in all("programs") {
        let then = match run["wake"].as_str() {
            _ if run["awaits_goal"] == true => "waits for its goal".to_owned(),
            Some(wake) => format!("goes on at {wake}"),
            // It has no moment of its own while something of it is queued, on a list or on the way.
            None => "goes on when its message, call or post has ended".to_owned(),
        };
        say!("In {} since {}, {then}", text(&run, "program"), text(&run, "triggered"));
    }
}
