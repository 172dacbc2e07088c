//! One request's bytes on their way to the disk, block by block, where it may block.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::local::sync_folder;
use super::{Blobs, disk_failure};
use crate::ledger::Caller;
use crate::problem::refusal;
use crate::store::UploadRow;

/// What a request promises its own bytes to be: nothing of it counts unless they are.
struct Promise {
    digest: Sha256,
    expected: Hash,
}

/// Writes behind the durable offset of one upload.
pub(super) struct Writer {
    blobs: Arc<Blobs>,
    caller: Caller,
    row: UploadRow,
    file: File,
    /// Bytes written; the row's offset counts those that are durable.
    at: u64,
    /// Of the whole file, when this request brings it from the first byte on.
    digest: Option<Sha256>,
    promise: Option<Promise>,
    named: bool,
}

impl Writer {
    /// Goes on where the row says. What a crash left in the file behind that is written over.
    pub(super) fn open(
        blobs: Arc<Blobs>,
        caller: Caller,
        row: UploadRow,
        promised: Option<Hash>,
    ) -> Result<Writer, ServiceError> {
        let opened = blobs.folder.open_upload(&row.id).and_then(|mut file| {
            file.seek(SeekFrom::Start(row.offset))?;
            Ok(file)
        });
        let file = opened.map_err(|error| disk_failure(&error))?;
        let (at, named) = (row.offset, row.offset > 0);
        let digest = (at == 0).then(Sha256::new);
        let promise = promised.map(|expected| Promise { digest: Sha256::new(), expected });
        Ok(Writer { blobs, caller, row, file, at, digest, promise, named })
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> u64 {
        self.row.len - self.at
    }

    /// Writes one block; durable when this returns, unless it is the last one, which
    /// [`Writer::finish`] makes durable, or its request promised a digest, see [`Writer::pause`].
    pub(super) fn put(&mut self, block: &[u8]) -> Result<(), ServiceError> {
        self.blobs.check_room(block.len() as u64)?;
        self.file.write_all(block).map_err(|error| disk_failure(&error))?;
        self.at += block.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(block);
        }
        if let Some(promise) = &mut self.promise {
            promise.digest.update(block);
            return Ok(());
        }
        if self.left() > 0 { self.settle() } else { Ok(()) }
    }

    /// Makes what is written durable, then says so.
    fn settle(&mut self) -> Result<(), ServiceError> {
        if self.at == self.row.offset {
            return Ok(());
        }
        self.file.sync_data().map_err(|error| disk_failure(&error))?;
        if !self.named {
            sync_folder(&self.blobs.folder.uploads()).map_err(|error| disk_failure(&error))?;
            self.named = true;
        }
        self.row.offset = self.at;
        self.row.touched = self.blobs.host.clock.wall();
        self.blobs.advance(&self.row)
    }

    /// The request ended before the file did. Bytes whose digest was promised count only when it
    /// fits; `complete` says that the request came to its own end.
    pub(super) fn pause(mut self, complete: bool) -> Result<UploadRow, ServiceError> {
        self.redeem(complete)?;
        self.settle()?;
        Ok(self.row)
    }

    /// All bytes are written.
    pub(super) fn finish(mut self) -> Result<UploadRow, ServiceError> {
        self.redeem(true)?;
        let digest = self.digest.take().map(|digest| Hash(digest.finalize().into()));
        self.blobs.finish(&self.caller, self.row, self.file, digest)
    }

    fn redeem(&mut self, complete: bool) -> Result<(), ServiceError> {
        let Some(promise) = self.promise.take() else { return Ok(()) };
        if complete && Hash(promise.digest.finalize().into()) == promise.expected {
            return Ok(());
        }
        self.file.set_len(self.row.offset).map_err(|error| disk_failure(&error))?;
        self.at = self.row.offset;
        if complete {
            return Err(refusal(Code::HashMismatch, "Upload-Checksum: these are other bytes".to_owned()));
        }
        Ok(())
    }
}
