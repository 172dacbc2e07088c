//! The phone's errands: push what was said, pull what changed, upload what was promised.
//!
//! An errand holds the store only between awaits, so recording goes on while it runs, and dropping
//! it at any await leaves a consistent notebook: what was sent without an answer is asked for and
//! sent again. It starts no task of its own.

mod content;
mod documents;
mod epoch;
mod handover;
mod http;
mod login;
mod policy;
mod pull;
mod push;
mod retry;
#[cfg(any(target_os = "android", test))]
mod roots;
mod trust;
mod tus;
mod upload;

pub use handover::UploadPart;
pub use http::{Carried, HttpService, Wire};
pub use policy::{Conditions, FilePolicy, When};
pub use retry::SyncOptions;

pub(crate) use retry::ask;

use crate::host::Host;
use crate::model::{Code, Time};
use crate::plan::Scope;
use crate::protocol::SyncService;
use crate::store::{Account, Door, EnrolAgain, Login, Membership, Tally};
use crate::{Error, Result};
use serde::Serialize;
use std::task::Poll;

/// What a sync is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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

/// Is told what a sync is doing; `()` does not listen.
pub trait Progress: Send + Sync {
    /// The sync has come to `step`. Must return quickly.
    fn step(&self, step: Step);
}

impl Progress for () {
    fn step(&self, _: Step) {}
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synced {
    /// Ops sent.
    pub pushed: u64,
    /// Ops that count.
    pub accepted: u64,
    /// Ops turned down, or not readable for the server.
    pub refused: u64,
    /// Ops that count, with a field in conflict.
    pub conflicts: u64,
    /// Ops that the server had judged before; they are counted under their verdict too.
    pub duplicates: u64,
    /// Ops that the server cannot judge yet.
    pub held: u64,
    /// Rows fetched.
    pub pulled_rows: u64,
    /// Requests that got a reply, whatever it said, or none.
    pub requests: u64,
    /// Server's clock minus ours in milliseconds, as measured last.
    pub offset_ms: i64,
    /// Rows dropped because no scope shows them any more.
    pub dropped: u64,
    /// Scopes whose checksum was not the server's; they were fetched anew, once.
    pub refetched: Vec<Scope>,
    /// Catalogues fetched.
    pub documents: u64,
    /// Files that the server has whole now.
    pub files_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Files that still wait, for a better network, for their op, or because they are stuck.
    pub files_waiting: u64,
    /// Those of them that the server did not take, or that are damaged here.
    pub file_faults: u64,
    /// There was not network enough for the files; the ops are done.
    pub files_offline: bool,
    /// The ledger was restored from a backup, and this phone has followed it; for people to know.
    pub restored: Option<Restored>,
    /// Ops said again under another login of the same person, because the ledger, restored from a
    /// backup, does not know the one under which they were recorded.
    pub said_anew: u64,
    /// The device must enrol again before the next sync; nothing is lost.
    pub must_enrol_again: Option<EnrolAgain>,
}

/// A ledger was restored from a backup and goes on in a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Restored {
    /// The new epoch.
    pub epoch: u32,
    /// Entries of the old one that are still there.
    pub floor: u64,
    /// Ops of this notebook that are said again because they may not be among them; what is there
    /// after all counts once.
    pub said_again: u64,
}

impl Synced {
    fn add(&mut self, tally: &Tally) {
        self.accepted += tally.accepted;
        self.conflicts += tally.conflicts;
        self.said_anew += tally.said_anew;
        self.refused += tally.refused + tally.unreadable;
        self.duplicates += tally.duplicates;
        self.held += tally.held;
        self.must_enrol_again = self.must_enrol_again.or(tally.again);
    }
}

/// What every errand needs.
pub(crate) struct Errand<'a, S> {
    pub(crate) door: &'a Door,
    pub(crate) service: &'a S,
    pub(crate) options: &'a SyncOptions,
    pub(crate) progress: &'a dyn Progress,
}

impl<S: SyncService> Errand<'_, S> {
    /// Pushes everything that waits, pulls to the head, then sends files.
    pub(crate) async fn sync(&self) -> Result<Synced> {
        let mut synced = Synced::default();
        let outcome = self.all(&mut synced).await;
        if let Err(error) = &outcome {
            self.learn(error)?;
        }
        outcome?;
        self.progress.step(Step::Done);
        Ok(synced)
    }

    async fn all(&self, synced: &mut Synced) -> Result<()> {
        self.say(synced).await?;
        if synced.must_enrol_again.is_some() {
            return Ok(());
        }
        match self.pull(synced).await {
            Err(Error::Refused { code: Code::NewEpoch, .. }) => {
                self.follow_epoch(synced).await?;
                self.say(synced).await?;
                self.pull(synced).await?;
            }
            other => other?,
        }
        self.fetch_documents(synced).await?;
        self.upload(synced).await
    }

    /// Pushes what waits, and once more what had to be said again under another login.
    async fn say(&self, synced: &mut Synced) -> Result<()> {
        let before = synced.said_anew;
        self.push(synced).await?;
        if synced.said_anew > before && synced.must_enrol_again.is_none() {
            self.push(synced).await?;
        }
        Ok(())
    }

    /// Some refusals mean that this device must enrol again.
    fn learn(&self, error: &Error) -> Result<()> {
        let why = match error {
            Error::Refused { code: Code::DeviceRevoked, .. } => EnrolAgain::Revoked,
            Error::Refused { code: Code::UnknownDevice, .. } => EnrolAgain::Token,
            _ => return Ok(()),
        };
        self.door.with(|store| store.set_again(why))
    }

    /// The notebook's row, its membership and the logins that may open the server, at least one; an
    /// error while it must enrol.
    fn account(&self) -> Result<(Account, Membership, Vec<Login>)> {
        let (account, logins) = self.door.with(|store| Ok((store.account()?, store.able_logins()?)))?;
        match account.membership.clone() {
            Some(membership) if account.again.is_none() && !logins.is_empty() => Ok((account, membership, logins)),
            _ => Err(Error::NotEnrolled),
        }
    }
}

/// Gives way once, so that a request that was begun is on its way before the caller works on.
pub(crate) async fn let_others_begin() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Measures the server's clock against ours, at the middle of a request.
pub(crate) struct Offset<'a> {
    host: &'a Host,
    began: i64,
}

impl<'a> Offset<'a> {
    pub(crate) fn start(host: &'a Host) -> Offset<'a> {
        Offset { host, began: host.clock.mono() }
    }

    /// Server's clock minus ours in milliseconds, given what the server's clock said.
    pub(crate) fn of(&self, server: Time) -> i64 {
        let took = self.host.clock.mono().saturating_sub(self.began).max(0);
        server.millis().saturating_sub(self.host.clock.wall().millis().saturating_sub(took / 2))
    }
}
