//! What was judged before of the ops of one batch, asked for at one go.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use xuncha_core::model::{Hash, OpId};

use super::item::Item;
use crate::store::{Batch, Result};

/// Ops by id, each with the digests of what was said under it and where that stands. Empty lists are known too.
pub(super) struct Judged(HashMap<OpId, Vec<(Hash, u64)>>);

impl Judged {
    /// Of those of `items` that can be read.
    pub(super) fn of(items: &[Item], batch: &dyn Batch) -> Result<Judged> {
        let ops: Vec<OpId> = items.iter().filter_map(Item::op).map(|op| op.id).collect();
        let mut known = batch.judged_of(&ops)?;
        for op in ops {
            known.entry(op).or_default();
        }
        Ok(Judged(known))
    }

    /// What was said under the id `op` so far, in this batch too.
    pub(super) fn before(&mut self, op: OpId, batch: &dyn Batch) -> Result<&[(Hash, u64)]> {
        Ok(match self.0.entry(op) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(batch.judged(op)?),
        })
    }

    /// `same` was said under the id `op` and stands at `index` now.
    pub(super) fn add(&mut self, op: OpId, same: Hash, index: u64) {
        self.0.entry(op).or_default().push((same, index));
    }
}
