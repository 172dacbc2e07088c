//! Every file that the ledger keeps, read again and held against its name.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use xuncha_core::model::Hash;

use super::depot::Depot;
use super::local::{Folder, MARK, digest_of};
use super::s3::{Bucket, STAGED, TAKEN};
use crate::ledger::Problem;
use crate::store::{BlobRow, Result, Store, StoreError};

/// Rows looked at together.
const PAGE: u32 = 1_000;

/// What a check of the files found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checked {
    /// Number of files that are what they should be.
    pub files: u64,
    /// Files that should be here and are missing or altered.
    pub problems: Vec<Problem>,
    /// Files that nothing knows of and that are not what their names say.
    pub notes: Vec<String>,
    /// Files that are here otherwise than was known: lost since, or back; see [`note`].
    pub changed: Vec<Hash>,
}

/// Reads every file in `depot`. `progress` hears the number of rows done. A file that arrives
/// meanwhile may or may not be looked at; none that is here is called missing for it.
///
/// # Errors
/// The store's, and when the place of the files is away. What cannot be read from the disk is a problem in the report.
pub fn check(store: &dyn Store, depot: &Depot, progress: &mut dyn FnMut(u64)) -> Result<Checked> {
    let mut checked = Checked::default();
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.look(|snapshot| snapshot.blobs(after, PAGE))?;
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        for row in page.iter().filter(|row| row.whole || row.kept.is_some()) {
            let fault = fault(depot, row)?;
            if row.whole != fault.is_none() && !matches!(fault, Some(Fault::Unreadable(_))) {
                checked.changed.push(row.hash);
            }
            match fault {
                None => checked.files += 1,
                Some(what) => {
                    let what = format!("file {} is {what}", row.hash);
                    checked.problems.push(Problem { index: row.kept, what });
                }
            }
            done += 1;
            progress(done);
        }
    }
    match depot {
        Depot::Folder(folder) => strays(store, folder, &mut checked.notes)?,
        Depot::Bucket(bucket) => stray_objects(store, depot, bucket, &mut checked.notes)?,
    }
    Ok(checked)
}

/// Looks at the file of `hash` once more and notes whether it is here. From then on pulls call a lost one missing, so
/// that a phone that still holds it sends it again, and one that is back is shown to whoever asks. True when it is here.
///
/// What cannot be read just now, by this process, is left as it was.
///
/// # Errors
/// The store's, and when the place of the files is away.
pub fn note(store: &dyn Store, depot: &Depot, hash: &Hash) -> Result<bool> {
    let Some(row) = store.look(|snapshot| snapshot.blob(hash))? else { return Ok(false) };
    let whole = match fault(depot, &row)? {
        None => true,
        Some(Fault::Unreadable(_)) => return Ok(false),
        Some(_) => false,
    };
    if whole != row.whole {
        match whole {
            true => tracing::info!(%hash, "a kept file is here again"),
            false => tracing::error!(%hash, "a kept file is missing or altered; phones that hold it are asked for it"),
        }
        store.change(|batch| batch.put_whole(hash, whole))?;
    }
    Ok(whole)
}

/// What is wrong with a file.
#[derive(Debug)]
enum Fault {
    Altered {
        len: u64,
        hash: Hash,
    },
    OfLength {
        found: u64,
        recorded: u64,
    },
    Missing,
    /// The disk gives its bytes no more.
    Broken(io::Error),
    /// Not by this process, or not now.
    Unreadable(io::Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Altered { len, hash } => write!(f, "altered: its {len} bytes are {hash}"),
            Fault::OfLength { found, recorded } => write!(f, "{found} bytes long, and {recorded} are recorded"),
            Fault::Missing => f.write_str("missing"),
            Fault::Broken(error) | Fault::Unreadable(error) => write!(f, "not readable: {error}"),
        }
    }
}

/// What is wrong with the file of `row`.
fn fault(depot: &Depot, row: &BlobRow) -> Result<Option<Fault>> {
    Ok(match depot.open(&row.hash).and_then(|mut file| digest_of(&mut file)) {
        Ok((hash, len)) if hash == row.hash && len == row.len => None,
        Ok((hash, len)) if hash != row.hash => Some(Fault::Altered { len, hash }),
        Ok((_, found)) => Some(Fault::OfLength { found, recorded: row.len }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Fault::Missing),
        Err(error) if error.kind() == io::ErrorKind::HostUnreachable => return Err(disk(&error)),
        Err(error) if is_lost(&error) => Some(Fault::Broken(error)),
        Err(error) => Some(Fault::Unreadable(error)),
    })
}

/// True when what cannot be read is as good as gone: it is not there, or its disk is failing (EIO).
pub(super) fn is_lost(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(5)
}

/// What `copy` makes of `source`; `None` when that is not there or its disk gives its bytes no more, and whoever copies goes on
/// with the next one.
///
/// # Errors
/// Any other failure to read, and each of `copy` itself: that the place to write to is gone, or its disk failing, is nothing
/// that the source lacks.
pub(crate) fn copied<R: Read, T>(
    source: io::Result<R>,
    copy: impl FnOnce(&mut Lost<R>) -> io::Result<T>,
) -> io::Result<Option<T>> {
    let mut source = match source {
        Ok(source) => Lost { source, is_lost: false },
        Err(error) if is_lost(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    match copy(&mut source) {
        Err(_) if source.is_lost => Ok(None),
        done => done.map(Some),
    }
}

/// A file that remembers whether its bytes were lost while they were read.
pub(crate) struct Lost<R> {
    source: R,
    is_lost: bool,
}

impl<R: Read> Read for Lost<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.source.read(into).inspect_err(|error| self.is_lost |= is_lost(error))
    }
}

fn disk(error: &io::Error) -> StoreError {
    StoreError::Failed(format!("the place of the files: {error}"))
}

/// Files under a hash that no row names: harmless leftovers of a crash while they are what they
/// say, worth a note when they are not.
fn strays(store: &dyn Store, folder: &Folder, notes: &mut Vec<String>) -> Result<()> {
    for group in list(folder.root()).map_err(|error| disk(&error))? {
        if ["uploads", TAKEN, MARK].contains(&&*group) {
            continue;
        }
        let path = folder.root().join(&group);
        if !path.is_dir() {
            notes.push(format!("blobs/{group} is none of ours"));
            continue;
        }
        for name in list(&path).map_err(|error| disk(&error))? {
            let known = match hash_of_name(&name) {
                Some(hash) => store.look(|snapshot| snapshot.blob(&hash))?.is_some(),
                None => false,
            };
            let own = || fs::File::open(path.join(&name)).and_then(|mut file| digest_of(&mut file));
            if !known && !own().is_ok_and(|(hash, _)| hash.to_hex() == name && name.starts_with(&group)) {
                notes.push(format!("blobs/{group}/{name} is not what its name says, and nothing knows of it"));
            }
        }
    }
    Ok(())
}

/// The same in a bucket.
fn stray_objects(store: &dyn Store, depot: &Depot, bucket: &Bucket, notes: &mut Vec<String>) -> Result<()> {
    let mut after = None;
    loop {
        let page = bucket.page(after.as_ref()).map_err(|error| disk(&error))?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for path in &page {
            let name = bucket.name(path);
            let (group, rest) = name.split_once('/').unwrap_or((name, ""));
            if ![STAGED, TAKEN, MARK].contains(&group) {
                let hash = hash_of_name(rest).filter(|_| rest.starts_with(group));
                notes.extend(note_on(store, depot, name, hash)?);
            }
        }
    }
}

/// What is to be said of an object that is neither on its way nor a mark.
fn note_on(store: &dyn Store, depot: &Depot, name: &str, hash: Option<Hash>) -> Result<Option<String>> {
    let Some(hash) = hash else { return Ok(Some(format!("{name} is none of ours"))) };
    if store.look(|snapshot| snapshot.blob(&hash))?.is_some() {
        return Ok(None);
    }
    match depot.open(&hash).and_then(|mut file| digest_of(&mut file)) {
        Ok((found, _)) if found == hash => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::HostUnreachable => Err(disk(&error)),
        _ => Ok(Some(format!("{name} is not what its name says, and nothing knows of it"))),
    }
}

/// Names in a folder; none when there is no folder.
fn list(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn hash_of_name(name: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if name.len() != 64 || !name.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(Hash(bytes)).filter(|hash| hash.to_hex() == name)
}
