//! Whether files can be taken in now.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::{Blobs, Depot, Folder};
use crate::readiness::{Part, Trouble};

/// Name of the file that is written to see whether one can be; what a crash leaves of it the sweep finds.
const TRIAL: &str = "trial";

impl Blobs {
    /// Looks whether files can be taken in: a bucket answers, or a byte can be written where they gather and
    /// more than the reserve is free. Takes as long as the disk takes, or two seconds; a crash leaves a file of
    /// one byte.
    ///
    /// # Errors
    /// `storage_full`, `files_unwritable`.
    pub async fn reachable(self: &Arc<Self>) -> Result<(), Trouble> {
        let blobs = self.clone();
        let looked = tokio::task::spawn_blocking(move || blobs.try_out());
        looked.await.unwrap_or_else(|error| Err(unwritable(&error)))
    }

    fn try_out(&self) -> Result<(), Trouble> {
        let Depot::Folder(folder) = &self.depot else {
            return self.depot.reachable().map_err(|error| unwritable(&error));
        };
        match ((self.bounds.free)(folder.root()), self.bounds.reserve) {
            (Ok(free), reserve) if free < reserve => {
                let detail = format!("{free} bytes are free, {reserve} are kept for the ledger");
                return Err(Trouble::new(Part::Files, "storage_full", detail));
            }
            (Ok(_), _) => {}
            (Err(error), _) => return Err(unwritable(&error)),
        }
        write_a_byte(folder).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Trouble::new(Part::Files, "storage_full", error.to_string())
            }
            _ => unwritable(&error),
        })
    }

    /// Bytes that are free where files gather; of a bucket nobody knows, and then where the data folder `data` lies.
    ///
    /// # Errors
    /// When the disk does not say.
    pub fn free(&self, data: &Path) -> io::Result<u64> {
        match &self.depot {
            Depot::Folder(folder) => (self.bounds.free)(folder.root()),
            Depot::Bucket(_) => (self.bounds.free)(data),
        }
    }

    /// Bytes of them that no file may take.
    pub fn reserve(&self) -> u64 {
        self.bounds.reserve
    }
}

fn write_a_byte(folder: &Folder) -> io::Result<()> {
    let path = folder.upload(TRIAL);
    File::create(&path)?.write_all(b".")?;
    match fs::remove_file(path) {
        // The sweep was here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn unwritable(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(Part::Files, "files_unwritable", error.to_string())
}
