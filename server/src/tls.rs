//! TLS for phones: a certificate and its key from files, read again when they change.
//!
//! The files are looked at every few seconds, so that a renewal needs neither a restart nor a signal. A
//! certificate and a key that do not belong together (the first of two files was replaced, the other was
//! not yet) change nothing: what was in use stays in use.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;
use xuncha_core::model::Hash;

use crate::metrics::Loads;

/// Time between two looks at the files.
pub const LOOK: Duration = Duration::from_secs(10);

/// The files that TLS is spoken with, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that it was signed with.
    pub certificate: PathBuf,
    /// Its key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
    /// Time between two looks whether they changed.
    pub look: Duration,
}

/// Why TLS cannot be spoken with these files. Messages begin with the setting at fault.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {path}: {fault}")]
pub struct TlsError {
    /// `tls_certificate` or `tls_key`.
    pub field: &'static str,
    /// The file.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub fault: TlsFault,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(io::Error),
    /// It is not PEM, or damaged.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// It holds no certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// It holds no key.
    #[error("there is no private key in it")]
    NoKey,
    /// The key is of a kind that is not supported.
    #[error("this key cannot be used: {0}")]
    BadKey(String),
    /// The key is another certificate's.
    #[error("this is not the key of the certificate")]
    WrongKey,
}

impl TlsError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self.fault {
            TlsFault::Missing => "tls_file_missing",
            TlsFault::Unreadable(_) => "io",
            TlsFault::Damaged(_) => "tls_file_damaged",
            TlsFault::NoCertificate => "tls_no_certificate",
            TlsFault::NoKey => "tls_no_key",
            TlsFault::BadKey(_) => "tls_bad_key",
            TlsFault::WrongKey => "tls_wrong_key",
        }
    }
}

/// What is needed to speak TLS. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    files: TlsFiles,
    loads: Loads,
}

/// The certificate that new connections are shown.
#[derive(Debug)]
struct Shown {
    now: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.now.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Both files as they were read.
struct Read {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: TlsFiles, loads: Loads) -> Result<Tls, TlsError> {
        let shown = Arc::new(Shown { now: RwLock::new(Arc::new(certified(&files, &read(&files)?)?)) });
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| at_key(&files, TlsFault::BadKey(error.to_string())))?;
        let mut config = config.with_no_client_auth().with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        loads.counted(true);
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), shown, files, loads })
    }

    /// What speaks TLS on a connection.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Looks at the files for ever, and shows a new certificate to new connections from the look on that finds
    /// it. What is no good is logged once and looked at again.
    pub async fn watch(self) {
        let mut seen = None;
        loop {
            let tls = self.clone();
            let look = tokio::task::spawn_blocking(move || tls.look(seen));
            match look.await {
                Ok(now) => seen = now,
                Err(error) => {
                    tracing::error!(%error, "the certificate cannot be looked at");
                    seen = None;
                }
            }
            tokio::time::sleep(self.files.look).await;
        }
    }

    /// One look; `seen` is what the look before found, and the answer what this one did.
    fn look(&self, seen: Option<Hash>) -> Option<Hash> {
        let found = read(&self.files);
        let now = match &found {
            Ok(Read { certificate, key }) => {
                Hash::of(&[Hash::of(certificate).0.as_slice(), Hash::of(key).0.as_slice()].concat())
            }
            Err(error) => Hash::of(error.to_string().as_bytes()),
        };
        if seen == Some(now) {
            return seen;
        }
        match found.and_then(|found| certified(&self.files, &found)) {
            Ok(new) => {
                let mut shown = self.shown.now.write().unwrap_or_else(PoisonError::into_inner);
                // Files that were written anew with what they held are no news; nor is the first look.
                if shown.cert != new.cert {
                    *shown = Arc::new(new);
                    self.loads.counted(true);
                    tracing::info!("another certificate is in use");
                }
            }
            Err(error) => {
                self.loads.counted(false);
                tracing::error!(%error, code = error.code(), "the certificate before stays in use");
            }
        }
        Some(now)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

fn at(field: &'static str, path: &Path, fault: TlsFault) -> TlsError {
    TlsError { field, path: path.display().to_string(), fault }
}

fn at_certificate(files: &TlsFiles, fault: TlsFault) -> TlsError {
    at("tls_certificate", &files.certificate, fault)
}

fn at_key(files: &TlsFiles, fault: TlsFault) -> TlsError {
    at("tls_key", &files.key, fault)
}

fn read(files: &TlsFiles) -> Result<Read, TlsError> {
    let bytes = |path: &Path| {
        std::fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => TlsFault::Missing,
            _ => TlsFault::Unreadable(error),
        })
    };
    Ok(Read {
        certificate: bytes(&files.certificate).map_err(|fault| at_certificate(files, fault))?,
        key: bytes(&files.key).map_err(|fault| at_key(files, fault))?,
    })
}

fn certified(files: &TlsFiles, read: &Read) -> Result<CertifiedKey, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read.certificate).collect();
    let chain = chain.map_err(|error| at_certificate(files, TlsFault::Damaged(error.to_string())))?;
    if chain.is_empty() {
        return Err(at_certificate(files, TlsFault::NoCertificate));
    }
    let key = PrivateKeyDer::from_pem_slice(&read.key).map_err(|error| match error {
        PemError::NoItemsFound => at_key(files, TlsFault::NoKey),
        error => at_key(files, TlsFault::Damaged(error.to_string())),
    })?;
    CertifiedKey::from_der(chain, key, &ring::default_provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => at_key(files, TlsFault::WrongKey),
        rustls::Error::InvalidCertificate(error) => at_certificate(files, TlsFault::Damaged(format!("{error:?}"))),
        error => at_key(files, TlsFault::BadKey(error.to_string())),
    })
}
