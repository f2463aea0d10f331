//! `crowsnest import`: a file of a source's feed.

use crate::{
    client::{Connection, encoded},
    output,
};
use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{fs::File, path::PathBuf};

/// Read a file of a source's feed.
#[derive(Debug, Args)]
#[command(
    after_help = "The same file or row twice changes nothing. Rows that cannot be read wait in the quarantine.\n\n\
    Examples:\n  crowsnest import orders.xml --source call-centre --feed orders\n  \
    crowsnest import orders.csv.gz --source till --feed purchases --complete-until 2026-03-02T18:00:00Z"
)]
pub struct Import {
    /// The file: CSV, JSON lines or XML as the feed says, gzipped or not.
    file: PathBuf,
    /// The source.
    #[arg(long)]
    source: String,
    /// The feed; not needed when the source has only one.
    #[arg(long)]
    feed: Option<String>,
    /// The source is complete up to this moment once the file is read.
    #[arg(long, value_name = "TIME")]
    complete_until: Option<String>,
    /// The rows are history: they change profiles but trigger nothing.
    #[arg(long)]
    historical: bool,
    /// Move all times so that this moment becomes now: for playing sample data.
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Import {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        let feed = match &self.feed {
            Some(feed) => feed.clone(),
            None => only_feed(&client, &self.source)?,
        };
        let file = File::open(&self.file).with_context(|| self.file.display().to_string())?;
        let size = file.metadata().map(|metadata| metadata.len()).unwrap_or(0);
        let label = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut path = format!(
            "/api/v1/feeds/{}/{}?file={}&historical={}",
            encoded(&self.source),
            encoded(&feed),
            encoded(&label),
            self.historical
        );
        for (name, value) in [("complete_until", &self.complete_until), ("as_of", &self.as_of)] {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(size) };
        bar.set_style(
            ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(label);
        let answer: Value = client.upload(&path, bar.wrap_read(file))?;
        bar.finish_and_clear();
        if self.json {
            output::json(&answer);
            return Ok(());
        }
        say!(
            "{}: {} new, {} here already, {} quarantined",
            output::counted(answer["rows"].as_u64().unwrap_or(0), "row", "rows"),
            output::count(&answer["accepted"]),
            output::count(&answer["duplicates"]),
            output::count(&answer["quarantined"]),
        );
        if answer["quarantined"].as_u64() > Some(0) {
            say!("See why: crowsnest quarantine list --source {}", self.source);
        }
        Ok(())
    }
}

fn only_feed(client: &crate::client::Client, source: &str) -> anyhow::Result<String> {
    let sources: Vec<Value> = client.get("/api/v1/sources")?;
    let feeds: Vec<String> = sources
        .iter()
        .find(|known| known["source"] == source)
        .and_then(|known| known["feeds"].as_array())
        .map(|feeds| feeds.iter().filter_map(|feed| feed.as_str().map(str::to_owned)).collect())
        .with_context(|| format!("there is no source `{source}`; `crowsnest sources` lists them"))?;
    match feeds.as_slice() {
        [only] => Ok(only.clone()),
        [] => anyhow::bail!("{source} has no feeds; declare one in the workspace"),
        several => anyhow::bail!("{source} has several feeds; say which with --feed: {}", several.join(", ")),
    }
}
