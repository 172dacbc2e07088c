//! `xuncha migrate`: from one machine's SQLite to a database.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::Failure;
use super::print::Printer;
use super::verify::progress;
use crate::moving::{MoveError, move_ledger};

#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// Folder of the ledger, which lies in SQLite there. Its files and its key stay.
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// PostgreSQL database without a ledger, such as postgres://user:password@host/name. It is written down
    /// in xuncha.toml in the folder.
    #[arg(long, value_name = "URL")]
    to: String,
}

impl Migrate {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let bar = progress(0);
        let moved = move_ledger(&self.from, &self.to, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        let moved = moved?;
        let text = format!(
            "moved {} entries, {} rows ({} of them by an earlier call), epoch {}",
            moved.size, moved.rows, moved.resumed, moved.epoch
        );
        printer.say(&json!(moved), text);
        printer.hint("Start the server again on the same folder: it goes on in the database.");
        Ok(ExitCode::SUCCESS)
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Failure {
        match error {
            MoveError::Store(error) => error.into(),
            MoveError::Unfit { code, detail } => Failure::new(code, detail),
        }
    }
}
