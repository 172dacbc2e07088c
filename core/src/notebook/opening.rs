//! Which secret opens a notebook, and where it comes from.

use std::path::Path;

use super::keys::KeyStore;
use crate::host::Host;
use crate::model::LineId;
use crate::op::PublicKey;
use crate::store::{DatabaseKey, FolderLock, Secret, create, exists};
use crate::{Error, Result};

/// Locks the folder, makes sure that there is a notebook, and gives what the key store keeps.
pub(super) fn prepare(folder: &Path, keys: &dyn KeyStore, host: &Host) -> Result<(FolderLock, Option<Secret>)> {
    let lock = FolderLock::take(folder)?;
    if exists(folder)? {
        return Ok((lock, keys.load()?));
    }
    // Always a new key: one whose notebook is gone has said things that nobody here remembers.
    let secret = new_secret(keys, host, None)?;
    create(folder, LineId(host.uuid()), &secret.device_key().public(), secret.database_key())?;
    Ok((lock, Some(secret)))
}

/// The secret with the key that the notebook remembers, and with one for the database where this build encrypts: kept
/// before anything is encrypted with it.
pub(super) fn matching(
    secret: Option<&Secret>,
    public: &PublicKey,
    keys: &dyn KeyStore,
    host: &Host,
) -> Result<Secret> {
    let secret = secret.ok_or(Error::KeyMissing)?;
    if secret.device_key().public() != *public {
        return Err(Error::KeyWrong);
    }
    let had = secret.database_key().is_some();
    let secret = secret.clone().with_database_key(host);
    if !had && secret.database_key().is_some() {
        keys.save(&secret)?;
    }
    Ok(secret)
}

/// A new device key beside the database's `cipher`, kept before anybody uses it.
pub(super) fn new_secret(keys: &dyn KeyStore, host: &Host, cipher: Option<DatabaseKey>) -> Result<Secret> {
    let secret = Secret::new(host, cipher);
    keys.save(&secret)?;
    Ok(secret)
}
