//! Where the files of a ledger lie: a folder, or a bucket of an S3-compatible store.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xuncha_core::host::Host;
use xuncha_core::model::{Hash, LedgerId};

use super::local::{Folder, Half};
use super::looks::Version;
use super::s3::{Assembly, Bucket, Object, TAKEN};
use crate::store::StoreError;

/// Longest display copy that is read whole, in bytes; none that a phone or the server makes is as long.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Where the files of one ledger lie. Its calls wait: they are for threads that may block.
///
/// Their errors are [`io::Error`]s: `NotFound` says that a file is missing, `HostUnreachable` that nothing can be said
/// now because the place is away, `StorageFull` that there is no room.
#[derive(Debug, Clone)]
pub enum Depot {
    /// A folder of this machine, or one that several share.
    Folder(Folder),
    /// A bucket that any number of servers share.
    Bucket(Bucket),
}

/// Why files cannot be had from where they are said to lie.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// It is no place.
    #[error("{0}")]
    Address(String),
    /// Nobody answers there.
    #[error("{place}: {why}")]
    Away {
        /// The place.
        place: String,
        /// The cause.
        why: String,
    },
    /// We are not let in, or there is no such bucket.
    #[error("{place}: {why}")]
    Denied {
        /// The place.
        place: String,
        /// The cause.
        why: String,
    },
    /// The files there are another ledger's.
    #[error("{0} holds the files of another ledger")]
    Foreign(String),
    /// No ledger's files are there.
    #[error("{0} holds no ledger's files")]
    Nobodys(String),
    /// No files were ever kept there, and the ledger has some.
    #[error("{0} holds no files, and this ledger has some: name their place with --blobs")]
    Strange(String),
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] StoreError),
    /// A disk's failure.
    #[error("{place}: {source}")]
    Disk {
        /// The folder.
        place: String,
        /// The cause.
        source: io::Error,
    },
}

impl From<Folder> for Depot {
    fn from(folder: Folder) -> Depot {
        Depot::Folder(folder)
    }
}

impl Depot {
    /// The place at `address`, `s3://bucket/prefix` or the whole path of a folder; without one, the folder of
    /// files in the data folder `data`. Looks at nothing yet.
    ///
    /// # Errors
    /// [`DepotError::Address`] when that is no place.
    pub fn at(data: &Path, address: Option<&str>) -> Result<Depot, DepotError> {
        match address {
            None => Ok(Depot::Folder(Folder::of(data))),
            Some(address) if address.contains("://") => Ok(Depot::Bucket(Bucket::at(address)?)),
            Some(path) if Path::new(path).is_absolute() => Ok(Depot::Folder(Folder::shared(Path::new(path)))),
            Some(other) => {
                Err(DepotError::Address(format!("{other}: neither s3://bucket nor the whole path of a folder")))
            }
        }
    }

    /// Whose files lie there, as the place says itself; none when they are nobody's yet. The folder within a data
    /// folder says nothing: it is its ledger's.
    ///
    /// # Errors
    /// When the place is away, or does not let us in.
    pub fn owner(&self) -> Result<Option<String>, DepotError> {
        match self {
            Depot::Folder(folder) if !folder.is_shared() => Ok(None),
            Depot::Folder(folder) => folder.owner().map_err(|source| self.disk(source)),
            Depot::Bucket(bucket) => bucket.owner(),
        }
    }

    /// Makes the place ready for receiving the files of `ledger`; one that is nobody's becomes its own. A crash leaves
    /// it nobody's, or this ledger's.
    ///
    /// # Errors
    /// When it belongs to another ledger, is away, or cannot be written.
    pub fn prepare(&self, ledger: LedgerId) -> Result<(), DepotError> {
        if self.owner()?.is_none() {
            match self {
                Depot::Folder(folder) if !folder.is_shared() => {}
                Depot::Folder(folder) => folder.mark(ledger).map_err(|source| self.disk(source))?,
                Depot::Bucket(bucket) => bucket.mark(ledger)?,
            }
        }
        self.check_owner(ledger)?;
        match self {
            Depot::Folder(folder) => {
                if folder.is_shared() {
                    folder.check_locks().map_err(|source| self.disk(source))?;
                }
                folder.create().map_err(|source| self.disk(source))
            }
            Depot::Bucket(_) => Ok(()),
        }
    }

    /// Fails unless the files here are those of `ledger`. Writes nothing.
    ///
    /// # Errors
    /// When they are another ledger's or nobody's, or the place is away or does not let us in.
    pub fn check_owner(&self, ledger: LedgerId) -> Result<(), DepotError> {
        match (self, self.owner()?) {
            (Depot::Folder(folder), _) if !folder.is_shared() => Ok(()),
            (_, None) => Err(DepotError::Nobodys(self.name())),
            (_, Some(owner)) if owner == ledger.to_string() => Ok(()),
            (_, Some(_)) => Err(DepotError::Foreign(self.name())),
        }
    }

    /// Fails where no ledger's files have ever been, for a ledger that has some: prepared, the wrong place would look
    /// like the right one with every photo lost. Writes nothing.
    ///
    /// # Errors
    /// [`DepotError::Strange`] there, and when the place is away or does not let us in.
    pub(crate) fn check_known(&self) -> Result<(), DepotError> {
        let is_known = match self {
            Depot::Folder(folder) if !folder.is_shared() => folder.root().exists(),
            _ => self.owner()?.is_some(),
        };
        if is_known { Ok(()) } else { Err(DepotError::Strange(self.name())) }
    }

    /// Fails when another ledger's files are there, for one that is not made yet.
    pub(crate) fn check_free(&self) -> Result<(), DepotError> {
        if self.owner()?.is_some() { Err(DepotError::Foreign(self.name())) } else { Ok(()) }
    }

    fn name(&self) -> String {
        match self {
            Depot::Folder(folder) => folder.root().display().to_string(),
            Depot::Bucket(bucket) => bucket.address().to_owned(),
        }
    }

    fn disk(&self, source: io::Error) -> DepotError {
        DepotError::Disk { place: self.name(), source }
    }

    /// Opens a file that is here, to be read from its first byte.
    ///
    /// # Errors
    /// `NotFound` when it is missing, `HostUnreachable` when the place is away.
    pub fn open(&self, hash: &Hash) -> io::Result<Reading> {
        Ok(match self {
            Depot::Folder(folder) => Reading::File(File::open(folder.path(hash))?),
            Depot::Bucket(bucket) => Reading::Object(Box::new(Object::open(bucket, bucket.key_of(hash))?)),
        })
    }

    /// The bytes of a display copy; none when it is not here, or longer than any that a phone or the server makes.
    ///
    /// # Errors
    /// As for [`Depot::open`], but for `NotFound`.
    pub fn whole(&self, hash: &Hash) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match self.open(hash).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)) {
            Ok(_) => Ok((bytes.len() as u64 <= LONGEST).then_some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes in bytes that come otherwise than by an upload. They are durable and have no name until they are kept; a
    /// crash leaves what the sweep removes a day later.
    ///
    /// # Errors
    /// When they cannot be read or written; nothing remains then.
    pub(crate) fn gather(&self, host: &Host, source: &mut dyn Read) -> io::Result<Gathered> {
        let name = URL_SAFE_NO_PAD.encode(host.bytes::<16>());
        Ok(match self {
            Depot::Folder(folder) => Gathered::Half(folder.gather(&name, source)?),
            Depot::Bucket(bucket) => {
                let mut whole = Assembly::new(bucket, format!("{TAKEN}/{name}"));
                whole.add_all(source)?;
                Gathered::Assembly(Box::new(whole))
            }
        })
    }

    /// Takes in the file `hash`; false, and nothing of it stays, when `source` gives other bytes. Durable when this
    /// returns; a crash leaves what [`Depot::gather`] or [`Gathered::keep`] leave.
    ///
    /// # Errors
    /// When the bytes cannot be read or written.
    pub(crate) fn take(&self, host: &Host, hash: &Hash, source: &mut dyn Read) -> io::Result<bool> {
        let gathered = self.gather(host, source)?;
        if gathered.sum().0 != *hash {
            gathered.give_up();
            return Ok(false);
        }
        gathered.keep().map(|()| true)
    }

    /// Number of bytes that the upload `id` has gathered; 0 when there is nothing.
    ///
    /// # Errors
    /// When the place does not say.
    pub fn gathered(&self, id: &str) -> io::Result<u64> {
        match self {
            Depot::Folder(folder) => folder.gathered(id),
            Depot::Bucket(bucket) => bucket.staged(id),
        }
    }

    /// Removes what the upload `id` has gathered. What cannot be removed now the sweep finds.
    pub(super) fn discard(&self, id: &str) {
        match self {
            Depot::Folder(folder) => folder.discard(id),
            Depot::Bucket(bucket) => bucket.discard(id),
        }
    }

    /// Fails when files cannot be had now. Asks once, for at most two seconds.
    pub(super) fn reachable(&self) -> io::Result<()> {
        match self {
            Depot::Folder(folder) => folder.uploads().metadata().map(drop),
            Depot::Bucket(bucket) => bucket.reachable(),
        }
    }
}

/// A file that is being read.
pub enum Reading {
    /// On a disk.
    File(File),
    /// In a bucket.
    Object(Box<Object>),
}

impl Reading {
    /// Length of the whole file.
    ///
    /// # Errors
    /// When the disk does not say.
    pub fn whole_len(&self) -> io::Result<u64> {
        match self {
            Reading::File(file) => file.metadata().map(|found| found.len()),
            Reading::Object(object) => Ok(object.whole_len()),
        }
    }

    /// What state the file is in, as far as its place tells; none where it does not.
    pub(super) fn version(&self) -> io::Result<Option<Version>> {
        match self {
            Reading::File(file) => Version::of_file(file),
            Reading::Object(object) => {
                Ok(object.tag().map(|tag| Version::Object { tag: tag.to_owned(), len: object.whole_len() }))
            }
        }
    }

    /// From now on these bytes are read, and of a file on a disk those behind them.
    ///
    /// # Errors
    /// The disk's.
    pub fn go_to(&mut self, range: Range<u64>) -> io::Result<()> {
        match self {
            Reading::File(file) => file.seek(SeekFrom::Start(range.start)).map(drop),
            Reading::Object(object) => {
                object.go_to(range);
                Ok(())
            }
        }
    }
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Reading::File(file) => file.read(buffer),
            Reading::Object(object) => object.read(buffer),
        }
    }
}

/// All bytes of a file, hashed, and not yet under the name of their hash.
pub(crate) enum Gathered {
    Half(Half),
    Assembly(Box<Assembly>),
}

impl Gathered {
    /// Their hash, their number and the first sixteen.
    pub(crate) fn sum(&self) -> (Hash, u64, &[u8]) {
        match self {
            Gathered::Half(half) => (half.hash, half.len, &half.head),
            Gathered::Assembly(whole) => whole.sum(),
        }
    }

    /// Gives them the name of their hash. Durable when this returns. A crash on the way leaves a file under its
    /// hash that nothing knows of; the same file replaces it, or finds it whole.
    pub(crate) fn keep(self) -> io::Result<()> {
        match self {
            Gathered::Half(half) => half.keep(),
            Gathered::Assembly(whole) => whole.keep(),
        }
    }

    /// Removes them. What cannot be removed now the sweep finds.
    pub(crate) fn give_up(self) {
        match self {
            Gathered::Half(half) => half.give_up(),
            // Gone with this.
            Gathered::Assembly(_) => {}
        }
    }
}
