//! Looking whether phones can be served: never for long, never twice at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::Service;
use crate::ledger::{ahead, rolled_back, rolled_back_detail};
use crate::metrics::{LedgerStanding, Requests};
use crate::readiness::{Part, Readiness, Trouble};
use crate::store::{self, Store, StoreError};

/// How long a database or a disk may take to answer before it counts as not there.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// What looks share.
pub(super) struct Lookout {
    /// Looks that were begun.
    begun: AtomicU64,
    /// The last look and its number.
    last: Mutex<(u64, Readiness)>,
    // One of each kind: behind one that hangs others must not pile up.
    database: Arc<Semaphore>,
    files: Arc<Semaphore>,
    standing: Arc<Semaphore>,
}

impl Default for Lookout {
    fn default() -> Lookout {
        let one = || Arc::new(Semaphore::new(1));
        let last = Mutex::new((0, Readiness::of(Vec::new())));
        Lookout { begun: AtomicU64::new(0), last, database: one(), files: one(), standing: one() }
    }
}

impl Service {
    /// What is counted of requests.
    pub fn requests(&self) -> &Requests {
        &self.inner.requests
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.inner.stopping.load(Ordering::Relaxed)
    }

    /// From now on the server says that it is not ready.
    pub fn begin_stopping(&self) {
        self.inner.stopping.store(true, Ordering::Relaxed);
        self.inner.blobs.begin_stopping();
    }

    /// Whether phones are served now, and what is in the way otherwise. Takes a few seconds at most. Whoever
    /// asks while somebody else's look is under way shares the next one.
    ///
    /// Codes: `stopping`; `database_silent` when there is no answer, or the database's own failure, such as
    /// `database_away`; `ledger_rolled_back`; `storage_full`, `files_unwritable`, `files_silent`.
    pub async fn readiness(&self) -> Readiness {
        let lookout = &self.inner.lookout;
        let asked = lookout.begun.load(Ordering::SeqCst);
        let mut last = lookout.last.lock().await;
        if last.0 <= asked {
            let number = lookout.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = (number, self.look().await);
        }
        last.1.clone()
    }

    async fn look(&self) -> Readiness {
        let (database, files) = tokio::join!(self.database(), self.files());
        let stopping = self.inner.stopping.load(Ordering::Relaxed);
        let stopping = stopping.then(|| Trouble::new(Part::Process, "stopping", "the server is about to end"));
        Readiness::of(stopping.into_iter().chain(database).chain(files).collect())
    }

    async fn database(&self) -> Option<Trouble> {
        let found = self.ask(&self.inner.lookout.database, |store| {
            store.look(|snapshot| {
                let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
                Ok(rolled_back(snapshot, &head)?.map(|seen| rolled_back_detail(&head, &seen)))
            })
        });
        match found.await {
            Some(Ok(None)) => None,
            Some(Ok(Some(detail))) => Some(Trouble::new(Part::Ledger, "ledger_rolled_back", detail)),
            Some(Err(error)) => Some(Trouble::new(Part::Database, error.code(), error.to_string())),
            None => Some(silent(Part::Database, "database_silent")),
        }
    }

    async fn files(&self) -> Option<Trouble> {
        let (gate, blobs) = (self.inner.lookout.files.clone(), self.inner.blobs.clone());
        let look = async move {
            let turn = gate.acquire_owned().await;
            // A task of its own goes on when nobody waits any more, and lets nobody else in until it is done.
            let look = tokio::spawn(async move {
                let found = blobs.reachable().await;
                drop(turn);
                found
            });
            look.await
        };
        match timeout(PATIENCE, look).await {
            Ok(Ok(found)) => found.err(),
            _ => Some(silent(Part::Files, "files_silent")),
        }
    }

    /// What the database says of the ledger; none when it does not answer in time.
    pub(super) async fn ledger_standing(&self) -> Option<LedgerStanding> {
        let found = self.ask(&self.inner.lookout.standing, |store| {
            store.look(|snapshot| {
                let head = snapshot.head()?.ok_or_else(|| StoreError::Missing("this store".into()))?;
                let ahead = ahead(snapshot, &head)?.iter().filter(|row| row.device.is_some()).count();
                let (durable, uploads) = (snapshot.durable_size()?, snapshot.open_uploads()?);
                Ok(LedgerStanding { entries: head.size, durable, epoch: head.epoch, ahead, uploads })
            })
        });
        found.await?.ok()
    }

    /// Asks the store where it may block. None when there was no answer in time, or one before still waits for its own.
    async fn ask<T: Send + 'static>(
        &self,
        gate: &Arc<Semaphore>,
        work: impl FnOnce(&dyn Store) -> store::Result<T> + Send + 'static,
    ) -> Option<store::Result<T>> {
        // The store alone: a question that hangs must not keep a server from stopping.
        let (store, gate) = (self.inner.store.clone(), gate.clone());
        let asked = async move {
            let turn = gate.acquire_owned().await;
            let work = move || {
                let answer = work(&*store);
                drop(turn);
                answer
            };
            tokio::task::spawn_blocking(work).await.ok()
        };
        timeout(PATIENCE, asked).await.ok().flatten()
    }
}

fn silent(part: Part, code: &'static str) -> Trouble {
    Trouble::new(part, code, format!("no answer within {} s", PATIENCE.as_secs()))
}
