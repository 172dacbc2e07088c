//! Whether a server can serve phones now, and what is in the way.

use serde::Serialize;

/// What a server needs to serve phones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The process itself: it is not about to end.
    Process,
    /// The database answers.
    Database,
    /// The ledger may be written: it is not behind its guard.
    Ledger,
    /// Files can be taken in.
    Files,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 4] = [Part::Process, Part::Database, Part::Ledger, Part::Files];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Process => "process",
            Part::Database => "database",
            Part::Ledger => "ledger",
            Part::Files => "files",
        }
    }
}

/// Something that is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What is not ready.
    pub part: Part,
    /// Stable snake_case code.
    pub code: &'static str,
    /// What is wrong, for operators.
    pub detail: String,
}

impl Trouble {
    /// Trouble with `part`.
    pub fn new(part: Part, code: &'static str, detail: impl Into<String>) -> Trouble {
        Trouble { part, code, detail: detail.into() }
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// True when nothing is in the way.
    pub ready: bool,
    /// What is, in the order of [`Part::ALL`].
    pub not_ready: Vec<Trouble>,
}

impl Readiness {
    /// With these in the way.
    pub fn of(not_ready: Vec<Trouble>) -> Readiness {
        Readiness { ready: not_ready.is_empty(), not_ready }
    }

    /// Each part, and whether it is ready. A ledger in a database that does not answer is not.
    pub fn parts(&self) -> Vec<(Part, bool)> {
        let in_the_way = |part| self.not_ready.iter().any(|trouble| trouble.part == part);
        let ready = |part| match part {
            Part::Ledger => !in_the_way(Part::Ledger) && !in_the_way(Part::Database),
            part => !in_the_way(part),
        };
        Part::ALL.into_iter().map(|part| (part, ready(part))).collect()
    }
}
