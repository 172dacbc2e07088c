//! Sealing an original: the bytes as taken, under the name of their hash, before anything refers to them.

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use sha2::{Digest as _, Sha256};

use super::{PhotoError, verify_file};
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

pub(super) const BUFFER: usize = 256 * 1024;

/// What the name of a half file ends in.
pub(super) const PART: &str = ".part";

/// How many pieces may be written and wait to be hashed.
const AHEAD: usize = 4;

/// How many first bytes tell the type.
const HEAD: usize = 16;

/// Copies `source` into `folder` under the hexadecimal hash of its bytes.
///
/// The bytes are written to `<part>.part` and hashed on the way, while the disk is at work on them
/// already; the file gets its name only when it is whole and on the disk. Its *name* is on the disk only after
/// [`sync_folder`]: seal the photos of a finding one by one, sync their folder once, and only then write
/// the record that refers to them. After a power loss before that, a file may be missing or still have
/// its old name, never be half a file under a final name. `part` is one name for each call under way (an
/// id), without separators; what a crash leaves under it the next call of that name replaces. Bytes that
/// are here already, and whole, are not given a name again.
///
/// The bytes are evidence and kept as they are: anything that begins like a JPEG, PNG or HEIC is
/// sealed, also a picture that is damaged or too large for a preview. Bytes in memory are a source too:
/// `&mut &bytes[..]`.
///
/// # Errors
/// `empty`, `not_an_image`, `too_many_bytes` ([`MAX_ORIGINAL`]); `storage_full`; `io` when `source` cannot
/// be read or `folder` not written. The half file is removed.
pub fn seal(folder: &Path, part: &str, source: &mut dyn Read) -> Result<Sealed, PhotoError> {
    make_folder(folder)?;
    let half = folder.join(format!("{part}{PART}"));
    let sealed = write_down(folder, &half, source);
    if sealed.is_err() {
        // A half file is of no use to anyone; if it cannot be removed now the sweep finds it.
        drop(fs::remove_file(&half));
    }
    sealed
}

/// Brings the names in `folder` to the disk: what [`seal`] put there before survives a power loss.
///
/// # Errors
/// When the folder cannot be opened or synced; then nothing must refer to its new files yet.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the folder, and brings each new name on the way to the disk.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    sync_folder(parent.unwrap_or(Path::new(".")))
}

fn write_down(folder: &Path, half: &Path, source: &mut dyn Read) -> Result<Sealed, PhotoError> {
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(half)?;
    let (len, media_type, hash) = copy_and_sync(source, &mut file)?;
    let path = folder.join(hash.to_hex());
    // A file of that name may have lost its bytes to a broken disk: then it is replaced.
    if path.is_file() && verify_file(&path, &hash).unwrap_or(false) {
        fs::remove_file(half)?;
    } else {
        fs::rename(half, &path)?;
    }
    let blob = BlobRef { hash, len, media_type: media_type.to_owned(), role: "original".to_owned() };
    Ok(Sealed { blob, path })
}

/// Copies and syncs, and hashes meanwhile: the disk and the processor need not wait for each other, and
/// somebody who has just taken a photo waits for both. Gives length, media type and hash.
fn copy_and_sync(source: &mut dyn Read, file: &mut File) -> Result<(u64, &'static str, Hash), PhotoError> {
    thread::scope(|scope| {
        let (written, to_hash) = mpsc::sync_channel(AHEAD);
        let (hashed, spare) = mpsc::channel();
        let hashing = thread::Builder::new().name("hash".into()).spawn_scoped(scope, || hash(to_hash, hashed))?;
        let (len, head) = copy(source, file, written, &spare)?;
        let media_type = media_type(&head).ok_or(PhotoError::NotAnImage)?;
        file.sync_all()?;
        let hash = hashing.join().map_err(|_| io::Error::other("the hashing gave up"))?;
        Ok((len, media_type, hash))
    })
}

/// Hashes what comes until nothing more does, and hands each piece back to be filled again.
fn hash(pieces: Receiver<Vec<u8>>, hashed: Sender<Vec<u8>>) -> Hash {
    let mut digest = Sha256::new();
    for piece in pieces {
        digest.update(&piece);
        // At the end nobody wants it back.
        drop(hashed.send(piece));
    }
    Hash(digest.finalize().into())
}

/// Copies, and passes on what is written; gives the length and the first bytes.
fn copy(
    source: &mut dyn Read,
    file: &mut File,
    written: SyncSender<Vec<u8>>,
    spare: &Receiver<Vec<u8>>,
) -> Result<(u64, Vec<u8>), PhotoError> {
    let (mut len, mut head) = (0_u64, Vec::new());
    loop {
        let mut piece = spare.try_recv().unwrap_or_default();
        piece.clear();
        piece.reserve_exact(BUFFER);
        let read = source.take(BUFFER as u64).read_to_end(&mut piece)?;
        if read == 0 {
            break;
        }
        if len + read as u64 > MAX_ORIGINAL {
            return Err(PhotoError::TooManyBytes { limit: MAX_ORIGINAL });
        }
        if head.len() < HEAD {
            head.extend_from_slice(&piece[..read.min(HEAD)]);
            // What cannot become an image is not copied to its end.
            if head.len() >= HEAD && media_type(&head).is_none() {
                return Err(PhotoError::NotAnImage);
            }
        }
        file.write_all(&piece)?;
        start_writing(file, len, read);
        len += read as u64;
        written.send(piece).map_err(|_| io::Error::other("the hashing gave up"))?;
    }
    if len == 0 {
        return Err(PhotoError::Empty);
    }
    Ok((len, head))
}

/// Has the disk begin with bytes that were just written, so that the sync at the end finds little left to
/// do. Promises nothing, and does nothing where a system has no way to ask for it.
fn start_writing(file: &File, at: u64, len: usize) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Linux begins to write what is asked to leave its cache while it is not on the disk. It stays
        // in the cache until it is.
        let len = std::num::NonZero::new(len as u64);
        let _ = rustix::fs::fadvise(file, at, len, rustix::fs::Advice::DontNeed);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (file, at, len);
}

/// Media type of an image by its first bytes (16 are enough); none for anything else.
pub fn media_type(head: &[u8]) -> Option<&'static str> {
    match head {
        [0xFF, 0xD8, 0xFF, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some("image/png"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'i', b'c' | b'x' | b'm' | b's', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', b'v', b'c' | b'x', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i' | b's', b'f', b'1', ..] => Some("image/heic"),
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
        sync_folder(folder.path()).unwrap();
        assert_eq!(fs::read(&sealed.path).unwrap(), JPEG);
        assert_eq!(sealed.blob.hash, Hash::of(JPEG));
        assert_eq!(sealed.path, folder.path().join(Hash::of(JPEG).to_hex()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn bytes_that_are_here_are_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = seal(folder.path(), "a", &mut &JPEG[..]).unwrap();
        let before = fs::metadata(&sealed.path).unwrap().modified().unwrap();
        let mut fixed = fs::metadata(&sealed.path).unwrap().permissions();
        fixed.set_readonly(true);
        fs::set_permissions(&sealed.path, fixed).unwrap();
        assert_eq!(seal(folder.path(), "b", &mut &JPEG[..]).unwrap(), sealed);
        let after = fs::metadata(&sealed.path).unwrap();
        assert_eq!((after.modified().unwrap(), after.permissions().readonly()), (before, true));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_lost_its_bytes_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Hash::of(JPEG).to_hex());
        File::create(&path).unwrap().write_all(b"rot").unwrap();
        seal(folder.path(), "a", &mut &JPEG[..]).unwrap();
        assert_eq!(fs::read(path).unwrap(), JPEG);
    }

    #[test]
    fn what_is_no_image_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let long = vec![b'<'; BUFFER * 2];
        for (bytes, code) in [(&b""[..], "empty"), (b"<html>", "not_an_image"), (b"GIF89a", "not_an_image")] {
            assert_eq!(seal(folder.path(), "a", &mut &bytes[..]).unwrap_err().code(), code);
        }
        assert_eq!(seal(folder.path(), "a", &mut &long[..]).unwrap_err().code(), "not_an_image");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_source_without_end_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let error = seal(folder.path(), "a", &mut JPEG.chain(io::repeat(0))).unwrap_err();
        assert_eq!(error.code(), "too_many_bytes");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_source_that_fails_leaves_nothing_behind() {
        struct Torn(usize);
        impl Read for Torn {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                match self.0 {
                    1 => Err(io::ErrorKind::Interrupted.into()),
                    2 => {
                        buffer[..JPEG.len()].copy_from_slice(JPEG);
                        Ok(JPEG.len())
                    }
                    _ => Err(io::ErrorKind::StorageFull.into()),
                }
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a").join("b");
        let error = seal(&inner, "a", &mut Torn(0)).unwrap_err();
        assert_eq!(error.code(), "storage_full");
        let PhotoError::DiskFull(error) = error else { panic!("{error}") };
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(inner).unwrap().count(), 0);
    }

    #[test]
    fn a_source_that_comes_in_single_bytes_is_known_by_its_head() {
        struct Slow<'a>(&'a [u8]);
        impl Read for Slow<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let few = buffer.len().min(1);
                self.0.read(&mut buffer[..few])
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0and so on";
        let sealed = seal(folder.path(), "a", &mut Slow(heic)).unwrap();
        assert_eq!((sealed.blob.media_type.as_str(), sealed.blob.hash), ("image/heic", Hash::of(heic)));
    }
}
