//! Sends files, after ops: thumbnails, display copies, originals, as far as the policy allows.
//!
//! Each file has one attempt in a sync, and one that fails does not hold up the next. An attempt
//! that was cut off, even by a kill, goes on at the next sync where the server stands.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;

use super::content::{FileContent, Flow, Meter};
use super::{Errand, Step, SyncOptions, Synced, ask};
use crate::model::{Code, Hash};
use crate::photo::verify_file;
use crate::protocol::{ServiceError, SyncService, Token};
use crate::store::{Login, WaitingFile};
use crate::{Error, Result};

/// How many files in a row may fail for want of a network before the others are left alone.
const SILENT: u32 = 3;

/// How often the progress is told while nothing else happens.
const TICK: Duration = Duration::from_millis(250);

/// Faults that do not go away by themselves: such a file is left alone until somebody asks.
const STUCK: [&str; 3] = ["too_large", "malformed", "damaged"];

/// What became of one attempt.
enum Sent {
    /// The server has the whole file; to be remembered by [`Errand::turn_over`].
    Whole,
    /// No reply; the next sync goes on.
    NoNetwork,
    /// The server does not take it, or it is not here whole; the fault is kept beside the file.
    AtFault,
}

impl<S: SyncService> Errand<'_, S> {
    /// Sends what waits and may be sent; pulls once more when anything was.
    pub(super) async fn upload(&self, synced: &mut Synced) -> Result<()> {
        let files = self.door.with(|store| store.files_waiting(true))?;
        let files: Vec<_> = files.into_iter().filter(|file| may_be_sent(file, self.options)).collect();
        let outcome = if files.is_empty() { Ok(()) } else { self.send_files(&files, synced).await };
        let (count, faults) =
            self.door.with(|store| Ok((store.files_waiting_count()?, store.files_at_fault()?.len())))?;
        (synced.files_waiting, synced.file_faults) = (count.files, faults as u64);
        outcome?;
        if synced.files_sent > 0 {
            // The ops are done; that the phone does not learn of the files' entries yet is no failure.
            match self.pull(synced).await {
                Err(Error::Offline { .. }) => synced.files_offline = true,
                other => return other,
            }
        }
        Ok(())
    }

    async fn send_files(&self, files: &[WaitingFile], synced: &mut Synced) -> Result<()> {
        // The pull before has found out whose token is good; the files are the device's.
        let (.., logins) = self.account()?;
        let login = logins.first().ok_or(Error::NotEnrolled)?;
        let total = files.iter().map(|file| file.blob.len).sum();
        let (mut flow, mut running) = (Flow::new(files, self.options), FuturesUnordered::new());
        let (mut silent, mut outcome, mut whole, mut quiet) = (0, Ok(()), Vec::new(), false);
        loop {
            let may_go_on = silent < SILENT && outcome.is_ok();
            let next = if may_go_on { flow.begin(self.door.host().clock.mono()) } else { 0..0 };
            // Not at every reply: the next file's beginning has a commit anyway, and is near.
            if (!next.is_empty() || running.is_empty() || quiet)
                && let Err(error) = self.turn_over(&mut whole, &files[next.clone()])
            {
                outcome = outcome.and(Err(error));
            } else {
                running.extend(next.map(|index| self.send_file(login, index, &files[index], flow.meter(index))));
            }
            if running.is_empty() {
                return outcome;
            }
            let done = tokio::time::timeout(TICK, async {
                match select(running.next(), pin!(flow.moved())).await {
                    Either::Left((done, _)) => done,
                    Either::Right(_) => None,
                }
            })
            .await;
            quiet = done.is_err();
            if let Ok(Some((requests, index, sent))) = done {
                flow.end(index);
                synced.requests += requests;
                match sent {
                    Ok(Sent::Whole) => {
                        silent = 0;
                        synced.files_sent += 1;
                        synced.bytes_sent += files[index].blob.len;
                        whole.push(&files[index]);
                    }
                    Ok(Sent::NoNetwork) => {
                        silent += 1;
                        synced.files_offline = true;
                    }
                    Ok(Sent::AtFault) => silent = 0,
                    Err(error) => outcome = outcome.and(Err(error)),
                }
            }
            self.progress.step(Step::Uploading { bytes: flow.bytes(), total, files: synced.files_sent });
        }
    }

    /// Remembers which files have arrived and which are tried next, in one commit. A crash before it
    /// has the files asked about once more.
    fn turn_over(&self, whole: &mut Vec<&WaitingFile>, next: &[WaitingFile]) -> Result<()> {
        if whole.is_empty() && next.is_empty() {
            return Ok(());
        }
        let whole = std::mem::take(whole);
        self.door.with(|store| {
            store.whole(|store| {
                whole.iter().try_for_each(|file| store.file_sent(&file.blob.hash))?;
                next.iter().try_for_each(|file| store.file_tried(&file.blob.hash))
            })
        })
    }

    /// One attempt; gives the number of requests, the index and what became of it.
    async fn send_file(
        &self,
        login: &Login,
        index: usize,
        file: &WaitingFile,
        meter: Arc<Meter>,
    ) -> (u64, usize, Result<Sent>) {
        let mut requests = 0;
        let sent = self.try_file(login, file, meter, &mut requests).await;
        (requests, index, sent)
    }

    async fn try_file(&self, login: &Login, file: &WaitingFile, meter: Arc<Meter>, requests: &mut u64) -> Result<Sent> {
        let hash = &file.blob.hash;
        let content = match FileContent::open(&file.path, file.blob.len, meter) {
            Ok(content) => Arc::new(content),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Nothing to send any more; the status calls it lost.
                self.door.with(|store| store.set_file_here(hash, false))?;
                return Ok(Sent::AtFault);
            }
            Err(error) => return self.fault(hash, "damaged", &error.to_string()),
        };
        let mut outcome = self.send_content(&login.token, file, &content, file.tried > 0, requests).await;
        if has_code(&outcome, &[Code::HashMismatch]) {
            if !verify_file(&file.path, hash).unwrap_or(false) {
                return self.fault(hash, "damaged", "its bytes are no longer those that were sealed");
            }
            outcome = self.send_content(&login.token, file, &content, false, requests).await;
        }
        let problem = match outcome {
            Ok(()) => return Ok(Sent::Whole),
            Err(ServiceError::Offline { .. }) => return Ok(Sent::NoNetwork),
            Err(ServiceError::Problem(problem)) => problem,
        };
        match &problem.code {
            Code::BadToken => {
                self.door.with(|store| store.login_refused(login.user, &problem.code))?;
                Err(ServiceError::Problem(problem).into())
            }
            Code::UnknownDevice | Code::DeviceRevoked => Err(ServiceError::Problem(problem).into()),
            Code::StorageFull => self.fault(hash, "storage_full", "the server's disk is full"),
            _ if problem.status >= 500 || problem.status == 429 || problem.code == Code::Timeout => Ok(Sent::NoNetwork),
            code => self.fault(hash, code.as_str(), problem.detail.as_deref().unwrap_or(&problem.title)),
        }
    }

    fn fault(&self, hash: &Hash, code: &str, detail: &str) -> Result<Sent> {
        self.door.with(|store| store.file_failed(hash, code, detail))?;
        Ok(Sent::AtFault)
    }

    /// All of it at once, or from where the server stands; an upload that is gone, or stands
    /// elsewhere, is begun again once.
    async fn send_content(
        &self,
        token: &Token,
        file: &WaitingFile,
        content: &Arc<FileContent>,
        ask_first: bool,
        requests: &mut u64,
    ) -> std::result::Result<(), ServiceError> {
        let first = self.send_once(token, file, content, ask_first, requests).await;
        if has_code(&first, &[Code::UploadGone, Code::OffsetMismatch]) {
            return self.send_once(token, file, content, true, requests).await;
        }
        first
    }

    async fn send_once(
        &self,
        token: &Token,
        file: &WaitingFile,
        content: &Arc<FileContent>,
        ask_first: bool,
        requests: &mut u64,
    ) -> std::result::Result<(), ServiceError> {
        let len = file.blob.len;
        let mut offset = 0;
        if ask_first {
            // Asking is safe to repeat; sending has one attempt.
            let begin = || self.service.begin_upload(token, &file.blob, None);
            let upload = ask(self.door.host(), self.options, self.progress, requests, begin).await?;
            offset = upload.offset;
            content.skip_to(offset);
            if offset < len {
                *requests += 1;
                offset = self.service.continue_upload(token, &upload.id, offset, content.clone()).await?;
            }
        } else {
            *requests += 1;
            offset = self.service.begin_upload(token, &file.blob, Some(content.clone())).await?.offset.max(offset);
        }
        if offset < len {
            let what = format!("upload: {offset} of {len} bytes were taken");
            return Err(ServiceError::Offline { what, retry_after: None });
        }
        Ok(())
    }

    /// The bytes of a file of somebody else's, held against their hash. What the one who records may
    /// not see may be shown here for somebody else who is signed in: each is asked for in turn.
    pub(crate) async fn fetch(&self, hash: &Hash, most: u64) -> Result<Vec<u8>> {
        let (.., logins) = self.account()?;
        let (mut requests, mut fetched) = (0, Err(Error::NotEnrolled));
        for login in &logins {
            let asked = self.as_somebody(std::slice::from_ref(login), &mut requests, |login| {
                self.service.fetch_blob(&login.token, hash, most)
            });
            fetched = asked.await?.map_err(Error::from);
            match &fetched {
                Err(Error::Refused { code: Code::NotFound | Code::BadToken | Code::UserRetired, .. }) => {}
                Err(error) => {
                    self.learn(error)?;
                    break;
                }
                Ok(_) => break,
            }
        }
        let bytes = fetched?;
        if Hash::of(&bytes) != *hash {
            let what = format!("fetch: the bytes are not those of {hash}");
            return Err(Error::Offline { what, retry_after: None });
        }
        Ok(bytes)
    }
}

/// True when a file may leave now: it is not stuck, and the policy allows it.
pub(super) fn may_be_sent(file: &WaitingFile, options: &SyncOptions) -> bool {
    let stuck = file.code.as_deref().is_some_and(|code| STUCK.contains(&code));
    !stuck && options.policy.allows(&file.blob.role, options.conditions)
}

fn has_code(outcome: &std::result::Result<(), ServiceError>, codes: &[Code]) -> bool {
    matches!(outcome, Err(ServiceError::Problem(problem)) if codes.contains(&problem.code))
}
