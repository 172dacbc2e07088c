//! Bytes of a file on its way: each run of them is an object of its own, so that any process can go on
//! behind it.
//!
//! Two processes may stage the same bytes at once; their names differ, and the row moves for one of
//! them only. The other's do no harm: both are bytes that one device sent for one place of one file, and
//! what is put together from them is kept only if it is that file.

use std::io;

use axum::body::Bytes;
use object_store::PutMode;

use super::Bucket;

/// Name of the folder of everything on its way.
pub(in super::super) const STAGED: &str = "staged";

/// A run of bytes of one upload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Run {
    /// Where in the file it begins.
    pub(super) at: u64,
    /// Its length in bytes.
    pub(super) len: u64,
    /// Full name below the prefix.
    pub(super) name: String,
}

impl Run {
    fn end(&self) -> u64 {
        self.at + self.len
    }

    /// Reads a name that [`name_of`] gave.
    fn read(name: &str) -> Option<Run> {
        let (_, last) = name.rsplit_once('/')?;
        let mut parts = last.splitn(3, '-');
        let (at, len) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().map(|_| Run { at, len, name: name.to_owned() })
    }
}

/// The folder of one upload.
pub(super) fn folder_of(upload: &str) -> String {
    format!("{STAGED}/{upload}")
}

/// Name for `len` bytes of `upload` that belong at `at`; nobody else gives the same.
pub(super) fn name_of(upload: &str, at: u64, len: u64, nonce: &str) -> String {
    format!("{STAGED}/{upload}/{at:012}-{len}-{nonce}")
}

/// Name for bytes that count for nothing unless they are what was promised.
pub(super) fn promised_name_of(upload: &str, at: u64, len: u64, nonce: &str) -> String {
    format!("{STAGED}/{upload}/promised-{at:012}-{len}-{nonce}")
}

impl Bucket {
    /// Puts bytes under `name`, where any process can read them.
    pub(super) fn stage(&self, name: &str, pieces: Vec<Bytes>) -> io::Result<()> {
        // No name comes twice; only a request that is sent again after its answer was lost finds it there.
        self.put(&self.key(name), pieces, PutMode::Overwrite).map(drop)
    }

    /// Number of bytes that are staged of `upload`, from its first on and without a gap.
    pub(in super::super) fn staged(&self, upload: &str) -> io::Result<u64> {
        let runs = self.runs(upload)?;
        Ok(runs.iter().fold(0, |end, run| if run.at <= end { end.max(run.end()) } else { end }))
    }

    /// Removes all that is staged of `upload`.
    pub(in super::super) fn discard(&self, upload: &str) {
        if let Err(error) = self.clear(&folder_of(upload)) {
            tracing::warn!(%error, "an upload could not be removed");
        }
    }

    /// What is staged of `upload`, in order.
    pub(super) fn runs(&self, upload: &str) -> io::Result<Vec<Run>> {
        let mut runs = Vec::new();
        self.list(&folder_of(upload), &mut |name, meta| {
            runs.extend(Run::read(name).filter(|run| run.len == meta.size));
            Ok(())
        })?;
        runs.sort();
        Ok(runs)
    }
}

/// The runs that give the first `len` bytes, each with the bytes of it that are skipped and those that are taken;
/// none when there is a gap.
pub(super) fn cover(runs: &[Run], len: u64) -> Option<Vec<(&Run, u64, u64)>> {
    let (mut at, mut chosen) = (0, Vec::new());
    while at < len {
        // The one that reaches farthest.
        let next = runs.iter().filter(|run| run.at <= at && at < run.end()).max_by_key(|run| run.end())?;
        let end = next.end().min(len);
        chosen.push((next, at - next.at, end - at));
        at = end;
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(list: &[(u64, u64)]) -> Vec<Run> {
        list.iter().map(|(at, len)| Run { at: *at, len: *len, name: name_of("u", *at, *len, "n") }).collect()
    }

    fn covered(list: &[(u64, u64)], len: u64) -> Option<Vec<(u64, u64, u64)>> {
        let runs = runs(list);
        Some(cover(&runs, len)?.into_iter().map(|(run, skip, take)| (run.at, skip, take)).collect())
    }

    #[test]
    fn runs_are_put_together_without_a_gap_whoever_staged_them() {
        assert_eq!(covered(&[(0, 8), (8, 8), (16, 3)], 19), Some(vec![(0, 0, 8), (8, 0, 8), (16, 0, 3)]));
        assert_eq!(covered(&[(0, 8), (0, 5), (5, 10)], 15), Some(vec![(0, 0, 8), (5, 3, 7)]));
        assert_eq!(covered(&[(0, 8), (8, 8)], 10), Some(vec![(0, 0, 8), (8, 0, 2)]));
        assert_eq!(covered(&[], 0), Some(vec![]));
        assert_eq!(covered(&[(0, 8), (9, 8)], 17), None);
        assert_eq!(covered(&[(1, 8)], 9), None);
        assert_eq!(covered(&[(0, 8)], 9), None);
    }

    #[test]
    fn a_name_says_where_its_bytes_belong_and_other_names_say_nothing() {
        let run = Run::read(&name_of("ab-c_", 8, 5, "x-y")).unwrap();
        assert_eq!((run.at, run.len), (8, 5));
        let promised = promised_name_of("u", 8, 5, "x");
        for other in [&*promised, "staged/u/whole-x", "staged/u/8-5", "x", "staged/u/8-x-5"] {
            assert_eq!(Run::read(other), None, "{other}");
        }
    }
}
