//! What a store remembers of files: which are here, who refers to them, which are on their way.
//!
//! The bytes themselves lie in the blob store; a row here says that they were whole, verified and
//! durable when it was written.

use std::fmt;
use std::str::FromStr;

use xuncha_core::model::{DeviceId, EntityId, Hash, Time};

use super::{Result, StoreError};

/// What can be read of files.
pub trait Files {
    /// A file that is or was here.
    fn blob(&self, hash: &Hash) -> Result<Option<BlobRow>>;
    /// Up to `limit` files with hashes above `after`, in order of their hashes.
    fn blobs(&self, after: Option<Hash>, limit: u32) -> Result<Vec<BlobRow>>;
    /// Up to `limit` files that are here and whose arrival is not in the ledger yet.
    fn unlogged(&self, limit: u32) -> Result<Vec<BlobRow>>;
    /// Entities that refer to a file, in order of their ids.
    fn referring(&self, hash: &Hash) -> Result<Vec<EntityId>>;
    /// Every (file, entity, user) of [`KeepFiles::put_refs`] with entities above `after`, in order,
    /// at least `limit` of them when there are as many; an entity's are never torn apart.
    fn refs(&self, after: Option<EntityId>, limit: u32) -> Result<Vec<RefRow>>;
    /// Up to `limit` files that ops of `user` refer to and that are not here whole.
    fn missing(&self, user: EntityId, limit: u32) -> Result<Vec<Hash>>;
    /// A text that ops name by its hash.
    fn document(&self, hash: &Hash) -> Result<Option<String>>;
    /// Hashes of all documents, in order.
    fn documents(&self) -> Result<Vec<Hash>>;
    /// Size of the ledger that a backup really covers.
    fn durable_size(&self) -> Result<u64>;
    /// Number of entries whose photos were looked at for previews.
    fn previewed(&self) -> Result<u64>;
    /// One upload.
    fn upload(&self, id: &str) -> Result<Option<UploadRow>>;
    /// The upload that `device` began for `hash`.
    fn upload_of(&self, sender: &Sender, hash: &Hash) -> Result<Option<UploadRow>>;
    /// Up to `limit` uploads with ids above `after`, in order of their ids.
    fn uploads(&self, after: &str, limit: u32) -> Result<Vec<UploadRow>>;
    /// Up to `limit` uploads that were left alone since before `since`, longest first.
    fn abandoned(&self, since: Time, limit: u32) -> Result<Vec<UploadRow>>;
    /// Number of uploads that are not whole yet.
    fn open_uploads(&self) -> Result<u64>;
    /// Bytes that `device` claims room for or holds without need: the lengths of its uploads that
    /// are not whole yet, and of files it brought that nothing refers to; each counts for 64 KiB at
    /// least, so that their number is bounded too.
    fn claimed(&self, sender: &Sender) -> Result<u64>;
}

/// What can be written of files, inside one transaction.
pub trait KeepFiles {
    /// Says that a file is here whole, in place of what was said before; what the ledger says of it
    /// stays.
    fn put_blob(&mut self, blob: &BlobRow) -> Result<()>;
    /// Says at which index the ledger calls a file kept, whether it is here or not.
    fn put_kept(&mut self, hash: &Hash, len: u64, media_type: &str, index: u64) -> Result<()>;
    /// Says whether the bytes are still what they were.
    fn put_whole(&mut self, hash: &Hash, whole: bool) -> Result<()>;
    /// Sets the files that `entity` refers to, each with the user who named it; `before`: it has
    /// referred to some already.
    fn put_refs(&mut self, entity: EntityId, files: &[(Hash, Option<EntityId>)], before: bool) -> Result<()>;
    /// Keeps a text under its hash; nothing happens when it is here already.
    fn put_document(&mut self, hash: &Hash, text: &str) -> Result<()>;
    /// Says how much of the ledger a backup covers.
    fn put_durable_size(&mut self, size: u64) -> Result<()>;
    /// Says of how many entries the photos were looked at for previews.
    fn put_previewed(&mut self, entries: u64) -> Result<()>;
    /// Keeps an upload, or what became of it.
    fn put_upload(&mut self, upload: &UploadRow) -> Result<()>;
    /// Forgets an upload.
    fn drop_upload(&mut self, id: &str) -> Result<()>;
}

/// Who hands files in. As text, in the columns `device`: the phone's fingerprint `sha256:…`, or `user:` and the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// A phone, whoever holds it.
    Device(DeviceId),
    /// Somebody at a desk, from whichever.
    Desk(EntityId),
}

/// What the text of a desk's sender begins with.
const DESK: &str = "user:";

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sender::Device(device) => fmt::Display::fmt(device, f),
            Sender::Desk(user) => write!(f, "{DESK}{user}"),
        }
    }
}

impl FromStr for Sender {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Sender> {
        let sender = match text.strip_prefix(DESK) {
            Some(user) => user.parse().ok().map(Sender::Desk),
            None => text.parse().ok().map(Sender::Device),
        };
        sender.ok_or_else(|| StoreError::Damaged(format!("{text} sends no files")))
    }
}

/// A file that is or was here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
    /// Media type by its first bytes.
    pub media_type: String,
    /// Ledger index of the entry that calls it kept; none until there is one.
    pub kept: Option<u64>,
    /// False when the bytes were found missing or altered, or never were here.
    pub whole: bool,
    /// Who brought it; none when the server made it.
    pub sender: Option<Sender>,
}

/// An entity refers to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefRow {
    /// The entity.
    pub entity: EntityId,
    /// The file.
    pub hash: Hash,
    /// Who named it.
    pub user: Option<EntityId>,
}

/// A file on its way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadRow {
    /// Its id, random.
    pub id: String,
    /// Who sends it.
    pub sender: Sender,
    /// The hash that was announced; nobody believes it until the bytes are here.
    pub hash: Hash,
    /// The length that was announced.
    pub len: u64,
    /// Bytes that are durable.
    pub offset: u64,
    /// When bytes came last, or when it was begun.
    pub touched: Time,
}
