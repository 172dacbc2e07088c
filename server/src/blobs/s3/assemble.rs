//! Putting a whole file together: hashed first, then given the name of its hash where that is free.

use std::io::{self, Read};

use axum::body::Bytes;
use object_store::path::Path;
use object_store::{CopyMode, CopyOptions, Error, MultipartUpload, ObjectStore as _, PutMode, PutMultipartOptions};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use xuncha_core::model::Hash;

use super::staged::{cover, folder_of};
use super::{Bucket, Object, PIECE, away, fault};
use crate::blobs::local::digest_of;

/// A file that is being put together. One of up to [`PIECE`] bytes waits in memory; a longer one is uploaded
/// under `spot`, with two pieces in memory at most, and copied to its name by the store itself, so that a name is
/// given only where it is free, however long the file.
///
/// Dropped before it is kept, nothing remains of it but what the store keeps of an unfinished upload.
pub(crate) struct Assembly {
    bucket: Bucket,
    /// Name under which a long file is gathered.
    spot: String,
    digest: Sha256,
    len: u64,
    head: Vec<u8>,
    pieces: Vec<Bytes>,
    held: usize,
    long: Option<Long>,
}

struct Long {
    upload: Box<dyn MultipartUpload>,
    _turn: OwnedSemaphorePermit,
}

impl Assembly {
    /// Of nothing yet.
    pub(in super::super) fn new(bucket: &Bucket, spot: String) -> Assembly {
        let (digest, head, pieces) = (Sha256::new(), Vec::new(), Vec::new());
        Assembly { bucket: bucket.clone(), spot, digest, len: 0, head, pieces, held: 0, long: None }
    }

    /// Adds bytes.
    pub(in super::super) fn add(&mut self, mut bytes: Bytes) -> io::Result<()> {
        self.digest.update(&bytes);
        self.len += bytes.len() as u64;
        self.head.extend_from_slice(&bytes[..bytes.len().min(16 - self.head.len())]);
        while self.held + bytes.len() > PIECE {
            let piece = bytes.split_to(PIECE - self.held);
            self.hold(piece);
            self.upload()?;
        }
        self.hold(bytes);
        Ok(())
    }

    fn hold(&mut self, bytes: Bytes) {
        self.held += bytes.len();
        self.pieces.extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
    }

    /// Adds the first `len` bytes of what is staged of `upload`.
    ///
    /// # Errors
    /// `NotFound` when some of them are gone.
    pub(super) fn add_staged(&mut self, upload: &str, len: u64) -> io::Result<()> {
        let runs = self.bucket.runs(upload)?;
        let gap = || io::Error::new(io::ErrorKind::NotFound, format!("{}: bytes are missing", folder_of(upload)));
        for (run, skip, take) in cover(&runs, len).ok_or_else(gap)? {
            let mut object = Object::open(&self.bucket, self.bucket.key(&run.name))?;
            if skip > 0 || take < run.len {
                object.go_to(skip..skip + take);
            }
            while let Some(bytes) = object.next()? {
                self.add(bytes)?;
            }
        }
        Ok(())
    }

    /// Adds all of `source`.
    pub(in super::super) fn add_all(&mut self, source: &mut dyn Read) -> io::Result<()> {
        loop {
            let mut piece = Vec::new();
            source.take(256 * 1024).read_to_end(&mut piece)?;
            if piece.is_empty() {
                return Ok(());
            }
            self.add(piece.into())?;
        }
    }

    /// Hash, length and first bytes of what was added.
    pub(in super::super) fn sum(&self) -> (Hash, u64, &[u8]) {
        (Hash(self.digest.clone().finalize().into()), self.len, &self.head)
    }

    fn upload(&mut self) -> io::Result<()> {
        let bucket = self.bucket.clone();
        let long = match &mut self.long {
            Some(long) => long,
            none => {
                let turn = bucket.wait(bucket.inner.builders.clone().acquire_owned()).map_err(io::Error::other)?;
                let spot = bucket.key(&self.spot);
                let begun = bucket.store().put_multipart_opts(&spot, PutMultipartOptions::default());
                let upload = bucket.wait(begun).map_err(|error| away(&error))?;
                none.insert(Long { upload, _turn: turn })
            }
        };
        self.held = 0;
        let piece = std::mem::take(&mut self.pieces).into_iter().collect();
        bucket.wait(long.upload.put_part(piece)).map_err(|error| away(&error))
    }

    /// Gives what was added the name of its hash, which must be [`Assembly::sum`]'s. Durable when this returns.
    pub(in super::super) fn keep(mut self) -> io::Result<()> {
        let (hash, len, _) = self.sum();
        let path = self.bucket.key_of(&hash);
        if self.long.is_none() {
            let pieces = std::mem::take(&mut self.pieces);
            let is_new = self.bucket.put(&path, pieces.clone(), PutMode::Create)?;
            if !is_new && !self.bucket.is_sound(&path, &hash, len)? {
                self.bucket.put(&path, pieces, PutMode::Overwrite)?;
            }
            return Ok(());
        }
        if self.held > 0 {
            self.upload()?;
        }
        if let Some(long) = &mut self.long {
            self.bucket.wait(long.upload.complete()).map_err(|error| away(&error))?;
        }
        self.long = None;
        let is_new = self.bucket.copy(&self.spot, &path, CopyMode::Create)?;
        if !is_new && !self.bucket.is_sound(&path, &hash, len)? {
            self.bucket.copy(&self.spot, &path, CopyMode::Overwrite)?;
        }
        self.bucket.remove(vec![self.spot.clone()])
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        if let Some(mut long) = self.long.take()
            && let Err(error) = self.bucket.wait(long.upload.abort())
        {
            tracing::warn!(%error, "what was uploaded of a file could not be given up");
        }
    }
}

impl Bucket {
    /// Copies an object within the store; false when there is one and `mode` is to create it.
    pub(super) fn copy(&self, from: &str, to: &Path, mode: CopyMode) -> io::Result<bool> {
        match self.wait(self.store().copy_opts(&self.key(from), to, CopyOptions::new().with_mode(mode))) {
            Ok(()) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(fault(&error)),
        }
    }

    /// True when the object that bears the name of `hash` already is that file.
    fn is_sound(&self, path: &Path, hash: &Hash, len: u64) -> io::Result<bool> {
        let mut object = match Object::open(self, path.clone()) {
            Ok(object) => object,
            // Given up by whoever was about to put it there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(object.whole_len() == len && digest_of(&mut object)? == (*hash, len))
    }
}
