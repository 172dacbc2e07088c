//! A ledger opened to be served: made at the first start, and held against its key and its guard.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId};

use super::folder::Served;
use super::serve::ServeOptions;
use super::{Failure, guard};
use crate::blobs::Depot;
use crate::ledger::{Guard, KEY_FILE, LedgerKey, Opening, Sequencer, open_or_create};
use crate::settings::find_files;
use crate::store::{Head, Store};

/// A ledger that can be served.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    pub(super) key: LedgerKey,
    pub(super) guard: Option<Arc<Guard>>,
    pub(super) sequencer: Arc<Sequencer>,
    pub(super) depot: Depot,
    pub(super) is_new: bool,
    pub(super) called: Opening,
    pub(super) served: Served,
}

/// Opens the ledger, making it at the first start, and compares it with its guard before anything is
/// written: one that is behind stays as it is.
pub(super) fn open(options: &ServeOptions, host: &Host) -> Result<Opened, Failure> {
    // Before anything is made.
    let depot = find_files(&options.data, options.blobs.as_deref())?;
    depot.owner()?;
    fs::create_dir_all(&options.data).map_err(|error| Failure::io("make the data folder", &error))?;
    if let Some(guard) = &options.guard {
        guard::fits(guard, &options.data)?;
    }
    let served = Served::take(&options.data)?;
    let store = guard::open_guarded(options)?;
    let head = store.look(|snapshot| snapshot.head())?;
    match &head {
        None => depot.check_free()?,
        Some(head) => {
            if has_files(&*store)? {
                depot.check_known()?;
            }
            depot.prepare(head.ledger)?;
        }
    }
    let key = match &head {
        None => {
            LedgerKey::load_or_create(&options.data, host).map_err(|error| Failure::io("the ledger's key", &error))?
        }
        Some(head) => known_key(&options.data, &*store, head)?,
    };
    let guard = options.guard.as_ref().map(|path| Arc::new(Guard::new(path, key.public())));
    let sequencer = Arc::new(Sequencer::new(host.clone(), key.clone()).with_guard(guard.clone()));
    if let (Some(guard), Some(head)) = (&guard, &head) {
        guard::compare(guard, &*store, host, head)?;
    }
    if !guard::is_rolled_back(&*store)? {
        let opened = open_or_create(&*store, &sequencer, &key, &options.opening, host)?;
        if head.is_none() {
            depot.prepare(opened.ledger)?;
        }
    }
    if let Some(guard) = &guard {
        guard::follow(guard, &*store, host)?;
    }
    let called = called(&*store, &options.opening)?;
    Ok(Opened { store, key, guard, sequencer, depot, is_new: head.is_none(), called, served })
}

/// True when files lie somewhere that the ledger speaks of.
fn has_files(store: &dyn Store) -> Result<bool, Failure> {
    // They are looked through by their hashes, in which nothing says which were kept: the first thousand tell.
    let some = store.look(|snapshot| snapshot.blobs(None, 1_000))?;
    Ok(some.iter().any(|file| file.kept.is_some()))
}

/// What the ledger in `store` is called.
fn called(store: &dyn Store, opening: &Opening) -> Result<Opening, Failure> {
    let found = store.look(|snapshot| match snapshot.head()? {
        Some(head) => snapshot.entity(EntityId(head.ledger.0)),
        None => Ok(None),
    })?;
    let ledger = found.and_then(|row| serde_json::from_str::<Entity>(&row.row).ok());
    let text = |field: &str, otherwise: &str| {
        let known = ledger.as_ref().and_then(|ledger| ledger.text(field));
        known.unwrap_or(otherwise).to_owned()
    };
    Ok(Opening { name: text("name", &opening.name), zone: text("zone", &opening.zone) })
}

/// The key of a ledger that exists. Never a new one: no phone would believe what it signs.
fn known_key(data: &Path, store: &dyn Store, head: &Head) -> Result<LedgerKey, Failure> {
    let key = LedgerKey::load(data).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new("key_missing", format!("{}/{KEY_FILE} is missing: put back its copy", data.display()))
        }
        _ => Failure::io("the ledger's key", &error),
    })?;
    let named = store.look(|snapshot| snapshot.entity(EntityId(head.ledger.0)))?;
    let named = named.and_then(|row| serde_json::from_str::<Entity>(&row.row).ok());
    let named = named.as_ref().and_then(|ledger| ledger.text("key")).map(str::to_owned);
    if named.is_some_and(|named| named != key.public().to_string()) {
        return Err(Failure::new("wrong_key", format!("{KEY_FILE} is another ledger's key")));
    }
    Ok(key)
}
