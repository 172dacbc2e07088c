//! What a test needs and a machine may not have: data beside the repository, a Python, a Node.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::binary;

/// Says that a test is left out. Under `tests/all`, which installs everything, it fails instead: a
/// test that nobody runs must not look like one that passed.
pub fn lacking(what: &str) {
    assert!(std::env::var_os("XUNCHA_ALL").is_none(), "{what}");
    eprintln!("skipped: {what}");
}

/// A folder of data that is too large for the repository: below `XUNCHA_SHARED`, else beside the
/// repository. Where it is not, this says so: no script can fetch it.
pub fn shared(below: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = std::env::var_os("XUNCHA_SHARED").map_or(beside, PathBuf::from).join(below);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not on this machine (set XUNCHA_SHARED)", folder.display());
    None
}

/// A Python that can import `module`; `tests/all` makes one in `target/venv`.
pub fn python(module: &str) -> Option<Command> {
    let made = binary().parent().and_then(Path::parent).map(|target| target.join("venv/bin/python"));
    let candidates = made.into_iter().filter(|python| python.exists()).chain([PathBuf::from("python3")]);
    let able = |python: &PathBuf| {
        let mut command = Command::new(python);
        command.args(["-c", &format!("import {module}")]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = candidates.into_iter().find(able);
    if found.is_none() {
        lacking(&format!("no Python with {module}; tests/all installs one"));
    }
    found.map(Command::new)
}
