//! Copies of a whole ledger that another machine can go on with, and putting one back.
//!
//! A backup is a folder: the ledger's database as of one moment, its key, and every file that it
//! calls kept, under the file's hash. Files never change, so the next backup into the same folder
//! copies only what is new. `backup.json` names the copy that counts and is replaced last: a backup
//! that dies half-way leaves the one before it.
//!
//! What a backup covers is told to the phones as `durable_size`; below it they may free what they
//! hold.

mod copy;
mod last;
mod restore;
mod take;

pub use last::last_taken;
pub use restore::{RestoreOptions, Restored, restore};
pub use take::{Taken, take, take_from};

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xuncha_core::model::{Hash, LedgerId, Time};

use crate::blobs::DepotError;
use crate::store::StoreError;

/// Name of the file that makes a folder a backup.
const MANIFEST: &str = "backup.json";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form: 1.
    pub format: u32,
    /// The ledger.
    pub ledger: LedgerId,
    /// Its epoch.
    pub epoch: u32,
    /// Number of entries.
    pub size: u64,
    /// File name of the database.
    pub database: String,
    /// SHA-256 of the database.
    pub hash: Hash,
    /// When it was taken, by the server's clock.
    pub taken: Time,
}

/// Something that a backup or a restored folder lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The file.
    pub hash: Hash,
    /// `missing` or `altered`.
    pub state: &'static str,
    /// Ledger index of the entry that calls it kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<u64>,
}

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store's failure.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The place of the files cannot be had.
    #[error(transparent)]
    Files(#[from] DepotError),
    /// A disk's failure.
    #[error("{what}: {source}")]
    Disk {
        /// What was tried.
        what: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The folder holds something else, or another backup is using it.
    #[error("{detail}")]
    Unfit {
        /// Stable code: `wrong_ledger`, `busy`, `not_empty`, `no_backup`, `key_missing`, `wrong_key`,
        /// `damaged`, `incomplete`, `outdated`, `backup_inside`.
        code: &'static str,
        /// In plain words.
        detail: String,
    },
}

type Result<T> = std::result::Result<T, BackupError>;

fn unfit<T>(code: &'static str, detail: impl Into<String>) -> Result<T> {
    Err(BackupError::Unfit { code, detail: detail.into() })
}

/// Names what was tried when a disk failed.
trait Tried<T> {
    fn tried(self, what: impl Into<String>) -> Result<T>;
}

impl<T> Tried<T> for std::io::Result<T> {
    fn tried(self, what: impl Into<String>) -> Result<T> {
        self.map_err(|source| BackupError::Disk { what: what.into(), source })
    }
}

/// The manifest in `folder`; none when there is no backup there.
fn manifest(folder: &Path) -> Result<Option<Manifest>> {
    let text = match std::fs::read(folder.join(MANIFEST)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).tried("read backup.json"),
    };
    match serde_json::from_slice::<Manifest>(&text) {
        Ok(manifest) if manifest.format == FORMAT => Ok(Some(manifest)),
        Ok(manifest) => {
            unfit("outdated", format!("the backup has form {}, this version knows {FORMAT}", manifest.format))
        }
        Err(error) => unfit("damaged", format!("backup.json: {error}")),
    }
}

const FORMAT: u32 = 1;

/// Where a folder of files keeps the one called `hash`.
fn file_of(folder: &Path, hash: &Hash) -> PathBuf {
    let name = hash.to_hex();
    folder.join("blobs").join(&name[..2]).join(name)
}
