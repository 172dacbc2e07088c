//! Keeping the lists at the ledger's heels.
//!
//! They follow from the entities and are written with each batch. Where they know of fewer entries than there are (a
//! ledger that came from an older version or another engine, or one that an older process writes beside), they are
//! caught up with before anybody looks at them.

use std::collections::BTreeMap;

use xuncha_core::model::{Entity, EntityId, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::{Facts, Judged};

use super::cache::entity_of;
use super::words::{LISTED, listed};
use crate::store::{Batch, ListedRow, Result, Store, StoreError};

/// Entries that are caught up with in one transaction.
const PAGE: u32 = 256;

/// Catches up with the ledger. A crash leaves the lists at some entry before its end.
///
/// # Errors
/// The store's.
pub(crate) fn catch_up(store: &dyn Store) -> Result<()> {
    let behind = |size: Option<u64>, listed: u64| size.is_some_and(|size| listed < size);
    while store.look(|snapshot| Ok(behind(snapshot.head()?.map(|head| head.size), snapshot.listed()?)))? {
        store.change(|batch| {
            let from = batch.listed()?;
            let entries = batch.entries(from, PAGE)?;
            let mut changed = Changed::default();
            for entry in &entries {
                let facts: Facts = serde_json::from_str(&entry.facts)
                    .map_err(|error| StoreError::Damaged(format!("the facts of entry {}: {error}", entry.index)))?;
                let counts = !matches!(facts.judged, Judged::Refused { .. });
                let op = Op::parse(&entry.op).ok().filter(|_| counts);
                let about = op.map(|op| op.entity).into_iter().chain(facts.also.iter().copied());
                for id in about {
                    let Some(row) = batch.entity(id)? else { continue };
                    if LISTED.contains(&row.kind.as_str()) {
                        changed.note(&entity_of(&row)?, entry.index, facts.received);
                    }
                }
            }
            changed.write(batch)?;
            batch.move_listed(from + entries.len() as u64)
        })?;
    }
    Ok(())
}

/// What one transaction lists.
#[derive(Default)]
pub(super) struct Changed {
    /// In the order in which they changed first.
    order: Vec<EntityId>,
    entities: BTreeMap<EntityId, (Entity, Time)>,
    traces: Vec<(EntityId, u64)>,
}

impl Changed {
    /// `entity` changed at `index`, received then.
    pub(super) fn note(&mut self, entity: &Entity, index: u64, received: Time) {
        if !LISTED.contains(&entity.kind.as_str()) {
            return;
        }
        self.traces.push((entity.id, index));
        match self.entities.get_mut(&entity.id) {
            Some((known, _)) => *known = entity.clone(),
            None => {
                self.order.push(entity.id);
                self.entities.insert(entity.id, (entity.clone(), received));
            }
        }
    }

    /// Lists all of it.
    pub(super) fn write(mut self, batch: &mut dyn Batch) -> Result<()> {
        batch.add_traces(&self.traces)?;
        let entities = self.order.iter().filter_map(|id| self.entities.remove(id));
        let rows: Vec<ListedRow> = entities.filter_map(|(entity, received)| listed(&entity, received)).collect();
        batch.put_listed(&rows)
    }
}
