//! What a crash left, and what was refused: half files, photos that no op refers to any more, and files that are gone.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Notebook;
use super::photo::{SealedPhoto, Shot};
use crate::model::{BlobRef, Hash, Time};
use crate::photo::{Sealed, leftovers, media_type, verify_file};
use crate::store::{Store, Tried};
use crate::{Error, Result};
use serde::Serialize;

/// A photo that was sealed and that no op refers to, such as after a crash, or only ops that were refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecoveredPhoto {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Length in bytes.
    pub len: u64,
    /// When the file was written, by the phone's clock of then.
    pub modified: Time,
}

impl Notebook {
    /// Photos that were sealed and that no record refers to, also those sealed a moment ago; behind them those of
    /// recordings that were refused and put aside, and of steps that were refused. Take one into a record or a step with
    /// [`Notebook::recovered_photo`] or throw it away with [`Notebook::discard_recovered`].
    ///
    /// # Errors
    /// [`Error::Storage`] when the folder cannot be read.
    pub fn recovered_photos(&self) -> Result<Vec<RecoveredPhoto>> {
        self.read(|store| {
            let mut found = Vec::new();
            for (hash, path) in leftovers(&store.photos_folder()).tried("look at the photos")?.files {
                if store.file(&hash)?.is_none() {
                    let file = path.metadata().tried("look at a photo")?;
                    found.push(RecoveredPhoto { hash, len: file.len(), modified: modified(&file) });
                }
            }
            for (hash, len) in store.spare_files(None)? {
                // Gone since the notebook was opened, it is no photo any more.
                if let Ok(file) = store.path_of(&hash, "original").metadata() {
                    found.push(RecoveredPhoto { hash, len, modified: modified(&file) });
                }
            }
            Ok(found)
        })
    }

    /// Takes a recovered photo in hand, for a record. What was so at the shutter is not known any
    /// more: `shot` says what the user remembers.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Invalid`] when its bytes are damaged.
    pub fn recovered_photo(&self, hash: &Hash, shot: Shot) -> Result<SealedPhoto> {
        let path = self.read(|store| match recoverable(store, hash)? {
            false => Err(not_found(hash)),
            true => Ok(store.path_of(hash, "original")),
        })?;
        if !path.is_file() {
            return Err(not_found(hash));
        }
        let invalid = |detail: &str| Error::Invalid { field: "photo".into(), detail: detail.to_owned() };
        if !verify_file(&path, hash).tried("read a photo")? {
            return Err(invalid("its bytes are not those that were sealed"));
        }
        let mut head = [0; 16];
        let mut file = fs::File::open(&path).tried("read a photo")?;
        let read = file.read(&mut head).tried("read a photo")?;
        let media_type = media_type(&head[..read]).ok_or_else(|| invalid("is not an image"))?.to_owned();
        let len = file.metadata().tried("read a photo")?.len();
        let blob = BlobRef { hash: *hash, len, media_type, role: "original".into() };
        Ok(self.sealed(Sealed { blob, path }, shot))
    }

    /// Throws a recovered photo away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; one that an op refers to which was accepted, or still waits, is never thrown away.
    pub fn discard_recovered(&self, hash: &Hash) -> Result<()> {
        self.read(|store| {
            if !recoverable(store, hash)? {
                return Err(not_found(hash));
            }
            if store.file(hash)?.is_some() {
                store.whole(|store| store.set_file_here(hash, false))?;
            }
            match fs::remove_file(store.path_of(hash, "original")) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(not_found(hash)),
                other => other.tried("discard a photo"),
            }
        })
    }

    /// At every opening: removes half files and brings the table of files up to the folders.
    pub(super) fn sweep(&self) -> Result<()> {
        // While something is being sealed its half file is alive; the next opening sweeps.
        let alone = self.shared.sealing.try_write();
        self.read(|store| {
            if alone.is_ok() {
                for folder in [store.photos_folder(), store.previews_folder(), store.fetched_folder()] {
                    remove_parts(&folder)?;
                }
                store.clear_previews()?;
            }
            store.compare_files()
        })
    }
}

fn remove_parts(folder: &Path) -> Result<()> {
    for part in leftovers(folder).tried("look at the photos")?.parts {
        fs::remove_file(part).tried("clear a half file")?;
    }
    Ok(())
}

/// When a file was written; 1970 where the file system does not say.
pub(super) fn modified(file: &fs::Metadata) -> Time {
    let since = file.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Time::from_millis(since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0)))
}

/// Whether no op refers to the photo that was accepted or still waits.
fn recoverable(store: &Store, hash: &Hash) -> Result<bool> {
    Ok(store.file(hash)?.is_none() || !store.spare_files(Some(hash))?.is_empty())
}

fn not_found(hash: &Hash) -> Error {
    Error::NotFound { what: format!("recovered photo {hash}") }
}
