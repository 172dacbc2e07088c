//! Reading one object, from any byte on.

use std::io::{self, Read};
use std::ops::Range;

use axum::body::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{GetOptions, GetRange};

use super::{Bucket, away};

/// An object that is being read. What comes is always of the object that was opened: if another is put in
/// its place meanwhile, reading fails with `InvalidData`.
pub struct Object {
    bucket: Bucket,
    path: Path,
    tag: Option<String>,
    len: u64,
    /// What is still to be read.
    range: Range<u64>,
    coming: Option<BoxStream<'static, object_store::Result<Bytes>>>,
    came: Bytes,
}

impl Object {
    /// Opens the object at `path`, to be read from its first byte.
    ///
    /// # Errors
    /// `NotFound`; `HostUnreachable` when the store does not answer.
    pub(in super::super) fn open(bucket: &Bucket, path: Path) -> io::Result<Object> {
        let found = bucket.get(&path, GetOptions::default())?;
        let (tag, len) = (found.meta.e_tag.clone(), found.meta.size);
        let coming = Some(found.into_stream());
        Ok(Object { bucket: bucket.clone(), path, tag, len, range: 0..len, coming, came: Bytes::new() })
    }

    /// Its length.
    pub fn whole_len(&self) -> u64 {
        self.len
    }

    /// What the store tells its states apart by.
    pub(in super::super) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// From now on `range` is read.
    pub fn go_to(&mut self, range: Range<u64>) {
        (self.coming, self.came, self.range) = (None, Bytes::new(), range);
    }

    /// The next bytes, as they came; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Bytes>> {
        self.fetch()?;
        let bytes = std::mem::take(&mut self.came);
        self.range.start += bytes.len() as u64;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Has bytes come, unless there are some or it is the end.
    fn fetch(&mut self) -> io::Result<()> {
        while self.came.is_empty() && !self.range.is_empty() {
            let mut coming = match self.coming.take() {
                Some(coming) => coming,
                None => {
                    let options = GetOptions::new()
                        .with_range(Some(GetRange::Bounded(self.range.clone())))
                        .with_if_match(self.tag.clone());
                    self.bucket.get(&self.path, options)?.into_stream()
                }
            };
            match self.bucket.wait(coming.next()) {
                Some(Ok(bytes)) => self.came = bytes,
                Some(Err(error)) => return Err(away(&error)),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
            self.coming = Some(coming);
        }
        let most = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        self.came.truncate(most);
        Ok(())
    }
}

impl Read for Object {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fetch()?;
        let bytes = self.came.split_to(self.came.len().min(buffer.len()));
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.range.start += bytes.len() as u64;
        Ok(bytes.len())
    }
}
