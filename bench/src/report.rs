//! What came of a run: for people as a table, for programs as JSON.

use crate::server::Spent;
use serde::Serialize;
use std::{fmt, time::Duration};

/// How long things took, each of them: so percentiles are exact, and an hour of single events is some megabytes.
#[derive(Debug, Default)]
pub struct Latencies(Vec<u32>);

/// The share of things that took at most so long, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Summary {
    /// How many there were.
    pub count: usize,
    /// Half of them.
    pub p50: f64,
    /// Ninety-nine of a hundred.
    pub p99: f64,
    /// All but one of a thousand.
    pub p999: f64,
    /// All of them.
    pub most: f64,
}

impl Latencies {
    /// Notes one.
    pub fn push(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// Notes others.
    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What they say together.
    pub fn summary(mut self) -> Summary {
        self.0.sort_unstable();
        let at = |share: f64| {
            // The nearest rank: the smallest that is not exceeded by that share.
            let rank = (share * self.0.len() as f64).ceil() as usize;
            self.0.get(rank.saturating_sub(1)).map_or(0.0, |micros| f64::from(*micros) / 1_000.0)
        };
        Summary { count: self.0.len(), p50: at(0.5), p99: at(0.99), p999: at(0.999), most: at(1.0) }
    }
}

/// What both sides used of the processors.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Flow {
    /// The server.
    pub server: Spent,
    /// The generator.
    pub generator: Spent,
}

/// One phase.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Phase {
    /// Events acknowledged.
    pub events: u64,
    /// In a second.
    pub events_per_second: f64,
    /// Requests.
    pub requests: u64,
    /// Requests that were sent away and came again.
    pub refused: u64,
    /// Of a request, in milliseconds.
    pub latency: Summary,
    /// Of the server, in microseconds.
    pub cpu_micros_per_event: f64,
    /// What it cost.
    pub flow: Flow,
}

/// Everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Events in a batch.
    pub batch: u64,
    /// Connections over which batches came.
    pub connections: usize,
    /// Everybody's first visit.
    pub filling: Phase,
    /// Batches of new and returning people.
    pub batches: Phase,
    /// Single events, at a fixed rate.
    pub singles: Phase,
    /// Look-ups beside them.
    pub lookups: Summary,
    /// Events acknowledged, of all phases.
    pub events: u64,
    /// People.
    pub people: u64,
    /// Runs of the program.
    pub runs: u64,
    /// The most memory the server had, in bytes.
    pub peak_memory: u64,
    /// What its data folder had after it stopped, in bytes.
    pub disk_bytes: u64,
    /// The same, for each event.
    pub disk_bytes_per_event: f64,
    /// Of the generator, in seconds, from its start to its end.
    pub generator_cpu: f64,
    /// What is not as it must be. Empty when all is well.
    pub faults: Vec<String>,
}

impl crate::Measured for Report {
    fn faults(&self) -> &[String] {
        &self.faults
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        heading(f, "events/s")?;
        let batch = self.batch;
        row(f, &format!("first visits, {batch} a batch"), &rate(&self.filling), &self.filling.latency)?;
        row(f, &format!("batches of {batch}"), &rate(&self.batches), &self.batches.latency)?;
        row(f, "single events", &rate(&self.singles), &self.singles.latency)?;
        row(f, "look-ups beside them", "", &self.lookups)?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<26}{:>12}{:>12}{:>14}{:>12}",
            "processors", "server", "of which", "an event", "generator"
        )?;
        for (name, phase) in
            [("first visits", &self.filling), ("batches", &self.batches), ("single events", &self.singles)]
        {
            let flow = &phase.flow;
            writeln!(
                f,
                "{name:<26}{:>10.1} s{:>12}{:>11.1} µs{:>10.1} s",
                flow.server.cpu, "", phase.cpu_micros_per_event, flow.generator.cpu
            )?;
            for (thread, seconds) in &flow.server.by_thread {
                writeln!(f, "  {thread:<24}{:>12}{seconds:>10.1} s", "")?;
            }
        }
        writeln!(f)?;
        let refused = self.batches.refused + self.singles.refused + self.filling.refused;
        writeln!(f, "{:<26}{:>12}", "events acknowledged", count(self.events))?;
        writeln!(f, "{:<26}{:>12}", "people", count(self.people))?;
        writeln!(f, "{:<26}{:>12}", "runs of the program", count(self.runs))?;
        writeln!(f, "{:<26}{:>12}", "requests sent away", count(refused))?;
        writeln!(f, "{:<26}{:>8} MiB", "most memory", self.peak_memory >> 20)?;
        writeln!(
            f,
            "{:<26}{:>8} MiB, {:.0} bytes an event",
            "on disk",
            self.disk_bytes >> 20,
            self.disk_bytes_per_event
        )?;
        if self.faults.is_empty() {
            writeln!(
                f,
                "\nThe server's counts of events, duplicates, people and runs are exactly what was sent."
            )?;
        }
        Ok(())
    }
}

/// The first line of a table of how long things took.
pub fn heading(f: &mut fmt::Formatter<'_>, of: &str) -> fmt::Result {
    writeln!(f, "{:<34}{of:>12}{:>10}{:>10}{:>10}{:>10}", "", "p50", "p99", "p99.9", "most")
}

/// A line of it.
pub fn row(f: &mut fmt::Formatter<'_>, name: &str, of: &str, took: &Summary) -> fmt::Result {
    let [p50, p99, p999, most] = [took.p50, took.p99, took.p999, took.most].map(|ms| format!("{ms:.1} ms"));
    writeln!(f, "{name:<34}{of:>12}{p50:>10}{p99:>10}{p999:>10}{most:>10}")
}

fn rate(phase: &Phase) -> String {
    count(phase.events_per_second as u64)
}

/// A count with thousands set apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let mut latencies = Latencies::default();
        for millis in (1..=1_000).rev() {
            latencies.push(Duration::from_millis(millis));
        }
        let summary = latencies.summary();
        assert_eq!([summary.p50, summary.p99, summary.p999, summary.most], [500.0, 990.0, 999.0, 1_000.0]);
        assert_eq!(Latencies::default().summary().count, 0);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
    }
}
