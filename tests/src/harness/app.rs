//! An app on the bindings, in any of the languages that speak them: takes one call after the other and says what
//! came of it. Kotlin and Python are programs of their own (`tests/kotlin/src/Phone.kt`, `tests/python/phone.py`).

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::{RustApp, binary, lacking};

/// The languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// The crate itself, in this process.
    Rust,
    /// The generated classes, on a JVM.
    Kotlin,
    /// The generated module.
    Python,
}

/// A typed error, as the app got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variant, such as `Invalid`.
    pub variant: String,
    /// The stable code.
    pub code: String,
    /// The field at fault, or why it is not open.
    pub field: String,
    /// What to show, in Chinese.
    pub zh: String,
    /// What to show, in English.
    pub en: String,
}

/// What came of a call: words, or a typed error.
pub type Said = Result<Vec<String>, Fault>;

/// An app that takes calls.
pub trait App: Send {
    /// Makes a call. Fails when the app is not there any more.
    fn call(&mut self, call: &str, words: &[&str]) -> Said;
}

/// Stands between the parts of one word.
pub const GIVEN: char = '\u{1f}';

impl Tongue {
    /// An app in this language; none, said aloud, where the machine lacks what it takes.
    pub fn app(self) -> Option<Box<dyn App>> {
        match self {
            Tongue::Rust => Some(Box::new(RustApp::default())),
            _ => Some(Box::new(ForeignApp::start(self.command()?))),
        }
    }

    /// What starts a phone in this language, apart from Rust.
    pub fn command(self) -> Option<Command> {
        match self {
            Tongue::Rust => None,
            Tongue::Kotlin => jvm("PhoneKt"),
            Tongue::Python => python_with_bindings("phone.py"),
        }
    }
}

/// Where `tests/bindings` put what it made of this profile's library.
pub fn bindings() -> PathBuf {
    let profile = binary().parent().map(Path::to_owned).unwrap_or_default();
    profile.join("bindings")
}

/// A JVM that runs `main` of the jar; none, said aloud, where it was not built.
pub fn jvm(main: &str) -> Option<Command> {
    let made = bindings();
    let Ok(classpath) = std::fs::read_to_string(made.join("classpath")) else {
        lacking("the bindings for Kotlin were not built; tests/bindings does it");
        return None;
    };
    let mut command = Command::new("java");
    // A short life: the better compiler would never pay.
    command.args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx1g"]);
    command.arg(format!("-Djna.library.path={}", made.join("python").display()));
    command.args(["-cp", classpath.trim(), main]);
    Some(command)
}

/// A Python that can import the bindings, about to run a program of `tests/python`.
pub fn python_with_bindings(program: &str) -> Option<Command> {
    let made = bindings().join("python");
    if !made.join("xuncha.py").exists() {
        lacking("the bindings for Python were not built; tests/bindings does it");
        return None;
    }
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", made).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(program));
    Some(command)
}

/// An app in a process of its own. Killed, as a phone's system kills, when it is dropped.
#[derive(Debug)]
pub struct ForeignApp {
    child: Child,
    calls: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl ForeignApp {
    /// Starts it.
    pub fn start(mut command: Command) -> ForeignApp {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (calls, replies) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        ForeignApp { child, calls, replies }
    }

    /// Makes a call and does not wait for what comes of it.
    pub fn begin(&mut self, call: &str, words: &[&str]) {
        let mut line = call.to_owned();
        for word in words {
            assert!(!word.contains(['\t', '\n']), "{word:?} cannot be said in one line");
            line = format!("{line}\t{word}");
        }
        writeln!(self.calls, "{line}").unwrap();
    }

    /// What came of a call; none when the app is gone.
    pub fn end(&mut self) -> Option<Said> {
        let mut line = String::new();
        let read = self.replies.read_line(&mut line).unwrap_or(0);
        // Half a line is no word: the kill came first.
        if read == 0 || !line.ends_with('\n') {
            return None;
        }
        let mut words = line.trim_end_matches('\n').split('\t').map(str::to_owned);
        match words.next().as_deref() {
            Some("ok") => Some(Ok(words.collect())),
            Some("err") => {
                let mut next = || words.next().unwrap_or_default();
                Some(Err(Fault { variant: next(), code: next(), field: next(), zh: next(), en: next() }))
            }
            _ => panic!("the app said {line:?}"),
        }
    }

    /// SIGKILL, in the middle of whatever it does; what it had said by then.
    pub fn kill(mut self) -> Option<Said> {
        drop(self.child.kill());
        self.end()
    }
}

impl App for ForeignApp {
    fn call(&mut self, call: &str, words: &[&str]) -> Said {
        self.begin(call, words);
        self.end().unwrap_or_else(|| panic!("{call}: the app is gone"))
    }
}

impl Drop for ForeignApp {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
