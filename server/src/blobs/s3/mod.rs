//! Files in a bucket of an S3-compatible store, under one prefix:
//!
//! - `<two digits>/<hash>`: a whole file, as in a folder. Made only where there is none, from bytes
//!   that were hashed before.
//! - `staged/<upload>/<offset>-<length>-<nonce>`: bytes of a file on its way. Never written twice.
//! - `staged/<upload>/whole-<nonce>`, `taken/<nonce>`: a long file while it is put together.
//! - `ledger`: whose files these are.
//!
//! The store answers one request at a time, whole or not at all; so a crash leaves objects that
//! nothing knows of, never half a file under its hash. The calling thread waits: these are calls for
//! threads that may block.

mod assemble;
mod object;
mod staged;
mod writer;

pub(crate) use assemble::Assembly;
pub use object::Object;
pub(super) use staged::STAGED;
pub(super) use writer::Writer;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey, S3CopyIfNotExists};
use object_store::path::Path;
use object_store::{
    BackoffConfig, ClientConfigKey, Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, PutPayload, RetryConfig,
};
use tokio::sync::Semaphore;
use xuncha_core::model::{Hash, LedgerId};

use super::depot::DepotError;
use super::local::MARK;
use crate::sockets::Sockets;

/// Most bytes that are staged, and uploaded, at once. S3 wants 5 MiB at least of each part but the last.
pub(super) const PIECE: usize = 8 * 1024 * 1024;

/// Long files that one process puts together at once; each takes two pieces of memory.
const BUILDERS: usize = 4;

/// How long one request may take, with all of its bytes: a phone may read a long file slowly.
const WHOLE: Duration = Duration::from_secs(60 * 60);

/// How long one request may go without an answer.
const SILENCE: Duration = Duration::from_secs(30);

const CONNECTING: Duration = Duration::from_secs(5);

/// How long a request that failed is tried again before whoever asked hears of it.
const AGAIN: Duration = Duration::from_secs(5);

/// Objects listed together; as many as S3 names in one answer.
const PAGE: usize = 1_000;

/// How long [`Bucket::reachable`] waits.
const GLANCE: Duration = Duration::from_secs(2);

/// Name of the folder of files that come otherwise than by an upload.
pub(super) const TAKEN: &str = "taken";

/// The files of one ledger in a bucket.
#[derive(Clone)]
pub struct Bucket {
    inner: Arc<Inner>,
}

struct Inner {
    store: AmazonS3,
    prefix: Path,
    /// As it was given.
    address: String,
    sockets: Sockets,
    builders: Arc<Semaphore>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bucket({})", self.inner.address)
    }
}

impl Bucket {
    /// The files at `address`, `s3://bucket` or `s3://bucket/prefix`. Who we are and where the store is
    /// stands in the variables `AWS_*` of the environment. Asks nobody yet.
    ///
    /// # Errors
    /// [`DepotError::Address`] when that is no address, or the variables do not fit together.
    pub fn at(address: &str) -> Result<Bucket, DepotError> {
        let wrong = |what: String| DepotError::Address(format!("{address}: {what}"));
        let place = address.strip_prefix("s3://").ok_or_else(|| wrong("does not begin with s3://".into()))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(plain) {
            return Err(wrong("names no bucket".into()));
        }
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|error| wrong(error.to_string()))?;
        // One library for TLS, chosen once for the whole process; whoever chose before chose the same.
        drop(rustls::crypto::ring::default_provider().install_default());
        let retry = RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), ..BackoffConfig::default() },
            max_retries: 3,
            retry_timeout: AGAIN,
        };
        let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
        for (key, value) in [
            (ClientConfigKey::Timeout, WHOLE),
            (ClientConfigKey::ReadTimeout, SILENCE),
            (ClientConfigKey::ConnectTimeout, CONNECTING),
        ] {
            builder = builder.with_config(AmazonS3ConfigKey::Client(key), format!("{} s", value.as_secs()));
        }
        if builder.get_config_value(&AmazonS3ConfigKey::CopyIfNotExists).is_none() {
            builder = builder.with_copy_if_not_exists(S3CopyIfNotExists::Multipart);
        }
        let store = builder.build().map_err(|error| wrong(error.to_string()))?;
        let sockets = Sockets::start("s3").map_err(|error| wrong(error.to_string()))?;
        let (address, builders) = (address.to_owned(), Arc::new(Semaphore::new(BUILDERS)));
        Ok(Bucket { inner: Arc::new(Inner { store, prefix, address, sockets, builders }) })
    }

    /// Whose files these are; none when they are nobody's yet.
    pub(super) fn owner(&self) -> Result<Option<String>, DepotError> {
        match self.wait(async { self.store().get(&self.key(MARK)).await?.bytes().await }) {
            Ok(found) => Ok(Some(String::from_utf8_lossy(&found).into_owned())),
            Err(Error::NotFound { source, .. }) if !source.to_string().contains("NoSuchBucket") => Ok(None),
            Err(error) => Err(self.at_start(&error)),
        }
    }

    /// Says whose files these are, unless somebody was faster.
    pub(super) fn mark(&self, ledger: LedgerId) -> Result<(), DepotError> {
        let mark = PutPayload::from(ledger.to_string().into_bytes());
        match self.wait(self.store().put_opts(&self.key(MARK), mark, PutMode::Create.into())) {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(self.at_start(&error)),
        }
    }

    /// As it was given.
    pub(super) fn address(&self) -> &str {
        &self.inner.address
    }

    fn at_start(&self, error: &Error) -> DepotError {
        let (place, why) = (self.inner.address.clone(), error.to_string());
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } | Error::NotFound { .. } => {
                DepotError::Denied { place, why }
            }
            _ => DepotError::Away { place, why },
        }
    }

    /// Fails when the store does not answer within two seconds, or its files are not ours to read.
    pub(super) fn reachable(&self) -> io::Result<()> {
        let mark = self.key(MARK);
        let asked = async { tokio::time::timeout(GLANCE, self.store().head(&mark)).await };
        match self.wait(asked) {
            Ok(answer) => answer.map(drop).map_err(|error| away(&error)),
            Err(_) => Err(io::Error::new(io::ErrorKind::HostUnreachable, "no answer within two seconds")),
        }
    }

    fn store(&self) -> &AmazonS3 {
        &self.inner.store
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.inner.sockets.wait(work)
    }

    /// Full name of `name`.
    fn key(&self, name: &str) -> Path {
        // The prefix was checked and every name is ours, so nothing of it is escaped.
        name.split('/').fold(self.inner.prefix.clone(), |path, part| path.join(part))
    }

    /// Where the file `hash` lies once it is whole.
    pub(super) fn key_of(&self, hash: &Hash) -> Path {
        let name = hash.to_hex();
        self.key(&format!("{}/{name}", &name[..2]))
    }

    /// Asks for an object or a part of it.
    fn get(&self, path: &Path, options: GetOptions) -> io::Result<GetResult> {
        match self.wait(self.store().get_opts(path, options)) {
            Err(Error::NotFound { .. }) => Err(self.missing(path)),
            found => found.map_err(|error| fault(&error)),
        }
    }

    /// An object is believed to be missing only while our own mark is there: a wrong endpoint, a bucket that is gone
    /// and many a proxy say "not found" as well.
    fn missing(&self, path: &Path) -> io::Error {
        match self.wait(self.store().head(&self.key(MARK))) {
            Ok(_) => io::Error::new(io::ErrorKind::NotFound, format!("{path} is not there")),
            Err(error) => away(&error),
        }
    }

    /// Puts an object; false when there is one and `mode` is to create it.
    fn put(&self, path: &Path, pieces: Vec<Bytes>, mode: PutMode) -> io::Result<bool> {
        let options = PutOptions::from(mode);
        match self.wait(self.store().put_opts(path, pieces.into_iter().collect(), options)) {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(away(&error)),
        }
    }

    /// Has `each` look at every object in the folder `under`.
    pub(super) fn list(
        &self,
        under: &str,
        each: &mut dyn FnMut(&str, &ObjectMeta) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut found = self.store().list(Some(&self.key(under)));
        while let Some(meta) = self.wait(found.try_next()).map_err(|error| away(&error))? {
            each(self.name(&meta.location), &meta)?;
        }
        Ok(())
    }

    /// Up to a thousand objects behind `after`, in the order of their names.
    pub(super) fn page(&self, after: Option<&Path>) -> io::Result<Vec<Path>> {
        let folder = Some(&self.inner.prefix);
        let found = match after {
            None => self.store().list(folder),
            Some(after) => self.store().list_with_offset(folder, after),
        };
        let names = found.map_ok(|meta| meta.location).take(PAGE).try_collect();
        self.wait(names).map_err(|error| away(&error))
    }

    /// Name below the prefix.
    pub(super) fn name<'a>(&self, path: &'a Path) -> &'a str {
        let name = path.as_ref();
        name.strip_prefix(self.inner.prefix.as_ref()).unwrap_or(name).trim_start_matches('/')
    }

    /// Removes objects, by their names; those that are gone already are no fault.
    pub(super) fn remove(&self, names: Vec<String>) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let paths: Vec<_> = names.iter().map(|name| Ok(self.key(name))).collect();
        let gone = self.store().delete_stream(Box::pin(futures_util::stream::iter(paths)));
        match self.wait(gone.try_for_each(|_| async { Ok(()) })) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(away(&error)),
        }
    }

    /// Removes what the name of a folder `under` holds; gives the number of objects.
    pub(super) fn clear(&self, under: &str) -> io::Result<usize> {
        let mut names = Vec::new();
        self.list(under, &mut |name, _| {
            names.push(name.to_owned());
            Ok(())
        })?;
        let count = names.len();
        self.remove(names)?;
        Ok(count)
    }
}

/// The store did not do what it was asked, for a reason that passes: nobody is to draw conclusions.
fn away(error: &Error) -> io::Error {
    io::Error::new(io::ErrorKind::HostUnreachable, error.to_string())
}

fn fault(error: &Error) -> io::Error {
    match error {
        Error::Precondition { .. } => io::Error::new(io::ErrorKind::InvalidData, "altered while it was read"),
        other => away(other),
    }
}
