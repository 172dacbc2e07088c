//! Sends what waits, batch by batch, in the device's order.

use futures_util::future::join;

use super::{Errand, Offset, Step, Synced, let_others_begin};
use crate::model::{Code, OpId};
use crate::op::Push;
use crate::protocol::{MAX_PUSH_OPS, ServiceError, SyncService, Verdict};
use crate::store::{Batch, Door, Membership, Tally, unreadable};
use crate::{Error, Result};

/// A push of so few ops is made no smaller.
const FEWEST: usize = 8;

impl<S: SyncService> Errand<'_, S> {
    /// Sends each waiting op once, also those recorded meanwhile. While the server works on a batch,
    /// the verdicts of the one before are stored and the next one is made ready.
    pub(super) async fn push(&self, synced: &mut Synced) -> Result<()> {
        let (account, membership, _) = self.account()?;
        let before = account.push_most.and_then(|most| usize::try_from(most).ok()).unwrap_or(MAX_PUSH_OPS);
        let mut line = Line { door: self.door, most: before, before };
        let pushed = self.push_all(&membership, before, &mut line, synced).await;
        line.keep()?;
        pushed
    }

    /// Sends what waits, `most` ops at a time.
    async fn push_all(
        &self,
        membership: &Membership,
        most: usize,
        line: &mut Line<'_>,
        synced: &mut Synced,
    ) -> Result<()> {
        let total = self.door.with(|store| store.waiting())?;
        let mut at_once = most;
        let mut ready = self.prepare(membership, 0, at_once)?;
        let mut answered = None;
        while let Some(Ready { batch, push }) = ready {
            self.progress.step(Step::Pushing { done: synced.pushed, total });
            // Only now, when it really leaves: a batch that was made ready and stays here was not sent.
            self.door.with(|store| store.mark_sent(&batch))?;
            let carried_before = line.begin(batch.ids.len());
            let sent = self.send(push, batch.ids.len(), synced);
            let (sent, meanwhile) = join(sent, self.meanwhile(membership, answered.take(), batch.last, at_once)).await;
            if !matches!(sent, Err(Rejected::Error(Error::Offline { .. }))) {
                line.most = carried_before;
            }
            let (tally, next) = meanwhile?;
            synced.add(&tally);
            match sent {
                Err(Rejected::TooMuch(_)) if batch.ids.len() > 1 => {
                    at_once = batch.ids.len() / 2;
                    ready = self.prepare(membership, batch.before, at_once)?;
                    continue;
                }
                Err(Rejected::TooMuch(error)) => {
                    self.give_up(&batch, &error, synced)?;
                    at_once = most;
                }
                Err(Rejected::Error(error)) => return Err(error),
                Ok(None) => return Ok(()),
                Ok(Some((verdicts, offset))) => {
                    line.carried(batch.ids.len());
                    let answer = Answer { ids: batch.ids, verdicts, offset };
                    match answer.may_wait() && next.is_some() {
                        true => answered = Some(answer),
                        false => synced.add(&self.keep(answer)?),
                    }
                }
            }
            if synced.must_enrol_again.is_some() {
                return Ok(());
            }
            ready = match next {
                Some(next) => Some(next),
                // Ops that were recorded after the next batch was looked for.
                None => self.prepare(membership, batch.last, at_once)?,
            };
        }
        Ok(())
    }

    /// The batch behind counter `after`, signed; none when nothing waits there. It is signed in the
    /// moment in which it is read, so that a new device key never signs what another one said.
    fn prepare(&self, membership: &Membership, after: u64, most: usize) -> Result<Option<Ready>> {
        self.door.with(|store| {
            let (batch, texts) = store.next_batch(after, most)?;
            if batch.ids.is_empty() {
                return Ok(None);
            }
            let push = Push::sign(membership.ledger, store.key(), texts).map_err(|error| unreadable("op", error))?;
            Ok(Some(Ready { batch, push }))
        })
    }

    /// What is done while a batch is on its way: stores what the one before came to, and makes the
    /// next one ready.
    async fn meanwhile(
        &self,
        membership: &Membership,
        answered: Option<Answer>,
        after: u64,
        most: usize,
    ) -> Result<(Tally, Option<Ready>)> {
        let_others_begin().await;
        let tally = answered.map(|answer| self.keep(answer)).transpose()?.unwrap_or_default();
        Ok((tally, self.prepare(membership, after, most)?))
    }

    fn keep(&self, answer: Answer) -> Result<Tally> {
        self.door.with(|store| store.take_verdicts(&answer.ids, answer.verdicts, answer.offset))
    }

    /// Sends `count` ops; their verdicts, and the server's clock minus ours. None when the server has
    /// gone on to another epoch.
    async fn send(
        &self,
        push: Push,
        count: usize,
        synced: &mut Synced,
    ) -> std::result::Result<Option<(Vec<Verdict>, i64)>, Rejected> {
        // Each op names its own user and login; any token of the device brings them all.
        let (_, membership, logins) = self.account()?;
        let host = self.door.host();
        let mut clock = Offset::start(host);
        let reply = self.as_somebody(&logins, &mut synced.requests, |login| {
            clock = Offset::start(host);
            self.service.push(&login.token, push.clone())
        });
        let reply = reply.await?.map_err(Rejected::from)?;
        if reply.verdicts.len() != count {
            let what = format!("push: {} verdicts for {count} ops", reply.verdicts.len());
            return Err(Rejected::Error(Error::Offline { what, retry_after: None }));
        }
        synced.offset_ms = clock.of(reply.time);
        if reply.epoch.is_some_and(|epoch| epoch != membership.epoch) {
            // Their indexes are of an epoch that this phone has not entered: the pull says so, and what
            // was sent is asked for in it.
            return Ok(None);
        }
        synced.pushed += count as u64;
        Ok(Some((reply.verdicts, synced.offset_ms)))
    }

    /// One op that the server, or something before it, will not even take must not block the rest.
    fn give_up(&self, batch: &Batch, error: &Error, synced: &mut Synced) -> Result<()> {
        let mut tally = Tally::default();
        for id in &batch.ids {
            self.door.with(|store| store.abandon(*id, error.code(), &error.to_string(), &mut tally))?;
        }
        synced.add(&tally);
        Ok(())
    }
}

/// How many ops a push may have. It has so many seconds in all, and a line may be too thin for 500 ops in that time: they
/// become a quarter when there is no reply, and twice as many, from the next sync on, when as many as might be went through.
///
/// Kept where the next sync finds it, which may be another process's: also when this one is cut off while it waits.
struct Line<'a> {
    door: &'a Door,
    most: usize,
    before: usize,
}

impl Line<'_> {
    /// A push of `ops` ops leaves, and until it is answered counts as one that is not; gives what counted before.
    fn begin(&mut self, ops: usize) -> usize {
        let fewer = if ops > FEWEST { (ops / 4).max(FEWEST) } else { self.most };
        std::mem::replace(&mut self.most, fewer)
    }

    /// A push of `ops` ops was answered.
    fn carried(&mut self, ops: usize) {
        if ops >= self.before {
            self.most = (self.before * 2).min(MAX_PUSH_OPS);
        }
    }

    fn keep(&mut self) -> Result<()> {
        let most = self.most;
        if most == std::mem::replace(&mut self.before, most) {
            return Ok(());
        }
        let most = (most < MAX_PUSH_OPS).then_some(most as u64);
        self.door.with(|store| store.set_push_most(most))
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        // Nobody is left to tell; the next sync begins with as many as this one did.
        drop(self.keep());
    }
}

/// A batch that can leave.
struct Ready {
    batch: Batch,
    push: Push,
}

/// What the server said of a batch.
struct Answer {
    ids: Vec<OpId>,
    verdicts: Vec<Verdict>,
    offset: i64,
}

impl Answer {
    /// True when nothing in it speaks against sending more before it is stored.
    fn may_wait(&self) -> bool {
        let settled = |verdict: &Verdict| matches!(verdict, Verdict::Accepted { .. } | Verdict::Duplicate { .. });
        self.verdicts.iter().all(settled)
    }
}

/// Why a batch was not judged.
enum Rejected {
    /// Something in it is too large or malformed; fewer ops may fit.
    TooMuch(Error),
    /// Anything else.
    Error(Error),
}

impl From<Error> for Rejected {
    fn from(error: Error) -> Rejected {
        Rejected::Error(error)
    }
}

impl From<ServiceError> for Rejected {
    fn from(error: ServiceError) -> Rejected {
        match &error {
            ServiceError::Problem(problem) if matches!(problem.code, Code::TooLarge | Code::Malformed) => {
                Rejected::TooMuch(error.into())
            }
            _ => Rejected::Error(error.into()),
        }
    }
}
