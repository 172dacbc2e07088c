//! The one way in: a lock around the store, and closing it in time when the app is suspended.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use tokio::sync::watch;

use super::open::{Identity, identity};
use super::{DatabaseKey, FolderLock, Secret, Store};
use crate::host::Host;
use crate::op::PublicKey;
use crate::{Error, Result};

/// Guards a store; never held across an await.
pub(crate) struct Door {
    folder: PathBuf,
    host: Host,
    inside: Mutex<Option<Inside>>,
    closing: Arc<AtomicBool>,
    /// Counts the times that something was written; whoever shows a list waits here.
    written: watch::Sender<u64>,
}

/// Dropped in this order: the database is closed before somebody else may open it.
struct Inside {
    store: Store,
    lock: FolderLock,
    /// Which file the database is.
    file: Identity,
}

impl Inside {
    /// SQLite goes on writing into a file that was removed or replaced beneath it, and calls it saved.
    fn check_place(&self, folder: &Path) -> Result<()> {
        match identity(folder) {
            Ok(file) if file == self.file => Ok(()),
            Ok(_) => {
                let source = Box::new(std::io::Error::other("there is another one in its place"));
                Err(Error::Storage { what: "the notebook's database is gone".into(), source })
            }
            Err(error) => Err(error),
        }
    }
}

impl Door {
    /// Opens the notebook in `folder`, whose lock is held; see [`Store::open`].
    pub(crate) fn open(
        folder: &Path,
        lock: FolderLock,
        host: Host,
        cipher: Option<&DatabaseKey>,
        find: impl FnOnce(&PublicKey) -> Result<Secret>,
    ) -> Result<Door> {
        let closing = Arc::new(AtomicBool::new(false));
        let store = Store::open(folder, host.clone(), closing.clone(), cipher, find)?;
        let file = identity(folder)?;
        let inside = Mutex::new(Some(Inside { store, lock, file }));
        Ok(Door { folder: folder.to_owned(), host, inside, closing, written: watch::Sender::new(0) })
    }

    /// Does `work` with the store; [`Error::Busy`] while the notebook is suspended.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Store) -> Result<T>) -> Result<T> {
        if self.closing.load(Ordering::Acquire) {
            return Err(Error::Busy);
        }
        // A panic inside rolled its transaction back; the store behind it is sound.
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(inside) = inside.as_mut() else { return Err(Error::Busy) };
        inside.check_place(&self.folder)?;
        let store = &mut inside.store;
        let before = store.rows_written();
        let done = work(store);
        // Also what was rolled back: telling once too often costs a look, telling once too little shows old rows.
        if store.rows_written() != before {
            self.written.send_modify(|times| *times += 1);
        }
        done
    }

    /// Where to wait for the next change.
    pub(crate) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Stops intake, writes the journal back, closes the database and lets go of the lock. Long
    /// work ends early and is rolled back.
    ///
    /// # Errors
    /// [`Error::Busy`] when the work in hand did not end within `deadline`; call again.
    pub(crate) fn suspend(&self, deadline: Duration) -> Result<()> {
        self.closing.store(true, Ordering::Release);
        let mut inside = self.lock_within(deadline)?;
        let Some(Inside { store, lock, .. }) = inside.take() else { return Ok(()) };
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
    pub(crate) fn resume(
        &self,
        cipher: Option<&DatabaseKey>,
        find: impl FnOnce(&PublicKey) -> Result<Secret>,
    ) -> Result<()> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.is_none() {
            let lock = FolderLock::take(&self.folder)?;
            self.closing.store(false, Ordering::Release);
            let store = Store::open(&self.folder, self.host.clone(), self.closing.clone(), cipher, find)?;
            *inside = Some(Inside { store, lock, file: identity(&self.folder)? });
            // Who shows a list could not look meanwhile.
            self.written.send_modify(|times| *times += 1);
        }
        self.closing.store(false, Ordering::Release);
        Ok(())
    }

    /// The machine.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }
}
