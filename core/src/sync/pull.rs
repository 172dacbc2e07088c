//! Fetches what changed, page by page, until the head.

use super::{Errand, Offset, Step, Synced, ask, trust};
use crate::protocol::{PullReply, PullRequest, SyncService};
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Pulls until there is no more. A scope whose checksum differs is fetched anew, once.
    pub(super) async fn pull(&self, synced: &mut Synced) -> Result<()> {
        let host = self.door.host();
        loop {
            let (account, membership) = self.account()?;
            let request = self.door.with(|store| store.pull_request(&account, self.options.page_rows))?;
            let mut clock = Offset::start(host);
            let send = || {
                clock = Offset::start(host);
                self.service.pull(&membership.token, request.clone())
            };
            let reply = ask(host, self.options, self.progress, &mut synced.requests, send).await?;
            synced.offset_ms = clock.of(reply.time);
            let seen = trust::check_page(&request, &reply, &membership)?;
            if reply.more && reply.rows.is_empty() && stands_still(&request, &reply) {
                let what = "pull: more was promised and nothing came".into();
                return Err(Error::Offline { what, retry_after: None });
            }
            let again = synced.refetched.is_empty();
            let page = self.door.with(|store| store.take_page(&reply, seen.as_ref(), synced.offset_ms, again))?;
            synced.add(&page.tally);
            synced.pulled_rows += reply.rows.len() as u64;
            synced.dropped += page.dropped;
            self.progress.step(Step::Pulling { rows: synced.pulled_rows });
            let refetch = again && !page.wrong.is_empty();
            if refetch {
                synced.refetched = page.wrong;
            }
            if !reply.more && !refetch {
                return Ok(());
            }
        }
    }
}

/// A page that leaves the phone where it was would be asked for without end.
fn stands_still(request: &PullRequest, reply: &PullReply) -> bool {
    request.cursor == Some(reply.cursor) && request.joined == reply.joined && request.catching == reply.catching
}
