//! From an event to the segment and the program that follow from it, as somebody sees them who looks the person up.

use crate::{
    Definitions, Measured, Setting,
    http::Connection,
    load::{Author, Crowd},
    report::{Summary, heading, row},
    send::{Batches, Jobs, Source, Tally, batches, open_loop, send},
    server::Server,
};
use clap::Args;
use serde::Serialize;
use serde_json::Value;
use std::{
    fmt,
    rc::Rc,
    time::{Duration, Instant},
};

/// Over how many connections events are sent; enough that one which waits holds up no other.
const CONNECTIONS: usize = 64;
const PROBES: usize = 16;

/// What follows from the event that is watched.
pub const DEFINITIONS: &str = r#"segment: lessee
when: count("Lease Signed", within("365d")) >= 1
---
program: welcome-lessee
trigger: { segment: lessee, on: enter }
steps:
  - wait: 30d
  - send: { channel: email, template: cart-reminder, topic: offers }
"#;

/// Start a fresh Crowsnest, send events at a fixed rate, and measure how long it takes until what follows from one can be seen:
/// it is posted, the person enters a segment, that begins a program, and a look-up says both.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench reaction --rate 5000 --each 10 --seconds 30")]
pub struct Reaction {
    /// How many people are known before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub people: u64,
    /// How many events are sent in a second, whether answers come or not.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    pub rate: u64,
    /// How many of them come in one request.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=2_500))]
    pub each: u64,
    /// How many of the watched events come in a second besides, each in a request of its own.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub watched: u64,
    /// For how long.
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub seconds: u64,
    /// Live definitions besides.
    #[command(flatten)]
    pub definitions: Definitions,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Events acknowledged in a second.
    pub events_per_second: f64,
    /// From the moment at which a request was meant to be sent to its answer.
    pub answered: Summary,
    /// From the moment at which a watched event was meant to be sent to the answer of a look-up that shows the segment and
    /// the program.
    pub visible: Summary,
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
        heading(f, "events/s")?;
        let rate = crate::report::count(self.events_per_second as u64);
        row(f, "posted → answered", &rate, &self.answered)?;
        row(f, "posted → segment, program visible", "", &self.visible)
    }
}

impl Reaction {
    /// Measures.
    pub async fn measure(&self, server: &mut Server) -> anyhow::Result<Report> {
        let crowd = Rc::new(Crowd::new(self.people));
        let length = Duration::from_secs(self.seconds);
        let filling = Batches { batch: 500, connections: 8, length };
        batches(filling, server, &crowd, Source::Filling).await?;
        let began = Instant::now();
        let (sent, watched) = tokio::try_join!(
            open_loop(self.rate / self.each, length, CONNECTIONS, |index, jobs| {
                events(server, &crowd, 1_000 + index as u64, self.each, jobs)
            }),
            open_loop(self.watched, length, PROBES, |index, jobs| watch(server, index, jobs)),
        )?;
        let took = began.elapsed().as_secs_f64();
        server.stop().await?;
        let mut faults = sent.faults;
        faults.extend(watched.faults);
        faults.truncate(10);
        Ok(Report {
            events_per_second: (sent.accepted + watched.accepted) as f64 / took,
            answered: sent.latencies.summary(),
            visible: watched.latencies.summary(),
            faults,
        })
    }
}

fn events(
    server: &Server,
    crowd: &Rc<Crowd>,
    seed: u64,
    each: u64,
    jobs: Jobs,
) -> impl Future<Output = anyhow::Result<Tally>> + 'static {
    let (address, key, crowd) = (server.address, server.source(), crowd.clone());
    async move {
        let mut connection = Connection::open(address).await?;
        let mut author = Author::new(&crowd, seed);
        let mut tally = Tally::default();
        let mut body = Vec::with_capacity(1 << 14);
        loop {
            let job = jobs.lock().await.recv().await;
            let Some(meant) = job else { return Ok(tally) };
            author.batch(each, &mut body);
            send(&mut connection, "/v1/batch", &key, &body, each, &mut tally).await?;
            tally.latencies.push(meant.elapsed());
        }
    }
}

/// Somebody signs a lease, and is looked up until the segment and the program are there; the first look-up must show them.
fn watch(server: &Server, index: usize, jobs: Jobs) -> impl Future<Output = anyhow::Result<Tally>> + 'static {
    let (address, key, admin) = (server.address, server.source(), server.admin());
    async move {
        let mut connection = Connection::open(address).await?;
        let mut tally = Tally::default();
        for number in 0_u64.. {
            let job = jobs.lock().await.recv().await;
            let Some(meant) = job else { break };
            // One of those who have registered, each once.
            let person = (number * PROBES as u64 + index as u64) * 10;
            let body = format!(
                r#"{{"type":"track","event":"Lease Signed","userId":"u-{person}","messageId":"lease-{person}"}}"#
            );
            send(&mut connection, "/v1/track", &key, body.as_bytes(), 1, &mut tally).await?;
            let path = format!("/api/v1/profiles/lookup?namespace=user_id&value=u-{person}");
            let answer = connection.ask("GET", &path, &admin, b"").await?;
            let seen: Value = serde_json::from_slice(answer.body)?;
            let programs = seen["programs"].as_array().into_iter().flatten();
            if seen["segments"]["lessee"].is_null()
                || !programs.into_iter().any(|run| run["program"] == "welcome-lessee")
            {
                tally.faults.push(format!("u-{person} has signed, and a look-up does not show it: {seen}"));
            }
            tally.latencies.push(meant.elapsed());
        }
        Ok(tally)
    }
}
