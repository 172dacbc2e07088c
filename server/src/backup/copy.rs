//! Copying one file so that it is whole under its name or not there at all.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use xuncha_core::model::Hash;

const BUFFER: usize = 1024 * 1024;

/// Copies `from` to `to` and gives the hash of what was written. The name appears when the bytes
/// are durable; the folder must be synced by the caller. With `wanted`, other bytes are not put in
/// place.
pub(super) fn copy(from: &Path, to: &Path, wanted: Option<&Hash>) -> io::Result<Hash> {
    write(&mut File::open(from)?, to, wanted)
}

/// [`copy`] of what `source` gives.
pub(super) fn write(source: &mut dyn Read, to: &Path, wanted: Option<&Hash>) -> io::Result<Hash> {
    let half = to.with_added_extension("part");
    let mut target = File::create(&half)?;
    let hash = pour(source, |bytes| target.write_all(bytes)).inspect_err(|_| drop(fs::remove_file(&half)))?;
    target.sync_all()?;
    if wanted.is_some_and(|wanted| *wanted != hash) {
        fs::remove_file(&half)?;
    } else {
        fs::rename(&half, to)?;
    }
    Ok(hash)
}

/// Hash of the file at `path`.
pub(super) fn hash_of(path: &Path) -> io::Result<Hash> {
    pour(&mut File::open(path)?, |_| Ok(()))
}

/// Writes `bytes` to `path`, whole or not at all.
pub(super) fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let half = path.with_added_extension("part");
    let mut file = File::create(&half)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&half, path)
}

/// Makes names in `folder` durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn pour(source: &mut dyn Read, mut into: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Hash> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(Hash(digest.finalize().into())),
            read => {
                digest.update(&buffer[..read]);
                into(&buffer[..read])?;
            }
        }
    }
}
