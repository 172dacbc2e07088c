//! One request's bytes on their way to the disk, block by block, where it may block.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::intake::{BLOCK, PART};
use super::local::start_writing;
use super::settle::Settling;
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
    file: Arc<File>,
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
            Ok(Arc::new(file))
        });
        let file = opened.map_err(|error| disk_failure(&error))?;
        let (len, began) = (row.len, row.offset);
        let digest = (began == 0).then(Sha256::new);
        let promise = promised.map(|expected| Promise { digest: Sha256::new(), expected });
        let settling = Settling::new(blobs.clone(), file.clone(), row);
        Ok(Writer { blobs, caller, file, len, began, at: began, told: began, digest, promise, settling })
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> u64 {
        self.len - self.at
    }

    /// Writes some bytes, at most [`PART`] of them. Each [`BLOCK`] of them, at the latest, is being made
    /// durable when this returns, and at once when the line is at `rest`; unless their request promised
    /// a digest, see [`Writer::pause`]. At most two blocks are not durable by then.
    pub(super) fn put(&mut self, part: &[u8], rest: bool) -> Result<(), ServiceError> {
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
    pub(super) fn pause(mut self, complete: bool) -> Result<UploadRow, ServiceError> {
        self.redeem(complete)?;
        self.settling.wrote(self.at);
        self.settling.settle()
    }

    /// All bytes are written.
    pub(super) fn finish(mut self) -> Result<UploadRow, ServiceError> {
        self.settling.begin_end();
        self.redeem(true)?;
        let digest = self.digest.take().map(|digest| Hash(digest.finalize().into()));
        let row = self.settling.end()?;
        self.blobs.finish(&self.caller, row, &self.file, digest)
    }

    fn redeem(&mut self, complete: bool) -> Result<(), ServiceError> {
        let Some(promise) = self.promise.take() else { return Ok(()) };
        if complete && Hash(promise.digest.finalize().into()) == promise.expected {
            self.settling.wrote(self.at);
            return Ok(());
        }
        self.file.set_len(self.began).map_err(|error| disk_failure(&error))?;
        self.at = self.began;
        if complete {
            return Err(refusal(Code::HashMismatch, "Upload-Checksum: these are other bytes".to_owned()));
        }
        Ok(())
    }
}
