//! Load on a Crowsnest of its own: how much it takes in, how soon it answers, what that costs.
//!
//! - [`load`] — the events: who, what, in which words
//! - [`definitions`] — segments, metrics and programs in any number
//! - [`http`] — one connection, no more than is needed
//! - [`server`] — the server under test, its workspace, its process
//! - [`send`] — in batches, or at a fixed rate
//! - [`phases`] — filling, batches, single events
//! - [`reaction`] — from an event to the segment and the program that follow from it
//! - [`timers`] — from the moment at which a timer is due to the hand-over, with many more waiting
//! - [`mail`] — a broadcast, from its launch to the last hand-over
//! - [`new_segment`] — from a new definition to its members, with many people known
//! - [`matching`] — people who are alike, among many
//! - [`overlap`] — who is known to what, of many people
//! - [`report`] — what came of it, for people and for programs

mod definitions;
mod http;
mod load;
mod mail;
mod matching;
mod new_segment;
mod overlap;
mod phases;
mod post_office;
mod reaction;
mod report;
mod send;
mod server;
mod timers;

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
    Reaction(reaction::Reaction),
    Timers(timers::Timers),
    Mail(mail::Mail),
    Segment(new_segment::NewSegment),
    Overlap(overlap::Overlap),
    Matching(matching::Matching),
}

/// The server that is measured, and how that is said.
#[derive(Debug, Clone, Args)]
pub struct Setting {
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

/// So many definitions besides.
#[derive(Debug, Clone, Args)]
pub struct Definitions {
    /// How many segments there are; each asks about events or traits.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub segments: usize,
    /// How many metrics there are.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub metrics: usize,
    /// How many programs there are besides those that are measured.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub programs: usize,
}

impl Definitions {
    fn yaml(&self) -> String {
        definitions::yaml(self.segments, self.metrics, self.programs)
    }
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
    /// Live definitions.
    #[command(flatten)]
    pub definitions: Definitions,
    /// The server.
    #[command(flatten)]
    pub setting: Setting,
}

/// What a measurement says.
pub trait Measured: serde::Serialize + std::fmt::Display {
    /// What is not as it must be. Empty when all is well.
    fn faults(&self) -> &[String];
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(run) => {
            measure(&run.setting, &run.definitions.yaml(), async |server| phases::measure(&run, server).await)
        }
        Command::Reaction(reaction) => {
            let more = reaction.definitions.yaml();
            let definitions = match more.is_empty() {
                true => reaction::DEFINITIONS.to_owned(),
                false => format!("{}---\n{more}", reaction::DEFINITIONS),
            };
            measure(&reaction.setting, &definitions, async |server| reaction.measure(server).await)
        }
        Command::Timers(timers) => timers.run(),
        Command::Mail(mail) => mail.run(),
        Command::Segment(segment) => {
            measure(&segment.setting, "", async |server| segment.measure(server).await)
        }
        Command::Matching(matching) => {
            measure(&matching.setting, &matching.definitions(), async |server| matching.measure(server).await)
        }
        Command::Overlap(overlap) => {
            measure(&overlap.setting, overlap::DEFINITIONS, async |server| overlap.measure(server).await)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One run against a fresh server. False when its numbers are not what was sent.
fn measure<M: Measured>(
    setting: &Setting,
    definitions: &str,
    work: impl AsyncFnOnce(&mut server::Server) -> anyhow::Result<M>,
) -> anyhow::Result<bool> {
    let files = server::files(definitions);
    runtime()?.block_on(async {
        let mut server = server::Server::start(setting, files).await.context("the server does not start")?;
        let measured = work(&mut server).await;
        if measured.is_err() {
            server.kill().await;
        }
        print(setting, &measured?)
    })
}

/// One thread: the generator must not take more of the machine than it needs.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn print(setting: &Setting, report: &impl Measured) -> anyhow::Result<bool> {
    if setting.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    for fault in report.faults() {
        eprintln!("WRONG: {fault}");
    }
    Ok(report.faults().is_empty())
}
