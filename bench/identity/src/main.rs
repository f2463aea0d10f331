//! Makes up customers, and says how well they were matched.

use clap::{Parser, Subcommand};
use crowsnest_bench_identity::{
    generate::{Generate, generate},
    score::{Score, score},
};

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

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Generate(what) => generate(&what),
        Command::Score(what) => score(&what),
    }
}
