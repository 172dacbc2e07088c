//! Moving files to another place.

use std::collections::HashSet;
use std::io;

use xuncha_core::host::Host;
use xuncha_core::model::{Hash, LedgerId};

use super::{Result, unfit};
use crate::backup::Lack;
use crate::blobs::{Depot, copied};
use crate::store::{self, BlobRow};

/// Rows looked at together.
const PAGE: u32 = 1_000;

/// Files on their way to another place.
pub(super) struct FileMove<'a> {
    from: &'a Depot,
    to: &'a Depot,
    host: &'a Host,
    seen: HashSet<Hash>,
    /// How many are there now.
    pub(super) files: u64,
    /// Those that are not what they should be, and stay behind.
    pub(super) lacks: Vec<Lack>,
}

impl<'a> FileMove<'a> {
    pub(super) fn new(from: &'a Depot, to: &'a Depot, host: &'a Host) -> FileMove<'a> {
        FileMove { from, to, host, seen: HashSet::new(), files: 0, lacks: Vec::new() }
    }

    /// Copies every file of `ledger` that `page` tells of, but those that were copied before or that an earlier call
    /// left there. Each is durable under its hash before the next; a crash leaves what the sweep removes.
    pub(super) fn take_all(
        &mut self,
        ledger: LedgerId,
        mut page: impl FnMut(Option<Hash>, u32) -> store::Result<Vec<BlobRow>>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        self.to.prepare(ledger)?;
        let mut after = None;
        loop {
            let rows = page(after, PAGE)?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.hash);
            for blob in &rows {
                self.take(blob)?;
                let done = self.seen.len() as u64;
                progress(done, done);
            }
        }
    }

    fn take(&mut self, blob: &BlobRow) -> Result<()> {
        // What is known to be lost is lost there too; a phone that holds it sends it again.
        if !blob.whole || !self.seen.insert(blob.hash) {
            return Ok(());
        }
        match self.copy(blob) {
            Ok(None) => self.files += 1,
            Ok(Some(state)) => self.lacks.push(Lack { hash: blob.hash, state, kept: blob.kept }),
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
        let taken = copied(self.from.open(&blob.hash), |source| self.to.take(self.host, &blob.hash, source))?;
        Ok(match taken {
            Some(true) => None,
            Some(false) => Some("altered"),
            None => Some("missing"),
        })
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
