//! A data folder: its store, its key, and where its server was last found.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, LedgerId};

use super::Failure;
use crate::blobs::Depot;
use crate::ledger::{Foreseen, Item, LedgerKey, OwnOp, Sequencer, foresee};
use crate::settings::{find_files, open_store};
use crate::store::{EntityRow, Store, StoreError};

/// Name of the file that says where the server listens.
const ADDRESS: &str = "address";

/// Name of the file that the server which runs on the folder holds a lock on.
const SERVE_LOCK: &str = "serve.lock";

/// Where a ledger lies.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Place {
    /// Folder of the ledger.
    #[arg(long, value_name = "DIR")]
    pub(super) data: PathBuf,
    #[command(flatten)]
    pub(super) database: Database,
    #[command(flatten)]
    pub(super) files: Files,
}

/// Which database a ledger lies in.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Database {
    /// PostgreSQL database of the ledger, such as postgres://user:password@host/name [default: what
    /// xuncha.toml in the folder says, or else SQLite in the folder].
    #[arg(long = "database", value_name = "URL", env = "XUNCHA_DATABASE", hide_env_values = true, global = true)]
    pub(super) url: Option<String>,
}

/// Where the files of a ledger lie.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Files {
    /// Where the files of photos lie: s3://bucket/prefix, or the whole path of a folder [default: what xuncha.toml
    /// in the folder says, or else the folder itself].
    #[arg(long = "blobs", value_name = "PLACE", env = "XUNCHA_BLOBS", global = true)]
    pub(super) place: Option<String>,
}

impl Place {
    /// Opens the store of a ledger that is there.
    pub(super) fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        Ok(open_store(&self.data, self.database.url.as_deref(), false)?)
    }

    /// The files of the ledger in `store`, which must be there.
    pub(super) fn depot(&self, store: &dyn Store) -> Result<Depot, Failure> {
        let depot = find_files(&self.data, self.files.place.as_deref())?;
        let head = store.look(|snapshot| snapshot.head())?;
        let head = head.ok_or_else(|| StoreError::Missing(self.data.display().to_string()))?;
        depot.check_owner(head.ledger)?;
        Ok(depot)
    }
}

/// A ledger opened for administration, beside a running server or without one.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) store: Arc<dyn Store>,
    pub(super) host: Host,
    pub(super) ledger: LedgerId,
    sequencer: Sequencer,
}

impl Folder {
    pub(super) fn open(place: &Place) -> Result<Folder, Failure> {
        let (host, path) = (Host::system(), &place.data);
        let store = place.store()?;
        let key = LedgerKey::load(path).map_err(|error| Failure::io("read the ledger's key", &error))?;
        let head = store.look(|snapshot| snapshot.head())?;
        let head = head.ok_or_else(|| StoreError::Missing(path.display().to_string()))?;
        let sequencer = Sequencer::new(host.clone(), key);
        Ok(Folder { path: path.to_owned(), store, host, ledger: head.ledger, sequencer })
    }

    /// Judges and appends.
    pub(super) fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// An entity as it is now; none when there is none.
    pub(super) fn entity(&self, id: EntityId) -> Result<Option<Entity>, Failure> {
        let row = self.store.look(|snapshot| snapshot.entity(id))?;
        row.map(|row| read(&row)).transpose()
    }

    /// Looks at every entity of a kind.
    pub(super) fn each(&self, kind: &str, mut work: impl FnMut(&Entity)) -> Result<(), Failure> {
        let mut after = None;
        loop {
            // Nearly everything is a finding, and the store keeps no list of them by kind.
            let page = self.store.look(|snapshot| match kind {
                "finding" => snapshot.all_entities(after, 1_000),
                _ => snapshot.entities(kind, after, 1_000),
            })?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            for row in page.iter().filter(|row| row.kind == kind) {
                work(&read(row)?);
            }
        }
    }

    /// The one active entity of a kind with this name or id.
    pub(super) fn find_named(&self, kind: &str, name: &str) -> Result<Entity, Failure> {
        let mut found: Vec<Entity> = Vec::new();
        self.each(kind, |entity| {
            let named = entity.text("name") == Some(name) && entity.text("status") == Some("active");
            if named || entity.id.to_string() == name {
                found.push(entity.clone());
            }
        })?;
        match found.len() {
            0 => Err(Failure::new("not_found", format!("{kind}: there is no active {kind} {name}"))),
            1 => Ok(found.remove(0)),
            many => Err(Failure::new("ambiguous", format!("{kind}: {many} are called {name}; give an id"))),
        }
    }

    /// Appends the ledger's own ops. Fails with the code of the first that was turned down; those
    /// before it count.
    pub(super) fn append(&self, ops: &[OwnOp]) -> Result<(), Failure> {
        let items: Vec<Item> = ops.iter().map(|op| op.write(self.ledger, &self.host)).collect();
        self.append_items(&items)
    }

    /// [`Folder::append`] for ops that are written already.
    pub(super) fn append_items(&self, items: &[Item]) -> Result<(), Failure> {
        use xuncha_core::protocol::{Final, Verdict};
        // Several go in whole or not at all.
        if items.len() > 1
            && let Some(Foreseen { at, code, detail }) =
                self.store.look(|snapshot| foresee(snapshot, &self.host, items))?
        {
            return Err(Failure::new(code.as_str(), format!("number {}: {detail}", at + 1)));
        }
        for verdict in self.sequencer.append(&*self.store, items)? {
            match verdict {
                Verdict::Refused { code, detail, .. }
                | Verdict::Duplicate { original: Final::Refused { code, detail, .. } } => {
                    return Err(Failure::new(code.as_str(), detail));
                }
                Verdict::Held { missing } => return Err(Failure::new("not_found", missing.join(", "))),
                Verdict::Unreadable { code, detail } => return Err(Failure::new(code, detail)),
                Verdict::Fork => return Err(Failure::new("fork", "the ledger itself cannot fork")),
                Verdict::Accepted { .. } | Verdict::Conflict { .. } | Verdict::Duplicate { .. } => {}
            }
        }
        Ok(())
    }

    /// Address of the server, as it was when it last started.
    pub(super) fn address(&self) -> String {
        let known = fs::read_to_string(self.path.join(ADDRESS)).ok();
        known.map_or_else(|| "http://127.0.0.1:8700".to_owned(), |text| text.trim().to_owned())
    }
}

fn read(row: &EntityRow) -> Result<Entity, Failure> {
    serde_json::from_str(&row.row).map_err(|error| Failure::new("damaged", error))
}

/// Held while a server runs on a folder; the system lets go of it when the process dies.
pub(super) struct Served(#[expect(dead_code, reason = "dropping the file is what unlocks it")] File);

impl Served {
    /// Takes the folder for one server. A second one would receive the same uploads and tell invitations an address
    /// that ends with it; servers that share a database have a folder each.
    pub(super) fn take(data: &Path) -> Result<Served, Failure> {
        let path = data.join(SERVE_LOCK);
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| Failure::io(path.display(), &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Served(file)),
            Err(TryLockError::WouldBlock) => {
                let detail = format!("data: a server runs on {} already", data.display());
                Err(Failure::new("already_served", detail))
            }
            Err(TryLockError::Error(error)) => Err(Failure::io(path.display(), &error)),
        }
    }
}

/// Remembers where the server listens, for invitations made beside it. Nothing is lost with it.
#[expect(clippy::disallowed_methods, reason = "a hint that the next start writes again")]
pub(super) fn remember_address(path: &Path, address: &str) -> std::io::Result<()> {
    fs::write(path.join(ADDRESS), address)
}
