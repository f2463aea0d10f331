//! From the moment at which a timer is due to the hand-over of the message that it was for, with many more timers waiting.

use crate::{
    Measured, Setting,
    http::Connection,
    load::now,
    post_office::{self, Arrivals},
    report::{Latencies, Summary, count, heading, row},
    send::{Jobs, Tally, fill, open_loop, send},
    server::{Server, files_mailing_by},
};
use anyhow::ensure;
use clap::Args;
use crowsnest_model::Time;
use serde::Serialize;
use std::{
    cell::RefCell,
    collections::HashMap,
    fmt,
    fmt::Write,
    rc::Rc,
    time::{Duration, Instant},
};

const CONNECTIONS: usize = 16;
/// How long those wait whose timers come due.
const WAIT: i64 = 5_000;

const DEFINITIONS: &str = r#"topic: orders
title: Orders
service: true
---
program: patient
trigger: { event: Brochure Ordered }
steps:
  - wait: 30d
  - send: { channel: email, template: cart-reminder, topic: orders }
---
program: prompt
trigger: { event: Test Drive Booked }
steps:
  - wait: 5s
  - send: { channel: email, template: cart-reminder, topic: orders }
"#;

/// Start a fresh Crowsnest with many timers waiting, let others come due at a fixed rate, and measure how long it takes from the
/// moment at which each is due until its message has been handed over to an SMTP server on this machine.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench timers --waiting 1000000 --rate 50 --seconds 60")]
pub struct Timers {
    /// How many timers wait meanwhile.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub waiting: u64,
    /// How many timers come due in a second.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub rate: u64,
    /// For how long.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub seconds: u64,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Timers that wait.
    pub waiting: u64,
    /// How many of them were set in a second.
    pub set_per_second: f64,
    /// From due to handed over.
    pub handed_over: Summary,
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
        heading(f, "messages")?;
        row(f, "due → handed over", &count(self.handed_over.count as u64), &self.handed_over)?;
        let (waiting, rate) = (count(self.waiting), count(self.set_per_second as u64));
        writeln!(f, "\nwhile {waiting} timers waited, which had been set at {rate} in a second")
    }
}

/// When each message was due, by its address.
type Due = Rc<RefCell<HashMap<String, Time>>>;

impl Timers {
    /// Starts everything and measures.
    pub fn run(&self) -> anyhow::Result<bool> {
        let local = tokio::task::LocalSet::new();
        let report = crate::runtime()?.block_on(local.run_until(async {
            let (address, arrivals) = post_office::open().await?;
            let mut server =
                Server::start(&self.setting, files_mailing_by(DEFINITIONS, address, "")?).await?;
            let measured = self.measure(&server, &arrivals).await;
            match &measured {
                Ok(_) => drop(server.stop().await?),
                Err(_) => server.kill().await,
            }
            measured
        }))?;
        crate::print(&self.setting, &report)
    }

    async fn measure(&self, server: &Server, arrivals: &Arrivals) -> anyhow::Result<Report> {
        let began = Instant::now();
        let set = fill(server, self.waiting, write_order).await?;
        let set_per_second = set.accepted as f64 / began.elapsed().as_secs_f64();
        let due = Due::default();
        let length = Duration::from_secs(self.seconds);
        let sent =
            open_loop(self.rate, length, CONNECTIONS, |index, jobs| book(server, index, due.clone(), jobs));
        let faults = sent.await?.faults;
        let expected = due.borrow().len();
        // They are due by now but for the last seconds.
        let patience = Instant::now() + Duration::from_secs(60);
        while arrivals.borrow().len() < expected {
            ensure!(
                Instant::now() < patience,
                "of {expected} messages {} came within a minute after the last was due",
                arrivals.borrow().len()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut report =
            Report { waiting: self.waiting, set_per_second, handed_over: Summary::default(), faults };
        let mut latencies = Latencies::default();
        for (address, due) in due.borrow().iter() {
            match arrivals.borrow().get(address).map(Vec::as_slice) {
                Some([came]) if came >= due => {
                    latencies.push(Duration::from_millis(came.since(*due).0.unsigned_abs()));
                }
                other => report.faults.push(format!("{address}: due at {due}, came at {other:?}")),
            }
        }
        report.handed_over = latencies.summary();
        Ok(report)
    }
}

fn write_order(body: &mut String, person: u64) -> fmt::Result {
    write!(
        body,
        r#"{{"type":"track","event":"Brochure Ordered","userId":"w-{person}","messageId":"w-{person}"}}"#
    )
}

/// Somebody with an address books a test drive.
fn book(
    server: &Server,
    index: usize,
    due: Due,
    jobs: Jobs,
) -> impl Future<Output = anyhow::Result<Tally>> + 'static {
    let (address, key) = (server.address, server.source());
    async move {
        let mut connection = Connection::open(address).await?;
        let mut tally = Tally::default();
        for number in 0.. {
            let job = jobs.lock().await.recv().await;
            if job.is_none() {
                break;
            }
            let mail = format!("driver-{index}-{number}@mail.example");
            let time = Time(now());
            due.borrow_mut().insert(mail.clone(), Time(time.0 + WAIT));
            let body = format!(
                r#"{{"batch":[
                {{"type":"identify","userId":"{mail}","traits":{{"email":"{mail}"}},"messageId":"i-{mail}"}},
                {{"type":"track","event":"Test Drive Booked","userId":"{mail}","messageId":"b-{mail}","timestamp":"{time}"}}]}}"#
            );
            send(&mut connection, "/v1/batch", &key, body.as_bytes(), 2, &mut tally).await?;
        }
        Ok(tally)
    }
}
