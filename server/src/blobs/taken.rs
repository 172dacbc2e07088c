//! Taking in a file that does not come over the wire: from a bundle, or made by the server.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, DeviceId, Hash, Time};
use xuncha_core::photo::media_type;

use super::local::Folder;
use crate::store::{BlobRow, Store, StoreError};

/// Keeps the bytes of `source` as the file that `blob` names, and remembers who brought it; false
/// when it is here whole already. Durable when this returns; the ledger is told by
/// [`keep_arrived`](super::keep_arrived).
///
/// A crash leaves a file that [`clear_taken`] removes, or a file under its hash that nothing knows of;
/// the same file replaces it.
///
/// # Errors
/// When the bytes are not those of the hash or no image (`InvalidData`), or cannot be kept.
pub fn take_in(
    folder: &Folder,
    store: &dyn Store,
    host: &Host,
    device: &DeviceId,
    blob: &BlobRef,
    source: &mut dyn Read,
) -> io::Result<bool> {
    let failed = |error: StoreError| io::Error::other(error);
    let here = store.look(|snapshot| snapshot.blob(&blob.hash)).map_err(failed)?;
    if here.is_some_and(|here| here.whole) {
        return Ok(false);
    }
    let half = folder.taken().join(URL_SAFE_NO_PAD.encode(host.bytes::<16>()));
    fs::create_dir_all(folder.taken())?;
    let kept = gather(&half, blob, source).and_then(|media_type| {
        folder.place(&half, &blob.hash)?;
        Ok(media_type)
    });
    let media_type = match kept {
        Ok(media_type) => media_type.to_owned(),
        Err(error) => {
            // What cannot be removed now is cleared another day.
            drop(fs::remove_file(&half));
            return Err(error);
        }
    };
    let row = BlobRow { hash: blob.hash, len: blob.len, media_type, kept: None, whole: true, device: Some(*device) };
    store.change(|batch| batch.put_blob(&row)).map_err(failed)?;
    Ok(true)
}

/// Removes what a crash left of files taken in, a day after it.
///
/// # Errors
/// When the folder cannot be read.
pub fn clear_taken(folder: &Folder, now: Time) -> io::Result<()> {
    let entries = match fs::read_dir(folder.taken()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    };
    for entry in entries {
        let entry = entry?;
        let changed = entry.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        if i64::try_from(changed.as_millis()).unwrap_or(i64::MAX) < now.millis() - DAY {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Writes and syncs the bytes while hashing them; gives their media type.
fn gather(half: &Path, blob: &BlobRef, source: &mut dyn Read) -> io::Result<&'static str> {
    let mut file = File::create(half)?;
    let (mut digest, mut head) = (Sha256::new(), Vec::new());
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        if head.len() < 16 {
            head.extend_from_slice(&buffer[..read.min(16)]);
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
    }
    if Hash(digest.finalize().into()) != blob.hash {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the bytes are those of another file"));
    }
    file.sync_all()?;
    media_type(&head).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a JPEG, PNG or HEIC image"))
}
