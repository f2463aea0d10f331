//! Sending: in batches as fast as answers come, or at a fixed rate whether they come or not.

use crate::{
    http::{Answer, Connection},
    load::{Author, Crowd},
    report::Latencies,
    server::Server,
};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;
use std::{
    cell::RefCell,
    fmt,
    future::Future,
    ops::Range,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, task::JoinSet};

/// What a source is answered.
#[derive(Debug, Default, Deserialize)]
struct Receipt {
    accepted: u64,
    duplicates: u64,
    quarantined: u64,
}

/// What was acknowledged in a phase, and how soon.
#[derive(Debug, Default)]
pub struct Tally {
    pub latencies: Latencies,
    pub accepted: u64,
    pub refused: u64,
    pub faults: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latencies.add(other.latencies);
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.faults.extend(other.faults);
    }

    /// Notes what the server said to so many new events.
    pub fn note(&mut self, answer: &Answer<'_>, events: u64) -> anyhow::Result<()> {
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

/// What batches are made of.
#[derive(Clone, Copy)]
pub enum Source {
    /// Everybody's first visit, once.
    Filling,
    /// New and returning people, until the time is over.
    Mixed,
}

/// How batches are sent.
#[derive(Debug, Clone, Copy)]
pub struct Batches {
    /// Events in one.
    pub batch: u64,
    /// Over how many connections.
    pub connections: usize,
    /// For how long; everybody's first visits are sent however long it takes.
    pub length: Duration,
}

/// Sends batches over some connections, on each the next when the last is answered.
pub async fn batches(
    Batches { batch, connections, length }: Batches,
    server: &Server,
    crowd: &Rc<Crowd>,
    source: Source,
) -> anyhow::Result<Tally> {
    let next = Rc::new(RefCell::new(0));
    let until = Instant::now() + length;
    together(connections, |index| {
        let (crowd, next) = (crowd.clone(), next.clone());
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

/// So many people are told of in one batch, over so many connections, where they are only to be there.
const FILLED_AT_ONCE: u64 = 500;
const FILLING: usize = 8;

/// Tells of so many people, each by one event that `write` writes.
pub async fn fill(
    server: &Server,
    people: u64,
    write: fn(&mut String, u64) -> fmt::Result,
) -> anyhow::Result<Tally> {
    let next = Rc::new(RefCell::new(0));
    together(FILLING, |_| {
        let (address, key, next) = (server.address, server.source(), next.clone());
        async move {
            let mut connection = Connection::open(address).await?;
            let mut tally = Tally::default();
            loop {
                let taken = take(&mut next.borrow_mut(), FILLED_AT_ONCE, people);
                let events = taken.end - taken.start;
                if events == 0 {
                    return Ok(tally);
                }
                let mut body = String::from("{\"batch\":[");
                for person in taken.clone() {
                    body.push_str(if person == taken.start { "" } else { "," });
                    write(&mut body, person)?;
                }
                body.push_str("]}");
                send(&mut connection, "/v1/batch", &key, body.as_bytes(), events, &mut tally).await?;
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
pub async fn send(
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
pub async fn together<F>(connections: usize, mut work: impl FnMut(usize) -> F) -> anyhow::Result<Tally>
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
pub type Jobs = Rc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Instant>>>;

/// Meant to be sent at a fixed rate, whether answers come or not: whoever waits for an answer does not stop the others
/// from coming, and how long something took is counted from when it was meant to be sent.
pub async fn open_loop<F>(
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

/// Asks the server something as its administrator.
pub async fn get(server: &Server, path: &str) -> anyhow::Result<Value> {
    let mut connection = Connection::open(server.address).await?;
    let answer = connection.ask("GET", path, &server.admin(), b"").await?;
    if answer.status != 200 {
        bail!("{path} answers {}: {}", answer.status, String::from_utf8_lossy(answer.body));
    }
    Ok(serde_json::from_slice(answer.body)?)
}
