//! One request's bytes on their way to where files lie.

use std::sync::Arc;

use axum::body::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::depot::Depot;
use super::{Blobs, local, s3};
use crate::auth::Person;
use crate::problem::refusal;
use crate::store::UploadRow;

/// What a request promises its own bytes to be: nothing of it counts unless they are.
pub(super) struct Promise {
    /// Of what has come of them.
    pub(super) digest: Sha256,
    expected: Hash,
}

impl Promise {
    pub(super) fn new(expected: Hash) -> Promise {
        Promise { digest: Sha256::new(), expected }
    }

    /// True when all that came is what was promised.
    pub(super) fn fits(self) -> bool {
        Hash(self.digest.finalize().into()) == self.expected
    }
}

pub(super) fn unlike_promised() -> ServiceError {
    refusal(Code::HashMismatch, "Upload-Checksum: these are other bytes".to_owned())
}

/// Writes behind the durable offset of one upload, where it may block.
pub(super) enum Writer {
    Folder(local::Writer),
    Bucket(s3::Writer),
}

impl Writer {
    /// Goes on where the row says.
    pub(super) fn open(
        blobs: Arc<Blobs>,
        caller: Person,
        row: UploadRow,
        promised: Option<Hash>,
    ) -> Result<Writer, ServiceError> {
        Ok(match blobs.depot.clone() {
            Depot::Folder(folder) => Writer::Folder(local::Writer::open(blobs, folder, caller, row, promised)?),
            Depot::Bucket(bucket) => Writer::Bucket(s3::Writer::open(blobs, bucket, caller, row, promised)),
        })
    }

    /// Bytes that are still to come.
    pub(super) fn left(&self) -> u64 {
        match self {
            Writer::Folder(writer) => writer.left(),
            Writer::Bucket(writer) => writer.left(),
        }
    }

    /// Takes some bytes and the room in memory that they hold. At `rest` the line is silent: all that came is to be
    /// durable soon.
    pub(super) fn put(
        &mut self,
        part: Bytes,
        room: Option<OwnedSemaphorePermit>,
        rest: bool,
    ) -> Result<(), ServiceError> {
        match self {
            Writer::Folder(writer) => writer.put(&part, rest),
            Writer::Bucket(writer) => writer.put(part, room, rest),
        }
    }

    /// Lets go of all room in memory.
    pub(super) fn let_go(&mut self) -> Result<(), ServiceError> {
        match self {
            // Keeps none.
            Writer::Folder(_) => Ok(()),
            Writer::Bucket(writer) => writer.let_go(),
        }
    }

    /// The request ended before the file did. Bytes whose digest was promised count only when it
    /// fits; `complete` says that the request came to its own end.
    pub(super) fn pause(self, complete: bool) -> Result<UploadRow, ServiceError> {
        match self {
            Writer::Folder(writer) => writer.pause(complete),
            Writer::Bucket(writer) => writer.pause(complete),
        }
    }

    /// All bytes are written.
    pub(super) fn finish(self) -> Result<UploadRow, ServiceError> {
        match self {
            Writer::Folder(writer) => writer.finish(),
            Writer::Bucket(writer) => writer.finish(),
        }
    }
}
