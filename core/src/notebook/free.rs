//! Freeing space: what the ledger keeps and a backup covers need not stay on the phone.

use std::fs;

use super::Notebook;
use crate::Result;
use crate::store::{Store, Tried};
use serde::Serialize;

/// What freeing space did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Freed {
    /// Files removed from this phone.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Why nothing may be freed at all, for people.
    pub not_yet: Option<String>,
}

impl Notebook {
    /// Deletes originals and display copies of ours that the server's own rows call kept, by an entry
    /// that a backup or replica really covers; thumbnails stay. What was freed can be fetched again.
    ///
    /// A crash leaves each file either here or freed; one that is still here counts as here again.
    ///
    /// # Errors
    /// [`Error::Storage`](crate::Error::Storage) when a file cannot be removed; what was freed before stays freed.
    pub fn free_space(&self) -> Result<Freed> {
        let account = self.read(|store| store.account())?;
        let mut freed = Freed::default();
        if account.durable_size == 0 {
            freed.not_yet = Some("the server has no backup yet".to_owned());
            return Ok(freed);
        }
        // A batch at a time under the lock: nobody can record the same bytes in between, or learn that
        // the server misses them, and nobody waits long.
        while self.read(|store| free_some(store, account.durable_size, &mut freed))? {}
        Ok(freed)
    }
}

/// Frees one batch; false when there was nothing left to free.
fn free_some(store: &Store, durable_size: u64, freed: &mut Freed) -> Result<bool> {
    let batch = store.files_freeable(durable_size, FREED_AT_ONCE)?;
    for file in &batch {
        // First the row: a crash after it leaves a file that is found again, not a loss.
        store.set_file_here(&file.hash, false)?;
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).tried("free a file"),
            _ => {}
        }
        freed.files += 1;
        freed.bytes += file.len;
    }
    Ok(!batch.is_empty())
}

/// How many files are freed in one go.
const FREED_AT_ONCE: u32 = 50;
