//! Where this ledger stands beside what others have seen of it.
//!
//! A ledger that was put back from an old backup would give numbers away a second time. It is behind
//! for everybody when its guard says so, because nobody but its own server writes that. What a phone
//! claims is not signed by anybody else, so it counts for that phone alone: the phone is given nothing
//! and nothing is taken from it, and the others go on.

use xuncha_core::host::Host;
use xuncha_core::model::DeviceId;
use xuncha_core::op::Seen;
use xuncha_core::proof::root_at;

use super::item::Item;
use super::pull::SnapshotNodes;
use crate::store::{AheadRow, Head, Result, Snapshot, Store, StoreError};

/// True when the ledger continues the checkpoint `seen`, or it is of an epoch that is over: what was
/// provable of that stands in the entry that ended it.
pub(super) fn proves(snapshot: &dyn Snapshot, head: &Head, seen: &Seen) -> Result<bool> {
    if seen.epoch != head.epoch {
        return Ok(seen.epoch < head.epoch);
    }
    Ok(seen.size <= head.size && root_at(&SnapshotNodes(snapshot), seen.size)? == seen.root)
}

/// What the guard has seen and this ledger cannot prove: then nothing at all is written.
///
/// # Errors
/// The store's.
pub fn rolled_back(snapshot: &dyn Snapshot, head: &Head) -> Result<Option<Seen>> {
    let guard = snapshot.ahead_of(None)?.map(|row| row.seen);
    match guard {
        Some(seen) if !proves(snapshot, head, &seen)? => Ok(Some(seen)),
        _ => Ok(None),
    }
}

/// What to say of it.
pub fn rolled_back_detail(head: &Head, seen: &Seen) -> String {
    format!(
        "the guard has seen checkpoint {}/{}, this ledger of {}/{} does not continue it; an operator begins a new \
         epoch with `xuncha admin epoch`",
        seen.epoch, seen.size, head.epoch, head.size
    )
}

/// Everybody whose checkpoint this ledger cannot prove now, the guard first.
///
/// # Errors
/// The store's.
pub fn ahead(snapshot: &dyn Snapshot, head: &Head) -> Result<Vec<AheadRow>> {
    let rows = snapshot.ahead()?.into_iter().map(|row| Ok((proves(snapshot, head, &row.seen)?, row)));
    let rows: Result<Vec<_>> = rows.collect();
    Ok(rows?.into_iter().filter(|(proven, _)| !proven).map(|(_, row)| row).collect())
}

/// A checkpoint that `device` is known to have seen, by these ops of it or by what it said before, and
/// that this ledger cannot prove; the largest of them.
///
/// # Errors
/// The store's.
pub fn unproven(snapshot: &dyn Snapshot, device: &DeviceId, items: &[Item]) -> Result<Option<Seen>> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let known = snapshot.ahead_of(Some(device))?.map(|row| row.seen);
    let mut claimed: Vec<&Seen> = items.iter().filter_map(|item| item.op()?.seen.as_ref()).chain(&known).collect();
    claimed.sort_by_key(|seen| std::cmp::Reverse((seen.epoch, seen.size)));
    claimed.dedup();
    for seen in claimed {
        if !proves(snapshot, &head, seen)? {
            return Ok(Some(seen.clone()));
        }
    }
    Ok(None)
}

/// Remembers that somebody has seen a checkpoint that this ledger cannot prove; no device is the guard.
/// Gives how many devices are known to, when this was news.
///
/// # Errors
/// The store's.
pub fn remember(store: &dyn Store, host: &Host, device: Option<DeviceId>, seen: &Seen) -> Result<Option<u64>> {
    let place = |seen: &Seen| (seen.epoch, seen.size);
    let known = store.look(|snapshot| snapshot.ahead_of(device.as_ref()))?;
    // Asked again and again, the same phone writes once.
    if known.is_some_and(|known| place(&known.seen) > place(seen) || known.seen == *seen) {
        return Ok(None);
    }
    let row = AheadRow { device, seen: seen.clone(), since: host.clock.wall() };
    let devices = store.change(|batch| {
        batch.put_ahead(&row)?;
        Ok(batch.ahead()?.iter().filter(|row| row.device.is_some()).count() as u64)
    })?;
    Ok(Some(devices))
}
