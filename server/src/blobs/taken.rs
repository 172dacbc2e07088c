//! Taking in a file that does not come over the wire: from a bundle, or made by the server.

use std::io::{self, Read};

use xuncha_core::host::Host;
use xuncha_core::model::{BlobRef, DeviceId};
use xuncha_core::photo::media_type;

use super::depot::Depot;
use crate::store::{BlobRow, Sender, Store, StoreError};

/// Keeps the bytes of `source` as the file that `blob` names, and remembers who brought it; false
/// when it is here whole already. Durable when this returns; the ledger is told by
/// [`keep_arrived`](super::keep_arrived).
///
/// A crash leaves a file that [`sweep`](super::sweep) removes, or a file under its hash that nothing knows of;
/// the same file replaces it.
///
/// # Errors
/// When the bytes are not those of the hash or no image (`InvalidData`), or cannot be kept.
pub fn take_in(
    depot: &Depot,
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
    let gathered = depot.gather(host, source)?;
    let (hash, _, head) = gathered.sum();
    let fault = |gathered: super::depot::Gathered, what: &'static str| {
        gathered.give_up();
        Err(io::Error::new(io::ErrorKind::InvalidData, what))
    };
    if hash != blob.hash {
        return fault(gathered, "the bytes are those of another file");
    }
    let Some(media_type) = media_type(head) else {
        return fault(gathered, "not a JPEG, PNG or HEIC image");
    };
    gathered.keep()?;
    let media_type = media_type.to_owned();
    let row = BlobRow {
        hash: blob.hash,
        len: blob.len,
        media_type,
        kept: None,
        whole: true,
        sender: Some(Sender::Device(*device)),
    };
    store.change(|batch| batch.put_blob(&row)).map_err(failed)?;
    Ok(true)
}
