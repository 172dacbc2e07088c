//! `xuncha verify`: checks a whole ledger again.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::print::Printer;
use crate::ledger::{LedgerKey, verify};
use crate::store::sqlite::SqliteStore;
use crate::store::{Snapshot, Store};

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Folder of the ledger.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Verify {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let store: &dyn Store = &SqliteStore::open(&self.data, false)?;
        let key = LedgerKey::load(&self.data).ok().map(|key| key.public());
        let total = store.look(|snapshot: &dyn Snapshot| snapshot.head())?.map_or(0, |head| head.size);
        let bar = progress(total);
        let report = store.look(|snapshot| verify(snapshot, key, &mut |done| bar.set_position(done)))?;
        bar.finish_and_clear();
        // The report is JSON for people too: it is what scripts and people compare.
        let value = serde_json::to_value(&report)?;
        printer.say(&value, &value);
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// A progress bar on a terminal, nothing elsewhere.
pub(super) fn progress(total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
