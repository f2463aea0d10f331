//! `crowsnest demo`: plays a workspace's sample data into a fresh installation, and tells what happened.
//!
//! Everything goes through the HTTP API, as it would from outside: events as an SDK sends them, files as uploads.

use super::serve::{self, Serve};
use crate::{
    client::{Client, Refusal, encoded},
    output::{self, count, text},
};
use anyhow::{Context, bail};
use clap::Args;
use crowsnest_model::{Duration, Time};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Start Crowsnest on a workspace, play its sample data, and tell what happened. The server goes on running.
#[derive(Debug, Args)]
#[command(
    after_help = "The workspace's sample/demo.yaml says what is played in which order. All times are moved so \
    that the sample happens now.\n\nExample: crowsnest demo --workspace examples/harbor-motors --data ./data"
)]
pub struct Demo {
    /// The workspace folder.
    #[arg(long, value_name = "DIR", default_value = "examples/harbor-motors")]
    workspace: PathBuf,
    /// The folder for everything that is kept.
    #[arg(long, value_name = "DIR", default_value = "data", env = "CROWSNEST_DATA")]
    data: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "CROWSNEST_LISTEN")]
    listen: SocketAddr,
    /// Leave when everything is told, instead of going on running.
    #[arg(long)]
    once: bool,
}

/// `sample/demo.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    as_of: Time,
    /// Somebody of the sample worth looking at, as namespace=value.
    look_at: Option<String>,
    play: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Step {
    Import { source: String, feed: String, file: String, complete_until: Option<Time> },
    Collect { source: String, file: String },
    Broadcast(String),
}

/// What came of one file.
struct Played {
    source: String,
    file: String,
    records: u64,
    accepted: u64,
    duplicates: u64,
    quarantined: u64,
}

impl Demo {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        output::log_to_stderr();
        let script = self.workspace.join("sample/demo.yaml");
        let written = fs::read_to_string(&script).with_context(|| script.display().to_string())?;
        let script: Script =
            serde_saphyr::from_str(&written).with_context(|| script.display().to_string())?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let started = std::time::Instant::now();
            let serve = Serve {
                data: self.data.clone(),
                listen: self.listen,
                workspace: Some(self.workspace.clone()),
                mailbox: SocketAddr::from(([127, 0, 0, 1], 0)),
                returns: None,
                dns: None,
                stopped: false,
            };
            let running = serve.start().await?;
            say!(
                "Crowsnest runs at http://{} with the workspace {} ({} ms to start).\n",
                running.addr,
                self.workspace.display(),
                started.elapsed().as_millis()
            );
            let client = Client::new(format!("http://{}", running.addr), running.token.clone());
            let sample = self.workspace.join("sample");
            let (data, token_is_new) = (self.data.clone(), running.token_is_new);
            tokio::task::spawn_blocking(move || play(&client, &script, &sample, &data, token_is_new))
                .await??;
            if !self.once {
                say!("\nThe server goes on running. Stop it with Ctrl-C.");
                serve::stop_signal().await?;
            }
            let _ = running.stop.send(true);
            running.done.await?
        })
    }
}

fn play(
    client: &Client,
    script: &Script,
    sample: &Path,
    data: &Path,
    token_is_new: bool,
) -> anyhow::Result<()> {
    let shift = first_played(data)?.since(script.as_of);
    let mut played = Vec::new();
    let mut launches = Vec::new();
    let mut held_before = BTreeMap::new();
    for step in &script.play {
        match step {
            Step::Import { source, feed, file, complete_until } => {
                held_before = settled(client)?;
                played.push(import(client, sample, source, feed, file, *complete_until, script.as_of)?);
            }
            Step::Collect { source, file } => played.push(collect(client, sample, source, file, shift)?),
            Step::Broadcast(name) => {
                // Who is one person, and who lives with whom, is found by then.
                settled(client)?;
                launches.push((name.clone(), launch(client, name)?));
            }
        }
    }
    settled(client)?;
    tell(client, &played, &launches, &held_before)?;
    let listen = client.url();
    say!("\nWhere to look next");
    say!("  the mails:      {listen}/mailbox   (log in with the administrator's token)");
    say!("  the API:        {listen}/api/v1");
    if let Some(somebody) = &script.look_at {
        say!("  a customer:     crowsnest profile {somebody} --timeline --why");
    }
    say!("  who is alike:   crowsnest identity review; crowsnest identity decisions");
    say!("  the overlap:    crowsnest overlap");
    say!("  the quarantine: crowsnest quarantine list");
    say!("  the programs:   crowsnest program list; crowsnest program runs abandoned-cart");
    say!("  your own data:  README.md, “Point your own systems at it”");
    if token_is_new {
        say!(
            "  the token:      {}   (printed this once; kept in {})",
            client.token(),
            data.join("admin-token").display()
        );
    } else {
        say!("  the token:      as before; see {}", data.join("admin-token").display());
    }
    Ok(())
}

fn import(
    client: &Client,
    sample: &Path,
    source: &str,
    feed: &str,
    file: &str,
    complete_until: Option<Time>,
    as_of: Time,
) -> anyhow::Result<Played> {
    let path = sample.join(file);
    let bytes = File::open(&path).with_context(|| path.display().to_string())?;
    let mut url = format!(
        "/api/v1/feeds/{}/{}?file={}&as_of={}",
        encoded(source),
        encoded(feed),
        encoded(file),
        encoded(&as_of.to_string())
    );
    if let Some(until) = complete_until {
        url.push_str(&format!("&complete_until={}", encoded(&until.to_string())));
    }
    let answer: Value = client.upload(&url, bytes)?;
    let number = |name: &str| answer[name].as_u64().unwrap_or(0);
    Ok(Played {
        source: source.to_owned(),
        file: file.to_owned(),
        records: number("rows"),
        accepted: number("accepted"),
        duplicates: number("duplicates"),
        quarantined: number("quarantined"),
    })
}

/// When the example was first played into this data folder: now, if it was not. Played again, it says the same to the letter, so that
/// nothing of it is taken for something new.
fn first_played(data: &Path) -> anyhow::Result<Time> {
    let file = data.join("demo-first-played");
    if file.exists() {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        return text.trim().parse().with_context(|| format!("{}: no moment; remove it", file.display()));
    }
    let now = Time::from_timestamp(jiff::Timestamp::now());
    fs::write(&file, format!("{now}\n")).with_context(|| file.display().to_string())?;
    Ok(now)
}

/// Sends events as an SDK does: in batches, with the source's write key.
fn collect(
    client: &Client,
    sample: &Path,
    source: &str,
    file: &str,
    shift: Duration,
) -> anyhow::Result<Played> {
    let path = sample.join(file);
    let lines = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let sources: Vec<Value> = client.get("/api/v1/sources")?;
    let key = sources
        .iter()
        .find(|known| known["source"] == source)
        .map(|known| text(known, "write_key"))
        .with_context(|| format!("{}: there is no source `{source}`", path.display()))?;
    let mut events = Vec::new();
    for (index, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut event: Value =
            serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), index + 1))?;
        // A timestamp that is no moment stays as it is: the sample has such a one on purpose.
        if let Some(time) = event["timestamp"].as_str().and_then(|time| time.parse::<Time>().ok()) {
            event["timestamp"] = time.plus(shift).to_string().into();
        }
        events.push(event);
    }
    let mut played = Played {
        source: source.to_owned(),
        file: file.to_owned(),
        records: events.len() as u64,
        accepted: 0,
        duplicates: 0,
        quarantined: 0,
    };
    for batch in events.chunks(200) {
        let answer = client.collect(&key, &json!({ "batch": batch }))?;
        played.accepted += answer["accepted"].as_u64().unwrap_or(0);
        played.duplicates += answer["duplicates"].as_u64().unwrap_or(0);
        played.quarantined += answer["quarantined"].as_u64().unwrap_or(0);
    }
    Ok(played)
}

fn launch(client: &Client, name: &str) -> anyhow::Result<Option<Value>> {
    match super::send::launch_and_wait(client, &format!("/api/v1/broadcasts/{}/launch", encoded(name))) {
        Ok(report) => Ok(Some(report)),
        Err(error) if error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.code == "refused") => {
            say!("{error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Waits until everybody has been compared with everybody and nothing is on its way, and says how many messages are held for
/// each program.
fn settled(client: &Client) -> anyhow::Result<BTreeMap<String, u64>> {
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        // In this order: whoever turns out to be one may yet be sent something.
        let matching: Value = client.get("/api/v1/identity/matching")?;
        let compared =
            matching["waiting"] == 0 && (matching["state"] == "live" || matching["state"] == "off");
        let stats: Value = client.get("/api/v1/stats")?;
        let state = |name: &str| stats["deliveries"][name].as_u64().unwrap_or(0);
        if compared && state("queued") + state("sending") == 0 {
            break;
        }
        if std::time::Instant::now() > patience {
            bail!(
                "after a minute messages are still on their way, or people still compared: {}, {matching}",
                stats["deliveries"]
            );
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let programs: Vec<Value> = client.get("/api/v1/programs")?;
    Ok(programs
        .iter()
        .map(|program| (text(program, "program"), program["deliveries"]["held"].as_u64().unwrap_or(0)))
        .collect())
}

fn tell(
    client: &Client,
    played: &[Played],
    launches: &[(String, Option<Value>)],
    held_before: &BTreeMap<String, u64>,
) -> anyhow::Result<()> {
    say!("1. What came in");
    let rows = played.iter().map(|file| {
        [
            file.source.clone(),
            file.file.clone(),
            file.records.to_string(),
            file.accepted.to_string(),
            file.duplicates.to_string(),
            file.quarantined.to_string(),
        ]
    });
    say!(
        "{}",
        output::table(["source", "file", "records", "new", "copies", "quarantined"], &[2, 3, 4, 5], rows)
    );
    let stats: Value = client.get("/api/v1/stats")?;
    say!(
        "{} records → {} people → {} households",
        played.iter().map(|file| file.records).sum::<u64>(),
        count(&stats["people"]),
        count(&stats["households"])
    );
    tell_of_likeness(client)?;
    for (name, report) in launches {
        say!("\n2. The mailing {name}");
        match report {
            Some(report) => super::audience::show_launched(&report["audience"]),
            None => say!("This data folder has been played into before; nobody is mailed twice."),
        }
    }
    let programs: Vec<Value> = client.get("/api/v1/programs")?;
    let mut nobody = Vec::new();
    let mut part = 3;
    for program in &programs {
        let name = text(program, "program");
        let mut reasons: BTreeMap<(String, String), u64> = BTreeMap::new();
        let runs: Vec<Value> = client.get(&format!("/api/v1/programs/{}/runs?limit=1000", encoded(&name)))?;
        if runs.is_empty() {
            nobody.push(name);
            continue;
        }
        say!("\n{part}. The program {name}");
        part += 1;
        let held = held_before.get(&name).copied().unwrap_or(0);
        if held > 0 {
            say!("{held} of its messages were held until the last feed had come in.");
        }
        let deliveries: Vec<Value> =
            client.get(&format!("/api/v1/deliveries?program={}&limit=1000", encoded(&name)))?;
        for run in &runs {
            let sent = deliveries.iter().find(|delivery| delivery["run"] == run["id"]);
            let outcome = match (text(run, "state").as_str(), sent) {
                ("finished", Some(delivery)) => {
                    let because = if delivery["state"] == "sent" {
                        "the reminder went out".into()
                    } else {
                        text(delivery, "reason")
                    };
                    (text(delivery, "state"), because)
                }
                (state, _) => (state.to_owned(), without_figures(&text(run, "reason"))),
            };
            *reasons.entry(outcome).or_default() += 1;
        }
        let rows = reasons.into_iter().map(|((state, reason), number)| [state, number.to_string(), reason]);
        say!("{}", output::table(["outcome", "people", "because"], &[1], rows));
    }
    if !nobody.is_empty() {
        say!("\nNobody has begun: {}", nobody.join(", "));
    }
    Ok(())
}

/// Who was made one by likeness, and about whom the house is asked.
fn tell_of_likeness(client: &Client) -> anyhow::Result<()> {
    let decisions: Vec<Value> = client.get("/api/v1/identity/decisions?limit=1000")?;
    let found = decisions.iter().filter(|one| one["by"] == "likeness" && one["withdrawn"].is_null()).count();
    let matching: Value = client.get("/api/v1/identity/matching")?;
    if matching["state"] != "off" {
        let asked = count(&matching["open_questions"]);
        say!(
            "Alike, with no identifier in common: {found} made one with somebody, {asked} for you to decide"
        );
    }
    Ok(())
}

/// A reason without its figures, to count those that are alike.
fn without_figures(reason: &str) -> String {
    let head = reason.split(", ").next().unwrap_or(reason);
    if head.contains(" came ") {
        "the cart was older than the program's time to live".to_owned()
    } else {
        head.to_owned()
    }
}
