//! Moving files to another place.

use std::collections::HashSet;
use std::io;

use serde::Serialize;
use xuncha_core::host::Host;
use xuncha_core::model::Hash;

use super::{MoveError, Result, unfit};
use crate::blobs::Depot;
use crate::store::BlobRow;

/// Files that were looked at, and where they go.
pub(super) struct Cargo<'a> {
    from: &'a Depot,
    to: &'a Depot,
    host: &'a Host,
    done: HashSet<Hash>,
    /// Files that are there now.
    pub(super) files: u64,
    /// Files that could not be moved, because they are not what they should be.
    pub(super) lacks: Vec<Lack>,
}

/// A file that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The file.
    pub hash: Hash,
    /// `missing` or `altered`.
    pub state: &'static str,
}

impl<'a> Cargo<'a> {
    pub(super) fn new(from: &'a Depot, to: &'a Depot, host: &'a Host) -> Cargo<'a> {
        Cargo { from, to, host, done: HashSet::new(), files: 0, lacks: Vec::new() }
    }

    /// Copies a file, unless that was done before or an earlier call has left it there. Durable under its hash
    /// when this returns; a crash leaves what the sweep removes.
    pub(super) fn take(&mut self, blob: &BlobRow) -> Result<()> {
        // What is known to be lost is lost there too; a phone that holds it sends it again.
        if !blob.whole || !self.done.insert(blob.hash) {
            return Ok(());
        }
        match self.copy(blob) {
            Ok(None) => self.files += 1,
            Ok(Some(state)) => self.lacks.push(Lack { hash: blob.hash, state }),
            Err(error) => return failed(&blob.hash, &error),
        }
        Ok(())
    }

    fn copy(&self, blob: &BlobRow) -> io::Result<Option<&'static str>> {
        match self.to.open(&blob.hash).and_then(|there| there.whole_len()) {
            Ok(len) if len == blob.len => return Ok(None),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut source = match self.from.open(&blob.hash) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some("missing")),
            source => source?,
        };
        let gathered = self.to.gather(self.host, &mut source)?;
        if gathered.sum().0 != blob.hash {
            gathered.give_up();
            return Ok(Some("altered"));
        }
        gathered.keep().map(|()| None)
    }
}

fn failed<T>(hash: &Hash, error: &io::Error) -> Result<T> {
    let code = match error.kind() {
        io::ErrorKind::StorageFull => "storage_full",
        io::ErrorKind::HostUnreachable => "blobs_away",
        _ => "io",
    };
    unfit(code, format!("file {hash}: {error}"))
}

impl From<crate::blobs::DepotError> for MoveError {
    fn from(error: crate::blobs::DepotError) -> MoveError {
        MoveError::Depot(error)
    }
}
