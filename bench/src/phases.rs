//! The phases of a run: filling, batches, single events; then the check.

use crate::{
    Run,
    http::Connection,
    load::{Author, Crowd, Dice},
    report::{Flow, Phase, Report},
    send::{Batches, Jobs, Source, Tally, batches, get, open_loop, send},
    server::{Server, Used, peak_memory},
};
use anyhow::Context;
use std::{future::Future, rc::Rc, time::Duration};

/// Over how many connections single events are sent; enough that one which waits holds up no other.
const SINGLE_CONNECTIONS: usize = 64;
const LOOKUP_CONNECTIONS: usize = 8;

/// Everything, in order.
pub async fn measure(run: &Run, server: &mut Server) -> anyhow::Result<Report> {
    let crowd = Rc::new(Crowd::new(run.people));
    let mut report = Report { batch: run.batch, connections: run.connections, ..Report::default() };
    let mut accepted = 0;

    let how =
        Batches { batch: run.batch, connections: run.connections, length: Duration::from_secs(run.seconds) };
    let filled = timed(server, batches(how, server, &crowd, Source::Filling)).await?;
    accepted += filled.1.accepted;
    report.filling = phase(filled, run.batch, &mut report.faults);

    let sent = timed(server, batches(how, server, &crowd, Source::Mixed)).await?;
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

/// What the server says of itself must be what was sent to it.
async fn check(server: &Server, crowd: &Crowd, accepted: u64, report: &mut Report) -> anyhow::Result<()> {
    let stats = get(server, "/api/v1/stats").await?;
    let programs = get(server, "/api/v1/programs").await?;
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
