//! Taking in what a phone wrote to a file because it found no network.
//!
//! Everything in a bundle is checked before anything of it is taken: the device's signature over the
//! manifest, every listed part by its hash, and that nothing else is in it. Then its pushes go the
//! way of every push and its files the way of every file, so that taking it in twice changes nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use xuncha_core::host::Host;
use xuncha_core::model::{EntityId, Hash};
use xuncha_core::op::{PublicKey, Push, Signature, bundle_message};
use xuncha_core::protocol::{
    BUNDLE_FORMAT, BundleManifest, Final, MANIFEST_NAME, MAX_BLOB_BYTES, MAX_BODY_BYTES, SIGNATURE_NAME, Verdict,
    file_name, push_name,
};
use zip::{CompressionMethod, ZipArchive};

use crate::blobs::{Depot, keep_arrived, take_in};
use crate::ledger::{Item, PushRecord, Sequencer, remember, unproven};
use crate::store::{PushRow, Store, StoreError};

/// What a bundle came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Ops that count, also with a conflict.
    pub accepted: u64,
    /// Ops of these with a field in conflict.
    pub conflicts: u64,
    /// Ops that were turned down.
    pub refused: u64,
    /// Ops that wait for something.
    pub held: u64,
    /// Ops that this ledger had already.
    pub duplicates: u64,
    /// Ops that fork their device's chain or cannot be read.
    pub unclear: u64,
    /// Files that were not here.
    pub files: u64,
    /// Files that were here already.
    pub present: u64,
}

/// Why a bundle was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is not a bundle for this ledger; nothing of it was taken.
    #[error("{detail}")]
    Unfit {
        /// Stable code: `malformed`, `too_large`, `bad_signature`, `unknown_device`, `wrong_ledger`,
        /// `hash_mismatch`, `ledger_rolled_back`, `storage_full`.
        code: &'static str,
        /// What is wrong; names the entry.
        detail: String,
    },
    /// The store failed; what was taken before stays, and the bundle may come again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A disk failed; the same holds.
    #[error("{0}")]
    Disk(#[from] std::io::Error),
}

type Result<T> = std::result::Result<T, BundleError>;
type Archive = ZipArchive<BufReader<File>>;

fn unfit<T>(code: &'static str, detail: impl Into<String>) -> Result<T> {
    Err(BundleError::Unfit { code, detail: detail.into() })
}

/// Longest manifest: some 100,000 files.
const MAX_MANIFEST: u64 = 16 * 1024 * 1024;

/// Takes in the bundle at `path`; its files go to `depot`. The ledger's server may run meanwhile.
///
/// # Errors
/// [`BundleError`].
pub fn import(path: &Path, depot: &Depot, store: &dyn Store, sequencer: &Sequencer, host: &Host) -> Result<Imported> {
    let mut zip = match ZipArchive::new(BufReader::new(File::open(path)?)) {
        Ok(zip) => zip,
        Err(error) => return unfit("malformed", format!("not a ZIP archive: {error}")),
    };
    let manifest = manifest(&mut zip, store)?;
    let pushes = check(&mut zip, &manifest)?;
    let mut done = Imported::default();
    let read = pushes.into_iter().map(|push| items(push, &manifest, store, host)).collect::<Result<Vec<_>>>()?;
    let items = read.concat();
    if let Some(seen) = store.look(|snapshot| unproven(snapshot, &manifest.device, &items))? {
        remember(store, host, Some(manifest.device), &seen)?;
        let detail = format!("its phone has seen checkpoint {}/{}, which is not in this ledger", seen.epoch, seen.size);
        return unfit("ledger_rolled_back", detail);
    }
    for verdict in sequencer.append(store, &items)? {
        count(&mut done, &verdict);
    }
    for file in &manifest.files {
        let mut bytes = entry(&mut zip, &file_name(&file.hash))?;
        match take_in(depot, store, host, &manifest.device, file, &mut bytes)? {
            true => done.files += 1,
            false => done.present += 1,
        }
    }
    keep_arrived(store, sequencer, host)?;
    Ok(done)
}

/// The manifest, signed by a device that this ledger knows.
fn manifest(zip: &mut Archive, store: &dyn Store) -> Result<BundleManifest> {
    let text = read(zip, MANIFEST_NAME, MAX_MANIFEST)?;
    let sig = read(zip, SIGNATURE_NAME, 200)?;
    let manifest: BundleManifest = match serde_json::from_slice(&text) {
        Ok(manifest) => manifest,
        Err(error) => return unfit("malformed", format!("{MANIFEST_NAME}: {error}")),
    };
    if manifest.format != BUNDLE_FORMAT {
        return unfit("malformed", format!("{MANIFEST_NAME}: format {} is not known here", manifest.format));
    }
    let head = store.look(|snapshot| snapshot.head())?.ok_or_else(|| StoreError::Missing("this store".into()))?;
    if manifest.ledger != head.ledger {
        return unfit("wrong_ledger", format!("the bundle is meant for ledger {}", manifest.ledger));
    }
    let Some(key) = key_of(store, EntityId::of_device(head.ledger, &manifest.device))? else {
        return unfit("unknown_device", manifest.device.to_string());
    };
    let sig: Option<Signature> = std::str::from_utf8(&sig).ok().and_then(|text| text.trim().parse().ok());
    let message = bundle_message(head.ledger, &manifest.device, &Hash::of(&text));
    if key.device() != manifest.device || !sig.is_some_and(|sig| key.verifies(&message, &sig)) {
        return unfit("bad_signature", format!("{SIGNATURE_NAME}: the device did not sign this manifest"));
    }
    Ok(manifest)
}

fn key_of(store: &dyn Store, device: EntityId) -> Result<Option<PublicKey>> {
    let row = store.look(|snapshot| snapshot.entity(device))?;
    let entity: Option<xuncha_core::model::Entity> = row.and_then(|row| serde_json::from_str(&row.row).ok());
    Ok(entity.as_ref().and_then(|device| device.text("key")?.parse().ok()))
}

/// Reads everything once: what is listed is there and is what it should be, and nothing else is.
/// Gives the pushes.
fn check(zip: &mut Archive, manifest: &BundleManifest) -> Result<Vec<Push>> {
    let mut expected: BTreeMap<String, (Hash, u64, bool)> = BTreeMap::new();
    for (n, push) in manifest.pushes.iter().enumerate() {
        expected.insert(push_name(n), (push.hash, push.len, true));
    }
    for file in &manifest.files {
        if file.len > MAX_BLOB_BYTES {
            return unfit("too_large", format!("file {} has {} bytes", file.hash, file.len));
        }
        expected.insert(file_name(&file.hash), (file.hash, file.len, false));
    }
    let mut pushes = BTreeMap::new();
    for at in 0..zip.len() {
        let name = match zip.name_for_index(at).transpose() {
            Ok(name) => name.map(|name| name.into_owned()).unwrap_or_default(),
            Err(error) => return unfit("malformed", format!("entry {at}: {error}")),
        };
        if name == MANIFEST_NAME || name == SIGNATURE_NAME {
            continue;
        }
        let Some((hash, len, is_push)) = expected.remove(&name) else {
            return unfit("malformed", format!("{name}: is not listed in the manifest"));
        };
        if is_push {
            let text = read(zip, &name, MAX_BODY_BYTES as u64)?;
            if Hash::of(&text) != hash || text.len() as u64 != len {
                return unfit("hash_mismatch", format!("{name}: is not what the manifest lists"));
            }
            match serde_json::from_slice::<Push>(&text) {
                Ok(push) if push.device == manifest.device => drop(pushes.insert(name, push)),
                Ok(_) => return unfit("bad_signature", format!("{name}: is another device's")),
                Err(error) => return unfit("malformed", format!("{name}: {error}")),
            }
        } else {
            let mut source = entry(zip, &name)?;
            if digest(&mut source, len)? != Some(hash) {
                return unfit("hash_mismatch", format!("{name}: is not what the manifest lists"));
            }
        }
    }
    match expected.into_keys().next() {
        Some(name) => unfit("malformed", format!("{name}: is listed and not there")),
        None => Ok(pushes.into_values().collect()),
    }
}

/// Digest of exactly `len` bytes; none when there are more or fewer.
fn digest(source: &mut dyn Read, len: u64) -> Result<Option<Hash>> {
    let (mut digest, mut read) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let got = match source.read(&mut buffer) {
            Ok(got) => got,
            // What the archive says of its own entry does not hold.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        read += got as u64;
        if got == 0 || read > len {
            return Ok((read == len).then(|| Hash(digest.finalize().into())));
        }
        digest.update(&buffer[..got]);
    }
}

/// One stored entry. A compressed one could unpack to anything, and no phone of ours writes one.
fn entry<'a>(zip: &'a mut Archive, name: &str) -> Result<impl Read + use<'a>> {
    match zip.by_name(name) {
        Ok(entry) if entry.compression() != CompressionMethod::Stored || entry.encrypted() => {
            unfit("malformed", format!("{name}: is compressed or encrypted"))
        }
        Ok(entry) => Ok(entry),
        Err(error) => unfit("malformed", format!("{name}: {error}")),
    }
}

fn read(zip: &mut Archive, name: &str, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = entry(zip, name)?.take(most + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        return unfit("malformed", format!("{name}: {error}"));
    }
    if bytes.len() as u64 > most {
        return unfit("too_large", format!("{name}: at most {most} bytes fit"));
    }
    Ok(bytes)
}

fn items(push: Push, manifest: &BundleManifest, store: &dyn Store, host: &Host) -> Result<Vec<Item>> {
    let key = key_of(store, EntityId::of_device(manifest.ledger, &push.device))?;
    if !key.is_some_and(|key| push.is_signed_by(&key, manifest.ledger)) {
        return unfit("bad_signature", "a push is not signed by its device".to_owned());
    }
    let row = PushRow { id: 0, device: push.device, hashes: push.hashes(), sig: push.sig, received: host.clock.wall() };
    let record = PushRecord::new(row);
    let texts = push.ops.into_iter().map(|op| String::from(Box::<str>::from(op)));
    Ok(texts.map(|text| Item::new(text, Some(record.clone()))).collect())
}

fn count(done: &mut Imported, verdict: &Verdict) {
    match verdict {
        Verdict::Duplicate { .. } => done.duplicates += 1,
        Verdict::Held { .. } => done.held += 1,
        Verdict::Fork | Verdict::Unreadable { .. } => done.unclear += 1,
        other => match other.clone().into_final() {
            Some(Final::Conflict { .. }) => (done.accepted, done.conflicts) = (done.accepted + 1, done.conflicts + 1),
            Some(Final::Refused { .. }) => done.refused += 1,
            _ => done.accepted += 1,
        },
    }
}
