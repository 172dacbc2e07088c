//! What was written is made durable, and said to be, while the next bytes come.

use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use xuncha_core::protocol::ServiceError;

use super::{Folder, sync_folder};
use crate::blobs::intake::BLOCK;
use crate::blobs::{Blobs, disk_failure};
use crate::store::UploadRow;

/// Syncs the file of one upload behind whoever writes it, one sync at a time.
///
/// Dropping it waits until nobody is at work any more: the next request must find the row at rest. What a
/// failed write left behind it, and what was durable before, is said then.
pub(super) struct Settling {
    shared: Arc<Shared>,
}

struct Shared {
    blobs: Arc<Blobs>,
    folder: Folder,
    file: Arc<File>,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    /// The upload; its offset says what the row says.
    row: UploadRow,
    /// Bytes whose writing has ended.
    written: u64,
    /// Bytes that survive a power loss.
    synced: u64,
    /// The name of the file survives one too.
    named: bool,
    work: Work,
    /// The whole file is about to be kept: the row has no need to follow any more.
    ending: bool,
    /// All that is not said yet, and all that is still to come, is within [`AT_STAKE`]: while it comes
    /// fast, the row stays where it is.
    few: bool,
    /// When the row last moved, in milliseconds of the clock that only goes forward.
    said: i64,
    failed: Option<ServiceError>,
}

/// Most bytes of one upload that may have to come again after the server died.
pub(super) const AT_STAKE: u64 = 3 * BLOCK as u64;

/// An upload slower than that has its row moved after every sync, however few bytes it has, in milliseconds.
const SLOW: i64 = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    None,
    /// A thread was asked for. Whoever cannot wait until there is one does it himself.
    Asked,
    UnderWay,
}

impl Settling {
    pub(super) fn new(blobs: Arc<Blobs>, folder: Folder, file: Arc<File>, row: UploadRow) -> Settling {
        let (at, named, few) = (row.offset, row.offset > 0, row.len - row.offset <= AT_STAKE);
        let (work, said) = (Work::None, blobs.host.clock.mono());
        let state = State { row, written: at, synced: at, named, work, ending: false, few, said, failed: None };
        Settling { shared: Arc::new(Shared { blobs, folder, file, state: Mutex::new(state), moved: Condvar::new() }) }
    }

    /// Bytes up to `at` are written, and to be made durable. Does not wait.
    pub(super) fn wrote(&self, at: u64) {
        let mut state = self.shared.lock();
        state.written = at;
        if state.work == Work::None && state.failed.is_none() {
            state.work = Work::Asked;
            let shared = self.shared.clone();
            tokio::task::spawn_blocking(move || drop(shared.work_if(shared.lock(), Work::Asked)));
        }
    }

    /// Nothing comes for a while: the row says soon what is durable, however little that is.
    pub(super) fn rest(&self) {
        self.shared.lock().few = false;
    }

    /// Waits until all up to `at`, which must have been told to [`Settling::wrote`], is durable.
    pub(super) fn wait_for(&self, at: u64) -> Result<(), ServiceError> {
        drop(self.shared.wait(|state| state.synced >= at)?);
        Ok(())
    }

    /// Waits until all that is written is durable and the row says so; gives it.
    pub(super) fn settle(&self) -> Result<UploadRow, ServiceError> {
        let mut state = self.shared.lock();
        (state.ending, state.few) = (false, false);
        drop(state);
        Ok(self.shared.wait(|state| state.written == state.row.offset && state.work == Work::None)?.row.clone())
    }

    /// From now on bytes are synced and the row stays where it is.
    pub(super) fn begin_end(&self) {
        self.shared.lock().ending = true;
    }

    /// Waits until all bytes are durable and nobody moves the row any more; gives it.
    pub(super) fn end(&self) -> Result<UploadRow, ServiceError> {
        let state = self.shared.wait(|state| state.written == state.synced && state.work == Work::None)?;
        Ok(state.row.clone())
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        if !self.shared.lock().ending {
            drop(self.settle());
        }
        let mut state = self.shared.lock();
        state.ending = true;
        if state.work == Work::Asked {
            state.work = Work::None;
        }
        while state.work == Work::UnderWay {
            state = self.shared.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, done: impl Fn(&State) -> bool) -> Result<MutexGuard<'_, State>, ServiceError> {
        let mut state = self.lock();
        loop {
            if let Some(failed) = &state.failed {
                return Err(failed.clone());
            }
            if done(&state) {
                return Ok(state);
            }
            // Every thread may be waiting like this one: then none is left for what was asked.
            state = match state.work {
                Work::Asked => self.work_if(state, Work::Asked),
                Work::None => self.work_if(state, Work::None),
                Work::UnderWay => self.moved.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Works until everything is durable, unless somebody else has taken the work.
    fn work_if<'a>(&'a self, mut state: MutexGuard<'a, State>, before: Work) -> MutexGuard<'a, State> {
        if state.work != before {
            return state;
        }
        state.work = Work::UnderWay;
        while state.failed.is_none() && state.has_work(self.now()) {
            let (written, synced, named) = (state.written, state.synced, state.named);
            let mut row = state.row.clone();
            let speaks = state.row_is_behind(self.now());
            drop(state);
            let done = if speaks { self.say(&mut row, synced, named) } else { self.sync() };
            state = self.lock();
            match done {
                Ok(()) if speaks => {
                    state.row = row;
                    state.named = true;
                    state.said = self.now();
                }
                Ok(()) => state.synced = written,
                Err(error) => state.failed = Some(error),
            }
            self.moved.notify_all();
        }
        state.work = Work::None;
        self.moved.notify_all();
        state
    }

    fn now(&self) -> i64 {
        self.blobs.host.clock.mono()
    }

    fn sync(&self) -> Result<(), ServiceError> {
        self.file.sync_data().map_err(|error| disk_failure(&error))
    }

    /// Moves the row behind what is durable.
    fn say(&self, row: &mut UploadRow, synced: u64, named: bool) -> Result<(), ServiceError> {
        if !named {
            sync_folder(&self.folder.uploads()).map_err(|error| disk_failure(&error))?;
        }
        let before = row.offset;
        row.offset = synced;
        row.touched = self.blobs.host.clock.wall();
        self.blobs.advance(before, row)
    }
}

impl State {
    fn has_work(&self, now: i64) -> bool {
        self.written > self.synced || self.row_is_behind(now)
    }

    /// The row follows every sync, so that it gets somewhere however fast the bytes come; but not where
    /// they are few and come so fast that its commit would only hold up those of others.
    fn row_is_behind(&self, now: i64) -> bool {
        let may_wait = self.few && now - self.said < SLOW;
        self.row.offset < self.synced && !self.ending && !may_wait
    }
}
