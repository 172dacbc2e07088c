//! A phone: the real notebook on a disk of its own, with a clock that may be wrong.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, Hash, OpId};
use xuncha_core::notebook::{FileKeyStore, Notebook};
use xuncha_core::sync::{HttpService, SyncOptions, Synced};
use xuncha_core::{Error, Result};
use xuncha_tests::harness::SeededRandom;

use super::clock::{MachineClock, TrueTime};
use super::disk::{Disk, copy_folder};
use super::wire::{Line, Network};

/// A phone in somebody's hand.
pub(crate) struct Phone {
    /// Name of its machine.
    pub(crate) name: String,
    pub(crate) user: EntityId,
    pub(crate) clock: Arc<MachineClock>,
    service: HttpService,
    host: Host,
    disk: Disk,
    notebook: Option<Notebook>,
}

impl Phone {
    /// A new phone that knows nobody.
    pub(crate) fn new(
        name: &str,
        user: EntityId,
        seed: u64,
        truth: &Arc<TrueTime>,
        disk: &Disk,
        network: &Arc<Network>,
        old_app: bool,
    ) -> Phone {
        let clock = Arc::new(MachineClock::new(truth.clone()));
        let mixed = name.bytes().fold(seed, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(byte.into()));
        let host = Host { clock: clock.clone(), random: Arc::new(SeededRandom::from_seed(mixed)) };
        let line = Line { network: network.clone(), old_app };
        let service = HttpService::over("http://city.invalid", Arc::new(line)).unwrap();
        fs::create_dir_all(disk.folder(name)).unwrap();
        let disk = disk.clone();
        Phone { name: name.to_owned(), user, clock, service, host, disk, notebook: None }
    }

    fn folder(&self) -> PathBuf {
        self.disk.folder(&self.name).join("notebook")
    }

    fn key(&self) -> PathBuf {
        self.disk.folder(&self.name).join("device.key")
    }

    /// Its notebook.
    pub(crate) fn notebook(&self) -> &Notebook {
        self.notebook.as_ref().unwrap()
    }

    /// The app starts.
    pub(crate) fn open(&mut self) -> Result<()> {
        let keys = Arc::new(FileKeyStore::new(self.key()));
        self.notebook = Some(Notebook::open(&self.folder(), keys, self.host.clone())?);
        Ok(())
    }

    /// The app starts without its key.
    pub(crate) fn open_as_new_device(&mut self) -> Result<()> {
        let keys = Arc::new(FileKeyStore::new(self.key()));
        self.notebook = Some(Notebook::open_as_new_device(&self.folder(), keys, self.host.clone())?);
        Ok(())
    }

    /// The app ends, in whatever way.
    pub(crate) fn close(&mut self) {
        self.notebook = None;
    }

    /// Enrols with an invitation.
    pub(crate) async fn enrol(&self, code: &str) -> Result<()> {
        self.notebook().enrol(&self.service, code).await.map(drop)
    }

    /// Sends and fetches, once.
    pub(crate) async fn sync(&self) -> Result<Synced> {
        // One request at a time, so that a world goes the same way twice.
        let (in_flight, ahead) = (1, false);
        let options = SyncOptions { attempts: 1, base: Duration::ZERO, in_flight, ahead, ..SyncOptions::default() };
        self.notebook().sync_with(&self.service, &(), &options).await
    }

    /// Removes its key; the app must be closed.
    pub(crate) fn lose_key(&self) {
        match fs::remove_file(self.key()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        self.disk.settle(&self.name);
    }

    /// Copies everything it has to the disk of another machine; the app must be closed.
    pub(crate) fn copy_to(&self, machine: &str) {
        self.disk.wipe(machine);
        copy_folder(&self.disk.folder(&self.name), &self.disk.folder(machine));
        self.disk.settle(machine);
    }

    /// Puts back what was copied to `machine` before; the app must be closed.
    pub(crate) fn put_back(&self, machine: &str) {
        self.disk.wipe(&self.name);
        copy_folder(&self.disk.folder(machine), &self.disk.folder(&self.name));
        self.disk.settle(&self.name);
    }

    /// What its database says that it has said, read beside the notebook.
    pub(crate) fn said(&self) -> Said {
        let database = rusqlite::Connection::open(self.folder().join("notebook.db")).unwrap();
        database.busy_timeout(Duration::from_secs(5)).unwrap();
        let mut said = Said::default();
        let mut ops = database.prepare("SELECT id, entity FROM op").unwrap();
        let rows = ops.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, [u8; 16]>(1)?))).unwrap();
        for (op, entity) in rows.map(|row| row.unwrap()) {
            said.ops.insert(OpId(uuid::Uuid::from_bytes(op)));
            said.entities.insert(EntityId(uuid::Uuid::from_bytes(entity)));
        }
        let mut freed = database.prepare("SELECT hash FROM file WHERE here = 0").unwrap();
        said.freed = freed.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect();
        said
    }

    /// True when a photo lies on its disk whole, or was freed.
    pub(crate) fn keeps(&self, said: &Said, hash: &Hash) -> bool {
        let file = self.folder().join("photos").join(hash.to_hex());
        said.freed.contains(&hash.to_string()) || fs::read(file).is_ok_and(|bytes| Hash::of(&bytes) == *hash)
    }
}

/// What a notebook has said.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) ops: BTreeSet<OpId>,
    pub(crate) entities: BTreeSet<EntityId>,
    /// Photos that were freed.
    freed: BTreeSet<String>,
}

/// True for what a failing disk may be answered with.
pub(crate) fn is_of_disk(error: &Error) -> bool {
    let of_key = matches!(error, Error::KeyMissing | Error::KeyWrong);
    of_key || matches!(error, Error::Storage { .. } | Error::Full | Error::Damaged { .. } | Error::Busy)
}
