//! `xuncha export`: writes out what others can check for themselves, or go on working with.

mod city;
mod findings;
mod ledger;
mod notice;
mod target;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Failure;
use super::folder::Place;
use super::print::Printer;

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The whole ledger as JSON lines: the ledger, its pushes, its entries, its checkpoint.
    Ledger {
        #[command(flatten)]
        place: Place,
    },
    /// Findings as a table or a map, one after another however many there are.
    Findings(findings::Findings),
    /// A notice that was issued, as a page that is made for A4, or as PDF.
    Notice(notice::NoticePage),
}

impl Export {
    pub(super) fn run(self, printer: &Printer) -> Result<ExitCode, Failure> {
        match self.what {
            What::Ledger { place } => ledger::write(&place)?,
            What::Findings(findings) => findings.run(printer)?,
            What::Notice(notice) => notice.run(printer)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
