//! Display copies and thumbnails that nobody else made: after some grace the server makes them, so
//! that a finding can be looked at.
//!
//! The ledger is walked once, entry by entry, behind the present. A photo is tried once: what cannot
//! be drawn today cannot be drawn tomorrow. A crash tries the photo at hand again, and its op has a
//! fixed id.

use std::io::{self, Read as _};
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;
use xuncha_core::host::Host;
use xuncha_core::model::{Entity, EntityId, Hash, OpId};
use xuncha_core::op::Op;
use xuncha_core::photo::{Previews, Wanted, shrink};
use xuncha_core::plan::{Facts, files_kept};

use super::check::is_lost;
use super::depot::Depot;
use crate::ledger::{OwnOp, Sequencer};
use crate::store::{BlobRow, Entry, Result, Snapshot, Store, StoreError};

/// Entries looked at together.
const PAGE: u32 = 256;

/// Originals longer than this are left to whoever took them, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;

/// A photo whose original is here and that nobody made previews of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Plain {
    finding: EntityId,
    photo: String,
    original: Hash,
}

/// Makes previews of every photo that has had none for `grace` since its original was kept. Gives
/// the number of photos that have them now. Their files are here and not yet named in the ledger:
/// [`keep_arrived`](super::keep_arrived) does that.
///
/// # Errors
/// The store's, or the disk's as one of the store's: what was made before stays, and the next call
/// goes on there.
pub fn make_previews(
    store: &dyn Store,
    depot: &Depot,
    sequencer: &Sequencer,
    host: &Host,
    grace: Duration,
) -> Result<usize> {
    let mut made = 0;
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    loop {
        let until = host.clock.wall().plus_millis(grace.saturating_neg());
        let page = store.look(|snapshot| {
            let from = snapshot.previewed()?;
            snapshot.entries(from, PAGE)?.iter().map(|entry| Ok((entry.index, plain(snapshot, entry)?))).collect()
        });
        let page: Vec<(u64, (Facts, Vec<Plain>))> = page?;
        let settled = page.iter().take_while(|(_, (facts, _))| facts.received <= until);
        let mut end = None;
        for (index, (_, photos)) in settled {
            for photo in photos {
                made += usize::from(draw(store, depot, sequencer, host, photo)?);
            }
            if !photos.is_empty() {
                store.change(|batch| batch.put_previewed(index + 1))?;
            }
            end = Some(index + 1);
        }
        let Some(end) = end else { return Ok(made) };
        store.change(|batch| batch.put_previewed(end))?;
    }
}

/// Photos that have had their original since this entry and have no previews now.
fn plain(snapshot: &dyn Snapshot, entry: &Entry) -> Result<(Facts, Vec<Plain>)> {
    let damaged = |what: String| StoreError::Damaged(format!("entry {}: {what}", entry.index));
    let facts: Facts = serde_json::from_str(&entry.facts).map_err(|error| damaged(error.to_string()))?;
    let derives = facts.adds.keys().any(|field| field.starts_with("evidence/"));
    if !facts.counts() || (facts.also.is_empty() && !derives) {
        return Ok((facts, Vec::new()));
    }
    let op = Op::parse(&entry.op).map_err(|error| damaged(error.detail))?;
    let kept = files_kept(&op);
    let mut photos = Vec::new();
    for finding in facts.also.iter().copied().chain(derives.then_some(op.entity)) {
        let Some(row) = snapshot.entity(finding)? else { continue };
        let entity: Entity = serde_json::from_str(&row.row).map_err(|error| damaged(error.to_string()))?;
        let originals = entity.files().into_iter().filter(|file| file.role == "original");
        for file in originals.filter(|file| kept.is_empty() || kept.contains_key(&file.hash)) {
            if entity.preview(file.photo).is_none() && entity.kept(file.photo, "original").is_some() {
                photos.push(Plain { finding, photo: file.photo.to_owned(), original: file.hash });
            }
        }
    }
    Ok((facts, photos))
}

/// Makes, keeps and announces the previews of one photo. False when it cannot be drawn.
fn draw(store: &dyn Store, depot: &Depot, sequencer: &Sequencer, host: &Host, photo: &Plain) -> Result<bool> {
    let Plain { finding, photo, original } = photo;
    let row = store.look(|snapshot| snapshot.blob(original))?;
    let Some(row) = row.filter(|row| row.whole && row.len <= LONGEST) else { return Ok(false) };
    let Some(bytes) = read(depot, &row)? else { return Ok(false) };
    let previews = match shrink(&bytes, &Wanted::default()) {
        Ok(previews) => previews,
        Err(error) => {
            tracing::info!(%original, %error, "no preview of a photo can be made");
            return Ok(false);
        }
    };
    drop(bytes);
    let Previews { display, thumbnail, stamped } = previews;
    let (width, height) = (display.width, display.height);
    let mut kept = Vec::new();
    for preview in [&display, &thumbnail] {
        kept.push(keep(store, depot, host, &preview.jpeg)?);
    }
    let preview = json!({
        "original": original, "display": kept[0], "thumbnail": kept[1],
        "width": width, "height": height, "stamped": stamped,
    });
    let body: Value = json!({ "previews": { photo: preview } });
    // The same for everyone who makes it, so that it is said once.
    let id = OpId(Uuid::new_v5(&finding.0, format!("preview:{photo}:{original}").as_bytes()));
    let op = OwnOp { id, origin: "preview", kind: "photo.preview", entity: *finding, body, base: None };
    let head = store.look(|snapshot| snapshot.head())?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    let verdicts = sequencer.append(store, &[op.write(head.ledger, host)])?;
    tracing::info!(%finding, photo, ?verdicts, "previews were made");
    Ok(true)
}

/// The bytes of an original; none when they are not what was sealed, or cannot be read any more.
fn read(depot: &Depot, row: &BlobRow) -> Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let read = depot.open(&row.hash).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes).filter(|bytes| Hash::of(bytes) == row.hash)),
        Err(error) if is_lost(&error) => Ok(None),
        Err(error) => Err(disk(&error)),
    }
}

/// Keeps a file that the server made.
fn keep(store: &dyn Store, depot: &Depot, host: &Host, mut jpeg: &[u8]) -> Result<Hash> {
    let len = jpeg.len() as u64;
    let gathered = depot.gather(host, &mut jpeg).map_err(|error| disk(&error))?;
    let (hash, ..) = gathered.sum();
    gathered.keep().map_err(|error| disk(&error))?;
    let blob = BlobRow { hash, len, media_type: "image/jpeg".to_owned(), kept: None, whole: true, sender: None };
    store.change(|batch| batch.put_blob(&blob))?;
    Ok(hash)
}

fn disk(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::Full,
        _ => StoreError::Failed(format!("the place of the files: {error}")),
    }
}
