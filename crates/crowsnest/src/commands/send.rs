//! `crowsnest send`: a broadcast, looked at, tested, launched.

use super::{audience, email::in_words};
use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

/// So often a launch that is waited for is looked at.
const LOOKS: Duration = Duration::from_millis(500);

/// Preview a broadcast, look at its message, send a test of it, or launch it.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --launch nothing is sent but tests. A broadcast happens once.\n\nExamples:\n  \
    crowsnest send trade-in-offer\n  \
    crowsnest send trade-in-offer --show --as email=ann.carter@lakemail.example\n  \
    crowsnest send trade-in-offer --test me@example.org --as email=ann.carter@lakemail.example\n  \
    crowsnest send trade-in-offer --test --seeds inbox-check\n  \
    crowsnest send cart-reminder --show --as email=ann.carter@lakemail.example \\\n    \
    --event '{\"name\":\"Cart Updated\",\"properties\":{\"value\":60,\"products\":[]}}'\n  \
    crowsnest send welcome-letter --out letter.pdf --as email=ann.carter@lakemail.example\n  \
    crowsnest send trade-in-offer --launch\n  \
    crowsnest send trade-in-offer --progress"
)]
pub struct Send {
    /// The broadcast; with --show and --test also a template.
    name: String,
    /// Launch it.
    #[arg(long, conflicts_with_all = ["test", "show"])]
    launch: bool,
    /// Do not wait until the whole audience was looked at; the first messages go out at once either way.
    #[arg(long, requires = "launch")]
    no_wait: bool,
    /// Show what its launch did, or has done so far.
    #[arg(long, conflicts_with_all = ["launch", "test", "show", "out"])]
    progress: bool,
    /// Print the message as a customer would get it.
    #[arg(long, requires = "person", conflicts_with = "test")]
    show: bool,
    /// Send a test: to this address or number of your own, or without one to a seed list.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "", requires = "made_for")]
    test: Option<String>,
    /// Send a test to each address of this seed list, made with the seed's own traits.
    #[arg(long, value_name = "LIST", requires = "test", group = "made_for")]
    seeds: Option<String>,
    /// Of a letter: write it to this file, as a page (PDF).
    #[arg(long, value_name = "FILE", requires = "person", conflicts_with_all = ["launch", "test", "show"])]
    out: Option<std::path::PathBuf>,
    /// The customer whose traits are used, as namespace=value or a profile id.
    #[arg(long = "as", value_name = "WHO", id = "person", group = "made_for")]
    person: Option<String>,
    /// What the template may use of an event, as JSON with `name` and `properties`.
    #[arg(long, value_name = "JSON", requires = "made_for")]
    event: Option<String>,
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
        if let Some(list) = &self.seeds {
            return self.test_seeds(&client, list);
        }
        if self.test.as_deref() == Some("") {
            bail!("to whom: --test ADDRESS --as WHO, or --test --seeds LIST");
        }
        if let Some(person) =
            self.person.as_ref().filter(|_| self.show || self.test.is_some() || self.out.is_some())
        {
            return self.look(&client, person);
        }
        if self.launch || self.progress {
            return self.launched(&client, &format!("/api/v1/broadcasts/{name}/launch"));
        }
        let preview: Value = client.get(&format!("/api/v1/broadcasts/{name}/preview"))?;
        if self.json {
            output::json(&preview);
            return Ok(());
        }
        let is_launched = !preview["launched"].is_null();
        if is_launched {
            say!(
                "{} was launched at {}; crowsnest send {} --progress says what came of it.\n\
                 A broadcast happens once. A copy of it with another name would do this now:",
                self.name,
                text(&preview, "launched"),
                self.name
            );
        }
        if let Some(waits) = preview["waits"].as_str() {
            say!("warning: these numbers are not final, {waits}. A launch waits for it by itself.");
        }
        audience::show_preview(&preview);
        show_copies(&client, &name)?;
        show_distrust(&client);
        audience::show_unmade(&preview["unmade"]);
        if !is_launched {
            say!("\nNothing is sent. Launch it: crowsnest send {} --launch", self.name);
        }
        Ok(())
    }

    /// Launches it, or looks at its launch.
    fn launched(&self, client: &Client, path: &str) -> anyhow::Result<()> {
        let mut report: Value = if self.progress {
            client.get(path)?
        } else if self.no_wait {
            client.post(&format!("{path}?wait=false"), &Value::Null)?
        } else {
            launch_in_view(client, path)?
        };
        if !self.no_wait {
            let path = format!("/api/v1/broadcasts/{}/deliveries", encoded(&self.name));
            report["so_far"] = client.get(&path)?;
        }
        if self.json {
            output::json(&report);
            return Ok(());
        }
        if self.no_wait {
            say!("{} is launched. How far it is: crowsnest send {} --progress", self.name, self.name);
            return Ok(());
        }
        let stopped = &report["stopped"];
        if report["queued"].is_null() {
            say!("{} was launched at {}. So far:", self.name, text(&report, "launched"));
            if stopped.is_object() {
                say!("It waits since {}: {}.", text(stopped, "since"), text(stopped, "reason"));
            }
        } else if self.progress {
            let (launched, queued) = (text(&report, "launched"), text(&report, "queued"));
            say!("{} was launched at {launched}; everybody was looked at until {queued}.", self.name);
        } else {
            say!("{} is launched.", self.name);
        }
        audience::show_launched(&report["audience"]);
        audience::show_came(&report["so_far"]);
        if self.launch && stopped.is_object() {
            bail!(
                "{} is launched, but was stopped before everybody was looked at. It goes on by itself; how far it is: \
                 crowsnest send {} --progress",
                self.name,
                self.name
            );
        }
        Ok(())
    }
}

/// Launches a broadcast and waits until everybody was looked at, or something is wrong; also while what it asks of people is
/// still being built.
pub(super) fn launch_and_wait(client: &Client, path: &str) -> anyhow::Result<Value> {
    let mut report: Value = client.post(path, &Value::Null)?;
    let mut told = false;
    while report["queued"].is_null() {
        let stopped = &report["stopped"];
        if stopped.is_object() && stopped["building"] != true {
            break;
        }
        if stopped.is_object() && !told && !std::io::stderr().is_terminal() {
            eprintln!("it waits: {}", text(stopped, "reason"));
            told = true;
        }
        std::thread::sleep(LOOKS);
        report = client.get(path)?;
    }
    Ok(report)
}

/// Launches it and waits until everybody was looked at. Whoever sits before a terminal sees how far it is.
fn launch_in_view(client: &Client, path: &str) -> anyhow::Result<Value> {
    if !std::io::stderr().is_terminal() {
        return launch_and_wait(client, path);
    }
    std::thread::scope(|scope| {
        let launching = scope.spawn(|| launch_and_wait(client, path));
        let mut shown = false;
        let mut look = Instant::now() + LOOKS;
        while !launching.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
            if Instant::now() < look {
                continue;
            }
            look = Instant::now() + LOOKS;
            // What cannot be shown is not worth a word: the launch itself says what is wrong.
            if let Ok(so_far) = client.get::<Value>(path) {
                let (people, get_it) = (&so_far["audience"]["people"], &so_far["audience"]["recipients"]);
                let waits = match so_far["stopped"].is_object() {
                    true => format!("; it waits: {}", text(&so_far["stopped"], "reason")),
                    false => String::new(),
                };
                // What was longer before is wiped out.
                eprint!(
                    "\r{} looked at; {} so far{waits}\x1b[K",
                    output::people(people),
                    output::count_of(get_it, "gets it", "get it")
                );
                shown = true;
            }
        }
        if shown {
            eprintln!();
        }
        launching.join().map_err(|_| anyhow!("the launch was not waited for"))?
    })
}

impl Send {
    /// Shows a message, or sends it as a test.
    fn look(&self, client: &Client, person: &str) -> anyhow::Result<()> {
        let id = match person.split_once('=') {
            Some((namespace, value)) => {
                let path = format!(
                    "/api/v1/profiles/lookup?namespace={}&value={}",
                    encoded(namespace),
                    encoded(value)
                );
                text(&client.get::<Value>(&path)?, "id")
            }
            None => person.to_owned(),
        };
        let (path, event) = (self.template(client)?, self.happened()?);
        if let Some(to) = &self.test {
            let body = json!({ "to": to, "profile": id, "event": event });
            let answer: Value = client.post(&format!("{path}/test"), &body)?;
            let came = format!("{}: {}", text(&answer, "outcome"), text(&answer, "detail"));
            if self.json {
                output::json(&answer);
            } else if is_accepted(&answer) {
                say!("{came}");
                show_segments(&answer);
            }
            if !is_accepted(&answer) {
                bail!("the test was not sent: {came}");
            }
            return Ok(());
        }
        if let Some(out) = &self.out {
            let body = json!({ "profile": id, "event": event });
            let mut page = client.post_for_bytes(&format!("{path}/proof"), &body)?;
            let mut file =
                std::fs::File::create(out).with_context(|| format!("{} cannot be written", out.display()))?;
            std::io::copy(&mut page, &mut file)?;
            say!("{}", out.display());
            return Ok(());
        }
        let message: Value =
            client.post(&format!("{path}/preview"), &json!({ "profile": id, "event": event }))?;
        if self.json {
            output::json(&message);
        } else {
            let to = match text(&message, "to") {
                to if to.is_empty() => "nobody".to_owned(),
                to => to,
            };
            say!("From: {}\nTo: {to}", text(&message, "from"));
            if message["subject"].is_string() {
                say!("Subject: {}", text(&message, "subject"));
            }
            say!("\n{}", text(&message, "text"));
            if message["html"].is_string() {
                say!("\nThe HTML part: add --json.");
            }
            show_segments(&message);
            for fault in message["faults"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                say!("It would not be sent: {fault}");
            }
        }
        Ok(())
    }

    /// Sends a test to each address of a seed list.
    fn test_seeds(&self, client: &Client, list: &str) -> anyhow::Result<()> {
        if let Some(to) = self.test.as_deref().filter(|to| !to.is_empty()) {
            bail!("--seeds says to whom it is sent: leave out {to}");
        }
        let path = format!("{}/test-seeds", self.template(client)?);
        let tests: Vec<Value> = client.post(&path, &json!({ "seeds": list, "event": self.happened()? }))?;
        let refused = tests.iter().filter(|test| !is_accepted(test)).count();
        if self.json {
            output::json(&Value::Array(tests));
        } else {
            let rows =
                tests.iter().map(|test| ["seed", "to", "outcome", "detail"].map(|name| text(test, name)));
            say!("{}", output::table(["seed", "to", "outcome", "detail"], &[], rows));
        }
        if refused > 0 {
            bail!("{refused} of the tests were not sent");
        }
        Ok(())
    }

    /// The path of the template that is meant: a name that is no broadcast's is a template's.
    fn template(&self, client: &Client) -> anyhow::Result<String> {
        let broadcasts: Vec<Value> = client.get("/api/v1/broadcasts")?;
        let template = broadcasts
            .iter()
            .find(|broadcast| broadcast["broadcast"] == self.name.as_str())
            .map_or_else(|| self.name.clone(), |broadcast| text(broadcast, "template"));
        Ok(format!("/api/v1/templates/{}", encoded(&template)))
    }

    /// What the template may use of an event.
    fn happened(&self) -> anyhow::Result<Value> {
        match &self.event {
            Some(event) => serde_json::from_str(event).context("--event is not JSON"),
            None => Ok(json!({})),
        }
    }
}

/// Whether a test was taken by whoever delivers it.
fn is_accepted(test: &Value) -> bool {
    test["outcome"] == "accepted"
}

/// How long a text message is, if it is one.
fn show_segments(message: &Value) {
    let segments = &message["segments"];
    if !segments.is_object() {
        return;
    }
    let forced = segments["forced_by"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let forced: Vec<&str> = forced.collect();
    let because = if forced.is_empty() {
        String::new()
    } else {
        format!(", because of {}; without them it would be GSM-7", forced.join(" "))
    };
    say!("\nSegments: {} ({}{because})", segments["count"], text(segments, "encoding"));
}

/// Which seeds get a copy first, and which of these would not be sent.
fn show_copies(client: &Client, name: &str) -> anyhow::Result<()> {
    let copies: Vec<Value> = client.get(&format!("/api/v1/broadcasts/{name}/copies"))?;
    if copies.is_empty() {
        return Ok(());
    }
    let seeds: Vec<String> = copies.iter().map(|copy| text(copy, "seed")).collect();
    say!("Copies go first to {}.", seeds.join(", "));
    for copy in &copies {
        for fault in copy["faults"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            say!("warning: {} would get none: {fault}", text(copy, "seed"));
        }
    }
    Ok(())
}

/// What receivers will distrust, once mail leaves the house. It stops nobody: the check may know less than the sender.
fn show_distrust(client: &Client) {
    match client.get::<Value>("/api/v1/email/check?before_launch=true") {
        Ok(check) => {
            let findings = check["findings"].as_array().into_iter().flatten();
            for problem in findings.filter(|finding| finding["level"] == "problem") {
                say!("warning: {}", in_words(problem));
            }
        }
        Err(error) => say!("warning: whether receivers will believe the sender is not known: {error:#}"),
    }
}
