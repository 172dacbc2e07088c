//! Every file that the ledger keeps, read again and held against its name.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use xuncha_core::model::Hash;

use super::local::{Folder, digest_of};
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
}

/// Reads every file in `folder`. `progress` hears the number of rows done. A file that arrives
/// meanwhile may or may not be looked at; none that is here is called missing for it.
///
/// # Errors
/// The store's. What cannot be read from the disk is a problem in the report.
pub fn check(store: &dyn Store, folder: &Folder, progress: &mut dyn FnMut(u64)) -> Result<Checked> {
    let mut checked = Checked::default();
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.look(|snapshot| snapshot.blobs(after, PAGE))?;
        let Some(last) = page.last() else { break };
        after = Some(last.hash);
        for row in page.iter().filter(|row| row.whole || row.kept.is_some()) {
            match fault(folder, row) {
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
    strays(store, folder, &mut checked.notes)?;
    Ok(checked)
}

/// What is wrong with the file of `row`.
fn fault(folder: &Folder, row: &BlobRow) -> Option<String> {
    match File::open(folder.path(&row.hash)).and_then(|mut file| digest_of(&mut file)) {
        Ok((hash, len)) if hash == row.hash && len == row.len => None,
        Ok((hash, len)) if hash != row.hash => Some(format!("altered: its {len} bytes are {hash}")),
        Ok((_, len)) => Some(format!("{len} bytes long, and {} are recorded", row.len)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some("missing".to_owned()),
        Err(error) => Some(format!("not readable: {error}")),
    }
}

/// Files under a hash that no row names: harmless leftovers of a crash while they are what they
/// say, worth a note when they are not.
fn strays(store: &dyn Store, folder: &Folder, notes: &mut Vec<String>) -> Result<()> {
    let disk = |error: io::Error| StoreError::Failed(format!("the folder of files: {error}"));
    for group in list(folder.root()).map_err(disk)? {
        if group == "uploads" {
            continue;
        }
        let path = folder.root().join(&group);
        if !path.is_dir() {
            notes.push(format!("blobs/{group} is none of ours"));
            continue;
        }
        for name in list(&path).map_err(disk)? {
            let known = match hash_of_name(&name) {
                Some(hash) => store.look(|snapshot| snapshot.blob(&hash))?.is_some(),
                None => false,
            };
            let own = || File::open(path.join(&name)).and_then(|mut file| digest_of(&mut file));
            if !known && !own().is_ok_and(|(hash, _)| hash.to_hex() == name && name.starts_with(&group)) {
                notes.push(format!("blobs/{group}/{name} is not what its name says, and nothing knows of it"));
            }
        }
    }
    Ok(())
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
