//! The one way in: a lock around the store, and closing it in time when the app is suspended.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use super::{FolderLock, Store};
use crate::host::Host;
use crate::op::{DeviceKey, PublicKey};
use crate::{Error, Result};

/// Guards a store; never held across an await.
pub(crate) struct Door {
    folder: PathBuf,
    host: Host,
    inside: Mutex<Option<Inside>>,
    closing: Arc<AtomicBool>,
}

/// Dropped in this order: the database is closed before somebody else may open it.
struct Inside {
    store: Store,
    lock: FolderLock,
}

impl Door {
    /// Opens the notebook in `folder`, whose lock is held.
    pub(crate) fn open(
        folder: &Path,
        lock: FolderLock,
        host: Host,
        find_key: impl FnOnce(&PublicKey) -> Result<DeviceKey>,
    ) -> Result<Door> {
        let closing = Arc::new(AtomicBool::new(false));
        let store = Store::open(folder, host.clone(), closing.clone(), find_key)?;
        let inside = Mutex::new(Some(Inside { store, lock }));
        Ok(Door { folder: folder.to_owned(), host, inside, closing })
    }

    /// Does `work` with the store; [`Error::Busy`] while the notebook is suspended.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        if self.closing.load(Ordering::Acquire) {
            return Err(Error::Busy);
        }
        // A panic inside rolled its transaction back; the store behind it is sound.
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        match inside.as_mut() {
            Some(inside) => work(&mut inside.store),
            None => Err(Error::Busy),
        }
    }

    /// Stops intake, writes the journal back, closes the database and lets go of the lock. Long
    /// work ends early and is rolled back.
    ///
    /// # Errors
    /// [`Error::Busy`] when the work in hand did not end within `deadline`; call again.
    pub(crate) fn suspend(&self, deadline: Duration) -> Result<()> {
        self.closing.store(true, Ordering::Release);
        let mut inside = self.lock_within(deadline)?;
        let Some(Inside { store, lock }) = inside.take() else { return Ok(()) };
        let closed = store.close();
        drop(lock);
        closed
    }

    /// Counts its own short sleeps, so that it ends whatever the clocks say.
    fn lock_within(&self, deadline: Duration) -> Result<MutexGuard<'_, Option<Inside>>> {
        for _ in 0..=deadline.as_millis() {
            match self.inside.try_lock() {
                Ok(inside) => return Ok(inside),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        Err(Error::Busy)
    }

    /// Opens again what [`Door::suspend`] closed; nothing happens when it is open.
    pub(crate) fn resume(&self, find_key: impl FnOnce(&PublicKey) -> Result<DeviceKey>) -> Result<()> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.is_none() {
            let lock = FolderLock::take(&self.folder)?;
            self.closing.store(false, Ordering::Release);
            let store = Store::open(&self.folder, self.host.clone(), self.closing.clone(), find_key)?;
            *inside = Some(Inside { store, lock });
        }
        self.closing.store(false, Ordering::Release);
        Ok(())
    }

    /// The machine.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}
