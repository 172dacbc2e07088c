//! The bytes of one file as they go out, and which file may go next.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use super::SyncOptions;
use crate::protocol::Content;
use crate::store::WaitingFile;

/// The next file begins early behind one whose bytes went out within this time, in milliseconds: on a slow
/// line the two would only hold each other up.
const QUICK: i64 = 2_000;

/// How far one file was read for sending.
pub(super) struct Meter {
    read: AtomicU64,
    len: u64,
    /// Whom it concerns that all was.
    whole: Option<Arc<Notify>>,
}

impl Meter {
    /// Bytes up to `at` are read, or with the server since before.
    pub(super) fn reach(&self, at: u64) {
        let before = self.read.fetch_max(at, Ordering::Relaxed);
        if let Some(whole) = self.whole.as_ref().filter(|_| before < self.len && at >= self.len) {
            whole.notify_one();
        }
    }

    fn is_at_end(&self) -> bool {
        self.read.load(Ordering::Relaxed) >= self.len
    }
}

/// The files of one sync, in their order.
pub(super) struct Flow {
    meters: Vec<Arc<Meter>>,
    /// Index of each file on its way, and since when.
    running: Vec<(usize, i64)>,
    begun: usize,
    most: usize,
    ahead: bool,
    moved: Arc<Notify>,
}

impl Flow {
    pub(super) fn new(files: &[WaitingFile], options: &SyncOptions) -> Flow {
        let moved = Arc::new(Notify::new());
        let whole = options.ahead.then(|| moved.clone());
        let meter = |file: &WaitingFile| Meter { read: 0.into(), len: file.blob.len, whole: whole.clone() };
        let meters = files.iter().map(|file| Arc::new(meter(file))).collect();
        Flow { meters, running: Vec::new(), begun: 0, most: options.in_flight.max(1), ahead: options.ahead, moved }
    }

    /// The files, by their index, that begin at `now` (milliseconds of the clock that only goes forward).
    pub(super) fn begin(&mut self, now: i64) -> std::ops::Range<usize> {
        let is_away = |&(file, since): &(usize, i64)| self.meters[file].is_at_end() && now - since < QUICK;
        let away = if self.ahead { self.running.iter().filter(|file| is_away(file)).count() } else { 0 };
        let room = self.most - (self.running.len() - away).min(self.most);
        let free = room.min((2 * self.most).saturating_sub(self.running.len()));
        let next = self.begun..self.meters.len().min(self.begun + free);
        self.running.extend(next.clone().map(|file| (file, now)));
        self.begun = next.end;
        next
    }

    /// The attempt with this file is over.
    pub(super) fn end(&mut self, file: usize) {
        self.running.retain(|(running, _)| *running != file);
    }

    /// Of the file with this index.
    pub(super) fn meter(&self, file: usize) -> Arc<Meter> {
        self.meters[file].clone()
    }

    /// Bytes that were read, over all files.
    pub(super) fn bytes(&self) -> u64 {
        self.meters.iter().map(|meter| meter.read.load(Ordering::Relaxed)).sum()
    }

    /// Ready when all of a file was read, and another may be free to begin.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }
}

/// A file of the notebook, read piece by piece.
pub(super) struct FileContent {
    file: File,
    meter: Arc<Meter>,
}

impl FileContent {
    pub(super) fn open(path: &Path, len: u64, meter: Arc<Meter>) -> io::Result<FileContent> {
        let file = File::open(path)?;
        let found = file.metadata()?.len();
        if found != len {
            return Err(io::Error::other(format!("the file has {found} bytes instead of {len}")));
        }
        Ok(FileContent { file, meter })
    }

    /// The server has the bytes up to `at` from before.
    pub(super) fn skip_to(&self, at: u64) {
        self.meter.reach(at);
    }
}

impl Content for FileContent {
    fn len(&self) -> u64 {
        self.meter.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&self.file, buffer, offset)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&self.file, buffer, offset)?;
        self.meter.reach(offset + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::{BlobRef, Hash};

    fn flow(in_flight: usize, ahead: bool) -> Flow {
        let file = |number: u8| WaitingFile {
            blob: BlobRef {
                hash: Hash([number; 32]),
                len: 100,
                media_type: "image/jpeg".into(),
                role: "original".into(),
            },
            path: PathBuf::new(),
            tried: 0,
            code: None,
        };
        let files: Vec<_> = (0..9).map(file).collect();
        Flow::new(&files, &SyncOptions { in_flight, ahead, ..SyncOptions::default() })
    }

    #[test]
    fn the_next_file_begins_once_all_of_one_before_is_away() {
        let mut flow = flow(2, true);
        assert_eq!((flow.begin(0), flow.begin(0)), (0..2, 2..2));
        flow.meter(0).reach(99);
        assert_eq!(flow.begin(1), 2..2);
        flow.meter(0).reach(100);
        flow.meter(1).reach(100);
        assert_eq!(flow.begin(1), 2..4);
        flow.meter(2).reach(100);
        flow.meter(3).reach(100);
        assert_eq!(flow.begin(1), 4..4, "four requests are open");
        flow.end(1);
        assert_eq!(flow.begin(1), 4..5);
        assert_eq!(flow.bytes(), 400);
    }

    #[test]
    fn on_a_slow_line_and_where_it_is_not_wanted_a_file_waits_for_the_reply() {
        for (mut flow, took) in [(flow(1, false), 0), (flow(1, true), QUICK)] {
            assert_eq!(flow.begin(0), 0..1);
            flow.meter(0).reach(100);
            assert_eq!(flow.begin(took), 1..1);
            flow.end(0);
            assert_eq!(flow.begin(took), 1..2);
        }
    }
}
