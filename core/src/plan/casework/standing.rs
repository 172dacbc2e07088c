//! Whether a case is late: derived from its times, and stored nowhere.

use serde::{Deserialize, Serialize};

use crate::model::{Entity, Source, Time};

/// How a case stands against its deadline (超期).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nobody has to do anything by a certain time.
    None,
    /// There is time left.
    Running,
    /// The clock stands (挂账).
    Suspended,
    /// Not rectified, and the time is over.
    Overdue,
    /// Rectified in time.
    OnTime,
    /// Rectified, but late.
    Late,
}

/// How `finding` stands at `now`. What an exemption takes out of the statistics stands here as it is: the raw lateness stays.
///
/// A case is rectified when the unit replies, and what comes back for rework runs against its new deadline. A case that was closed
/// without a reply is rectified when it was closed. One that missed a deadline is late when it is rectified, also when another
/// deadline was given afterwards and kept.
///
/// A case taken over from another register stands as that register's own times say, until it is given times of this ledger: its
/// target is the deadline, and it is rectified when it is claimed to be closed. It runs also while it waits to be dispatched here,
/// for somebody had it before.
pub fn standing(finding: &Entity, now: Time) -> Standing {
    let Some(deadline) = deadline_of(finding) else { return Standing::None };
    let closed = || Source::of(finding).and_then(|source| source.closed);
    let done = match finding.text("status") {
        Some("replied") => time(finding, "replied"),
        Some("closed") => time(finding, "replied").or_else(|| time(finding, "closed")).or_else(closed),
        Some("dispatched" | "noticed" | "returned") => None,
        Some("reported" | "filed") if finding.field("source").is_some() => None,
        _ => return Standing::None,
    };
    match done {
        Some(done) if done <= deadline && finding.field("missed").is_none() => Standing::OnTime,
        Some(_) => Standing::Late,
        None if time(finding, "stopped").is_some() => Standing::Suspended,
        None if now <= deadline => Standing::Running,
        None => Standing::Overdue,
    }
}

/// Until when `finding` is to be rectified: the ledger's own word, or else the claim of the register that it comes from.
pub(super) fn deadline_of(finding: &Entity) -> Option<Time> {
    time(finding, "deadline").or_else(|| Source::of(finding)?.target)
}

fn time(finding: &Entity, field: &str) -> Option<Time> {
    finding.text(field).and_then(|text| text.parse().ok())
}
