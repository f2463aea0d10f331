//! `crowsnest suppress`: addresses to which nothing is sent.

use crate::{
    client::{Connection, encoded},
    output::{self, text},
};
use clap::Args;
use serde_json::{Value, json};

/// Send nothing to an address any more, whatever was agreed; list or lift that.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest suppress --list\n  \
    crowsnest suppress ann@example.org --reason 'asked by letter'\n  crowsnest suppress ann@example.org --lift")]
pub struct Suppress {
    /// The address; of letters the name and the address as one line, parted by commas.
    #[arg(required_unless_present = "list")]
    contact: Option<String>,
    /// The channel: email, letter, phone or sms; email, if not said. With --list only its addresses are listed.
    #[arg(long)]
    channel: Option<String>,
    /// Why: it stands beside every message that is left out for it.
    #[arg(long, default_value = "asked for by hand", conflicts_with = "lift")]
    reason: String,
    /// The address may be sent to again.
    #[arg(long)]
    lift: bool,
    /// List the addresses.
    #[arg(long, conflicts_with_all = ["contact", "lift"])]
    list: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Suppress {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let Some(contact) = &self.contact else {
            let channel = self.channel.as_deref().map(|name| format!("&channel={}", encoded(name)));
            let path = format!("/api/v1/suppressions?limit=1000{}", channel.unwrap_or_default());
            let found: Vec<Value> = client.get(&path)?;
            if self.json {
                output::json(&Value::from(found));
                return Ok(());
            }
            let rows = found
                .iter()
                .map(|s| [text(s, "channel"), text(s, "contact"), text(s, "since"), text(s, "reason")]);
            say!("{}", output::table(["channel", "contact", "since", "why"], &[], rows));
            return Ok(());
        };
        // Everywhere else it is a word of its own.
        anyhow::ensure!(contact != "list", "`list` is no address: crowsnest suppress --list lists them");
        let channel = self.channel.as_deref().unwrap_or("email");
        let path = format!("/api/v1/suppressions/{}/{}", encoded(channel), encoded(contact));
        if self.lift {
            client.delete::<Value>(&path)?;
            say!("{contact} may be sent to again");
        } else {
            let done: Value = client.put(&path, &json!({ "reason": self.reason }))?;
            if self.json {
                output::json(&done);
                return Ok(());
            }
            say!("nothing is sent to {} any more", text(&done, "contact"));
            match done["people"].as_u64() {
                None => {}
                Some(0) => {
                    say!("warning: nobody has this address now; it holds for whoever will have it");
                    if let Some(nearest) = done["nearest"].as_str() {
                        say!("The most alike is: {nearest}");
                    }
                }
                Some(people) => {
                    say!("{} now", output::counted(people, "person has this address", "people have it"))
                }
            }
        }
        Ok(())
    }
}
