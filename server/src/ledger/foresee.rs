//! What would become of several ops of the ledger itself, asked before any of them is said: what an
//! administrator imports goes in whole or not at all. And what a paper would say before it is issued.

use serde_json::Value;
use xuncha_core::host::Host;
use xuncha_core::model::{Code, Notice};
use xuncha_core::plan::{Judgement, draft_face, plan};

use super::cache::{Cache, Lens};
use super::item::Item;
use crate::store::{Result, Snapshot, StoreError};

/// An op that would be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// Which one, from 0 on.
    pub at: usize,
    /// The stable code.
    pub code: Code,
    /// For people; names the field where there is one.
    pub detail: String,
}

/// The first of `items` that would be refused as things stand. None of them may need another.
///
/// # Errors
/// The store's.
pub fn foresee(snapshot: &dyn Snapshot, host: &Host, items: &[Item]) -> Result<Option<Foreseen>> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let mut cache = Cache::default();
    let lens = Lens::new(snapshot, &mut cache);
    let moment = lens.moment(&head, host.clock.wall())?;
    for (at, op) in items.iter().map(Item::op).enumerate() {
        let judgement = op.map(|op| plan(&lens, &moment, op));
        lens.failure()?;
        if let Some(Judgement::Refuse { code, detail }) = judgement {
            return Ok(Some(Foreseen { at, code, detail }));
        }
    }
    Ok(None)
}

/// What the paper of the draft `notice` would say if it were issued now.
///
/// # Errors
/// The store's.
pub(crate) fn draft_paper(snapshot: &dyn Snapshot, host: &Host, notice: &Notice) -> Result<Value> {
    let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let mut cache = Cache::default();
    let lens = Lens::new(snapshot, &mut cache);
    let face = draft_face(&lens, head.ledger, notice, host.clock.wall());
    lens.failure()?;
    Ok(face)
}
