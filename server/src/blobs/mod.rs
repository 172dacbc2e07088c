//! Files of photos: received in pieces, kept whole, given to those who may see them.
//!
//! What is decided (who may send what, what a file is, who sees it) are plain functions over
//! (store, folder, clock, random). What takes time (bytes arriving, disks) is around them.
//! Absent: HTTP, which is `api/`; what a file is evidence of, which is the ledger's.

mod check;
mod depot;
mod fetch;
mod intake;
mod kept;
mod local;
mod looks;
mod previews;
mod reach;
mod receive;
mod s3;
mod sight;
mod source;
mod sweep;
mod taken;
mod turns;
mod uploads;
mod writer;

pub(crate) use check::copied;
pub use check::{Checked, check, note};
pub(crate) use depot::Gathered;
pub use depot::{Depot, DepotError, Reading};
pub use fetch::Opened;
pub(crate) use kept::is_kept;
pub use kept::{arrived, keep_arrived};
pub use local::Folder;
pub use previews::make_previews;
pub use s3::{Bucket, Object};
pub use source::{Pieces, Source};
pub use sweep::{Swept, UPLOAD_LIFE, sweep};
pub use taken::take_in;
pub use uploads::Announced;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use xuncha_core::host::Host;
use xuncha_core::model::Code;
use xuncha_core::protocol::ServiceError;

use crate::metrics::Traffic;
use crate::problem::refusal;
use crate::queue::Queue;
use crate::store::Store;

/// Tells how many bytes are free where a folder lies.
pub type FreeSpace = fn(&Path) -> std::io::Result<u64>;

/// How much may be received, and how patiently.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Bytes that one device may have on their way or hold here though nothing refers to them.
    pub quota: u64,
    /// Bytes that stay free for the ledger: no file is received into them.
    pub reserve: u64,
    /// Tells how much is free.
    pub free: FreeSpace,
    /// Bytes of files on their way that are in memory at once, over all requests.
    pub memory: usize,
    /// How long a body may give nothing.
    pub idle: Duration,
    /// How long after its original a photo may be without previews before the server makes them.
    pub preview_after: Duration,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            quota: 4 << 30,
            reserve: 256 << 20,
            free: local::free_space,
            memory: 64 << 20,
            idle: Duration::from_secs(30),
            preview_after: Duration::from_secs(10 * 60),
        }
    }
}

/// Receives files and gives them out.
pub struct Blobs {
    depot: Depot,
    store: Arc<dyn Store>,
    queue: Queue,
    host: Host,
    bounds: Bounds,
    turns: turns::Turns,
    coming: Arc<Semaphore>,
    going: Arc<Semaphore>,
    looks: looks::Looks,
    traffic: Traffic,
}

impl Blobs {
    /// Over the files in `depot`.
    pub fn new(depot: Depot, store: Arc<dyn Store>, queue: Queue, host: Host, bounds: Bounds) -> Arc<Blobs> {
        let budget = || Arc::new(Semaphore::new(bounds.memory.min(Semaphore::MAX_PERMITS)));
        let (coming, going, turns, traffic) = (budget(), budget(), turns::Turns::default(), Traffic::default());
        let looks = looks::Looks::default();
        Arc::new(Blobs { depot, store, queue, host, bounds, turns, coming, going, looks, traffic })
    }

    /// What is counted of bytes.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The bytes of a display copy; none when it is not here, or longer than any that is made.
    ///
    /// # Errors
    /// As for [`Depot::open`].
    #[cfg(feature = "pdf")]
    pub(crate) fn whole(&self, hash: &xuncha_core::model::Hash) -> std::io::Result<Option<Vec<u8>>> {
        self.depot.whole(hash)
    }

    /// Every upload makes durable what it has and lets go; new ones are let go at once.
    pub fn begin_stopping(&self) {
        self.turns.stop();
    }

    /// Runs work where it may block.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Blobs) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let blobs = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&blobs)).await;
        done.unwrap_or_else(|_| Err(refusal(Code::Internal, None)))
    }

    /// Fails when `bytes` more would eat into what is kept free for the ledger.
    fn check_room(&self, bytes: u64) -> Result<(), ServiceError> {
        // A bucket says itself when it is full.
        let Depot::Folder(folder) = &self.depot else { return Ok(()) };
        let free = (self.bounds.free)(folder.root()).map_err(|error| disk_failure(&error))?;
        if free < self.bounds.reserve.saturating_add(bytes) {
            tracing::error!(free, "no room for files");
            return Err(refusal(Code::StorageFull, None));
        }
        Ok(())
    }
}

/// What a phone hears when it is not where its upload stands.
fn stands_at(offset: u64) -> ServiceError {
    refusal(Code::OffsetMismatch, format!("Upload-Offset: the upload stands at {offset}"))
}

/// What a phone hears when the place of the files fails; the cause is logged.
pub(crate) fn disk_failure(error: &std::io::Error) -> ServiceError {
    use std::io::ErrorKind;
    tracing::error!(%error, "the place of the files failed");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => refusal(Code::StorageFull, None),
        ErrorKind::HostUnreachable => refusal(Code::Unavailable, None),
        _ => refusal(Code::Internal, None),
    }
}
