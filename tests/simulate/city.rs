//! The city's side: one store, one or two servers on it, its operators and their backups.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use xuncha_core::host::Host;
use xuncha_core::model::catalogue::Catalogue;
use xuncha_core::model::{EntityId, Hash};
use xuncha_server::api::{Around, Limits, Service};
use xuncha_server::backup::{RestoreOptions, restore, take};
use xuncha_server::blobs::{Blobs, Folder, sweep};
use xuncha_server::ledger::{LedgerKey, Opening, Sequencer, open_or_create};
use xuncha_server::moving::{Destination, move_ledger};
use xuncha_server::queue::Queue;
use xuncha_server::routes::app;
use xuncha_server::settings::open_store;
use xuncha_tests::harness::{Office, cluster, drop_database, new_database, place_at, problems_of, square, street_list};

use super::clock::MachineClock;
use super::disk::Disk;
use super::wire::Door;

/// A server process.
struct Server {
    door: Door,
    writer: JoinHandle<()>,
}

/// The city.
pub(crate) struct City {
    pub(crate) clock: Arc<MachineClock>,
    pub(crate) host: Host,
    disk: Disk,
    servers: Vec<Server>,
    office: Option<Office>,
    /// Ledger's size in each backup, and how many checkpoints had been noted by then.
    pub(crate) backups: Vec<(u64, usize)>,
    /// Every catalogue that was ever loaded.
    catalogues: Vec<Catalogue>,
    /// Every database that was made for it, where its store is PostgreSQL's.
    databases: Vec<String>,
}

/// Why the city's machine cannot be started: it died again over it.
#[derive(Debug)]
pub(crate) struct DiedAgain;

/// Everything that a new ledger of a simulated city has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground {
    pub(crate) east: EntityId,
    pub(crate) west: EntityId,
}

fn limits() -> Limits {
    let many = std::num::NonZeroU32::MAX;
    Limits { requests: many, burst: many, strangers: many, ..Limits::default() }
}

impl City {
    /// A city without a server, on an empty disk.
    pub(crate) fn new(disk: &Disk, clock: Arc<MachineClock>, host: Host) -> City {
        City {
            clock,
            host,
            disk: disk.clone(),
            servers: Vec::new(),
            office: None,
            backups: Vec::new(),
            catalogues: Vec::new(),
            databases: Vec::new(),
        }
    }

    /// An empty database of the city's, where `XUNCHA_POSTGRES` names a cluster. It lies on no disk of the simulation.
    fn database(&mut self) -> Option<String> {
        let url = new_database(&cluster()?);
        self.databases.push(url.clone());
        Some(url)
    }

    /// Makes the ledger with its areas.
    pub(crate) fn found(&mut self) -> Ground {
        fs::create_dir_all(self.data()).unwrap();
        place_at(&self.data(), self.database().as_deref(), None);
        drop(LedgerKey::load_or_create(&self.data(), &self.host).unwrap());
        self.start(1).unwrap();
        self.load(street_list("first", &["SR-1", "SR-7"]));
        let office = self.office();
        let east = office.area("东区", &square(0.0, 10.0));
        let west = office.area("西区", &square(20.0, 30.0));
        self.disk.settle("city");
        Ground { east, west }
    }

    fn data(&self) -> PathBuf {
        self.disk.folder("city").join("data")
    }

    fn vault(&self, number: usize) -> PathBuf {
        self.disk.folder("vault").join(number.to_string())
    }

    /// The operators.
    pub(crate) fn office(&self) -> &Office {
        self.office.as_ref().unwrap()
    }

    /// Folder of the files.
    pub(crate) fn files(&self) -> Folder {
        Folder::of(&self.data())
    }

    /// True when the ledger says of this file that it is kept.
    pub(crate) fn keeps(&self, file: &Path) -> bool {
        let rows = self.office().store.look(|snapshot| snapshot.blobs(None, u32::MAX)).unwrap();
        rows.iter().any(|row| row.kept.is_some() && self.files().path(&row.hash) == file)
    }

    /// Ways to the servers.
    pub(crate) fn doors(&self) -> Vec<Door> {
        self.servers.iter().map(|server| server.door.clone()).collect()
    }

    /// Starts so many servers on the store, and the operators beside them.
    pub(crate) fn start(&mut self, count: usize) -> Result<(), DiedAgain> {
        for _ in 0..count {
            match self.serve() {
                Ok(server) => self.servers.push(server),
                Err(_) if self.disk.is_dead("city") => return Err(DiedAgain),
                Err(error) => panic!("the server does not start: {error}"),
            }
        }
        if self.office.is_none() {
            self.office = Some(Office::open(&self.data(), self.host.clone()));
        }
        Ok(())
    }

    fn serve(&self) -> Result<Server, String> {
        let data = self.data();
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let store = open_store(&data, None, true).map_err(|error| told(&error))?;
        let key = LedgerKey::load(&data).map_err(|error| told(&error))?;
        let sequencer = Arc::new(Sequencer::new(self.host.clone(), key.clone()));
        let opening = Opening { name: "测试市".into(), zone: "Asia/Shanghai".into() };
        open_or_create(&*store, &sequencer, &key, &opening, &self.host).map_err(|error| told(&error))?;
        let folder = Folder::of(&data);
        folder.create().map_err(|error| told(&error))?;
        sweep(&*store, &folder.clone().into(), self.host.clock.wall()).map_err(|error| told(&error))?;
        let (queue, writer) = Queue::start(store.clone(), sequencer, self.host.clone()).unwrap();
        // What the queue does at its start ends before anything else begins.
        drop(futures_executor::block_on(queue.append(Vec::new())));
        let limits = limits();
        let blobs = Blobs::new(folder.into(), store.clone(), queue.patient(), self.host.clone(), limits.files);
        let service = Service::new(store, queue.clone(), self.host.clone(), key, blobs, None, Around::default());
        Ok(Server { door: Door { router: app(service, &limits), queue }, writer })
    }

    /// Every server ends. The network must have let go of their doors.
    pub(crate) fn stop(&mut self) {
        self.office = None;
        for server in self.servers.drain(..) {
            let Server { door, writer } = server;
            drop(door);
            writer.join().unwrap();
        }
    }

    /// What a check of everything finds.
    pub(crate) fn problems(&self) -> Vec<String> {
        problems_of(&self.data()).into_iter().map(|problem| format!("{problem:?}")).collect()
    }

    /// Takes a backup; `noted` checkpoints were noted by now.
    pub(crate) fn back_up(&mut self, noted: usize) {
        let target = self.vault(self.backups.len());
        let taken = take(&self.data(), &target, true, &self.host, &mut |_| {}).unwrap();
        self.disk.settle("vault");
        self.backups.push((taken.size, noted));
    }

    /// Puts a catalogue in force.
    pub(crate) fn load(&mut self, catalogue: Catalogue) {
        self.office().load_catalogue(&catalogue);
        self.catalogues.push(catalogue);
    }

    /// Loads every catalogue again that the restored ledger does not know, in the old order.
    pub(crate) fn load_again(&self) {
        let known: BTreeSet<EntityId> = self.office().all("catalogue").into_iter().map(|one| one.id).collect();
        for catalogue in &self.catalogues {
            let hash = Hash::of(catalogue.to_text().as_bytes());
            if !known.contains(&EntityId::of_catalogue(self.office().ledger, &hash)) {
                self.office().load_catalogue(catalogue);
            }
        }
    }

    /// The data folder is lost and an old backup put in its place; later backups are of no more use.
    /// Gives what was noted when it was taken.
    pub(crate) fn restore(&mut self, which: usize) -> usize {
        self.stop();
        self.disk.wipe("city");
        let options = RestoreOptions { new_epoch: true, incomplete: true, ..RestoreOptions::default() };
        restore(&self.vault(which), &self.data(), options, &self.host, &mut |_| {}).unwrap();
        if let Some(url) = self.database() {
            let to = Destination { database: &url, blobs: None };
            move_ledger(&self.data(), to, &self.host, &mut |_, _| {}).unwrap();
        }
        self.disk.settle("city");
        let (_, noted) = self.backups[which];
        self.backups.truncate(which + 1);
        noted
    }
}

impl Drop for City {
    fn drop(&mut self) {
        for url in &self.databases {
            drop_database(url);
        }
    }
}
