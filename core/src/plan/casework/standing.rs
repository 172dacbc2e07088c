//! Whether a case is late: derived from its times, and stored nowhere.

use serde::{Deserialize, Serialize};

use crate::model::{Entity, Time};

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
/// A case is rectified when the unit replies, and what comes back for rework runs against its new deadline. A case that ended
/// without a reply (imported, or closed otherwise) is rectified when it was closed.
pub fn standing(finding: &Entity, now: Time) -> Standing {
    let time = |field: &str| finding.text(field).and_then(|text| text.parse::<Time>().ok());
    let Some(deadline) = time("deadline") else { return Standing::None };
    let done = match finding.text("status") {
        Some("replied") => time("replied"),
        Some("closed") => time("replied").or_else(|| time("closed")),
        Some("dispatched" | "noticed" | "returned") => None,
        _ => return Standing::None,
    };
    match done {
        Some(done) if done <= deadline => Standing::OnTime,
        Some(_) => Standing::Late,
        None if time("stopped").is_some() => Standing::Suspended,
        None if now <= deadline => Standing::Running,
        None => Standing::Overdue,
    }
}
