//! What the app hands in: where its key lies, how it is connected, and who wants to be told.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use xuncha_core::notebook::{FileKeyStore, Secret};
use xuncha_core::sync::{Conditions as Now, Progress};
use xuncha_core::{Error, Result};
use zeroize::Zeroizing;

use crate::{FieldError, Step};

/// What an app's own code came to grief over.
///
/// Whatever else one of its methods throws arrives here as well.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum HostError {
    /// It cannot be done now.
    #[error("{details}")]
    Failed {
        /// Why, for support.
        details: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> HostError {
        HostError::Failed { details: error.reason }
    }
}

/// Keeps the device's secret, a few bytes, as they are, outside the notebook's folder and outside every backup: the
/// seed of its key, 32 bytes, and with SQLCipher the key of the database, 32 more.
///
/// Wrapped by Keystore on Android and by Keychain on Apple's systems; see the packages for both.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// The bytes; none when none were saved. Throw when it cannot be read now, such as before the first unlock:
    /// that is not the same as missing.
    fn load(&self) -> std::result::Result<Option<Vec<u8>>, HostError>;

    /// Keeps these bytes in place of the ones before; durable when it returns.
    fn save(&self, seed: Vec<u8>) -> std::result::Result<(), HostError>;
}

/// How the phone is connected, asked once at the beginning of each sync.
#[uniffi::export(with_foreign)]
pub trait Conditions: Send + Sync {
    /// The connection is paid for by what is sent; also a Wi-Fi that is another phone's.
    fn is_metered(&self) -> std::result::Result<bool, HostError>;

    /// It is Wi-Fi.
    fn is_wifi(&self) -> std::result::Result<bool, HostError>;

    /// The phone is charging.
    fn is_charging(&self) -> std::result::Result<bool, HostError>;
}

/// Is told what a sync is doing, on a thread of the library. Must return quickly.
///
/// One that throws is not told anything more; the sync goes on to its end, and then gives
/// `FieldError.Invalid` naming `listener`.
#[uniffi::export(with_foreign)]
pub trait ProgressListener: Send + Sync {
    /// The sync has come to `step`.
    fn step(&self, step: Step) -> std::result::Result<(), HostError>;
}

/// Is told, on a thread of the library, that something in the notebook changed: an edit, a page of a sync. Several
/// changes in a row are told once. May call the notebook.
///
/// One that throws is not told anything more; `Subscription.fault` says why.
#[uniffi::export(with_foreign)]
pub trait ChangeListener: Send + Sync {
    /// Something changed: read again what is shown.
    fn changed(&self) -> std::result::Result<(), HostError>;
}

/// A key store for laptops, servers and tests: a file that only its owner may read. Its folder must exist and must
/// not be part of a backup. Phones have better.
#[uniffi::export]
pub fn file_key_store(path: String) -> Arc<dyn KeyStore> {
    Arc::new(InFile(FileKeyStore::new(path)))
}

struct InFile(FileKeyStore);

impl KeyStore for InFile {
    fn load(&self) -> std::result::Result<Option<Vec<u8>>, HostError> {
        use xuncha_core::notebook::KeyStore as _;
        let secret = self.0.load().map_err(|error| HostError::Failed { details: error.to_string() })?;
        Ok(secret.map(|secret| secret.to_bytes().to_vec()))
    }

    fn save(&self, seed: Vec<u8>) -> std::result::Result<(), HostError> {
        use xuncha_core::notebook::KeyStore as _;
        let secret = secret_of(seed).map_err(|details| HostError::Failed { details })?;
        self.0.save(&secret).map_err(|error| HostError::Failed { details: error.to_string() })
    }
}

/// The app's key store as core knows it.
pub(crate) struct Keys(pub(crate) Arc<dyn KeyStore>);

impl xuncha_core::notebook::KeyStore for Keys {
    fn load(&self) -> Result<Option<Secret>> {
        match self.0.load() {
            Ok(None) => Ok(None),
            Ok(Some(bytes)) => secret_of(bytes).map(Some).map_err(|detail| Error::KeyUnavailable { detail }),
            Err(error) => Err(Error::KeyUnavailable { detail: error.to_string() }),
        }
    }

    fn save(&self, secret: &Secret) -> Result<()> {
        self.0.save(secret.to_bytes().to_vec()).map_err(|error| Error::KeyUnavailable { detail: error.to_string() })
    }
}

/// The secret, and nothing left of the bytes that it came in.
fn secret_of(bytes: Vec<u8>) -> std::result::Result<Secret, String> {
    let bytes = Zeroizing::new(bytes);
    Secret::from_bytes(&bytes).ok_or_else(|| format!("the key store gave {} bytes instead of 32 or 64", bytes.len()))
}

/// Asks the app how it is connected; nobody to ask is a laptop.
pub(crate) fn conditions(host: Option<&Arc<dyn Conditions>>) -> std::result::Result<Now, FieldError> {
    let Some(host) = host else { return Ok(Now::default()) };
    let ask = || Ok(Now { metered: host.is_metered()?, wifi: host.is_wifi()?, charging: host.is_charging()? });
    ask().map_err(|error: HostError| FieldError::invalid("conditions", &error.to_string()))
}

/// Tells a listener until it throws.
pub(crate) struct Told {
    listener: Option<Arc<dyn ProgressListener>>,
    fault: Mutex<Option<String>>,
}

impl Told {
    pub(crate) fn new(listener: Option<Arc<dyn ProgressListener>>) -> Told {
        Told { listener, fault: Mutex::new(None) }
    }

    /// What the listener threw.
    pub(crate) fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Told {
    fn step(&self, step: xuncha_core::sync::Step) {
        let (Some(listener), Some(step)) = (&self.listener, Step::of(step)) else { return };
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_none() {
            *fault = listener.step(step).err().map(|error| error.to_string());
        }
    }
}

/// True when `path` can be a folder or a file at all, so that the system is not asked about what it cuts off.
pub(crate) fn path<'a>(field: &str, path: &'a str) -> std::result::Result<&'a Path, FieldError> {
    if path.is_empty() || path.len() > 4_096 || path.contains('\0') {
        return Err(FieldError::invalid(field, "is no path"));
    }
    Ok(Path::new(path))
}
