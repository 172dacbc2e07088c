//! One request's bytes on their way to a bucket.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use object_store::CopyMode;
use sha2::Digest as _;
use tokio::sync::OwnedSemaphorePermit;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::staged::{folder_of, name_of, promised_name_of};
use super::{Assembly, Bucket, PIECE};
use crate::auth::Person;
use crate::blobs::depot::Gathered;
use crate::blobs::writer::{Promise, unlike_promised};
use crate::blobs::{Blobs, disk_failure};
use crate::problem::refusal;
use crate::store::UploadRow;

/// Bytes that come slowly are staged once there are so many and [`SLOW`] has passed.
const WORTH: usize = 1024 * 1024;

/// In milliseconds.
const SLOW: i64 = 5_000;

/// A staged run that the row does not count yet.
struct Ahead {
    at: u64,
    len: u64,
    name: String,
}

/// Gathers up to [`PIECE`] bytes in memory, stages them, and moves the row behind them. A server that dies has no more
/// than that many bytes of an upload sent to it again.
pub(in super::super) struct Writer {
    blobs: Arc<Blobs>,
    bucket: Bucket,
    caller: Person,
    /// As the store has it.
    row: UploadRow,
    /// Where the upload stood when this request came.
    began: u64,
    /// Bytes that came.
    at: u64,
    /// Those behind what is staged.
    pieces: Vec<Bytes>,
    held: usize,
    /// Room in memory for them.
    room: Option<OwnedSemaphorePermit>,
    promise: Option<Promise>,
    ahead: Vec<Ahead>,
    /// When bytes were staged last, in milliseconds of the clock that only goes forward.
    staged: i64,
}

impl Writer {
    /// Goes on where the row says. Asks the store for nothing yet.
    pub(in super::super) fn open(
        blobs: Arc<Blobs>,
        bucket: Bucket,
        caller: Person,
        row: UploadRow,
        promised: Option<Hash>,
    ) -> Writer {
        let (began, at, staged) = (row.offset, row.offset, blobs.host.clock.mono());
        let (pieces, ahead, promise) = (Vec::new(), Vec::new(), promised.map(Promise::new));
        Writer { blobs, bucket, caller, row, began, at, pieces, held: 0, room: None, promise, ahead, staged }
    }

    /// Bytes that are still to come.
    pub(in super::super) fn left(&self) -> u64 {
        self.row.len - self.at
    }

    /// Takes some bytes, which hold `room` in memory until they are staged.
    pub(in super::super) fn put(
        &mut self,
        part: Bytes,
        room: Option<OwnedSemaphorePermit>,
        rest: bool,
    ) -> Result<(), ServiceError> {
        if let Some(promise) = &mut self.promise {
            promise.digest.update(&part);
        }
        self.blobs.traffic.received.inc_by(part.len() as u64);
        self.at += part.len() as u64;
        self.held += part.len();
        self.pieces.extend(Some(part).filter(|part| !part.is_empty()));
        match (&mut self.room, room) {
            (Some(held), Some(room)) => held.merge(room),
            (none, room) => *none = none.take().or(room),
        }
        // The last bytes go straight into the file that is put together from all.
        if self.left() == 0 {
            return Ok(());
        }
        let slow = self.held >= WORTH && self.blobs.host.clock.mono() - self.staged >= SLOW;
        if self.held >= PIECE || slow || rest { self.let_go() } else { Ok(()) }
    }

    /// Stages what is held in memory, and moves the row behind it unless a digest was promised.
    pub(in super::super) fn let_go(&mut self) -> Result<(), ServiceError> {
        if self.held == 0 {
            return Ok(());
        }
        let (at, len) = (self.at - self.held as u64, self.held as u64);
        let nonce = nonce(&self.blobs);
        let name = match &self.promise {
            None => name_of(&self.row.id, at, len, &nonce),
            Some(_) => promised_name_of(&self.row.id, at, len, &nonce),
        };
        let pieces = std::mem::take(&mut self.pieces);
        (self.held, self.staged) = (0, self.blobs.host.clock.mono());
        let staged = self.bucket.stage(&name, pieces);
        self.room = None;
        staged.map_err(|error| disk_failure(&error))?;
        self.ahead.push(Ahead { at, len, name });
        if self.promise.is_none() { self.say() } else { Ok(()) }
    }

    /// Moves the row behind what is staged.
    fn say(&mut self) -> Result<(), ServiceError> {
        let Some(last) = self.ahead.last() else { return Ok(()) };
        let row = UploadRow { offset: last.at + last.len, touched: self.blobs.host.clock.wall(), ..self.row.clone() };
        let moved = self.blobs.advance(self.row.offset, &row);
        match moved {
            Ok(()) => {
                self.ahead.clear();
                self.row = row;
            }
            // Another process was faster, or the upload was given up: these bytes count for nothing.
            Err(_) => self.forget(),
        }
        moved
    }

    /// Removes what the row does not count. What cannot be removed now goes with the upload.
    fn forget(&mut self) {
        let names = self.ahead.drain(..).map(|ahead| ahead.name).collect();
        if let Err(error) = self.bucket.remove(names) {
            tracing::warn!(%error, "staged bytes could not be removed");
        }
    }

    /// The request ended before the file did. Bytes whose digest was promised count only when it
    /// fits; `complete` says that the request came to its own end.
    pub(in super::super) fn pause(mut self, complete: bool) -> Result<UploadRow, ServiceError> {
        self.redeem(complete)?;
        self.let_go()?;
        Ok(self.row)
    }

    /// All bytes are here.
    pub(in super::super) fn finish(mut self) -> Result<UploadRow, ServiceError> {
        self.redeem(true)?;
        let spot = format!("{}/whole-{}", folder_of(&self.row.id), nonce(&self.blobs));
        let mut whole = Assembly::new(&self.bucket, spot);
        let mut fill = || {
            if self.row.offset > 0 {
                whole.add_staged(&self.row.id, self.row.offset)?;
            }
            self.pieces.drain(..).try_for_each(|piece| whole.add(piece))
        };
        if let Err(error) = fill() {
            let is_lost = error.kind() == io::ErrorKind::NotFound;
            return Err(if is_lost { self.begin_again() } else { disk_failure(&error) });
        }
        let was_staged = self.row.offset > 0;
        let row = self.blobs.finish(&self.caller, self.row, Gathered::Assembly(Box::new(whole)))?;
        if was_staged {
            self.blobs.depot.discard(&row.id);
        }
        Ok(row)
    }

    /// Somebody removed what was staged: the upload begins again.
    fn begin_again(&self) -> ServiceError {
        tracing::error!(upload = self.row.id, "staged bytes are gone; the upload begins again");
        match self.blobs.advance(self.row.offset, &UploadRow { offset: 0, ..self.row.clone() }) {
            Ok(()) => {
                self.blobs.depot.discard(&self.row.id);
                refusal(Code::OffsetMismatch, "Upload-Offset: the upload stands at 0".to_owned())
            }
            Err(error) => error,
        }
    }

    fn redeem(&mut self, complete: bool) -> Result<(), ServiceError> {
        let Some(promise) = self.promise.take() else { return Ok(()) };
        if complete && promise.fits() {
            for ahead in &mut self.ahead {
                let name = name_of(&self.row.id, ahead.at, ahead.len, &nonce(&self.blobs));
                let copied = self.bucket.copy(&ahead.name, &self.bucket.key(&name), CopyMode::Overwrite);
                copied.map_err(|error| disk_failure(&error))?;
                ahead.name = name;
            }
            return self.say();
        }
        self.forget();
        self.pieces.clear();
        (self.held, self.at) = (0, self.began);
        if complete { Err(unlike_promised()) } else { Ok(()) }
    }
}

/// What tells names for the same bytes apart.
fn nonce(blobs: &Blobs) -> String {
    URL_SAFE_NO_PAD.encode(blobs.host.bytes::<12>())
}
