//! The ledger hears which files have arrived: `blobs.kept`, many files in one entry.
//!
//! A file is here before the ledger says so. A crash in between is mended by whoever asks next,
//! because what is still to be said follows from the store alone.

use serde_json::{Map, json};
use xuncha_core::host::Host;
use xuncha_core::plan::MAX_KEPT;
use xuncha_core::protocol::Verdict;

use crate::ledger::{Item, OwnOp, Sequencer};
use crate::store::{Result, Store, StoreError};

/// The op that says which files have arrived, and how many it names; none when all is said. It
/// names at most [`MAX_KEPT`]: ask again once it is appended.
///
/// # Errors
/// The store's.
pub fn arrived(store: &dyn Store, host: &Host) -> Result<Option<(Item, usize)>> {
    let most = u32::try_from(MAX_KEPT).unwrap_or(u32::MAX);
    let (head, files) = store.look(|snapshot| Ok((snapshot.head()?, snapshot.unlogged(most)?)))?;
    if files.is_empty() {
        return Ok(None);
    }
    let head = head.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let named: Map<_, _> =
        files.iter().map(|file| (file.hash.to_string(), json!({ "len": file.len, "type": file.media_type }))).collect();
    let op = OwnOp::making(host, "blobs", "blobs.kept", json!({ "blobs": named }));
    Ok(Some((op.write(head.ledger, host), files.len())))
}

/// Says of every file that has arrived that it is kept. Gives their number.
///
/// # Errors
/// The store's; what was said before it stands.
pub fn keep_arrived(store: &dyn Store, sequencer: &Sequencer, host: &Host) -> Result<usize> {
    let mut said = 0;
    while let Some((item, count)) = arrived(store, host)? {
        let verdicts = sequencer.append(store, &[item])?;
        if !verdicts.iter().all(is_kept) {
            break;
        }
        said += count;
    }
    Ok(said)
}

/// True when the ledger took it. That it does not is a fault of ours, and trying again only adds
/// another refused entry.
pub(crate) fn is_kept(verdict: &Verdict) -> bool {
    let kept = matches!(verdict, Verdict::Accepted { .. });
    if !kept {
        tracing::error!(?verdict, "the ledger does not take what arrived");
    }
    kept
}
