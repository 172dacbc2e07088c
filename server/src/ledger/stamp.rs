//! What time an entry is stamped with: this machine's, and not before the entry before it.
//!
//! Several server processes write one ledger, each by its own clock, and a clock may be set back. Small differences must
//! not make the log's times run backwards; a clock that was far ahead for a moment must not keep all later
//! entries in the future.

use xuncha_core::model::Time;
use xuncha_core::plan::Facts;

use super::cache::Cache;
use crate::store::{Head, Result, Snapshot};

/// How far behind the last stamp a clock may be and is taken for slow, in milliseconds; further behind, the last
/// stamp is taken for wrong.
const SLOW: i64 = 5 * 60 * 1000;

/// The stamp of what is appended at `head` by a clock that shows `now`.
pub(super) fn stamp(snapshot: &dyn Snapshot, head: &Head, cache: &mut Cache, now: Time) -> Result<Time> {
    if cache.stamp.is_none() {
        cache.stamp = last(snapshot, head)?;
    }
    Ok(match cache.stamp {
        Some(last) if last > now && last.millis() - now.millis() <= SLOW => last,
        Some(last) if last > now => {
            tracing::error!(%last, %now, "the last entry is stamped later than this clock shows: is a server's clock wrong?");
            now
        }
        _ => now,
    })
}

fn last(snapshot: &dyn Snapshot, head: &Head) -> Result<Option<Time>> {
    let Some(index) = head.size.checked_sub(1) else { return Ok(None) };
    let entry = snapshot.entries(index, 1)?.pop();
    Ok(entry.and_then(|entry| serde_json::from_str::<Facts>(&entry.facts).ok()).map(|facts| facts.received))
}
