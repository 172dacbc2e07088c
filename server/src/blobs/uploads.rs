//! What becomes of an upload: begun, found again, moved on, finished, given up.
//!
//! An upload is a row. Its offset counts bytes that survive a power loss and moves only after they
//! do; it reaches the length only in the transaction that says that the file is here whole. So a
//! crash leaves an upload that goes on where its row says, or one that is done.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xuncha_core::model::{Code, Hash};
use xuncha_core::photo::media_type;
use xuncha_core::protocol::{MAX_BLOB_BYTES, ServiceError};

use super::sight::{admitted, is_seen};
use super::sweep::UPLOAD_LIFE;
use super::{Blobs, Depot, Gathered, disk_failure, stands_at};
use crate::auth::Person;
use crate::problem::{refusal, store_failure};
use crate::store::{Batch, BlobRow, Result as Stored, UploadRow};

/// What a sender says of a file before it sends it; believed of neither hash nor length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// SHA-256 of the file.
    pub hash: Hash,
    /// Its length in bytes.
    pub len: u64,
}

/// An upload and the one that it took the place of.
type Begun = (UploadRow, Option<UploadRow>);

impl Blobs {
    /// The upload of this file by this sender: the one that was begun before, or a new one. Whole
    /// at once when the file is here and something that the caller sees refers to it; a caller who
    /// only guessed the hash learns nothing.
    ///
    /// With `bytes` to follow in the same request, the row is durable only with what is said of them: a
    /// power loss before that leaves at most a file that no row knows of, for the sweep. Without, it is
    /// durable when this returns.
    pub(super) fn find_or_begin(
        &self,
        caller: &Person,
        announced: &Announced,
        bytes: bool,
    ) -> Result<UploadRow, ServiceError> {
        if announced.len == 0 {
            return Err(refusal(Code::Malformed, "Upload-Length: a file has at least one byte".to_owned()));
        }
        if announced.len > MAX_BLOB_BYTES {
            return Err(refusal(Code::TooLarge, format!("Upload-Length: at most {MAX_BLOB_BYTES}")));
        }
        let (id, now) = (URL_SAFE_NO_PAD.encode(self.host.bytes::<16>()), self.host.clock.wall());
        let fresh = UploadRow {
            id,
            sender: caller.sender(),
            hash: announced.hash,
            len: announced.len,
            offset: 0,
            touched: now,
        };
        let room = self.check_room(announced.len);
        let work = |batch: &mut dyn Batch| decide(batch, caller, &fresh, room.clone(), self.bounds.quota);
        let begun = if bytes { self.store.change_soon(work) } else { self.store.change(work) };
        let (row, replaced) = begun.map_err(|error| store_failure(&error))??;
        if let Some(replaced) = replaced {
            self.depot.discard(&replaced.id);
        }
        Ok(row)
    }

    /// Fails with `upload_gone` unless `id` is an upload of theirs.
    pub(super) fn owns(&self, caller: &Person, id: &str) -> Result<(), ServiceError> {
        let row = self.store.look(|snapshot| snapshot.upload(id)).map_err(|error| store_failure(&error))?;
        row.filter(|row| row.sender == caller.sender()).map(drop).ok_or_else(|| refusal(Code::UploadGone, None))
    }

    /// The upload `id` as it stands, for whoever began it; anyone else hears that it is gone.
    /// To be asked by whoever has the turn: it mends a row whose bytes are gone.
    pub(super) fn standing(&self, caller: &Person, id: &str) -> Result<UploadRow, ServiceError> {
        let found = self.store.look(|snapshot| {
            let row = snapshot.upload(id)?.filter(|row| row.sender == caller.sender());
            let here = row.as_ref().map(|row| snapshot.blob(&row.hash)).transpose()?.flatten();
            Ok((row, here, admitted(snapshot, caller)?))
        });
        let (row, here, admitted) = found.map_err(|error| store_failure(&error))?;
        admitted?;
        let since = self.host.clock.wall().plus_millis(-UPLOAD_LIFE);
        let row = row.filter(|row| row.touched >= since).ok_or_else(|| refusal(Code::UploadGone, None))?;
        if row.offset == row.len {
            // Whole once, and found damaged since: it has to come again.
            let whole = here.is_some_and(|blob| blob.whole);
            return if whole { Ok(row) } else { Err(refusal(Code::UploadGone, None)) };
        }
        // In a bucket nothing moves before the row says so: what somebody removed there is found out at the end.
        if let Depot::Folder(folder) = &self.depot
            && folder.gathered(&row.id).map_err(|error| disk_failure(&error))? < row.offset
        {
            // The bytes are not where the row says: lost with a disk, or moved by a finish that a
            // crash cut short.
            let again = UploadRow { offset: 0, ..row };
            self.advance(row.offset, &again)?;
            return Ok(again);
        }
        Ok(row)
    }

    /// Moves the row from the offset `before`; its bytes up to the new one must be durable.
    ///
    /// # Errors
    /// `upload_gone`, or `offset_mismatch` when somebody else moved it since: of several servers that receive one
    /// upload, this decides whose bytes count.
    pub(super) fn advance(&self, before: u64, row: &UploadRow) -> Result<(), ServiceError> {
        let moved = self.store.change(|batch| match batch.upload(&row.id)? {
            // Given up meanwhile: a row must not come back without its file.
            None => Ok(Err(refusal(Code::UploadGone, None))),
            Some(known) if known.offset != before => Ok(Err(stands_at(known.offset))),
            Some(_) => batch.put_upload(row).map(Ok),
        });
        moved.map_err(|error| store_failure(&error))?
    }

    /// Forgets an upload and its bytes; a file that is whole stays.
    pub(super) fn give_up(&self, row: &UploadRow) -> Result<(), ServiceError> {
        self.store.change(|batch| batch.drop_upload(&row.id)).map_err(|error| store_failure(&error))?;
        self.depot.discard(&row.id);
        Ok(())
    }

    /// All bytes are in `whole`: checks that they are what was announced and keeps them. Durable when this
    /// returns.
    ///
    /// Bytes that are not what they should be are thrown away with their upload. A crash on the way
    /// leaves an upload that begins again or goes on, or a file under its hash that nothing knows of; the same
    /// file replaces it.
    pub(super) fn finish(&self, caller: &Person, row: UploadRow, whole: Gathered) -> Result<UploadRow, ServiceError> {
        let (hash, _, head) = whole.sum();
        if hash != row.hash {
            self.give_up(&row)?;
            return Err(refusal(Code::HashMismatch, "sha256: these are the bytes of another file".to_owned()));
        }
        let Some(media_type) = media_type(head) else {
            self.give_up(&row)?;
            return Err(refusal(Code::Malformed, "type: only JPEG, PNG and HEIC images are kept".to_owned()));
        };
        // The upload may have taken days: what was allowed when it began may no longer be.
        self.store.look(|snapshot| admitted(snapshot, caller)).map_err(|error| store_failure(&error))??;
        whole.keep().map_err(|error| disk_failure(&error))?;
        let row = UploadRow { offset: row.len, touched: self.host.clock.wall(), ..row };
        let blob = BlobRow {
            hash: row.hash,
            len: row.len,
            media_type: media_type.to_owned(),
            kept: None,
            whole: true,
            sender: Some(row.sender),
        };
        let kept = self.store.change(|batch| {
            // Whatever another server says of its offset: the bytes are here. Only what was given up stays so.
            let known = batch.upload(&row.id)?.is_some();
            if known {
                batch.put_blob(&blob)?;
                batch.put_upload(&row)?;
            }
            Ok(known)
        });
        if !kept.map_err(|error| store_failure(&error))? {
            return Err(refusal(Code::UploadGone, None));
        }
        self.queue.wake();
        Ok(row)
    }
}

fn decide(
    batch: &mut dyn Batch,
    caller: &Person,
    fresh: &UploadRow,
    room: Result<(), ServiceError>,
    quota: u64,
) -> Stored<Result<Begun, ServiceError>> {
    let scopes = match admitted(&*batch, caller)? {
        Ok(scopes) => scopes,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let here = batch.blob(&fresh.hash)?.is_some_and(|blob| blob.whole && blob.len == fresh.len);
    let known = batch.upload_of(&fresh.sender, &fresh.hash)?;
    if let Some(known) = known.as_ref().filter(|known| known.len == fresh.len && (known.offset < known.len || here)) {
        let row = UploadRow { touched: fresh.touched, ..known.clone() };
        batch.put_upload(&row)?;
        return Ok(Ok((row, None)));
    }
    let mut row = fresh.clone();
    if here && is_seen(&*batch, &scopes, &fresh.hash)? {
        row.offset = row.len;
    } else {
        if let Err(refusal) = room {
            return Ok(Err(refusal));
        }
        let freed = known.as_ref().filter(|known| known.offset < known.len).map_or(0, |known| known.len);
        let claimed = batch.claimed(&fresh.sender)?.saturating_sub(freed);
        if claimed.saturating_add(fresh.len) > quota {
            return Ok(Err(refusal(Code::QuotaFull, format!("{claimed} of {quota} bytes are taken"))));
        }
    }
    if let Some(known) = &known {
        batch.drop_upload(&known.id)?;
    }
    batch.put_upload(&row)?;
    Ok(Ok((row, known)))
}
