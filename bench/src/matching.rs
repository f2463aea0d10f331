//! People who are alike: how long it takes to find them among many, and how soon after one more has come.

use crate::{
    Measured, Setting,
    http::Connection,
    report::{Latencies, Summary, count},
    send::{self, Tally, get, together},
    server::{Server, peak_memory},
};
use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::{
    fmt,
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

/// Records are told apart by their number; e-mail addresses and numbers are identifiers, too, unless all of them are blocked.
fn definitions(likeness_alone: bool) -> String {
    let blocked = "  email: { priority: 20, blocked: [\"*@*\"] }\n  phone: { priority: 20, blocked: [\"*0*\", \"*1*\", \"*2*\", \"*3*\", \"*4*\"] }\n";
    format!(
        "identity: people\nnamespaces:\n  record_id: {{ priority: 30 }}\n{}\
         matching: {{ fields: {{ loyalty_card: identifier, account_no: identifier }} }}\n",
        if likeness_alone { blocked } else { "" }
    )
}

/// So many events go into one request.
const BATCH: usize = 500;

/// Over so many connections.
const CONNECTIONS: usize = 8;

/// Start a fresh Crowsnest that matches people, make the records of a file known to it, and measure how long it takes until everybody is
/// compared, and how soon one more is.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  \
    crowsnest-bench-identity generate --records 100000 --out people.csv --truth truth.csv\n  \
    crowsnest-bench matching people.csv --out clusters.csv\n  \
    crowsnest-bench-identity score --truth truth.csv --clusters clusters.csv")]
pub struct Matching {
    /// Records as CSV, with a column `record_id`.
    pub people: PathBuf,
    /// How many of the last records come one by one.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub singles: usize,
    /// Nobody is one person by an e-mail address or a telephone number: by likeness alone.
    #[arg(long)]
    pub likeness_alone: bool,
    /// Where to write who is who in the end: record_id, cluster_id.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Records that came.
    pub records: u64,
    /// Seconds until all but the last ones were acknowledged.
    pub sent: f64,
    /// Seconds after that until everybody was compared, by a model that was learned meanwhile.
    pub caught_up: f64,
    /// Seconds of learning anew from everybody, and linking everybody by it.
    pub linked: f64,
    /// From sending one more to its being compared, in milliseconds.
    pub singles: Summary,
    /// People in the end.
    pub people: u64,
    /// Questions to people of the house in the end.
    pub questions: u64,
    /// The most memory the process had, in bytes.
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
        writeln!(
            f,
            "{} records are {} people, {} questions",
            count(self.records),
            count(self.people),
            count(self.questions)
        )?;
        writeln!(
            f,
            "sent in {:.1} s, compared {:.1} s after that, learned and linked anew in {:.1} s",
            self.sent, self.caught_up, self.linked
        )?;
        let Summary { p50, p99, p999, most, .. } = self.singles;
        writeln!(
            f,
            "one more, from sending to compared: p50 {p50:.2} ms, p99 {p99:.2} ms, p99.9 {p999:.2} ms, most {most:.2} ms"
        )?;
        writeln!(f, "{} MiB of memory at most", count(self.memory >> 20))
    }
}

impl Matching {
    /// The definitions of the server.
    pub fn definitions(&self) -> String {
        definitions(self.likeness_alone)
    }

    /// Measures.
    pub async fn measure(&self, server: &mut Server) -> anyhow::Result<Report> {
        let records = Rc::new(self.records()?);
        ensure!(
            records.len() > self.singles,
            "{} has no more than {} records",
            self.people.display(),
            self.singles
        );
        let most = records.len() - self.singles;
        let began = Instant::now();
        let mut tally = fill(server, &records, most).await?;
        let sent = began.elapsed().as_secs_f64();
        let began = Instant::now();
        compared(server, Duration::from_millis(20)).await?;
        let caught_up = began.elapsed().as_secs_f64();
        let began = Instant::now();
        let mut connection = Connection::open(server.address).await?;
        let answer = connection.ask("POST", "/api/v1/identity/link", &server.admin(), b"{}").await?;
        ensure!(answer.status == 200, "linking answers {}", String::from_utf8_lossy(answer.body));
        let linked = began.elapsed().as_secs_f64();
        let key = server.source();
        let mut singles = Latencies::default();
        for record in &records[most..] {
            let body = serde_json::to_vec(&json!({ "batch": [record.event] }))?;
            let began = Instant::now();
            send::send(&mut connection, "/v1/batch", &key, &body, 1, &mut tally).await?;
            compared(server, Duration::ZERO).await?;
            singles.push(began.elapsed());
        }
        let stats = get(server, "/api/v1/stats").await?;
        let standing = get(server, "/api/v1/identity/matching").await?;
        let number = |of: &Value, name: &str| of[name].as_u64().with_context(|| format!("no {name} in {of}"));
        if let Some(out) = &self.out {
            write_people(server, &records, out).await?;
        }
        let memory = peak_memory(server.process())?;
        server.stop().await?;
        Ok(Report {
            records: records.len() as u64,
            sent,
            caught_up,
            linked,
            singles: singles.summary(),
            people: number(&stats, "people")?,
            questions: number(&standing, "open_questions")?,
            memory,
            faults: tally.faults,
        })
    }

    fn records(&self) -> anyhow::Result<Vec<Record>> {
        let mut reader =
            csv::Reader::from_path(&self.people).with_context(|| self.people.display().to_string())?;
        let headers = reader.headers()?.clone();
        let id = headers.iter().position(|name| name == "record_id").context("no column record_id")?;
        let mut records = Vec::new();
        for row in reader.records() {
            let row = row?;
            let said = headers
                .iter()
                .zip(&row)
                .filter(|(name, text)| !matches!(*name, "record_id" | "source") && !text.is_empty());
            let traits: Map<String, Value> =
                said.map(|(name, text)| (name.to_owned(), text.into())).collect();
            let id = row.get(id).unwrap_or_default().to_owned();
            let event = json!({
                "type": "identify", "messageId": id, "traits": traits,
                "context": { "externalIds": [{ "id": id, "type": "record_id", "collection": "users", "encoding": "none" }] },
            });
            records.push(Record { id, event });
        }
        Ok(records)
    }
}

/// A record, and the event that tells it.
struct Record {
    id: String,
    event: Value,
}

async fn fill(server: &Server, records: &Rc<Vec<Record>>, most: usize) -> anyhow::Result<Tally> {
    let (address, key) = (server.address, server.source());
    together(CONNECTIONS, |place| {
        let (records, key) = (records.clone(), key.clone());
        async move {
            let mut tally = Tally::default();
            let mut connection = Connection::open(address).await?;
            for chunk in records[..most].chunks(BATCH).skip(place).step_by(CONNECTIONS) {
                let events: Vec<&Value> = chunk.iter().map(|record| &record.event).collect();
                let body = serde_json::to_vec(&json!({ "batch": events }))?;
                send::send(&mut connection, "/v1/batch", &key, &body, chunk.len() as u64, &mut tally).await?;
            }
            Ok(tally)
        }
    })
    .await
}

/// Waits until nobody waits to be compared.
async fn compared(server: &Server, pause: Duration) -> anyhow::Result<()> {
    let patience = Instant::now() + Duration::from_secs(1_800);
    let mut connection = Connection::open(server.address).await?;
    loop {
        let answer = connection.ask("GET", "/api/v1/identity/matching", &server.admin(), b"").await?;
        let standing: Value = serde_json::from_slice(answer.body)?;
        if standing["state"] == "live" && standing["waiting"] == 0 {
            return Ok(());
        }
        if Instant::now() > patience {
            bail!("not everybody is compared after half an hour: {standing}");
        }
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn write_people(server: &Server, records: &[Record], out: &PathBuf) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(out).with_context(|| out.display().to_string())?);
    writeln!(file, "record_id,cluster_id")?;
    let mut connection = Connection::open(server.address).await?;
    for Record { id, .. } in records {
        let path = format!("/api/v1/profiles/lookup?namespace=record_id&value={id}");
        let answer = connection.ask("GET", &path, &server.admin(), b"").await?;
        let person: Value = serde_json::from_slice(answer.body)?;
        let person = person["id"].as_str().with_context(|| format!("{path} answers {person}"))?;
        writeln!(file, "{id},{person}")?;
    }
    Ok(file.flush()?)
}
