//! The crowsnest binary: one process that collects, knows, decides and sends; and the commands that talk to it.

#[macro_use]
mod output;
mod client;
mod commands;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Collect every touch, know each customer once, do the next best thing in time.
#[derive(Debug, Parser)]
#[command(
    name = "crowsnest",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done; 1 it failed; 2 the command line is not right; 3 there is nothing by that name; \
                  4 refused as things stand; 5 the definitions have problems; 6 the server cannot be reached.\n\n\
                  Example: crowsnest serve --data ./data --workspace examples/harbor-motors"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(commands::serve::Serve),
    Demo(commands::demo::Demo),
    Import(commands::import::Import),
    Apply(commands::definitions::Apply),
    Diff(commands::definitions::Diff),
    Export(commands::definitions::Export),
    Profile(commands::profile::Profile),
    Household(commands::household::Household),
    Identity(commands::identity::Identity),
    Quarantine(commands::quarantine::Quarantine),
    Send(commands::send::Send),
    Program(commands::program::Program),
    Segment(commands::segment::Segment),
    Metric(commands::segment::Metric),
    Overlap(commands::overlap::Overlap),
    Catalogue(commands::catalogue::Catalogue),
    Task(commands::task::Task),
    Deliveries(commands::deliveries::Deliveries),
    Budget(commands::budget::Budget),
    Email(commands::email::Email),
    Letters(commands::letters::Letters),
    Webhook(commands::webhook::Webhook),
    Sources(commands::sources::Sources),
    Stats(commands::sources::Stats),
    Suppress(commands::suppress::Suppress),
    Doctor(commands::doctor::Doctor),
    Backup(commands::backup::Backup),
}

fn main() -> ExitCode {
    // The fault points that the environment names, for the tests that kill the process at them.
    #[cfg(feature = "faults")]
    let _faults = fail::FailScenario::setup();
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(command) => command.run(),
        Command::Demo(command) => command.run(),
        Command::Import(command) => command.run(),
        Command::Apply(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Export(command) => command.run(),
        Command::Profile(command) => command.run(),
        Command::Household(command) => command.run(),
        Command::Identity(command) => command.run(),
        Command::Quarantine(command) => command.run(),
        Command::Send(command) => command.run(),
        Command::Program(command) => command.run(),
        Command::Segment(command) => command.run(),
        Command::Metric(command) => command.run(),
        Command::Overlap(command) => command.run(),
        Command::Catalogue(command) => command.run(),
        Command::Task(command) => command.run(),
        Command::Deliveries(command) => command.run(),
        Command::Budget(command) => command.run(),
        Command::Email(command) => command.run(),
        Command::Letters(command) => command.run(),
        Command::Webhook(command) => command.run(),
        Command::Sources(command) => command.run(),
        Command::Stats(command) => command.run(),
        Command::Suppress(command) => command.run(),
        Command::Doctor(command) => command.run(),
        Command::Backup(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(commands::exit_code(&error))
        }
    }
}
