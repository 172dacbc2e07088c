//! Files that ops of ours promise: where their bytes lie, which wait to be sent, what may be freed.
//!
//! Whether the ledger keeps a file is never stored here: it follows from the server's row of the
//! finding. The database is the truth; [`Store::compare_files`] brings it up to what the folders
//! really hold.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Store, Tried, int, uint, unreadable};
use crate::model::{BlobRef, EntityId, Hash, OpId};
use crate::photo::leftovers;
use crate::{Error, Result};

/// A file that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WaitingFile {
    pub(crate) blob: BlobRef,
    /// Attempts so far; after the first the server may hold some of it.
    pub(crate) tried: u64,
    /// Why it could not be sent when it was tried last.
    pub(crate) code: Option<String>,
    pub(crate) path: PathBuf,
}

/// A file of ours that need not stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FreeableFile {
    pub(crate) hash: Hash,
    pub(crate) len: u64,
    pub(crate) path: PathBuf,
}

/// A file as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRow {
    pub(crate) len: u64,
    pub(crate) role: String,
    pub(crate) sent: bool,
    pub(crate) here: bool,
    pub(crate) code: Option<String>,
    pub(crate) detail: Option<String>,
}

/// How many files, and how many bytes they have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FileCount {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Store {
    /// Folder of originals.
    pub(crate) fn photos_folder(&self) -> PathBuf {
        self.folder.join("photos")
    }

    /// Folder of display copies and thumbnails made here; what no row names can be made again.
    pub(crate) fn previews_folder(&self) -> PathBuf {
        self.folder.join("previews")
    }

    /// Folder of files of others that were looked at; may be emptied at any time.
    pub(crate) fn fetched_folder(&self) -> PathBuf {
        self.folder.join("fetched")
    }

    /// Where a file of ours lies.
    pub(crate) fn path_of(&self, hash: &Hash, role: &str) -> PathBuf {
        let folder = if role == "original" { self.photos_folder() } else { self.previews_folder() };
        folder.join(hash.to_hex())
    }

    /// Takes in a file whose bytes are durably in their folder, as `op` promises it. To be called
    /// inside [`Store::whole`].
    pub(crate) fn promise(&self, finding: EntityId, photo: &str, blob: &BlobRef, op: OpId) -> Result<()> {
        let row = params![blob.hash.to_string(), int(blob.len), blob.media_type, blob.role];
        self.db.prepare_cached(include_str!("put_file.sql"))?.execute(row).tried("keep a file")?;
        let insert = "INSERT OR REPLACE INTO promise (finding, photo, role, hash, op) VALUES (?, ?, ?, ?, ?)";
        let row = params![finding.0.as_bytes(), photo, blob.role, blob.hash.to_string(), op.0.as_bytes()];
        self.db.prepare_cached(insert)?.execute(row).tried("keep a photo")?;
        Ok(())
    }

    /// What a refused op promised is promised by its correction.
    pub(crate) fn promise_anew(&self, refused: OpId, correction: OpId) -> Result<()> {
        let update = "UPDATE promise SET op = ? WHERE op = ?";
        let row = params![correction.0.as_bytes(), refused.0.as_bytes()];
        self.db.prepare_cached(update)?.execute(row).tried("keep a photo")?;
        Ok(())
    }

    /// Files to be sent, thumbnails first; `accepted`: only those that accepted ops promise.
    pub(crate) fn files_waiting(&self, accepted: bool) -> Result<Vec<WaitingFile>> {
        let mut query = self.db.prepare_cached(include_str!("files.sql"))?;
        let rows = query.query_map([accepted], |row| {
            let (blob, tried, code) = (read_blob(row)?, uint(row.get("tried")?), row.get("code")?);
            Ok((blob, tried, code))
        })?;
        let waiting = rows.map(|row| {
            let (blob, tried, code) = row.tried("read which files wait")?;
            let blob = blob?;
            Ok(WaitingFile { path: self.path_of(&blob.hash, &blob.role), blob, tried, code })
        });
        waiting.collect()
    }

    /// How much waits to be sent, also of ops that were not judged yet.
    pub(crate) fn files_waiting_count(&self) -> Result<FileCount> {
        let query = format!("SELECT count(*), coalesce(sum(len), 0) FROM ({})", include_str!("files.sql"));
        let count = self
            .db
            .prepare_cached(&query)?
            .query_row([false], |row| Ok(FileCount { files: uint(row.get(0)?), bytes: uint(row.get(1)?) }));
        count.tried("count files")
    }

    /// How many promised files are nowhere: neither here nor at the server.
    pub(crate) fn files_lost(&self) -> Result<u64> {
        let count = self.db.prepare_cached(include_str!("lost.sql"))?.query_row([], |row| row.get(0));
        count.map(uint).tried("count files")
    }

    /// Originals that only ops refer to which were refused for good, with their lengths; only `one`, where it is given.
    pub(crate) fn spare_files(&self, one: Option<&Hash>) -> Result<Vec<(Hash, u64)>> {
        let mut query = self.db.prepare_cached(include_str!("spare.sql"))?;
        let rows = query
            .query_map([one.map(Hash::to_string)], |row| Ok((row.get::<_, String>("hash")?, uint(row.get("len")?))))?;
        rows.map(|row| {
            let (hash, len) = row.tried("read which photos are spare")?;
            Ok((hash_of(&hash)?, len))
        })
        .collect()
    }

    /// Files that stay stuck until somebody does something.
    pub(crate) fn files_at_fault(&self) -> Result<Vec<(BlobRef, String, String)>> {
        let query = "SELECT hash, len, type, role, code, detail FROM file \
                     WHERE state = 'waiting' AND code IS NOT NULL ORDER BY n";
        let mut query = self.db.prepare_cached(query)?;
        let rows = query.query_map([], |row| {
            let detail: Option<String> = row.get("detail")?;
            Ok((read_blob(row)?, row.get("code")?, detail.unwrap_or_default()))
        })?;
        rows.map(|row| {
            row.tried("read which files are stuck").and_then(|(blob, code, detail)| Ok((blob?, code, detail)))
        })
        .collect()
    }

    /// Remembers that an attempt begins.
    pub(crate) fn file_tried(&self, hash: &Hash) -> Result<()> {
        self.change_file("UPDATE file SET tried = tried + 1 WHERE hash = ?1", hash)
    }

    /// Remembers that the server has the whole file.
    pub(crate) fn file_sent(&self, hash: &Hash) -> Result<()> {
        self.change_file("UPDATE file SET state = 'sent', code = NULL, detail = NULL WHERE hash = ?1", hash)
    }

    /// Remembers why a file could not be sent.
    pub(crate) fn file_failed(&self, hash: &Hash, code: &str, detail: &str) -> Result<()> {
        let update = "UPDATE file SET code = ?, detail = ? WHERE hash = ?";
        let row = params![code, detail, hash.to_string()];
        self.db.prepare_cached(update)?.execute(row).tried("keep why a file is stuck")?;
        Ok(())
    }

    /// The server misses a file that it once said it had.
    pub(crate) fn file_missing(&self, hash: &Hash) -> Result<()> {
        self.change_file("UPDATE file SET state = 'waiting' WHERE hash = ?1 AND state = 'sent'", hash)
    }

    /// Whether the bytes are in their folder.
    pub(crate) fn set_file_here(&self, hash: &Hash, here: bool) -> Result<()> {
        let update =
            if here { "UPDATE file SET here = 1 WHERE hash = ?1" } else { "UPDATE file SET here = 0 WHERE hash = ?1" };
        self.change_file(update, hash)
    }

    /// Files that were stuck are tried again.
    pub(crate) fn retry_files(&self) -> Result<u64> {
        let update = "UPDATE file SET code = NULL, detail = NULL WHERE state = 'waiting' AND code IS NOT NULL";
        self.db.prepare_cached(update)?.execute([]).map(|changed| changed as u64).tried("try files again")
    }

    fn change_file(&self, update: &str, hash: &Hash) -> Result<()> {
        self.db.prepare_cached(update)?.execute([hash.to_string()]).tried("keep where a file is")?;
        Ok(())
    }

    /// The file `hash`, if an op of ours promises it.
    pub(crate) fn file(&self, hash: &Hash) -> Result<Option<FileRow>> {
        let query = "SELECT len, role, state, here, code, detail FROM file WHERE hash = ?";
        let row = self.db.prepare_cached(query)?.query_row([hash.to_string()], |row| {
            Ok(FileRow {
                len: uint(row.get("len")?),
                role: row.get("role")?,
                sent: row.get::<_, String>("state")? == "sent",
                here: row.get("here")?,
                code: row.get("code")?,
                detail: row.get("detail")?,
            })
        });
        row.optional().tried("read a file")
    }

    /// Files of ours that the ledger keeps by an entry below `durable_size`, at most `most`.
    pub(crate) fn files_freeable(&self, durable_size: u64, most: u32) -> Result<Vec<FreeableFile>> {
        let mut query = self.db.prepare_cached(include_str!("freeable.sql"))?;
        let rows = query.query_map([int(durable_size), i64::from(most)], |row| {
            Ok((row.get::<_, String>("hash")?, uint(row.get("len")?), row.get::<_, String>("role")?))
        })?;
        let files = rows.map(|row| {
            let (hash, len, role) = row.tried("read what may be freed")?;
            let hash = hash_of(&hash)?;
            Ok(FreeableFile { hash, len, path: self.path_of(&hash, &role) })
        });
        files.collect()
    }

    /// Brings the table up to what the folders hold: a file that is gone is no longer here, one that
    /// was to be freed and still lies there is here.
    pub(crate) fn compare_files(&self) -> Result<()> {
        let mut found = HashMap::new();
        for folder in [self.photos_folder(), self.previews_folder()] {
            for (_, path) in leftovers(&folder).tried("look at the photos")?.files {
                let len = path.metadata().tried("look at the photos")?.len();
                found.insert(path, len);
            }
        }
        let mut changed = BTreeMap::new();
        for (hash, len, role, here) in self.all_files()? {
            let there = found.remove(&self.path_of(&hash, &role)).is_some_and(|found| found == len);
            if there != here {
                changed.insert(hash, there);
            }
        }
        let update = |store: &Store| changed.iter().try_for_each(|(hash, there)| store.set_file_here(hash, *there));
        match changed.is_empty() {
            true => Ok(()),
            // A full disk must not keep anybody from looking: the next opening compares again.
            false => match self.whole(update) {
                Err(Error::Full) => Ok(()),
                other => other,
            },
        }
    }

    /// Removes previews that no row names: they are made again. Not while some are being made.
    pub(crate) fn clear_previews(&self) -> Result<()> {
        for (hash, path) in leftovers(&self.previews_folder()).tried("look at the previews")?.files {
            if self.file(&hash)?.is_none() {
                std::fs::remove_file(path).tried("clear a leftover")?;
            }
        }
        Ok(())
    }

    /// Every file: hash, length, role, whether it is here.
    pub(super) fn all_files(&self) -> Result<Vec<(Hash, u64, String, bool)>> {
        let mut query = self.db.prepare_cached("SELECT hash, len, role, here FROM file ORDER BY n")?;
        let rows = query.query_map([], |row| {
            Ok((row.get::<_, String>("hash")?, uint(row.get("len")?), row.get("role")?, row.get("here")?))
        })?;
        rows.map(|row| {
            let (hash, len, role, here) = row.tried("read the files")?;
            Ok((hash_of(&hash)?, len, role, here))
        })
        .collect()
    }
}

fn read_blob(row: &Row<'_>) -> rusqlite::Result<Result<BlobRef>> {
    let (hash, len): (String, i64) = (row.get("hash")?, row.get("len")?);
    let (media_type, role) = (row.get("type")?, row.get("role")?);
    Ok(hash_of(&hash).map(|hash| BlobRef { hash, len: uint(len), media_type, role }))
}

pub(super) fn hash_of(text: &str) -> Result<Hash> {
    text.parse().map_err(|error| unreadable("hash", error))
}
