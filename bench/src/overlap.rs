//! Who is known to what, of many people: how long the report takes.

use crate::{
    Measured, Setting,
    load::Crowd,
    report::count,
    send::{Batches, Source, batches, get},
    server::{Server, peak_memory},
};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::{
    fmt,
    rc::Rc,
    time::{Duration, Instant},
};

/// What the reports are about, beside what is there.
pub const DEFINITIONS: &str = "metric: revenue\nvalue: sum(\"Order Completed\", \"revenue\")\n\
    ---\nsegment: frequent\nwhen: profile.visits >= 90\n\
    ---\nsegment: lookers\nwhen: count(\"Product Viewed\", within(\"30d\")) >= 1\n\
    ---\nsegment: buyers\nwhen: count(\"Order Completed\") >= 1\n";

/// What is asked, and how that is said.
const QUESTIONS: [(&str, &str); 4] = [
    ("by source", "by=source"),
    ("by source, with money", "by=source&money=revenue"),
    ("by three segments, with money", "segments=frequent,lookers,buyers&money=revenue"),
    ("by source, channel and reach, with money", "money=revenue"),
];

/// How often each is asked; the middle one counts.
const TIMES: usize = 3;

/// Start a fresh Crowsnest, make many people known to it, and measure how long it takes to say who is known to what.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench overlap --people 1000000")]
pub struct Overlap {
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

/// One report.
#[derive(Debug, Serialize)]
pub struct Told {
    /// What it is by.
    pub about: String,
    /// Seconds from the request to the answer.
    pub seconds: f64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// People who are known.
    pub people: u64,
    /// Their events.
    pub events: u64,
    /// Each report.
    pub told: Vec<Told>,
    /// How much more memory the process had at most for the reports than before them, in bytes.
    pub memory: u64,
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
        writeln!(f, "{} people, {} events\n", count(self.people), count(self.events))?;
        writeln!(f, "{:<44}{:>12}", "overlap", "told in")?;
        for Told { about, seconds } in &self.told {
            writeln!(f, "{about:<44}{seconds:>10.2} s")?;
        }
        writeln!(f, "\n{} MiB more memory than before", count(self.memory >> 20))
    }
}

impl Overlap {
    /// Measures.
    pub async fn measure(&self, server: &mut Server) -> anyhow::Result<Report> {
        let crowd = Rc::new(Crowd::new(self.people));
        let how = Batches { batch: 500, connections: 24, length: Duration::from_secs(self.seconds) };
        batches(how, server, &crowd, Source::Filling).await?;
        batches(how, server, &crowd, Source::Mixed).await?;
        let stats = get(server, "/api/v1/stats").await?;
        let number = |name: &str| stats[name].as_u64().with_context(|| format!("no {name} in {stats}"));
        let (people, events) = (number("people")?, number("events")?);
        let before = peak_memory(server.process())?;
        let (mut told, mut faults) = (Vec::new(), Vec::new());
        for (about, query) in QUESTIONS {
            let mut seconds = Vec::new();
            for _ in 0..TIMES {
                let began = Instant::now();
                let report = get(server, &format!("/api/v1/overlap?{query}")).await?;
                seconds.push(began.elapsed().as_secs_f64());
                faults.extend(fault(&report, people).map(|fault| format!("{about}: {fault}")));
            }
            seconds.sort_by(f64::total_cmp);
            let middle = seconds.get(TIMES / 2).copied().context("nothing was measured")?;
            told.push(Told { about: about.into(), seconds: middle });
        }
        let memory = peak_memory(server.process())?.saturating_sub(before);
        server.stop().await?;
        Ok(Report { people, events, told, memory, faults })
    }
}

/// Whether everybody is counted, and once in each dimension.
fn fault(report: &Value, people: u64) -> Option<String> {
    let counted = |part: &Value| part["people"].as_u64().unwrap_or(0);
    for dimension in report["dimensions"].as_array().into_iter().flatten() {
        let combinations = dimension["combinations"].as_array().into_iter().flatten();
        let sum: u64 = combinations.chain([&dimension["rest"], &dimension["none"]]).map(counted).sum();
        if sum != people {
            return Some(format!("{} of {people} people are counted by {}", sum, dimension["dimension"]));
        }
    }
    let everybody = counted(&report["everybody"]);
    (everybody != people).then(|| format!("{everybody} of {people} people are counted"))
}
