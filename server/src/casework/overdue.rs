//! Says that a time is over, once about each deadline, whatever number of servers notice it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, Notice, Time};
use xuncha_core::op::Op;
use xuncha_core::plan::{Facts, Standing, overdue_field, overdue_id, standing};
use xuncha_core::protocol::Verdict;

use crate::ledger::{Item, OwnOp, Sequencer};
use crate::store::{EntityRow, Entry, Result, Snapshot, Store, StoreError};

/// Rows read together.
const PAGE: u32 = 1_000;

/// Remembers the cases that wait for their deadline. At its first look it reads every entity once; afterwards only what the ledger
/// said since. It holds an id and a time for each case at work.
#[derive(Debug, Default)]
pub struct Deadlines {
    /// Entries before this one are known; none before the first look.
    next: Option<u64>,
    waiting: BTreeMap<EntityId, Waits>,
}

/// Until when a case waits, and on which notice.
#[derive(Debug, Clone, Copy)]
struct Waits {
    deadline: Time,
    notice: Option<EntityId>,
}

impl Deadlines {
    /// Says of every case whose time is over that it is; gives how many. What another server said first is not counted.
    ///
    /// # Errors
    /// The store's; what was said before stands, and the next call goes on.
    pub fn say_overdue(&mut self, store: &dyn Store, sequencer: &Sequencer, host: &Host) -> Result<usize> {
        self.look(store)?;
        let head = store.look(|snapshot| snapshot.head())?;
        let ledger = head.ok_or_else(|| StoreError::Missing("this store".into()))?.ledger;
        let now = host.clock.wall();
        let over: Vec<_> =
            self.waiting.iter().filter(|(_, waits)| waits.deadline < now).map(|(id, waits)| (*id, *waits)).collect();
        let levels = levels(store, &over)?;
        let items: Vec<Item> = over
            .iter()
            .map(|(finding, Waits { deadline, notice })| {
                let level = notice.and_then(|notice| levels.get(&notice).copied()).unwrap_or(1);
                let (id, body) =
                    (overdue_id(*finding, *deadline, level), json!({ "deadline": deadline, "level": level }));
                OwnOp { id, origin: "deadline", kind: "finding.overdue", entity: *finding, body, base: None }
                    .write(ledger, host)
            })
            .collect();
        let mut said = 0;
        for ((finding, _), verdict) in over.iter().zip(sequencer.append(store, &items)?) {
            match verdict {
                Verdict::Accepted { .. } => said += 1,
                // Said already, or something happened to the case meanwhile: that is read at the next look.
                Verdict::Duplicate { .. } | Verdict::Refused { .. } => {}
                other => tracing::error!(?other, %finding, "that a case is overdue was not taken"),
            }
            self.waiting.remove(finding);
        }
        Ok(said)
    }

    fn look(&mut self, store: &dyn Store) -> Result<()> {
        let size = store.look(|snapshot| snapshot.head())?.map_or(0, |head| head.size);
        let Some(mut next) = self.next else {
            let mut after = None;
            loop {
                let page = store.look(|snapshot| snapshot.all_entities(after, PAGE))?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                page.iter().try_for_each(|row| self.note(row))?;
            }
            // What was said while it read is read again.
            self.next = Some(size);
            return Ok(());
        };
        while next < size {
            let (end, rows) = store.look(|snapshot| changed(snapshot, next))?;
            rows.iter().try_for_each(|row| self.note(row))?;
            next = end;
            self.next = Some(next);
        }
        Ok(())
    }

    /// A case waits while it would be overdue at some time, and nobody said so yet.
    fn note(&mut self, row: &EntityRow) -> Result<()> {
        if row.kind != "finding" {
            return Ok(());
        }
        let finding: Entity =
            serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(format!("{}: {error}", row.id)))?;
        let deadline = finding.text("deadline").and_then(|text| text.parse::<Time>().ok());
        let waits = standing(&finding, Time::from_millis(i64::MAX)) == Standing::Overdue;
        match deadline.filter(|deadline| waits && finding.field(&overdue_field(*deadline)).is_none()) {
            Some(deadline) => {
                let notice = finding.reference("notice");
                self.waiting.insert(finding.id, Waits { deadline, notice });
            }
            None => drop(self.waiting.remove(&finding.id)),
        }
        Ok(())
    }
}

/// The level of each notice that one of these cases stands on: who overruns a second notice is to be told so at its level.
fn levels(store: &dyn Store, over: &[(EntityId, Waits)]) -> Result<BTreeMap<EntityId, u64>> {
    let notices: BTreeSet<EntityId> = over.iter().filter_map(|(_, waits)| waits.notice).collect();
    let notices: Vec<EntityId> = notices.into_iter().collect();
    let mut levels = BTreeMap::new();
    for ids in notices.chunks(PAGE as usize) {
        for row in store.look(|snapshot| snapshot.entities_of(ids))? {
            let notice: Entity =
                serde_json::from_str(&row.row).map_err(|error| StoreError::Damaged(format!("{}: {error}", row.id)))?;
            levels.insert(row.id, Notice::from_entity(&notice).level);
        }
    }
    Ok(levels)
}

/// Where the page of entries from `next` ends, and what they changed, as it is now.
fn changed(snapshot: &dyn Snapshot, next: u64) -> Result<(u64, Vec<EntityRow>)> {
    let entries: Vec<Entry> = snapshot.entries(next, PAGE)?;
    let mut ids = Vec::new();
    for entry in &entries {
        let damaged = |what: String| StoreError::Damaged(format!("entry {}: {what}", entry.index));
        let facts: Facts = serde_json::from_str(&entry.facts).map_err(|error| damaged(error.to_string()))?;
        if facts.counts() {
            ids.push(Op::parse(&entry.op).map_err(|error| damaged(error.detail))?.entity);
            ids.extend(facts.also);
        }
    }
    ids.sort_unstable();
    ids.dedup();
    let end = entries.last().map_or(u64::MAX, |entry| entry.index + 1);
    Ok((end, snapshot.entities_of(&ids)?))
}
