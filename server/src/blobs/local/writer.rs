//! One request's bytes on their way to the disk, block by block, where it may block.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::settle::Settling;
use super::{Folder, Half, digest_of, start_writing};
use crate::auth::Person;
use crate::blobs::depot::Gathered;
use crate::blobs::intake::{BLOCK, PART};
use crate::blobs::writer::{Promise, unlike_promised};
use crate::blobs::{Blobs, disk_failure, stands_at};
use crate::problem::{refusal, store_failure};
use crate::store::UploadRow;

/// Held while one process writes an upload's file. The system lets go of it when the process dies.
struct Lock(Arc<File>);

impl Lock {
    /// # Errors
    /// `unavailable` while another process has it.
    fn take(folder: &Folder, file: Arc<File>) -> Result<Lock, ServiceError> {
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(TryLockError::WouldBlock) => {
                Err(refusal(Code::Unavailable, "another server receives this upload".to_owned()))
            }
            // Without locks a folder can be one server's alone.
            Err(TryLockError::Error(_)) if !folder.is_shared() => Ok(Lock(file)),
            Err(TryLockError::Error(error)) => Err(disk_failure(&error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said, and not left to the last handle: a thread that came too late for its work may have one for a
        // moment longer, and the next request must not stumble over it.
        drop(self.0.unlock());
    }
}

/// Writes behind the durable offset of one upload.
pub(in super::super) struct Writer {
    blobs: Arc<Blobs>,
    folder: Folder,
    caller: Person,
    file: Arc<File>,
    id: String,
    len: u64,
    /// Where the upload stood when this request came.
    began: u64,
    /// Bytes written.
    at: u64,
    /// Of these, how many are being made durable or are.
    told: u64,
    /// Of the whole file, when this request brings it from the first byte on.
    digest: Option<Sha256>,
    promise: Option<Promise>,
    settling: Settling,
    // Behind whoever may still be at work on the file.
    _lock: Lock,
}

impl Writer {
    /// Goes on where the row says. What a crash left in the file behind that is written over.
    ///
    /// # Errors
    /// `unavailable` while another process writes the file, `offset_mismatch` when one has since the row was read.
    pub(in super::super) fn open(
        blobs: Arc<Blobs>,
        folder: Folder,
        caller: Person,
        row: UploadRow,
        promised: Option<Hash>,
    ) -> Result<Writer, ServiceError> {
        let opened = folder.open_upload(&row.id).map_err(|error| disk_failure(&error))?;
        let file = Arc::new(opened);
        let lock = Lock::take(&folder, file.clone())?;
        let now = blobs.store.look(|snapshot| snapshot.upload(&row.id)).map_err(|error| store_failure(&error))?;
        match now {
            Some(now) if now.offset == row.offset => {}
            Some(now) => return Err(stands_at(now.offset)),
            None => return Err(refusal(Code::UploadGone, None)),
        }
        let gathered = file.metadata().and_then(|found| {
            (&*file).seek(SeekFrom::Start(row.offset))?;
            Ok(found.len())
        });
        if gathered.map_err(|error| disk_failure(&error))? < row.offset {
            // Finished by a process that has not said so yet, or never will: the next look mends the row.
            return Err(refusal(Code::Unavailable, None));
        }
        let (id, len, began) = (row.id.clone(), row.len, row.offset);
        let digest = (began == 0).then(Sha256::new);
        let promise = promised.map(Promise::new);
        let settling = Settling::new(blobs.clone(), folder.clone(), file.clone(), row);
        Ok(Writer {
            blobs,
            folder,
            caller,
            file,
            id,
            len,
            began,
            at: began,
            told: began,
            digest,
            promise,
            settling,
            _lock: lock,
        })
    }

    /// Bytes that are still to come.
    pub(in super::super) fn left(&self) -> u64 {
        self.len - self.at
    }

    /// Writes some bytes, at most [`PART`] of them. Each [`BLOCK`] of them, at the latest, is being made
    /// durable when this returns, and at once when the line is at `rest`; unless their request promised
    /// a digest, see [`Writer::pause`]. At most two blocks are not durable by then.
    pub(in super::super) fn put(&mut self, part: &[u8], rest: bool) -> Result<(), ServiceError> {
        if !part.is_empty() {
            self.blobs.check_room(part.len() as u64)?;
            self.file.write_all(part).map_err(|error| disk_failure(&error))?;
            start_writing(&self.file, self.at, part.len());
            self.blobs.traffic.received.inc_by(part.len() as u64);
        }
        self.at += part.len() as u64;
        let last = self.left() == 0;
        let due = last || rest || self.at - self.told > (BLOCK - PART) as u64;
        if self.promise.is_none() && due {
            if last {
                self.settling.begin_end();
            }
            if rest {
                self.settling.rest();
            }
            self.settling.wrote(self.at);
            self.told = self.at;
        }
        // While the disk is busy with it.
        if let Some(digest) = &mut self.digest {
            digest.update(part);
        }
        if let Some(promise) = &mut self.promise {
            promise.digest.update(part);
        }
        // The end waits for everything at once.
        if last || self.promise.is_some() {
            return Ok(());
        }
        self.settling.wait_for(self.at.saturating_sub(2 * BLOCK as u64))
    }

    /// The request ended before the file did. Bytes whose digest was promised count only when it
    /// fits; `complete` says that the request came to its own end.
    pub(in super::super) fn pause(mut self, complete: bool) -> Result<UploadRow, ServiceError> {
        self.redeem(complete)?;
        self.settling.wrote(self.at);
        self.settling.settle()
    }

    /// All bytes are written.
    pub(in super::super) fn finish(mut self) -> Result<UploadRow, ServiceError> {
        self.settling.begin_end();
        self.redeem(true)?;
        let digest = self.digest.take().map(|digest| Hash(digest.finalize().into()));
        let row = self.settling.end()?;
        let (hash, head) = examine(&self.file, digest).map_err(|error| disk_failure(&error))?;
        let (path, len) = (self.folder.upload(&self.id), self.len);
        let half = Half { folder: self.folder.clone(), path, hash, len, head };
        self.blobs.finish(&self.caller, row, Gathered::Half(half))
    }

    fn redeem(&mut self, complete: bool) -> Result<(), ServiceError> {
        let Some(promise) = self.promise.take() else { return Ok(()) };
        if complete && promise.fits() {
            self.settling.wrote(self.at);
            return Ok(());
        }
        self.file.set_len(self.began).map_err(|error| disk_failure(&error))?;
        self.at = self.began;
        if complete { Err(unlike_promised()) } else { Ok(()) }
    }
}

/// Digest and first bytes of a file. `digest` is its own, when one request brought it all.
fn examine(mut file: &File, digest: Option<Hash>) -> io::Result<(Hash, Vec<u8>)> {
    let digest = match digest {
        Some(digest) => digest,
        None => {
            file.seek(SeekFrom::Start(0))?;
            digest_of(&mut file)?.0
        }
    };
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(16).read_to_end(&mut head)?;
    Ok((digest, head))
}
