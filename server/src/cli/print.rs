//! Standard output and error, in one place: sentences for people or JSON for scripts.

use std::fmt;

use serde_json::Value;

use super::Failure;

/// Prints in the manner that the command line asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    json: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Printer {
        Printer { json }
    }

    /// One result: `value` for scripts, `text` for people.
    pub(super) fn say(self, value: &Value, text: impl fmt::Display) {
        if self.json { line(value) } else { line(&text) }
    }

    /// Something that only people need, beside the result.
    pub(super) fn hint(self, text: impl fmt::Display) {
        if !self.json {
            line(&text);
        }
    }

    pub(super) fn failure(self, failure: &Failure) {
        if self.json {
            line(&serde_json::json!({ "error": failure }));
        } else {
            eprintln!("xuncha: {failure}");
        }
    }
}

/// A reader that has gone away (`| head`) ends the output, not the program's work.
fn line(text: &dyn fmt::Display) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}
