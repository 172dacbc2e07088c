//! Sealing an original: the bytes as taken, under the name of their hash, before anything refers to them.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::model::{BlobRef, Hash};

/// A sealed file and how an op refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// What the op carries.
    pub blob: BlobRef,
    /// Where the bytes are.
    pub path: PathBuf,
}

/// Largest original, in bytes: a photo of 100 megapixels fits several times.
pub const MAX_ORIGINAL: u64 = 256 * 1024 * 1024;

const BUFFER: usize = 256 * 1024;

/// Copies `source` into `folder` under the hexadecimal hash of its bytes.
///
/// The bytes are hashed while they are written; the file gets its name only when it is whole and
/// synced, and the folder is synced after that: when this returns, the file survives a power loss.
/// A crash before leaves a file ending in `.part`, which the next call for the same name replaces.
/// Sealing the same bytes again changes nothing.
///
/// # Errors
/// When `source` cannot be read, is empty, is not an image, or is too large ([`MAX_ORIGINAL`]; kind
/// `InvalidInput`); when `folder` cannot be written; `StorageFull`.
pub fn seal(folder: &Path, part: &str, source: &mut dyn Read) -> io::Result<Sealed> {
    fs::create_dir_all(folder)?;
    let half = folder.join(format!("{part}.part"));
    let copied = copy(source, &half);
    let (hash, len, head) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            // A half file is of no use to anyone; if it cannot be removed now the sweep finds it.
            drop(fs::remove_file(&half));
            return Err(error);
        }
    };
    let Some(media_type) = media_type(&head) else {
        drop(fs::remove_file(&half));
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a JPEG, PNG or HEIC image"));
    };
    let path = folder.join(hash.to_hex());
    fs::rename(&half, &path)?;
    File::open(folder)?.sync_all()?;
    let blob = BlobRef { hash, len, media_type: media_type.to_owned(), role: "original".to_owned() };
    Ok(Sealed { blob, path })
}

fn copy(source: &mut dyn Read, half: &Path) -> io::Result<(Hash, u64, Vec<u8>)> {
    let mut file = File::create(half)?;
    let mut digest = Sha256::new();
    let (mut len, mut head) = (0_u64, Vec::new());
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = match source.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        len += read as u64;
        if len > MAX_ORIGINAL {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "larger than 256 MiB"));
        }
        if head.len() < 16 {
            head.extend_from_slice(&buffer[..read.min(16)]);
        }
        digest.update(&buffer[..read]);
        file.write_all(&buffer[..read])?;
    }
    file.sync_all()?;
    Ok((Hash(digest.finalize().into()), len, head))
}

/// Media type of an image by its first bytes; none for anything else.
pub fn media_type(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i', b'c' | b'x', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i', b'f', b'1', ..] => Some("image/heic"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0, 1, 2, 3];

    #[test]
    fn sealed_bytes_are_the_bytes_and_their_name_is_their_hash() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = seal(folder.path(), "a", &mut &JPEG[..]).unwrap();
        assert_eq!(fs::read(&sealed.path).unwrap(), JPEG);
        assert_eq!(sealed.blob.hash, Hash::of(JPEG));
        assert_eq!(sealed.path, folder.path().join(Hash::of(JPEG).to_hex()));
        assert_eq!(seal(folder.path(), "b", &mut &JPEG[..]).unwrap(), sealed);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_image_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        for bytes in [&b""[..], b"<html>", b"GIF89a"] {
            let error = seal(folder.path(), "a", &mut &bytes[..]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
