//! Taking a backup, also while the server runs.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::Serialize;
use xuncha_core::host::Host;

use super::copy::{hash_of, put, sync_folder, write};
use super::last::remember;
use super::{BackupError, FORMAT, Lack, MANIFEST, Manifest, Result, Tried, file_of, manifest, unfit};
use crate::blobs::{Depot, copied, note};
use crate::ledger::{KEY_FILE, LedgerKey, verify};
use crate::settings::{find_files, open_store};
use crate::store::sqlite::SqliteStore;
use crate::store::{BlobRow, Snapshot, Store, StoreError};

/// What a backup came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// Number of ledger entries in it.
    pub size: u64,
    /// Size of the ledger that it covers with all its files: what phones hear as `durable_size`.
    pub durable_size: u64,
    /// Files that were new in the target.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were there already.
    pub present: u64,
    /// Files that the ledger calls kept and that could not be copied.
    pub lacks: Vec<Lack>,
}

/// Copies the ledger in `data` into `target` and checks the copy: the whole ledger anew, every new
/// file by its hash, every other by its length, or by its hash too when `rehash`. Only then the copy
/// counts, and the ledger remembers how much of it is covered.
///
/// The server may run meanwhile. A crash leaves the backup before it; what was copied is not copied
/// again.
///
/// # Errors
/// [`BackupError`]; the ledger itself is never touched but for what it is told to be covered.
pub fn take(data: &Path, target: &Path, rehash: bool, host: &Host, progress: &mut dyn FnMut(u64)) -> Result<Taken> {
    let live = open_store(data, None, false)?;
    let depot = find_files(data, None)?;
    depot.check_owner(head(&*live, data)?.ledger)?;
    take_from(&*live, &depot, data, target, rehash, host, progress)
}

/// [`take`] from a store that is open: `live` is that of the ledger in `data`, and `depot` the place of its files.
///
/// # Errors
/// The same.
pub fn take_from(
    live: &dyn Store,
    depot: &Depot,
    data: &Path,
    target: &Path,
    rehash: bool,
    host: &Host,
    progress: &mut dyn FnMut(u64),
) -> Result<Taken> {
    lies_apart(target, data, depot)?;
    fs::create_dir_all(target.join("blobs")).tried("make the target folder")?;
    let _alone = lock(target)?;
    let key = LedgerKey::load(data).tried("read the ledger's key")?;
    let old = manifest(target)?;
    let now = head(live, data)?;
    let ledger = now.ledger;
    if old.as_ref().is_some_and(|old| old.ledger != ledger) {
        return unfit("wrong_ledger", format!("{} holds a backup of another ledger", target.display()));
    }
    if let Some(old) = old.as_ref().filter(|old| (old.epoch, old.size) > (now.epoch, now.size)) {
        let detail = format!(
            "the backup there holds {}/{}, this ledger {}/{}: the backup is what should be restored",
            old.epoch, old.size, now.epoch, now.size
        );
        return unfit("ledger_rolled_back", detail);
    }
    let taken = host.clock.wall();
    let name = format!("ledger-{}.sqlite", taken.millis());
    let path = target.join(&name);
    database(live, &path)?;
    let copied = SqliteStore::open_file(&path, false)?;
    let done = (|| {
        let head = head(&copied, &path)?;
        check(&copied, &key, progress)?;
        let done = files(live, &copied, depot, target, head.size, rehash)?;
        Ok::<_, BackupError>((head, done))
    })();
    // Closed before it is hashed, so that nothing of it waits in a journal.
    drop(copied);
    let (head, done) = match done {
        Ok(done) => done,
        Err(error) => {
            remove(&path);
            return Err(error);
        }
    };
    put_key(data, target)?;
    let hash = hash_of(&path).tried("read the copy")?;
    let new = Manifest { format: FORMAT, ledger, epoch: head.epoch, size: head.size, database: name, hash, taken };
    let text = serde_json::to_vec_pretty(&new).map_err(|error| StoreError::Failed(error.to_string()))?;
    put(&target.join(MANIFEST), &text).and_then(|()| sync_folder(target)).tried("write backup.json")?;
    forget(target, &new, old.as_ref());
    live.change(|batch| {
        let covered = batch.durable_size()?.max(done.durable_size);
        batch.put_durable_size(covered)
    })?;
    remember(data, taken);
    Ok(done)
}

fn head(store: &dyn Store, folder: &Path) -> Result<crate::store::Head> {
    let head = store.look(|snapshot| snapshot.head())?;
    Ok(head.ok_or_else(|| StoreError::Missing(folder.display().to_string()))?)
}

/// Fails when the backup would lie within what it is a copy of: what takes the one takes the other with it. Makes
/// nothing.
fn lies_apart(target: &Path, data: &Path, depot: &Depot) -> Result<()> {
    let wanted = std::path::absolute(target).tried("find the target folder")?;
    // The part of the path that is there says where the rest will be.
    let there = wanted.ancestors().find_map(|folder| folder.canonicalize().ok()).unwrap_or(wanted);
    let files = match depot {
        Depot::Folder(folder) => Some(folder.root()),
        Depot::Bucket(_) => None,
    };
    for folder in [Some(data), files].into_iter().flatten() {
        if folder.canonicalize().is_ok_and(|folder| there.starts_with(folder)) {
            let detail = format!("{} lies in {}: a backup there is lost with it", target.display(), folder.display());
            return unfit("backup_inside", detail);
        }
    }
    Ok(())
}

/// Held while a backup is being taken; the system lets go of it when the process dies.
fn lock(target: &Path) -> Result<File> {
    let file = File::options().create(true).truncate(false).write(true).open(target.join("backup.lock"));
    let file = file.tried("lock the target folder")?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => unfit("busy", "another backup into this folder is under way"),
        Err(TryLockError::Error(error)) => Err(error).tried("lock the target folder"),
    }
}

/// The database as of one moment, durable under its name.
fn database(live: &dyn Store, path: &Path) -> Result<()> {
    let half = path.with_added_extension("part");
    remove(&half);
    live.copy_to(&half)?;
    File::open(&half).and_then(|file| file.sync_all()).tried("sync the copy")?;
    fs::rename(&half, path).tried("name the copy")
}

fn check(copied: &SqliteStore, key: &LedgerKey, progress: &mut dyn FnMut(u64)) -> Result<()> {
    let store: &dyn Store = copied;
    let report = store.look(|snapshot| verify(snapshot, Some(key.public()), progress))?;
    match report.problems.first() {
        None => Ok(()),
        Some(first) => {
            let detail = format!("the ledger does not hold, so there is no backup of it: {}", first.what);
            unfit("damaged", detail)
        }
    }
}

/// Copies the files that the copied ledger knows, and notes in the live one which of them are lost or back.
fn files(
    live: &dyn Store,
    copied: &SqliteStore,
    depot: &Depot,
    target: &Path,
    size: u64,
    rehash: bool,
) -> Result<Taken> {
    let mut done = Taken { size, durable_size: size, copied: 0, bytes: 0, present: 0, lacks: Vec::new() };
    let mut touched = BTreeSet::new();
    let store: &dyn Store = copied;
    let mut after = None;
    loop {
        let page = store.look(|snapshot: &dyn Snapshot| snapshot.blobs(after, 1_000))?;
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        for blob in &page {
            file(live, blob, depot, target, rehash, &mut done, &mut touched)?;
        }
    }
    for folder in touched {
        sync_folder(&folder).tried("sync the target folder")?;
    }
    sync_folder(&target.join("blobs")).tried("sync the target folder")?;
    Ok(done)
}

fn file(
    live: &dyn Store,
    blob: &BlobRow,
    depot: &Depot,
    target: &Path,
    rehash: bool,
    done: &mut Taken,
    touched: &mut BTreeSet<PathBuf>,
) -> Result<()> {
    let to = file_of(target, &blob.hash);
    let there = fs::metadata(&to).is_ok_and(|found| found.len() == blob.len);
    let sound = there && (!rehash || hash_of(&to).tried("read a copied file")? == blob.hash);
    if sound {
        done.present += 1;
        return Ok(());
    }
    let folder = to.parent().unwrap_or(target).to_owned();
    fs::create_dir_all(&folder).tried("make a folder")?;
    let hash = copied(depot.open(&blob.hash), |source| write(source, &to, Some(&blob.hash)));
    let state = match hash.tried(format!("copy file {}", blob.hash))? {
        Some(hash) if hash == blob.hash => {
            (done.copied, done.bytes) = (done.copied + 1, done.bytes + blob.len);
            touched.insert(folder);
            if !blob.whole {
                note(live, depot, &blob.hash)?;
            }
            return Ok(());
        }
        Some(_) => "altered",
        None => "missing",
    };
    if let Some(kept) = blob.kept {
        // Whatever stands above a lost file is not covered: phones must not free it.
        done.durable_size = done.durable_size.min(kept);
    }
    done.lacks.push(Lack { hash: blob.hash, state, kept: blob.kept });
    // A phone that still has it is asked for it from now on.
    note(live, depot, &blob.hash)?;
    Ok(())
}

/// The key goes with the ledger: without it nobody can go on from the copy.
fn put_key(data: &Path, target: &Path) -> Result<()> {
    let bytes = zeroize::Zeroizing::new(fs::read(data.join(KEY_FILE)).tried("read the ledger's key")?);
    let half = target.join(format!("{KEY_FILE}.part"));
    crate::ledger::write_secret(&half, &bytes)
        .and_then(|()| fs::rename(&half, target.join(KEY_FILE)))
        .tried("copy the ledger's key")
}

/// Copies of the database that no longer count; the one before this is kept.
fn forget(target: &Path, new: &Manifest, old: Option<&Manifest>) {
    let counts = |name: &str| name == new.database || old.is_some_and(|old| old.database == name);
    let entries = fs::read_dir(target).into_iter().flatten().flatten();
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("ledger-") && !counts(name.trim_end_matches("-wal").trim_end_matches("-shm")) {
            remove(&entry.path());
        }
    }
}

/// What cannot be removed now is removed by the next backup.
fn remove(path: &Path) {
    drop(fs::remove_file(path));
}
