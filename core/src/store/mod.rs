//! The phone's SQLite: what was said, what the server says, what is shown.
//!
//! One user action is one transaction ([`Store::whole`]); one page of a pull is one transaction.
//! Whatever dies in between leaves the state before it. The schema and every longer query lie in
//! `.sql` files beside; nothing here talks to a network or decides a rule.

mod account;
mod check;
mod check_files;
mod cipher;
mod documents;
mod door;
mod epoch;
mod fault;
mod files;
mod login;
mod open;
mod page;
mod photos;
mod put;
mod read;
mod say;
mod scopes;
mod secret;
mod verdict;
mod view;

pub use account::EnrolAgain;
pub(crate) use account::{Account, Membership};
pub(crate) use cipher::DatabaseKey;
pub(crate) use door::Door;
pub(crate) use epoch::NewEpoch;
pub(crate) use fault::{Tried, unreadable};
pub(crate) use files::WaitingFile;
pub use login::SignInAgain;
pub(crate) use login::{Author, Lock, Login};
pub(crate) use open::{FolderLock, create, exists, sync_folder};
pub(crate) use photos::PhotoWithoutPreview;
pub(crate) use read::{OpLine, Shown, everything};
pub(crate) use say::{Saying, as_invalid};
pub use secret::Secret;
pub(crate) use verdict::{Batch, Tally};

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::host::Host;
use crate::model::catalogue::Catalogue;
use crate::model::{EntityId, Hash, OpId};
use crate::op::{DeviceKey, PublicKey};
use crate::plan::Shape;
use crate::{Error, Result};

/// Areas and their shapes, read once and kept until one of them changes.
type Shapes = Arc<Vec<(EntityId, Shape)>>;

/// An open notebook.
pub(crate) struct Store {
    folder: PathBuf,
    db: Connection,
    key: DeviceKey,
    /// What the database is encrypted with, or will be.
    cipher: Option<DatabaseKey>,
    host: Host,
    shapes: RefCell<Option<Shapes>>,
    /// Catalogues read so far; a document never changes.
    catalogues: RefCell<HashMap<Hash, Arc<Catalogue>>>,
    /// The journal's name is durable.
    journal_named: Cell<bool>,
    stop: Arc<AtomicBool>,
}

impl Store {
    /// Opens the notebook in `folder`, with `cipher` where it is encrypted; `find` finds the secret for the public key
    /// that it remembers. One that is plain is encrypted where that secret has a key for it.
    /// While `stop` is true, long work ends early with [`Error::Busy`] and leaves nothing behind.
    pub(crate) fn open(
        folder: &Path,
        host: Host,
        stop: Arc<AtomicBool>,
        cipher: Option<&DatabaseKey>,
        find: impl FnOnce(&PublicKey) -> Result<Secret>,
    ) -> Result<Store> {
        let opened_with = cipher::fitting(folder, cipher)?;
        let (mut db, secret) = open::open(folder, opened_with, |db| find(&account::public_key(db)?))?;
        if let (None, Some(cipher)) = (opened_with, secret.database_key()) {
            db = cipher::encrypt(db, folder, cipher)?;
        }
        Ok(Store {
            folder: folder.to_owned(),
            db,
            key: secret.device_key(),
            cipher: secret.database_key().cloned(),
            host,
            shapes: RefCell::new(None),
            catalogues: RefCell::default(),
            journal_named: Cell::new(false),
            stop,
        })
    }

    /// The key of the device.
    pub(crate) fn key(&self) -> &DeviceKey {
        &self.key
    }

    /// What the database is encrypted with, or will be.
    pub(crate) fn cipher(&self) -> Option<&DatabaseKey> {
        self.cipher.as_ref()
    }

    /// True when the database is encrypted, and not only to be.
    pub(crate) fn is_encrypted(&self) -> Result<bool> {
        cipher::is_encrypted(&self.folder)
    }

    /// Does `action` whole or not at all; durable when it returns.
    pub(crate) fn whole<T>(&self, action: impl FnOnce(&Store) -> Result<T>) -> Result<T> {
        let done = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)
            .tried("begin to write")
            .and_then(|tx| {
                self.name_journal()?;
                let value = action(self)?;
                tx.commit().tried("save")?;
                Ok(value)
            });
        if done.is_err() {
            self.shapes.take();
        }
        done
    }

    /// Makes the name of the journal durable, once for each time that it is made: when the store is opened.
    ///
    /// SQLite syncs the folder as well, but goes on when that fails, as on a full disk: what it then calls saved
    /// would be gone with the name.
    fn name_journal(&self) -> Result<()> {
        if !self.journal_named.get() {
            open::sync_folder(&self.folder)?;
            self.journal_named.set(true);
        }
        Ok(())
    }

    /// Rows written since it was opened, also those that were rolled back.
    pub(crate) fn rows_written(&self) -> u64 {
        self.db.total_changes()
    }

    /// Writes everything into the one database file and closes it.
    pub(crate) fn close(self) -> Result<()> {
        self.db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).tried("write back the journal")?;
        self.db.close().map_err(|(_, error)| error).tried("close the notebook")
    }

    /// Ends long work early when the notebook is being suspended.
    fn keep_going(&self) -> Result<()> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Busy) } else { Ok(()) }
    }
}

/// Ledger indexes and counters as SQLite keeps them; none comes near 2^63.
fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that SQLite gave back; it was never negative when it was written.
fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn entity_id(bytes: [u8; 16]) -> EntityId {
    EntityId(Uuid::from_bytes(bytes))
}

fn op_id(bytes: [u8; 16]) -> OpId {
    OpId(Uuid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::model::{LineId, Time};
    use crate::protocol::PullReply;

    fn store(folder: &Path) -> Store {
        let secret = Secret::from_bytes(&[1; 64]).unwrap();
        let cipher = secret.database_key();
        create(folder, LineId(Uuid::from_u128(1)), &secret.device_key().public(), cipher).unwrap();
        Store::open(folder, Host::system(), Arc::default(), cipher, |_| Ok(secret.clone())).unwrap()
    }

    #[test]
    fn a_full_disk_is_named_and_loses_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let pages: i64 = store.db.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.db.pragma_update(None, "max_page_count", pages + 20).unwrap();
        let save = |n: u8| store.whole(|store| store.put_draft([n; 16], &"满".repeat(3_000), Time::from_millis(0)));
        let full = (0..=255).position(|n| match save(n) {
            Ok(()) => false,
            Err(Error::Full) => true,
            Err(error) => panic!("{error}"),
        });
        assert_eq!(store.drafts().unwrap().len(), full.unwrap());
        store.db.pragma_update(None, "max_page_count", pages + 200).unwrap();
        save(255).unwrap();
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_was_not_committed_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let failed: Result<()> = store.whole(|store| {
            store.put_draft([1; 16], "{}", Time::from_millis(0))?;
            Err(Error::NotEnrolled)
        });
        assert!(matches!(failed, Err(Error::NotEnrolled)));
        assert!(store.drafts().unwrap().is_empty());
    }

    #[test]
    fn a_half_created_notebook_is_created_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::File::create(folder.path().join("notebook.db.new")).unwrap();
        assert!(!exists(folder.path()).unwrap());
        store(folder.path()).close().unwrap();
        assert!(exists(folder.path()).unwrap());
        assert!(!folder.path().join("notebook.db.new").exists());
    }

    /// A page with one user who is not here yet.
    fn page(n: u64) -> PullReply {
        let id = Uuid::from_u128(n.into());
        let row = json!({
            "id": id, "kind": "user", "index": n, "at": "2026-11-24T01:30:00.000Z", "fields": { "name": "王" },
            "stamps": { "*": [id, n, null, null, null] },
        });
        serde_json::from_value(json!({
            "scopes": ["staff"], "rows": [{ "id": id, "index": n, "in": [0], "row": row }], "cursor": [1, n + 1],
            "more": true, "joined": ["staff"], "durable_size": 0, "time": "2026-11-24T01:30:00.000Z",
        }))
        .unwrap()
    }

    #[test]
    fn a_page_that_is_being_stored_ends_when_the_notebook_is_suspended_and_nothing_of_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path()).close().unwrap();
        let secret = Secret::from_bytes(&[1; 64]).unwrap();
        let cipher = secret.database_key();
        let lock = FolderLock::take(folder.path()).unwrap();
        let door = Door::open(folder.path(), lock, Host::system(), cipher, |_| Ok(secret.clone())).unwrap();
        let take = |store: &Store, n| store.take_page_in(&page(n), None, 0, false).map(|_| ());
        let rows = |store: &mut Store| -> Result<i64> {
            Ok(store.db.query_row("SELECT count(*) FROM entity", [], |row| row.get(0))?)
        };
        let (began, begun) = mpsc::channel();
        std::thread::scope(|scope| {
            let storing = scope.spawn(|| {
                door.with(|store| {
                    store.whole(|store| {
                        take(store, 1)?;
                        began.send(()).unwrap();
                        while !store.stop.load(Ordering::Relaxed) {
                            std::thread::yield_now();
                        }
                        // What is behind it looks whether it may go on, as each page does for every so many rows.
                        take(store, 2)
                    })
                })
            });
            begun.recv().unwrap();
            door.suspend(Duration::from_secs(60)).unwrap();
            assert!(matches!(storing.join().unwrap(), Err(Error::Busy)));
        });
        door.resume(cipher, |_| Ok(secret.clone())).unwrap();
        assert_eq!(door.with(rows).unwrap(), 0);
        door.with(|store| store.whole(|store| take(store, 1))).unwrap();
        assert_eq!(door.with(rows).unwrap(), 1);
    }
}
