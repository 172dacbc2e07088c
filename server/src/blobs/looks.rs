//! What files were found to be when they were last read to the end, remembered for a moment.
//!
//! A file that goes out is held against its hash first. For a long one, and for one that was found altered, that means
//! reading all of it though only a byte of it, or nothing, is given: whoever asks again and again would have the server
//! do nothing else. So what was found counts for a minute, and only while the file is the same by all that its place
//! says of it (on a disk: inode, length, time of the last change to it; in a bucket: its tag and length). Whatever is
//! put back or written over is another by these, and looked at at once. A bit that rots leaves them alone: that is
//! seen when the minute is over, no later than it is between the hashing of a long file and its last byte going out.
//!
//! Short files that are whole are not remembered: what goes out of them are the very bytes that were hashed.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use xuncha_core::model::Hash;

/// How long what was found counts, in milliseconds.
const LIFE: i64 = 60_000;

/// Files remembered at once.
const MOST: usize = 4_096;

/// Locks for those who read: two that want the same file share one, so that the second finds what the first found.
const TURNS: usize = 16;

/// One state of one file, as far as that can be told without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Version {
    /// On a disk.
    File { inode: u64, len: u64, modified: (i64, i64), changed: (i64, i64) },
    /// In a bucket.
    Object { tag: String, len: u64 },
}

impl Version {
    /// Of a file that is open; none on a system that does not number its files.
    pub(super) fn of_file(file: &std::fs::File) -> io::Result<Option<Version>> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let found = file.metadata()?;
            // The time of the change cannot be set by hand, as that of the last writing can (`cp -p`).
            let (modified, changed) = ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()));
            Ok(Some(Version::File { inode: found.ino(), len: found.len(), modified, changed }))
        }
        #[cfg(not(unix))]
        {
            let _ = file;
            Ok(None)
        }
    }
}

struct Look {
    of: Version,
    whole: bool,
    at: i64,
}

/// What was found lately.
#[derive(Default)]
pub(super) struct Looks {
    found: Mutex<HashMap<Hash, Look>>,
    turns: [Mutex<()>; TURNS],
}

impl Looks {
    /// Whether the file of `hash`, which is in the state `version`, is whole: as it was found less than a minute
    /// before `now`, else as `read` finds it. The state must have been asked for before `read` begins: a file that is
    /// changed meanwhile is in another state afterwards, and what is remembered here is of none.
    ///
    /// # Errors
    /// Those of `read`; nothing is remembered then.
    pub(super) fn is_whole<E>(
        &self,
        hash: &Hash,
        version: Option<Version>,
        now: i64,
        read: impl FnOnce() -> Result<bool, E>,
    ) -> Result<bool, E> {
        let Some(version) = version else { return read() };
        let turn = self.turns[usize::from(hash.0[0]) % TURNS].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole) = self.known(hash, &version, now) {
            return Ok(whole);
        }
        let whole = read()?;
        self.remember(*hash, Look { of: version, whole, at: now });
        drop(turn);
        Ok(whole)
    }

    fn known(&self, hash: &Hash, version: &Version, now: i64) -> Option<bool> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.get(hash).filter(|look| look.of == *version && is_fresh(look, now)).map(|look| look.whole)
    }

    fn remember(&self, hash: Hash, look: Look) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= MOST && !found.contains_key(&hash) {
            found.retain(|_, old| is_fresh(old, look.at));
            let oldest = found.iter().min_by_key(|(_, old)| old.at).map(|(hash, _)| *hash);
            if let Some(oldest) = oldest.filter(|_| found.len() >= MOST) {
                found.remove(&oldest);
            }
        }
        found.insert(hash, look);
    }
}

fn is_fresh(look: &Look, now: i64) -> bool {
    (0..LIFE).contains(&(now - look.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(len: u64) -> Option<Version> {
        Some(Version::Object { tag: "t".into(), len })
    }

    /// Whether it is whole, and whether it was read for that.
    fn ask(looks: &Looks, hash: Hash, version: Option<Version>, now: i64, whole: bool) -> (bool, bool) {
        let mut read = false;
        let found = looks.is_whole(&hash, version, now, || {
            read = true;
            Ok::<_, io::Error>(whole)
        });
        (found.unwrap(), read)
    }

    #[test]
    fn what_was_found_counts_for_a_minute_and_for_that_state_of_the_file_alone() {
        let (looks, hash) = (Looks::default(), Hash::of(b"a"));
        assert_eq!(ask(&looks, hash, version(1), 0, false), (false, true));
        assert_eq!(ask(&looks, hash, version(1), LIFE - 1, true), (false, false));
        assert_eq!(ask(&looks, hash, version(2), 1, true), (true, true));
        assert_eq!(ask(&looks, hash, version(1), 2, false), (false, true), "only the last state is known");
        assert_eq!(ask(&looks, hash, version(1), 2 + LIFE, true), (true, true));
        assert_eq!(ask(&looks, Hash::of(b"b"), version(1), 3, false), (false, true));
        assert_eq!(ask(&looks, hash, None, 3, false), (false, true), "of what has no state nothing is known");
    }

    #[test]
    fn no_more_files_are_remembered_than_there_is_room_for_and_the_oldest_goes_first() {
        let (looks, of) = (Looks::default(), |number: usize| Hash::of(&number.to_le_bytes()));
        for number in 0..=MOST {
            ask(&looks, of(number), version(1), number as i64, true);
        }
        assert_eq!(looks.found.lock().unwrap().len(), MOST);
        let now = MOST as i64;
        assert_eq!(ask(&looks, of(1), version(1), now, true), (true, false));
        assert_eq!(ask(&looks, of(0), version(1), now, true), (true, true));
        ask(&looks, of(MOST + 1), version(1), now + LIFE, true);
        assert_eq!(looks.found.lock().unwrap().len(), 1, "what is over is dropped together");
    }

    #[test]
    fn what_cannot_be_read_is_not_remembered() {
        let (looks, hash) = (Looks::default(), Hash::of(b"a"));
        assert!(looks.is_whole(&hash, version(1), 0, || Err(())).is_err());
        assert_eq!(ask(&looks, hash, version(1), 0, true), (true, true));
    }
}
