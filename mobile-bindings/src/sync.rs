//! Sending and fetching.

use std::sync::Arc;

use xuncha_core::notebook::EnrolAgain;
use xuncha_core::sync::{self, FilePolicy, Restored, SyncOptions, When};

use crate::host::{Told, conditions};
use crate::{FieldError, Notebook, ProgressListener};

/// What a sync is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Step {
    /// Sending ops.
    Pushing {
        /// Ops answered so far.
        done: u64,
        /// Ops that waited when the sync began.
        total: u64,
    },
    /// Fetching rows.
    Pulling {
        /// Rows stored so far.
        rows: u64,
    },
    /// Sending files.
    Uploading {
        /// Bytes sent so far.
        bytes: u64,
        /// Bytes of all files that this sync sends.
        total: u64,
        /// Files that the server has whole so far.
        files: u64,
    },
    /// Waiting before the next attempt.
    Waiting {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// The sync has ended well.
    Done,
}

impl Step {
    /// None for what only a later core knows.
    pub(crate) fn of(step: sync::Step) -> Option<Step> {
        Some(match step {
            sync::Step::Pushing { done, total } => Step::Pushing { done, total },
            sync::Step::Pulling { rows } => Step::Pulling { rows },
            sync::Step::Uploading { bytes, total, files } => Step::Uploading { bytes, total, files },
            sync::Step::Waiting { millis } => Step::Waiting { millis },
            sync::Step::Done => Step::Done,
            _ => return None,
        })
    }
}

/// Under which conditions files of one role are sent.
#[uniffi::remote(Enum)]
pub enum When {
    /// Not at all.
    Never,
    /// Over any network.
    Always,
    /// Over a network that is not metered.
    Unmetered,
    /// Over a Wi-Fi that is not metered.
    Wifi,
    /// Over a Wi-Fi that is not metered, while the phone is charging.
    WifiAndCharging,
}

/// Which files are sent when. Thumbnails always are: they are as small as a finding.
#[uniffi::remote(Record)]
pub struct FilePolicy {
    /// Display copies, a few hundred kilobytes each; a finding can be reviewed once they are there.
    pub displays: When,
    /// Originals, some megabytes each.
    pub originals: When,
}

/// A ledger was restored from a backup and goes on in a new epoch.
#[uniffi::remote(Record)]
pub struct Restored {
    /// The new epoch.
    pub epoch: u32,
    /// Entries of the old one that are still there.
    pub floor: u64,
    /// Ops of this notebook that are said again because they may not be among them.
    pub said_again: u64,
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, uniffi::Record)]
pub struct Synced {
    /// Ops sent.
    pub pushed: u64,
    /// Ops that count.
    pub accepted: u64,
    /// Ops turned down, or not readable for the server; see `refused`.
    pub refused: u64,
    /// Ops that count, with a field in conflict; see `conflicts`.
    pub conflicts: u64,
    /// Ops that the server had judged before.
    pub duplicates: u64,
    /// Ops that the server cannot judge yet.
    pub held: u64,
    /// Rows fetched.
    pub pulled_rows: u64,
    /// Requests that were made.
    pub requests: u64,
    /// Server's clock minus ours in milliseconds.
    pub offset_ms: i64,
    /// Rows dropped because no scope shows them any more.
    pub dropped: u64,
    /// Catalogues fetched.
    pub documents: u64,
    /// Files that the server has whole now.
    pub files_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Files that still wait.
    pub files_waiting: u64,
    /// Those of them that the server did not take, or that are damaged here.
    pub file_faults: u64,
    /// There was not network enough for the files; the ops are done.
    pub files_offline: bool,
    /// The ledger was restored from a backup, and this phone has followed it; for people to know.
    pub restored: Option<Restored>,
    /// The device must enrol again before the next sync; nothing is lost.
    pub must_enrol_again: Option<EnrolAgain>,
}

impl From<sync::Synced> for Synced {
    fn from(synced: sync::Synced) -> Synced {
        Synced {
            pushed: synced.pushed,
            accepted: synced.accepted,
            refused: synced.refused,
            conflicts: synced.conflicts,
            duplicates: synced.duplicates,
            held: synced.held,
            pulled_rows: synced.pulled_rows,
            requests: synced.requests,
            offset_ms: synced.offset_ms,
            dropped: synced.dropped,
            documents: synced.documents,
            files_sent: synced.files_sent,
            bytes_sent: synced.bytes_sent,
            files_waiting: synced.files_waiting,
            file_faults: synced.file_faults,
            files_offline: synced.files_offline,
            restored: synced.restored,
            must_enrol_again: synced.must_enrol_again,
        }
    }
}

#[uniffi::export]
impl Notebook {
    /// Sends everything that waits and fetches everything that changed, for everybody who is signed in; one request
    /// when there is neither. `files` says which files may be sent under the app's `Conditions`; left out: display
    /// copies always, originals over Wi-Fi. With `attempts` of 1 nothing is asked again.
    ///
    /// Cancelling the coroutine, `cancel`, `suspend` and a kill leave a consistent notebook; what was fetched so
    /// far stays.
    ///
    /// Throws `Later` without a network or while another sync is under way, `SignIn` before the first enrolment,
    /// `Refused` when the server says no or shows what cannot be trusted.
    #[uniffi::method(default(progress = None, files = None, attempts = 3))]
    pub async fn sync(
        &self,
        progress: Option<Arc<dyn ProgressListener>>,
        files: Option<FilePolicy>,
        attempts: u32,
    ) -> Result<Synced, FieldError> {
        let (core, server) = (self.core()?, self.server()?);
        let conditions = conditions(self.host.conditions.as_ref())?;
        let policy = files.unwrap_or_default();
        let options = SyncOptions { attempts: attempts.max(1), conditions, policy, ..SyncOptions::default() };
        let syncing = async move {
            let told = Told::new(progress);
            let synced = core.sync_with(&server, &told, &options).await?;
            match told.fault() {
                Some(fault) => Err(FieldError::invalid("listener", &fault)),
                None => Ok(Synced::from(synced)),
            }
        };
        self.errands.run(syncing).await
    }
}
