//! The guard: the newest checkpoint, in a small file outside the data folder and outside backups.
//!
//! Whoever puts an old backup in place of the data folder does not put back the guard too, so the server
//! learns at its start that it is behind. The file is the signed note and nothing else. It is written
//! when a batch is durable and before anybody hears of it, and swapped by compare-and-set: only what is
//! there and is continued is replaced, under a lock, and never by something older. A kill leaves the
//! note before or the note after.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use xuncha_core::op::{PublicKey, Seen};
use xuncha_core::proof::{Checkpoint, CheckpointError};

use super::standing::proves;
use crate::store::{Head, Snapshot, Store, StoreError};

/// A guard file of one ledger.
#[derive(Debug)]
pub struct Guard {
    path: PathBuf,
    key: PublicKey,
    /// The note that stood there when we last looked, once it was found to be continued here.
    known: Mutex<Option<String>>,
    /// True while it cannot be written.
    failing: AtomicBool,
}

/// Why a guard was not moved.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It has seen a checkpoint that this ledger does not continue; it was left as it is.
    #[error("the guard has seen checkpoint {}/{}, which this ledger does not continue", .0.epoch, .0.size)]
    Ahead(Seen),
    /// It holds another ledger's checkpoint, or something else; it was left as it is.
    #[error("{0}")]
    Foreign(String),
    /// It cannot be read or written.
    #[error("{path}: {source}")]
    Disk {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type Result<T> = std::result::Result<T, GuardError>;

impl Guard {
    /// The guard at `path` of the ledger with this key. Touches nothing.
    pub fn new(path: impl Into<PathBuf>, key: PublicKey) -> Guard {
        Guard { path: path.into(), key, known: Mutex::new(None), failing: AtomicBool::new(false) }
    }

    /// True when there is something at its path.
    pub fn is_there(path: &Path) -> bool {
        path.exists()
    }

    /// True while it cannot be written: the phones are the only guard then.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// The checkpoint in it; none when there is no file.
    ///
    /// # Errors
    /// [`GuardError::Foreign`], [`GuardError::Disk`].
    pub fn read(&self, head: &Head) -> Result<Option<Seen>> {
        self.text()?.map(|note| self.open(&note, head)).transpose()
    }

    /// Moves it to where the ledger in `store` ends now. Nothing happens when it stands there already.
    ///
    /// # Errors
    /// [`GuardError`]; the file is then as it was.
    pub fn follow(&self, store: &dyn Store) -> Result<()> {
        let moved = self.moved(store);
        self.failing.store(matches!(moved, Err(GuardError::Disk { .. })), Ordering::Relaxed);
        moved
    }

    fn moved(&self, store: &dyn Store) -> Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let head = store.look(|snapshot| snapshot.head())?;
        let head = head.ok_or_else(|| StoreError::Missing("this store".into()))?;
        if known.as_ref() == Some(&head.checkpoint) || head.checkpoint.is_empty() {
            return Ok(());
        }
        // Two servers with one guard, or a command beside a server: one at a time.
        let _alone = self.lock()?;
        let there = self.text()?;
        if there.is_some() && there != *known {
            let seen = self.open(there.as_deref().unwrap_or_default(), &head)?;
            // Looked at anew: the ledger may have grown since, and what is there may be of that.
            let continued = store.look(|snapshot: &dyn Snapshot| match snapshot.head()? {
                Some(head) => proves(snapshot, &head, &seen),
                None => Ok(false),
            })?;
            if !continued {
                return Err(GuardError::Ahead(seen));
            }
            if (seen.epoch, seen.size) >= (head.epoch, head.size) {
                // Somebody else has moved it on, with entries that are ours too.
                *known = there;
                return Ok(());
            }
        }
        self.replace(&head.checkpoint)?;
        *known = Some(head.checkpoint);
        Ok(())
    }

    fn open(&self, note: &str, head: &Head) -> Result<Seen> {
        let path = self.path.display();
        match Checkpoint::open(note, &self.key.0, head.ledger.0) {
            Ok(found) => Ok(Seen { epoch: found.origin.epoch, size: found.size, root: found.root }),
            Err(CheckpointError::OtherLedger | CheckpointError::Note(_)) => Err(GuardError::Foreign(format!(
                "{path} is not a checkpoint of ledger {}: it is another ledger's guard, or damaged",
                head.ledger
            ))),
            Err(error) => Err(GuardError::Foreign(format!("{path}: {error}"))),
        }
    }

    fn text(&self) -> Result<Option<String>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(GuardError::Foreign(format!("{} is not a checkpoint", self.path.display())))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    fn lock(&self) -> Result<File> {
        let open = || {
            let file = File::options().write(true).create(true).truncate(false).open(self.beside("lock"))?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(|error| self.failed(error))
    }

    fn replace(&self, note: &str) -> Result<()> {
        let new = self.beside("new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(note.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.path)?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(|error| self.failed(error))
    }

    fn beside(&self, what: &str) -> PathBuf {
        self.path.with_added_extension(what)
    }

    fn failed(&self, source: io::Error) -> GuardError {
        GuardError::Disk { path: self.path.display().to_string(), source }
    }
}
