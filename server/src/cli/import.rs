//! `xuncha import`: takes in what was carried here by hand.

mod findings;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;
use super::folder::{Folder, Place};
use super::print::Printer;
use crate::bundle::{BundleError, import};

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What a phone wrote with `xuncha field export`; taking it in twice changes nothing.
    Bundle {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Cases of a register that was kept before, with their own times; taking them over twice changes nothing.
    Findings(findings::Findings),
}

impl Import {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        let (file, place) = match self.what {
            What::Bundle { file, place } => (file, place),
            What::Findings(findings) => return findings.run(printer),
        };
        let folder = Folder::open(&place)?;
        let depot = place.depot(&*folder.store)?;
        let done = import(&file, &depot, &*folder.store, folder.sequencer(), &folder.host)?;
        printer.say(
            &json!(done),
            format!(
                "took {} ops ({} in conflict, {} refused, {} held, {} known already) and {} files ({} known already)",
                done.accepted, done.conflicts, done.refused, done.held, done.duplicates, done.files, done.present
            ),
        );
        Ok(ExitCode::SUCCESS)
    }
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Failure {
        match error {
            BundleError::Unfit { code, detail } => Failure::new(code, detail),
            BundleError::Store(error) => error.into(),
            BundleError::Disk(error) => Failure::io("take in the bundle", &error),
        }
    }
}
