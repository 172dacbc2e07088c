//! Files in a folder of this machine: `blobs/<two digits>/<hash>` when whole, `blobs/uploads/<id>`
//! on their way, names in lower-case hexadecimal.
//!
//! A name under `blobs/<two digits>/` is given only to bytes that were hashed and synced, by a
//! rename. A crash leaves files under `uploads/` and `taken/`, never half a file under its hash.
//!
//! Several servers may share a folder. Whoever writes the file of an upload holds its lock, so the file system must
//! have locks that hold between machines (a local disk, NFS 4), and renames that are whole.

mod half;
mod settle;
mod writer;

pub(super) use half::DAY;
pub(crate) use half::Half;
pub(super) use writer::Writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use xuncha_core::model::{Hash, LedgerId};

/// Name of the file in a shared folder that says whose files these are.
pub(super) const MARK: &str = "ledger";

/// Bytes read at once while hashing.
const BUFFER: usize = 256 * 1024;

/// The files of one ledger.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
    shared: bool,
}

impl Folder {
    /// The files in a data folder, whether there are any or not.
    pub fn of(data: &Path) -> Folder {
        Folder { root: data.join("blobs"), shared: false }
    }

    /// The files in a folder that lies outside of any data folder, and says itself whose it is.
    pub fn shared(root: &Path) -> Folder {
        Folder { root: root.to_owned(), shared: true }
    }

    /// True when other servers may be at work in it.
    pub(super) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whose files these are; none when they are nobody's yet, or the folder is not there.
    pub(super) fn owner(&self) -> io::Result<Option<String>> {
        match fs::read_to_string(self.root.join(MARK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // Empty after a crash.
            found => found.map(|found| Some(found.trim().to_owned()).filter(|found| !found.is_empty())),
        }
    }

    /// Says whose files these are.
    pub(super) fn mark(&self, ledger: LedgerId) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let mut file = File::create(self.root.join(MARK))?;
        file.write_all(ledger.to_string().as_bytes())?;
        file.sync_all()?;
        sync_folder(&self.root)
    }

    /// Fails where there are no locks: several servers cannot share such a folder.
    pub(super) fn check_locks(&self) -> io::Result<()> {
        match File::open(self.root.join(MARK))?.try_lock_shared() {
            Ok(()) | Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Makes the folders that are missing, all of them: making one when its first file comes would have
    /// that file wait for another sync.
    ///
    /// # Errors
    /// When they cannot be made.
    pub fn create(&self) -> io::Result<()> {
        fs::create_dir_all(self.uploads())?;
        fs::create_dir_all(self.taken())?;
        for digits in 0..=u8::MAX {
            match fs::create_dir(self.root.join(format!("{digits:02x}"))) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        sync_folder(&self.root)?;
        self.root.parent().map_or(Ok(()), sync_folder)
    }

    /// Where everything lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where files on their way lie.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// Where the file `hash` lies once it is whole.
    pub fn path(&self, hash: &Hash) -> PathBuf {
        let name = hash.to_hex();
        self.root.join(&name[..2]).join(name)
    }

    /// Where the upload `id`, which must be one of ours, gathers its bytes.
    pub fn upload(&self, id: &str) -> PathBuf {
        self.uploads().join(id)
    }

    /// Length of what the upload `id` has gathered; 0 when there is nothing.
    ///
    /// # Errors
    /// When the disk does not say.
    pub fn gathered(&self, id: &str) -> io::Result<u64> {
        // Opened, so that a file system between machines looks at the file and not at what it remembers of it.
        match File::open(self.upload(id)).and_then(|file| file.metadata()) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Opens what the upload `id` gathers, for reading and writing; made when it is missing.
    pub(super) fn open_upload(&self, id: &str) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(self.upload(id))
    }

    /// Where files gather that come otherwise than by an upload.
    pub(super) fn taken(&self) -> PathBuf {
        self.root.join("taken")
    }

    /// Gives synced bytes the name of their hash.
    fn place(&self, half: &Path, hash: &Hash) -> io::Result<()> {
        let path = self.path(hash);
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            sync_folder(&self.root)?;
        }
        fs::rename(half, &path)?;
        sync_folder(folder)
    }

    /// Removes what the upload `id` has gathered. What cannot be removed now the sweep finds.
    pub(super) fn discard(&self, id: &str) {
        match fs::remove_file(self.upload(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, "an upload could not be removed");
            }
            _ => {}
        }
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Has the disk begin with bytes that were just written, so that a sync later finds little left to do.
/// Promises nothing, and does nothing where a system has no way to ask for it.
pub(super) fn start_writing(file: &File, at: u64, len: usize) {
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

/// Digest and length of what is left to read.
pub(super) fn digest_of(file: &mut impl io::Read) -> io::Result<(Hash, u64)> {
    let (mut digest, mut len) = (Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((Hash(digest.finalize().into()), len)),
            Ok(read) => {
                digest.update(&buffer[..read]);
                len += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Bytes that are free for this process where `folder` lies.
///
/// # Errors
/// When the file system does not say.
#[cfg(unix)]
pub(super) fn free_space(folder: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(folder)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Not known on this system; a write that finds no room says so itself.
#[cfg(not(unix))]
pub(super) fn free_space(_folder: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
