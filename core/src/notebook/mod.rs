//! What an app holds: open it, record in it, list it, sync it, suspend it.
//!
//! A [`Notebook`] is the phone's half of one city's ledger, in one folder. Every action is durable
//! when it returns and whole or not at all; none waits for a network except [`Notebook::sync`],
//! [`Notebook::enrol`], [`Notebook::sign_in`] and [`Notebook::fetch_preview`]. Clones share one
//! notebook; all methods may be called from any thread, also while a sync is running.
//!
//! Several people may share a phone: each signs in once, online, and they take turns offline by PIN.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use xuncha_core::host::Host;
//! use xuncha_core::model::FindingDraft;
//! use xuncha_core::notebook::{FileKeyStore, Notebook};
//! use xuncha_core::sync::HttpService;
//!
//! # async fn day() -> xuncha_core::Result<()> {
//! let keys = Arc::new(FileKeyStore::new("device.key"));
//! let notebook = Notebook::open(Path::new("notebook"), keys, Host::system())?;
//! let city = HttpService::new("https://xuncha.example.cn")?;
//! notebook.enrol(&city, "K7Q4-2M9X").await?;
//!
//! let finding = FindingDraft { item: Some("SR-1".into()), note: Some("井盖缺失".into()), ..Default::default() };
//! let id = notebook.record(finding, vec![])?; // saved, with or without a network
//! notebook.sync(&city, &()).await?;
//! assert_eq!(notebook.finding(id)?.note.as_deref(), Some("井盖缺失"));
//! # Ok(())
//! # }
//! ```

mod bundle;
mod casework;
mod catalogue;
mod changes;
mod conflict;
mod draft;
mod enrol;
mod files;
mod free;
mod handed_in;
mod inspect;
mod keys;
mod list;
mod opening;
mod people;
mod photo;
mod pin;
mod preview;
mod record;
mod recovered;
mod refused;
mod spot;
mod status;

pub use crate::store::{EnrolAgain, Secret, SignInAgain};
pub use bundle::Exported;
pub use catalogue::{InForce, PlaceNear, Whereabouts};
pub use changes::Changes;
pub use conflict::{Claim, Conflict};
pub use draft::{DraftId, SavedDraft};
pub use enrol::{Enrolled, Invitation};
pub use files::{FileFault, FileState, PhotoOf, Which};
pub use free::Freed;
pub use inspect::{Line, Visit};
pub use keys::{FileKeyStore, KeyStore};
pub use list::{ListKey, ListPage, Listed, Listing, Near, Person};
pub use people::SignedIn;
pub use photo::{PhotoSource, SealedPhoto, Shot, Shows};
pub use preview::{PreviewOptions, PreviewsMade};
pub use recovered::RecoveredPhoto;
pub use refused::{RefusedOp, WaitingOp};
pub use status::Status;

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::host::Host;
use crate::model::LineId;
use crate::protocol::SyncService;
use crate::store::{Door, Store};
use crate::sync::{Errand, Progress, SyncOptions, Synced};
use crate::{Error, Result};
use opening::{matching, new_secret, prepare};
use pin::Waits;

/// One phone's notebook. See the [module](self).
#[derive(Clone)]
pub struct Notebook {
    shared: Arc<Shared>,
}

struct Shared {
    door: Door,
    keys: Arc<dyn KeyStore>,
    /// True while a sync or an enrolment is under way.
    errand: AtomicBool,
    /// Until when there is no try of a PIN, by a clock that nobody can set.
    waits: Waits,
    /// Read while half files are alive, written while they are swept away.
    sealing: RwLock<()>,
}

impl fmt::Debug for Notebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notebook")
    }
}

impl Notebook {
    /// Opens the notebook in `folder`, or creates it where there is none.
    ///
    /// # Errors
    /// [`Error::Busy`] when another process has it, [`Error::Outdated`] when a newer version wrote
    /// it, [`Error::Damaged`] when it cannot be read, [`Error::KeyMissing`] when its key is gone,
    /// [`Error::KeyWrong`] when it is another one, [`Error::KeyUnavailable`] when the key store says so. All of
    /// these leave every byte as it was. A crash while it is created leaves nothing, or a whole one. A notebook
    /// that is there opens on a full disk too, to be read.
    ///
    /// With the cargo feature `sqlcipher` the database is encrypted; one that is plain is encrypted in its place by
    /// this call, once. [`Error::DatabaseKeyMissing`] and [`Error::DatabaseKeyWrong`] then say that nobody can read it
    /// without the right secret; without the feature, [`Error::Encrypted`] says that this build cannot.
    pub fn open(folder: &Path, keys: Arc<dyn KeyStore>, host: Host) -> Result<Notebook> {
        let (lock, secret) = prepare(folder, keys.as_ref(), &host)?;
        let cipher = secret.as_ref().and_then(Secret::database_key);
        let find = |public: &_| matching(secret.as_ref(), public, keys.as_ref(), &host);
        let door = Door::open(folder, lock, host.clone(), cipher, find)?;
        Notebook::around(door, keys)
    }

    /// Opens a notebook whose key is missing, with a new key: everything that was not judged is
    /// said again with its id and counter, under a new line. Recording goes on; enrol again before the next sync.
    /// A notebook whose key is here is simply opened.
    ///
    /// # Errors
    /// As [`Notebook::open`], never [`Error::KeyMissing`] or [`Error::KeyWrong`]. A crash leaves a notebook whose key is
    /// still missing; call again.
    pub fn open_as_new_device(folder: &Path, keys: Arc<dyn KeyStore>, host: Host) -> Result<Notebook> {
        let (lock, secret) = prepare(folder, keys.as_ref(), &host)?;
        let cipher = secret.as_ref().and_then(Secret::database_key);
        let mut adopted = None;
        let find = |public: &_| match matching(secret.as_ref(), public, keys.as_ref(), &host) {
            Err(Error::KeyMissing | Error::KeyWrong) => {
                let secret = new_secret(keys.as_ref(), &host, cipher.cloned())?;
                adopted = Some(secret.device_key());
                Ok(secret)
            }
            other => other,
        };
        let door = Door::open(folder, lock, host.clone(), cipher, find)?;
        if let Some(key) = adopted {
            // Where the key is gone this may be a copy, and the notebook it was made from goes on elsewhere.
            let line = LineId(host.uuid());
            door.with(|store| store.adopt(key, Some(line)))?;
        }
        Notebook::around(door, keys)
    }

    fn around(door: Door, keys: Arc<dyn KeyStore>) -> Result<Notebook> {
        let notebook = Notebook {
            shared: Arc::new(Shared {
                door,
                keys,
                errand: AtomicBool::new(false),
                waits: Waits::default(),
                sealing: RwLock::new(()),
            }),
        };
        match notebook.sweep() {
            // Sweeping is for the next opening then: what is here can be read.
            Ok(()) | Err(Error::Full) => Ok(notebook),
            Err(error) => Err(error),
        }
    }

    /// Sends everything that waits and fetches everything that changed; one request when there is
    /// neither. Asks again as [`SyncOptions::default`] says.
    ///
    /// It is done for everybody who is signed in, whoever records now, and also while the notebook is
    /// locked.
    ///
    /// Dropping the future at any time leaves a consistent notebook; what was fetched so far stays.
    ///
    /// # Errors
    /// [`Error::Offline`] and other retryable ones: try again later. [`Error::NotEnrolled`]: enrol
    /// (again). [`Error::Untrusted`]: nothing of what was shown was taken. [`Error::Busy`]: another
    /// sync is under way, or the notebook is suspended.
    pub async fn sync<S: SyncService>(&self, service: &S, progress: &dyn Progress) -> Result<Synced> {
        self.sync_with(service, progress, &SyncOptions::default()).await
    }

    /// [`Notebook::sync`] with other options.
    ///
    /// # Errors
    /// As [`Notebook::sync`].
    pub async fn sync_with<S: SyncService>(
        &self,
        service: &S,
        progress: &dyn Progress,
        options: &SyncOptions,
    ) -> Result<Synced> {
        let _alone = self.alone()?;
        Errand { door: &self.shared.door, service, options, progress }.sync().await
    }

    /// Stops intake, ends long work early, writes the journal back and closes the database, so
    /// that the system may suspend or kill the app. Until [`Notebook::resume`] every call gives
    /// [`Error::Busy`].
    ///
    /// # Errors
    /// [`Error::Busy`] when the work in hand did not end within `deadline`: call again. Nothing is
    /// lost either way.
    pub fn suspend(&self, deadline: Duration) -> Result<()> {
        self.shared.door.suspend(deadline)
    }

    /// Opens the database again after [`Notebook::suspend`].
    ///
    /// # Errors
    /// As [`Notebook::open`].
    pub fn resume(&self) -> Result<()> {
        let (keys, host) = (self.shared.keys.as_ref(), self.host());
        let secret = keys.load()?;
        let cipher = secret.as_ref().and_then(Secret::database_key);
        self.shared.door.resume(cipher, |public| matching(secret.as_ref(), public, keys, host))?;
        // The clock that nobody can set may have stood still meanwhile.
        self.shared.waits.forget();
        self.sweep()
    }

    /// What is wrong with this notebook, a line each; empty when nothing is. For tests and support:
    /// computes every view anew, and checks the chain of ops and the checksum of every scope.
    ///
    /// # Errors
    /// [`Error::Storage`] when it cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>> {
        self.read(Store::check)
    }

    fn read<T>(&self, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        self.shared.door.with(|store| work(store))
    }

    /// Does `work` in one transaction.
    fn change<T>(&self, work: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        self.shared.door.with(|store| store.whole(work))
    }

    /// To be held while half files are alive.
    fn sealing(&self) -> RwLockReadGuard<'_, ()> {
        self.shared.sealing.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn host(&self) -> &Host {
        self.shared.door.host()
    }

    /// One errand at a time: two syncs at once would send everything twice.
    fn alone(&self) -> Result<Alone<'_>> {
        match self.shared.errand.swap(true, Ordering::AcqRel) {
            true => Err(Error::Busy),
            false => Ok(Alone(&self.shared.errand)),
        }
    }
}

struct Alone<'a>(&'a AtomicBool);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
