//! Playing many worlds: processes of their own, each with its disks; what they say is summed up.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use serde::{Deserialize, Serialize};
use xuncha_core::host::Host;
use xuncha_core::model::Hash;

use super::Arguments;
use super::disk::{self, Disk};
use super::fault::{self, Fault, Faults};
use super::world::World;

/// How one world went.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Played {
    seed: u64,
    /// Why it failed.
    failed: Option<String>,
    /// Hash of its trace.
    hash: String,
    /// Faults met.
    met: BTreeMap<String, u64>,
    /// The last of what happened, when it failed.
    trace: Vec<String>,
}

/// Steps of a failed world that are shown.
const SHOWN: usize = 30;

/// Plays the worlds that were asked for, in this process.
pub(crate) fn work(arguments: &Arguments) -> ExitCode {
    let disk = Disk::of_this_process();
    let last: Arc<Mutex<String>> = Arc::default();
    let kept = last.clone();
    std::panic::set_hook(Box::new(move |panic| *kept.lock().unwrap() = panic.to_string()));
    let seeds: Vec<u64> = match arguments.seed {
        _ if arguments.stories => vec![0],
        Some(seed) => vec![seed],
        None => (arguments.from..)
            .step_by(usize::try_from(arguments.jobs).unwrap())
            .take(usize::try_from(arguments.seeds).unwrap())
            .collect(),
    };
    for seed in seeds {
        let mut played = play(seed, arguments, &disk, &last);
        if arguments.twice && played.failed.is_none() {
            let again = play(seed, arguments, &disk, &last);
            if again.hash != played.hash {
                let differ = played.trace.iter().zip(&again.trace).find(|(one, other)| one != other);
                played.failed = Some(format!("played twice, it went differently: {differ:?}"));
            }
        }
        if !arguments.trace {
            let shown = played.trace.len().saturating_sub(if played.failed.is_some() { SHOWN } else { 0 });
            played.trace.drain(..shown);
        }
        let failed = played.failed.is_some();
        println!("{}", serde_json::to_string(&played).unwrap());
        if failed && arguments.first {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn play(seed: u64, arguments: &Arguments, disk: &Disk, last: &Mutex<String>) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let faults = Arc::new(Faults::without(&arguments.without));
    let (counted, mut trace) = (faults.clone(), Vec::new());
    let played = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            if arguments.stories {
                World::full_for_a_moment(disk).await;
                World::dead_and_then_dark(disk).await;
                return Ok(());
            }
            let mut world = World::new(seed, faults, disk).await;
            let lived = AssertUnwindSafe(async {
                for _ in 0..arguments.steps {
                    world.step().await;
                }
                world.end().await;
            });
            let outcome = futures_util::FutureExt::catch_unwind(lived).await;
            trace = world.trace();
            world.close();
            outcome
        })
    }));
    let failed = match played {
        Ok(Ok(())) => None,
        Ok(Err(_)) | Err(_) => Some(last.lock().unwrap().clone()),
    };
    let hash = Hash::of(trace.join("\n").as_bytes()).to_string();
    Played { seed, failed, hash, met: counted.table(), trace }
}

/// Starts the processes, sums up what they say and shows it.
pub(crate) fn lead(arguments: &Arguments) -> ExitCode {
    let room = tempfile::TempDir::with_prefix_in("xuncha-", disk::room()).unwrap();
    let library = disk::build(room.path());
    let host = Host::system();
    let began = host.clock.mono();
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    let (mut count, mut failed) = (0, Vec::new());
    for played in all_of(arguments, room.path(), &library) {
        count += 1;
        for (fault, times) in &played.met {
            *met.entry(fault.clone()).or_default() += times;
        }
        if arguments.trace {
            println!("{}\n{}", played.trace.join("\n"), played.hash);
        }
        if played.failed.is_some() {
            failed.push(played);
        }
    }
    if arguments.stories {
        let why = failed.first().and_then(|played: &Played| played.failed.as_deref());
        println!("{}", why.unwrap_or("the stories hold"));
        return if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    println!("{:<18} {:>8}", "fault", "met");
    for fault in fault::ALL {
        println!("{:<18} {:>8}", fault.name(), met.get(&fault.name()).copied().unwrap_or(0));
    }
    println!(
        "{count} worlds of {} steps in {} s, {} failed",
        arguments.steps,
        (host.clock.mono() - began) / 1_000,
        failed.len()
    );
    for played in failed.iter().take(5) {
        report(played, arguments, room.path(), &library);
    }
    let rare: Vec<String> = fault::ALL
        .map(Fault::name)
        .into_iter()
        .filter(|name| arguments.each.is_some_and(|each| met.get(name).copied().unwrap_or(0) < each))
        .collect();
    if !rare.is_empty() {
        println!("met too seldom: {}", rare.join(", "));
    }
    if failed.is_empty() && rare.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What every process says of its worlds, as it comes.
fn all_of(arguments: &Arguments, room: &Path, library: &Path) -> Vec<Played> {
    let jobs =
        if arguments.seed.is_some() || arguments.stories { 1 } else { arguments.jobs.min(arguments.seeds.max(1)) };
    let (give, take) = mpsc::channel();
    let mut hands = Vec::new();
    for job in 0..jobs {
        let share = arguments.seeds / jobs + u64::from(job < arguments.seeds % jobs);
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--worker").args(["--from", &(arguments.from + job).to_string(), "--seeds", &share.to_string()]);
        command.args(["--jobs", &jobs.to_string(), "--steps", &arguments.steps.to_string()]);
        for fault in &arguments.without {
            command.args(["--without", &fault.name()]);
        }
        let flags = [
            ("--stories", arguments.stories),
            ("--trace", arguments.trace),
            ("--twice", arguments.twice),
            ("--first", arguments.first),
        ];
        command.args(flags.into_iter().filter(|(_, set)| *set).map(|(flag, _)| flag));
        if let Some(seed) = arguments.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        command.env("LD_PRELOAD", library).env(disk::VARIABLE, room.join(format!("disks-{job}")));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (lines, give) = (BufReader::new(child.stdout.take().unwrap()).lines(), give.clone());
        hands.push(std::thread::spawn(move || {
            for line in lines {
                give.send(serde_json::from_str::<Played>(&line.unwrap()).unwrap()).unwrap();
            }
            assert!(child.wait().unwrap().success(), "a process of the simulation died");
        }));
    }
    drop(give);
    let played = take.into_iter().collect();
    for hand in hands {
        hand.join().unwrap();
    }
    played
}

/// Shows a world that failed, made as short as it can be, and how to play it again.
fn report(played: &Played, arguments: &Arguments, room: &Path, library: &Path) {
    let mut short = Arguments { seed: Some(played.seed), trace: false, twice: false, ..arguments.clone() };
    let mut shown = played.clone();
    if !arguments.first && !arguments.twice {
        shorten(&mut short, &mut shown, room, library);
    }
    println!("\nseed {}: {}", played.seed, shown.failed.as_deref().unwrap_or_default());
    println!("the last of what happened:\n  {}", shown.trace.join("\n  "));
    let without: String = short.without.iter().map(|fault| format!(" --without {}", fault.name())).collect();
    let (seed, steps) = (played.seed, short.steps);
    println!(
        "play it again: cargo run --profile ci -p xuncha-tests --bin simulate -- --seed {seed} --steps {steps}{without}"
    );
}

/// Fewer steps, then fewer kinds of faults, for as long as the world still fails.
fn shorten(short: &mut Arguments, shown: &mut Played, room: &Path, library: &Path) {
    let place = |played: &Played| played.failed.as_ref().and_then(|why| why.lines().next().map(str::to_owned));
    let ours = place(shown);
    // It must fail at the same place: another failure is another story.
    let still = |attempt: &Arguments| all_of(attempt, room, library).pop().filter(|played| place(played) == ours);
    let (mut well, mut ill) = (0, short.steps);
    while well + 1 < ill {
        let steps = usize::midpoint(well, ill);
        match still(&Arguments { steps, ..short.clone() }) {
            Some(failed) => (ill, *shown) = (steps, failed),
            None => well = steps,
        }
    }
    short.steps = ill;
    for fault in fault::ALL {
        let without = short.without.iter().copied().chain([fault]).collect();
        let attempt = Arguments { without, ..short.clone() };
        if let Some(failed) = still(&attempt) {
            (*short, *shown) = (attempt, failed);
        }
    }
}
