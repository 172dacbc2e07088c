//! The one writer: judges what waits, in order, and appends it in one transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use xuncha_core::host::Host;
use xuncha_core::model::EntityId;
use xuncha_core::protocol::Verdict;

use super::cache::Cache;
use super::draft::OwnOp;
use super::guard::{Guard, GuardError};
use super::item::Item;
use super::open::LedgerKey;
use super::run::Run;
use super::standing::{remember, rolled_back, rolled_back_detail};
use crate::metrics::Tally;
use crate::store::{Batch, Head, Result, Store, StoreError};

/// Most ops in one batch.
pub const BATCH_OPS: usize = 256;

/// Judges and appends. One per process; across processes the store's write lock makes them one.
pub struct Sequencer {
    host: Host,
    key: LedgerKey,
    guard: Option<Arc<Guard>>,
    tally: Tally,
    /// What the last batch left, and the head it is valid at.
    cache: Mutex<(Option<(u32, u64)>, Cache)>,
}

impl Sequencer {
    /// A sequencer that signs checkpoints with `key`.
    pub fn new(host: Host, key: LedgerKey) -> Sequencer {
        Sequencer { host, key, guard: None, tally: Tally::default(), cache: Mutex::new((None, Cache::default())) }
    }

    /// The same one, moving `guard` with the ledger.
    pub fn with_guard(self, guard: Option<Arc<Guard>>) -> Sequencer {
        Sequencer { guard, ..self }
    }

    /// What is counted of its work.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Judges `items` in order and appends what is final, in batches of at most [`BATCH_OPS`]. One
    /// verdict per item; when this returns, every final verdict is durable.
    ///
    /// A batch that fails over its content is halved until the culprit stands alone and is refused
    /// as `internal`, its text kept.
    ///
    /// # Errors
    /// The store's, when it is the store that failed: batches before it are durable, nothing of the
    /// failed one is, and the same items may come again.
    pub fn append(&self, store: &dyn Store, items: &[Item]) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::with_capacity(items.len());
        let mut batches = items.chunks(BATCH_OPS);
        let outcome = batches.try_for_each(|batch| {
            let began = self.host.clock.mono();
            let judged = self.append_halving(store, batch)?;
            self.tally.judged(&judged, self.host.clock.mono() - began);
            verdicts.extend(judged);
            Ok(())
        });
        // Also when a later batch failed: those before it are there for everybody to see.
        self.guard(store);
        outcome.map(|()| verdicts)
    }

    /// Moves the guard before anybody hears of what was appended. One that cannot be written stops no
    /// work: phones are a guard too, and what was appended is durable.
    fn guard(&self, store: &dyn Store) {
        match self.guard.as_ref().map(|guard| guard.follow(store)) {
            None | Some(Ok(())) => {}
            Some(Err(GuardError::Ahead(seen))) => {
                tracing::error!(
                    epoch = seen.epoch,
                    size = seen.size,
                    "the guard has seen another ledger: no more is written"
                );
                if let Err(error) = remember(store, &self.host, None, &seen) {
                    tracing::error!(%error, "the store failed");
                }
            }
            Some(Err(error)) => tracing::error!(%error, "the guard cannot be moved"),
        }
    }

    fn append_halving(&self, store: &dyn Store, items: &[Item]) -> Result<Vec<Verdict>> {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.append_batch(store, items, false)));
        match attempt {
            Ok(Err(error)) if !error.blames_content() => Err(error),
            Ok(Ok(verdicts)) => Ok(verdicts),
            // From here on the content is at fault: a row the store rejects, or a panic in the law.
            _ if items.len() > 1 => {
                let (first, second) = items.split_at(items.len() / 2);
                let mut verdicts = self.append_halving(store, first)?;
                verdicts.extend(self.append_halving(store, second)?);
                Ok(verdicts)
            }
            Ok(Err(error)) => {
                tracing::error!(%error, "an op was refused as internal");
                self.append_batch(store, items, true)
            }
            Err(_) => {
                tracing::error!("an op made the law panic and was refused as internal");
                self.append_batch(store, items, true)
            }
        }
    }

    fn append_batch(&self, store: &dyn Store, items: &[Item], distrust: bool) -> Result<Vec<Verdict>> {
        let mut guard = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out, so that a batch that fails or panics half-way leaves no cache behind.
        let (valid_at, cache) = std::mem::take(&mut *guard);
        let mut cache = Some(cache);
        let mut outcome = None;
        store.write(&mut |batch| {
            let head = batch.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
            if let Some(seen) = rolled_back(&*batch, &head)? {
                return Err(StoreError::RolledBack(rolled_back_detail(&head, &seen)));
            }
            let cache = cache.take().unwrap_or_default().still_at(valid_at, &head);
            // What failed once is not looked at again before it is refused.
            let ahead = if distrust { &[] } else { items };
            let mut run = Run::new(&self.host, &self.key, batch, head, cache, ahead)?;
            let verdicts = items.iter().map(|item| run.take(item, distrust)).collect::<Result<Vec<_>>>()?;
            outcome = Some((verdicts, run.finish()?));
            Ok(())
        })?;
        let Some((verdicts, done)) = outcome else {
            return Err(StoreError::Failed("a batch came to nothing".into()));
        };
        for (push, id) in done.pushes {
            *push.kept() = Some(id);
        }
        *guard = (Some(done.head), done.cache);
        Ok(verdicts)
    }
}

/// Appends the `ledger.epoch` that ends `epochs` as the first entry of the epoch in `head`.
pub(super) fn append_epoch(
    batch: &mut dyn Batch,
    sequencer: &Sequencer,
    host: &Host,
    head: Head,
    epochs: Value,
) -> Result<()> {
    batch.move_head(&head)?;
    let ledger = head.ledger;
    let op = OwnOp::about(host, "epoch", "ledger.epoch", EntityId(ledger.0), json!({ "epochs": epochs }));
    let item = op.write(ledger, host);
    let mut run =
        Run::new(&sequencer.host, &sequencer.key, batch, head, Cache::default(), std::slice::from_ref(&item))?;
    let verdict = run.take(&item, false)?;
    if !matches!(verdict, Verdict::Accepted { .. }) {
        return Err(StoreError::Failed(format!("the epoch was not taken: {verdict:?}")));
    }
    run.finish().map(drop)
}
