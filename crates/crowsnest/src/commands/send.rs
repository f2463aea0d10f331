//! `crowsnest send`: a broadcast, looked at, tested, launched.

use crate::{
    client::{Connection, encoded},
    output::{self, text},
};
use clap::Args;
use serde_json::{Value, json};

/// Preview a broadcast, send a test of it, or launch it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --launch nothing is sent but tests. A broadcast happens once.\n\nExamples:\n  \
    crowsnest send trade-in-offer\n  crowsnest send trade-in-offer --test me@example.org --as email=ann.carter@example.org\n  \
    crowsnest send trade-in-offer --launch"
)]
pub struct Send {
    /// The broadcast, or with --test also a template.
    name: String,
    /// Launch it.
    #[arg(long, conflicts_with = "test")]
    launch: bool,
    /// Send a test to this address of your own.
    #[arg(long, value_name = "ADDRESS", requires = "person")]
    test: Option<String>,
    /// With --test: the customer whose traits are used, as namespace=value or a profile id.
    #[arg(long = "as", value_name = "WHO", id = "person")]
    person: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Send {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let name = encoded(&self.name);
        if let (Some(to), Some(person)) = (&self.test, &self.person) {
            let id = match person.split_once('=') {
                Some((namespace, value)) => {
                    let path = format!(
                        "/api/v1/profiles/lookup?namespace={}&value={}",
                        encoded(namespace),
                        encoded(value)
                    );
                    text(&client.get::<Value>(&path)?, "id")
                }
                None => person.clone(),
            };
            let template = template_of(&client, &self.name)?;
            let body = json!({ "to": to, "profile": id });
            let answer: Value =
                client.post(&format!("/api/v1/templates/{}/test", encoded(&template)), &body)?;
            if self.json {
                output::json(&answer);
            } else {
                println!("{}: {}", text(&answer, "outcome"), text(&answer, "detail"));
            }
            return Ok(());
        }
        let audience = if self.launch {
            let report: Value = client.post(&format!("/api/v1/broadcasts/{name}/launch"), &Value::Null)?;
            if self.json {
                output::json(&report);
                return Ok(());
            }
            println!("{} is launched.", self.name);
            report["audience"].clone()
        } else {
            let audience: Value = client.get(&format!("/api/v1/broadcasts/{name}/preview"))?;
            if self.json {
                output::json(&audience);
                return Ok(());
            }
            audience
        };
        show_audience(&audience);
        if !self.launch {
            println!("\nNothing is sent. Launch it: crowsnest send {} --launch", self.name);
        }
        Ok(())
    }
}

/// The template of a broadcast; a name that is no broadcast is a template's.
fn template_of(client: &crate::client::Client, name: &str) -> anyhow::Result<String> {
    let files: Vec<crowsnest_workspace::SourceFile> = client.get("/api/v1/workspace")?;
    let checked = crowsnest_workspace::check(&files).ok();
    let template = checked.and_then(|checked| {
        checked.workspace.broadcasts.get(name).map(|broadcast| broadcast.send.template.clone())
    });
    Ok(template.unwrap_or_else(|| name.to_owned()))
}

/// Who gets it, and why everybody else does not.
pub fn show_audience(audience: &Value) {
    println!(
        "{} people; {} in the audience; {} of them can and may be written to; {} get it, one per household and address.",
        output::count(&audience["people"]),
        output::count(&audience["in_audience"]),
        output::count(&audience["reachable"]),
        output::count(&audience["recipients"]),
    );
    let rows =
        audience["left_out"].as_array().into_iter().flatten().map(|left_out| {
            [output::count(&left_out[1]), left_out[0].as_str().unwrap_or_default().to_owned()]
        });
    println!("{}", output::table(["left out", "because"], &[0], rows));
    for chosen in audience["chosen"].as_array().into_iter().flatten().take(5) {
        let others = chosen["instead_of"].as_array().map(Vec::len).unwrap_or(0);
        println!("{} stands for {others} more: {}", text(chosen, "profile"), text(chosen, "why"));
    }
}
