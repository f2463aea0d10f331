//! Makes up customers, and says how well they were matched.

use clap::{Parser, Subcommand};
use crowsnest_bench_identity::{
    generate::{Generate, generate},
    score::{Score, score},
};
use std::process::ExitCode;

/// Made-up customers with dirty records, and how well and how fast they are matched.
#[derive(Debug, Parser)]
#[command(name = "crowsnest-bench-identity", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    Score(Score),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Generate(what) => generate(&what),
        Command::Score(what) => score(&what),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
