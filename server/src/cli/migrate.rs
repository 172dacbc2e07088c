//! `xuncha migrate`: from one machine's SQLite to a database.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use xuncha_core::host::Host;

use super::Failure;
use super::backup::lacking;
use super::folder::Files;
use super::print::Printer;
use super::verify::progress;
use crate::moving::{Destination, MoveError, move_ledger};

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Folder of the ledger, which lies in SQLite there. Its key stays, and its files unless --blobs says where to.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// PostgreSQL database without a ledger, such as postgres://user:password@host/name. It is written down
    /// in xuncha.toml in the folder.
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    files: Files,
}

impl Migrate {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let bar = progress(0);
        let to = Destination { database: &self.to, blobs: self.files.place.as_deref() };
        let moved = move_ledger(&self.from, to, &Host::system(), &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let moved = moved?;
        let text = format!(
            "moved {} entries, {} rows ({} of them by an earlier call) and {} files, epoch {}",
            moved.size, moved.rows, moved.resumed, moved.files, moved.epoch
        );
        printer.say(&json!(moved), text);
        lacking(printer, &moved.lacks);
        printer.hint("Start the server again on the same folder: it goes on in the database.");
        Ok(if moved.lacks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Failure {
        match error {
            MoveError::Store(error) => error.into(),
            MoveError::Depot(error) => error.into(),
            MoveError::Unfit { code, detail } => Failure::new(code, detail),
        }
    }
}
