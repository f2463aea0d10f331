//! From a new definition to its members, with many people known.

use crate::{
    Measured, Setting,
    http::Connection,
    load::Crowd,
    report::count,
    send::{Batches, Source, batches, get},
    server::{Server, files},
};
use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;
use std::{
    fmt,
    rc::Rc,
    time::{Duration, Instant},
};

/// What is asked, one after the other: what it needs of everybody, and the condition.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("frequent", "of traits", "profile.visits >= 90"),
    ("lookers", "of events that nobody asked about", "count(\"Product Viewed\", within(\"30d\")) >= 1"),
    ("keen", "of events that somebody asks about", "count(\"Product Viewed\", within(\"20d\")) >= 2"),
];

/// Start a fresh Crowsnest, make many people known to it, put new segments in force one after the other, and measure how long it
/// takes until each is built and its members are counted.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench segment --people 1000000")]
pub struct NewSegment {
    /// How many people are known before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub people: u64,
    /// How long events of theirs come before that, in seconds.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub seconds: u64,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// One segment.
#[derive(Debug, Serialize)]
pub struct Built {
    /// What it asks about.
    pub about: String,
    /// Its condition.
    pub when: String,
    /// How many are in it.
    pub members: u64,
    /// Seconds from the request that puts it in force to the answer that counts its members.
    pub seconds: f64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// People who are known.
    pub people: u64,
    /// Their events.
    pub events: u64,
    /// Each segment.
    pub built: Vec<Built>,
    /// What is not as it must be.
    pub faults: Vec<String>,
}

impl Measured for Report {
    fn faults(&self) -> &[String] {
        &self.faults
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (people, events) = (count(self.people), count(self.events));
        writeln!(f, "{people} people, {events} events\n")?;
        writeln!(f, "{:<40}{:>12}{:>12}", "a new segment", "members", "counted in")?;
        for Built { about, members, seconds, .. } in &self.built {
            writeln!(f, "{about:<40}{:>12}{seconds:>10.2} s", count(*members))?;
        }
        Ok(())
    }
}

impl NewSegment {
    /// Measures.
    pub async fn measure(&self, server: &mut Server) -> anyhow::Result<Report> {
        let crowd = Rc::new(Crowd::new(self.people));
        let how = Batches { batch: 500, connections: 24, length: Duration::from_secs(self.seconds) };
        batches(how, server, &crowd, Source::Filling).await?;
        batches(how, server, &crowd, Source::Mixed).await?;
        let stats = get(server, "/api/v1/stats").await?;
        let number = |name: &str| stats[name].as_u64().with_context(|| format!("no {name} in {stats}"));
        let mut report = Report {
            people: number("people")?,
            events: number("events")?,
            built: Vec::new(),
            faults: Vec::new(),
        };
        let mut definitions = String::new();
        for (name, about, when) in QUESTIONS {
            definitions.push_str(&format!("segment: {name}\nwhen: '{when}'\n---\n"));
            let began = Instant::now();
            put_in_force(server, &definitions).await?;
            let members = self.counted(server, name).await?;
            let seconds = began.elapsed().as_secs_f64();
            ensure!(members > 0, "nobody is in {name}");
            report.built.push(Built { about: about.into(), when: when.into(), members, seconds });
        }
        server.stop().await?;
        Ok(report)
    }

    async fn counted(&self, server: &Server, name: &str) -> anyhow::Result<u64> {
        let patience = Instant::now() + Duration::from_secs(1_800);
        loop {
            let segment = get(server, &format!("/api/v1/segments/{name}")).await?;
            if segment["ready"] == true {
                return segment["members"].as_u64().context("no members");
            }
            ensure!(Instant::now() < patience, "{name} is not built after half an hour");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn put_in_force(server: &Server, definitions: &str) -> anyhow::Result<()> {
    let definitions = definitions.trim_end_matches("---\n");
    let files: Vec<_> = files(definitions)
        .into_iter()
        .map(|(path, text)| serde_json::json!({ "path": path, "text": text }))
        .collect();
    let body = serde_json::to_vec(&serde_json::json!({ "files": files }))?;
    let mut connection = Connection::open(server.address).await?;
    let answer = connection.ask("PUT", "/api/v1/workspace", &server.admin(), &body).await?;
    if answer.status != 200 {
        bail!("the definitions are not taken: {}", String::from_utf8_lossy(answer.body));
    }
    Ok(())
}
