//! Files going out: only to those who may see them, and only while they are what was sealed.

use std::io::{self, Read as _};
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use xuncha_core::model::{Code, Hash};
use xuncha_core::protocol::ServiceError;

use super::check::{is_lost, note};
use super::local::digest_of;
use super::sight::{admitted, is_seen};
use super::{Blobs, Reading, disk_failure};
use crate::auth::Person;
use crate::problem::{refusal, store_failure};
use crate::store::BlobRow;

/// A file up to this length is read once, and exactly the bytes that were verified go out.
const AT_ONCE: u64 = 8 * 1024 * 1024;

/// A file whose bytes have just been held against its hash.
pub enum Opened {
    /// All of it, with the room in memory that it takes.
    Bytes(Bytes, OwnedSemaphorePermit),
    /// It is long: to be read again, the part that is wanted.
    Long(Reading),
}

/// Media type of a document.
const DOCUMENT: &str = "application/json";

fn document_row(hash: &Hash, text: &str) -> BlobRow {
    let (media_type, len) = (DOCUMENT.to_owned(), text.len() as u64);
    BlobRow { hash: *hash, len, media_type, kept: None, whole: true, sender: None }
}

impl Blobs {
    /// What is known of a file that the caller may see.
    ///
    /// # Errors
    /// `not_found` when there is none that this caller may see; `blob_damaged` when its bytes are
    /// gone; or a door that is closed.
    pub async fn describe(self: &Arc<Self>, caller: Person, hash: Hash) -> Result<BlobRow, ServiceError> {
        self.blocking(move |blobs| blobs.shown(&caller, &hash)).await
    }

    fn shown(&self, caller: &Person, hash: &Hash) -> Result<BlobRow, ServiceError> {
        let found = self.store.look(|snapshot| {
            let scopes = match admitted(snapshot, caller)? {
                Ok(scopes) => scopes,
                Err(refusal) => return Ok(Err(refusal)),
            };
            // A catalogue is for everyone who has a phone.
            if let Some(text) = snapshot.document(hash)? {
                return Ok(Ok(document_row(hash, &text)));
            }
            let row = if is_seen(snapshot, &scopes, hash)? { snapshot.blob(hash)? } else { None };
            Ok(row.ok_or_else(|| refusal(Code::NotFound, None)))
        });
        let row = found.map_err(|error| store_failure(&error))??;
        // What was gone may have been put back, or its disk may have come back: it is looked at before it is denied.
        let whole = row.whole || self.is_back(hash)?;
        if whole { Ok(BlobRow { whole, ..row }) } else { Err(refusal(Code::BlobDamaged, None)) }
    }

    /// True when a file that was gone is here again. One that was found altered is not read for everyone who asks.
    fn is_back(&self, hash: &Hash) -> Result<bool, ServiceError> {
        let version = self.depot.open(hash).and_then(|file| file.version()).unwrap_or_default();
        let (now, mut noted) = (self.host.clock.mono(), false);
        let read = || {
            noted = true;
            note(&*self.store, &self.depot, hash)
        };
        let found = self.looks.is_whole(hash, version, now, read).and_then(|whole| {
            // In a bucket the same bytes have the same tag: it may be as whole as it was before it was damaged.
            if whole && !noted {
                self.store.change(|batch| batch.put_whole(hash, true))?;
            }
            Ok(whole)
        });
        found.map_err(|error| store_failure(&error))
    }

    /// The file of `row`, verified just now.
    ///
    /// # Errors
    /// `blob_damaged`: nothing of it goes out, and from now on pulls call it missing, so that a
    /// phone that holds it sends it again.
    pub async fn open(self: &Arc<Self>, row: BlobRow) -> Result<Opened, ServiceError> {
        let len = u32::try_from(row.len).ok().filter(|_| row.len <= AT_ONCE);
        // Without room in memory a short file goes out like a long one.
        let room = len.and_then(|len| self.going.clone().try_acquire_many_owned(len).ok());
        if row.media_type == DOCUMENT {
            return self.blocking(move |blobs| blobs.document(&row, room)).await;
        }
        self.blocking(move |blobs| match blobs.verified(&row, room) {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(blobs.damaged(&row)),
            // What cannot be read from a disk is as good as altered; what cannot be opened just now is not.
            Err(error) if is_lost(&error) => Err(blobs.damaged(&row)),
            Err(error) => Err(disk_failure(&error)),
        })
        .await
    }

    /// None when the bytes are not those of the row.
    fn verified(&self, row: &BlobRow, room: Option<OwnedSemaphorePermit>) -> io::Result<Option<Opened>> {
        let mut file = self.depot.open(&row.hash)?;
        if file.whole_len()? != row.len {
            return Ok(None);
        }
        let Some(room) = room else {
            let (version, now) = (file.version()?, self.host.clock.mono());
            let read = || digest_of(&mut file).map(|found| found == (row.hash, row.len));
            let whole = self.looks.is_whole(&row.hash, version, now, read)?;
            file.go_to(0..row.len)?;
            return Ok(whole.then_some(Opened::Long(file)));
        };
        let mut bytes = Vec::with_capacity(usize::try_from(row.len).unwrap_or(0));
        file.take(row.len).read_to_end(&mut bytes)?;
        Ok((Hash::of(&bytes) == row.hash).then(|| Opened::Bytes(bytes.into(), room)))
    }

    fn document(&self, row: &BlobRow, room: Option<OwnedSemaphorePermit>) -> Result<Opened, ServiceError> {
        let room = room.ok_or_else(|| refusal(Code::Unavailable, None))?;
        let text = self.store.look(|snapshot| snapshot.document(&row.hash)).map_err(|error| store_failure(&error))?;
        match text.filter(|text| Hash::of(text.as_bytes()) == row.hash) {
            Some(text) => Ok(Opened::Bytes(text.into(), room)),
            None => Err(refusal(Code::BlobDamaged, None)),
        }
    }

    fn damaged(&self, row: &BlobRow) -> ServiceError {
        tracing::error!(hash = %row.hash, "a kept file is missing or altered and is not shown");
        match self.store.change(|batch| batch.put_whole(&row.hash, false)) {
            Ok(()) => refusal(Code::BlobDamaged, None),
            Err(error) => store_failure(&error),
        }
    }
}
