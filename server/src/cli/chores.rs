//! What a server does of itself while it runs: tidying, the calendar, previews, telling others.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use xuncha_core::host::Host;

use crate::blobs::{Depot, make_previews, sweep};
use crate::casework::{Clerk, Deadlines};
use crate::ledger::Sequencer;
use crate::queue::Queue;
use crate::store::Store;
use crate::webhook::{Courier, Told};

/// Time between two looks for photos that nobody made previews of.
const LOOK_AROUND: Duration = Duration::from_secs(20);

/// Time between two looks into the calendar.
const CALENDAR: Duration = Duration::from_secs(60);

/// Time between two looks for something to tell.
const NEWS: Duration = Duration::from_secs(1);

/// Time between two sweeps.
const TIDY: Duration = Duration::from_secs(60 * 60);

/// Gives up uploads that were left alone, every hour.
pub(super) async fn tidy(store: Arc<dyn Store>, depot: Depot, host: Host) {
    loop {
        tokio::time::sleep(TIDY).await;
        let (store, depot, now) = (store.clone(), depot.clone(), host.clock.wall());
        match tokio::task::spawn_blocking(move || sweep(&*store, &depot, now)).await {
            Ok(Ok(swept)) => tracing::info!(uploads = swept.uploads, files = swept.files, "swept"),
            Ok(Err(error)) => tracing::error!(%error, "the sweep failed"),
            Err(error) => tracing::error!(%error, "the sweep failed"),
        }
    }
}

/// Makes the tasks that schedules ask for.
pub(super) async fn keep_calendar(store: Arc<dyn Store>, sequencer: Arc<Sequencer>, host: Host) {
    let clerk = Arc::new(Mutex::new(Clerk::default()));
    loop {
        let (clerk, store, sequencer, host) = (clerk.clone(), store.clone(), sequencer.clone(), host.clone());
        let work = move || clerk.lock().unwrap_or_else(PoisonError::into_inner).make_due(&*store, &sequencer, &host);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(0)) => {}
            Ok(Ok(made)) => tracing::info!(made, "tasks of the day"),
            Ok(Err(error)) => tracing::error!(%error, "tasks cannot be made"),
            Err(error) => tracing::error!(%error, "tasks cannot be made"),
        }
        tokio::time::sleep(CALENDAR).await;
    }
}

/// Says which cases are overdue.
pub(super) async fn keep_deadlines(store: Arc<dyn Store>, sequencer: Arc<Sequencer>, host: Host) {
    let deadlines = Arc::new(Mutex::new(Deadlines::default()));
    loop {
        let (deadlines, store, sequencer, host) = (deadlines.clone(), store.clone(), sequencer.clone(), host.clone());
        let work =
            move || deadlines.lock().unwrap_or_else(PoisonError::into_inner).say_overdue(&*store, &sequencer, &host);
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(0)) => {}
            Ok(Ok(said)) => tracing::info!(said, "cases are overdue"),
            Ok(Err(error)) => tracing::error!(%error, "deadlines cannot be kept"),
            Err(error) => tracing::error!(%error, "deadlines cannot be kept"),
        }
        tokio::time::sleep(CALENDAR).await;
    }
}

/// Tells whoever is to be told what happens.
pub(super) async fn tell(store: Arc<dyn Store>, host: Host) {
    let courier = match Courier::new(store, host) {
        Ok(courier) => courier,
        Err(error) => return tracing::error!(%error, "nobody can be told anything"),
    };
    loop {
        match courier.tell().await {
            Ok(Told::Taken) => continue,
            Ok(Told::Nothing) => {}
            Ok(Told::Failed) => tracing::warn!("a message of the webhook was not taken: see `admin webhook show`"),
            Ok(Told::GivenUp) => tracing::error!("a message of the webhook was given up: see `admin webhook show`"),
            Err(error) => tracing::error!(%error, "the webhook stands still"),
        }
        tokio::time::sleep(NEWS).await;
    }
}

/// Makes previews that nobody else made, one at a time.
pub(super) struct Drawing {
    pub(super) store: Arc<dyn Store>,
    pub(super) depot: Depot,
    pub(super) sequencer: Arc<Sequencer>,
    pub(super) host: Host,
    pub(super) queue: Queue,
}

impl Drawing {
    pub(super) async fn run(self, grace: Duration) {
        let desk = Arc::new(self);
        loop {
            tokio::time::sleep(LOOK_AROUND).await;
            let own = desk.clone();
            let work = move || {
                let made = make_previews(&*own.store, &own.depot, &own.sequencer, &own.host, grace);
                own.queue.wake();
                made
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(%error, "previews cannot be made"),
                Err(error) => tracing::error!(%error, "previews cannot be made"),
            }
        }
    }
}
