//! The phases of a run: filling, batches, single events; then the check.

use crate::{
    Run,
    http::{Answer, Connection},
    load::{Author, Crowd, Dice},
    report::{Flow, Latencies, Phase, Report},
    server::{Server, Used, peak_memory},
};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;
use std::{
    cell::RefCell,
    future::Future,
    net::SocketAddr,
    ops::Range,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};

/// Over how many connections single events are sent; enough that one which waits holds up no other.
const SINGLE_CONNECTIONS: usize = 64;
const LOOKUP_CONNECTIONS: usize = 8;

/// What a source is answered.
#[derive(Debug, Default, Deserialize)]
struct Receipt {
    accepted: u64,
    duplicates: u64,
    quarantined: u64,
}

/// What was acknowledged in a phase, and how soon.
#[derive(Debug, Default)]
struct Tally {
    latencies: Latencies,
    accepted: u64,
    refused: u64,
    faults: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latencies.add(other.latencies);
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.faults.extend(other.faults);
    }

    /// Notes what the server said to so many new events.
    fn note(&mut self, answer: &Answer<'_>, events: u64) -> anyhow::Result<()> {
        let text = String::from_utf8_lossy(answer.body);
        if answer.status != 200 {
            bail!("the server answers {}: {text}", answer.status);
        }
        let receipt: Receipt = serde_json::from_slice(answer.body).with_context(|| text.to_string())?;
        self.accepted += receipt.accepted;
        if receipt.accepted != events {
            let Receipt { duplicates, quarantined, .. } = receipt;
            self.faults.push(format!(
                "of {events} new events, {} were accepted, {duplicates} called duplicates, {quarantined} quarantined",
                receipt.accepted
            ));
        }
        Ok(())
    }
}

/// Everything, in order.
pub async fn measure(run: &Run, server: &mut Server) -> anyhow::Result<Report> {
    let crowd = Rc::new(Crowd::new(run.people));
    let mut report = Report { batch: run.batch, connections: run.connections, ..Report::default() };
    let mut accepted = 0;

    let filled = timed(server, batches(run, server, &crowd, Source::Filling)).await?;
    accepted += filled.1.accepted;
    report.filling = phase(filled, run.batch, &mut report.faults);

    let sent = timed(server, batches(run, server, &crowd, Source::Mixed)).await?;
    accepted += sent.1.accepted;
    report.batches = phase(sent, run.batch, &mut report.faults);

    let (singles, lookups) = {
        let length = Duration::from_secs((run.seconds / 2).max(1));
        let (spent, (singles, lookups)) = timed_pair(
            server,
            open_loop(run.rate, length, SINGLE_CONNECTIONS, |index, jobs| {
                single_events(server, &crowd, 1_000 + index as u64, jobs)
            }),
            open_loop(run.lookups, length, LOOKUP_CONNECTIONS, |index, jobs| {
                lookups(server, &crowd, 2_000 + index as u64, jobs)
            }),
        )
        .await?;
        accepted += singles.accepted;
        let latencies = lookups.latencies.summary();
        report.faults.extend(lookups.faults);
        (phase((spent, singles), 1, &mut report.faults), latencies)
    };
    report.singles = singles;
    report.lookups = lookups;

    check(server, &crowd, accepted, &mut report).await?;
    report.peak_memory = peak_memory(server.process())?;
    let bytes = server.stop().await.context("the server does not stop")?;
    report.disk_bytes = bytes;
    report.disk_bytes_per_event = bytes as f64 / accepted.max(1) as f64;
    report.generator_cpu = Used::by(std::process::id())?.since(&Used::default()).cpu;
    Ok(report)
}

fn phase((flow, tally): (Flow, Tally), batch: u64, faults: &mut Vec<String>) -> Phase {
    let seconds = flow.server.elapsed.max(f64::EPSILON);
    let mut wrong = tally.faults;
    // One fault is often thousands.
    let more = wrong.len().saturating_sub(5);
    wrong.truncate(5);
    faults.extend(wrong);
    if more > 0 {
        faults.push(format!("and {more} more of this kind"));
    }
    Phase {
        events: tally.accepted,
        events_per_second: tally.accepted as f64 / seconds,
        requests: tally.accepted / batch.max(1),
        refused: tally.refused,
        latency: tally.latencies.summary(),
        cpu_micros_per_event: flow.server.cpu * 1e6 / tally.accepted.max(1) as f64,
        flow,
    }
}

async fn timed(
    server: &Server,
    work: impl Future<Output = anyhow::Result<Tally>>,
) -> anyhow::Result<(Flow, Tally)> {
    let none = async { Ok(Tally::default()) };
    let (flow, (tally, _)) = timed_pair(server, work, none).await?;
    Ok((flow, tally))
}

async fn timed_pair(
    server: &Server,
    one: impl Future<Output = anyhow::Result<Tally>>,
    other: impl Future<Output = anyhow::Result<Tally>>,
) -> anyhow::Result<(Flow, (Tally, Tally))> {
    let (us, them) = (std::process::id(), server.process());
    let (before, mine) = (Used::by(them)?, Used::by(us)?);
    let done = tokio::try_join!(one, other)?;
    Ok((Flow { server: Used::by(them)?.since(&before), generator: Used::by(us)?.since(&mine) }, done))
}

/// What batches are made of.
#[derive(Clone, Copy)]
enum Source {
    /// Everybody's first visit, once.
    Filling,
    /// New and returning people, until the time is over.
    Mixed,
}

/// Sends batches over some connections, on each the next when the last is answered.
async fn batches(run: &Run, server: &Server, crowd: &Rc<Crowd>, source: Source) -> anyhow::Result<Tally> {
    let next = Rc::new(RefCell::new(0));
    let until = Instant::now() + Duration::from_secs(run.seconds);
    together(run.connections, |index| {
        let (crowd, next, batch) = (crowd.clone(), next.clone(), run.batch);
        let (address, key) = (server.address, server.source());
        async move {
            let mut connection = Connection::open(address).await?;
            let mut author = Author::new(&crowd, 1 + index as u64);
            let mut tally = Tally::default();
            let mut body = Vec::with_capacity(1 << 19);
            loop {
                let events = match source {
                    Source::Filling => {
                        let people = take(&mut next.borrow_mut(), batch, crowd.people);
                        author.first_visits(people.clone(), &mut body);
                        people.end - people.start
                    }
                    Source::Mixed if Instant::now() < until => {
                        author.batch(batch, &mut body);
                        batch
                    }
                    Source::Mixed => 0,
                };
                if events == 0 {
                    return Ok(tally);
                }
                let began = Instant::now();
                send(&mut connection, "/v1/batch", &key, &body, events, &mut tally).await?;
                tally.latencies.push(began.elapsed());
            }
        }
    })
    .await
}

fn take(next: &mut u64, batch: u64, end: u64) -> Range<u64> {
    let start = *next;
    *next = end.min(start + batch);
    start..*next
}

/// Sends until the server takes it. One that is told to come again later does so.
async fn send(
    connection: &mut Connection,
    path: &str,
    key: &str,
    body: &[u8],
    events: u64,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    loop {
        let answer = connection.ask("POST", path, key, body).await?;
        if !matches!(answer.status, 429 | 503) {
            return tally.note(&answer, events);
        }
        tally.refused += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Does the same on so many connections and adds up what comes of it.
async fn together<F>(connections: usize, mut work: impl FnMut(usize) -> F) -> anyhow::Result<Tally>
where
    F: Future<Output = anyhow::Result<Tally>> + 'static,
{
    let local = tokio::task::LocalSet::new();
    let mut tasks = JoinSet::new();
    for index in 0..connections {
        tasks.spawn_local_on(work(index), &local);
    }
    local
        .run_until(async {
            let mut all = Tally::default();
            while let Some(done) = tasks.join_next().await {
                all.add(done??);
            }
            Ok(all)
        })
        .await
}

/// The moments at which something was meant to be sent, shared by those who send.
type Jobs = Rc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Instant>>>;

/// Meant to be sent at a fixed rate, whether answers come or not: whoever waits for an answer does not stop the others
/// from coming, and how long something took is counted from when it was meant to be sent.
async fn open_loop<F>(
    rate: u64,
    length: Duration,
    connections: usize,
    work: impl Fn(usize, Jobs) -> F,
) -> anyhow::Result<Tally>
where
    F: Future<Output = anyhow::Result<Tally>> + 'static,
{
    if rate == 0 {
        return Ok(Tally::default());
    }
    let (meant, jobs) = mpsc::unbounded_channel();
    let jobs: Jobs = Rc::new(tokio::sync::Mutex::new(jobs));
    // A thread of its own, since the timers of the runtime are good to a millisecond only.
    let pacer = std::thread::spawn(move || {
        let start = Instant::now() + Duration::from_millis(50);
        for number in 0..rate * length.as_secs() {
            let at = start + Duration::from_nanos(number * 1_000_000_000 / rate);
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if meant.send(at).is_err() {
                return;
            }
        }
    });
    let done = together(connections, |index| work(index, jobs.clone())).await;
    drop(jobs);
    pacer.join().map_err(|_| anyhow::anyhow!("the pacing thread panicked"))?;
    done
}

fn single_events(
    server: &Server,
    crowd: &Rc<Crowd>,
    seed: u64,
    jobs: Jobs,
) -> impl Future<Output = anyhow::Result<Tally>> + 'static {
    let (address, key, crowd) = (server.address, server.source(), crowd.clone());
    async move {
        let mut connection = Connection::open(address).await?;
        let mut author = Author::new(&crowd, seed);
        let mut tally = Tally::default();
        let mut body = Vec::with_capacity(1 << 11);
        loop {
            let job = jobs.lock().await.recv().await;
            let Some(meant) = job else { return Ok(tally) };
            let path = format!("/v1/{}", author.single(&mut body).word());
            send(&mut connection, &path, &key, &body, 1, &mut tally).await?;
            tally.latencies.push(meant.elapsed());
        }
    }
}

fn lookups(
    server: &Server,
    crowd: &Rc<Crowd>,
    seed: u64,
    jobs: Jobs,
) -> impl Future<Output = anyhow::Result<Tally>> + 'static {
    let (address, token, crowd) = (server.address, server.admin(), crowd.clone());
    async move {
        let mut connection = Connection::open(address).await?;
        let mut dice = Dice::new(seed);
        let mut tally = Tally::default();
        loop {
            let job = jobs.lock().await.recv().await;
            let Some(meant) = job else { return Ok(tally) };
            let person = crowd.registered(&mut dice);
            let path = format!("/api/v1/profiles/lookup?namespace=user_id&value=u-{person}");
            let answer = connection.ask("GET", &path, &token, b"").await?;
            if answer.status != 200 {
                tally
                    .faults
                    .push(format!("u-{person} was acknowledged, and a look-up answers {}", answer.status));
            }
            tally.latencies.push(meant.elapsed());
        }
    }
}

async fn get(address: SocketAddr, token: &str, path: &str) -> anyhow::Result<Value> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask("GET", path, token, b"").await?;
    if answer.status != 200 {
        bail!("{path} answers {}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(serde_json::from_slice(answer.body)?)
}

/// What the server says of itself must be what was sent to it.
async fn check(server: &Server, crowd: &Crowd, accepted: u64, report: &mut Report) -> anyhow::Result<()> {
    let stats = get(server.address, &server.admin(), "/api/v1/stats").await?;
    let programs = get(server.address, &server.admin(), "/api/v1/programs").await?;
    let runs: u64 =
        programs[0]["runs"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
    for (what, said, meant) in [
        ("events", stats["events"].as_u64(), accepted),
        ("duplicates", stats["duplicates"].as_u64(), 0),
        ("quarantined", stats["quarantined"].as_u64(), 0),
        ("people", stats["people"].as_u64(), crowd.everybody()),
        ("runs of the program", Some(runs), crowd.runs()),
    ] {
        if said != Some(meant) {
            let said = said.map_or("nothing".to_owned(), |said| said.to_string());
            report.faults.push(format!("{what}: the server says {said}, and it must be {meant}"));
        }
    }
    report.events = accepted;
    report.people = crowd.everybody();
    report.runs = runs;
    Ok(())
}
