//! The binary `xuncha`: reads its command line and does what it says.

use std::process::ExitCode;

use clap::Parser as _;
use xuncha_server::cli::{Arguments, run};

fn main() -> ExitCode {
    run(Arguments::parse())
}
