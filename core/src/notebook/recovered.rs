//! What a crash left: half files, photos that no record refers to, and files that are gone.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Notebook;
use super::photo::{SealedPhoto, Shot};
use crate::model::{BlobRef, Hash, Time};
use crate::photo::{Sealed, leftovers, media_type, verify_file};
use crate::store::Tried;
use crate::{Error, Result};
use serde::Serialize;

/// A photo that was sealed and that no record refers to, such as after a crash.
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
    /// Photos that were sealed and that no record refers to, also those sealed a moment ago. Take one
    /// into a record with [`Notebook::recovered_photo`] or throw it away with
    /// [`Notebook::discard_recovered`].
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
            Ok(found)
        })
    }

    /// Takes a recovered photo in hand, for a record. What was so at the shutter is not known any
    /// more: `shot` says what the user remembers.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; [`Error::Invalid`] when its bytes are damaged.
    pub fn recovered_photo(&self, hash: &Hash, shot: Shot) -> Result<SealedPhoto> {
        let path = self.read(|store| match store.file(hash)? {
            Some(_) => Err(not_found(hash)),
            None => Ok(store.path_of(hash, "original")),
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
    /// [`Error::NotFound`] when there is none; one that a record refers to is never thrown away.
    pub fn discard_recovered(&self, hash: &Hash) -> Result<()> {
        self.read(|store| {
            if store.file(hash)?.is_some() {
                return Err(not_found(hash));
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

fn not_found(hash: &Hash) -> Error {
    Error::NotFound { what: format!("recovered photo {hash}") }
}
