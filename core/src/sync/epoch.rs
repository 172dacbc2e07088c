//! Following a ledger that was restored from a backup into its new epoch.

use super::login::beside;
use super::{Errand, Offset, Synced, ask, trust};
use crate::protocol::{PullRequest, SyncService};
use crate::store::NewEpoch;
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Takes everything anew in the epoch that the ledger is in now. What was said above the last
    /// provable checkpoint of the old one is said again; what was not judged yet is kept.
    ///
    /// A checkpoint that this phone has seen below that point must still be proven.
    ///
    /// # Errors
    /// [`Error::Untrusted`] when this is not the same ledger; nothing was taken then.
    pub(super) async fn follow_epoch(&self, synced: &mut Synced) -> Result<()> {
        let host = self.door.host();
        let (account, old, logins) = self.account()?;
        let info = ask(host, self.options, self.progress, &mut synced.requests, || self.service.ledger()).await?;
        if info.ledger != old.ledger || info.key != old.ledger_key || info.epoch <= old.epoch {
            return Err(Error::Untrusted { detail: format!("epoch {} does not follow {}", info.epoch, old.epoch) });
        }
        let floor = info.floors.range(old.epoch..).map(|(_, size)| *size).min();
        let floor = floor.ok_or_else(|| Error::Untrusted { detail: format!("epoch {} has no end", old.epoch) })?;
        let request = PullRequest {
            seen: account.seen.filter(|seen| seen.size <= floor),
            limit: self.options.page_rows,
            ..PullRequest::default()
        };
        let mut clock = Offset::start(host);
        let reply = self.as_somebody(&logins, &mut synced.requests, |login| {
            clock = Offset::start(host);
            self.service.pull(&login.token, PullRequest { also: beside(&logins, login), ..request.clone() })
        });
        let reply = reply.await??;
        synced.offset_ms = clock.of(reply.time);
        let mut membership = old;
        membership.epoch = info.epoch;
        let seen = trust::check_page(&request, &reply, &membership)?;
        let epoch = NewEpoch { epoch: info.epoch, floor };
        let said_again = self.door.with(|store| store.enter_epoch(epoch, &reply, seen.as_ref(), synced.offset_ms))?;
        synced.pulled_rows += reply.rows.len() as u64;
        synced.restored = Some(super::Restored { epoch: info.epoch, floor, said_again });
        Ok(())
    }
}
