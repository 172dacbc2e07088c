//! Epochs: how a ledger goes on after it was restored from a backup.
//!
//! The first entry of an epoch is a `ledger.epoch` that names the last provable checkpoint of every
//! epoch that it ends. What was said above that checkpoint is not in this ledger, or stands at another
//! index than phones were told; they say it again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Moment, Ruling, refuse};
use crate::model::{Code, Entity};
use crate::op::Op;

/// Most epochs that one entry ends: the present one, and those that a backup of before them has lost.
pub const MAX_ENDED: usize = 16;

/// For each epoch that has ended, the size of its last provable checkpoint, as the ledger's own
/// entity says. A ledger that was never restored has none.
pub fn floors_of(ledger: &Entity) -> BTreeMap<u32, u64> {
    let floor = |(epoch, floor): (&str, &Value)| Some((epoch.parse().ok()?, floor.get("size")?.as_u64()?));
    ledger.members("epochs").filter_map(floor).collect()
}

/// The epochs that a `ledger.epoch` ends, each with the size of its last provable checkpoint.
pub fn epochs_ended(op: &Op) -> BTreeMap<u32, u64> {
    let named = op.body.get("epochs").and_then(Value::as_object).into_iter().flatten();
    named.filter_map(|(epoch, floor)| Some((epoch.parse().ok()?, floor.get("size")?.as_u64()?))).collect()
}

/// An epoch begins behind all that have ended, each of which is named once, and what it calls provable
/// is here.
pub(super) fn check(moment: &Moment, op: &Op) -> Ruling<()> {
    let ended = epochs_ended(op);
    let first = moment.floors.keys().next_back().map_or(1, |last| last + 1);
    // A phone replays nothing of the ledger's own, and need not know the floors.
    let in_order = moment.size.is_none() || ended.keys().copied().eq(first..moment.epoch);
    let here = |size: &u64| moment.size.is_none_or(|head| *size <= head);
    if !ended.is_empty() && in_order && ended.values().all(here) {
        return Ok(());
    }
    refuse(Code::BadField, "epochs: must name every epoch before this one, and sizes that the ledger has")
}
