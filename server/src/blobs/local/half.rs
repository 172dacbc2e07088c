//! A file that is whole and has not got its name yet.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Hash, Time};

use super::{BUFFER, Folder};

/// Age at which what a crash left of files taken in is removed, in milliseconds.
pub(in super::super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Synced bytes in a file of their own.
pub(crate) struct Half {
    pub(in super::super) folder: Folder,
    pub(in super::super) path: PathBuf,
    /// Theirs.
    pub(in super::super) hash: Hash,
    pub(in super::super) len: u64,
    /// The first sixteen.
    pub(in super::super) head: Vec<u8>,
}

impl Half {
    /// Gives them the name of their hash, in place of what may bear it; durable when this returns.
    pub(in super::super) fn keep(self) -> io::Result<()> {
        self.folder.place(&self.path, &self.hash)
    }

    pub(in super::super) fn give_up(self) {
        // What cannot be removed now is cleared another day.
        drop(fs::remove_file(&self.path));
    }
}

impl Folder {
    /// Writes and syncs all of `source` under `name`, while hashing it.
    pub(in super::super) fn gather(&self, name: &str, source: &mut dyn Read) -> io::Result<Half> {
        fs::create_dir_all(self.taken())?;
        let path = self.taken().join(name);
        let poured = File::create(&path).and_then(|mut file| {
            let (mut digest, mut len, mut head) = (Sha256::new(), 0, Vec::new());
            let mut buffer = vec![0; BUFFER];
            loop {
                let read = source.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                head.extend_from_slice(&buffer[..read.min(16 - head.len())]);
                digest.update(&buffer[..read]);
                len += read as u64;
                file.write_all(&buffer[..read])?;
            }
            file.sync_all()?;
            Ok((Hash(digest.finalize().into()), len, head))
        });
        match poured {
            Ok((hash, len, head)) => Ok(Half { folder: self.clone(), path, hash, len, head }),
            Err(error) => {
                drop(fs::remove_file(&path));
                Err(error)
            }
        }
    }

    /// Removes what a crash left of files taken in, a day after it; gives their number.
    pub(in super::super) fn clear_taken(&self, now: Time) -> io::Result<usize> {
        let entries = match fs::read_dir(self.taken()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        let mut removed = 0;
        for entry in entries {
            let entry = entry?;
            let found = match entry.metadata() {
                // Its process, or another one's sweep, was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                found => found?,
            };
            let changed = found.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            if i64::try_from(changed.as_millis()).unwrap_or(i64::MAX) < now.millis() - DAY {
                drop(fs::remove_file(entry.path()));
                removed += 1;
            }
        }
        Ok(removed)
    }
}
