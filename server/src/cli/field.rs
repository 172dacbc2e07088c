//! `xuncha field`: an inspector's phone on the command line.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::print::Printer;

#[derive(Debug, Args)]
pub(super) struct Field {}

impl Field {
    pub(super) fn run(self, _printer: &Printer) -> Result<ExitCode, Failure> {
        Err(Failure::new("internal", "not here yet"))
    }
}
