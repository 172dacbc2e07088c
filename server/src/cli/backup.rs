//! `xuncha backup` and `xuncha restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use xuncha_core::host::Host;

use super::Failure;
use super::folder::{Files, Place};
use super::print::Printer;
use super::verify::progress;
use crate::backup::{BackupError, Lack, RestoreOptions, restore, take_from};

#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    place: Place,
    /// Folder of the backup; made when it is not there. Best on another machine's disk.
    target: PathBuf,
    /// Read every file in the target again, not only the new ones.
    #[arg(long)]
    rehash: bool,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// Folder of the backup.
    source: PathBuf,
    /// Folder of the ledger; must be empty or not there.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    files: Files,
    /// The ledger's key [default: the one in the backup].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Go on in a new epoch: needed when phones have seen more than the backup holds. They say again
    /// what it lacks.
    #[arg(long)]
    new_epoch: bool,
    /// Restore although files are lacking.
    #[arg(long)]
    incomplete: bool,
}

impl Backup {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let bar = progress(0);
        let (live, data) = (self.place.store()?, &self.place.data);
        let depot = self.place.depot(&*live)?;
        let taken = take_from(&*live, &depot, data, &self.target, self.rehash, &Host::system(), &mut |done| {
            bar.set_position(done)
        });
        bar.finish_and_clear();
        let taken = taken?;
        printer.say(
            &json!(taken),
            format!(
                "backed up {} entries and {} files ({} new, {} bytes); covered up to {}",
                taken.size,
                taken.copied + taken.present,
                taken.copied,
                taken.bytes,
                taken.durable_size
            ),
        );
        lacking(printer, &taken.lacks);
        Ok(if taken.lacks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Restore {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let bar = progress(0);
        let Restore { new_epoch, incomplete, .. } = self;
        let options =
            RestoreOptions { key: self.key.as_deref(), blobs: self.files.place.as_deref(), new_epoch, incomplete };
        let host = Host::system();
        let restored = restore(&self.source, &self.data, options, &host, &mut |done| bar.set_position(done));
        bar.finish_and_clear();
        let restored = restored?;
        printer.say(
            &json!(restored),
            format!("restored {} entries and {} files, epoch {}", restored.size, restored.files, restored.epoch),
        );
        lacking(printer, &restored.lacks);
        if !new_epoch {
            printer.hint(format!(
                "A phone that has seen more than {} entries is turned away. If there are such phones, restore with --new-epoch.",
                restored.size
            ));
        }
        Ok(ExitCode::SUCCESS)
    }
}

pub(super) fn lacking(printer: &Printer, lacks: &[Lack]) {
    for lack in lacks {
        printer.hint(format!("{} {}", lack.state, lack.hash));
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Failure {
        match error {
            BackupError::Store(error) => error.into(),
            BackupError::Files(error) => error.into(),
            BackupError::Disk { what, source } => Failure::io(what, &source),
            BackupError::Unfit { code, detail } => Failure::new(code, detail),
        }
    }
}
