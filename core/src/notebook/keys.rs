//! Where a device keeps its secret: outside the database, and outside backups.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::store::{Secret, Tried, sync_folder};
use crate::{Error, Result};

/// Keeps one [`Secret`]. On phones it is wrapped by Keychain or Keystore; [`FileKeyStore`] is for laptops.
///
/// It must never be part of a backup or a copy of the notebook: a key that exists twice forks its
/// device's chain.
pub trait KeyStore: Send + Sync {
    /// The secret; none when there is none here.
    ///
    /// # Errors
    /// [`Error::KeyUnavailable`] or [`Error::Storage`] when it cannot be read now, which is not the same as missing.
    fn load(&self) -> Result<Option<Secret>>;

    /// Keeps the secret in place of the one before; durable when it returns.
    ///
    /// # Errors
    /// [`Error::KeyUnavailable`], [`Error::Storage`] or [`Error::Full`]; the secret before is then still here.
    fn save(&self, secret: &Secret) -> Result<()>;
}

/// Keeps the secret in a file that only its owner may read: `xuncha-seed-1:` and 43 characters of
/// unpadded base64url, 86 where it has a key for the database. A crash leaves the old secret or the new one.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// Keeps the secret at `path`; its folder must exist.
    pub fn new(path: impl Into<PathBuf>) -> FileKeyStore {
        FileKeyStore { path: path.into() }
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

impl KeyStore for FileKeyStore {
    fn load(&self) -> Result<Option<Secret>> {
        let text = match fs::read(&self.path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).tried("read the device key"),
        };
        let digits = text.trim_ascii().strip_prefix(PREFIX.as_bytes()).ok_or_else(not_a_seed)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(digits).map_err(|_| not_a_seed())?);
        Secret::from_bytes(&bytes).map(Some).ok_or_else(not_a_seed)
    }

    fn save(&self, secret: &Secret) -> Result<()> {
        let new = self.path.with_added_extension("new");
        let text = Zeroizing::new(format!("{PREFIX}{}\n", URL_SAFE_NO_PAD.encode(secret.to_bytes().as_slice())));
        let write = || {
            let mut file = private(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().tried("save the device key")?;
        sync_folder(self.folder())
    }
}

/// An empty file that only its owner may read, whatever a crash left in its place.
fn private(path: &Path) -> std::io::Result<File> {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn not_a_seed() -> Error {
    Error::Damaged { detail: "the file of the device key holds something else".into() }
}

const PREFIX: &str = "xuncha-seed-1:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_survives_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileKeyStore::new(folder.path().join("device.key"));
        assert!(store.load().unwrap().is_none());
        for bytes in [&[1; 32][..], &[2; 64]] {
            store.save(&Secret::from_bytes(bytes).unwrap()).unwrap();
            assert_eq!(store.load().unwrap().unwrap().to_bytes().as_slice(), bytes);
        }
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&store.path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_holds_something_else_is_not_taken_for_a_missing_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device.key");
        File::create(&path).unwrap().write_all(b"hello").unwrap();
        assert!(matches!(FileKeyStore::new(path).load(), Err(Error::Damaged { .. })));
    }
}
