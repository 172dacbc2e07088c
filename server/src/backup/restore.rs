//! Putting a backup in place of a ledger that is lost.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Serialize;
use xuncha_core::host::Host;
use xuncha_core::model::Hash;
use xuncha_core::op::PublicKey;

use super::copy::{copy, sync_folder, write};
use super::{BackupError, Lack, Manifest, Result, Tried, file_of, manifest, unfit};
use crate::blobs::{Depot, copied};
use crate::ledger::{EpochError, KEY_FILE, LedgerKey, Sequencer, Wanted, begin_epoch, verify, write_secret};
use crate::settings::write_places;
use crate::store::sqlite::{FILE, SqliteStore};
use crate::store::{BlobRow, Snapshot, Store};

/// How to restore.
#[derive(Debug, Clone, Copy, Default)]
pub struct RestoreOptions<'a> {
    /// The ledger's key, when the backup is without it.
    pub key: Option<&'a Path>,
    /// Where its files go, `s3://bucket/prefix` or the whole path of a folder; without, into the folder itself. What
    /// is there already and sound stays; `xuncha.toml` of the new folder names the place.
    pub blobs: Option<&'a str>,
    /// Go on with a new epoch, so that phones that have seen more than the backup follow.
    pub new_epoch: bool,
    /// Put the ledger in place although files are lacking; phones that hold them send them again.
    pub incomplete: bool,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// Number of ledger entries, without the one that begins a new epoch.
    pub size: u64,
    /// The epoch that it goes on in.
    pub epoch: u32,
    /// Files.
    pub files: u64,
    /// Files that the backup lacks.
    pub lacks: Vec<Lack>,
}

/// Makes the folder `data` from the backup in `source`, after checking everything in it anew.
///
/// The folder appears whole or not at all; a crash leaves `<data>.restoring`, which the next call
/// clears, and files under their hashes in the place that was named. What the backup covers is what phones hear as `durable_size`.
///
/// # Errors
/// [`BackupError`](super::BackupError); `data` is then as it was.
pub fn restore(
    source: &Path,
    data: &Path,
    options: RestoreOptions<'_>,
    host: &Host,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    let Some(manifest) = manifest(source)? else {
        return unfit("no_backup", format!("there is no backup in {}", source.display()));
    };
    if data.exists() && fs::read_dir(data).tried("read the data folder")?.next().is_some() {
        return unfit("not_empty", format!("{} is not empty", data.display()));
    }
    let half = beside(data);
    if half.exists() {
        fs::remove_dir_all(&half).tried("clear what an interrupted restore left")?;
    }
    fs::create_dir_all(&half).tried("make the data folder")?;
    let done = fill(source, &half, &manifest, options, host, progress);
    let placed = done.and_then(|done| {
        if data.exists() {
            fs::remove_dir(data).tried("replace the empty data folder")?;
        }
        fs::rename(&half, data).tried("put the data folder in place")?;
        sync_folder(parent(data)).tried("sync the folder")?;
        Ok(done)
    });
    if placed.is_err() {
        // What cannot be removed now is cleared by the next call.
        drop(fs::remove_dir_all(&half));
    }
    placed
}

fn beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    data.with_file_name(name)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn fill(
    source: &Path,
    half: &Path,
    manifest: &Manifest,
    options: RestoreOptions<'_>,
    host: &Host,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    let database = half.join(FILE);
    let found = copy(&source.join(&manifest.database), &database, Some(&manifest.hash));
    if found.tried("copy the ledger")? != manifest.hash {
        return unfit("damaged", format!("{} is not what backup.json names", manifest.database));
    }
    let key = key(source, half, options.key)?;
    let sqlite = SqliteStore::open(half, false)?;
    let store: &dyn Store = &sqlite;
    check(store, key.public(), progress)?;
    let depot = Depot::at(half, options.blobs)?;
    depot.prepare(manifest.ledger)?;
    if options.blobs.is_some() {
        write_places(half, None, options.blobs)?;
    }
    let (files, lacks, changed) = files(store, source, half, &depot, host)?;
    if !lacks.is_empty() && !options.incomplete {
        let first = lacks[0].hash;
        let detail =
            format!("the backup lacks {} files, the first is {first}; --incomplete restores without", lacks.len());
        return unfit("incomplete", detail);
    }
    let covered = lacks.iter().filter_map(|lack| lack.kept).fold(manifest.size, u64::min);
    store.change(|batch| {
        for (hash, whole) in &changed {
            batch.put_whole(hash, *whole)?;
        }
        batch.put_durable_size(covered)?;
        // From here on this ledger and the one that was lost may part; what parted earlier still counts.
        let parted = batch.restored()?.map_or(manifest.size, |earlier| earlier.min(manifest.size));
        batch.put_restored(Some(parted))
    })?;
    let mut epoch = manifest.epoch;
    if options.new_epoch {
        let begun = begin_epoch(store, &Sequencer::new(host.clone(), key), host, &Wanted::default());
        epoch = begun.map_err(not_begun)?.next;
    }
    drop(sqlite);
    sync_folder(half).tried("sync the data folder")?;
    Ok(Restored { size: manifest.size, epoch, files, lacks })
}

fn not_begun(error: EpochError) -> BackupError {
    match error {
        EpochError::Unfit { code, detail } => BackupError::Unfit { code, detail },
        EpochError::Store(error) => error.into(),
    }
}

fn key(source: &Path, half: &Path, given: Option<&Path>) -> Result<LedgerKey> {
    let from = given.map_or_else(|| source.join(KEY_FILE), Path::to_owned);
    let bytes = match fs::read(&from) {
        Ok(bytes) => zeroize::Zeroizing::new(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return unfit("key_missing", format!("{} is missing: give the ledger's key with --key", from.display()));
        }
        Err(error) => return Err(error).tried("read the ledger's key"),
    };
    write_secret(&half.join(KEY_FILE), &bytes).tried("copy the ledger's key")?;
    LedgerKey::load(half).tried("read the ledger's key")
}

fn check(store: &dyn Store, key: PublicKey, progress: &mut dyn FnMut(u64)) -> Result<()> {
    let report = store.look(|snapshot| verify(snapshot, Some(key), progress))?;
    match report.problems.iter().find(|problem| problem.index == Some(0)).or(report.problems.first()) {
        None => Ok(()),
        Some(first) if first.what.contains("another key") => unfit("wrong_key", "the key is another ledger's"),
        Some(first) => unfit("damaged", format!("the ledger in the backup does not hold: {}", first.what)),
    }
}

/// Number of files put in place, those that are lacking, and what is now otherwise than recorded.
type Files = (u64, Vec<Lack>, Vec<(Hash, bool)>);

fn files(store: &dyn Store, source: &Path, half: &Path, depot: &Depot, host: &Host) -> Result<Files> {
    let (mut files, mut lacks, mut changed, mut touched) = (0, Vec::new(), Vec::new(), BTreeSet::new());
    let mut after = None;
    loop {
        let page = store.look(|snapshot: &dyn Snapshot| snapshot.blobs(after, 1_000))?;
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        for blob in &page {
            let lack = match depot {
                Depot::Folder(folder) if folder.root().starts_with(half) => file(blob, source, half, &mut touched)?,
                _ => put(blob, source, depot, host)?,
            };
            if blob.whole != lack.is_none() {
                changed.push((blob.hash, lack.is_none()));
            }
            match lack {
                None => files += 1,
                Some(lack) => lacks.push(lack),
            }
        }
    }
    for folder in touched {
        sync_folder(&folder).tried("sync the data folder")?;
    }
    Ok((files, lacks, changed))
}

fn file(blob: &BlobRow, source: &Path, half: &Path, touched: &mut BTreeSet<PathBuf>) -> Result<Option<Lack>> {
    let (from, to) = (file_of(source, &blob.hash), file_of(half, &blob.hash));
    let folder = to.parent().unwrap_or(half).to_owned();
    fs::create_dir_all(&folder).tried("make a folder")?;
    let lack = |state| Ok(Some(Lack { hash: blob.hash, state, kept: blob.kept }));
    let hash = copied(File::open(&from), |source| write(source, &to, Some(&blob.hash)));
    match hash.tried(format!("copy file {}", blob.hash))? {
        Some(hash) if hash == blob.hash => {
            touched.insert(folder);
            Ok(None)
        }
        Some(_) => lack("altered"),
        None => lack("missing"),
    }
}

/// The same for a place elsewhere, which may have the file already.
fn put(blob: &BlobRow, source: &Path, depot: &Depot, host: &Host) -> Result<Option<Lack>> {
    let lack = |state| Ok(Some(Lack { hash: blob.hash, state, kept: blob.kept }));
    let source = File::open(file_of(source, &blob.hash));
    let taken = copied(source, |source| depot.take(host, &blob.hash, source));
    match taken.tried(format!("put file {} in its place", blob.hash))? {
        Some(true) => Ok(None),
        Some(false) => lack("altered"),
        None => lack("missing"),
    }
}
