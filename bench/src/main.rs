//! Load on a Crowsnest of its own: how much it takes in, how soon it answers, what that costs.
//!
//! - [`load`] — the events: who, what, in which words
//! - [`definitions`] — segments, metrics and programs in any number
//! - [`http`] — one connection, no more than is needed
//! - [`server`] — the server under test, its workspace, its process
//! - [`phases`] — filling, batches, single events
//! - [`report`] — what came of it, for people and for programs

mod definitions;
mod http;
mod load;
mod phases;
mod report;
mod server;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use std::{path::PathBuf, process::ExitCode};

/// Load on a Crowsnest of its own.
#[derive(Debug, Parser)]
#[command(name = "crowsnest-bench", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(Run),
}

/// Start a fresh Crowsnest, put load on it, print what came of it, and check that nothing was lost or counted twice.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example: crowsnest-bench run --seconds 20 --json")]
pub struct Run {
    /// How long batches are sent; single events are sent for half as long.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub seconds: u64,
    /// How many people are known before the clock starts.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    pub people: u64,
    /// How many events a batch has.
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=2_500))]
    pub batch: u64,
    /// Over how many connections batches are sent, each waiting for its answer before it sends the next.
    #[arg(long, value_name = "C", default_value_t = 24)]
    pub connections: usize,
    /// How many single events are sent in a second, whether answers come or not.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    pub rate: u64,
    /// How many people are looked up in a second beside them.
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub lookups: u64,
    /// How many segments there are; each asks about events or traits.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub segments: usize,
    /// How many metrics there are.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub metrics: usize,
    /// How many programs there are besides the one that is counted.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub programs: usize,
    /// The server; the `crowsnest` beside this program if not said.
    #[arg(long, value_name = "BIN")]
    pub server: Option<PathBuf>,
    /// Where the server keeps its data while it is measured: a folder on the disk that you mean to use.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

fn main() -> ExitCode {
    let Command::Run(run) = Cli::parse().command;
    match measure(&run) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One run. False when the server's numbers are not what was sent.
fn measure(run: &Run) -> anyhow::Result<bool> {
    // One thread: the generator must not take more of the machine than it needs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        let mut server = server::Server::start(run).await.context("the server does not start")?;
        let measured = phases::measure(run, &mut server).await;
        if measured.is_err() {
            server.kill().await;
        }
        measured
    })?;
    if run.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    for fault in &report.faults {
        eprintln!("WRONG: {fault}");
    }
    Ok(report.faults.is_empty())
}
