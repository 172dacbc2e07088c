//! The built binary, run as scripts run it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Path of the built `xuncha`: beside this program, or a folder above it where this is a test.
/// `tests/all` builds it first.
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let name = format!("xuncha{}", std::env::consts::EXE_SUFFIX);
    let built = here.ancestors().skip(1).take(2).map(|folder| folder.join(&name)).find(|path| path.exists());
    built.unwrap_or_else(|| panic!("{name} is missing beside {}: build it in the same profile first", here.display()))
}

/// What a command left behind.
#[derive(Debug)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Outcome {
    /// Standard output as JSON, one value per line.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{self:?}"))).collect()
    }

    /// The only JSON value on standard output of a command that succeeded.
    pub fn value(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        let mut lines = self.lines();
        assert_eq!(lines.len(), 1, "{self:?}");
        lines.remove(0)
    }
}

/// Runs `command` to its end.
pub fn run(mut command: Command) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `xuncha --json` with these arguments.
pub fn xuncha<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    let mut command = Command::new(binary());
    command.arg("--json").args(arguments);
    run(command)
}

/// A server in a process of its own; ended when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// The first thing that it said.
    pub said: Value,
}

impl Process {
    /// `xuncha serve` on a free port.
    pub fn serve(data: &Path) -> Process {
        super::place(data);
        Process::start(Process::command(data))
    }

    /// What starts such a server, for more to be said to it.
    pub fn command(data: &Path) -> Command {
        let mut command = Command::new(binary());
        command.args(["--json", "serve", "--listen", "127.0.0.1:0", "--zone", "Asia/Shanghai", "--data"]).arg(data);
        command
    }

    /// Starts it and waits until it listens.
    pub fn start(mut command: Command) -> Process {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let said: Value = serde_json::from_str(&first).unwrap_or_else(|_| panic!("serve said {first:?}"));
        Process { child, url: said["listening"].as_str().unwrap().to_owned(), said }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without warning, as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop and gives its exit code.
    pub fn stop(mut self) -> i32 {
        let ended = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(ended.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
