//! The command line: exactly as scripts rely on it. `--json` on everything; exit code 0 for done,
//! 1 for "no" or a failure, 2 for a command line that cannot be read.

mod admin;
mod backup;
mod case;
mod chores;
mod demo;
mod export;
mod failure;
mod field;
mod folder;
mod guard;
mod import;
mod migrate;
mod opened;
mod operation;
mod print;
mod serve;
mod signals;
mod standing;
mod verify;

pub use failure::Failure;
pub use serve::{Running, ServeOptions, start};

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xuncha_core::model::Time;

use print::Printer;

/// Offline-first field inspection for cities.
#[derive(Debug, Parser)]
#[command(name = "xuncha", version, about)]
pub struct Arguments {
    /// Print JSON, one document or one line per thing.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; the first start makes the ledger.
    Serve(serve::Serve),
    /// Show everything at once: an invented city that works for a morning, and stays up.
    Demo(demo::Demo),
    /// Administer a ledger, whether its server runs or not.
    Admin(admin::Admin),
    /// Decide about cases in somebody's name: review, dispatch, notices, deductions.
    Case(case::Case),
    /// Be an inspector's phone.
    Field(field::Field),
    /// Check a whole ledger again; exit code 1 and the index of whatever does not fit.
    Verify(verify::Verify),
    /// Write out what others can check for themselves, or documents: findings for a spreadsheet or a map, a notice to print.
    Export(export::Export),
    /// Take in what was carried here by hand.
    Import(import::Import),
    /// Copy a ledger with its files, also while its server runs; the next copy takes only what is new.
    Backup(backup::Backup),
    /// Put a backup in place of a ledger that is lost.
    Restore(backup::Restore),
    /// Move a ledger out of its folder into a PostgreSQL database; a call that was cut short is gone on with.
    Migrate(migrate::Migrate),
}

/// A point on the command line.
fn parse_point(text: &str) -> Result<(f64, f64), String> {
    let (lat, lon) = text.split_once(',').ok_or("wanted LAT,LON")?;
    let number = |part: &str| match part.trim().parse::<f64>() {
        Ok(degrees) if degrees.is_finite() => Ok(degrees),
        _ => Err(format!("{part} is no number of degrees")),
    };
    Ok((number(lat)?, number(lon)?))
}

/// An instant with its offset from UTC, on the command line.
fn parse_time(text: &str) -> Result<Time, String> {
    let instant: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Ok(Time::from_millis(instant.as_millisecond()))
}

/// Does what the command line says.
pub fn run(arguments: Arguments) -> ExitCode {
    let printer = Printer::new(arguments.json);
    let done = match arguments.command {
        Command::Serve(serve) => serve.run(&printer),
        Command::Demo(demo) => demo.run(&printer),
        Command::Admin(admin) => admin.run(&printer),
        Command::Case(case) => case.run(&printer),
        Command::Field(field) => field.run(&printer),
        Command::Verify(verify) => verify.run(&printer),
        Command::Export(export) => export.run(&printer),
        Command::Import(import) => import.run(&printer),
        Command::Backup(backup) => backup.run(&printer),
        Command::Restore(restore) => restore.run(&printer),
        Command::Migrate(migrate) => migrate.run(&printer),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::FAILURE
        }
    }
}
