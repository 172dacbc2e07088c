//! Where the ledger and what follows from it are kept: one trait, so that engines can differ.
//!
//! Stores hold no rules. A [`Batch`] is exclusive over all processes and commits whole or not at
//! all; a [`Snapshot`] sees one moment. Absent: caches, judgement, clocks.

mod ahead;
mod error;
mod files;
mod form;
mod listing;
pub mod postgres;
mod signin;
pub mod sqlite;
pub(crate) mod tables;
mod webhook;

pub use ahead::{Ahead, AheadRow, KeepAhead};
pub use error::{Result, StoreError};
pub use files::{BlobRow, Files, KeepFiles, RefRow, Sender, UploadRow};
pub use listing::{KeepListings, Listed, ListedRow, Listings, Order, SeatRow, Wanted};
pub use signin::{KeepSignIns, LinkRow, PasswordRow, SessionRow, SignIns};
pub use webhook::{DeadLetterRow, KeepWebhooks, WebhookRow, Webhooks};

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use xuncha_core::model::{DeviceId, EntityId, Hash, LedgerId, OpId, Time};
use xuncha_core::op::{PublicKey, Signature};
use xuncha_core::plan::Scope;
use xuncha_core::protocol::RowPart;

/// A ledger's store.
pub trait Store: Send + Sync + 'static {
    /// Runs `work` in one write transaction, exclusive over all processes. Commits durably when
    /// `work` succeeds; when it fails, panics or the process dies, nothing of it remains.
    fn write(&self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()>;

    /// As [`Store::write`], but not durable before the next write is: a power loss until then may undo it.
    /// For what nobody is told of before.
    fn write_soon(&self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<()>) -> Result<()> {
        self.write(work)
    }

    /// Runs `work` on a view of one moment.
    fn read(&self, work: &mut dyn FnMut(&dyn Snapshot) -> Result<()>) -> Result<()>;

    /// Writes the store as of one moment to a new SQLite file at `path`, while others read and write
    /// it. The caller syncs the file; a crash leaves a half one.
    fn copy_to(&self, path: &Path) -> Result<()>;
}

/// Opens the store of the data folder `data`: the database at `url` when there is one, SQLite in the
/// folder otherwise. Makes it when `create`, and brings its schema up to date.
///
/// # Errors
/// As [`sqlite::SqliteStore::open`] and [`postgres::PostgresStore::open`].
pub fn open(data: &Path, url: Option<&str>, create: bool) -> Result<Arc<dyn Store>> {
    Ok(match url {
        Some(url) => Arc::new(postgres::PostgresStore::open(url, create)?),
        None => Arc::new(sqlite::SqliteStore::open(data, create)?),
    })
}

impl dyn Store {
    /// [`Store::read`] with a value to give back.
    pub fn look<T>(&self, mut work: impl FnMut(&dyn Snapshot) -> Result<T>) -> Result<T> {
        let mut found = None;
        self.read(&mut |snapshot| {
            found = Some(work(snapshot)?);
            Ok(())
        })?;
        found.ok_or(StoreError::Failed("a read gave nothing back".into()))
    }

    /// [`Store::write`] with a value to give back.
    pub fn change<T>(&self, mut work: impl FnMut(&mut dyn Batch) -> Result<T>) -> Result<T> {
        let mut found = None;
        self.write(&mut |batch| {
            found = Some(work(batch)?);
            Ok(())
        })?;
        found.ok_or(StoreError::Failed("a write gave nothing back".into()))
    }

    /// [`Store::write_soon`] with a value to give back.
    pub fn change_soon<T>(&self, mut work: impl FnMut(&mut dyn Batch) -> Result<T>) -> Result<T> {
        let mut found = None;
        self.write_soon(&mut |batch| {
            found = Some(work(batch)?);
            Ok(())
        })?;
        found.ok_or(StoreError::Failed("a write gave nothing back".into()))
    }
}

/// What can be read.
pub trait Snapshot: Files + Ahead + Listings + Webhooks + SignIns {
    /// Where the ledger ends; none before it was opened.
    fn head(&self) -> Result<Option<Head>>;
    /// Newest state of an entity.
    fn entity(&self, id: EntityId) -> Result<Option<EntityRow>>;
    /// Newest states of those of `ids` that there are, in any order.
    fn entities_of(&self, ids: &[EntityId]) -> Result<Vec<EntityRow>> {
        ids.iter().filter_map(|id| self.entity(*id).transpose()).collect()
    }
    /// Up to `limit` entities of a kind with ids above `after`, in order of their ids.
    fn entities(&self, kind: &str, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>>;
    /// Up to `limit` entities of any kind with ids above `after`, in order of their ids.
    fn all_entities(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<EntityRow>>;
    /// Up to `limit` ledger entries from index `from` on.
    fn entries(&self, from: u64, limit: u32) -> Result<Vec<Entry>>;
    /// Indexes at which an op id was judged, each with the digest of what was said.
    fn judged(&self, op: OpId) -> Result<Vec<(Hash, u64)>>;
    /// As [`Snapshot::judged`], for those of `ops` that were.
    fn judged_of(&self, ops: &[OpId]) -> Result<HashMap<OpId, Vec<(Hash, u64)>>> {
        ops.iter().map(|op| Ok((*op, self.judged(*op)?))).collect()
    }
    /// A complete node of the tree; level 0 is a leaf.
    fn node(&self, level: u8, position: u64) -> Result<Hash>;
    /// Up to `limit` feed rows of `scope` with `from <= index < below`, in order.
    fn feed(&self, scope: &Scope, from: u64, below: u64, limit: u32) -> Result<Vec<FeedRow>>;
    /// Every scope with its checksum.
    fn scopes(&self) -> Result<Vec<(Scope, RowPart)>>;
    /// Checksum of one scope; zero when nothing was ever in it.
    fn sum(&self, scope: &Scope) -> Result<RowPart>;
    /// What `device` said at `seq - 1`, `seq` and `seq + 1`.
    fn said_around(&self, device: &DeviceId, seq: u64) -> Result<Vec<Said>>;
    /// What `device` said with the largest counter it ever used.
    fn said_last(&self, device: &DeviceId) -> Result<Option<Said>>;
    /// Largest counter that `device` ever used, and how many of the numbers up to it are missing.
    fn said_summary(&self, device: &DeviceId) -> Result<(u64, u64)>;
    /// Up to `limit` pushes with ids above `after`.
    fn pushes(&self, after: u64, limit: u32) -> Result<Vec<PushRow>>;
    /// Number of ops of `device` that wait for something, and of those that fork its chain.
    fn waiting(&self, device: &DeviceId) -> Result<(u64, u64)>;
    /// Up to `limit` ops kept outside the ledger (held or forked) with hashes above `after`, in
    /// order of their hashes.
    fn outside(&self, after: Option<Hash>, limit: u32) -> Result<Vec<HeldRow>>;
    /// Whom a token opens the server to.
    fn token(&self, token: &Hash) -> Result<Option<TokenRow>>;
}

/// What can be written, inside one transaction.
pub trait Batch: Snapshot + KeepFiles + KeepAhead + KeepListings + KeepWebhooks + KeepSignIns {
    /// Opens an empty ledger.
    fn open_ledger(&mut self, ledger: LedgerId) -> Result<()>;
    /// Appends one entry at `entry.index`, which must be the end.
    fn append(&mut self, entry: &Entry, op: OpId, same: &Hash) -> Result<()>;
    /// Keeps a complete node of level 1 or higher.
    fn keep_node(&mut self, level: u8, position: u64, hash: &Hash) -> Result<()>;
    /// Moves the head.
    fn move_head(&mut self, head: &Head) -> Result<()>;
    /// Keeps an entity's newest state.
    fn put_entity(&mut self, row: &EntityRow) -> Result<()>;
    /// Moves an entity's row in the feed of `scope` from one place to another.
    fn move_feed(&mut self, scope: &Scope, entity: EntityId, old: Option<u64>, index: u64, gone: bool) -> Result<()>;
    /// Sets the checksum of a scope.
    fn put_sum(&mut self, scope: &Scope, sum: RowPart) -> Result<()>;
    /// Keeps a push and gives it an id, from 1.
    fn add_push(&mut self, push: &PushRow) -> Result<u64>;
    /// Keeps what a device said; nothing happens when it is kept already.
    fn add_said(&mut self, device: &DeviceId, said: &Said, push: u64) -> Result<()>;
    /// Keeps an op that cannot be judged yet.
    fn put_held(&mut self, held: &HeldRow, same: &Hash) -> Result<()>;
    /// Forgets a held op that was judged.
    fn drop_held(&mut self, op: OpId, same: &Hash) -> Result<()>;
    /// Keeps an op that forks its device's chain.
    fn put_fork(&mut self, fork: &HeldRow) -> Result<()>;
    /// Keeps an enrolment code's hash for a user until `expires`.
    fn add_invite(&mut self, code: &Hash, user: EntityId, expires: Time) -> Result<()>;
    /// Binds an enrolment code to a key, once. None when there is no such code, it is too old, or
    /// another key has it.
    fn claim_invite(&mut self, code: &Hash, key: &PublicKey, now: Time) -> Result<Option<EntityId>>;
    /// Keeps a token's hash.
    fn add_token(&mut self, token: &Hash, row: &TokenRow) -> Result<()>;
}

/// Where the ledger ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its id.
    pub ledger: LedgerId,
    /// Epoch.
    pub epoch: u32,
    /// Number of entries.
    pub size: u64,
    /// Roots of the complete subtrees that make up the tree, largest first.
    pub peaks: Vec<Hash>,
    /// Signed checkpoint of exactly this size; empty while the ledger is.
    pub checkpoint: String,
}

/// One ledger entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Index, from 0.
    pub index: u64,
    /// Text of the op.
    pub op: String,
    /// Text of the facts.
    pub facts: String,
    /// Leaf hash.
    pub leaf: Hash,
    /// The push that brought it; none for an op of the ledger itself.
    pub push: Option<u64>,
}

/// Newest state of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityRow {
    /// Its id.
    pub id: EntityId,
    /// Its kind.
    pub kind: String,
    /// Ledger index of the last op that changed it.
    pub index: u64,
    /// Its state as JSON.
    pub row: String,
    /// Where it stands in the feed.
    pub places: Vec<Place>,
}

/// Where an entity stands in the feed of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The scope.
    pub scope: Scope,
    /// The index of its row there.
    pub index: u64,
    /// True once it has left.
    pub gone: bool,
}

/// One row of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedRow {
    /// Ledger index.
    pub index: u64,
    /// The entity.
    pub entity: EntityId,
    /// True when it has left the scope.
    pub gone: bool,
}

/// One thing that a device said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Counter of the device.
    pub seq: u64,
    /// Hash of the op.
    pub hash: Hash,
    /// Hash of the one before, as the op claims.
    pub prev: Option<Hash>,
}

/// One push: the evidence of who said what.
#[derive(Debug, Clone, PartialEq)]
pub struct PushRow {
    /// Its id; 0 before it is kept.
    pub id: u64,
    /// Who sent it.
    pub device: DeviceId,
    /// Hashes of its ops, in order.
    pub hashes: Vec<Hash>,
    /// The signature over them.
    pub sig: Signature,
    /// When it came.
    pub received: Time,
}

/// An op kept outside the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRow {
    /// Its id.
    pub op: OpId,
    /// Who said it.
    pub device: DeviceId,
    /// Its hash.
    pub hash: Hash,
    /// Its text.
    pub text: String,
    /// What it waits for; empty for a fork.
    pub missing: Vec<String>,
    /// When it came.
    pub received: Time,
    /// The push that brought it.
    pub push: u64,
}

/// Whom a token opens the server to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The device.
    pub device: DeviceId,
    /// The user.
    pub user: EntityId,
    /// The login.
    pub session: EntityId,
}
