//! The stamp of the next entry, by what is stored of the last one.

use xuncha_core::model::Time;
use xuncha_core::plan::{self, Facts};

use super::cache::Cache;
use crate::store::{Head, Result, Snapshot};

/// The stamp of what is appended at `head` by a clock that shows `now`.
pub(super) fn stamp(snapshot: &dyn Snapshot, head: &Head, cache: &mut Cache, now: Time) -> Result<Time> {
    if cache.stamp.is_none() {
        cache.stamp = last(snapshot, head)?;
    }
    let stamp = plan::stamp(cache.stamp, now);
    if stamp.doubt {
        let last = cache.stamp.map(|last| last.to_string()).unwrap_or_default();
        tracing::error!(last, %now, "the last entry is stamped later than this clock shows: is a server's clock wrong?");
    }
    Ok(stamp.time)
}

fn last(snapshot: &dyn Snapshot, head: &Head) -> Result<Option<Time>> {
    let Some(index) = head.size.checked_sub(1) else { return Ok(None) };
    let entry = snapshot.entries(index, 1)?.pop();
    Ok(entry.and_then(|entry| serde_json::from_str::<Facts>(&entry.facts).ok()).map(|facts| facts.received))
}
