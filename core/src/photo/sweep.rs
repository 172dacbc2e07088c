//! What lies in the folder of originals: for the sweep at start-up, and for checks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::seal::{BUFFER, PART};
use crate::model::Hash;

/// What a folder of originals holds, by name alone; nothing is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Half files of a crash: they were never confirmed to anyone and can be removed, unless a
    /// [`seal`](super::seal()) is under way in this folder.
    pub parts: Vec<PathBuf>,
    /// Files under the name of a hash. One that no record refers to is a photo whose save was cut off
    /// after sealing: check it with [`verify_file`] and offer it as recovered.
    pub files: Vec<(Hash, PathBuf)>,
}

/// Lists `folder`, in the order of names. Files of other names, folders and links are not listed; a
/// folder that does not exist is empty.
///
/// # Errors
/// When the folder cannot be read.
pub fn leftovers(folder: &Path) -> io::Result<Leftovers> {
    let mut found = Leftovers::default();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) else { continue };
        if name.ends_with(PART) {
            found.parts.push(entry.path());
        } else if let Some(hash) = from_hex(name) {
            found.files.push((hash, entry.path()));
        }
    }
    found.parts.sort();
    found.files.sort();
    Ok(found)
}

/// Whether the file at `path` still has the bytes that `hash` names; reads all of it, a piece at a time.
///
/// # Errors
/// When the file cannot be read, also when there is none.
pub fn verify_file(path: &Path, hash: &Hash) -> io::Result<bool> {
    Ok(digest_of(&mut File::open(path)?)? == *hash)
}

/// Digest of what is left to read, a piece at a time.
pub(super) fn digest_of(source: &mut impl Read) -> io::Result<Hash> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(Hash(digest.finalize().into())),
            Ok(read) => digest.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The hash that a file name spells as [`Hash::to_hex`] does.
fn from_hex(name: &str) -> Option<Hash> {
    let (pairs, rest) = name.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    let bytes = bytes.filter(|_| rest.is_empty())?;
    Some(Hash(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn put(path: &Path, bytes: &[u8]) {
        File::create(path).unwrap().write_all(bytes).unwrap();
    }

    #[test]
    fn a_folder_is_sorted_into_half_files_and_whole_ones() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(leftovers(&folder.path().join("none")).unwrap(), Leftovers::default());
        let hash = Hash::of(b"x");
        let whole = folder.path().join(hash.to_hex());
        put(&whole, b"x");
        put(&folder.path().join("a.part"), b"half");
        let hex = hash.to_hex();
        for foreign in ["notes.txt", "a.part.txt", &hex[1..], &format!("{hex}0"), &hex.to_uppercase()] {
            put(&folder.path().join(foreign), b"");
        }
        fs::create_dir(folder.path().join(Hash::of(b"y").to_hex())).unwrap();
        let found = leftovers(folder.path()).unwrap();
        assert_eq!(found.parts, [folder.path().join("a.part")]);
        assert_eq!(found.files, [(hash, whole)]);
    }

    #[test]
    fn a_file_is_checked_against_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut bytes = vec![7; BUFFER + 1];
        put(&path, &bytes);
        assert!(verify_file(&path, &Hash::of(&bytes)).unwrap());
        bytes[BUFFER] = 8;
        assert!(!verify_file(&path, &Hash::of(&bytes)).unwrap());
        assert_eq!(verify_file(&folder.path().join("g"), &Hash::of(b"")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
