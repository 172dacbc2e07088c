//! Fetches what changed, page by page, until the head.

use super::login::beside;
use super::{Errand, Offset, Step, Synced, trust};
use crate::protocol::{PullReply, PullRequest, SyncService};
use crate::{Error, Result};

impl<S: SyncService> Errand<'_, S> {
    /// Pulls until there is no more, for everybody who is signed in. A scope whose checksum differs is fetched anew, once.
    pub(super) async fn pull(&self, synced: &mut Synced) -> Result<()> {
        let host = self.door.host();
        loop {
            let (account, membership, logins) = self.account()?;
            let request = self.door.with(|store| store.pull_request(&account, self.options.page_rows))?;
            let mut clock = Offset::start(host);
            let reply = self.as_somebody(&logins, &mut synced.requests, |login| {
                clock = Offset::start(host);
                self.service.pull(&login.token, PullRequest { also: beside(&logins, login), ..request.clone() })
            });
            let reply = reply.await??;
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
