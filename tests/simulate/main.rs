//! The simulation: whole worlds of phones, a server, their disks, clocks and network, each under one
//! seed. The phone's core, the server's routes, sequencer and store, and SQLite are the real ones;
//! time, chance, network and disks are ours.
//!
//! ```text
//! cargo build --profile ci -p xuncha-tests
//! target/ci/simulate --seeds 500            # a table of what went wrong and how often
//! target/ci/simulate --seed 17 --trace      # one world, and everything that happened in it
//! target/ci/simulate --stories              # what chance rarely puts together
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod city;
mod clock;
mod disk;
mod fault;
mod phone;
mod run;
mod truth;
mod wire;
mod world;

use std::process::ExitCode;

use clap::Parser;

use fault::Fault;

/// Plays worlds and says which of them failed.
#[derive(Debug, Clone, Parser)]
#[command(name = "simulate")]
pub(crate) struct Arguments {
    /// How many worlds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this world.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps of each world.
    #[arg(long, default_value_t = 120)]
    steps: usize,
    /// Worlds that are played at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: u64,
    /// Faults that do not happen.
    #[arg(long, value_name = "FAULT", value_parser = fault_named)]
    without: Vec<Fault>,
    /// Play the stories instead: what chance rarely puts together, at every place where it can happen.
    #[arg(long)]
    stories: bool,
    /// Print everything that happens.
    #[arg(long)]
    trace: bool,
    /// Play each world twice, and fail when they differ.
    #[arg(long)]
    twice: bool,
    /// Every fault must have been met so often.
    #[arg(long, value_name = "TIMES")]
    each: Option<u64>,
    /// Stop at the first world that fails, and do not shorten it.
    #[arg(long)]
    first: bool,
    /// Play as one of the processes; given by the first one.
    #[arg(long, hide = true)]
    worker: bool,
}

fn fault_named(name: &str) -> Result<Fault, String> {
    let names = || fault::ALL.map(Fault::name).join(", ");
    Fault::named(name).ok_or_else(|| format!("one of {}", names()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.worker { run::work(&arguments) } else { run::lead(&arguments) }
}
