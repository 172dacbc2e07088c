//! `xuncha verify`: checks a whole ledger again, and every file that it keeps.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use super::folder::Place;
use super::print::Printer;
use crate::blobs::{Checked, check, note};
use crate::ledger::{LedgerKey, Report, verify};
use crate::store::Snapshot;

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: Place,
}

impl Verify {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let (store, data) = (&*self.place.store()?, &self.place.data);
        let depot = self.place.depot(store)?;
        let key = LedgerKey::load(data).ok().map(|key| key.public());
        let total = store.look(|snapshot: &dyn Snapshot| snapshot.head())?.map_or(0, |head| head.size);
        let bar = progress(total);
        let mut report = store.look(|snapshot| verify(snapshot, key, &mut |done| bar.set_position(done)))?;
        bar.finish_and_clear();
        // The files in a look of their own: reading them takes long, and the ledger goes on.
        let bar = progress(0);
        let files = check(store, &depot, &mut |done| {
            bar.set_length(done);
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
        for hash in &files.changed {
            note(store, &depot, hash)?;
        }
        report.ok &= files.problems.is_empty();
        report.problems.extend(files.problems.clone());
        let mut value = serde_json::to_value(&report)?;
        if !files.notes.is_empty() {
            value["notes"] = serde_json::to_value(&files.notes)?;
        }
        printer.say(&value, describe(&report, &files));
        Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What was looked at, whatever does not fit, one line each, and how many such lines there are.
fn describe(report: &Report, files: &Checked) -> String {
    let mut lines = vec![format!(
        "{} entries, {} entities and {} files were checked",
        report.entries, report.entities, files.files
    )];
    for problem in &report.problems {
        let place = problem.index.map(|index| format!("entry {index}: ")).unwrap_or_default();
        lines.push(format!("WRONG  {place}{}", problem.what));
    }
    lines.extend(files.notes.iter().map(|note| format!("note   {note}")));
    lines.push(match report.problems.len() {
        0 => "everything fits".to_owned(),
        1 => "1 thing does not fit".to_owned(),
        many => format!("{many} things do not fit"),
    });
    lines.join("\n")
}

/// A progress bar on a terminal, nothing elsewhere.
pub(super) fn progress(total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}");
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
