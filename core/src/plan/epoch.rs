//! Epochs: how a ledger goes on after it was restored from a backup.
//!
//! The first entry of an epoch is a `ledger.epoch` that names the last provable checkpoint of the
//! epoch before it. What was said above that checkpoint is not in this ledger; phones say it again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Moment, Ruling, refuse};
use crate::model::{Code, Entity};
use crate::op::Op;

/// For each epoch that has ended, the size of its last provable checkpoint, as the ledger's own
/// entity says. A ledger that was never restored has none.
pub fn floors_of(ledger: &Entity) -> BTreeMap<u32, u64> {
    let floor = |(epoch, floor): (&str, &Value)| Some((epoch.parse().ok()?, floor.get("size")?.as_u64()?));
    ledger.members("epochs").filter_map(floor).collect()
}

/// An epoch begins behind the one before it, and at the very end of what is there.
pub(super) fn check(moment: &Moment, op: &Op) -> Ruling<()> {
    let named = op.body.get("epochs").and_then(Value::as_object).and_then(|epochs| epochs.iter().next());
    let before = named.filter(|(epoch, _)| **epoch == moment.epoch.saturating_sub(1).to_string());
    let size = before.and_then(|(_, floor)| floor.get("size")?.as_u64());
    match size {
        Some(size) if moment.size.is_none_or(|head| head == size) => Ok(()),
        _ => refuse(Code::BadField, "epochs: must name the epoch before and the end of the ledger"),
    }
}
