//! Sends what waits, batch by batch, in the device's order.

use super::{Errand, Offset, Step, Synced};
use crate::model::Code;
use crate::op::Push;
use crate::protocol::{MAX_PUSH_OPS, ServiceError, SyncService};
use crate::store::{Batch, Membership, Tally, unreadable};
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Sends each waiting op once, also those recorded meanwhile.
    pub(super) async fn push(&self, synced: &mut Synced) -> Result<()> {
        let (_, membership, _) = self.account()?;
        let total = self.door.with(|store| store.waiting())?;
        let (mut after, mut most) = (0, MAX_PUSH_OPS);
        loop {
            let batch = self.door.with(|store| store.next_batch(after, most))?;
            if batch.ids.is_empty() {
                return Ok(());
            }
            self.progress.step(Step::Pushing { done: synced.pushed, total });
            match self.push_batch(&membership, &batch, synced).await {
                Err(Rejected::TooMuch(_)) if batch.ids.len() > 1 => {
                    most = batch.ids.len() / 2;
                    continue;
                }
                Err(Rejected::TooMuch(error)) => self.give_up(&batch, &error, synced)?,
                Err(Rejected::Error(error)) => return Err(error),
                Ok(()) => {}
            }
            after = batch.last;
            if synced.must_enrol_again.is_some() {
                return Ok(());
            }
        }
    }

    async fn push_batch(
        &self,
        membership: &Membership,
        batch: &Batch,
        synced: &mut Synced,
    ) -> std::result::Result<(), Rejected> {
        let sign = |texts| self.door.with(|store| Ok(Push::sign(membership.ledger, store.key(), texts)));
        let push = sign(batch.texts.clone())?.map_err(|error| unreadable("op", error))?;
        // Each op names its own user and login; any token of the device brings them all.
        let (.., logins) = self.account()?;
        let host = self.door.host();
        let mut clock = Offset::start(host);
        let reply = self.as_somebody(&logins, &mut synced.requests, |login| {
            clock = Offset::start(host);
            self.service.push(&login.token, push.clone())
        });
        let reply = reply.await?.map_err(Rejected::from)?;
        if reply.verdicts.len() != batch.ids.len() {
            let what = format!("push: {} verdicts for {} ops", reply.verdicts.len(), batch.ids.len());
            return Err(Rejected::Error(Error::Offline { what, retry_after: None }));
        }
        synced.offset_ms = clock.of(reply.time);
        if reply.epoch.is_some_and(|epoch| epoch != membership.epoch) {
            // Their indexes are of an epoch that this phone has not entered: the pull says so, and what
            // was sent is asked for in it.
            return Ok(());
        }
        synced.pushed += batch.ids.len() as u64;
        let tally = self.door.with(|store| store.take_verdicts(&batch.ids, reply.verdicts, synced.offset_ms))?;
        synced.add(&tally);
        Ok(())
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
